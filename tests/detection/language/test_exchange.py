"""The languages of a request's texts: what is clear, what is not, and that texts cost once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detection.language.exchange import (
    RECOGNIZED,
    SHORTEST,
    LanguageReader,
    languages,
    samples,
)
from gateway.detection.language.guess import SUPPORTED
from gateway.settings import Detection
from gateway.types import LANGUAGES
from tests.detection.language.test_guess import SENTENCES

CLEAN = sorted((Path(__file__).parent / "clean").glob("*.txt"))
KEY = b"k" * 32
GERMAN = "Die Besprechung wurde verschoben, weil der Raum am Vormittag leider nicht frei ist."
FINNISH = "Kokous on siirretty torstaille, koska huone ei ole vapaa ennen kello kahtatoista."


@pytest.mark.parametrize(("code", "text"), SENTENCES)
def test_a_sentence(code: str, text: str):
    """And it does not become another one when it is said twice."""
    assert languages(text) <= {code}
    assert languages(f"{text}\n{text}") == {code}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Kokous on siirretty torstaille.",
        "Привет",
        "Ask Иван Петров about the meeting of last Thursday, and call me when you know.",
        "The café's naïve résumé — “voilà” — was not what Åse had in mind for the meeting.",
        "for (i = 0; i < n; i++) { a[i] = b[k - i] * s; } /* o(n) */ return a[n - 1] + c;",
        "0000 ca 7c 63 be 9b 9e 5a de df b9 33 cc 5b ca 91 db ac de ba ca fe ca da ee ca",
    ],
)
def test_what_is_not_taken_for_another_language(text: str):
    assert languages(text) <= SUPPORTED


def test_short_text_of_another_script_is_clear_enough():
    assert languages("会议改到星期四，因为会议室中午以前没有空。") == {"zh"}
    assert languages("Встреча перенесена на четверг.") == {"ru"}
    assert len("Встреча перенесена на четверг.") < SHORTEST


@pytest.mark.parametrize("file", CLEAN, ids=lambda one: one.name)
def test_code_logs_and_tables_are_no_other_language(file: Path):
    """A wrong guess would keep a request from being sent."""
    lines = file.read_text(encoding="utf-8").splitlines()
    for size in (1, 4, 20, len(lines)):
        for at in range(0, len(lines), size):
            assert languages("\n".join(lines[at : at + size])) <= SUPPORTED


def test_a_long_text_is_looked_at_in_three_places():
    english = "The meeting was moved because the room is not free before noon. " * 100
    finnish = FINNISH * 40
    assert languages(english) == {"en"}
    assert languages(finnish + english * 2) == {"en", "fi"}
    assert languages(english + finnish + english) == {"en", "fi"}
    assert languages(english * 2 + finnish) == {"en", "fi"}


@given(st.integers(0, 20_000))
def test_little_is_looked_at(length: int):
    looked_at = samples("x" * length)
    assert sum(map(len, looked_at)) == min(length, 6_000)


def test_what_the_detector_knows_is_said_once():
    assert SUPPORTED == LANGUAGES == set(Detection().languages)
    assert SUPPORTED < RECOGNIZED
    assert {code for code, _ in SENTENCES} <= RECOGNIZED


async def test_all_texts_together():
    reader = LanguageReader(KEY, 10)
    assert await reader.read([GERMAN, FINNISH, "too short", ""], "t") == {"de", "fi"}
    assert await reader.read([], "t") == frozenset()


async def test_a_text_that_was_seen_costs_nothing(monkeypatch: pytest.MonkeyPatch):
    looked: list[str] = []

    def counting(text: str) -> frozenset[str]:
        looked.append(text)
        return languages(text)

    monkeypatch.setattr("gateway.detection.language.exchange.languages", counting)
    reader = LanguageReader(KEY, 2)
    first = await reader.read([GERMAN, GERMAN, "short"], "t")
    again = await reader.read([GERMAN], "t")
    assert looked == [GERMAN]
    assert first == again == {"de"}
    await reader.read([GERMAN], "other tenant")
    assert looked == [GERMAN, GERMAN]
    await reader.read([FINNISH], "t")
    assert len(reader) == 2
    await reader.read([GERMAN], "t")  # the oldest one has been forgotten
    assert looked == [GERMAN, GERMAN, FINNISH, GERMAN]


async def test_much_text_is_read_apart():
    many = [f"{number} {GERMAN}" for number in range(2_000)]
    reader = LanguageReader(KEY, 0)
    assert await reader.read([*many, FINNISH], "t") == {"de", "fi"}
    assert len(reader) == 0


async def test_it_holds_no_text():
    reader = LanguageReader(KEY, 10)
    await reader.read([GERMAN], "t")
    assert "Besprechung" not in repr(vars(reader))


@pytest.mark.parametrize("key", [b"", b"short", b"k" * 65])
def test_a_key_of_the_wrong_length(key: bytes):
    with pytest.raises(ValueError, match="16 to 64 bytes"):
        LanguageReader(key, 1)
