"""A full name makes its parts known in the exchange."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detection.coreference import RECOGNIZER, mentions
from gateway.types import Finding, Leaf, LeafKind


def leaves(*texts: str, kind: LeafKind = LeafKind.PROSE) -> list[Leaf]:
    return [Leaf(("messages", at, "content"), text, kind) for at, text in enumerate(texts)]


def person(all_leaves: list[Leaf], name: str, score: float = 0.9) -> list[Finding]:
    return [
        Finding(at, start, start + len(name), "PERSON", score, "r")
        for at, leaf in enumerate(all_leaves)
        if (start := leaf.text.find(name)) >= 0
    ]


def found(name: str, *texts: str) -> list[str]:
    read = leaves(*texts)
    return [read[one.leaf].text[one.start : one.end] for one in mentions(read, person(read, name))]


@pytest.mark.parametrize(
    ("name", "texts", "expected"),
    [
        ("Anna Schneider", ["Anna Schneider called. Schneider waits, Anna not."],
         ["Schneider", "Anna"]),
        ("Anna Schneider", ["Ask Schneider.", "Anna Schneider is ill."], ["Schneider"]),
        ("Anna Schneider", ["Anna Schneider", "SCHNEIDER, A."], ["SCHNEIDER"]),
        ("ANNA SCHNEIDER", ["ANNA SCHNEIDER", "Schneider SCHNEIDER"], ["Schneider", "SCHNEIDER"]),
        ("Anna Schneider", ["Anna Schneider", "schneider Schneider"], []),
        ("Anna Schneider", ["Anna Schneider", "Schneiderin, Annas, preSchneider"], []),
        ("Anna Schneider", ["Anna Schneider", "Schneider-Werke, Schneider's"],
         ["Schneider", "Schneider"]),
        ("Ian O'Neil", ["Ian O'Neil", "O'Neil and Ian"], ["O'Neil", "Ian"]),
        ("Bo Li", ["Bo Li", "Bo and Li"], []),
        ("Schneider", ["Schneider", "Schneider again"], []),
        ("Theresa May", ["Theresa May in May", "May I? Theresa!"], ["Theresa"]),
        ("Ursula von der Leyen", ["Ursula von der Leyen", "Von Leyen"], ["Leyen"]),
        ("José Müller", ["José Müller", "Müller und José"], ["Müller", "José"]),
        ("Иван Петров", ["Иван Петров", "Петров пришёл"], ["Петров"]),
        ("anna schneider", ["anna schneider", "schneider Schneider"], []),
    ],
)  # fmt: skip
def test_mentions(name: str, texts: list[str], expected: list[str]):
    assert found(name, *texts) == expected


def test_the_possessive_is_part_of_the_word_only_where_the_name_has_it():
    assert found("Anna Schneider", "Anna Schneider", "Schneider's") == ["Schneider"]


def test_other_kinds_of_leaves_and_findings():
    read = leaves("Anna Schneider") + leaves("Schneider", kind=LeafKind.MODEL)
    assert mentions(read, person(read[:1], "Anna Schneider")) == []
    read = leaves("Anna Schneider", "Schneider")
    [place] = person(read, "Anna Schneider")
    for other in ("LOCATION", "ORGANIZATION"):
        one = Finding(0, place.start, place.end, other, 0.9, "r")
        assert mentions(read, [one]) == []
    half = Finding(0, place.start, place.end, "PERSON", 0.9, "r", whole=False)
    assert mentions(read, [half]) == []


def test_what_is_found_already_is_not_found_again():
    read = leaves("Anna Schneider of Schneider GmbH")
    firm = Finding(0, 18, 32, "ORGANIZATION", 0.9, "r")
    assert mentions(read, [*person(read, "Anna Schneider"), firm]) == []


def test_the_score_is_that_of_the_best_full_name():
    read = leaves("Anna Schneider", "Eva Schneider", "Schneider")
    both = person(read, "Anna Schneider", 0.6) + person(read, "Eva Schneider", 0.8)
    [one] = mentions(read, both)
    assert one == Finding(2, 0, 9, "PERSON", 0.8, RECOGNIZER)


WORDS = st.sampled_from("Anna Schneider Bo schneider SCHNEIDER May . \n é Anna-Lena".split(" "))


@given(st.lists(st.lists(WORDS, max_size=12).map(" ".join), max_size=5))
def test_findings_are_whole_words_and_overlap_nothing(texts: list[str]):
    read = leaves("Anna Schneider", *texts)
    known = person(read, "Anna Schneider")
    more = mentions(read, known)
    for one in more:
        text = read[one.leaf].text
        assert text[one.start : one.end] in {"Anna", "Schneider", "ANNA", "SCHNEIDER"}
        assert not text[one.end : one.end + 1].isalpha()
        assert all(
            one.leaf != other.leaf or one.end <= other.start or other.end <= one.start
            for other in known
        )
    assert mentions(read, sorted([*known, *more], key=lambda x: (x.leaf, x.start))) == []


@pytest.mark.parametrize(
    "text", ["Schneider " * 20_000, "a" * 200_000, "a'" * 100_000, "'" * 9_999]
)
def test_hostile_text(text: str):
    read = leaves("Anna Schneider", text)
    assert mentions(read, person(read[:1], "Anna Schneider")) is not None
