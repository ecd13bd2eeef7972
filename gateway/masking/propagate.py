"""A value that was found once is masked wherever it stands in the exchange. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence

from gateway.types import Leaf, Span

SHORTEST = 3  # shorter values would be found inside too much
_FENCE = "\x00\n"  # between leaves; no value holds it


def occurrences(leaves: Sequence[Leaf], values: Mapping[str, str]) -> Iterator[tuple[int, Span]]:
    """Every place of every value, as (index of the leaf, span with score 1).

    `values` gives the entity type of each value. A place counts where it does not cut a longer
    run of letters, or of digits: "Ann" is not in "Annual", but "5551234567" is in "tel5551234567".
    """
    starts: list[int] = []
    position = 0
    for leaf in leaves:
        starts.append(position)
        position += len(leaf.text) + len(_FENCE)
    whole = _FENCE.join(leaf.text for leaf in leaves)
    for value, entity_type in values.items():
        if len(value) < SHORTEST:
            continue
        at = whole.find(value)
        while at >= 0:
            end = at + len(value)
            if not _cuts(whole, at) and not _cuts(whole, end):
                index = bisect_right(starts, at) - 1
                start = at - starts[index]
                yield index, Span(start, start + len(value), entity_type, 1.0, "propagated")
            at = whole.find(value, at + 1)


def _cuts(text: str, at: int) -> bool:
    """Whether a boundary at `at` lies between two letters or between two digits."""
    if at == 0 or at >= len(text):
        return False
    left, right = text[at - 1], text[at]
    return (left.isalpha() and right.isalpha()) or (left.isdigit() and right.isdigit())
