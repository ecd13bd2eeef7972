"""Views undo disguises, and every span in a view leads back to what the sender wrote."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detection.views.folding import fold_edits
from gateway.detection.views.normalize import MAX_GROWTH, MAX_VIEWS, SLACK, views
from gateway.detection.views.view import View, edited

JUNK = ["\u200b", "\u200d", "\u00ad", "\u2060", "\ufe0f", "\u202d", "\u0301", "\u3164", "\u2800"]


def find(text: str, value: str) -> str | None:
    """What of `text` a view finds as `value`; None if no view holds it."""
    for view in views(text):
        at = view.text.find(value)
        if at >= 0:
            start, end = view.original(at, at + len(value))
            return text[start:end]
    return None


def test_ascii_is_read_once():
    assert views("plain text, 100 %") == (View("plain text, 100 %"),)


def test_accents_and_quotes_do_not_cost_a_second_reading():
    assert len(views("Müller sagt “nein”")) == 1


@pytest.mark.parametrize("junk", JUNK)
@pytest.mark.parametrize("at", range(1, 12))
def test_junk_inside_a_value_is_part_of_the_span(junk: str, at: int):
    value = "4111-1111-11"
    disguised = value[:at] + junk + value[at:]
    found = find(f"no. {disguised}!", value)
    assert found is not None
    assert value[0] == found[0]
    assert found.replace(junk, "") == value
    assert at == len(value) or junk in found


DIGIT_ZEROS = [
    chr(code)
    for code in range(0x110000)
    if unicodedata.category(chr(code)) == "Nd" and unicodedata.digit(chr(code)) == 0
]


def test_digits_of_all_scripts():
    assert len(DIGIT_ZEROS) >= 30
    for zero in DIGIT_ZEROS:
        disguised = "".join(chr(ord(zero) + int(digit)) for digit in "5105105105")
        assert find(f"x {disguised} y", "5105105105") == disguised


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("ｊｏ＠ｅｘ．ｃｏｍ", "jo@ex.com"),
        ("𝟜𝟙𝟙𝟙", "4111"),
        ("①②③", "123"),
        ("4️⃣1️⃣", "41"),
        ("ᴊᴏ@ᴇx", "jo@ex"),
        ("".join(chr(0xE0000 + ord(sign)) for sign in "a@b.c"), "a@b.c"),
        ("+49 30\u00a0901820", "+49 30 901820"),
        ("555‑1234", "555-1234"),
    ],
)
def test_other_ways_to_write_a_sign(text: str, value: str):
    assert find(text, value) == text


def test_right_to_left_override_is_read_as_it_is_seen():
    text = "card \u202e4321 8765\u202c ok"
    assert find(text, "5678 1234") == "4321 8765"


@pytest.mark.parametrize(
    ("text", "value", "found"),
    [
        ("to=jo%40ex.com&x", "jo@ex.com", "jo%40ex.com"),
        ("n=J%C3%BCrgen.", "Jürgen", "J%C3%BCrgen"),
        ("%E2%82", "\ufffd", "%E2%82"),
        ("100%25off", "%off", "%25off"),
    ],
)
def test_percent_encoding(text: str, value: str, found: str):
    assert find(text, value) == found


def test_percent_sign_alone_is_no_encoding():
    assert len(views("50% of 20%")) == 1


def test_invalid_bytes_are_not_lost():
    assert find("%C3%28x", "(x") == "%28x"


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("plain", []),
        ("ｊｏ", ["folded"]),
        ("4\u00a0111", ["retyped"]),
        ("2010–2012", ["retyped"]),
        ("Jo\u200bhn", ["folded"]),
        ("Pаypal", ["folded"]),
        ("\u202eabc", ["turned", "retyped"]),
        ("%41nna", ["decoded"]),
        ("%2541nna", ["decoded", "decoded"]),
        ("rot13 naan", ["decoded"]),
        ("A n n a", ["lettered"]),
        ("one two three", ["spoken"]),
        ("a at b dot com", ["spoken"]),
        ("4_1_1_1_1_1_1_1_1_1", ["joined"]),
        ("ｊｏ %41b A n n a one two three 4_1_1_1_1_1_1_1_1_1",
         ["folded", "decoded", "lettered", "spoken", "joined"]),
    ],
)  # fmt: skip
def test_kinds(text: str, kinds: list[str]):
    assert [view.kind for view in views(text)] == ["identity", *kinds]
    names = {"identity", "folded", "turned", "decoded", "lettered"}
    assert all(view.reads_names is (view.kind in names) for view in views(text))


@pytest.mark.parametrize(
    "text",
    [
        "Le prix\u00a0: 5\u202f€ «\u00a0oui\u00a0»… n’est-ce pas\u00a0?",
        "“Quotes” — dashes – and … dots, 5 m², ½, ™, №, 50 °C",
        "I ❤️ you 👨‍👩‍👧 👍🏽 🇩🇪 🇫🇷",
        "ファイル（テスト）、東京：ｶﾀｶﾅ",
        "हिन्दी में एक वाक्य",
        "می\u200cخواهم",
        "שָׁלוֹם עולם",
        "ภาษาไทย",
        "Việt Nam, İstanbul, Łódź",
        "Россия, Київ, Ελλάδα",
    ],
)
def test_honest_text_is_read_once(text: str):
    assert views(text) == (View(text),)


ANY = st.text(st.characters(codec="utf-8") | st.sampled_from(["%", "4", "0", *JUNK]), max_size=40)
PARTS = st.lists(
    st.sampled_from(
        ["one ", "two ", "%41", "&#64;", "\\x41", " at ", " dot com ", "A ", "n ", "а", "4_", "1, ",
         "\u202e", "\u202c", "\u200b", "e\u0301", "ｊ", "Ⅳ", "aGVsbG8gd29ybGQgZm9v ", "rot13 ",
         "\n",
         "DE89", "_3704", "字", "ﷺ", "ﬃ", "🇩🇪", "Sierra ", "x", "@", "."]
    ),
    max_size=40,
).map("".join)  # fmt: skip


@given(ANY | PARTS)
def test_maps_lie_inside_the_text_and_keep_its_order(text: str):
    for view in views(text):
        ranges = [view.original(at, at + 1) for at in range(len(view.text))]
        assert all(0 <= start < end <= len(text) for start, end in ranges)
        if view.kind != "turned":
            assert ranges == sorted(ranges)


@given(PARTS)
def test_what_is_read_again_is_bounded(text: str):
    for repeats in (1, 50):
        out = views(text * repeats)
        assert out[0] == View(text * repeats)
        assert len(out) <= MAX_VIEWS
        longest = max(len(view.text) for view in out)
        assert longest <= 3 * len(text * repeats)
        assert sum(len(view.text) for view in out) <= MAX_GROWTH * longest + SLACK
        assert all(view.text != out[0].text for view in out[1:])


def test_reading_may_be_stopped_before_each_view():
    text = "Ａnna%41 4*1*1*1*1*1*1*1*1*1*1*1*1*1*1*1 and (at) one one two"
    count = len(views(text)) - 1
    assert count >= 3

    class Stop(Exception):
        pass

    for allowed in range(count):
        left = iter([True] * allowed + [False])

        def between(left: Iterator[bool] = left) -> None:
            if not next(left):
                raise Stop

        with pytest.raises(Stop):
            views(text, between)


@given(ANY | PARTS)
def test_folding_twice_is_folding_once(text: str):
    once = edited(View(text), fold_edits(text), "folded")[0].text
    again = edited(View(once), fold_edits(once), "folded")[0].text
    assert edited(View(again), fold_edits(again), "folded")[0].text == again


def test_of_a_long_text_only_the_surroundings_are_read_again():
    plain = "Nothing to be seen here, and nothing to be read twice. " * 200
    text = f"{plain}Jo\u200bhn, one two three, %41nna{plain}"
    for view in views(text)[1:]:
        assert len(view.text) < 1_200
    assert find(text, "John") == "Jo\u200bhn"
    assert find(text, "123") == "one two three"
    assert find(text, "Anna") == "%41nna"


def test_the_last_view_undoes_all_even_where_others_are_left_out():
    text = (
        "ｊｏ %2541b A n n a one two three 4_1_1_1_1_1_1_1_1_1\n" * 300
    ) + "\u202eab\u202c rot13"
    out = views(text)
    assert len(out) < 6
    assert {"identity", "turned"} < {view.kind for view in out}
    assert "jo Ab Anna 123 411-111-1111" in out[-1].text
