"""Two gateways on one PostgreSQL under load: rolled, killed, and without their database.

Callers do as a balancer does: where nobody listens they try the other. What is asserted is what was
lost, never how long anything took.
"""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.audit import pg
from tests.deploy.containerfile import ROOT
from tests.deploy.test_compose import World, migrated, world  # noqa: F401 -- fixtures
from tests.e2e.world import wait_until

pytestmark = [
    pytest.mark.rolling,
    pytest.mark.skipif(bool(pg.reason_to_skip()), reason=pg.reason_to_skip() or "-"),
]
PATIENCE_S = 240.0


class Gateways:
    """Two gateways, and callers who ask them all the time and count what they get."""

    def __init__(self, config: Path) -> None:
        self.config = config
        self.ports = [_free_port(), _free_port()]
        self.processes: dict[int, subprocess.Popen[str]] = {}
        self.seen: Counter[str] = Counter()
        self._left: set[int] = set()
        self._connecting = threading.Lock()
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._callers = [threading.Thread(target=self._call, args=(n,)) for n in range(4)]

    def start(self, port: int) -> None:
        command = [sys.executable, "-m", "gateway", "serve", "--config", str(self.config)]
        process = subprocess.Popen(
            [*command, "--port", str(port)],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self.processes[port] = process
        assert process.stdout is not None
        assert "listens on" in process.stdout.readline()
        with self._connecting:
            self._left.discard(port)

    def end(self, port: int, number: int) -> None:
        process = self.processes[port]
        process.send_signal(number)
        process.wait(PATIENCE_S)
        assert process.stdout is not None
        process.stdout.close()

    def leave(self, port: int) -> None:
        """Send nobody there any more, as a balancer does; what is under way goes on.

        A connection that a server has not yet taken up is reset where it stops listening, which no
        server can help: one that is answered now was behind all that callers have asked.
        """
        with self._connecting:
            self._left.add(port)
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)) as last:
            last.request("GET", "/livez")
            assert last.getresponse().read()

    def __enter__(self) -> Gateways:
        for port in self.ports:
            self.start(port)
        for caller in self._callers:
            caller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Safe to call more than once."""
        self._stop.set()
        for caller in self._callers:
            caller.join(PATIENCE_S)
        for port in self.ports:
            if self.processes[port].poll() is None:
                self.end(port, signal.SIGTERM)

    def until(self, outcome: str, more: int = 100) -> None:
        """Wait until callers have had an outcome so many times more."""
        with self._changed:
            goal = self.seen[outcome] + more
            assert self._changed.wait_for(lambda: self.seen[outcome] >= goal, PATIENCE_S)

    def _call(self, turn: int) -> None:
        while not self._stop.is_set():
            turn += 1
            outcome = "nobody"
            for port in (self.ports[turn % 2], self.ports[(turn + 1) % 2]):
                if (outcome := self._ask(port, turn)) != "nobody":
                    break
            with self._changed:
                self.seen[outcome] += 1
                self._changed.notify_all()

    def _ask(self, port: int, turn: int) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        message = {"role": "user", "content": f"Write to anna{turn}@example.com"}
        body = json.dumps({"model": "any", "messages": [message]})
        try:
            with self._connecting:
                if port in self._left:
                    return "nobody"
                headers = {"content-type": "application/json"}
                connection.request("POST", "/v1/chat/completions", body, headers)
            answer = connection.getresponse()
            answer.read()
        except ConnectionRefusedError:
            return "nobody"
        except (OSError, http.client.HTTPException):
            return "broken"
        finally:
            connection.close()
        return str(answer.status)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def gateways(migrated: World) -> Iterator[Gateways]:  # noqa: F811
    text = migrated.mounted("cloakroom.yaml").read_text(encoding="utf-8")
    log = text[text.index("audit:") :]
    upstream = "upstreams: [{name: local, kind: loopback, class: on_prem}]"
    path = migrated.folder / "rolling.yaml"
    path.write_text(f"version: 1\n{upstream}\n{log}", encoding="utf-8")
    with Gateways(path) as running:
        running.until("200")
        yield running


def open_and_closed(of: World) -> tuple[int, dict[str, int]]:
    """How many requests have no end on record, and how many records there are of each type."""
    count = dict(
        of.ask(
            "cloakroom_auditor",
            "SELECT type, count(*) FROM audit_records WHERE request_id IS NOT NULL GROUP BY type",
        )
    )
    accepted = count["request.accepted"]
    return 2 * accepted - sum(count.values()), count


def test_nothing_is_lost_that_was_answered(gateways: Gateways, migrated: World):  # noqa: F811
    # One after another: nobody notices.
    for port in gateways.ports:
        gateways.leave(port)
        gateways.end(port, signal.SIGTERM)
        gateways.until("200")
        gateways.start(port)
        gateways.until("200")
    assert set(gateways.seen) == {"200"}

    # One is killed: what it had in flight breaks, no more than each caller has.
    gateways.end(gateways.ports[0], signal.SIGKILL)
    gateways.until("200")
    gateways.start(gateways.ports[0])
    gateways.until("200")
    assert set(gateways.seen) <= {"200", "broken"}
    assert gateways.seen["broken"] <= 4

    # Without the database nothing is sent, and when it is back all goes on by itself.
    migrated.server.stop()
    gateways.until("503")
    migrated.server.start()
    gateways.until("200", 400)
    gateways.stop()
    assert set(gateways.seen) <= {"200", "503", "broken"}
    # What a writer that is no more has left open is closed by whoever is there, once it is sure.
    gateways.start(gateways.ports[0])
    wait_until(lambda: open_and_closed(migrated)[0] == 0, "all requests to have an end on record")
    gateways.end(gateways.ports[0], signal.SIGTERM)
    still_open, closed = open_and_closed(migrated)
    assert closed["request.completed"] >= gateways.seen["200"]
    assert still_open == 0
    twice = migrated.ask(
        "cloakroom_auditor",
        "SELECT request_id FROM audit_records WHERE request_id IS NOT NULL "
        "GROUP BY request_id HAVING count(*) <> 2",
    )
    assert twice == []
