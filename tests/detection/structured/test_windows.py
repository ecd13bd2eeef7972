"""What a regex sees in the windows is what it sees in the whole text."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from gateway.detection.structured.windows import Windows

WORDS = st.sampled_from(["the", "order", "AB", "12", "34-56", "number:", "x1y", "C", "claim", ","])
TEXTS = st.lists(st.tuples(WORDS, st.sampled_from([" ", "  ", "\n", "\t"])), max_size=60).map(
    lambda pairs: "".join(word + gap for word, gap in pairs)
)
PATTERNS = [
    re.compile(r"\b\d+\b"),
    re.compile(r"\b[A-Z]{2} ?\d{2} ?\d{2}"),
    re.compile(r"(?<![\w-])\d{2}\s[A-Z]\b"),
    re.compile(r"(?<=\bclaim )12\b"),
]


@given(TEXTS)
def test_same_matches_at_the_same_places(text: str):
    windows = Windows(text)
    for pattern in PATTERNS:
        seen = [
            (match.start() + windows.original(match.start()), match[0])
            for match in pattern.finditer(windows.text)
        ]
        assert seen == [(match.start(), match[0]) for match in pattern.finditer(text)]


def test_text_without_digits_is_not_read():
    assert Windows("no digits here").text == ""


def test_far_text_is_left_out():
    text = "word " * 50 + "42" + " word" * 50
    assert len(Windows(text).text) < 50
