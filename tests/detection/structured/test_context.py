"""Context words: whole or by their beginning, near or not."""

from __future__ import annotations

import pytest

from gateway.detection.structured.context import Reading, context


def near(text: str, *words: str) -> bool:
    compiled = context(words)
    assert compiled is not None
    reading = Reading(text)
    at = text.index("#")
    found = compiled.near(reading, at, at + 1)
    assert compiled.anywhere(reading) or not found
    return found


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("the license is #", ["license"], True),
        ("Two LICENSES: #", ["license"], True),
        ("a duplicate #", ["lic"], False),
        ("a lick #", ["lic"], False),
        ("lic. #", ["lic"], True),
        ("social   security no: #", ["social security"], True),
        ("security social #", ["social security"], False),
        ("tax one two three four #", ["tax"], True),
        ("tax one two three four five #", ["tax"], False),
        ("# is my tax", ["tax"], True),
        ("# is not at all my tax", ["tax"], False),
        ("주민사업자등록번호 #", ["사업자등록번호"], True),
        ("Führerschein #", ["führerschein"], True),
        ("#", ["tax"], False),
    ],
)
def test_near(text: str, words: list[str], expected: bool):
    assert near(text, *words) is expected


def test_no_words_no_context():
    assert context([]) is None
    assert context([" ", "#"]) is None


def test_before_looks_to_the_left_only():
    words = context(["tax"])
    assert words is not None
    assert words.before(Reading("tax #"), 4)
    assert not words.before(Reading("# tax"), 0)
