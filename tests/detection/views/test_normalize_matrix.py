"""Every kind of value in every disguise: a view shows it, and the span leads back to all of it."""

from __future__ import annotations

import base64
import quopri
import re
from collections.abc import Callable
from urllib.parse import quote

import pytest

from gateway.detection.views.normalize import views

SEEDS = {
    "card": "4111111111111111",
    "phone": "+4930901820",
    "us_phone": "5552234567",
    "ssn": "536221234",
    "iban": "DE89370400440532013000",
    "email": "anna.schmidt@example.com",
}
DIGITS = [kind for kind in SEEDS if kind != "email"]
SPEECH = {
    "en": "zero one two three four five six seven eight nine plus",
    "de": "null eins zwei drei vier fünf sechs sieben acht neun plus",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf plus",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve más",
    "it": "zero uno due tre quattro cinque sei sette otto nove più",
    "nl": "nul een twee drie vier vijf zes zeven acht negen plus",
    "pt": "zero um dois três quatro cinco seis sete oito nove mais",
}
NATO = {"D": "Delta", "E": "Echo"}
MANY = (
    "\u200b\u200c\u200d\u00ad\u2060\ufeff\u180e\u200e\u200f\u2061\ufe0f\ufe00\u0301\u0336\u20e3"
    "\u3164\u2800"
)


def shifted(zero: int, upper: int = 0, lower: int = 0) -> Callable[[str], str]:
    """ASCII letters and digits moved to where another alphabet begins; 0: left as they are."""

    def disguise(value: str) -> str:
        out = ""
        for sign in value:
            if sign.isdigit() and zero:
                out += chr(zero + int(sign))
            elif sign.isupper() and upper:
                out += chr(upper + ord(sign) - ord("A"))
            elif sign.islower() and lower:
                out += chr(lower + ord(sign) - ord("a"))
            else:
                out += sign
        return out

    return disguise


def circled(first: int, zero: str) -> Callable[[str], str]:
    return lambda value: "".join(
        zero if sign == "0" else chr(first + int(sign) - 1) if sign.isdigit() else sign
        for sign in value
    )


def between(junk: str) -> Callable[[str], str]:
    return junk.join


GUISES: dict[str, Callable[[str], str]] = {
    "full width": lambda value: "".join(chr(ord(sign) + 0xFEE0) for sign in value),
    "bold": shifted(0x1D7CE, 0x1D400, 0x1D41A),
    "double-struck": shifted(0x1D7D8),
    "monospace": shifted(0x1D7F6, 0x1D670, 0x1D68A),
    "sans-serif bold italic": shifted(0, 0x1D63C, 0x1D656),
    "Arabic-Indic": shifted(0x660),
    "Persian": shifted(0x6F0),
    "Devanagari": shifted(0x966),
    "Bengali": shifted(0x9E6),
    "Thai": shifted(0xE50),
    "Khmer": shifted(0x17E0),
    "segmented": shifted(0x1FBF0),
    "subscript": shifted(0x2080),
    "circled": circled(0x2460, "\u24ea"),
    "negative circled": circled(0x2776, "\u24ff"),
    "double circled": circled(0x24F5, "0"),
    "sans-serif circled": circled(0x2780, "\U0001f10b"),
    "parenthesized": circled(0x2474, "0"),
    "with a full stop": circled(0x2488, "\U0001f100"),
    "Roman": circled(0x2160, "0"),
    "small Roman": circled(0x2170, "0"),
    "superscript": lambda value: value.translate(
        dict(zip(range(0x30, 0x3A), "⁰¹²³⁴⁵⁶⁷⁸⁹", strict=True))
    ),
    "keycap": lambda value: re.sub(r"(\d)", "\\1\ufe0f\u20e3", value),
    "circled letters": shifted(0, 0x24B6, 0x24D0),
    "squared letters": shifted(0, 0x1F130),
    "negative circled letters": shifted(0, 0x1F150),
    "negative squared letters": shifted(0, 0x1F170),
    "regional letters": shifted(0, 0x1F1E6),
    "parenthesized letters": shifted(0, 0x1F110, 0x249C),
    "tags": lambda value: "".join(chr(0xE0000 + ord(sign)) for sign in value),
    "small capitals": lambda value: value.translate(str.maketrans("aenmcdhilop", "ᴀᴇɴᴍᴄᴅʜɪʟᴏᴘ")),
    "Cyrillic": lambda value: value.translate(str.maketrans("aecopxsmtniE", "аесорхѕмтпіЕ")),
    "Greek": lambda value: value.translate(str.maketrans("aoEx", "αοΕχ")),
    "Armenian": lambda value: value.translate(str.maketrans("onhu", "օոհս")),
    "Cherokee": lambda value: value.translate(str.maketrans("DE", "ᎠᎬ")),
    "non-breaking hyphen": lambda value: "\u2011".join([value[:3], value[3:]]),
    **{f"U+{ord(sign):04X} between": between(sign) for sign in MANY},
    "percent": lambda value: "".join(f"%{ord(sign):02X}" for sign in value),
    "percent twice": lambda value: "".join(f"%25{ord(sign):02X}" for sign in value),
    "percent of a few": lambda value: quote(value, safe="").replace("1", "%31"),
    "decimal references": lambda value: "".join(f"&#{ord(sign)};" for sign in value),
    "hex references": lambda value: "".join(f"&#x{ord(sign):x};" for sign in value),
    "references without end": lambda value: "".join(f"&#{ord(sign):07}" for sign in value),
    "references twice": lambda value: "".join(f"&amp;#{ord(sign)};" for sign in value),
    "backslash u": lambda value: "".join(f"\\u{ord(sign):04x}" for sign in value),
    "backslash U": lambda value: "".join(f"\\U{ord(sign):08x}" for sign in value),
    "backslash x": lambda value: "".join(f"\\x{ord(sign):02x}" for sign in value),
    "backslash u in braces": lambda value: "".join(f"\\u{{{ord(sign):x}}}" for sign in value),
    "base64": lambda value: base64.b64encode(f"to {value} now".encode()).decode(),
    "base64url": lambda value: base64.urlsafe_b64encode(f"to {value} n?>".encode()).decode(),
    "base64 twice": lambda value: base64.b64encode(
        base64.b64encode(f"to {value} now".encode())
    ).decode(),
    "base64 without padding": lambda value: base64.b64encode(value.encode() + b" now")
    .decode()
    .rstrip("="),
    "base64 of utf-16": lambda value: base64.b64encode(
        f"to {value} now".encode("utf-16-le")
    ).decode(),
    "base64 of utf-16 with its mark": lambda value: base64.b64encode(
        f"to {value} now".encode("utf-16")
    ).decode(),
    "base64 of utf-16, big end first": lambda value: base64.b64encode(
        f"to {value} now".encode("utf-16-be")
    ).decode(),
    "hex of utf-16": lambda value: f"to {value} now".encode("utf-16-le").hex(),
    "base32": lambda value: base64.b32encode(f"to {value} now".encode()).decode(),
    "hex": lambda value: f"to {value} now".encode().hex(),
    "hex bytes": lambda value: f"to {value} now".encode().hex(" "),
    "hex with prefixes": lambda value: ", ".join(
        f"0x{byte:02x}" for byte in value.encode() + b" ok"
    ),
    "encoded word": lambda value: f"=?utf-8?B?{base64.b64encode(value.encode()).decode()}?=",
}  # fmt: skip
APART: dict[str, Callable[[str], str]] = {
    **{f"{sign!r} between": between(sign) for sign in ["*", "_", "~", "·", "#", "|", " | ", ", "]},
    "mixed": lambda value: "".join(
        sign + " -./"[at % 4] if at < len(value) - 1 else sign for at, sign in enumerate(value)
    ),
}
IN_LISTS = ("', ' between", "'|' between", "' | ' between")
LETTERS_APART: dict[str, Callable[[str], str]] = {
    **{f"{sign!r} between": between(sign) for sign in [" ", "*", "_", "~", "|", "/"]},
}


def shape(value: str) -> re.Pattern[str]:
    """The value as a pattern would look for it: grouped in any usual way."""
    return re.compile("[ .-]?".join(map(re.escape, value)))


def spans(text: str, value: str) -> list[str]:
    """What of the text each view finds as the value."""
    out = []
    for view in views(text):
        match = shape(value).search(view.text)
        if match:
            start, end = view.original(*match.span())
            out.append(text[start:end])
    return out


def check(value: str, disguised: str, *, blob: bool = False) -> None:
    for text in (disguised, f"write to: {disguised} today", f"über\n{disguised}\n"):
        found = spans(text, value)
        assert found, text
        assert disguised in found or (blob and disguised.rstrip("=") in found), (text, found)


@pytest.mark.parametrize("guise", GUISES)
@pytest.mark.parametrize("kind", SEEDS)
def test_every_value_in_every_guise(kind: str, guise: str):
    value = SEEDS[kind]
    disguised = GUISES[guise](value)
    check(value, disguised, blob=guise.startswith(("base", "hex")))


@pytest.mark.parametrize("guise", APART)
@pytest.mark.parametrize("kind", ["card", "us_phone", "ssn", "phone"])
def test_digits_with_a_separator_after_each(kind: str, guise: str):
    value = SEEDS[kind].lstrip("+")
    disguised = APART[guise](value)
    if len(value) < 12 and guise in IN_LISTS:
        # A short list of numbers is no identifier.
        assert spans(disguised, value) == []
    else:
        check(value, disguised)


@pytest.mark.parametrize("guise", LETTERS_APART)
@pytest.mark.parametrize("value", ["DE89370400440532013000", "annaschmidt", "Schmidt"])
def test_letters_with_a_separator_after_each(value: str, guise: str):
    check(value, LETTERS_APART[guise](value))


@pytest.mark.parametrize(
    "disguised",
    ["4111_1111_1111_1111", "4111 | 1111 | 1111 | 1111", "4111, 1111, 1111, 1111",
     "4111\n1111\n1111\n1111", "4111 |\n| 1111 |\n| 1111 |\n| 1111", "4111;1111;1111;1111",
     "41*11*11*11*11*11*11*11", "4111__1111--1111..1111", "4 1-1.1/1 1 1 1/1-1 1-1.1 1 1-1",
     "4111/1111/1111/1111", "4111\t1111\t1111\t1111"],
)  # fmt: skip
def test_groups_of_a_card(disguised: str):
    check("4111111111111111", disguised)


@pytest.mark.parametrize(
    ("value", "disguised"),
    [
        ("536221234", "536_22_1234"),
        ("536221234", "536*22*1234"),
        ("5552234567", "555|223|4567"),
        ("378282246310005", "3782_822463_10005"),
        ("DE89370400440532013000", "DE89_3704_0044_0532_0130_00"),
        ("DE89370400440532013000", "DE89|3704|0044|0532|0130|00"),
        ("DE89370400440532013000", "DE89, 3704, 0044, 0532, 0130, 00"),
        ("GB29NWBK60161331926819", "GB29/NWBK/6016/1331/9268/19"),
    ],
)
def test_groups_of_other_numbers(value: str, disguised: str):
    check(value, disguised)


@pytest.mark.parametrize("gap", [" ", ", ", " - ", "-", " … ", " — ", "\n", ". "])
@pytest.mark.parametrize("language", SPEECH)
@pytest.mark.parametrize("kind", DIGITS)
def test_values_in_words(kind: str, language: str, gap: str):
    words = SPEECH[language].split()
    value = SEEDS[kind]
    said = gap.join(
        NATO[sign] if sign in NATO else words[10 if sign == "+" else int(sign)] for sign in value
    )
    check(value, said)
    check(value, said.upper())


@pytest.mark.parametrize(
    "disguised",
    ["anna.schmidt (at) example dot com", "anna dot schmidt at example dot com",
     "anna.schmidt[at]example[dot]com", "anna [.] schmidt [@] example [.] com",
     "anna punto schmidt arroba example punto com",
     "anna punto schmidt chiocciola example punto com",
     "anna Punkt schmidt Klammeraffe example Punkt com",
     "anna punt schmidt apenstaartje example punt com",
     "anna point schmidt arobase example point com", "anna ponto schmidt arroba example ponto com",
     "anna.schmidt AT example DOT com", "a n n a . s c h m i d t @ e x a m p l e . c o m",
     "anna.schmidt @ example . com", "anna.schmidt{at}example{dot}com",
     "anna.schmidt&#64;example&period;com", "anna.schmidt=40example.com",
     "anna.schmidt&commat;example.com", "anna.schmidt%2540example.com",
     "anna.schmidt \u200b(at)\u200b example dot com"],
)  # fmt: skip
def test_an_address_in_words(disguised: str):
    check("anna.schmidt@example.com", disguised)


def test_quoted_printable():
    body = quopri.encodestring("Grüße an Jürgen, jürgen@example.com".encode() + b" x" * 40).decode()
    assert "=C3" in body
    for view in views(body)[1:]:
        match = re.search("Jürgen, jürgen@example.com", view.text)
        assert match is not None
        start, end = view.original(*match.span())
        assert body[start:end] == "J=C3=BCrgen, j=C3=BCrgen@example.com"


def test_rot13_is_read_where_it_is_named():
    assert spans("rot13: naan@rknzcyr.pbz", "anna@example.com") == ["naan@rknzcyr.pbz"]
    assert spans("naan@rknzcyr.pbz", "anna@example.com") == []


def test_disguises_one_over_another():
    assert spans("vier%20eins%20eins%20zwei", "4112") == ["vier%20eins%20eins%20zwei"]
    text = base64.b64encode("аnnа (at) example dot com".encode()).decode()
    assert spans(f"see {text}.", "anna@example.com") == [text]
