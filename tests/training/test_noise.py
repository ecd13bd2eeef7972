from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.training import noise
from gateway.training.draw import Draw

TEXT = "Anna Müller aus Köln, geb. am 3. März 1980, rief O'Neil & Söhne an. Ist das hier das Büro?"
MARKS = [
    (TEXT.index(value), TEXT.index(value) + len(value), label)
    for value, label in (
        ("Anna Müller", "PERSON"), ("Köln", "LOCATION"), ("3. März 1980", "DATE_TIME"),
        ("O'Neil & Söhne", "ORGANIZATION"),
    )
]  # fmt: skip


@pytest.mark.parametrize("change", [change for _, change in noise._CHANGES])
@pytest.mark.parametrize("seed", range(12))
def test_spans_stay_with_their_text(change, seed):
    """Between the spans nothing but its own text remains, and each span keeps most of its own."""
    text, marks = change(Draw(seed), TEXT, MARKS)
    assert [label for _, _, label in marks] == [label for _, _, label in MARKS]
    edge = 0
    for (start, end, _), (first, last, _) in zip(marks, MARKS, strict=True):
        assert edge <= start < end <= len(text)
        edge = end
        old, new = TEXT[first:last], text[start:end]
        assert new == new.strip()
        same = set(old.lower()) & set(new.lower())
        assert len(same) >= len(set(old.lower())) // 2, (old, new)


def test_an_edit_across_a_border_is_left_out():
    assert noise.edited("ab cd", [(0, 2, "X")], [(1, 4, "-")]) == ("ab cd", [(0, 2, "X")])


def test_an_edit_inside_a_span_belongs_to_it():
    assert noise.edited("ab cd", [(0, 2, "X"), (3, 5, "Y")], [(1, 2, "---")]) == (
        "a--- cd",
        [(0, 4, "X"), (5, 7, "Y")],
    )


def test_a_span_whose_text_is_gone_is_gone():
    assert noise.edited("ab cd", [(0, 2, "X"), (3, 5, "Y")], [(0, 2, "")]) == (
        " cd",
        [(1, 3, "Y")],
    )


def test_a_secret_keeps_its_case():
    assert noise.recased("Key aBc Du", [(4, 7, "SECRET")], str.upper)[0] == "KEY aBc DU"


def test_letters_that_grow_in_capitals_do_not_move_spans():
    text, marks = noise.recased("Straße 5, Köln", [(10, 14, "LOCATION")], str.upper)
    assert text[slice(*marks[0][:2])] == "KÖLN"


WORD = st.text(string.ascii_letters + "äöüéñß .,-\n", min_size=0, max_size=30)


@given(st.lists(st.tuples(WORD, st.booleans()), max_size=8), st.integers(0, 10_000))
def test_any_text_and_any_seed_give_spans_in_order_within_bounds(parts, seed):
    text, marks = "", []
    for value, labelled in parts:
        if labelled and value.strip() == value != "":
            marks.append((len(text), len(text) + len(value), "PERSON"))
        text += value + "|"
    noisy, moved = noise.noisy(Draw(seed), text, marks)
    edge = 0
    for start, end, _ in moved:
        assert edge <= start < end <= len(noisy)
        assert noisy[start:end] == noisy[start:end].strip()
        edge = end


@given(st.integers(0, 5_000))
def test_the_text_outside_and_inside_of_spans_does_not_mix(seed):
    """A marker that noise cannot write, inside a span, stays inside; outside, outside."""
    text = "aaa ΩΩΩ bbb ΨΨΨ ccc"
    noisy, moved = noise.noisy(Draw(seed), text, [(4, 7, "PERSON"), (12, 15, "LOCATION")])
    inside = "".join(noisy[start:end] for start, end, _ in moved).lower()
    outside = noisy.lower()
    for start, end, _ in reversed(moved):
        outside = outside[:start] + outside[end:]
    assert "ω" not in outside
    assert "ψ" not in outside
    assert not set("abc") & set(inside)
