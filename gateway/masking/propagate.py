"""A value that was found once is masked wherever it stands in the exchange. Pure.

The text is cut into runs of letters, runs of digits and single other characters. A value can
only begin where a run begins, so each place costs a look-up by its run and by the lengths of
the values that begin with it: the time grows with the text, not with the number of values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from gateway.types import Leaf, Span

SHORTEST = 3  # shorter values would be found inside too much
_RUN = re.compile(r"[^\W\d_]+|\d+|.", re.DOTALL)


def occurrences(leaves: Sequence[Leaf], values: Mapping[str, str]) -> Iterator[tuple[int, Span]]:
    """Every place of every value, as (index of the leaf, span with score 1).

    `values` gives the entity type of each value. A place counts where it does not cut a longer
    run of letters, or of digits: "Ann" is not in "Annual", but "5551234567" is in "tel5551234567".
    """
    lengths: dict[str, set[int]] = {}
    for value in values:
        run = _RUN.match(value)
        if run is not None and len(value) >= SHORTEST:
            lengths.setdefault(run.group(), set()).add(len(value))
    if not lengths:
        return
    for index, leaf in enumerate(leaves):
        text = leaf.text
        for run in _RUN.finditer(text):
            for length in lengths.get(run.group(), ()):
                start, end = run.start(), run.start() + length
                entity_type = values.get(text[start:end])
                if entity_type is not None and end <= len(text) and not _cuts(text, end):
                    yield index, Span(start, end, entity_type, 1.0, "propagated")


def _cuts(text: str, at: int) -> bool:
    """Whether a boundary at `at` lies between two letters or between two digits."""
    if at >= len(text):
        return False
    left, right = text[at - 1], text[at]
    return (left.isalpha() and right.isalpha()) or (left.isdigit() and right.isdigit())
