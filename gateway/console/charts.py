"""Stacked bars by day, as the numbers that a picture is drawn from. Pure.

The template writes the SVG; every chart stands beside a table of the same figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 560
HEIGHT: Final = 160
SERIES: Final = 6
"""Colours there are; what is less than the most frequent goes together."""

_GAP: Final = 6


@dataclass(frozen=True, slots=True)
class Bar:
    """A piece of a bar: where it stands, and which series it is of."""

    x: float
    y: float
    width: float
    height: float
    series: int


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars, the names of their series, what the highest bar is, and the rows of the table.

    A row is a day with its figures in the order of the names.
    """

    names: tuple[str, ...]
    bars: tuple[Bar, ...]
    top: int
    rows: tuple[tuple[str, tuple[int, ...]], ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return self.top == 0


def stacked(days: Mapping[str, Mapping[str, int]], others: str = "other") -> Chart:
    """A chart of counts by day and name. The most frequent names have a series of their own."""
    totals: dict[str, int] = {}
    for counts in days.values():
        for name, count in counts.items():
            totals[name] = totals.get(name, 0) + count
    ranked = sorted(totals, key=lambda name: (-totals[name], name))
    names = ranked if len(ranked) <= SERIES else [*ranked[: SERIES - 1], others]
    rows = tuple((day, _row(counts, names, others)) for day, counts in days.items())
    top = max((sum(row) for _, row in rows), default=0)
    return Chart(tuple(names), tuple(_bars([row for _, row in rows], top)), top, rows)


def _row(counts: Mapping[str, int], names: Sequence[str], others: str) -> tuple[int, ...]:
    own = {name: count for name, count in counts.items() if name in names}
    rest = sum(counts.values()) - sum(own.values())
    if rest:
        own[others] = own.get(others, 0) + rest
    return tuple(own.get(name, 0) for name in names)


def _bars(rows: Sequence[Sequence[int]], top: int) -> list[Bar]:
    if not top:
        return []
    slot = WIDTH / len(rows)
    made = []
    for index, row in enumerate(rows):
        y = float(HEIGHT)
        for series, count in enumerate(row):
            height = HEIGHT * count / top
            if count:
                y -= height
                x, width = index * slot + _GAP / 2, slot - _GAP
                made.append(
                    Bar(round(x, 2), round(y, 2), round(width, 2), round(height, 2), series)
                )
    return made
