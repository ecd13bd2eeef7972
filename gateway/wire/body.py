"""Reads a request body: strict JSON (RFC 8259, I-JSON of RFC 7493), one parse. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NoReturn

from gateway.errors import RequestError
from gateway.types import Json, Path

_HIGHEST_INTEGER = 2**64
_LOWEST_INTEGER = -(2**63)


class _Rejected(ValueError):
    """Carries a stable code out of the JSON parser's hooks."""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Rejected("duplicate_key")
    return found


def _constant(_: str) -> NoReturn:
    raise _Rejected("non_finite_number")


def _integer(text: str) -> int:
    if len(text) > 20:
        raise _Rejected("number_out_of_range")
    value = int(text)
    if not _LOWEST_INTEGER <= value < _HIGHEST_INTEGER:
        raise _Rejected("number_out_of_range")
    return value


def _float(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise _Rejected("non_finite_number")
    return value


_MESSAGES = {
    "duplicate_key": "The body has an object with the same key twice; send each key once.",
    "non_finite_number": "The body holds NaN or Infinity, which JSON does not have.",
    "number_out_of_range": "The body holds an integer of more than 64 bits; send it as a string.",
    "invalid_utf8": "The body is not UTF-8.",
    "lone_surrogate": "The body holds half of a surrogate pair; send well-formed Unicode.",
    "invalid_json": "The body is not valid JSON.",
    "too_deep": "The body is nested too deeply.",
    "not_an_object": "The body must be a JSON object.",
}


def refuse(code: str) -> RequestError:
    """The error for a body that cannot be read, by code."""
    return RequestError(_MESSAGES[code], code=code)


def parse_body(raw: bytes, depth: int) -> dict[str, Json]:
    """Parse a request body of at most `depth` levels of nesting.

    Raises:
        RequestError: it is not UTF-8, not JSON, not an object, too deep, or ambiguous (duplicate
            keys, non-finite numbers, integers beyond 64 bits, lone surrogates).
    """
    code = "invalid_json"
    document: Any = None
    try:
        text = raw.decode("utf-8")
        document = json.loads(
            text,
            object_pairs_hook=_pairs,
            parse_constant=_constant,
            parse_int=_integer,
            parse_float=_float,
        )
        code = ""
        if "\\ud" in text or "\\uD" in text:
            code = "lone_surrogate"
            json.dumps(document, ensure_ascii=False).encode("utf-8")
            code = ""
    except _Rejected as rejected:
        code = str(rejected)
    except UnicodeDecodeError:
        code = "invalid_utf8"
    except RecursionError:
        code = "too_deep"
    except ValueError:
        code = code or "invalid_json"
    if not code and not isinstance(document, dict):
        code = "not_an_object"
    if not code and _deeper_than(document, depth):
        code = "too_deep"
    if code:
        raise refuse(code)
    return document  # type: ignore[no-any-return]


def _deeper_than(document: Any, depth: int) -> bool:
    level: list[Any] = [document]
    for _ in range(depth):
        following: list[Any] = []
        for value in level:
            children = value.values() if isinstance(value, dict) else value
            following.extend(child for child in children if isinstance(child, (dict, list)))
        if not following:
            return False
        level = following
    return True


def without(document: dict[str, Json], paths: Sequence[Path]) -> dict[str, Json]:
    """A copy of a document without some members and items; the original is not changed."""
    gone = frozenset(paths)

    def copied(value: Any, path: Path) -> Any:
        if isinstance(value, dict):
            kept = ((key, child, (*path, key)) for key, child in value.items())
            return {key: copied(child, here) for key, child, here in kept if here not in gone}
        if isinstance(value, list):
            items = ((child, (*path, index)) for index, child in enumerate(value))
            return [copied(child, here) for child, here in items if here not in gone]
        return value

    return dict(copied(document, ()))
