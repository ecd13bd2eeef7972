"""Whole delivery from PostgreSQL: gateways that crash, a database that starts anew, every sink."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import orjson
import pytest

from gateway.audit import opening
from gateway.audit.reading import open_log
from gateway.audit.signing import make_signing_keys
from gateway.audit.sinks import ocsf
from gateway.audit.sinks.base import line_of
from tests.audit import pg
from tests.audit.pki import SyslogServer, make_pki
from tests.e2e.world import Gateway, wait_until

REQUEST = orjson.dumps({"model": "m", "messages": [{"role": "user", "content": "Hello."}]})

pytestmark = pytest.mark.skipif(pg.programs() is None, reason="no programs of PostgreSQL")


@pytest.fixture
def server() -> Iterator[pg.Server]:
    with pg.server() as one:
        opening.migrate(one.url)
        yield one


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[SyslogServer]:
    with SyslogServer(make_pki(tmp_path)) as one:
        yield one


@pytest.fixture
def gateway(tmp_path: Path, server: pg.Server, receiver: SyslogServer) -> Iterator[Gateway]:
    make_signing_keys(tmp_path / "signing.key")
    (tmp_path / "master.key").write_bytes(base64.b64encode(bytes(32)))
    text = f"""
version: 1
upstreams: [{{name: l, kind: loopback, class: on_prem}}]
detection: {{profile: patterns}}
secrets: {{master_key: "${{file:master.key}}"}}
audit:
  url: {server.url}
  signing_key_file: signing.key
  sinks:
    - {{kind: jsonl, path: a.jsonl}}
    - {{kind: ocsf, path: o.jsonl}}
    - kind: syslog
      host: 127.0.0.1
      port: {receiver.port}
      ca_file: authority.pem
      client_cert_file: client.pem
      client_key_file: client.key
"""
    one = Gateway(tmp_path, text)
    yield one
    one.stop()


class Load:
    """Clients that ask all the time; `answered` is the number of answers by their status."""

    def __init__(self, gateway: Gateway) -> None:
        self.answered = {0: 0, 200: 0, 503: 0}
        self._gateway = gateway
        self._stopping = Event()

    def ask(self) -> None:
        pause = Event()
        while not self._stopping.is_set():
            status, _, _ = self._gateway.post(REQUEST)
            self.answered[status] += 1
            if status != 200:
                pause.wait(0.02)

    def stop(self) -> None:
        self._stopping.set()

    def wait_for_more(self, status: int = 200, count: int = 40) -> None:
        """Until so many more were answered so."""
        before = self.answered[status]
        wait_until(lambda: self.answered[status] >= before + count, f"answers {status}")


@contextmanager
def load_on(gateway: Gateway) -> Iterator[Load]:
    load = Load(gateway)
    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(load.ask) for _ in range(4)]
        try:
            yield load
        finally:
            load.stop()
    for one in asking:
        one.result()


def without_repeats(places: list[int]) -> list[int]:
    """The places as they came first, after none of which one was left out."""
    first: list[int] = []
    for place in places:
        if place == len(first):
            first.append(place)
        assert place < len(first), "a gap"
    return first


def places(lines: list[bytes], *keys: str) -> list[int]:
    found = []
    for line in lines:
        value = orjson.loads(line)
        for key in keys:
            value = value[key]
        found.append(value)
    return found


def test_every_sink_gets_every_record_in_order_whatever_is_restarted(
    gateway: Gateway, server: pg.Server, receiver: SyslogServer
):
    gateway.start()
    with load_on(gateway) as load:
        load.wait_for_more()
        gateway.kill()
        gateway.start()
        load.wait_for_more()
        server.stop("immediate")
        load.wait_for_more(503, 8)
        server.start()
        load.wait_for_more()
        gateway.kill()
        gateway.start()
        load.wait_for_more()
    gateway.stop()
    with open_log(server.url) as log:
        rows = list(log.rows(0))
    every = list(range(len(rows)))
    assert [row.leaf_index for row in rows] == every
    lines = (gateway.folder / "a.jsonl").read_bytes().splitlines(keepends=True)
    assert without_repeats(places(lines, "leaf_index")) == every
    assert set(lines) == set(map(line_of, rows))
    events = (gateway.folder / "o.jsonl").read_bytes().splitlines(keepends=True)
    assert without_repeats(places(events, "metadata", "sequence")) == every
    assert set(events) == set(map(ocsf.line_of, rows))
    messages = [one.partition(b" - {")[2] for one in receiver.received]
    sent = [b"{" + one for one in messages]
    assert without_repeats(places(sent, "leaf_index")) == every
    assert {one + b"\n" for one in sent} == set(map(line_of, rows))
