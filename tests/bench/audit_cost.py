"""What the audit log costs: time per request, records per second, verification, bytes.

Run from the root of the project: `python -m tests.bench.audit_cost [requests [records [folder]]]`.
It prints a table. The files are made in `folder`, by default where temporary files are: its disk
is what is measured. PostgreSQL is that of `CLOAKROOM_TEST_PG`, or one that is started.

Time per request is that of the whole application in this process, on the loopback upstream, with
detection by patterns, beside the same with a sink that keeps nothing. Rounds of both take turns,
so that a machine that others use as well slows down both. All commits are synced to the disk.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import uvloop

from gateway import telemetry
from gateway.api.exchanges import Endpoint, InFlight
from gateway.app import Parts, caller_keys, open_parts
from gateway.audit import opening
from gateway.audit.chain import writer_key
from gateway.audit.reading import open_log
from gateway.audit.record import AuditRecord
from gateway.audit.signing import make_signing_keys
from gateway.audit.verify import verify_log
from gateway.config import load
from gateway.pipeline import Pipeline
from gateway.recording import Recorder
from gateway.settings import Settings
from gateway.wire.families import CHAT
from tests.audit import pg
from tests.audit.test_store_both import known_keys
from tests.bench.audit_writer import MASTER

ROUNDS = 4
AT_A_TIME = (1, 8)
WRITERS = (1, 4)
OPEN_REQUESTS = 32  # of each writing process
ROOT = Path(__file__).parent.parent.parent
SCOPE = {
    "type": "http",
    "method": "POST",
    "path": "/v1/chat/completions",
    "headers": [(b"content-type", b"application/json")],
}
TEXT = (
    "Please answer the letter below in three sentences, and keep the tone of our last one. "
    "Customer {0} writes from mail.{0}@example.com about invoice 2026-{0}: the amount of "
    "1,250.00 EUR was taken twice from DE89 3704 0044 0532 0130 00, and nobody answers at "
    "+49 30 901820. She asks for the money and for somebody to call her before Friday. "
)


@dataclass
class NoSink:
    """An audit log that is off: for this comparison only."""

    records: int = 0

    @property
    def ready(self) -> bool:
        return True

    async def append(self, record: AuditRecord) -> None:
        self.records += 1


@dataclass
class Figures:
    """Of one database. Times are in ms: the median and the 99th percentile, without and with."""

    per_request: dict[int, tuple[list[float], list[float]]] = field(default_factory=dict)
    records_s: dict[int, float] = field(default_factory=dict)
    leaves_s: dict[int, float] = field(default_factory=dict)
    bytes_per_record: float = 0.0
    body_bytes: float = 0.0
    verified_s: float = 0.0
    records: int = 0


def percentiles(times: Sequence[float]) -> list[float]:
    """Median and 99th percentile in ms, of seconds."""
    cut = statistics.quantiles(times, n=100, method="inclusive")
    return [cut[49] * 1000, cut[98] * 1000]


def settings_of(folder: Path, url: str) -> Settings:
    """A gateway of one process, whose log is at this URL."""
    file = folder / "cloakroom.yaml"
    file.write_text(
        "version: 1\nupstreams: [{name: l, kind: loopback, class: on_prem}]\n"
        "detection: {profile: patterns}\n"
        f"audit: {{url: '{url}', signing_key_file: '{folder / 'signing.key'}'}}\n"
        "secrets: {master_key: '${env:MASTER}'}\n"
    )
    return load(file, {"MASTER": b64encode(MASTER).decode()})


async def ask(app: Endpoint, number: int) -> float:
    """One request from its first byte in to its last byte out; seconds."""
    message = {"role": "user", "content": TEXT.format(100_000 + number)}
    body = orjson.dumps({"model": "m", "messages": [message]})
    status: list[int] = []
    sent = asyncio.Event()
    asked = False

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if asked:
            await sent.wait()
            return {"type": "http.disconnect"}
        asked = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            status.append(message["status"])
        elif not message.get("more_body"):
            sent.set()

    begun = time.perf_counter()
    await app(SCOPE, receive, send)
    took = time.perf_counter() - begun
    assert status == [200]
    return took


async def round_of(app: Endpoint, numbers: Iterator[int], count: int, width: int) -> Any:
    """So many requests, `width` at a time; the seconds of each."""
    times: list[float] = []

    async def worker() -> None:
        for number in islice(numbers, count // width):
            times.append(await ask(app, number))

    await asyncio.gather(*(worker() for _ in range(width)))
    return times


async def measure_requests(settings: Settings, requests: int, figures: Figures) -> None:
    """Time per request, without and with the log."""
    parts: Parts = open_parts(settings)
    await parts.store.start()
    callers = caller_keys(settings)

    def app(pipeline: Pipeline) -> Endpoint:
        return Endpoint(
            CHAT,
            lambda: nullcontext(pipeline),
            callers.authenticate,
            InFlight(settings.limits.in_flight),
        )

    off = app(replace(parts.pipeline, recorder=Recorder(NoSink())))
    on = app(parts.pipeline)
    numbers = iter(range(10**9))
    for one in (off, on):
        await round_of(one, numbers, 20, 4)  # the first requests load what the others find there
    for width in AT_A_TIME:
        times: tuple[list[float], list[float]] = ([], [])
        for _ in range(ROUNDS):
            for one, found in zip((off, on), times, strict=True):
                found.extend(await round_of(one, numbers, requests // ROUNDS, width))
        figures.per_request[width] = (percentiles(times[0]), percentiles(times[1]))
    await parts.aclose()


def measure_writers(url: str, key_file: Path, records: int, writers: int) -> tuple[float, float]:
    """Records per second with so many processes, and leaves per second until all have theirs."""
    already, each = count(url), records // 2 // writers
    command = [sys.executable, "-m", "tests.bench.audit_writer", url, str(key_file)]
    processes = [
        subprocess.Popen(
            [*command, str(each), str(OPEN_REQUESTS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for _ in range(writers)
    ]
    for one in processes:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in processes:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    spans = []
    for one in processes:
        assert one.stdout is not None
        spans.append([float(part) for part in one.stdout.readline().split()])
    begun, ended = min(span[0] for span in spans), max(span[1] for span in spans)
    written = 2 * each * writers
    with open_log(url) as log:
        while log.size < already + written and any(one.poll() is None for one in processes):
            time.sleep(0.01)
    sequenced = max(time.monotonic(), ended)
    for one in processes:
        one.communicate()
        assert one.returncode == 0
    return written / (ended - begun), written / (sequenced - begun)


def count(url: str) -> int:
    """How many records there are."""
    engine, _ = opening.make_reader(url, 5.0)
    with engine.connect() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM audit_records").scalar_one())


def measure_bytes(url: str, figures: Figures) -> None:
    """Bytes on the disk per record, everything included: indexes, hashes, tiles, the tree."""
    engine, _ = opening.make_reader(url, 5.0)
    with engine.connect() as connection:
        if opening.is_postgres(url):
            query = (
                "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' "
                "AND relnamespace = current_schema()::regnamespace"
            )
        else:
            query = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
        size = connection.exec_driver_sql(query).scalar_one()
        mean = connection.exec_driver_sql("SELECT avg(length(body)) FROM audit_records")
        figures.body_bytes = float(mean.scalar_one())
    figures.bytes_per_record = float(size) / count(url)


def measure_verification(url: str, figures: Figures) -> None:
    """Records per second that are verified: hashes, chains with MACs, the tree, checkpoints."""
    with open_log(url) as log:
        keys = known_keys(log)
        begun = time.perf_counter()
        report = verify_log(
            log.rows(0),
            log.checkpoints(),
            keys,
            size=log.size,
            origin=log.origin,
            hashes=log.subtree,
            mac_keys=lambda writer: writer_key(MASTER, writer),
        )
        figures.verified_s = log.size / (time.perf_counter() - begun)
        figures.records = log.size
    assert report.holds


@contextmanager
def empty(folder: Path, server: str) -> Iterator[str]:
    """The URL of an empty log: in the folder, or on the server if there is one."""
    with pg.fresh(server) if server else nullcontext("") as url:
        where = url or f"sqlite:///{tempfile.mkdtemp(dir=folder)}/audit.db"
        opening.migrate(where)
        yield where


def measure(folder: Path, server: str, requests: int, records: int) -> Figures:
    """All figures of one database: SQLite where no server is given."""
    figures = Figures()
    key_file = folder / "signing.key"
    if not key_file.exists():
        make_signing_keys(key_file)
    with empty(folder, server) as url:
        settings = settings_of(folder, url)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(measure_requests(settings, requests, figures))
        measure_bytes(url, figures)
    for writers in WRITERS:
        with empty(folder, server) as url:
            rates = measure_writers(url, key_file, records, writers)
            figures.records_s[writers], figures.leaves_s[writers] = rates
            if writers == max(WRITERS):
                measure_verification(url, figures)
    return figures


def sync_ms(folder: Path) -> list[float]:
    """What the disk itself takes to append 4 KiB and sync them."""
    times = []
    with (folder / "sync").open("wb", buffering=0) as file:
        for _ in range(200):
            begun = time.perf_counter()
            file.write(bytes(4096))
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - begun)
    return percentiles(times)


def table(name: str, figures: Figures) -> str:
    """For people."""
    lines = [name]
    for width, (off, on) in figures.per_request.items():
        added = [with_ - without for without, with_ in zip(off, on, strict=True)]
        lines += [
            f"  {width} at a time, ms      p50 off {off[0]:7.2f}  on {on[0]:7.2f}"
            f"  added {added[0]:6.2f}",
            f"                       p99 off {off[1]:7.2f}  on {on[1]:7.2f}  added {added[1]:6.2f}",
        ]
    for writers, rate in figures.records_s.items():
        leaves = figures.leaves_s[writers]
        lines.append(
            f"  {writers} writing processes  {rate:8,.0f} records/s  {leaves:8,.0f} leaves/s"
        )
    lines.append(
        f"  verified             {figures.verified_s:8,.0f} records/s of {figures.records}"
    )
    lines.append(
        f"  on disk              {figures.bytes_per_record:8,.0f} bytes/record, "
        f"of which canonical form {figures.body_bytes:,.0f}"
    )
    return "\n".join(lines) + "\n"


def main(requests: int = 800, records: int = 12_000, where: str = "") -> None:
    """Measure both databases, as far as they are there."""
    telemetry.install()
    with tempfile.TemporaryDirectory(dir=where or None) as name:
        folder = Path(name)
        median, high = sync_ms(folder)
        sys.stdout.write(
            f"the disk: 4 KiB appended and synced, ms: p50 {median:.2f} p99 {high:.2f}\n"
        )
        sys.stdout.write(table("SQLite", measure(folder, "", requests, records)))
        if reason := pg.reason_to_skip():
            sys.stdout.write(f"PostgreSQL: {reason}\n")
            return
        with pg.any_server() as server:
            sys.stdout.write(table("PostgreSQL", measure(folder, server, requests, records)))


if __name__ == "__main__":
    main(*(int(one) for one in sys.argv[1:3]), *sys.argv[3:4])
