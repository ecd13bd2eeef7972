"""Files that the pages use: read once, served under a name that changes with what is in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Final

_FOLDER: Final = Path(__file__).parent / "static"
PREFIX: Final = "/console/static/"
_KINDS: Final = (
    ("console.css", "text/css; charset=utf-8"),
    ("console.js", "text/javascript; charset=utf-8"),
    ("htmx.min.js", "text/javascript; charset=utf-8"),
    ("icon.svg", "image/svg+xml"),
)


@dataclass(frozen=True, slots=True)
class Static:
    """A file, as a browser gets it; `name` holds a digest, so that it may be kept for good."""

    name: str
    kind: str
    body: bytes = field(repr=False)

    @property
    def address(self) -> str:
        """Where a page finds it."""
        return PREFIX + self.name


def _read(name: str, kind: str) -> Static:
    body = (_FOLDER / name).read_bytes()
    stem, _, ending = name.rpartition(".")
    return Static(f"{stem}.{sha256(body).hexdigest()[:16]}.{ending}", kind, body)


FILES: Final[Mapping[str, Static]] = MappingProxyType(
    {name: _read(name, kind) for name, kind in _KINDS}
)
"""By the name in the folder."""

BY_NAME: Final[Mapping[str, Static]] = MappingProxyType({one.name: one for one in FILES.values()})
"""By the name in the address."""
