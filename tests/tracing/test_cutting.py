"""Texts in tokens: nothing is lost between them, and pieces are known for what they are of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.tracing.cutting import agrees, marks_of, pieces_of_each, tokens_of
from gateway.tracing.model import Cut, Token

TEXT = "To Anna: anna@x.com!"
NAMES = {"Anna": "<P>", "anna@x.com": "<E>"}


def every(size: int, text: str) -> list[tuple[int, int, int]]:
    """A tokenizer that cuts every few letters."""
    return [(at, at, min(at + size, len(text))) for at in range(0, len(text), size)]


def test_pieces_of_a_value_have_its_placeholder():
    found = tokens_of(TEXT, every(3, TEXT), marks_of(TEXT, NAMES))
    assert [(one.text, one.of) for one in found] == [
        ("To ", ""), ("Ann", "<P>"), ("a: ", "<P>"), ("ann", "<E>"), ("a@x", "<E>"),
        (".co", "<E>"), ("m!", "<E>"),
    ]  # fmt: skip


def test_a_value_inside_another_is_of_the_longer():
    text = "Anna Schmidt"
    assert marks_of(text, {"Anna": "<A>", text: "<B>", "": "<C>"})[0] == (0, 12, "<B>")


spans = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=6)


@given(st.text(max_size=12), spans)
def test_tokens_make_up_the_text_whatever_a_tokenizer_says(text: str, where: list[tuple[int, int]]):
    """Some drop spaces, and some say the same place for several pieces of one sign."""
    ends = sorted((min(start, len(text)), min(end, len(text))) for start, end in where)
    encoded = [(at, start, end) for at, (start, end) in enumerate(ends)]
    found = tokens_of(text, encoded)
    assert "".join(one.text for one in found) == text
    assert [one.number for one in found] == list(range(len(ends)))


def test_no_tokens_of_nothing():
    assert tokens_of("", []) == ()


def test_each_value_stands_beside_its_placeholder_once():
    left = "To <P>: <E>! <P>"
    before = tokens_of(TEXT, every(2, TEXT), marks_of(TEXT, NAMES))
    after = tokens_of(left, every(2, left), marks_of(left, {"<P>": "<P>", "<E>": "<E>"}))
    found = pieces_of_each([Cut(before, after), Cut(before, after)])
    assert list(found) == ["<P>", "<E>"]
    assert found["<P>"] == ([" A", "nn", "a:"], [" <", "P>"])


@pytest.mark.parametrize(
    ("served", "expected"),
    [
        ([7, 1, 2, 3, 4, 8], True),
        ([7, 9, 2, 3, 5, 8], True),  # at its ends a text grows together with what is around it
        ([7, 1, 2, 4, 3, 8], False),
        ([], False),
    ],
)
def test_another_tokenizer_is_noticed(served: list[int], expected: bool):
    cut = Cut((), tuple(Token(number, "x") for number in (1, 2, 3, 4)))
    assert agrees([cut], [Token(number, "x") for number in served]) is expected


def test_a_short_text_says_nothing_of_the_tokenizer():
    assert agrees([Cut((), (Token(1, "x"), Token(2, "y")))], [Token(9, "z")])
