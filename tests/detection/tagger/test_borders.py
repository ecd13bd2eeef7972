"""What belongs to an entity behind its last token."""

from __future__ import annotations

import pytest

from gateway.detection.tagger.borders import grown, named
from gateway.detection.tagger.plausible import COMMON_BITS, NAME_BITS


@pytest.mark.parametrize(
    ("text", "entity_type", "value", "whole"),
    [
        ("Mon fils a 5 ans et", "AGE", "5", "5 ans"),
        ("a nineteen-year-old apprentice", "AGE", "nineteen", "nineteen-year-old"),
        ("he is 40 years old now", "AGE", "40", "40 years old"),
        ("er ist 40 Jahre alt.", "AGE", "40", "40 Jahre alt"),
        ("5 anseres", "AGE", "5", "5"),
        ("at 6.52 p.m. the lights", "DATE_TIME", "6.52 p.m", "6.52 p.m."),
        ("am 24.11. kommt", "DATE_TIME", "24.11", "24.11."),
        ("On 24.11. It", "DATE_TIME", "24.11", "24.11."),
        ("v 24.11.x", "DATE_TIME", "24.11", "24.11"),
        ("on friday night we", "DATE_TIME", "friday", "friday night"),
        ("on friday nightly", "DATE_TIME", "friday", "friday"),
        ("a Turkish national lives", "NRP", "Turkish", "Turkish national"),
        ("a Turkish nationalist", "NRP", "Turkish", "Turkish"),
        ("the Turkish national", "LOCATION", "Turkish", "Turkish"),
    ],
)
def test_grows_over_what_belongs_to_it(text: str, entity_type: str, value: str, whole: str):
    start = text.index(value)
    assert text[start : grown(text, start + len(value), entity_type)] == whole


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("called Ahmed", "Ahmed"),
        ("dumbass mo", "dumbass mo"),
        ("van Dyck", "van Dyck"),
        ("lil Wayne", "lil Wayne"),
        ("Elizabeth I", "Elizabeth I"),
        ("I", "I"),
        ("called", "called"),
        ("anna Schmidt", "anna Schmidt"),
    ],
)
def test_a_name_is_without_the_words_around_it(words: str, name: str):
    bits = {"called": COMMON_BITS, "dumbass": COMMON_BITS, "van": COMMON_BITS}
    known = {**bits, "anna": COMMON_BITS | NAME_BITS}
    tokens = words.split()
    first, last = named(tokens, (0, len(tokens)), lambda at: known.get(tokens[at], 0))
    assert tokens[first:last] == name.split()


@pytest.mark.parametrize(("behind", "size"), [("think so", 1), ("of England", 2), ("was", 2)])
def test_a_writers_i_is_no_part_of_a_name(behind: str, size: int):
    tokens = ["Emily", "I", *behind.split()]
    assert named(tokens, (0, 2), lambda _: 0) == (0, size)
