"""The Messages API as the official SDK declares it: examples of its types, with every field set."""

from __future__ import annotations

import datetime
import itertools
import typing
from collections.abc import Iterator
from typing import Any, Literal, Union, get_args, get_origin

import typing_extensions
from anthropic import BaseModel

MOMENT = "2026-01-02T03:04:05Z"
_FILES = ("IO", "PathLike")


class Examples:
    """Examples such that each alternative of each union stands in one of them.

    Free texts are `canary 1 text`, `canary 2 text` and so on: none of them is a word of the
    protocol, an id, or a text that only machines read.
    """

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def of(self, kind: Any) -> list[Any]:
        """All that is needed of one type."""
        kind = _bare(kind)
        origin = get_origin(kind)
        if origin is Literal:
            return list(get_args(kind))
        if origin in (Union, getattr(typing, "UnionType", Union)):
            kinds = [one for one in get_args(kind) if _name(one) not in _FILES]
            return [example for one in kinds for example in self.of(one)]
        if typing_extensions.is_typeddict(kind):
            return self._objects(typing.get_type_hints(kind, include_extras=True))
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            fields = kind.model_fields.items()
            return self._objects({one.alias or name: one.annotation for name, one in fields})
        if origin is dict:
            return [{self._text(): one} for one in self.of(get_args(kind)[1])]
        if origin is not None:
            return [self.of(get_args(kind)[0])]
        return [self._plain(kind)]

    def _plain(self, kind: Any) -> Any:
        if kind is str:
            return self._text()
        if kind is object:
            return {self._text(): [self._text()]}
        if kind is datetime.datetime:
            return MOMENT
        return {type(None): None, bool: True, int: 3, float: 0.5}[kind]

    def _text(self) -> str:
        return f"canary {next(self._numbers)} text"

    def _objects(self, fields: dict[str, Any]) -> list[dict[str, Any]]:
        by_name = {name: self.of(kind) for name, kind in fields.items()}
        size = max(map(len, by_name.values()), default=1)
        return [
            {name: found[min(at, len(found) - 1)] for name, found in by_name.items()}
            for at in range(size)
        ]


def _bare(kind: Any) -> Any:
    while _name(get_origin(kind)) in ("Annotated", "Required", "NotRequired"):
        kind = get_args(kind)[0]
    return kind


def _name(kind: Any) -> str:
    return str(getattr(kind, "__name__", None) or getattr(kind, "_name", None) or kind)


def strings(value: Any) -> Iterator[str]:
    """Every string in a document, keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, child in value.items():
            yield key
            yield from strings(child)
    elif isinstance(value, list):
        for child in value:
            yield from strings(child)


def canaries(value: Any) -> set[str]:
    """The free texts of an example."""
    return {text for text in strings(value) if text.startswith("canary ")}
