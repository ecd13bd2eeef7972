import re

from hypothesis import given
from hypothesis import strategies as st

from gateway.detection.structured.places import matches, starts

WORDS = ("ab", "aba", "c.")
PATTERN = re.compile(r"(?:ab|aba|c\.)[a-c.]{0,2}", re.IGNORECASE)


@given(st.text("abcABC. ", max_size=40))
def test_a_pattern_is_found_at_its_words_as_in_the_whole_text(text: str) -> None:
    found = matches(PATTERN, text, starts(text.lower(), WORDS))
    assert [one.span() for one in found] == [one.span() for one in PATTERN.finditer(text)]


def test_each_place_of_a_word_counts_once_and_they_are_in_order() -> None:
    assert starts("via rua viale", ("viale", "rua", "via")) == [0, 4, 8]
