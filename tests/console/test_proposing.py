"""What becomes of feedback: an entry that does what was meant, and a line that can be measured."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.console.judging import Judged, check, judged, lists_of
from gateway.console.proposing import (
    ListsOf,
    Said,
    Stretch,
    Verdict,
    acts,
    entry_of,
    labelled,
    occurrences,
    patch,
    rendered,
    right_ones,
    with_entry,
)
from gateway.console.reading_feedback import encoded, listed, read_said
from gateway.errors import RequestError
from gateway.settings import Detection, ListEntry

VALUES = st.text(
    st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1, max_size=40
).filter(str.strip)
TYPES = st.sampled_from(["PERSON", "IBAN", "PROJECT_X"])
ENTRIES = st.builds(
    lambda text, kind, tenant: ListEntry(text=text, entity_type=kind, tenant=tenant),
    VALUES,
    TYPES,
    st.sampled_from([None, "acme"]),
)
LISTS = st.builds(
    ListsOf, st.lists(ENTRIES, max_size=4).map(tuple), st.lists(ENTRIES, max_size=4).map(tuple)
)


def said(verdict: Verdict, value: str, text: str = "", tenant: str = "acme") -> Said:
    return Said(verdict, "PERSON", tenant, value, text)


def patience() -> Callable[[], float]:
    return lambda: 10.0


@given(LISTS, VALUES, st.sampled_from(Verdict))
def test_what_is_written_is_read_as_it_was_meant(lists: ListsOf, value: str, verdict: Verdict):
    proposed = with_entry(lists, said(verdict, value))
    assert check(proposed) == proposed
    assert all(line.isprintable() for line in rendered(proposed).splitlines())


@given(LISTS, VALUES, st.sampled_from(Verdict))
def test_a_proposal_adds_one_entry_and_changes_no_other(
    lists: ListsOf, value: str, verdict: Verdict
):
    proposed = with_entry(lists, said(verdict, value))
    mine, other = ("allow", "deny") if verdict is Verdict.WRONG else ("deny", "allow")
    before: tuple[ListEntry, ...] = getattr(lists, mine)
    entry = entry_of(said(verdict, value))
    assert getattr(proposed, mine) == (before if entry in before else (*before, entry))
    assert getattr(proposed, other) == getattr(lists, other)


@pytest.mark.parametrize(
    ("value", "text", "works"),
    [
        ("Anna", "", True),
        ("Anna", "Call Anna, please", True),
        ("Anna", "Call Annabelle", False),  # a piece of a word
        ("Anna Schmidt", "Anna Schmidt!", True),
        ("+49 30", "call +49 30", True),
        ("x" * 500, "", True),
    ],
)
@pytest.mark.parametrize("verdict", Verdict)
def test_whether_an_entry_does_what_was_meant_is_known(
    value: str, text: str, works: bool, verdict: Verdict
):
    assert acts(said(verdict, value, text), patience()) is works
    found = judged(said(verdict, value, text), ListsOf())
    assert bool(found.problem) is not works


def test_what_stands_in_the_configuration_is_not_proposed_again():
    entry = entry_of(said(Verdict.WRONG, "Anna"))
    found: Judged = judged(said(Verdict.WRONG, "Anna"), ListsOf((entry,)))
    assert (found.stands, found.change.what) == (True, "the same")


def test_nobody_sees_other_tenants_entries_in_a_comparison():
    entries = tuple(ListEntry(text=one, tenant=one or None) for one in ("acme", "globex"))
    everybody = ListEntry(text="everybody's")
    lists = lists_of(Detection(allow=(*entries, everybody), deny=entries), {"acme"}.__contains__)
    assert lists == ListsOf((entries[0],), (entries[0],))


def test_a_patch_shows_what_is_added():
    lists = ListsOf((ListEntry(text="Example Ltd"),))
    assert patch(lists, said(Verdict.WRONG, 'a "b"')) == (
        "--- detection in force\n+++ detection proposed\n@@ -1,3 +1,4 @@\n detection:\n   allow:\n"
        '     - {text: "Example Ltd"}\n'
        '+    - {text: "a \\"b\\"", entity_type: "PERSON", tenant: "acme"}\n'
    )


TEXT = "Anna met Bert, and Anna left for Ulm"
FOUND = (Stretch(0, 4, "PERSON"), Stretch(9, 13, "PERSON"), Stretch(33, 36, "LOCATION"))


def test_what_is_wrong_is_taken_out_wherever_it_stands_and_nothing_else():
    found = (*FOUND, Stretch(19, 23, "PERSON"))
    assert right_ones(Verdict.WRONG, "PERSON", "Anna", TEXT, found) == FOUND[1:]
    assert right_ones(Verdict.WRONG, "LOCATION", "Anna", TEXT, found) == found


def test_what_was_missed_takes_the_place_of_what_it_overlaps():
    made = right_ones(Verdict.MISSED, "PERSON", "Anna left", TEXT, FOUND)
    assert made == (FOUND[0], FOUND[1], Stretch(19, 28, "PERSON"), FOUND[2])
    assert right_ones(Verdict.MISSED, "ID", "Anna met", TEXT, FOUND)[0] == Stretch(0, 8, "ID")


@given(st.text("ab", max_size=30), st.text("ab", min_size=1, max_size=3))
def test_occurrences_are_where_the_value_stands(text: str, value: str):
    found = occurrences(text, value)
    assert all(text[a:b] == value for a, b in found)
    assert all(one[1] <= two[0] for one, two in pairwise(found))
    assert bool(found) is (value in text)


def test_a_labelled_line_needs_somebody_who_says_that_the_rest_is_right():
    form = {"verdict": "missed", "entity_type": "IBAN_CODE", "value": "Bert", "text": TEXT}
    form["findings"] = listed(FOUND)
    assert labelled("fb-1", read_said(form, "acme")) == b""
    line = json.loads(labelled("fb-1", read_said({**form, "others": "1", "language": "en"}, "a")))
    assert line["text"] == TEXT
    assert line["lang"] == "en"
    assert [(one["start"], one["end"], one["label"]) for one in line["spans"]] == [
        (0, 4, "PERSON"),
        (9, 13, "IBAN"),
        (33, 36, "LOCATION"),
    ]


def test_the_findings_of_a_text_stand_where_they_stood_whatever_ends_its_lines():
    text = "one\r\n\u202eAnna\u200b"
    form = {"text64": encoded(text), "wrong": "5:9:PERSON"}
    assert read_said(form, "acme").value == "Anna"


BAD = [
    {"verdict": "right"},
    {"entity_type": "person"},
    {"entity_type": ""},
    {"value": "x" * 501},
    {"value": "a\0b"},
    {"text": "the text says nothing of it"},
    {"text": "x" * 50_001},
    {"text64": "\N{SNOWMAN}"},
    {"text64": "/w=="},
    {"wrong": "0:99:PERSON", "text": "Anna"},
    {"wrong": "4:0:PERSON", "text": "Anna"},
    {"wrong": "one", "text": "Anna"},
    {"text": "Anna", "others": "1", "findings": "0:99:PERSON"},
    {"text": "Anna", "others": "1", "findings": "0:1:PERSON " * 2001},
]


@pytest.mark.parametrize("form", BAD, ids=range(len(BAD)))
def test_what_says_nothing_is_refused_unquoted(form: dict[str, str]):
    good = {"verdict": "wrong", "entity_type": "PERSON", "value": "Anna"}
    assert read_said(good, "acme").value == "Anna"
    with pytest.raises(RequestError) as refused:
        read_said(good | form, "acme")
    assert "Anna" not in refused.value.message
