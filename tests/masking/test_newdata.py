"""New data in answers: masked whole under any cutting, before tokens come back, JSON intact."""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from collections.abc import Sequence
from html import unescape
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.detection.spans import disjoint
from gateway.detection.views.normalize import views
from gateway.masking.matcher import Matcher
from gateway.masking.newdata import (
    LONGEST,
    MARGIN,
    WINDOW,
    FlaggingFilter,
    MaskingFilter,
    cut_around,
    tokens_in,
)
from gateway.masking.restore import Restoration, Restorer, Tally
from gateway.masking.sinks import SinkRule
from gateway.types import Span

CANARIES = {
    "jane.roe@example.com": "EMAIL_ADDRESS",
    "4111 1111 1111 1111": "CREDIT_CARD",
    "DE89370400440532013000": "IBAN",
    "Zoë Quintero-Ünal": "PERSON",
}
SURFACES = {"PERSON_7K2QX9": "Anna Schmidt", "PERSON_8A1BC2": 'Bo "B" Berg', "5550177": "4155551"}
CORES = [one for one in SURFACES if "_" in one]


def surfaces() -> Restoration:
    known = {**SURFACES, "Tom Haas": "Rita Lang"}
    return Restoration(known, Matcher(CORES, ["5550177", "Tom Haas"]), SinkRule({}))


RULES = surfaces()


def canaries_in(text: str) -> tuple[Span, ...]:
    """What a detector that knows the canaries finds, through every encoding."""
    found = []
    for view in views(text):
        for canary, entity_type in CANARIES.items():
            for match in re.finditer(re.escape(canary), view.text):
                found.append(Span(*view.original(*match.span()), entity_type, 1.0, "canary"))
    return tuple(disjoint(found))


def replaced(entity_type: str, _: str) -> str | None:
    return f"[{entity_type}]"


class Run:
    """A filter with a detector before it."""

    def __init__(self, *, is_json: bool = False, rules: Restoration = RULES, **options: object):
        self.tally, self.found = Tally(), Counter[str]()
        self.texts: list[str] = []
        restorer = Restorer(rules, self.tally, is_json=is_json)
        replace = options.pop("replace", replaced)
        self.filter = MaskingFilter(
            restorer, rules, replace, self.found, is_json=is_json, **options  # type: ignore[arg-type]
        )  # fmt: skip

    def __call__(self, *pieces: str) -> str:
        out = ""
        for piece in pieces:
            self.filter.put(piece)
            out += self.step()
        self.filter.end()
        out += self.step()
        assert self.filter.is_done
        return out

    def step(self) -> str:
        text = self.filter.unread()
        if text:
            self.texts.append(text)
            self.filter.settle(canaries_in(text))
        return self.filter.ready()


def percent(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


def entities(text: str) -> str:
    return "".join(f"&#{ord(one)};" for one in text)


def units(text: str) -> str:
    return "".join(f"\\u{ord(one):04x}" for one in text)


def as_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def as_it_is(text: str) -> str:
    return text


ENCODINGS = [as_it_is, percent, entities, units, as_base64]
FILLERS = [
    "Hello", "see below", "It works fine. Then", "done!", "no (really)", "a\tb", "2024", "Prof. X",
    "über", "x < y & z", "word " * 70 + "end", "weiter\nunten", "日本語の文章。" * 5, "`code`",
]  # fmt: skip
TOKENS = {
    "<PERSON_7K2QX9>": "Anna Schmidt",
    "<person_8a1bc2>": 'Bo "B" Berg',
    "5550177": "4155551",
    "Tom Haas": "Rita Lang",
}


@st.composite
def answers(draw: st.DrawFn) -> list[tuple[str, str]]:
    """Pieces of an answer, each as the model writes it and as the client must see it."""
    pieces = []
    for _ in range(draw(st.integers(1, 9))):
        kind = draw(st.integers(0, 2))
        if kind == 0:
            text = draw(st.sampled_from(FILLERS))
            pieces.append((text, text))
        elif kind == 1:
            canary = draw(st.sampled_from(sorted(CANARIES)))
            pieces.append((draw(st.sampled_from(ENCODINGS))(canary), f"[{CANARIES[canary]}]"))
        else:
            token = draw(st.sampled_from(sorted(TOKENS)))
            pieces.append((token, TOKENS[token]))
    return pieces


def cut(text: str, cuts: Sequence[int]) -> list[str]:
    places = [0, *sorted(at % (len(text) + 1) for at in cuts), len(text)]
    return [text[a:b] for a, b in pairwise(places)]


CUTS = st.lists(st.integers(0, 10_000), max_size=30) | st.just(range(4_000))
GLUE = st.sampled_from([" ", ", ", " is ", ".\n", "! "])


@settings(max_examples=150, deadline=None)
@given(answers(), CUTS, GLUE)
def test_no_part_of_new_data_passes_however_the_text_is_cut(
    pieces: list[tuple[str, str]], cuts: Sequence[int], glue: str
) -> None:
    run = Run()
    text = glue.join(raw for raw, _ in pieces)

    assert run(*cut(text, cuts)) == glue.join(expected for _, expected in pieces)
    assert run.tally.restored == sum(raw in TOKENS for raw, _ in pieces)
    assert run.found.total() == sum(expected[:1] == "[" for _, expected in pieces)


@settings(max_examples=150, deadline=None)
@given(st.lists(answers(), min_size=1, max_size=4), CUTS, GLUE, st.booleans())
def test_json_stays_json(
    strings: list[list[tuple[str, str]]], cuts: Sequence[int], glue: str, in_list: bool
) -> None:
    """Escapes are read through, and never cut."""

    def raw(text: str) -> str:
        return text if "\\u" in text else json.dumps(text, ensure_ascii=False)[1:-1]

    literals = ['"' + raw(glue).join(raw(one) for one, _ in said) + '"' for said in strings]
    if in_list:
        text = "[" + ",".join(literals) + "]"
    else:
        text = "{" + ", ".join(f'"k{n}": {one}' for n, one in enumerate(literals)) + "}"
    out = json.loads(Run(is_json=True)(*cut(text, cuts)))

    expected = [glue.join(one for _, one in said) for said in strings]
    assert (out if in_list else list(out.values())) == expected


@settings(deadline=None)
@given(st.text(st.sampled_from('{}[]",:\\u0041 ne1<>.\nx'), max_size=400), CUTS)
def test_text_without_new_data_is_restored_as_ever(text: str, cuts: Sequence[int]) -> None:
    for is_json in (False, True):
        plain = Restorer(RULES, Tally(), is_json=is_json)
        expected = plain.feed(text) + plain.flush()
        if max(map(len, text.split() or [""])) < WINDOW - MARGIN:
            assert Run(is_json=is_json)(*cut(text, cuts)) == expected


@pytest.mark.parametrize("is_json", [False, True])
def test_a_run_that_is_too_long_to_be_read_is_masked_whole(is_json: bool) -> None:
    run = Run(is_json=is_json)
    code = "Zx8-" * 300
    pieces = ["Look: ", *cut(code, range(0, 1200, 7)), " and <PERSON_7K2QX9>. "]
    if is_json:
        pieces = ['{"a": "', *pieces, '", "n": 1}']

    out = run(*pieces)
    text = json.loads(out)["a"] if is_json else out
    assert text == "Look: [UNREADABLE] and Anna Schmidt. "
    assert run.found == {"UNREADABLE": 1}


def test_a_run_ends_with_its_literal() -> None:
    run = Run(is_json=True)
    digits = "12345678" * 50
    text = f'{{"a":"{"Q" * 500}","b":{digits},"c":[{digits}],"d":"jane.roe@example.com"}}'

    assert json.loads(run(*text)) == {
        "a": "[UNREADABLE]", "b": "[UNREADABLE]", "c": ["[UNREADABLE]"], "d": "[EMAIL_ADDRESS]",
    }  # fmt: skip


def test_a_long_token_is_no_unreadable_run() -> None:
    token = "PERSON:enc:" + "mzxw6ytb" * 60
    rules = Restoration({token: "Ada"}, Matcher((), [token]), SinkRule({}))

    assert Run(rules=rules)(*f"It is {token} again.") == "It is Ada again."


@pytest.mark.parametrize("is_json", [False, True])
def test_a_finding_without_an_end_takes_the_rest_of_its_text(is_json: bool) -> None:
    """So does a finding in a text that would not stop growing."""
    run = Run(is_json=is_json)
    text = "key: " + "line of it. \n" * 900 + "end"
    if is_json:
        text = json.dumps({"a": text, "b": "c"})
    start = text.index("line")
    for at in range(0, len(text), 50):
        run.filter.put(text[at : at + 50])
        unread = run.filter.unread()
        if unread:
            assert len(unread) <= LONGEST + 2 * WINDOW
            begun = unread.find("line") if at < LONGEST + start else -1
            found = [Span(begun, len(unread), "SECRET", 1.0, "x")] if begun >= 0 else []
            run.filter.settle(found)
    out = run.filter.ready() + run()

    assert (json.loads(out) if is_json else out) == (
        {"a": "key: [SECRET]", "b": "c"} if is_json else "key: [SECRET]"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"n": 4111111111111111, "b": true}', '{"n": "[CREDIT_CARD]", "b": true}'),
        ('{"4111111111111111": [4111111111111111]}', '{"[CREDIT_CARD]": ["[CREDIT_CARD]"]}'),
        ("no JSON: 4111111111111111.", 'no JSON: "[CREDIT_CARD]"'),
        ('{"a": "\\u0034111111111111111\\n"}', '{"a": "[CREDIT_CARD]\\n"}'),
    ],
)
def test_what_replaces_stays_json(text: str, expected: str) -> None:
    run = Run(is_json=True)
    run.filter.put(text)
    run.filter.end()
    found = [
        Span(match.start(), match.end(), "CREDIT_CARD", 1.0, "x")
        for match in re.finditer(r"(?:4|u0034)1{15}", run.filter.unread())
    ]
    run.filter.settle(found)

    assert run.filter.ready() == expected


def test_a_finding_over_structure_is_cut_at_it() -> None:
    run = Run(is_json=True)
    run.filter.put('{"name": "Ann Lee", "list": [1, 22], "more": "x"}')
    run.filter.end()
    run.filter.settle([Span(10, 35, "PERSON", 1.0, "x")])

    assert run.filter.ready() == (
        '{"name": "[PERSON]", "[PERSON]": ["[PERSON]", "[PERSON]"], "more": "x"}'
    )


def test_issued_tokens_are_never_new_and_cut_what_overlaps_them() -> None:
    text = "Dr <PERSON_7K2QX9> Lee, 5550177, x"
    tokens = tokens_in(text, RULES, is_json=False, final=True)
    spans = [Span(0, 22, "PERSON", 1.0, "x"), Span(24, 31, "PHONE_NUMBER", 1.0, "x")]

    assert [text[one[0] : one[1]] for one in tokens] == ["<PERSON_7K2QX9>", "5550177"]
    assert cut_around(spans, tokens, text) == [(0, 3, "PERSON"), (18, 22, "PERSON")]


def test_new_is_found_before_anything_is_restored() -> None:
    """A value that comes back is not read, and what replaces new data is not restored."""
    run = Run(replace=lambda *_: "Tom Haas <PERSON_7K2QX9>")

    out = run("<PERSON_7K2QX9> wrote jane.roe@example.com. ")

    assert out == "Anna Schmidt wrote Tom Haas <PERSON_7K2QX9>. "
    assert not any("Anna" in text for text in run.texts)
    assert (run.tally.restored, run.found) == (1, {"EMAIL_ADDRESS": 1})


def test_kept_types_are_counted_and_pass() -> None:
    run = Run(replace=lambda *_: None)

    assert run("a jane.roe@example.com b") == "a jane.roe@example.com b"
    assert run.found == {"EMAIL_ADDRESS": 1}


def test_what_replaces_is_given_the_value_and_made_fit() -> None:
    seen = []

    def own(entity_type: str, text: str) -> str:
        seen.append((entity_type, text))
        return 'a "b"\n'

    assert json.loads(Run(is_json=True, replace=own)('["' + units("Zoë Quintero-Ünal") + '"]')) == [
        'a "b"\n'
    ]
    assert Run(is_name=True, replace=own)("DE89370400440532013000") == "a__b__"
    assert seen == [("PERSON", "Zoë Quintero-Ünal"), ("IBAN", "DE89370400440532013000")]


def test_text_is_let_go_sentence_by_sentence() -> None:
    """And read again with what stands before it."""
    run = Run()
    given_so_far = []
    for word in "I see it clearly. So does Dr. Ames of St. Ives on 3. May there. Well".split(" "):
        run.filter.put(word + " ")
        given_so_far.append(run.step())

    assert [one for one in given_so_far if one] == [
        "I see it clearly.",
        " So does Dr. Ames of St. Ives on 3. May there.",
    ]
    assert run.texts[1].startswith("I see it clearly. So")


def test_a_line_of_code_is_no_end() -> None:
    """Base64 may be folded: what is split over its lines is found all the same."""
    code = as_base64("Please write to jane.roe@example.com about it, said the note.")
    folded = "\n".join(cut(code, range(60, len(code), 60)))
    run = Run()

    assert "[EMAIL_ADDRESS]" in (out := run(*f"See:\n{folded}\n."))
    assert not any(part in out for part in code.split())


@pytest.mark.parametrize("is_json", [False, True])
def test_flagging_counts_and_changes_nothing(is_json: bool) -> None:
    found = Counter[str]()
    restorer = Restorer(RULES, Tally(), is_json=is_json)
    flagging = FlaggingFilter(restorer, RULES, found, is_json=is_json)
    out = ""
    for letter in '["<PERSON_7K2QX9> knows jane.roe@example.com"]':
        flagging.put(letter)
        assert not flagging.unread()
        out += flagging.ready()
    flagging.end()
    text = flagging.unread()
    assert "<PERSON_7K2QX9>" in text
    flagging.settle([*canaries_in(text), Span(3, 16, "PERSON", 1.0, "x")])

    assert out + flagging.ready() == '["Anna Schmidt knows jane.roe@example.com"]'
    assert found == {"EMAIL_ADDRESS": 1}
    assert flagging.is_done


def test_nothing_of_the_text_is_in_a_repr() -> None:
    run = Run()
    run.filter.put("jane.roe@example.com")
    assert "jane" not in repr(run.filter)
    assert unescape(entities("é")) == "é"


def test_a_finding_that_grows_after_a_part_of_it_went_out_is_masked_to_its_end() -> None:
    """Once, where nothing stood between; anew, where its beginning was not known for one."""
    run = Run()
    run.filter.put("Ann Lee\n")
    run.filter.settle([Span(0, 7, "PERSON", 1.0, "x")])
    run.filter.put("Mei\nand so\nOn")
    run.filter.settle([Span(0, 11, "PERSON", 1.0, "x")])
    assert run.filter.ready() == "[PERSON]\nand so"

    run.filter.end()
    text = run.filter.unread()
    run.filter.settle([Span(text.index("so"), len(text), "SECRET", 1.0, "x")])
    assert run.filter.ready() == "[SECRET]"
    assert run.found == {"PERSON": 1, "SECRET": 1}


def test_no_escape_is_cut_where_a_finding_begins_inside_it() -> None:
    run = Run(is_json=True)
    run.filter.put('["a\\u00e9b! c')
    run.filter.settle([Span(6, 12, "PERSON", 1.0, "x")])

    assert run.filter.ready() == '["a'


# --- text that has waited for long ----------------------------------------------------------------


def hurry(run: Run, text: str) -> str:
    """What goes out of a text without an end that is looked at in a hurry after each character."""
    out = ""
    for letter in text:
        run.filter.put(letter)
        unread = run.filter.unread(hurried=True)
        if unread:
            run.filter.settle(canaries_in(unread), hurried=True)
        out += run.filter.ready()
    return out


ORDINARY = "it seems that nothing at all has come of this and so we went on with it for a while "


def test_a_long_sentence_comes_out_before_its_end_where_there_is_a_hurry() -> None:
    assert Run().filter.unread(hurried=True) == ""
    assert hurry(Run(), ORDINARY).startswith("it seems that nothing at all")
    slow = Run()
    slow.filter.put(ORDINARY)
    assert slow.filter.unread() == ""


def test_no_more_than_the_margin_and_a_few_words_is_held_in_a_hurry() -> None:
    for length in range(60, len(ORDINARY)):
        assert len(hurry(Run(), ORDINARY[:length])) > length - 32 - 24


@pytest.mark.parametrize("canary", sorted(CANARIES))
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_no_part_of_new_data_passes_in_a_hurry(canary: str, encoding) -> None:
    for before in ("", "so we did ", "so we did write to ", ORDINARY):
        out = hurry(Run(), f"{before}{encoding(canary)} {ORDINARY}")
        assert out.startswith(f"{before}[{CANARIES[canary]}] it seems")


def test_tokens_come_back_whole_in_a_hurry() -> None:
    for token, value in TOKENS.items():
        assert hurry(Run(), f"so it is {token} {ORDINARY}").startswith(f"so it is {value} it seems")
