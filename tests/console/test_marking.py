"""Every copy of a piece of a text that is shown carries a mark."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.console.marking import CHARACTERS, LINES, PART, marked, part, parts

TEXTS = st.lists(st.text("ab \n", max_size=3000), max_size=4).map("".join) | st.text()


@given(TEXTS)
def test_the_text_is_whole_and_no_stretch_of_it_is_without_a_mark(text: str):
    pieces = marked(text, "mark")
    assert "".join(one.text for one in pieces if not one.is_mark) == text
    assert [one.is_mark for one in pieces] == [True, False] * (len(pieces) // 2) + [True]
    for one in pieces:
        if not one.is_mark:
            assert 0 < len(one.text) <= CHARACTERS
            assert len(one.text.splitlines()) <= LINES or not one.text.isascii()
            assert one.text.rstrip("\n").count("\n") < LINES


def test_a_short_line_is_not_cut():
    lines = [f"line {n}\n" for n in range(100)]
    for one in marked("".join(lines), "mark"):
        assert one.is_mark or all(line in lines for line in one.text.splitlines(keepends=True))


@given(st.integers(0, 3 * PART))
def test_the_parts_of_a_text_are_the_text(size: int):
    text = "x" * size
    shown = [part(text, number) for number in range(1, parts(text) + 1)]
    assert "".join(shown) == text
    assert part(text, parts(text) + 1) == ""
