"""Checkpoints that leave the log: whole, once for each tree, and again where it did not work."""

from __future__ import annotations

import os
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import orjson
import pytest

from gateway.audit import anchors
from gateway.audit.anchors import Anchoring, FileAnchor, WebhookAnchor
from gateway.audit.backend import Batch
from gateway.audit.chain import Head, extend, writer_key
from gateway.audit.reading import LogReader, open_log
from gateway.audit.record import timestamp
from gateway.audit.sinks.base import Note, SinkFault
from gateway.audit.sinks.sql import Books
from gateway.audit.sql import transaction
from gateway.audit.sqlite import sql as sqlite
from gateway.metrics import AUDIT_AGE_SECONDS

from .logs import START_MS, Log, add_checkpoint, bodies, make_log
from .pki import Pki, make_pki

NOW = START_MS / 1000 + 100.0


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return make_log(tmp_path / "audit.db", bodies(20), [10, 20])


def newest(log: Log) -> Note:
    with open_log(log.url) as reader:
        found = reader.latest_checkpoint()
    assert found is not None
    return found


class Failing:
    """An anchor that fails as often as it is told."""

    name = key = "failing"

    def __init__(self, *codes: str) -> None:
        self.codes = list(codes)
        self.got: list[str] = []

    def drop(self, note: Note) -> None:
        if self.codes:
            raise SinkFault(self.codes.pop(0))
        self.got.append(note.note)


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


def anchoring(log: Log, *found: anchors.Anchor, clock: Clock | None = None, **more) -> Anchoring:
    return Anchoring(
        found,
        open_log=more.pop("open_log", lambda: open_log(log.url)),
        open_books=lambda: Books(log.url),
        every_s=more.pop("every_s", 900.0),
        warn_s=more.pop("warn_s", 3600.0),
        wall=clock or Clock(),
        **more,
    )


def finished(one: Anchoring) -> None:
    one._let_go()


# --- files -------------------------------------------------------------------------------------


def test_a_file_holds_the_note_and_only_that(log: Log, tmp_path: Path):
    folder = tmp_path / "out"
    folder.mkdir()
    anchor = FileAnchor("file", folder)
    anchor.drop(newest(log))
    anchor.drop(newest(log))
    (file,) = folder.iterdir()
    assert file.name == f"checkpoint-{20:020d}.txt"
    assert file.read_text() == log.notes[20]


def test_another_tree_of_the_same_size_is_a_fork(log: Log, tmp_path: Path):
    other = make_log(tmp_path / "other.db", bodies(21)[1:], [20], keys=log.keys)
    folder = tmp_path / "out"
    folder.mkdir()
    anchor = FileAnchor("file", folder)
    anchor.drop(newest(log))
    with pytest.raises(SinkFault, match=r"^forked$"):
        anchor.drop(newest(other))
    assert (folder / f"checkpoint-{20:020d}.txt").read_text() == log.notes[20]


def test_a_folder_that_is_not_there_is_a_fault(log: Log, tmp_path: Path):
    with pytest.raises(SinkFault, match=r"^ENOENT$"):
        FileAnchor("file", tmp_path / "none").drop(newest(log))


# --- webhooks ----------------------------------------------------------------------------------


class Hook:
    """An HTTPS server that answers as it is told and keeps what it is sent."""

    def __init__(self, pki: Pki) -> None:
        self.got: list[tuple[str, str, bytes]] = []
        self.answer = 204
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                hook.got.append((self.path, self.headers["content-type"], body))
                self.send_response(hook.answer)
                if 300 <= hook.answer < 400:
                    self.send_header("location", "/elsewhere")
                self.send_header("content-length", "0")
                self.end_headers()

            do_GET = do_POST  # noqa: N815 -- the base's way of naming

            def log_message(self, *_: object) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*pki.server)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self._server.server_port}/anchor"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def hook(pki: Pki) -> Iterator[Hook]:
    one = Hook(pki)
    yield one
    one.close()


def test_a_webhook_gets_the_note(log: Log, hook: Hook, pki: Pki, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nobody listens there
    WebhookAnchor("hook", hook.url, pki.ca).drop(newest(log))
    expected = ("/anchor", "text/plain; charset=utf-8", log.notes[20].encode())
    assert hook.got == [expected]


@pytest.mark.parametrize("answer", [301, 302, 303, 307, 308, 400, 404, 500, 503])
def test_any_other_answer_than_2xx_is_a_fault(log: Log, hook: Hook, pki: Pki, answer: int):
    hook.answer = answer
    with pytest.raises(SinkFault, match=rf"^http_{answer}$"):
        WebhookAnchor("hook", hook.url, pki.ca).drop(newest(log))
    assert [path for path, *_ in hook.got] == ["/anchor"]


def test_a_server_of_another_authority_gets_nothing(log: Log, hook: Hook, tmp_path: Path):
    other = make_pki(tmp_path)
    with pytest.raises(SinkFault, match=r"^certificate_refused$"):
        WebhookAnchor("hook", hook.url, other.ca).drop(newest(log))
    assert hook.got == []


def test_nobody_there_is_a_fault(log: Log):
    with pytest.raises(SinkFault, match=r"^ECONNREFUSED$"):
        WebhookAnchor("hook", "http://127.0.0.1:9/x").drop(newest(log))


# --- when --------------------------------------------------------------------------------------


def test_checkpoints_are_dropped_at_once_and_then_every_while(log: Log):
    clock, anchor = Clock(), Failing()
    one = anchoring(log, anchor, clock=clock)
    for now in (NOW, NOW + 899, NOW + 900, NOW + 901, NOW + 1801):
        clock.now = now
        one.turn()
    finished(one)
    assert len(anchor.got) == 3


def test_the_next_process_knows_what_was_dropped(log: Log):
    anchor = Failing()
    for _ in range(2):
        one = anchoring(log, anchor)
        one.turn()
        finished(one)
    assert len(anchor.got) == 1
    books = Books(log.url)
    assert books.anchored("failing") == (20, timestamp(int(NOW * 1_000_000)))
    books.close()


def test_the_end_drops_a_tree_that_has_grown(log: Log):
    anchor = Failing()
    one = anchoring(log, anchor)
    one.turn()
    one.turn(final=True)
    assert len(anchor.got) == 1
    grow(log)
    one.turn(final=True)
    finished(one)
    assert len(anchor.got) == 2
    assert anchor.got[1].split("\n")[1] == "21"


def grow(log: Log) -> None:
    body = bodies(21)[20]
    (link,) = extend(Head(), [body], writer_key(bytes(32), "c" * 32), "c" * 32)
    record = orjson.loads(body)
    row = (
        record["event_id"], record["request_id"], record["type"], record["ts"], "acme", "c" * 32,
        1, link.leaf_hash, link.prev_writer_hash, link.mac, body.decode(),
    )  # fmt: skip
    engine = sqlite.make_engine(log.file, 1.0)
    with engine.connect() as connection, transaction(connection, sqlite.BEGIN) as raw:
        sqlite.insert(raw, Batch([row], [], [], []))
        add_checkpoint(raw, log.keys)


def test_a_failure_is_tried_again_after_longer_and_longer(log: Log):
    clock, anchor = Clock(), Failing("timeout", "timeout")
    one = anchoring(log, anchor, clock=clock)
    tries = []
    for now in range(int(NOW), int(NOW) + 20):
        clock.now = float(now)
        left = len(anchor.codes)
        one.turn()
        if len(anchor.codes) != left or anchor.got:
            tries.append(now - int(NOW))
        if anchor.got:
            break
    finished(one)
    assert tries == [0, 5, 15]


def test_a_clock_that_was_set_back_stops_nothing(log: Log):
    clock, anchor = Clock(), Failing()
    one = anchoring(log, anchor, clock=clock)
    one.turn()
    clock.now = NOW - 86_400
    one.turn()
    finished(one)
    assert len(anchor.got) == 2


def test_an_anchor_that_is_too_old_is_named(log: Log):
    clock, good, bad = Clock(), Failing(), Failing(*["timeout"] * 99)
    bad.name = bad.key = "bad"
    one = anchoring(log, good, bad, clock=clock)
    one.turn()
    assert one.stale() == []
    clock.now = NOW + 3601
    assert one.stale() == ["failing", "bad"]
    one.turn()
    finished(one)
    assert one.stale() == ["bad"]
    assert AUDIT_AGE_SECONDS["anchor"]._value.get() == 3601


def test_a_fork_is_named_at_once(log: Log):
    one = anchoring(log, Failing("forked"))
    one.turn()
    finished(one)
    assert one.stale() == ["failing"]


def test_one_of_several_processes_drops(log: Log):
    first, second, later = Failing(), Failing(), Clock()
    later.now = NOW + 10
    one, two = anchoring(log, first), anchoring(log, second, clock=later, every_s=1.0)
    one.turn()
    two.turn()
    finished(one)
    assert (len(first.got), second.got) == (1, [])
    two.turn()
    finished(two)
    assert len(second.got) == 1


def test_a_log_without_checkpoints_drops_nothing(tmp_path: Path):
    log = make_log(tmp_path / "audit.db", bodies(2), [])
    anchor = Failing()
    one = anchoring(log, anchor)
    one.turn()
    finished(one)
    assert anchor.got == []


def test_a_thread_survives_a_log_that_is_not_there_yet(log: Log, tmp_path: Path):
    tried = threading.Event()

    def opened() -> LogReader:
        if not tried.is_set():
            tried.set()
            return open_log(f"sqlite:///{tmp_path}/none.db")
        return open_log(log.url)

    anchor = Failing()
    one = anchoring(log, anchor, open_log=opened, poll_s=0.01)
    one.start()
    assert tried.wait(120)
    one.stop()
    assert len(anchor.got) == 1
    assert not os.path.exists(tmp_path / "none.db")


def test_what_a_webhook_goes_by_tells_nothing_of_its_url():
    one, two = (WebhookAnchor("hook", f"https://example.com/{end}") for end in ("t0ken", "other"))
    assert "t0ken" not in one.key
    assert "example" not in one.key
    assert one.key != two.key
