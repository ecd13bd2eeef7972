"""Records to a syslog server over TLS: RFC 5424 messages, framed and carried by RFC 5425.

Syslog has no answer that says that a message was taken. But RFC 5425, section 4.4, has the sender
end a connection with close_notify, and the server answer it with its own, which it does when it
has read everything before. So each delivery has a connection, and counts as taken once the server
has answered the end of it: a server that dies with messages in its buffers gets them again.

Some servers never answer; rsyslog with GnuTLS is one (seen with 8.2302). Of those, where the
operator says so, it counts that the connection ends in good order: a system whose program closes a
connection before it has read everything resets it, or has not acknowledged the rest. It is weaker:
that end is not signed, so that somebody on the wire can make it up.
"""

from __future__ import annotations

import fcntl
import re
import socket
import ssl
import struct
import termios
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

import orjson

from gateway.audit.sinks.base import Note, Row, SinkFault, fault_of, line_of

_T = TypeVar("_T")

PORT: Final = 6514
"""The port of syslog over TLS (RFC 5425, section 4.1)."""
HOLD_S: Final = 1.0
_PRIORITY: Final = 13 * 8 + 6  # facility 13, log audit; severity 6, informational
_CHUNK: Final = 65536
_HEADER_WORD = re.compile(r"[!-~]{1,255}")  # PRINTUSASCII of RFC 5424, section 6


@dataclass(frozen=True, slots=True)
class Server:
    """Where the messages go.

    `ca_file` None stands for the authorities that the system trusts. The server's certificate
    must be for `host`. `answers_end` False stands for a server that does not answer the end of a
    connection. `timeout_s` bounds each step of a connection, in seconds.
    """

    host: str
    port: int = PORT
    ca_file: Path | None = None
    client_cert_file: Path | None = None
    client_key_file: Path | None = None
    answers_end: bool = True
    timeout_s: float = field(default=10.0, kw_only=True)


class SyslogSink:
    """A `Sink` that is a syslog server.

    Args:
        server: which.
        hostname: the sender's name in each message; None for this machine's.
    """

    hold_s = HOLD_S

    def __init__(self, server: Server, *, hostname: str | None = None) -> None:
        self._server = server
        name = socket.gethostname() if hostname is None else hostname
        self._hostname = name if _HEADER_WORD.fullmatch(name) else "-"

    def probe(self) -> None:
        """Connect, and end the connection."""
        self.deliver(())

    def deliver(self, rows: Sequence[Row]) -> None:
        """Send the records; return once the server has taken the end of the connection."""
        data = b"".join(frame(message(row, self._hostname)) for row in rows)
        server = self._server
        try:
            context = _context(server)
            address = (server.host, server.port)
            with socket.create_connection(address, server.timeout_s) as plain:
                channel = _Channel(plain, context, server.host)
                channel.send(data)
                channel.end(answered=server.answers_end)
        except OSError as error:
            raise fault_of(error) from None

    def checkpoint(self, note: Note) -> None:
        """Nothing: the server gets records alone."""

    def close(self) -> None:
        """Nothing: no connection is open between two calls."""


def message(row: Row, hostname: str) -> bytes:
    """A record as a syslog message (RFC 5424, section 6): its type is the MSGID.

    Raises:
        SinkFault: the record is not JSON with a type and a time.
    """
    try:
        document = orjson.loads(row.body)
        head = f"<{_PRIORITY}>1 {document['ts']} {hostname} cloakroom - {document['type'][:32]} - "
    except (ValueError, KeyError, TypeError):
        raise SinkFault("record_unreadable") from None
    return head.encode() + line_of(row).rstrip(b"\n")


def frame(text: bytes) -> bytes:
    """A message with its length before it (octet counting, RFC 5425, section 4.3.1)."""
    return b"%d %b" % (len(text), text)


def _context(server: Server) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=server.ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if server.client_cert_file is not None:
        context.load_cert_chain(server.client_cert_file, server.client_key_file)
    return context


class _Channel:
    """A TLS connection whose end can be told from an alert and from a cut.

    `ssl.SSLSocket.unwrap` cannot: it returns in good order after any fatal alert of the peer, too.

    Raises:
        OSError: the handshake failed.
    """

    def __init__(self, plain: socket.socket, context: ssl.SSLContext, host: str) -> None:
        self._plain = plain
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        try:
            self._read_until_done(self._tls.do_handshake)
        except ssl.SSLError:
            with suppress(OSError):
                self._flush()  # the alert that says why
            raise
        self._flush()

    def send(self, data: bytes) -> None:
        """Send all of it."""
        for start in range(0, len(data), _CHUNK):
            self._tls.write(data[start : start + _CHUNK])
            self._flush()

    def end(self, *, answered: bool) -> None:
        """Send close_notify and wait for the peer's, or else, unless `answered`, for the end.

        Raises:
            OSError: there was an alert, or the connection was cut.
            SinkFault: the peer ended the connection before, or did not answer.
        """
        try:
            while self._tls.read(_CHUNK):  # what has come in so far: an alert, perhaps
                pass
        except ssl.SSLWantReadError:
            pass
        else:
            raise SinkFault("closed_early")
        with suppress(ssl.SSLWantReadError):  # nothing is there to be read: it only sends
            self._tls.unwrap()
        self._flush()
        try:
            while self._read_until_done(lambda: self._tls.read(_CHUNK)):
                pass
        except ssl.SSLZeroReturnError:
            return
        except ssl.SSLEOFError:
            if answered or not self._is_taken():
                raise SinkFault("end_unanswered") from None

    def _is_taken(self) -> bool:
        """Whether the peer, which has ended the connection, had read everything before.

        Its last segment acknowledges what it had received, and is a reset if that was not read.
        """
        (unacknowledged,) = struct.unpack(
            "i", fcntl.ioctl(self._plain.fileno(), termios.TIOCOUTQ, bytes(4))
        )
        failed = self._plain.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        return not unacknowledged and not failed

    def _read_until_done(self, act: Callable[[], _T]) -> _T:
        while True:
            try:
                return act()
            except ssl.SSLWantReadError:
                self._flush()
                if data := self._plain.recv(_CHUNK):
                    self._incoming.write(data)
                else:
                    self._incoming.write_eof()

    def _flush(self) -> None:
        if self._outgoing.pending:
            self._plain.sendall(self._outgoing.read())
