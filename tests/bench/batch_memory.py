"""What a batch costs the gateway: its peak memory and its time, for many lines.

Run from the root of the project: `python -m tests.bench.batch_memory [lines [characters]]`. It
uploads a file of so many lines, each with a message of so many characters, starts the batch and
downloads the results, through a gateway of its own before a server of its own, once with a tenth
of the lines and once with all. It prints a table; memory is the peak of the gateway's resident
set, above what it was before, as Linux counts it.
"""

from __future__ import annotations

import http.client
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e import batch_server
from tests.e2e.world import Gateway, config_for, free_port

MIB = 1024 * 1024
BOUNDARY = "bench"
CHAT = "/v1/chat/completions"
MAIL = "mail.{}@example.com"
FILLER = "Please answer the letter below in three sentences, and keep the tone of our last one. "


@dataclass(frozen=True)
class Figures:
    """Of one round trip, in bytes and seconds; memory is what came to what was there before."""

    lines: int
    size: int
    before: int
    upload: int
    download: int
    upload_s: float
    download_s: float
    restored: int


def peak(pid: int, *, reset: bool = False) -> int:
    """The peak of a process's resident set in bytes, since it was last reset."""
    if reset:
        Path(f"/proc/{pid}/clear_refs").write_text("5")
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise ValueError("no VmHWM")


def line(number: int, characters: int) -> bytes:
    """A line with two values of its own."""
    text = f"Customer {MAIL.format(number)} asks. {FILLER}".ljust(characters, ".")
    body = {"model": "any", "messages": [{"role": "user", "content": text}]}
    made = {"custom_id": MAIL.format(number), "method": "POST", "url": CHAT, "body": body}
    return json.dumps(made).encode() + b"\n"


def form(lines: int, characters: int) -> Iterator[bytes]:
    """An upload, a piece at a time."""
    yield (
        f'--{BOUNDARY}\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
        f'--{BOUNDARY}\r\ncontent-disposition: form-data; name="file"; filename="f"\r\n\r\n'
    ).encode()
    for first in range(0, lines, 100):
        yield b"".join(line(n, characters) for n in range(first, min(first + 100, lines)))
    yield f"\r\n--{BOUNDARY}--\r\n".encode()


@contextmanager
def asked(gateway: Gateway, method: str, path: str, body: Any = None, **headers: str) -> Any:
    """A response that has begun."""
    with closing(http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=600)) as connection:
        is_whole = isinstance(body, bytes)
        connection.request(method, path, body, headers, encode_chunked=not is_whole)
        response = connection.getresponse()
        assert response.status == 200, response.read()
        yield response


def told(gateway: Gateway, method: str, path: str, body: Any = None, **headers: str) -> Any:
    """A response as JSON."""
    with asked(gateway, method, path, body, **headers) as response:
        return json.loads(response.read())


def round_trip(gateway: Gateway, pid: int, lines: int, characters: int) -> Figures:
    """Upload, start, wait, download."""
    before = peak(pid, reset=True)
    begun = time.perf_counter()
    kind = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
    kind["transfer-encoding"] = "chunked"
    file = told(gateway, "POST", "/v1/files", form(lines, characters), **kind)
    upload_s, upload = time.perf_counter() - begun, peak(pid)
    start = {"input_file_id": file["id"], "endpoint": CHAT, "completion_window": "24h"}
    kind = {"content-type": "application/json"}
    batch = told(gateway, "POST", "/v1/batches", json.dumps(start).encode(), **kind)
    while batch["status"] != "completed":
        batch = told(gateway, "GET", f"/v1/batches/{batch['id']}")
    at_download = peak(pid, reset=True)
    begun = time.perf_counter()
    restored = 0
    with asked(gateway, "GET", f"/v1/files/{batch['output_file_id']}/content") as response:
        while raw := response.readline():
            one = json.loads(raw)
            said = one["response"]["body"]["choices"][0]["message"]["content"]
            restored += one["custom_id"] in said
    return Figures(
        lines, file["bytes"], before, upload - before, peak(pid) - at_download, upload_s,
        time.perf_counter() - begun, restored,
    )  # fmt: skip


def measure(folder: Path, lines: int, characters: int) -> list[Figures]:
    """A tenth of the lines, then all."""
    port = free_port()
    # The cache of findings is bounded, but not full at first: it is no batch's either.
    detection = "detection: {profile: patterns, cache_entries: 100}\n"
    gateway = Gateway(folder, config_for(port, more=detection))
    with batch_server.serving(folder / "server", port):
        gateway.start()
        try:
            assert gateway._process is not None
            pid = gateway._process.pid
            round_trip(gateway, pid, 50, characters)  # what is loaded once is not a batch's
            counts = (max(1, lines // 10), lines)
            return [round_trip(gateway, pid, count, characters) for count in counts]
        finally:
            gateway.stop()


def table(found: list[Figures]) -> str:
    """For people."""
    rows = ["  lines   file MiB   before   upload  download   lines/s up  lines/s down"]
    rows += [
        f"{one.lines:7,} {one.size / MIB:10.1f} {one.before / MIB:8.1f}"
        f" {one.upload / MIB:+8.1f} {one.download / MIB:+9.1f}"
        f" {one.lines / one.upload_s:12,.0f} {one.lines / one.download_s:13,.0f}"
        for one in found
    ]
    return "\n".join(rows) + "\n"


def main(lines: int = 10_000, characters: int = 500) -> None:
    """Measure, and print."""
    with tempfile.TemporaryDirectory() as folder:
        sys.stdout.write(table(measure(Path(folder), lines, characters)))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
