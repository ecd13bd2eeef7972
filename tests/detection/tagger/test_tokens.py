from hypothesis import given
from hypothesis import strategies as st

from gateway.detection.tagger.tokens import tokenize

CASES = [
    ("", []),
    ("Anna O'Neil", ["Anna", "O", "'", "Neil"]),
    ("am 3.4.2021\n\nok", ["am", "3", ".", "4", ".", "2021", "\n\n", "ok"]),
    ("user_name42", ["user", "_", "name", "42"]),
    ("Zoë-Marie", ["Zoë", "-", "Marie"]),
    ("東京に", ["東", "京", "に"]),
    ("a\u200bb", ["a", "\u200b", "b"]),
]


def test_tokens():
    for text, expected in CASES:
        assert list(tokenize(text).words) == expected


@given(st.text(max_size=200))
def test_every_code_point_is_in_a_token_or_blank(text):
    tokens = tokenize(text)
    covered = set()
    for word, start, end in zip(tokens.words, tokens.starts, tokens.ends, strict=True):
        assert text[start:end] == word
        covered.update(range(start, end))
    assert all(at in covered or text[at].isspace() for at in range(len(text)))


@given(st.text(max_size=100), st.integers(0, 100), st.integers(0, 100))
def test_offsets_of_a_part_are_those_of_the_whole(text, start, length):
    part = tokenize(text, start, start + length)
    assert all(start <= first for first in part.starts)
    assert all(text[a:b] == w for w, a, b in zip(part.words, part.starts, part.ends, strict=True))


def test_the_first_token_of_a_text_counts_as_spaced_and_parts_keep_what_was_before():
    tokens = tokenize("a-b c")

    assert list(tokens.spaced) == [True, False, False, True]
    assert list(tokens.part(1, 4).spaced) == [False, False, True]
    assert list(tokens.part(1, 3).words) == ["-", "b"]
