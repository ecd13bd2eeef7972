"""Leaves the log's newest checkpoint where whoever has the database and the key cannot reach it.

The log proves that it only grew since a checkpoint that somebody else kept. Without one, whoever
holds the database and the signing key could write the whole log anew, and sign it. So every few
minutes, and when the gateway stops, the newest checkpoint goes to each anchor:

    file       a folder, one file for each size of the tree: on a write-once or foreign medium
    webhook    POST of the note as text/plain; an answer of 2xx means that it is kept

A file that says something else of a tree of the same size is a fork, and the anchor fails.
"""

from __future__ import annotations

import hashlib
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from datetime import datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final, Protocol

import structlog

from gateway import metrics
from gateway.audit.record import timestamp
from gateway.audit.sinks.base import Note, SinkFault, fault_of
from gateway.audit.sinks.folder import put_once
from gateway.audit.sql import DatabaseFault
from gateway.errors import AuditUnavailable, ConfigError

TIMEOUT_S: Final = 10.0
POLL_S: Final = 5.0
FORKED: Final = "forked"
_FIRST_WAIT_S: Final = 5.0
_LONGEST_WAIT_S: Final = 300.0
_TEXT_LINES: Final = 3  # origin, size and root: what two notes of one tree have in common

_log = structlog.get_logger()


class Anchor(Protocol):
    """Somewhere that keeps checkpoints. Both members may be used from any thread."""

    @property
    def name(self) -> str:
        """The configured name."""

    @property
    def key(self) -> str:
        """What it goes by in the log's tables: another place is another anchor."""

    def drop(self, note: Note) -> None:
        """Return once the note is kept.

        Raises:
            SinkFault: it is not.
        """


class FileAnchor:
    """A folder that gets a file for each size of the tree that it is told of."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self.key = f"file:{path}"
        self._path = path

    def drop(self, note: Note) -> None:
        """Write the note, unless one of a tree of this size is there.

        Raises:
            SinkFault: it cannot be written, or the one that is there is of another tree.
        """
        file = self._path / f"checkpoint-{note.size:020d}.txt"
        put_once(file, note.note.encode())
        try:
            there = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise SinkFault("unreadable") from None
        if _tree(there) != _tree(note.note):
            raise SinkFault(FORKED)


def _tree(note: str) -> list[str]:
    return note.split("\n")[:_TEXT_LINES]


class WebhookAnchor:
    """A URL to which notes are posted. No proxy of the environment, and no redirect is followed."""

    def __init__(self, name: str, url: str, ca_file: Path | None = None) -> None:
        self.name = name
        # Not the URL: it may hold a secret, and what is in the log's tables is read by others.
        self.key = f"webhook:{hashlib.sha256(url.encode()).hexdigest()}"
        self._url = url
        self._ca_file = ca_file

    def drop(self, note: Note) -> None:
        """Post the note.

        Raises:
            SinkFault: there was no answer of 2xx.
        """
        request = urllib.request.Request(  # noqa: S310 -- http or https, as the configuration checks
            self._url,
            data=note.note.encode(),
            headers={"Content-Type": "text/plain; charset=utf-8", "User-Agent": "cloakroom"},
            method="POST",
        )
        try:
            with self._opener().open(request, timeout=TIMEOUT_S):
                return
        except urllib.error.HTTPError as error:
            error.close()
            raise SinkFault(f"http_{error.code}") from None
        except urllib.error.URLError as error:
            reason = error.reason
            raise (
                fault_of(reason) if isinstance(reason, OSError) else SinkFault("unreachable")
            ) from None
        except OSError as error:
            raise fault_of(error) from None
        except HTTPException:
            raise SinkFault("no_http") from None

    def _opener(self) -> urllib.request.OpenerDirector:
        context = ssl.create_default_context(cafile=self._ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPSHandler(context=context),
            _NoRedirects(),
        )


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Whoever answers for the configured URL does not choose another one."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """None: the redirect is an answer that is not 2xx."""
        return


class Log(Protocol):
    """What is read: `reading.LogReader`."""

    def latest_checkpoint(self) -> Note | None:
        """The checkpoint of the largest tree."""

    def close(self) -> None:
        """Let go of the database."""


class Books(Protocol):
    """Where it is kept what the anchors hold: `sinks.sql.Books`."""

    def lead(self, name: str) -> bool:
        """Whether this process is to serve `name`."""

    def anchored(self, anchor: str) -> tuple[int, str] | None:
        """What the anchor was given last: the size of a tree, and when."""

    def note_anchored(self, anchor: str, size: int, ts: str) -> None:
        """Say that the anchor holds a checkpoint of this size since `ts`."""

    def close(self) -> None:
        """Let go of the database and of the lock."""


def seconds_of(ts: str) -> float:
    """A record's time as seconds since 1970."""
    return datetime.fromisoformat(ts).timestamp()


def drop(anchor: Anchor, note: Note, books: Books, now: float) -> None:
    """Leave a note with an anchor and keep in mind that it is there; `now` as `time.time`.

    Raises:
        SinkFault: the anchor did not take it.
        DatabaseFault: it did, but that could not be written down.
    """
    anchor.drop(note)
    books.note_anchored(anchor.key, note.size, timestamp(int(now * 1_000_000)))


class Anchoring:
    """Drops checkpoints at all anchors, on a thread of its own.

    Args:
        anchors: where to.
        open_log: opens the log for reading.
        open_books: opens the tables of what the anchors hold.
        every_s: how long to wait, in seconds, from one drop to the next.
        warn_s: when the last drop of an anchor is too long ago, in seconds.
        wall: seconds since 1970.
    """

    def __init__(
        self,
        anchors: Sequence[Anchor],
        *,
        open_log: Callable[[], Log],
        open_books: Callable[[], Books],
        every_s: float,
        warn_s: float,
        wall: Callable[[], float] = time.time,
        poll_s: float = POLL_S,
    ) -> None:
        self._anchors = tuple(anchors)
        self._open_log = open_log
        self._open_books = open_books
        self._every_s = every_s
        self._warn_s = warn_s
        self._wall = wall
        self._poll_s = poll_s
        self._begun = wall()
        self._log: Log | None = None
        self._books: Books | None = None
        self._last: dict[str, float] = {}  # by key, seconds since 1970
        self._failures: dict[str, int] = {}
        self._forked: set[str] = set()
        self._retry: dict[str, float] = {}  # by key, seconds since 1970
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="audit-anchors", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Drop the newest checkpoint once more, and end the thread."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(TIMEOUT_S * (1 + len(self._anchors)))

    def stale(self) -> list[str]:
        """The names of anchors that hold another tree, or whose last drop is too long ago."""
        now = self._wall()
        return [
            one.name
            for one in self._anchors
            if one.key in self._forked or now - self._last.get(one.key, self._begun) > self._warn_s
        ]

    def _run(self) -> None:
        while True:
            stopping = self._stop.is_set()
            try:
                self.turn(final=stopping)
            except (DatabaseFault, AuditUnavailable, ConfigError):
                self._let_go()  # the log's own trouble: the store says so itself
            if stopping:
                break
            self._stop.wait(self._poll_s)
        self._let_go()

    def turn(self, *, final: bool = False) -> None:
        """Do what is due now.

        Raises:
            DatabaseFault, AuditUnavailable, ConfigError: the log could not be read or written.
        """
        self._log = self._log or self._open_log()
        self._books = self._books or self._open_books()
        note = self._log.latest_checkpoint()
        sizes: dict[str, int] = {}
        for anchor in self._anchors:
            held = self._books.anchored(anchor.key)
            if held is not None:
                sizes[anchor.key] = held[0]
                self._last[anchor.key] = seconds_of(held[1])
        now = self._wall()
        if note is not None and self._books.lead("anchors"):
            for anchor in self._anchors:
                new = note.size != sizes.get(anchor.key)
                if (final and new) or (not final and self._is_due(anchor, now)):
                    self._drop(anchor, note, self._books)
        oldest = min((self._last.get(one.key, self._begun) for one in self._anchors), default=now)
        metrics.audit_age("anchor", max(0.0, self._wall() - oldest))

    def _is_due(self, anchor: Anchor, now: float) -> bool:
        if now < self._retry.get(anchor.key, 0.0) <= now + _LONGEST_WAIT_S:
            return False
        last = self._last.get(anchor.key)
        return last is None or not 0 <= now - last < self._every_s

    def _drop(self, anchor: Anchor, note: Note, books: Books) -> None:
        now = self._wall()
        try:
            drop(anchor, note, books, now)
        except SinkFault as fault:
            failures = self._failures[anchor.key] = self._failures.get(anchor.key, 0) + 1
            wait = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2 ** min(failures - 1, 16))
            self._retry[anchor.key] = now + wait
            if fault.code == FORKED:
                self._forked.add(anchor.key)
            if failures == 1 or fault.code == FORKED:
                _log.error(
                    "audit_anchor_failed", component="audit", key_id=anchor.name, reason=fault.code
                )
        else:
            self._forked.discard(anchor.key)
            self._failures.pop(anchor.key, None)
            self._retry.pop(anchor.key, None)
            self._last[anchor.key] = now

    def _let_go(self) -> None:
        for part in (self._log, self._books):
            if part is not None:
                try:
                    part.close()
                except AuditUnavailable as error:
                    _log.warning("audit_reader_left", component="audit", error_code=error.code)
        self._log = self._books = None
