"""How much a gateway takes, and whether it takes more as time goes by: figures as JSON.

Run from the root of the project: `python -m tests.bench.soak [--minutes 15] [--workers 1]`. One
gateway on a PostgreSQL of its own is asked for as much as it can, first for answers in one piece,
then for streams of 20 events a second; then for 70 % of the most, a fifth of it streams, for the
minutes. CPU is counted by the kernel, so that it holds on a busy machine, too; the rates do not.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.audit import pg
from tests.bench.cluster import EVENTS, PAUSE_S, Cluster, Used, books, used

SHARE = 0.7
EVERY_S = 5.0
STREAMED_EVERY = 5


def slope(points: Sequence[tuple[float, float]]) -> float:
    """The slope of the line that lies nearest to the points."""
    if len(points) < 2:
        return 0.0
    middle_x = sum(x for x, _ in points) / len(points)
    middle_y = sum(y for _, y in points) / len(points)
    spread = sum((x - middle_x) ** 2 for x, _ in points)
    return sum((x - middle_x) * (y - middle_y) for x, y in points) / spread if spread else 0.0


def drift(samples: Sequence[tuple[float, Used]]) -> dict[str, float]:
    """What a run does to memory and open files, its first third left out: that warms up.

    The cache of findings fills meanwhile, 20,000 texts: the last third tells whether it goes on.
    """
    late, last = samples[len(samples) // 3 :], samples[-(len(samples) // 3 or 1) :]
    return {
        "rss_mib_at_begin": round(samples[0][1].rss_mib, 1),
        "rss_mib_after_a_third": round(late[0][1].rss_mib, 1),
        "rss_mib_at_end": round(late[-1][1].rss_mib, 1),
        "rss_slope_mib_per_hour": round(slope([(at, one.rss_mib) for at, one in late]) * 3600, 1),
        "rss_slope_of_the_last_third": round(
            slope([(at, one.rss_mib) for at, one in last]) * 3600, 1
        ),
        "files_after_a_third": late[0][1].files,
        "files_most": max(one.files for _, one in late),
        "files_at_end": late[-1][1].files,
    }


async def _most(cluster: Cluster, size: int, seconds: float, *, streamed: bool) -> dict[str, Any]:
    """The most that a crowd gets, and what it costs."""
    processes = cluster.processes(cluster.ports[0])
    async with cluster.crowd(size, streamed=streamed):
        await asyncio.sleep(seconds / 4)
        begin, before = time.monotonic(), used(processes)
        await asyncio.sleep(seconds)
        end, after = time.monotonic(), used(processes)
    seen = cluster.seen
    ended = [one for one in seen.between(begin, end).all if one.outcome == "200"]
    cpu = max(0.01, after.cpu_s - before.cpu_s)  # the kernel counts in hundredths
    return {
        "callers": size,
        "per_s": round(len(ended) / (end - begin), 1),
        "outcomes": seen.between(begin, end).outcomes(),
        "cpu_ms_each": round(cpu * 1000 / max(1, len(ended)), 2),
        "cores": round(cpu / (end - begin), 2),
        "streams_per_core": round(EVENTS * PAUSE_S * len(ended) / cpu) if streamed else 0,
        "rss_mib_per_process": round(after.rss_mib / len(processes), 1),
    }


async def _soaked(cluster: Cluster, rate: float, minutes: float) -> dict[str, Any]:
    processes = cluster.processes(cluster.ports[0])
    samples: list[tuple[float, Used]] = []
    begun = time.monotonic()
    async with cluster.load(rate, STREAMED_EVERY):
        while (at := time.monotonic() - begun) < minutes * 60:
            samples.append((at, used(processes)))
            print(round(at), asdict(samples[-1][1]), len(cluster.seen.all), file=sys.stderr)
            await asyncio.sleep(EVERY_S)
    third = minutes * 20
    first = cluster.seen.between(begun, begun + third)
    last = cluster.seen.between(begun + 2 * third, begun + 3 * third)
    return {
        "minutes": minutes,
        "rate": round(rate, 1),
        "requests": len(cluster.seen.between(begun, time.monotonic()).all),
        "outcomes": cluster.seen.between(begun, time.monotonic()).outcomes(),
        "p50_ms": {"first third": first.ms(0.5), "last third": last.ms(0.5)},
        "p99_ms": {"first third": first.ms(0.99), "last third": last.ms(0.99)},
        **drift(samples),
    }


async def measured(cluster: Cluster, minutes: float, seconds: float) -> dict[str, Any]:
    """The figures of one gateway."""
    figures: dict[str, Any] = {}
    async with cluster.running():
        idle = used(cluster.processes(cluster.ports[0]))
        figures["idle"] = {key: round(value, 1) for key, value in asdict(idle).items()}
        figures["whole"] = await _most(cluster, 16 * cluster.workers, seconds, streamed=False)
        figures["streams"] = await _most(cluster, 50 * cluster.workers, seconds, streamed=True)
        print(json.dumps(figures), file=sys.stderr)
        if minutes:
            rate = figures["whole"]["per_s"] * SHARE
            figures["soak"] = await _soaked(cluster, max(1.0, rate), minutes)
        figures["books"] = asdict(await books(cluster.url, cluster.seen.all))
    return figures


def run(minutes: float, workers: int, seconds: float, profile: str = "fast") -> dict[str, Any]:
    """The figures of a gateway that is made for it."""
    with tempfile.TemporaryDirectory(prefix="cloakroom-soak-") as folder, pg.server() as database:
        cluster = Cluster(Path(folder), database, 1, workers, balanced=False)
        cluster.configure(profile)
        return asyncio.run(measured(cluster, minutes, seconds))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=20.0)
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends with all that it started
    print(json.dumps(run(asked.minutes, asked.workers, asked.seconds), indent=2))
