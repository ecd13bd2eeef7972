"""The request body: strict, and refused without an echo."""

from __future__ import annotations

import copy

import pytest

from gateway.errors import RequestError
from gateway.types import Json, Path
from gateway.wire.body import parse_body, without


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "invalid_json"),
        (b"{", "invalid_json"),
        (b"[]", "not_an_object"),
        (b'"x"', "not_an_object"),
        (b'{"a":1,"a":2}', "duplicate_key"),
        (b'{"a":{"b":1,"b":2}}', "duplicate_key"),
        (b'{"a":"\xff"}', "invalid_utf8"),
        (b'\xef\xbb\xbf{"a":1}', "invalid_json"),
        ('{"a":1}'.encode("utf-16"), "invalid_utf8"),
        (b'{"a":NaN}', "non_finite_number"),
        (b'{"a":-Infinity}', "non_finite_number"),
        (b'{"a":1e999}', "non_finite_number"),
        (b'{"a":123456789012345678901234567890}', "number_out_of_range"),
        (b'{"a":"\\ud800"}', "lone_surrogate"),
        (b'{"\\udfff":1}', "lone_surrogate"),
        (b'{"a":' + b"[" * 100 + b"]" * 100 + b"}", "too_deep"),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "too_deep"),
        (b'{"secret-canary":}', "invalid_json"),
    ],
)
def test_what_is_refused(raw: bytes, code: str) -> None:
    """Each with its stable code, none with a word of the input."""
    with pytest.raises(RequestError) as caught:
        parse_body(raw, depth=64)

    assert caught.value.code == code
    assert caught.value.status == 400
    assert "canary" not in caught.value.message
    assert caught.value.__cause__ is None


def test_the_depth_limit_is_exact() -> None:
    """At the limit it passes, one deeper it does not."""
    assert parse_body(b'{"a":[[]]}', depth=3) == {"a": [[]]}
    with pytest.raises(RequestError):
        parse_body(b'{"a":[[[]]]}', depth=3)


def test_well_formed_surrogate_pairs_pass() -> None:
    """An escaped emoji is text like any other."""
    assert parse_body(b'{"a":"\\ud83d\\ude00"}', depth=4) == {"a": "😀"}


DOCUMENT: dict[str, Json] = {"a": {"b": 1, "c": [{"d": 2, "e": 3}, 4]}, "f": None}


@pytest.mark.parametrize(
    ("paths", "left"),
    [
        ([], DOCUMENT),
        ([("f",)], {"a": DOCUMENT["a"]}),
        ([("a", "c", 0, "d"), ("f",)], {"a": {"b": 1, "c": [{"e": 3}, 4]}}),
        ([("a", "c", 0, "d"), ("a", "c", 0, "e")], {"a": {"b": 1, "c": [{}, 4]}, "f": None}),
        ([("a",), ("a", "b"), ("f",)], {}),
        ([("a", "c", 1)], {"a": {"b": 1, "c": [{"d": 2, "e": 3}]}, "f": None}),
        ([("d",), ("a", "x"), ("f", "a")], DOCUMENT),
    ],
)
def test_members_and_items_are_left_out(paths: list[Path], left: dict[str, Json]) -> None:
    """Those that are named and no others, at any depth, from a copy."""
    document = copy.deepcopy(DOCUMENT)

    assert without(document, paths) == left
    assert document == DOCUMENT
