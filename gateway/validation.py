"""Plain data against a pydantic model, with every complaint as a `Problem`. Pure.

The models of start-up files derive from `Strict`: unknown keys are refused, nothing is coerced.
Messages name keys, lines and legal values, never the value that was found: it may be a secret.
"""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterable
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from gateway.errors import ConfigError, Problem
from gateway.strictyaml import Document, KeyPath

T = TypeVar("T")

_MESSAGES = {
    "extra_forbidden": "unknown key",
    "missing": "required key is missing",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "list_type": "must be a list",
    "dict_type": "must be a mapping of keys to values",
    "model_type": "must be a mapping of keys to values",
    "model_attributes_type": "must be a mapping of keys to values",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
}
_QUOTABLE = frozenset({"string_type"})


class Strict(BaseModel):
    """The base of all file models."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, hide_input_in_errors=True, allow_inf_nan=False
    )


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint that names the closest known word, or the empty string."""
    close = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    if not close:
        folded = {name.casefold(): name for name in sorted(known, reverse=True)}
        close = [folded[word.casefold()]] if word.casefold() in folded else []
    return f"did you mean {close[0]}?" if close else ""


def validate(document: Document, model: type[T], at: KeyPath = ()) -> T:
    """What stands at `at` as an instance of `model` (anything a pydantic `TypeAdapter` takes).

    Raises:
        ConfigError: it does not fit; all problems.
    """
    data: Any = document.data
    for part in at:
        data = data[part]
    try:
        return TypeAdapter(model).validate_python(data)
    except ValidationError as error:
        found = error.errors(include_url=False)
    # Raised outside the handler: pydantic's error holds the input.
    problems = [_problem(document, model, at, dict(one)) for one in found]
    raise ConfigError(sorted(problems, key=lambda problem: problem.line))


def _problem(document: Document, model: object, at: KeyPath, error: dict[str, Any]) -> Problem:
    kind: str = error["type"]
    path: KeyPath = tuple(part for part in error["loc"] if part != "[key]")
    context: dict[str, Any] = error.get("ctx", {})
    message, hint = _MESSAGES.get(kind, ""), ""
    if kind == "extra_forbidden":
        legal = _keys(model, path[:-1])
        hint = did_you_mean(str(path[-1]), legal) or f"known keys: {', '.join(legal)}"
    elif kind in ("literal_error", "enum"):
        expected = str(context["expected"]).replace("'", "")
        message = f"must be one of: {expected.replace(' or ', ', ')}"
        if isinstance(error["input"], str):
            hint = did_you_mean(error["input"], expected.replace(" or ", ", ").split(", "))
    elif kind == "value_error":
        message = str(context["error"])
    elif kind == "missing":
        message = f'required key "{path[-1]}" is missing'
        path = path[:-1]
    elif kind in _QUOTABLE and isinstance(error["input"], int | float):
        hint = "quote it"
    if not message:
        message = str(error["msg"]).replace("Input should", "must", 1)
    return document.problem((*at, *path), message, hint)


def _keys(model: object, path: KeyPath) -> list[str]:
    """The keys that the model at `path` knows."""
    for part in path:
        model = _model(model)
        if isinstance(part, str) and isinstance(model, type) and issubclass(model, BaseModel):
            fields = model.model_fields.items()
            model = next(
                (one.annotation for name, one in fields if part in (name, one.alias)), None
            )
        else:
            model = (get_args(model) or (None,))[-1]
    model = _model(model)
    if isinstance(model, type) and issubclass(model, BaseModel):
        return [info.alias or name for name, info in model.model_fields.items()]
    return []


def _model(annotation: object) -> object:
    """The annotation without `Annotated` and `| None`."""
    while hasattr(annotation, "__metadata__"):
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, types.UnionType):
        options = [option for option in get_args(annotation) if option is not type(None)]
        return _model(options[0])
    return annotation
