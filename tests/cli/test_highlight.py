"""Texts for the terminal: offsets hold, and nothing in a text steers the terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cli import highlight


@given(st.text())
def test_safe_keeps_the_length_and_what_is_harmless(text: str):
    shown = highlight.safe(text)
    assert len(shown) == len(text)
    for before, after in zip(text, shown, strict=True):
        if before in "\n\t":
            assert after == before
            continue
        assert unicodedata.category(after) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}
        assert after == before or unicodedata.category(before)[0] in "CZ"


@pytest.mark.parametrize("hostile", ["\x1b[2J", "\x9b31m", "\u202e", "\u2066", "\r", "\x00"])
def test_nothing_steers_the_terminal(hostile: str):
    for shown in (
        highlight.findings(f"a{hostile}b", [(0, 1, "PERSON")]),
        highlight.placeholders(f"a{hostile}b"),
        highlight.values(f"a{hostile}b", [hostile]),
    ):
        assert hostile[0] not in shown.plain


def test_findings_are_marked_with_their_types():
    shown = highlight.findings("I am Anna, from Bonn.", [(16, 20, "LOCATION"), (5, 9, "PERSON")])
    assert shown.plain == "I am Anna[PERSON], from Bonn[LOCATION]."
    marked = {shown.plain[span.start : span.end] for span in shown.spans}
    assert marked == {"Anna", "[PERSON]", "Bonn", "[LOCATION]"}


def test_markup_in_a_text_is_text():
    assert highlight.findings("[red]x[/red]", []).plain == "[red]x[/red]"


def test_placeholders_are_marked_framed_and_bare():
    shown = highlight.placeholders("<PERSON_7K2QX9> and PERSON_7K2QX9 <b>", ["PERSON_7K2QX9"])
    marked = {shown.plain[span.start : span.end] for span in shown.spans}
    assert marked == {"<PERSON_7K2QX9>", "PERSON_7K2QX9"}


def test_values_are_marked_even_if_they_look_like_a_pattern():
    shown = highlight.values("a.b axb", ["a.b"])
    assert [shown.plain[span.start : span.end] for span in shown.spans] == ["a.b"]


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (("messages", 2, "content"), "messages[2].content"),
        (("metadata", "team"), "metadata.team"),
        ((), ""),
        (("messages", 0, "content", 1, "text"), "messages[0].content[1].text"),
    ],
)
def test_places(path: tuple[str | int, ...], shown: str):
    assert highlight.place(path) == shown


def test_an_entity_type_has_one_colour():
    assert highlight.hue("PERSON") == highlight.hue("PERSON")
    assert len({highlight.hue(name) for name in ("PERSON", "IBAN", "US_SSN", "EMAIL_ADDRESS")}) > 1
