"""Lines: however the bytes are cut, the same lines with the same numbers; and what is refused."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.batches import lines
from gateway.batches.lines import CustomIds, LineReader, at_line, parse_line
from gateway.errors import PolicyDenied, RequestError

URLS = ("/v1/chat/completions",)
GOOD = {"custom_id": "a", "method": "POST", "url": URLS[0], "body": {"model": "m"}}


def read(
    data: bytes, cuts: list[int] | None = None, limit: int = 10_000
) -> list[tuple[int, bytes]]:
    reader = LineReader(limit)
    bounds = [0, *sorted(min(cut, len(data)) for cut in cuts or []), len(data)]
    found: list[Any] = []
    for start, end in pairwise(bounds):
        found += reader.feed(data[start:end])
    return found + list(reader.end())


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b"\n \n\t\r\n", []),
        (b"a", [(1, b"a")]),
        (b"a\n", [(1, b"a")]),
        (b"a\r\nb\r\n", [(1, b"a"), (2, b"b")]),
        (b"a\r\nb\r", [(1, b"a"), (2, b"b")]),
        (b"a\n\nb", [(1, b"a"), (3, b"b")]),
        (b"\xef\xbb\xbfa\n\xef\xbb\xbfb", [(1, b"a"), (2, b"\xef\xbb\xbfb")]),
        (b"\xef\xbb\xbf\n a", [(2, b" a")]),
    ],
)  # fmt: skip
def test_lines(data: bytes, expected: list[tuple[int, bytes]]) -> None:
    """Byte order mark, carriage returns, blank lines, and a last line without an end."""
    assert read(data) == expected


@given(
    st.lists(st.sampled_from([b"\n", b"\r\n", b"x", b"{}", b" ", b"\xef\xbb\xbf", b"\xc3"])).map(
        b"".join
    ),
    st.lists(st.integers(0, 60)),
)
def test_any_cutting_gives_the_same_lines(data: bytes, cuts: list[int]) -> None:
    """Inside a line end and inside the byte order mark as well."""
    assert read(data, cuts) == read(data)


@pytest.mark.parametrize("cuts", [[], [1], list(range(9))])
def test_a_line_has_a_limit(cuts: list[int]) -> None:
    """It may be as long as the limit; the number of one that is longer is told."""
    assert read(b"ok\n12345\n", cuts, limit=5)[1] == (2, b"12345")
    for data in (b"ok\n123456\n", b"ok\n123456"):
        with pytest.raises(RequestError, match="Line 2 is longer than 5 bytes") as caught:
            read(data, cuts, limit=5)
        assert (caught.value.code, caught.value.status) == ("line_too_large", 413)


def test_a_line_taken_apart() -> None:
    """The body is JSON again; the custom id does not show."""
    line = parse_line(json.dumps(GOOD).encode(), 3, URLS)

    assert (line.custom_id, line.url, json.loads(line.body)) == ("a", URLS[0], {"model": "m"})
    assert "'a'" not in repr(line)


@pytest.mark.parametrize(
    ("changed", "param"),
    [
        ({"custom_id": None}, "custom_id"),
        ({"custom_id": ""}, "custom_id"),
        ({"custom_id": 7}, "custom_id"),
        ({"custom_id": "x" * 513}, "custom_id"),
        ({"method": "GET"}, "method"),
        ({"url": "/v1/moderations"}, "url"),
        ({"url": "chat/completions"}, "url"),
        ({"url": ["/v1/chat/completions"]}, "url"),
        ({"body": None}, "body"),
        ({"body": []}, "body"),
        ({"body": {"stream": True}}, "body.stream"),
        ({"secret canary": 1}, None),
    ],
)
def test_what_is_no_line(changed: dict[str, Any], param: str | None) -> None:
    """The place is named by keys of the format alone."""
    with pytest.raises(RequestError) as caught:
        parse_line(json.dumps({**GOOD, **changed}).encode(), 3, URLS)

    assert (caught.value.code, caught.value.param) == ("invalid_line", param)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"{", "invalid_json"),
        (b"[]", "not_an_object"),
        (b'{"custom_id": "a", "custom_id": "b"}', "duplicate_key"),
        (b'{"custom_id": "\xff"}', "invalid_utf8"),
        (json.dumps({**GOOD, "body": {"a": [[[[1]]]]}}).encode(), "too_deep"),
    ],
)
def test_what_is_no_json(raw: bytes, code: str) -> None:
    """As strict as with any request."""
    with pytest.raises(RequestError) as caught:
        parse_line(raw, 3, URLS)
    assert caught.value.code == code


def test_custom_ids_are_unique_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second of two, and one line too many, are refused."""
    ids = CustomIds()
    ids.add("a")
    ids.add("\ud800")
    with pytest.raises(RequestError) as caught:
        ids.add("a")
    assert caught.value.code == "duplicate_custom_id"

    monkeypatch.setattr(lines, "MAX_LINES", 3)
    ids.add("b")
    with pytest.raises(RequestError) as caught:
        ids.add("c")
    assert (caught.value.code, len(ids)) == ("too_many_lines", 3)


def test_errors_say_in_which_line() -> None:
    """All else of them stays, the original included."""
    denied = PolicyDenied("No cards.", headers={"x-cloakroom-policy": "p"})
    told = at_line(denied, 7)

    assert type(told) is PolicyDenied
    assert (told.message, told.param) == ("Line 7: No cards.", "lines[7]")
    assert (told.status, told.code, told.headers) == (403, denied.code, denied.headers)
    assert denied.message == "No cards."
    assert at_line(RequestError("x", param="messages[0]"), 2).param == "lines[2].messages[0]"
