"""Items, tools and events as the official client's types have them: samples with every field."""

from __future__ import annotations

import types
from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, Literal, NotRequired, Required, Union, get_args, get_origin

import openai.types.responses as sdk
from pydantic import BaseModel
from typing_extensions import get_type_hints, is_typeddict

TEXT = "text"
_DEEPEST = 6


def members(kind: Any) -> Iterator[Any]:
    """The types that a union is of, however nested."""
    origin = get_origin(kind)
    if origin in (Annotated, Required, NotRequired):
        yield from members(get_args(kind)[0])
    elif origin in (Union, types.UnionType):
        for one in get_args(kind):
            yield from members(one)
    else:
        yield kind


def fields(kind: Any) -> dict[str, Any]:
    """The fields of a model or a typed dictionary, by their names on the wire."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return {one.alias or name: one.annotation for name, one in kind.model_fields.items()}
    return dict(get_type_hints(kind))


def is_shape(kind: Any) -> bool:
    return is_typeddict(kind) or (isinstance(kind, type) and issubclass(kind, BaseModel))


def sample(kind: Any, text: str = TEXT, depth: int = 0) -> Any:
    """A value of a type, with every field that it may have."""
    options = [one for one in members(kind) if one is not type(None)]
    # Of a text or something more, the something more.
    chosen = next((one for one in options if one is not str), options[0])
    origin = get_origin(chosen)
    if origin is Literal:
        return get_args(chosen)[0]
    if origin is not None:
        inner = get_args(chosen)
        if issubclass(origin, dict):
            return {"a": sample(inner[1], text, depth + 1)}
        shapes = [one for one in members(inner[0]) if is_shape(one)] or [inner[0]]
        return [sample(one, text, depth + 1) for one in shapes] if depth < _DEEPEST else []
    if is_shape(chosen):
        return {key: sample(one, text, depth + 1) for key, one in fields(chosen).items()}
    plain = {str: text, bool: True, int: 1, float: 0.5, object: {"a": text}}
    return plain[chosen]


def by_type(union: Any) -> dict[str, list[Any]]:
    """The shapes of a union by the words in their `type`."""
    found: dict[str, list[Any]] = {}
    for shape in members(union):
        words = [one for one in members(fields(shape)["type"]) if get_origin(one) is Literal]
        for word in (word for one in words for word in get_args(one)):
            found.setdefault(word, []).append(shape)
    return found


@cache
def given_items() -> dict[str, list[Any]]:
    """The items that the client can send."""
    return by_type(sdk.ResponseInputItemParam)


@cache
def tools() -> dict[str, list[Any]]:
    """The tools that the client can send."""
    return by_type(sdk.ToolParam)


@cache
def made_items() -> dict[str, list[Any]]:
    """The items that an answer can hold."""
    return by_type(sdk.ResponseOutputItem)


@cache
def events() -> dict[str, list[Any]]:
    """The events that a stream can hold."""
    return by_type(sdk.ResponseStreamEvent)
