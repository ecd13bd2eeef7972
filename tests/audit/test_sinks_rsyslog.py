"""The syslog sink against rsyslog, which is another maker's: framing, certificates, long messages.

rsyslog with GnuTLS never answers the end of a connection. With OpenSSL it does, but 8.2302 closes
a connection's descriptor twice, and then writes messages into the next connection that has its
number: so the driver here is gtls.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from gateway.audit.sinks import syslog
from gateway.audit.sinks.base import SinkFault
from gateway.audit.sinks.syslog import Server, SyslogSink

from .pki import Pki, free_port, make_pki
from .test_sinks import Row, rows

pytestmark = pytest.mark.syslog

_CONFIG = """
global(workDirectory="{folder}" maxMessageSize="{longest}" DefaultNetstreamDriver="gtls"
  DefaultNetstreamDriverCAFile="{ca}" DefaultNetstreamDriverCertFile="{cert}"
  DefaultNetstreamDriverKeyFile="{key}")
module(load="imtcp" StreamDriver.Name="gtls" StreamDriver.Mode="1"
  StreamDriver.AuthMode="x509/name" PermittedPeer="{peer}")
input(type="imtcp" port="{port}" address="127.0.0.1")
template(name="parsed" type="list" option.jsonf="on") {{
  property(outname="pri" name="pri" format="jsonf")
  property(outname="version" name="protocol-version" format="jsonf")
  property(outname="ts" name="timereported" dateFormat="rfc3339" format="jsonf")
  property(outname="host" name="hostname" format="jsonf")
  property(outname="app" name="app-name" format="jsonf")
  property(outname="type" name="msgid" format="jsonf")
  property(outname="raw" name="rawmsg" format="jsonf")
}}
action(type="omfile" file="{folder}/out" template="parsed")
"""


@dataclass(frozen=True)
class Rsyslog:
    """A server that runs, and what it has written so far."""

    pki: Pki
    port: int
    folder: Path

    def sink(self, *, answers_end: bool = False) -> SyslogSink:
        server = Server("127.0.0.1", self.port, self.pki.ca, *self.pki.client, answers_end)
        return SyslogSink(server, hostname="gateway-1")

    def got(self) -> list[dict[str, str]]:
        out = self.folder / "out"
        return [orjson.loads(line) for line in out.read_bytes().splitlines()]


@contextmanager
def rsyslog(folder: Path, pki: Pki, *, peer: str = "client", longest: str = "64k") -> Iterator[int]:
    """A server of these certificates; its port. What it has taken is written when it has ended."""
    port = free_port()
    config = folder / "rsyslog.conf"
    cert, key = pki.server
    config.write_text(
        _CONFIG.format(
            folder=folder, longest=longest, ca=pki.ca, cert=cert, key=key, peer=peer, port=port
        )
    )
    command = ["rsyslogd", "-n", "-f", str(config), "-i", str(folder / "pid")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            wait_for(port, process)
            yield port
        finally:
            process.terminate()
            process.wait(120)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    pause = threading.Event()
    for _ in range(2400):
        assert process.poll() is None, "rsyslogd ended"
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            pause.wait(0.05)
        else:
            return
    raise AssertionError("rsyslogd does not listen")


@pytest.fixture(autouse=True)
def _is_installed() -> None:
    if shutil.which("rsyslogd") is None:
        pytest.skip("no rsyslogd: install the packages rsyslog and rsyslog-gnutls")


def long_row(size: int) -> Row:
    (row,) = rows(1)
    document = orjson.loads(row.body)
    document["filler"] = "x" * size
    return Row(0, row.event_id, orjson.dumps(document))


def test_it_reads_every_message_as_we_wrote_it(tmp_path: Path, pki: Pki):
    with rsyslog(tmp_path, pki) as port:
        one = Rsyslog(pki, port, tmp_path)
        one.sink().probe()
        one.sink().deliver(rows(1000))
        one.sink().deliver(rows(1, start=1000))
    got = one.got()
    assert [line["raw"].encode() for line in got] == [
        syslog.message(row, "gateway-1") for row in rows(1001)
    ]
    first = orjson.loads(rows(1)[0].body)
    del got[0]["raw"]
    assert got[0] == {
        "pri": "110",
        "version": "1",
        "ts": first["ts"],
        "host": "gateway-1",
        "app": "cloakroom",
        "type": first["type"],
    }


def test_it_never_answers_the_end(tmp_path: Path, pki: Pki):
    """When this fails, rsyslog has learnt to, and `answers_end: false` is no longer for it."""
    with rsyslog(tmp_path, pki) as port, pytest.raises(SinkFault) as caught:
        Rsyslog(pki, port, tmp_path).sink(answers_end=True).deliver(rows(1))
    assert caught.value.code == "end_unanswered"


@pytest.mark.parametrize("answers_end", [True, False])
@pytest.mark.parametrize("count", [0, 1, 1000])
def test_a_client_that_it_refuses_has_delivered_nothing(
    tmp_path: Path, pki: Pki, count: int, answers_end: bool
):
    with rsyslog(tmp_path, pki, peer="somebody else") as port:
        one = Rsyslog(pki, port, tmp_path)
        for _ in range(10):
            with pytest.raises(SinkFault):
                one.sink(answers_end=answers_end).deliver(rows(count))
    assert not (tmp_path / "out").exists()


def test_a_server_of_another_authority_gets_nothing(tmp_path: Path, pki: Pki):
    (tmp_path / "other").mkdir()
    with rsyslog(tmp_path, make_pki(tmp_path / "other")) as port:
        with pytest.raises(SinkFault) as caught:
            Rsyslog(pki, port, tmp_path).sink().deliver(rows(1))
        assert caught.value.code == "certificate_refused"
    assert not (tmp_path / "out").exists()


def test_a_message_up_to_its_limit_arrives_whole(tmp_path: Path, pki: Pki):
    long = long_row(60_000)
    with rsyslog(tmp_path, pki) as port:
        one = Rsyslog(pki, port, tmp_path)
        one.sink().deliver([long, *rows(2)])
    expected = [syslog.message(row, "gateway-1") for row in (long, *rows(2))]
    assert [line["raw"].encode() for line in one.got()] == expected
