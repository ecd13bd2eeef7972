"""What went wrong, in its context."""

from __future__ import annotations

from gateway.evaluation.mistakes import Kind, mistakes
from gateway.evaluation.score import Case, Found, Gold, scored_cases

TEXT = "Ask Anna Berg in Ulm about item 7."


def found(*spans: tuple[int, int, str], number: int = 1) -> Case:
    gold = (Gold(4, 13, "PERSON"), Gold(17, 20, "LOCATION"))
    marks = tuple(Found(*one, recognizer="rule") for one in spans)
    return Case("c", number, TEXT, gold, marks)


def of(case: Case) -> list[tuple[Kind, str, str, str]]:
    seen = mistakes(scored_cases([case]), 4, 9)
    return [(one.kind, one.label, one.text, one.seen) for one in seen]


def test_nothing_is_wrong_where_marks_are_touched():
    assert of(found((4, 8, "PERSON"), (17, 20, "LOCATION"))) == []


def test_missed_under_another_type_and_false():
    assert of(found((17, 20, "PERSON"), (32, 33, "LOCATION"))) == [
        (Kind.OTHER_TYPE, "LOCATION", "Ulm", "PERSON"),
        (Kind.FALSE, "LOCATION", "7", "rule"),
        (Kind.MISSED, "PERSON", "Anna Berg", ""),
        (Kind.FALSE, "PERSON", "Ulm", "LOCATION"),
    ]


def test_a_type_that_the_corpus_lacks_is_not_false():
    assert of(found((4, 13, "PERSON"), (17, 20, "LOCATION"), (32, 33, "ID"))) == []


def test_context_stops_at_the_ends_of_the_text():
    (one, _) = mistakes(scored_cases([found()]), 100, 9)
    assert (one.before, one.text, one.after) == ("Ask Anna Berg in ", "Ulm", " about item 7.")
    (one, _) = mistakes(scored_cases([found()]), 3, 9)
    assert (one.before, one.after) == ("in ", " ab")


def test_there_is_a_limit_per_kind_and_label():
    cases = scored_cases([found(number=number) for number in range(5)])
    assert [one.number for one in mistakes(cases, 0, 2)] == [0, 0, 1, 1]


def test_no_text_in_a_representation():
    (one, _) = mistakes(scored_cases([found()]), 9, 9)
    assert "Ulm" not in repr(one)
    assert "Ulm" not in repr(found())
