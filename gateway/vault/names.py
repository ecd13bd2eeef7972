"""What kinds and names of things in the vault look like. Pure.

They stand in the database as they are, and in the order of their characters. So they are words
and ids of ours; what a caller made up is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from gateway.errors import InternalError
from gateway.ports import Item

_KIND: Final = re.compile(r"[a-z][a-z_]{0,31}")
_NAME: Final = re.compile(r"(?=.{1,200}\Z)[A-Za-z0-9_.\-]+(?:/[A-Za-z0-9_.\-]+)*")
_PREFIX: Final = re.compile(r"[A-Za-z0-9_.\-/]{0,200}")

FIRST: Final = " "
LAST: Final = "\x7f"
"""Stand before and behind every character of a name, or of a tenant's."""


def check(items: Iterable[Item]) -> None:
    """Make sure that these may be kept.

    Raises:
        InternalError: a kind or a name is none.
    """
    for item in items:
        if not _KIND.fullmatch(item.kind) or not is_name(item.name):
            raise InternalError("Something was to be kept under what is no name.")


def is_name(text: str) -> bool:
    """Whether a text, which may come from anybody, can be a name at all."""
    return _NAME.fullmatch(text) is not None


def is_prefix(text: str) -> bool:
    """Whether names can begin so."""
    return _PREFIX.fullmatch(text) is not None


def below(name: str) -> tuple[str, str]:
    """The bounds of the names that go on with a slash after this one, the second exclusive."""
    return f"{name}/", f"{name}0"  # the character after the slash
