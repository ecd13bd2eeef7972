"""What is lost when gateways are rolled or killed, or their database goes: figures as JSON.

Run from the root of the project: `python -m tests.bench.ha [--rate 20] [--replicas 4]`. It needs
HAProxy (`apt-get install haproxy`) and starts a PostgreSQL of its own. Callers ask at a steady rate
through the balancer, a fifth of them for streams of a second, and never try again; HAProxy tries
another gateway only where a connection could not be opened, as nothing was sent then.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeAlias

from tests.audit import pg
from tests.bench.cluster import Cluster, books

CALM_S = 10.0

Act: TypeAlias = Callable[[Cluster], Awaitable[None]]


def _killed(calm_s: float) -> Act:
    """One dies in the middle of its work, and is started again."""

    async def act(cluster: Cluster) -> None:
        port = cluster.ports[0]
        await cluster.end(port, signal.SIGKILL)
        await asyncio.sleep(calm_s)
        cluster.start(port)
        await cluster.until_ready(port)

    return act


async def _rolled(cluster: Cluster) -> None:
    """One after the other is told to end, and started again."""
    for port in cluster.ports:
        await cluster.end(port, signal.SIGTERM)
        cluster.start(port)
        await cluster.until_ready(port)
        await asyncio.sleep(2)


def _without_database(gone_s: float) -> Act:
    async def act(cluster: Cluster) -> None:
        await asyncio.to_thread(cluster.database.stop)
        await asyncio.sleep(gone_s)
        await asyncio.to_thread(cluster.database.start)
        for port in cluster.ports:
            await cluster.until_ready(port)

    return act


async def _nothing(_: Cluster) -> None:
    pass


async def measured(cluster: Cluster, rate: float, gone_s: float, calm_s: float) -> dict[str, Any]:
    """The figures of each act, and the books at the end."""
    acts: dict[str, Act] = {
        "calm": _nothing,
        "one killed": _killed(calm_s),
        "all rolled": _rolled,
        f"no database for {gone_s:g} s": _without_database(gone_s),
    }
    figures: dict[str, Any] = {}
    async with cluster.running():
        async with cluster.load(rate):
            for name, act in acts.items():
                begun = time.monotonic()
                await act(cluster)
                await asyncio.sleep(calm_s)
                figures[name] = (begun, time.monotonic())
                print(name, cluster.seen.between(*figures[name]).outcomes(), file=sys.stderr)
        for name, (begin, end) in figures.items():
            seen = cluster.seen.between(begin, end)
            figures[name] = {
                "seconds": round(end - begin, 1),
                "requests": len(seen.all),
                "outcomes": seen.outcomes(),
                "longest_gap_s": round(seen.longest_gap_s(begin, end), 2),
                "p50_ms": seen.ms(0.5),
                "p99_ms": seen.ms(0.99),
            }
        figures["books"] = asdict(await books(cluster.url, cluster.seen.all))
    return figures


def run(
    rate: float, replicas: int, gone_s: float, calm_s: float = CALM_S, profile: str = "fast"
) -> dict[str, Any]:
    """The figures of a cluster that is made for it."""
    with tempfile.TemporaryDirectory(prefix="cloakroom-ha-") as folder, pg.server() as database:
        cluster = Cluster(Path(folder), database, replicas, workers=1)
        cluster.configure(profile)
        return asyncio.run(measured(cluster, rate, gone_s, calm_s))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=20.0)
    parser.add_argument("--replicas", type=int, default=4)
    parser.add_argument("--gone", type=float, default=30.0)
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends with all that it started
    print(json.dumps(run(asked.rate, asked.replicas, asked.gone), indent=2))
