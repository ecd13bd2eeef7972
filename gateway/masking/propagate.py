"""A value that was found once is masked wherever it stands in the exchange. Pure.

The text is cut into runs of letters, runs of digits and single other characters, and so are the
values, which stand in a tree by their runs. A value can only begin where a run begins, and from
there the tree is walked as far as the text agrees: the time grows with the text and with what it
repeats of values, not with their number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from gateway.types import Leaf, Span

SHORTEST = 3  # shorter values would be found inside too much
_RUN = re.compile(r"[^\W\d_]+|\d+|.", re.DOTALL)


@dataclass(slots=True)
class _Node:
    """A place in the tree: the types of the values that end with a run, and what follows runs."""

    ends: dict[str, str] = field(default_factory=dict, repr=False)
    following: dict[str, _Node] = field(default_factory=dict, repr=False)


def occurrences(leaves: Sequence[Leaf], values: Mapping[str, str]) -> Iterator[tuple[int, Span]]:
    """Every place of every value, as (index of the leaf, span with score 1).

    `values` gives the entity type of each value. A place counts where it does not cut a longer
    run of letters, or of digits: "Ann" is not in "Annual", but "5551234567" is in "tel5551234567",
    and "Ann" in "Ann²".
    """
    root = _grown(values)
    if not root.ends and not root.following:
        return
    for index, leaf in enumerate(leaves):
        for run in _RUN.finditer(leaf.text):
            word = run.group()
            if word in root.following or word in root.ends or not (word.isascii() or _plain(word)):
                for end, entity_type in _from(root, leaf.text, run):
                    yield index, Span(run.start(), end, entity_type, 1.0, "propagated")


def _grown(values: Mapping[str, str]) -> _Node:
    root = _Node()
    for value, entity_type in values.items():
        if len(value) < SHORTEST:
            continue
        *before, last = _RUN.findall(value)
        node = root
        for run in before:
            node = node.following.setdefault(run, _Node())
        node.ends[last] = entity_type
    return root


def _from(root: _Node, text: str, run: re.Match[str]) -> Iterator[tuple[int, str]]:
    """The values that begin with a run of the text: where each ends, and its type."""
    node: _Node | None = root
    here: re.Match[str] | None = run
    while node is not None and here is not None:
        word = here.group()
        for last in {word, _letters(word)}:
            end, entity_type = here.start() + len(last), node.ends.get(last)
            if entity_type is not None and not _cuts(text, end):
                yield end, entity_type
        node = node.following.get(word)
        here = _RUN.match(text, here.end()) if node else None


def _plain(word: str) -> bool:
    """Whether a run is of letters alone; signs such as a raised figure stand in one with them."""
    return word.isalpha() or not word.isalnum()


def _letters(word: str) -> str:
    """A run up to its first character that is no letter; all of it where it begins so."""
    if word.isascii() or _plain(word):
        return word
    return "".join(takewhile(str.isalpha, word)) or word


def _cuts(text: str, at: int) -> bool:
    """Whether a boundary at `at` lies between two letters or between two digits."""
    if at >= len(text):
        return False
    left, right = text[at - 1], text[at]
    return (left.isalpha() and right.isalpha()) or (left.isdigit() and right.isdigit())
