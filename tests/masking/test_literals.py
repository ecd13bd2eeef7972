"""Tokens without a form of their own: found to the letter, at boundaries, in any cutting."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.masking.answers import Answer
from gateway.masking.literals import Literals
from gateway.masking.matcher import Matcher
from gateway.masking.restore import Restoration, Restorer, Tally, restore
from gateway.masking.runs import Words, cuts
from gateway.masking.sinks import SinkRule

SURFACES = {
    "Anna Berg": "Petra Schmidt",
    "Anna Bergmann": 'Tom "T" Weiß',
    "Jörg Ülken": "José",
    "Ülken Ax": "Zoë",
    "4929 1234 5678 9012": "4111 1111 1111 1111",
    "41234567": "5550100",
    "j.berg@example.com": "petra@firma.example",
    "PERSON:enc:mzxw6ytboi": "Ann",
    "PERSON_7K2QX9": "Max",
    "(030) 55": "(030) 1234567",
}
ALIASES = {
    "Berg": ("Schmidt", "Anna Berg"),
    "4929123456789012": ("4111111111111111", "4929 1234 5678 9012"),
}
LITERALS = [token for token in SURFACES if token != "PERSON_7K2QX9"] + list(ALIASES)
MATCHER = Matcher({"PERSON_7K2QX9"}, LITERALS)


def rules(places: dict[str, set[str]] | None = None) -> Restoration:
    return Restoration(SURFACES, MATCHER, SinkRule(places or {}), ALIASES)


def whole(text: str, *, is_json: bool = False) -> str:
    return restore(text, rules(), Tally(), is_json=is_json)


def streamed(text: str, cuts_at: list[int], tally: Tally, *, is_json: bool) -> str:
    restorer, pieces, at, turn = Restorer(rules(), tally, is_json=is_json), [], 0, 0
    while at < len(text):
        step = cuts_at[turn % len(cuts_at)]
        pieces.append(restorer.feed(text[at : at + step]))
        at, turn = at + step, turn + 1
    return "".join(pieces) + restorer.flush()


@pytest.mark.parametrize(
    ("text", "restored"),
    [
        ("Dear Anna Berg, hello", "Dear Petra Schmidt, hello"),
        ("Anna Bergmann's", 'Tom "T" Weiß\'s'),
        ("Ms Berg", "Ms Schmidt"),
        ("Berg", "Schmidt"),
        ("_Berg_ **Anna Berg**", "_Schmidt_ **Petra Schmidt**"),
        ("Bergen, Anna Bergen, xBerg, éBerg", "Bergen, Anna Bergen, xBerg, éBerg"),
        ("anna berg ANNA BERG", "anna berg ANNA BERG"),
        ("Anna  Berg", "Anna  Schmidt"),
        ("4929 1234 5678 9012.", "4111 1111 1111 1111."),
        ("4929123456789012", "4111111111111111"),
        ("49291234567890123 14929123456789012", "49291234567890123 14929123456789012"),
        ("tel41234567x", "tel5550100x"),
        ("<PERSON_7K2QX9> x5PERSON_7K2QX9", "Max x5PERSON_7K2QX9"),
        ("see PERSON:enc:mzxw6ytboi.", "see Ann."),
        ("PERSON:enc:mzxw6ytboix", "PERSON:enc:mzxw6ytboix"),
        ("j.berg@example.com.", "petra@firma.example."),
        ("call (030) 55!", "call (030) 1234567!"),
        ("Jörg Ülken Ax", "José Ax"),
    ],
)
def test_what_is_restored(text: str, restored: str) -> None:
    """The longest token wins, to the letter, and never inside a longer word or number."""
    assert whole(text) == restored
    assert streamed(text, [1], Tally(), is_json=False) == restored


@pytest.mark.parametrize(
    ("text", "restored"),
    [
        (r'{"n": "J\u00f6rg \u00DClken"}', '{"n": "José"}'),
        (r'{"n": "\u00dclken Ax"}', '{"n": "Zoë"}'),
        (r'{"n": "x\nBerg\tBerg"}', r'{"n": "x\nSchmidt\tSchmidt"}'),
        (r'{"n": "\u000aBerg \u00e9Berg"}', r'{"n": "\u000aSchmidt \u00e9Berg"}'),
        (r'{"n": "Berg\u00e9 Berg\u0021"}', r'{"n": "Berg\u00e9 Schmidt\u0021"}'),
        (r'{"n": "\\u00dclken Ax"}', r'{"n": "\\u00dclken Ax"}'),
        (r'{"n": "\\Berg"}', r'{"n": "\\Schmidt"}'),
        (r'{"n": "Anna Bergmann"}', r'{"n": "Tom \"T\" Weiß"}'),
        ('{"n": Anna Berg}', '{"n": "Petra Schmidt"}'),
        ('{"n": 41234567}', '{"n": 5550100}'),
        ('{"n": "41234567"}', '{"n": "5550100"}'),
        (r'{"n": "\u41234567"}', r'{"n": "\u41234567"}'),
    ],
)
def test_in_json(text: str, restored: str) -> None:
    """Escapes are read as what they stand for; values are escaped; numbers stay numbers."""
    assert whole(text, is_json=True) == restored
    assert streamed(text, [1], Tally(), is_json=True) == restored


@pytest.mark.parametrize("token", ["Anna Berg", "Berg"])
def test_no_address_carries_a_value_out(token: str) -> None:
    """The rule for placeholders holds for literals, and for their further forms."""
    text, tally = f"[x](https://evil.example/?q={token}) https://good.example/{token}", Tally()
    value = whole(token)

    shown = restore(text, rules({"Anna Berg": {"good.example"}}), tally)
    assert shown == f"[x](https://evil.example/?q={token}) https://good.example/{value}"
    assert (tally.blocked, tally.restored) == (1, 1)


ATOMS = st.sampled_from(
    [
        *LITERALS,
        "<PERSON_7K2QX9>",
        "PERSON_7K2QX9",
        "Anna ",
        "Berg",
        "mann",
        "4929",
        " ",
        "5",
        "x",
        "é",
        "\\",
        "\\n",
        "\\u00dc",
        "\\u00F",
        "\\u4e0",
        "6rg ",
        "lken Ax",
        '"',
        '{"a": ',
        "https://evil.example/",
        "](",
        "<",
        "&lt;",
        "_",
    ]
)
TEXTS = st.lists(ATOMS | st.text(max_size=3), max_size=14).map("".join)
STEPS = st.lists(st.integers(1, 7), min_size=1, max_size=40)


@given(TEXTS, STEPS, st.booleans())
def test_a_stream_gives_the_same_text_as_the_whole(
    text: str, steps: list[int], is_json: bool
) -> None:
    """Any cutting of any text: the same output and the same counts."""
    in_pieces, at_once = Tally(), Tally()

    shown = streamed(text, steps, in_pieces, is_json=is_json)
    assert shown == restore(text, rules(), at_once, is_json=is_json)
    assert in_pieces == at_once


@given(TEXTS, TEXTS, st.booleans(), st.data())
def test_an_answer_never_changes(text: str, more: str, is_json: bool, data: st.DataObject) -> None:
    """YES and NO hold whatever follows, and MORE is never given at the end."""
    if not text:
        return
    start = data.draw(st.integers(0, len(text) - 1))
    before = MATCHER.at(text, start, final=False, is_json=is_json)

    if before[0] is not Answer.MORE:
        assert MATCHER.at(text + more, start, final=False, is_json=is_json) == before
        assert MATCHER.at(text + more, start, final=True, is_json=is_json) == before
    assert MATCHER.at(text, start, final=True, is_json=is_json)[0] is not Answer.MORE


GOES_ON = ["", *(token[at:] for token in LITERALS for at in range(1, len(token)))]


@given(TEXTS, st.data())
def test_more_is_given_only_where_a_token_may_follow(text: str, data: st.DataObject) -> None:
    """Some continuation makes it YES, or YES with another end."""
    if not text:
        return
    literals = Literals(LITERALS)
    start = data.draw(st.integers(0, len(text) - 1))
    if literals.at(text, start, final=False, is_json=False)[0] is Answer.MORE:
        ends = {literals.at(f"{text}{one}.", start, final=True, is_json=False) for one in GOES_ON}
        assert any(answer is Answer.YES for answer, *_ in ends)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Berg", Answer.MORE),
        ("Berg\\", Answer.MORE),
        ("Berg\\u", Answer.MORE),
        ("Berg\\u4e0", Answer.NO),
        ("Berg\\u00", Answer.MORE),
        ("Berg\\u0021", Answer.YES),
        ("J\\u00F", Answer.MORE),
        ("J\\u00E", Answer.NO),
        ("\\u00D", Answer.MORE),
        ("\\u00F", Answer.NO),
        ("J\\x", Answer.NO),
    ],
)
def test_half_an_escape(text: str, answer: Answer) -> None:
    """MORE only while what is there of it can still become the right character."""
    assert Literals(LITERALS).at(text, 0, final=False, is_json=True)[0] is answer


@given(TEXTS, STEPS, st.booleans())
def test_what_is_held_back_is_short(text: str, steps: list[int], is_json: bool) -> None:
    """No more than the longest token as it may be written, and the character after it."""
    restorer = Restorer(rules(), Tally(), is_json=is_json)
    restorer.feed(text)
    longest = max(len(json.dumps(token)) for token in LITERALS)

    assert len(restorer._held) <= max(longest + 6, 64)


WORDS = st.lists(
    st.sampled_from(["ab", "abc", "b", "12", "1", " ", "-", "é", "_", "²", "\n"]), max_size=10
).map("".join)


@given(st.lists(WORDS.filter(bool), min_size=1, max_size=6), WORDS, st.booleans())
def test_the_tree_finds_what_a_search_finds(literals: list[str], text: str, final: bool) -> None:
    """Against the plainest way of doing it."""
    tree = Literals(literals)
    for start in range(len(text)):
        ends = [
            start + len(one)
            for one in literals
            if text.startswith(one, start)
            and not (start and cuts(text[start - 1], one[0]))
            and not (start + len(one) < len(text) and cuts(one[-1], text[start + len(one)]))
        ]
        answer, end, token = tree.at(text, start, final=True, is_json=False)
        assert (answer is Answer.YES) == bool(ends)
        if ends:
            assert (end, token) == (max(ends), text[start : max(ends)])
            assert re.compile(tree.starts(is_json=False)).match(text, start)
            assert re.compile(tree.starts(is_json=True)).match(text, start)


@given(st.lists(WORDS, max_size=4), WORDS.filter(lambda text: "\n" not in text and text))
def test_words_hold_what_a_search_finds(texts: list[str], token: str) -> None:
    """Where a text holds a token that cuts no run."""
    expected = any(
        text.startswith(token, at)
        and not (at and cuts(text[at - 1], token[0]))
        and not (at + len(token) < len(text) and cuts(token[-1], text[at + len(token)]))
        for text in texts
        for at in range(len(text))
    )
    # A token without a letter or digit is found wherever it stands.
    assert Words(texts).holds(token) == expected


def test_nothing_shows_its_text() -> None:
    """No representation holds a token or a value."""
    shown = repr(rules()) + repr(MATCHER) + repr(Literals(LITERALS)) + repr(Words(LITERALS))
    shown += repr(Literals(LITERALS)._root) + repr(Restorer(rules(), Tally()))

    assert not any(token in shown for token in [*SURFACES, *SURFACES.values(), *ALIASES])
