"""What looks for disguises in a hurry never misses one that the careful reader finds."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.detection.structured.context import Reading
from gateway.detection.views.atdot import address_edits
from gateway.detection.views.blobs import blob_edits
from gateway.detection.views.escapes import escape_edits, hides_text
from gateway.detection.views.folding import fold_edits, is_disguised
from gateway.detection.views.joined import joined_edits, lettered_edits
from gateway.detection.views.spoken import spoken_edits
from gateway.detection.views.triggers import Triggers
from gateway.detection.views.view import View, edited

FRAGMENTS = st.sampled_from(
    ["one", "two", "double", "eins", "und", "zwanzig", "soixante", "-", " ", "  ", "\n", ", ",
     ". ",
     "…", "—", "·", "*", "_", "|", " | ", "4", "1", "44", "4111", "DE", "89", "a", "B", "é", "ü",
     "字", "at", "AT", "(at)", " @ ", "[@]", "dot", "[.]", ".", "com", "de", "anna", "arroba",
     "punto",
     "Sierra", "Mike", "Tango", "Hotel", "A wie Anton", "S as in Sam", "x-ray", "plus", "/"]
)  # fmt: skip
TEXT = st.lists(FRAGMENTS, max_size=24).map("".join)


def is_changed(text: str, edits: object) -> bool:
    return edited(View(text), edits, "joined")[0].text != text  # type: ignore[arg-type]


@settings(max_examples=500)
@given(TEXT)
def test_triggers_are_complete(text: str):
    triggers = Triggers(Reading(text))
    if is_changed(text, spoken_edits(text)):
        assert triggers.has_number_words()
    if is_changed(text, address_edits(text)):
        assert triggers.has_address_words()
    if is_changed(text, lettered_edits(text)):
        assert triggers.has_letters_apart()
    if is_changed(text, joined_edits(text)):
        assert triggers.has_numbers_apart()


@given(st.text(st.sampled_from("%&#;\\=xuU0140aF@nÄ "), max_size=40))
def test_triggers_of_escapes_are_complete(text: str):
    if is_changed(text, escape_edits(text)):
        assert Triggers(Reading(text)).has_escapes()
        assert hides_text(text) or "\\" in text or "+" in text


@given(st.binary(min_size=12, max_size=40), st.sampled_from(["", "字 ", "é"]))
def test_triggers_of_blobs_are_complete(raw: bytes, before: str):
    text = before + raw.hex() + " " + raw.hex(" ")
    if blob_edits(text):
        assert Triggers(Reading(text)).has_blobs()


@given(st.text(st.sampled_from("a4@.Ⅷ４ａ\u200b\u0301\u00a0–‑…é"), max_size=12))
def test_disguised_signs_inside_values_are_seen(text: str):
    for start, end, signs in fold_edits(text):
        if text[start - 1 : start] == "4" == text[end : end + 1] and signs != "...":
            assert is_disguised(text)


def test_no_text_in_the_repr():
    assert "secret" not in repr(Triggers(Reading("secret")))
