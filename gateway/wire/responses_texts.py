"""Responses, the texts of an answer: each is restored once, however often it comes. Pure.

A stream gives a text in pieces, then whole in the event that ends it, in that of its part, of its
item and of the answer. All of them are one text: what the client was given in pieces is what it is
given whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from gateway.types import Path
from gateway.wire.answers import AnswerContext, TextFilter, TextPlace


class Told:
    """One text, as far as it has come."""

    __slots__ = ("_filter", "_masked", "_out", "_sent", "is_open")

    def __init__(self, made: TextFilter) -> None:
        self.is_open = True
        self._filter = made
        self._masked: list[str] = []
        self._out: list[str] = []
        self._sent = 0  # of `_out`, what was given as pieces

    def __repr__(self) -> str:
        return f"Told({len(self._masked)} pieces)"

    @property
    def masked(self) -> str:
        """The text as the upstream gave it."""
        return "".join(self._masked)

    def put(self, text: str) -> None:
        """The next piece in."""
        self._masked.append(text)
        self._filter.put(text)

    def end(self) -> None:
        """No more pieces come."""
        if self.is_open:
            self.is_open = False
            self._filter.end()

    def piece(self) -> str:
        """What can be let go now and was not given as a piece yet."""
        self._pull()
        new = "".join(self._out[self._sent :])
        self._sent = len(self._out)
        return new

    def whole(self) -> str:
        """All that can be let go."""
        self._pull()
        return "".join(self._out)

    def _pull(self) -> None:
        ready = self._filter.ready()
        if ready:
            self._out.append(ready)


class Texts:
    """The texts of one answer by the places in which they stand."""

    __slots__ = ("_ids", "_new_filter", "_restored", "_told", "_waiting")

    def __init__(self, context: AnswerContext) -> None:
        self._new_filter = context.new_filter
        self._restored = context.restored
        self._told: dict[Path, Told] = {}
        self._ids: dict[str, str] = {}
        self._waiting: list[Callable[[], None]] = []

    def __repr__(self) -> str:
        return f"Texts({len(self._told)})"

    def begun(self, place: Path, where: TextPlace) -> Told:
        """The text at a place, which still comes."""
        known = self._told.get(place)
        if known is None or not known.is_open:
            known = self._told[place] = Told(self._new_filter(where))
        return known

    def ended(self, place: Path, masked: str, where: TextPlace) -> Told:
        """The text at a place, all of it."""
        known = self._told.get(place)
        if known is None or known.masked != masked:
            known = Told(self._new_filter(where))
            known.put(masked)
            self._told[place] = known
        known.end()
        return known

    def known(self, place: Path) -> Told | None:
        """The text at a place, if any has come."""
        return self._told.get(place)

    def open_below(self, place: Path) -> Iterator[tuple[Path, Told]]:
        """The texts at or below a place that have not ended."""
        for path, told in self._told.items():
            if told.is_open and path[: len(place)] == place:
                yield path, told

    def identity(self, text: str) -> str:
        """An id as the client knows it."""
        if text not in self._ids:
            self._ids[text] = self._restored(text)
        return self._ids[text]

    def put(self, holder: Any, key: str | int, give: Callable[[], Any]) -> None:
        """Have a place of an answer or event filled with what is given then."""

        def fill() -> None:
            holder[key] = give()

        self._waiting.append(fill)

    def fill(self) -> None:
        """Fill the places, and forget them."""
        waiting, self._waiting = self._waiting, []
        for fill in waiting:
            fill()
