"""Whether a proposal can stand in the configuration, by the reader of the configuration itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from gateway import strictyaml
from gateway.config_schema import DetectionModel
from gateway.console.differing import FileChange
from gateway.console.proposing import (
    FILE,
    ListsOf,
    Said,
    acts,
    change,
    rendered,
    with_entry,
)
from gateway.errors import ConfigError
from gateway.settings import Detection, ListEntry
from gateway.validation import validate

_PIECE: Final = "It would do nothing here: lists name whole words, and this is a piece of one."
TIME_S: Final = 2.0
"""Seconds that an entry may take on its text."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A proposal: the change, and what is wrong with it, "" where nothing is.

    `stands` says that the configuration in force has the entry already.
    """

    change: FileChange
    problem: str = ""
    stands: bool = False


def lists_of(detection: Detection, sees: Callable[[str], bool]) -> ListsOf:
    """The lists in force, as far as somebody may see whom they are about."""

    def shown(entries: Sequence[ListEntry]) -> tuple[ListEntry, ...]:
        return tuple(one for one in entries if sees(one.tenant or ""))

    return ListsOf(shown(detection.allow), shown(detection.deny))


def judged(said: Said, lists: ListsOf) -> Judged:
    """What comes of a proposal in a gateway that has these lists. Blocks."""
    proposed = change(lists, said)
    if with_entry(lists, said) == lists:
        return Judged(proposed, stands=True)
    return Judged(proposed, _problem(said, lists))


def _problem(said: Said, lists: ListsOf) -> str:
    try:
        if check(with_entry(lists, said)) != with_entry(lists, said):
            return "The configuration would read something else than was meant."
    except ConfigError as error:
        return f"The configuration would be refused: {error.problems[0].message}."
    until = time.monotonic() + TIME_S
    try:
        works = acts(said, lambda: max(0.001, until - time.monotonic()))
    except TimeoutError:
        return "It takes too long to look for."
    except ValueError:
        return "It cannot be an entry."
    return "" if works else _PIECE


def check(lists: ListsOf) -> ListsOf:
    """The lists as the reader of the configuration understands what is written of them.

    Raises:
        ConfigError: it refuses them.
    """
    document = strictyaml.loads(rendered(lists).encode(), FILE)
    found = validate(document, DetectionModel, ("detection",)).settings()
    return ListsOf(found.allow, found.deny)
