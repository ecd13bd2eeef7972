"""Reads a part of a request by a table of what stands in its fields. Pure."""

from __future__ import annotations

from typing import Final

from gateway.types import Json, Path
from gateway.wire.jsontext import is_long_number
from gateway.wire.leaves import Collector
from gateway.wire.media import MEDIA_KEYS
from gateway.wire.responses_items import (
    BYTES,
    OWN_ID,
    PART,
    SEALED,
    WORDS,
    ByType,
    Each,
    Either,
    Field,
    Shape,
    What,
)

_TEXTS: Final = frozenset({What.TEXT, What.CONTENT, What.INPUT, What.ARGUMENTS})
_NAMES: Final = frozenset({What.NAME, What.LABEL})
_MEDIA_TYPES: Final = frozenset({"input_image", "input_file", "computer_screenshot", "image"})


class ShapeReader:
    """Gathers the leaves of a request's parts; `media` says whether any of them holds media."""

    def __init__(self, collector: Collector) -> None:
        self.media = False
        self._collector = collector

    def field(self, path: Path, value: Json, field: Field, role: str = "", group: int = -1) -> None:
        """Whatever stands where a field belongs."""
        if value is None:
            return
        if isinstance(field, Either):
            field = field.text if isinstance(value, str) else field.other
        if isinstance(field, What):
            self._value(path, value, field, role, group)
        elif isinstance(field, Each):
            self._each(path, value, field, role)
        elif not isinstance(value, dict):
            self._collector.anything(path, value, role)
        elif isinstance(field, ByType):
            self._typed(path, value, field, role, group)
        elif not isinstance(field, Either):  # which is never in another
            self.members(path, value, field, role, group)

    def members(
        self, path: Path, value: dict[str, Json], shape: Shape, role: str = "", group: int = -1
    ) -> None:
        """The members of an object."""
        for key, child in value.items():
            here = (*path, key)
            if key in shape:
                self.field(here, child, shape[key], role, group)
            elif key == "type":
                self._collector.word(here, child, WORDS, role)
            else:
                self.media = self.media or key in MEDIA_KEYS
                self._collector.member(here, child, role)

    def _each(self, path: Path, value: Json, field: Each, role: str) -> None:
        if not isinstance(value, list):
            self._collector.anything(path, value, role)
            return
        group = self._collector.group() if field.of is PART else -1
        for index, item in enumerate(value):
            had_media, self.media = self.media, False
            self.field((*path, index), item, field.of, role, group)
            if self.media and field.of is PART:
                group = self._collector.group()  # the texts around a picture are two
            self.media = self.media or had_media

    def _typed(
        self, path: Path, value: dict[str, Json], field: ByType, role: str, group: int
    ) -> None:
        kind = value.get("type", field.default)
        shape = field.shapes.get(kind) if isinstance(kind, str) else None
        if shape is None:
            # What it is, nobody knows: it cannot be read for what it is.
            self.media = True
            self._collector.unknown.append(path)
            self._collector.anything(path, value, role)
            return
        self.media = self.media or kind in _MEDIA_TYPES
        self.members(path, {k: v for k, v in value.items() if k != "type"}, shape, role, group)

    def _value(self, path: Path, value: Json, what: What, role: str, group: int) -> None:
        collector = self._collector
        if what in _NAMES:
            collector.identifier(path, value, role)
        elif what is What.WORD:
            collector.word(path, value, WORDS, role)
        elif what is What.SCHEMA:
            collector.schema(path, value)
        elif isinstance(value, str):
            self._text(path, value, what, role, group)
        elif what is What.FIGURE and isinstance(value, (bool, int, float)):
            if is_long_number(str(value)):
                collector.anything(path, value, role)
        elif value != [] or what is not What.EMPTY:
            collector.anything(path, value, role)

    def _text(self, path: Path, text: str, what: What, role: str, group: int) -> None:
        collector = self._collector
        if what in _TEXTS:
            collector.prose(path, text, role, group)
        elif what is What.ID:
            if not OWN_ID.fullmatch(text):
                collector.identifier(path, text, role)
        elif what is What.BLOB:
            if not SEALED.fullmatch(text):
                collector.prose(path, text, role)
        elif what is What.MEDIA:
            self.media = True
            if not BYTES.fullmatch(text):
                collector.prose(path, text, role)
        else:
            collector.anything(path, text, role)
