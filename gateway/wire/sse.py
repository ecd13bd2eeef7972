"""Server-sent events as they arrive (WHATWG HTML, section 9.2), cut anywhere. Pure."""

from __future__ import annotations

from gateway.errors import UpstreamFailed

KEEP_ALIVE = b":\n\n"
"""A comment without words: it tells the client that the stream lives."""

LONGEST_EVENT = 4 * 1024 * 1024  # bytes
DONE = b"[DONE]"


class EventReader:
    """Bytes in, the data of complete events out.

    A line may be cut inside its line end, and an event inside a character: nothing is decoded
    before it is whole. Fields other than `data` are passed over. Comments are, too, but whether
    there was one is known until it is asked: servers send them to keep a stream alive.
    """

    __slots__ = ("_buffer", "_commented", "_data")

    def __init__(self) -> None:
        self._buffer = b""
        self._data: list[bytes] = []
        self._commented = False

    def __repr__(self) -> str:
        return f"EventReader(held={len(self._buffer)})"

    @property
    def empty(self) -> bool:
        """Whether no part of an event is held."""
        return not self._buffer.strip() and not self._data

    def commented(self) -> bool:
        """Whether a comment has come since this was asked last."""
        commented, self._commented = self._commented, False
        return commented

    def feed(self, chunk: bytes) -> list[bytes]:
        """The data of each event that is complete now.

        Raises:
            UpstreamFailed: one event is longer than `LONGEST_EVENT`.
        """
        if (whole := self._one(chunk)) is not None:
            return [whole]
        buffer = self._buffer + chunk
        # A carriage return at the end may be half of a CRLF: wait for what follows.
        end = len(buffer) - 1 if buffer.endswith(b"\r") else len(buffer)
        last = max(buffer.rfind(b"\n", 0, end), buffer.rfind(b"\r", 0, end))
        self._buffer = buffer[last + 1 :]
        if len(self._buffer) > LONGEST_EVENT:
            raise UpstreamFailed(
                "The upstream sent an event that is too long.", code="upstream_invalid"
            )
        if last < 0:
            return []
        events: list[bytes] = []
        lines = buffer[: last + 1].replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        for line in lines[:-1]:
            if line.startswith(b"data:"):
                self._data.append(line[6:] if line[5:6] == b" " else line[5:])
            elif line.startswith(b":"):
                self._commented = True
            elif not line and self._data:
                events.append(b"\n".join(self._data) if len(self._data) > 1 else self._data[0])
                self._data = []
        return events

    def _one(self, chunk: bytes) -> bytes | None:
        """The data of a chunk that is one event of one line and nothing else, as most are."""
        is_plain = (
            chunk.startswith(b"data: ")
            and chunk.endswith(b"\n\n")
            and chunk.count(b"\n") == 2
            and b"\r" not in chunk
        )
        return chunk[6:-2] if is_plain and not self._buffer and not self._data else None


def event(data: bytes) -> bytes:
    """One event as it goes to the client."""
    return b"data: " + data + b"\n\n"


def named_event(name: str, data: bytes) -> bytes:
    """One event with a name, which is a word of the protocol, as it goes to the client."""
    return b"event: " + name.encode() + b"\ndata: " + data + b"\n\n"
