"""Thresholds, lists and the disjoint cover."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detection.spans import (
    SEVERITY,
    above,
    compile_lists,
    denied,
    disjoint,
    is_disjoint,
    strength,
    threshold_of,
    trimmed,
    without_allowed,
    without_guesses,
)
from gateway.settings import ListEntry
from gateway.types import Span


def span(start: int, end: int, kind: str = "PERSON", score: float = 0.8, name: str = "r") -> Span:
    return Span(start, end, kind, score, name)


SPANS = st.builds(
    lambda start, size, kind, score, name: Span(start, start + size, kind, score, name),
    st.integers(0, 60),
    st.integers(1, 20),
    st.sampled_from(["PERSON", "IBAN", "OTHER"]),
    st.sampled_from([0.4, 0.6, 1.0]),
    st.sampled_from(["a", "b"]),
)


@given(st.lists(SPANS, max_size=12), st.randoms())
def test_cover_is_exact_disjoint_and_independent_of_order(spans: list[Span], random):
    cover = disjoint(spans)
    assert is_disjoint(cover)
    covered = {at for one in spans for at in range(one.start, one.end)}
    assert {at for one in cover for at in range(one.start, one.end)} == covered
    shuffled = list(spans)
    random.shuffle(shuffled)
    assert disjoint(shuffled) == cover
    assert disjoint(cover) == cover


@given(st.lists(SPANS, min_size=1, max_size=12))
def test_a_merged_span_takes_the_type_of_its_strongest(spans: list[Span]):
    for one in disjoint(spans):
        inside = [raw for raw in spans if one.start <= raw.start and raw.end <= one.end]
        assert one.entity_type == max(inside, key=strength).entity_type


@given(st.lists(SPANS, max_size=12))
def test_a_cover_tells_each_type_as_if_it_were_alone(spans: list[Span]):
    """Also where it is made of covers."""
    half = len(spans) // 2
    twice = disjoint([*disjoint(spans[:half]), *disjoint(spans[half:])])
    for cover in (disjoint(spans), twice):
        told = [part for one in cover for part in one.told]
        assert not any(part.parts for part in told)
        for kind in {one.entity_type for one in spans}:
            alone = disjoint(one for one in spans if one.entity_type == kind)
            of_kind = sorted((one for one in told if one.entity_type == kind), key=strength)
            assert [(one.start, one.end) for one in sorted(of_kind, key=lambda x: x.start)] == [
                (one.start, one.end) for one in alone
            ]
            assert {one.score for one in of_kind} == {one.score for one in alone}


def test_touching_spans_stay_apart():
    assert len(disjoint([span(0, 3), span(3, 6)])) == 2


def test_ties_go_to_the_worse_leak():
    first, second = SEVERITY[0], SEVERITY[-1]
    assert disjoint([span(0, 3, second), span(0, 3, first)])[0].entity_type == first


@pytest.mark.parametrize(
    ("text", "kind", "left"),
    [
        (" Anna Berg. ", "PERSON", "Anna Berg"),
        ("“Anna”,", "PERSON", "Anna"),
        ("hunter2!", "SECRET", "hunter2!"),
        ("key. ", "API_KEY", "key."),
    ],
)
def test_trimming(text: str, kind: str, left: str):
    out = trimmed(span(0, len(text), kind), text)
    assert out is not None
    assert text[out.start : out.end] == left


def test_nothing_but_punctuation_is_no_span():
    assert trimmed(span(0, 3), " .\n") is None


def test_thresholds():
    limit = threshold_of({"PERSON": 0.9, "default": 0.3})
    kept = above([span(0, 1, score=0.8), span(2, 3, "X", 0.35), span(4, 5, "X", 0.2)], limit)
    assert kept == [span(2, 3, "X", 0.35)]
    assert threshold_of({})("ANY") == 0.4


def left() -> float:
    return 5.0


def apply(text: str, spans: list[Span], *entries: ListEntry, tenant: str = "t") -> list[Span]:
    return without_allowed(spans, text, tenant, compile_lists(entries, ()), left)


def test_allow_names_whole_words():
    text = "Anna and Annabel"
    spans = [span(0, 4), span(9, 16)]
    assert apply(text, spans, ListEntry(text="Anna")) == [spans[1]]


def test_allow_keeps_a_span_that_reaches_beyond():
    assert apply("Anna Berg", [span(0, 9)], ListEntry(text="Anna")) == [span(0, 9)]


def test_allow_is_scoped():
    text, spans = "Anna", [span(0, 4)]
    assert apply(text, spans, ListEntry(text="Anna", tenant="other")) == spans
    assert apply(text, spans, ListEntry(text="Anna", entity_type="IBAN")) == spans
    assert apply(text, spans, ListEntry(text="Anna", tenant="t", entity_type="PERSON")) == []
    assert apply(text, spans, ListEntry(pattern=r"An+a")) == []


def test_deny_always_finds():
    lists = compile_lists((), [ListEntry(text="Project X", entity_type="CODE_NAME")])
    assert denied("the Project X, Project XY", "t", lists, left) == [
        Span(4, 13, "CODE_NAME", 1.0, "deny_list")
    ]


def test_a_pattern_that_runs_away_raises():
    lists = compile_lists([ListEntry(pattern="(a|aa)+$")], ())
    with pytest.raises(TimeoutError):
        without_allowed([span(0, 1)], "a" * 60 + "b", "t", lists, lambda: 0.05)


@pytest.mark.parametrize(
    "compile_one",
    [
        lambda: compile_lists([ListEntry()], ()),
        lambda: compile_lists([ListEntry(text="s3cret", pattern="s3cret")], ()),
        lambda: compile_lists([ListEntry(pattern="(s3cret")], ()),
        lambda: compile_lists((), [ListEntry(text="s3cret")]),
    ],
)
def test_bad_entries_are_refused_without_quoting_them(compile_one: Callable[[], object]):
    with pytest.raises(ValueError, match="entry") as caught:
        compile_one()
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None


def person(start, end, recognizer):
    return Span(start, end, "PERSON", 0.8, recognizer)


@pytest.mark.parametrize(
    ("model", "guess", "is_kept"),
    [
        ([(0, 10)], (0, 12), False),  # the model says most of it
        ([(0, 4)], (0, 12), True),  # the model says little of it
        ([], (0, 12), True),
        ([(20, 30)], (0, 12), True),
        ([(0, 3), (4, 8)], (0, 12), False),  # two findings together
    ],
)
def test_a_name_told_by_a_pattern_counts_where_a_model_says_little(model, guess, is_kept):
    sure = [person(*one, "classifier") for one in model]
    found = without_guesses([*sure, person(*guess, "person_context")])

    assert set(sure) <= set(found)
    assert (person(*guess, "person_context") in found) is is_kept


def test_findings_of_other_types_do_not_replace_a_name():
    place = Span(0, 12, "LOCATION", 0.9, "classifier")
    guess = person(0, 12, "person_role")

    assert guess in without_guesses([place, guess])
