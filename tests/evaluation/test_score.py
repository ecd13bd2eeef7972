"""Metrics on cases small enough to count by hand, and what must hold of any case."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.evaluation.score import (
    Case,
    Cell,
    Found,
    Gold,
    Tally,
    score,
    scored_cases,
    total,
    wilson,
)

TEXT = "0123456789" * 10


def case(gold: list[tuple], found: list[tuple], corpus: str = "c", language: str = "en") -> Case:
    return Case(
        corpus,
        1,
        TEXT,
        tuple(Gold(*one) for one in gold),
        tuple(Found(*one) for one in found),
        language,
    )


def tally(*cases: Case, label: str | None = None, **how: object) -> Tally:
    return total(score(scored_cases(cases, **how)), label=label)  # type: ignore[arg-type]


P = "PERSON"
L = "LOCATION"
A = "ADDRESS"


@pytest.mark.parametrize(
    ("gold", "found", "expected"),
    [
        # (gold, found, exact, gold touched, found touching)
        ([(0, 5, P)], [(0, 5, P)], (1, 1, 1, 1, 1)),
        ([(0, 5, P)], [], (1, 0, 0, 0, 0)),
        ([(0, 5, P)], [(10, 12, P)], (1, 1, 0, 0, 0)),
        # other bounds: no exact hit, but an overlap
        ([(0, 5, P)], [(4, 9, P)], (1, 1, 0, 1, 1)),
        # neighbours do not touch
        ([(0, 5, P)], [(5, 9, P)], (1, 1, 0, 0, 0)),
        # one finding over two marks, two findings in one mark
        ([(0, 5, P), (6, 9, P)], [(0, 9, P)], (2, 1, 0, 2, 1)),
        ([(0, 9, P)], [(0, 3, P), (4, 9, P)], (1, 2, 0, 1, 2)),
        # the same finding twice counts once
        ([(0, 5, P)], [(0, 5, P), (0, 5, P)], (1, 1, 1, 1, 1)),
        # a type that the corpus does not have is no false finding
        ([(0, 5, P)], [(0, 5, "URL"), (7, 9, "URL")], (1, 0, 0, 0, 0)),
    ],
)
def test_spans(gold: list[tuple], found: list[tuple], expected: tuple):
    one = tally(case(gold, found))
    seen = (one.gold, one.found, one.exact, one.gold_touched, one.found_touching)
    assert seen == expected


def test_a_wrong_label_misses_here_and_is_false_there():
    one = case([(0, 5, P), (10, 15, L)], [(0, 5, L), (10, 15, L)])
    assert tally(one, label=P).exactly.recall == (0, 1)
    assert tally(one, label=L).exactly.precision == (1, 2)
    # but its characters are covered
    assert tally(one, label=P).characters.recall == (5, 5)


def test_characters_of_recall_may_be_covered_by_any_type():
    one = tally(case([(0, 10, P)], [(2, 6, "URL"), (4, 8, P)]))
    assert one.characters.recall == (6, 10)
    # of the found characters only those of scored types count
    assert one.characters.precision == (4, 4)


def test_characters_of_precision_may_be_marked_with_any_type():
    one = case([(0, 4, P), (4, 8, L)], [(2, 10, P)])
    assert tally(one, label=P).characters.precision == (6, 8)


def test_what_may_stay_is_no_character_to_mask_but_no_false_finding_either():
    one = tally(case([(0, 4, P, True), (10, 20, P, False)], [(10, 20, P)]))
    assert one.characters.recall == (0, 4)
    assert one.characters.precision == (10, 10)
    assert one.exactly.recall == (1, 2)


def test_places_are_folded_into_what_the_corpus_has():
    one = case([(0, 5, L)], [(0, 5, A)])
    assert tally(one).exact == 1
    assert tally(one, folds=()).exact == 0
    both = case([(0, 5, L), (6, 9, A)], [(0, 5, A), (6, 9, A)])
    assert tally(both).exact == 1


def test_folding_joins_findings_that_become_the_same():
    assert tally(case([(0, 5, L)], [(0, 5, A), (0, 5, L)])).found == 1


def test_folding_looks_at_each_corpus_alone():
    first = case([(0, 5, L)], [(0, 5, A)], "first")
    second = case([(0, 5, A), (6, 9, L)], [(0, 5, A)], "second")
    cells = score(scored_cases([first, second]))
    assert total(cells, corpus="first", label=L).exact == 1
    assert total(cells, corpus="second", label=A).exact == 1
    assert total(cells).found == 2


def test_only_the_types_that_are_asked_for():
    one = case([(0, 5, P), (10, 15, L)], [(0, 5, P), (20, 25, L)])
    assert tally(one, types=[P]).exactly.precision == (1, 1)
    assert tally(one, types=[P]).gold == 1


def test_a_type_counts_in_every_text_of_a_corpus_that_has_it():
    cells = score(scored_cases([case([(0, 5, P)], []), case([], [(0, 5, P)])]))
    assert total(cells).exactly.precision == (0, 1)
    other = [case([(0, 5, P)], [], "one"), case([(0, 5, L)], [(0, 5, P)], "other")]
    assert total(score(scored_cases(other))).found == 0


def test_cells_by_language():
    cells = score(scored_cases([case([(0, 5, P)], [], language="de"), case([(0, 5, P)], [])]))
    assert set(cells) == {Cell("c", "de", P), Cell("c", "en", P)}
    assert total(cells, language="de").gold == 1


@pytest.mark.parametrize(
    ("beta", "expected"), [(1, 2 * 0.5 * 0.25 / 0.75), (2, 5 * 0.5 * 0.25 / (4 * 0.5 + 0.25))]
)
def test_f(beta: float, expected: float):
    one = Tally(gold=8, found=4, exact=2)
    assert one.exactly.f(beta) == pytest.approx(expected)


def test_nothing_found_is_zero_not_an_error():
    assert Tally(gold=3).exactly.f(2) == 0
    assert Tally().exactly.f(2) == 0
    assert Tally().exactly.recall.value == 0


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [
        # by the formula, and as statistical tables give them
        (0, 0, 0.0, 1.0),
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (5, 10, 0.2366, 0.7634),
        (81, 263, 0.2553, 0.3662),
    ],
)
def test_wilson(hits: int, of: int, low: float, high: float):
    assert wilson(hits, of) == pytest.approx((low, high), abs=1e-4)


SPAN = st.tuples(st.integers(0, 99), st.integers(1, 20), st.sampled_from([P, L, A, "URL"])).map(
    lambda one: (one[0], min(100, one[0] + one[1]), one[2])
)
SPANS = st.lists(SPAN, max_size=8)


def apart(spans: list[tuple]) -> list[tuple]:
    """Those that begin behind the end of the one before."""
    kept: list[tuple] = []
    for one in sorted(spans):
        if not kept or one[0] >= kept[-1][1]:
            kept.append(one)
    return kept


@given(SPANS.map(apart), SPANS)
def test_what_holds_of_any_case(gold: list[tuple], found: list[tuple]):
    one = tally(case(gold, found))
    assert one.exact <= min(one.gold_touched, one.found_touching)
    assert one.gold_touched <= one.gold
    assert one.found_touching <= one.found
    assert one.gold_covered <= one.gold_characters == sum(end - start for start, end, _ in gold)
    assert one.found_marked <= one.found_characters
    covered = {at for start, end, _ in found for at in range(start, end)}
    marked = {at for start, end, _ in gold for at in range(start, end)}
    assert one.gold_covered == len(covered & marked)


@given(SPANS.map(apart))
def test_perfect_findings_have_perfect_scores(gold: list[tuple]):
    one = tally(case(gold, gold))
    assert one.exact == one.gold == one.found
    assert one.gold_covered == one.gold_characters == one.found_marked == one.found_characters


@given(st.integers(0, 500), st.integers(0, 500))
def test_an_interval_holds_its_share(hits: int, others: int):
    of = hits + others
    low, high = wilson(hits, of)
    assert 0 <= low <= high <= 1
    if of:
        assert low <= hits / of <= high
