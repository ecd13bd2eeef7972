"""Short numbers in what a request says to the model. Pure.

A number of few digits says nothing by itself, so it is no leaf and detection does not read it. But
where the same digits were found elsewhere, as those of a customer perhaps, they are the value.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from gateway.types import Json, Leaf, LeafKind, Path
from gateway.wire.jsontext import holds_json, is_long_number, numbers


def short_numbers(
    document: dict[str, Json], fields: Collection[str], wanted: Collection[str]
) -> Iterator[Leaf]:
    """Each JSON number under some `fields` of a request that is one of the `wanted` texts and no
    leaf yet, also in strings that hold JSON."""
    short = frozenset(one for one in wanted if not is_long_number(one))
    open_: list[tuple[Path, Any]] = []
    if short:
        open_ = [((key,), document.get(key)) for key in fields]
    while open_:
        path, value = open_.pop()
        if isinstance(value, dict):
            open_ += (((*path, key), child) for key, child in value.items())
        elif isinstance(value, list):
            open_ += (((*path, index), child) for index, child in enumerate(value))
        elif isinstance(value, str):
            for found in numbers(value) if holds_json(value) else ():
                if found.text in short:
                    place = (found.start, found.end)
                    yield Leaf(path, found.text, LeafKind.NUMBER, inner=place)
        elif isinstance(value, int) and not isinstance(value, bool) and str(value) in short:
            yield Leaf(path, str(value), LeafKind.NUMBER)
