"""The lines of a file of requests, as they come in: cut, counted and taken apart. Pure."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, TypeVar

import orjson

from gateway.errors import GatewayError, RequestError
from gateway.wire.body import parse_body

MAX_LINES: Final = 50_000
MAX_CUSTOM_ID: Final = 512  # characters

_BOM: Final = b"\xef\xbb\xbf"
_BLANK: Final = b" \t\r"
_MEMBERS: Final = frozenset({"custom_id", "method", "url", "body"})

Failure = TypeVar("Failure", bound=GatewayError)


class LineReader:
    """Cuts bytes that arrive in any pieces into lines, numbered from 1; blank ones are left out.

    A byte order mark before the first line is forgiven, and so are carriage returns and a last
    line that does not end. At most one line is held.
    """

    __slots__ = ("_held", "_limit", "_number")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._number = 0
        self._held = bytearray()

    def __repr__(self) -> str:
        return f"LineReader({self._number} lines)"

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """The lines that end in `data`; they must be taken before more is fed.

        Raises:
            RequestError: 413 `line_too_large`.
        """
        *ended, rest = data.split(b"\n")
        for part in ended:
            yield from self._line(part)
        self._check(rest)
        self._held += rest

    def end(self) -> Iterator[tuple[int, bytes]]:
        """The last line, if it did not end."""
        if self._held:
            yield from self._line(b"")

    def _line(self, part: bytes) -> Iterator[tuple[int, bytes]]:
        self._check(part)
        line = bytes(self._held) + part
        self._held.clear()
        self._number += 1
        if self._number == 1:
            line = line.removeprefix(_BOM)
        if line.strip(_BLANK):
            yield self._number, line.removesuffix(b"\r")

    def _check(self, part: bytes) -> None:
        if len(self._held) + len(part) > self._limit:
            message = f"Line {self._number + 1} is longer than {self._limit} bytes."
            raise RequestError(message, code="line_too_large", status=413)


@dataclass(frozen=True, slots=True)
class Line:
    """One request of a file. `body` is JSON, as an endpoint at `url` takes it."""

    custom_id: str = field(repr=False)
    url: str
    body: bytes = field(repr=False)


def parse_line(raw: bytes, depth: int, urls: Collection[str]) -> Line:
    """Take a line apart.

    Raises:
        RequestError: it is not a request to one of `urls` that a batch can hold.
    """
    document = parse_body(raw, depth + 1)
    if not _MEMBERS.issuperset(document):
        raise _invalid("has a member that is none of custom_id, method, url and body")
    custom_id, body, url = document.get("custom_id"), document.get("body"), document.get("url")
    if not isinstance(custom_id, str) or not 1 <= len(custom_id) <= MAX_CUSTOM_ID:
        raise _invalid(f"needs a custom_id of 1 to {MAX_CUSTOM_ID} characters", "custom_id")
    if document.get("method") != "POST":
        raise _invalid("needs the method POST", "method")
    if not isinstance(url, str) or url not in urls:
        raise _invalid("has a url that no batch can be sent to", "url")
    if not isinstance(body, dict):
        raise _invalid("needs a body that is an object", "body")
    if body.get("stream"):
        raise _invalid("asks for a stream, which a batch has not", "body.stream")
    return Line(custom_id, url, orjson.dumps(body))


class CustomIds:
    """The custom ids of a file so far, of which no two may be the same."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: set[bytes] = set()

    def __len__(self) -> int:
        return len(self._seen)

    def add(self, custom_id: str) -> None:
        """One more.

        Raises:
            RequestError: another line has it already, or there are too many lines.
        """
        if len(self._seen) >= MAX_LINES:
            raise RequestError(f"A file has at most {MAX_LINES} lines.", code="too_many_lines")
        digest = blake2b(custom_id.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if digest in self._seen:
            message = "The line has the custom_id of an earlier one."
            raise RequestError(message, code="duplicate_custom_id", param="custom_id")
        self._seen.add(digest)


def at_line(error: Failure, number: int) -> Failure:
    """The same error, saying in which line."""
    told = copy.copy(error)
    told.message = f"Line {number}: {error.message}"
    told.args = (told.message,)
    told.param = f"lines[{number}]" + (f".{error.param}" if error.param else "")
    return told


def _invalid(what: str, param: str | None = None) -> RequestError:
    return RequestError(f"The line {what}.", code="invalid_line", param=param)
