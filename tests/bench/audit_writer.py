"""A process of `audit_cost`: URL KEY_FILE REQUESTS AT_A_TIME; says when it began and ended.

It opens the log, says "ready", waits for a line, and then puts requests on record, each an
accepted and a closing one, so many at a time. Times are seconds of the machine's monotonic clock.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import uvloop

from gateway import telemetry
from gateway.audit.checkpointing import Signing
from gateway.audit.signing import load_signing_keys
from gateway.audit.store import SqlAuditStore
from tests.audit.test_store_both import begin, end

MASTER = bytes(32)


async def load(store: SqlAuditStore, count: int, at_a_time: int) -> None:
    """So many requests."""
    numbers = iter(range(count))

    async def worker() -> None:
        for number in numbers:
            request_id = f"req_{store.writer_id}_{number}"
            await begin(store, request_id)
            await end(store, request_id)

    await asyncio.gather(*(worker() for _ in range(at_a_time)))


async def main(url: str, key_file: Path, count: int, at_a_time: int) -> None:
    """Open, wait, write, say."""
    store = SqlAuditStore(url, MASTER, Signing(load_signing_keys(key_file)))
    await store.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.readline)
    begun = time.monotonic()
    await load(store, count, at_a_time)
    sys.stdout.write(f"{begun} {time.monotonic()}\n")
    sys.stdout.flush()
    await store.aclose()


if __name__ == "__main__":
    telemetry.install()
    where, key, *numbers = sys.argv[1:]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(where, Path(key), *map(int, numbers)))
