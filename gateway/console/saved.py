"""Searches that somebody has saved: their own, and nobody else's.

console_searches  id, whose it is, its title, the filters as an address has them, when it began
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from typing import Final

from gateway.console.tables import Tables

MOST: Final = 50
"""Searches that an account can save."""

MAX_TITLE: Final = 60
_TITLE: Final = re.compile(rf"\S(.{{0,{MAX_TITLE - 2}}}\S)?")

_OF: Final = "SELECT id, title, filter FROM console_searches WHERE name = ? ORDER BY title"
_COUNT: Final = "SELECT count(*) FROM console_searches WHERE name = ?"
_ADD: Final = (
    "INSERT INTO console_searches (id, name, title, filter, created) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (name, title) DO UPDATE SET filter = excluded.filter, created = excluded.created"
)
_HAS: Final = "SELECT 1 FROM console_searches WHERE name = ? AND title = ?"
_DROP: Final = "DELETE FROM console_searches WHERE name = ? AND id = ?"


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A search of somebody; `filters` is what follows the question mark of its address."""

    search_id: str
    title: str
    filters: str = field(repr=False)


def is_title(text: str) -> bool:
    """Whether a search can have this title."""
    return text.isprintable() and _TITLE.fullmatch(text) is not None


class SavedSearches(Tables):
    """The table of saved searches. Every method raises as `Tables` says."""

    subject = "searches"

    def of(self, name: str) -> list[SavedSearch]:
        """The searches of an account, by title."""
        with self.reading() as raw:
            return [SavedSearch(*map(str, row)) for row in raw.execute(_OF, (name,)).fetchall()]

    def save(self, name: str, title: str, filters: str, now: float) -> bool:
        """Save a search, in place of one of the same title; whether there was room for it."""
        with self.writing() as raw:
            count = int(raw.execute(_COUNT, (name,)).fetchone()[0])
            if count >= MOST and raw.execute(_HAS, (name, title)).fetchone() is None:
                return False
            raw.execute(_ADD, (secrets.token_hex(16), name, title, filters, now))
            return True

    def drop(self, name: str, search_id: str) -> bool:
        """Delete a search of this account; whether there was one."""
        with self.writing() as raw:
            return bool(raw.execute(_DROP, (name, search_id)).rowcount)
