"""Which entity types went to which upstream, as what: a table, a heat map, a picture. Pure.

The picture is a Sankey diagram: types on the left, upstreams on the right, and between them bands
as broad as there were findings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gateway.audit.evidence.collect import Flow
from gateway.console.tally import OTHERS
from gateway.operator_kinds import KEEP
from gateway.types import UpstreamClass

MOST_TYPES: Final = 14
MOST_UPSTREAMS: Final = 8
"""Names that the picture and the heat map have room for; the rest goes together."""

SHADES: Final = 5
WIDTH: Final = 640
LEFT: Final = 190
RIGHT: Final = 450
"""Where the two columns of the picture stand."""

NODE: Final = 10
_TALL: Final = 260
_LEAST: Final = 3.0
_GAP: Final = 16.0


class Fate(StrEnum):
    """As what a finding left. What went to one's own servers as it was is told apart."""

    MASKED = "masked"
    INSIDE = "inside"
    OPEN = "open"


def fate(flow: Flow) -> Fate:
    """As what the findings of a flow left."""
    if flow.operator != KEEP:
        return Fate.MASKED
    return Fate.INSIDE if flow.upstream_class == UpstreamClass.ON_PREM else Fate.OPEN


@dataclass(frozen=True, slots=True)
class Node:
    """A name of either column, with its findings, and where its bar stands."""

    name: str
    count: int
    x: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Band:
    """Findings of a type at an upstream; `path` is the outline of the band."""

    entity_type: str
    upstream: str
    fate: Fate
    count: int
    path: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A square of the heat map; `shade` is from 0 for nothing to `SHADES`."""

    upstream: str
    count: int
    shade: int
    fate: Fate


@dataclass(frozen=True, slots=True)
class FlowMap:
    """All of it. `rows` of the heat map are of the types, with a cell for each of `upstreams`."""

    flows: tuple[tuple[Flow, int], ...]
    upstreams: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...], int], ...]
    types: tuple[Node, ...]
    targets: tuple[Node, ...]
    bands: tuple[Band, ...]
    height: float
    by_fate: Mapping[Fate, int]


def flow_map(flows: Mapping[Flow, int]) -> FlowMap:
    """The pictures of these counts, the most frequent first everywhere."""
    ranked = sorted(flows.items(), key=lambda one: (-one[1], one[0]))
    types = _leading([(one.entity_type, count) for one, count in ranked], MOST_TYPES)
    upstreams = _leading([(one.upstream, count) for one, count in ranked], MOST_UPSTREAMS)
    joined: Counter[tuple[str, str, Fate]] = Counter()
    by_fate = dict.fromkeys(Fate, 0)
    for one, count in ranked:
        kind = one.entity_type if one.entity_type in types else OTHERS
        upstream = one.upstream if one.upstream in upstreams else OTHERS
        joined[kind, upstream, fate(one)] += count
        by_fate[fate(one)] += count
    left = _column(types, [(kind, count) for (kind, _, _), count in joined.items()], LEFT)
    right = _column(upstreams, [(name, count) for (_, name, _), count in joined.items()], RIGHT)
    return FlowMap(
        flows=tuple(ranked),
        upstreams=tuple(upstreams),
        rows=tuple(_row(kind, upstreams, joined) for kind in types),
        types=left,
        targets=right,
        bands=_bands(left, right, joined),
        height=round(max((one.y + one.height for one in (*left, *right)), default=0.0) + 6, 1),
        by_fate=by_fate,
    )


def _leading(counts: Sequence[tuple[str, int]], most: int) -> list[str]:
    """The most frequent names; the last one stands for those that have no place."""
    totals = _totals(counts)
    names = sorted(totals, key=lambda name: (name == OTHERS, -totals[name], name))
    if len(names) <= most:
        return names
    return [*[one for one in names if one != OTHERS][: most - 1], OTHERS]


def _row(
    kind: str, upstreams: Sequence[str], joined: Mapping[tuple[str, str, Fate], int]
) -> tuple[str, tuple[Cell, ...], int]:
    top = max(_at(joined, one, name) for one, name, _ in joined)
    cells = []
    for name in upstreams:
        count = _at(joined, kind, name)
        worst = [one for one in Fate if joined.get((kind, name, one))]
        cells.append(Cell(name, count, _shade(count, top), worst[-1] if worst else Fate.MASKED))
    return kind, tuple(cells), sum(one.count for one in cells)


def _at(joined: Mapping[tuple[str, str, Fate], int], kind: str, upstream: str) -> int:
    return sum(joined.get((kind, upstream, one), 0) for one in Fate)


def _shade(count: int, top: int) -> int:
    """Shades by orders of magnitude: counts of types differ by thousands."""
    if not count:
        return 0
    steps = max(1, top.bit_length() - 1)
    return 1 + round((count.bit_length() - 1) / steps * (SHADES - 1))


def _column(names: Sequence[str], counts: Sequence[tuple[str, int]], x: int) -> tuple[Node, ...]:
    totals = _totals(counts)
    whole = sum(totals.values())
    nodes, y = [], 6.0
    for name in names:
        height = round(max(_LEAST, _TALL * totals[name] / whole), 2)
        nodes.append(Node(name, totals[name], x, round(y, 2), height))
        y += height + _GAP
    return tuple(nodes)


def _totals(counts: Sequence[tuple[str, int]]) -> Counter[str]:
    totals: Counter[str] = Counter()
    for name, count in counts:
        totals[name] += count
    return totals


def _bands(
    left: Sequence[Node], right: Sequence[Node], joined: Mapping[tuple[str, str, Fate], int]
) -> tuple[Band, ...]:
    starts = {one.name: one.y for one in left}
    ends = {one.name: one.y for one in right}
    made = []
    for source in left:
        for target in right:
            for kind in Fate:
                count = joined.get((source.name, target.name, kind), 0)
                if not count:
                    continue
                out = source.height * count / source.count
                into = target.height * count / target.count
                path = _path(starts[source.name], out, ends[target.name], into)
                starts[source.name] += out
                ends[target.name] += into
                made.append(Band(source.name, target.name, kind, count, path))
    return tuple(made)


def _path(start: float, out: float, end: float, into: float) -> str:
    x0, x1 = LEFT + NODE, RIGHT
    middle = (x0 + x1) // 2
    return (
        f"M{x0} {start:.2f}C{middle} {start:.2f} {middle} {end:.2f} {x1} {end:.2f}"
        f"V{end + into:.2f}C{middle} {end + into:.2f} {middle} {start + out:.2f} "
        f"{x0} {start + out:.2f}Z"
    )
