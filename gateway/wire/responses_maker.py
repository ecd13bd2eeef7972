"""Responses, the items of an answer: made anew of the fields that the table names. Pure."""

from __future__ import annotations

from typing import Any, Final

import orjson

from gateway.types import Path
from gateway.wire.answers import AnswerContext, TextPlace, Tool, invalid, token
from gateway.wire.responses_items import (
    ANNOTATION,
    BYTES,
    CALLS,
    ITEM,
    SEALED,
    ByType,
    Each,
    Either,
    Field,
    Shape,
    What,
)
from gateway.wire.responses_texts import Texts, Told

_TEXTS: Final = frozenset(
    {What.TEXT, What.CONTENT, What.INPUT, What.ARGUMENTS, What.NAME, What.LABEL}
)
_NOTHING: Final = object()
_DOCUMENTS: Final = frozenset({What.JSON, What.SCHEMA})


class Maker:
    """Makes the items of one answer. Raises `UpstreamFailed` for what is none."""

    __slots__ = ("_json_content", "_tools", "texts")

    def __init__(self, context: AnswerContext) -> None:
        self.texts = Texts(context)
        self._json_content = context.json_content
        self._tools: dict[int, Tool] = {}

    def __repr__(self) -> str:
        return f"Maker({self.texts!r})"

    def item(self, value: Any, index: int) -> dict[str, Any]:
        """One item; its texts stand at or below the place `(index,)`."""
        kind = value.get("type") if isinstance(value, dict) else None
        if not isinstance(kind, str) or kind not in ITEM.shapes:
            raise invalid()
        if kind in CALLS or What.NAME in ITEM.shapes[kind].values():
            self._name(index, value.get("name", CALLS.get(kind)))
        return self._typed(value, ITEM, (index,))

    def _name(self, index: int, name: Any) -> None:
        tool = self.tool(index)
        if not isinstance(name, str) or name == tool.name:
            return
        if tool.name:
            raise invalid()  # the call of one tool is not that of another
        tool.more_name(name)

    def tool(self, index: int) -> Tool:
        """The tool of the call at an index."""
        return self._tools.setdefault(index, Tool())

    def where(self, what: What, index: int) -> TextPlace:
        """What a text of the item at an index is."""
        if what in (What.INPUT, What.ARGUMENTS):
            return TextPlace(is_json=what is What.ARGUMENTS, tool=self.tool(index))
        is_json = what in _DOCUMENTS or (what is What.CONTENT and self._json_content)
        return TextPlace(is_json=is_json, is_name=what in (What.NAME, What.LABEL))

    def begin(self, what: What, index: int) -> None:
        """A text comes that is not empty."""
        if what in (What.INPUT, What.ARGUMENTS):
            self.tool(index).begin()

    def put(self, holder: Any, key: str | int, value: Any, field: Field, place: Path) -> None:
        """A field of an answer or event; what has the wrong type is left out."""
        if isinstance(field, Either):
            field = field.text if isinstance(value, str) else field.other
        if value is None:
            holder[key] = None
        elif isinstance(field, What):
            self._value(holder, key, value, field, place)
        elif isinstance(field, Each):
            if isinstance(value, list):
                holder[key] = self._list(value, field, place)
        elif not isinstance(value, dict):
            pass
        elif isinstance(field, ByType):
            holder[key] = self._typed(value, field, place)
        elif not isinstance(field, Either):
            holder[key] = self._members(value, field, place, {})

    def _list(self, value: list[Any], field: Each, place: Path) -> list[Any]:
        out: list[Any] = [_NOTHING] * len(value)
        for index, one in enumerate(value):
            self.put(out, index, one, field.of, (*place, index))
        if _NOTHING in out:
            raise invalid()  # left out, it would move what follows
        return out

    def _typed(self, value: dict[str, Any], field: ByType, place: Path) -> dict[str, Any]:
        kind = value.get("type", field.default)
        if not isinstance(kind, str) or kind not in field.shapes:
            raise invalid()
        made = self._members(value, field.shapes[kind], place, {"type": kind})
        if field is ANNOTATION and "start_index" in made:
            self.cite(made, place[:-2])
        return made

    def _members(
        self, value: dict[str, Any], shape: Shape, place: Path, out: dict[str, Any]
    ) -> dict[str, Any]:
        for key, field in shape.items():
            if key in value:
                self.put(out, key, value[key], field, (*place, key))
        return out

    def _value(self, holder: Any, key: str | int, value: Any, what: What, place: Path) -> None:
        if what in _TEXTS and isinstance(value, str):
            self._text(holder, key, value, what, place)
        elif what is What.ARGUMENTS and isinstance(value, dict):
            # Some servers send an object where the API has a string.
            self._text(holder, key, orjson.dumps(value).decode(), what, place)
        elif what in (What.BLOB, What.MEDIA) and isinstance(value, str):
            form = SEALED if what is What.BLOB else BYTES
            if form.fullmatch(value):
                holder[key] = value
            else:
                self._text(holder, key, value, What.TEXT, place)
        elif what in (What.ID, What.WORD):
            word = token(value, None)
            if word is not None:
                holder[key] = self.texts.identity(word) if what is What.ID else word
        elif what is What.FIGURE and isinstance(value, (bool, int, float)):
            holder[key] = value
        elif what is What.EMPTY:
            holder[key] = []
        elif what in _DOCUMENTS:
            self._document(holder, key, value, place)

    def _text(self, holder: Any, key: str | int, text: str, what: What, place: Path) -> None:
        holder[key] = ""  # keeps its place among the keys
        if text:
            index = int(place[0])
            self.begin(what, index)
            told = self.texts.ended(place, text, self.where(what, index))
            self.texts.put(holder, key, told.whole)

    def _document(self, holder: Any, key: str | int, value: Any, place: Path) -> None:
        """A document is one text in JSON: that of its keys comes back, too."""
        holder[key] = value
        text = orjson.dumps(value).decode()
        if '"' not in text:
            return  # neither a text nor a key
        told = self.texts.ended(place, text, self.where(What.JSON, int(place[0])))
        self.texts.put(holder, key, lambda: _loads(told))

    def cite(self, annotation: dict[str, Any], part: Path) -> None:
        """Have the places of a citation follow the text that it cites, which is that of a part."""
        start, end = annotation.get("start_index"), annotation.get("end_index")
        told = self.texts.known((*part, "text"))
        if told is None or not isinstance(start, int) or not isinstance(end, int):
            return
        found = told
        self.texts.put(
            annotation, "start_index", lambda: moved(found.masked, found.whole(), start, end)[0]
        )
        self.texts.put(
            annotation, "end_index", lambda: moved(found.masked, found.whole(), start, end)[1]
        )


def moved(masked: str, restored: str, start: int, end: int) -> tuple[int, int]:
    """Where the stretch of a masked text stands in the restored one, as far as it can be told."""
    cited = masked[max(0, start) : max(0, end)]
    if masked == restored or not cited:
        return start, end
    at = restored.find(cited)
    for _ in range(masked[:start].count(cited)):
        at = restored.find(cited, at + len(cited)) if at >= 0 else at
    if at >= 0:
        return at, at + len(cited)
    before, after = masked[:start], masked[end:]
    low = start if restored.startswith(before) else len(restored) - len(masked) + start
    high = len(restored) - len(after) if restored.endswith(after) else end
    low = min(max(0, low), len(restored))
    return low, min(max(low, high), len(restored))


def _loads(told: Told) -> Any:
    try:
        return orjson.loads(told.whole())
    except orjson.JSONDecodeError:
        raise invalid() from None
