"""The place in a JSON text that is still being written, and what a guard makes of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.masking.matcher import Matcher
from gateway.masking.pointers import DEEPEST, Pointers, Steps, ToolGuard, is_below, steps
from gateway.masking.restore import Restoration, Restorer, Tally
from gateway.masking.sinks import SinkRule

MARK = "\ue000"
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=12,
)


def places(value: Any, at: Steps = ()) -> list[Steps]:
    """The place of every string in a document, in order."""
    if isinstance(value, str):
        return [at]
    if isinstance(value, list):
        return [one for n, item in enumerate(value) for one in places(item, (*at, str(n)))]
    if isinstance(value, dict):
        return [one for key, item in value.items() for one in places(item, (*at, key))]
    return []


def marked(value: Any) -> Any:
    """The document with a mark in each string value."""
    if isinstance(value, str):
        return value + MARK
    if isinstance(value, list):
        return [marked(item) for item in value]
    if isinstance(value, dict):
        return {key: marked(item) for key, item in value.items()}
    return value


def here(text: str) -> Steps | None:
    tracker = Pointers()
    tracker.feed(text)
    return tracker.here


@given(DOCUMENTS, st.booleans(), st.sampled_from([None, 0, 2]))
def test_it_agrees_with_a_walk_of_the_parsed_document(
    document: Any, ascii_only: bool, indent: int | None
) -> None:
    text = json.dumps(marked(document), ensure_ascii=ascii_only, indent=indent)
    mark = json.dumps(MARK, ensure_ascii=ascii_only)[1:-1]
    tracker, found = Pointers(), []
    pieces = text.split(mark)
    for piece in pieces[:-1]:
        tracker.feed(piece)
        found.append(tracker.here)
        tracker.feed(mark)
    tracker.feed(pieces[-1])

    assert found == places(document)
    tracker.feed(" \n")
    assert "BROKEN" not in repr(tracker)


@given(
    DOCUMENTS.map(json.dumps) | st.text(st.sampled_from('{}[]",:\\u0041tn -1e.')),
    st.lists(st.integers(0, 60), max_size=8),
)
def test_pieces_are_read_like_the_whole(text: str, cuts: list[int]) -> None:
    tracker, done = Pointers(), 0
    for cut in sorted(cuts):
        tracker.feed(text[done:cut])
        done = max(done, cut)
        assert tracker.here == here(text[:done])
    tracker.feed(text[done:])

    assert repr(tracker) == repr(whole(text))


def whole(text: str) -> Pointers:
    tracker = Pointers()
    tracker.feed(text)
    return tracker


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", ()),
        ('"a', ()),
        ('{"a', None),
        ('{"a":', ("a",)),
        ('{"a": [1, "x", {"b~/\\u0063": "', ("a", "2", "b~/c")),
        ('{"a": "x", "b": "', ("b",)),
        ('{"a": {"b": 1}, "c": [', ("c", "0")),
        ('{"a": "x\\', None),
        ('{"a": "x\\u00', None),
        ('{"a": "x\\u0041', ("a",)),
        ('{"a": tru', None),
        ('{"a": 1 ', None),
    ],
)
def test_places(text: str, place: Steps | None) -> None:
    assert here(text) == place


@pytest.mark.parametrize(
    "text",
    [
        "Hi ", '{"a" "', '{"a":1]', "{,", "[1,]", '{"a":1,}', '{"a":01,"b":"', '{"a":"\n', "{1:",
        '{"a":"\\q', '{"a":"\\u00g', '"a" "', "<", '{"a":<X>,"b":"', "[" * (DEEPEST + 1), "]", "1,",
    ],
)  # fmt: skip
def test_what_breaks_the_grammar_has_no_places_to_its_end(text: str) -> None:
    tracker = whole(text)
    assert tracker.here is None
    for more in ('"', ":", '"x', '{"a":"', "]", "}", "1"):
        tracker.feed(more)
        assert tracker.here is None


@pytest.mark.parametrize(
    ("pointer", "place", "holds"),
    [
        ("/to", ("to",), True),
        ("/to", ("to", "0", "name"), True),
        ("/to", ("too",), False),
        ("/to/name", ("to",), False),
        ("/items/*/name", ("items", "7", "name"), True),
        ("/items/*/name", ("items", "7", "note"), False),
        ("/a~1b/c~0d", ("a/b", "c~d"), True),
        ("/~01", ("~1",), True),
        ("/to", (), False),
    ],
)
def test_below(pointer: str, place: Steps, holds: bool) -> None:
    assert is_below(place, [steps("/other"), steps(pointer)]) is holds


def restorer(pointers: list[str] | None, tally: Tally, *, is_open: bool = True) -> Restorer:
    surfaces = {"PERSON_7K2QX9": 'Ann "A"', "PHONE_NUMBER_1AB2C3": "5551234"}
    rules = Restoration(surfaces, Matcher(surfaces), SinkRule({}))
    parsed = None if pointers is None else [steps(one) for one in pointers]
    return Restorer(rules, tally, is_json=True, guard=ToolGuard(lambda: is_open, lambda: parsed))


TEXT = (
    '{"to": {"name": "Hi <PERSON_7K2QX9>"}, "n": <PERSON_7K2QX9>, "<PERSON_7K2QX9>": 1, '
    '"list": ["<PERSON_7K2QX9>", "<PHONE_NUMBER_1AB2C3>"], "end": "\\<PERSON_7K2QX9\\>"}'
)


@given(st.lists(st.integers(0, len(TEXT)), max_size=6))
def test_values_come_back_below_the_pointers_alone(cuts: list[int]) -> None:
    """Also where the model left out the quotes or bent the brackets; a key never comes back."""
    tally = Tally()
    guarded, out, done = restorer(["/to", "/n", "/list/0", "/end"], tally), "", 0
    for cut in sorted(cuts):
        out += guarded.feed(TEXT[done:cut])
        done = cut
    out += guarded.feed(TEXT[done:]) + guarded.flush()

    assert json.loads(out) == {
        "to": {"name": 'Hi Ann "A"'},
        "n": 'Ann "A"',
        "<PERSON_7K2QX9>": 1,
        "list": ['Ann "A"', "<PHONE_NUMBER_1AB2C3>"],
        "end": 'Ann "A"',
    }
    assert (tally.restored, tally.blocked) == (4, 2)


def test_a_closed_guard_blocks_all_and_an_open_one_nothing() -> None:
    closed, opened = Tally(), Tally()
    for tally, is_open in ((closed, False), (opened, True)):
        guarded = restorer(None, tally, is_open=is_open)
        text = guarded.feed(TEXT) + guarded.flush()
        assert ("Ann" in text) is is_open
    assert (closed.restored, closed.blocked) == (0, 6)
    assert (opened.restored, opened.blocked) == (6, 0)


def test_after_broken_json_nothing_comes_back() -> None:
    tally = Tally()
    guarded = restorer(["/to"], tally)

    assert "Ann" not in guarded.feed('{"a" "x", "to": "<PERSON_7K2QX9>"}') + guarded.flush()
    assert tally.blocked == 1
