"""Escapes and blobs say what they hide, and each sign leads back to its own escape."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detection.views.blobs import blob_edits
from gateway.detection.views.escapes import escape_edits, hides_text
from gateway.detection.views.normalize import views
from gateway.detection.views.view import View, edited


def read(text: str) -> str:
    return edited(View(text), escape_edits(text), "decoded")[0].text


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("J%C3%BCrgen", "Jürgen"),
        ("J%FCrgen", "Jürgen"),
        ("%F0%9F%98%80!", "😀!"),
        ("%u0041nna", "Anna"),
        ("a&#64;b &#x40; &commat; &#064", "a@b @ @ @"),
        ("M&uuml;ller &amp; S&ouml;hne", "Müller & Söhne"),
        ("&#0; &#xD800; &#99999999;", "\ufffd \ufffd \ufffd"),
        (r"\u004a\u00fcrgen", "Jürgen"),
        (r"\ud83d\ude00", "😀"),
        (r"\ud83d \ude00 \ud83d\u0041", "\ufffd \ufffd \ufffdA"),
        (r"\U0001F600 \u{1F600} \u{110000}", "😀 😀 \ufffd"),
        (r"\x4a\xc3\xbcrgen", "Jürgen"),
        (r"Name: Anna\nTel: 1", "Name: Anna\nTel: 1"),
        (r"https:\/\/x", "https://x"),
        ("anna=40example.com", "anna@example.com"),
        ("J=C3=BCrgen Schm=\nidt", "Jürgen Schmidt"),
        ("=?UTF-8?Q?J=C3=BCrgen_M?= x", "Jürgen M x"),
        ("=?iso-8859-1?Q?J=FCrgen?= x", "Jürgen x"),
        ("=?utf-8?B?QW5uYQ==?=", "Anna"),
        ("?name=Anna+Schmidt&b=%41", "?name=Anna Schmidt&b=A"),
    ],
)
def test_decodes(text: str, plain: str):
    assert read(text) == plain
    assert hides_text(text) or text.startswith("https")


@pytest.mark.parametrize(
    "text",
    ["100% of it", "a & b", "AT&T;", "&nosuchname;", "x = 40", "width=40", "====\nTitle\n====",
     "if a == b and c=2:", "1+1=2", "a=b+c", "%", "&#;", "\\", "=?utf-8?B?!?=", "c=3d"],
)  # fmt: skip
def test_leaves_alone(text: str):
    assert read(text) == text


@pytest.mark.parametrize(
    ("text", "hides"), [(r"C:\\x", True), (r"say \"hi\"", False), ("a\\", False)]
)
def test_what_hides_nothing_costs_no_view(text: str, hides: bool):
    assert hides_text(text) is hides


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=20))
def test_percent_encoding_of_anything_leads_back(value: str):
    text = f"<{quote(value, safe='')}>"
    view, _ = edited(View(text), escape_edits(text), "decoded")
    assert view.text == f"<{value}>"
    for at, sign in enumerate(value, 1):
        start, end = view.original(at, at + 1)
        assert text[start:end] in (quote(sign, safe=""), sign)


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=20))
def test_json_escapes_of_anything_lead_back(value: str):
    units = value.encode("utf-16-be")
    text = "".join(
        f"\\u{high:02x}{low:02x}" for high, low in zip(units[::2], units[1::2], strict=True)
    )
    view, _ = edited(View(text), escape_edits(text), "decoded")
    assert view.text == value
    assert view.original(0, len(value)) == (0, len(text))


@given(st.text(st.sampled_from("%&#;\\=xuU{}+?0140aF@n\r\n "), max_size=60))
def test_any_mess_of_escapes_is_read(text: str):
    view, _ = edited(View(text), escape_edits(text), "decoded")
    view.text.encode()
    ranges = [view.original(at, at + 1) for at in range(len(view.text))]
    assert ranges == sorted(ranges)
    assert all(0 <= start < end <= len(text) for start, end in ranges)


SECRET = "Anna Schmidt, anna@example.com"


@pytest.mark.parametrize(
    "blob",
    [
        base64.b64encode(SECRET.encode()).decode(),
        base64.b64encode("Jürgen Müller lebt in Köln, Straße 7".encode()).decode(),
        base64.b32encode(SECRET.encode()).decode(),
        base64.b32encode(SECRET.encode()).decode().lower(),
        SECRET.encode().hex(),
        SECRET.encode().hex().upper(),
        SECRET.encode().hex(":"),
        base64.b64encode((SECRET * 500).encode()).decode(),
        base64.encodebytes((SECRET * 10).encode()).decode().strip(),
    ],
)
def test_blobs(blob: str):
    text = f"see {blob}, thanks"
    ((start, end, signs),) = blob_edits(text)
    assert text[start:end] == blob
    assert signs.startswith(("Anna", "Jürgen"))


def test_the_line_after_a_blob_is_no_part_of_it():
    blob = base64.encodebytes((SECRET * 5).encode()).decode().rstrip("=\n")
    ((start, end, _),) = blob_edits(f"{blob}\nRegards")[:1]
    assert blob.startswith(f"{blob}\nRegards"[start:end][:60])


@pytest.mark.parametrize(
    "text",
    ["d41d8cd98f00b204e9800998ecf8427e", "internationalization/configuration",
     "/usr/local/lib/python3.11/site-packages", "snake_case_function_name_of_some_length",
     "4111111111111111", "123456789012345678901234567890", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
     "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk",
     "550e8400-e29b-41d4-a716-446655440000",
     "Donaudampfschifffahrtsgesellschaft", "a" * 10_000],
)  # fmt: skip
def test_what_is_no_text_is_no_blob(text: str):
    assert blob_edits(text) == []


def test_encodings_are_undone_two_deep_and_no_deeper():
    text = SECRET
    for depth in range(1, 4):
        text = base64.b64encode(text.encode()).decode()
        assert any(SECRET in view.text for view in views(text)) is (depth <= 2)
