"""What the vault keeps of files and batches, under ids of ours. Pure.

The newest id comes first in the order of its characters, which is the order in which they are
listed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, TypeVar

import orjson

from gateway.errors import InternalError
from gateway.masking.carrying import Asked, packed_request, unpacked_request

FILE: Final = "file-"
BATCH: Final = "batch_"
NOISE_BYTES: Final = 10
INPUT: Final = "batch"
OUTPUT: Final = "batch_output"

_LATEST_MS: Final = 2**48 - 1

Kept = TypeVar("Kept", "KeptFile", "KeptBatch")


def new_id(prefix: str, now_ms: int, noise: bytes) -> str:
    """An id that nobody can guess, of `NOISE_BYTES` of noise."""
    return f"{prefix}{_LATEST_MS - now_ms:012x}{noise.hex()}"


def result_id(batch_id: str, theirs: str) -> str:
    """Our id of a file that a batch has made: for the same file always the same."""
    begun = batch_id.removeprefix(BATCH)[:12]
    noise = sha256(f"{batch_id}/{theirs}".encode()).digest()[:NOISE_BYTES]
    return f"{FILE}{begun}{noise.hex()}"


def line_id(number: int) -> str:
    """The name under which the request of a line leaves; it says nothing of its custom id."""
    return f"line-{number:08d}"


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file: where it is, and what its owner was told of it.

    `lines_of` is our id of the file whose lines restore it; `urls` are the endpoints of its lines.
    """

    upstream: str
    upstream_id: str
    purpose: str
    created: int
    size: int
    filename: str = field(repr=False)
    lines_of: str
    urls: tuple[str, ...] = ()
    hides_cached: bool = False  # whether policy says so of any of its lines
    expires: int | None = None


@dataclass(frozen=True, slots=True)
class KeptBatch:
    """A batch: where it is, and what only its owner knows of it."""

    upstream: str
    upstream_id: str
    file: str  # our id of its input
    endpoint: str
    hides_cached: bool = False
    metadata: Mapping[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class KeptLine:
    """A line: whose answer it has, and how that is restored."""

    custom_id: str = field(repr=False)
    url: str
    asked: Asked


def pack(kept: KeptFile | KeptBatch) -> bytes:
    """As it is kept."""
    return orjson.dumps(kept)


def unpack(kind: type[Kept], raw: bytes) -> Kept:
    """What was kept.

    Raises:
        InternalError: it is something else.
    """
    try:
        said = orjson.loads(raw)
        return kind(**{**said, **({"urls": tuple(said["urls"])} if "urls" in said else {})})
    except (ValueError, TypeError):
        pass
    raise _unreadable()


def pack_line(line: KeptLine) -> bytes:
    """As it is kept."""
    said = {"custom_id": line.custom_id, "url": line.url}
    return orjson.dumps({**said, "asked": packed_request(line.asked)})


def unpack_line(raw: bytes) -> KeptLine:
    """What was kept. Raises as `unpack`."""
    try:
        said: dict[str, Any] = orjson.loads(raw)
        return KeptLine(said["custom_id"], said["url"], unpacked_request(said["asked"]))
    except (ValueError, TypeError, KeyError):
        pass
    raise _unreadable()


def _unreadable() -> InternalError:
    return InternalError("What the vault holds cannot be read.")
