"""People by context, role, signature and first name; not every capitalised word."""

from __future__ import annotations

import pytest

from gateway.detection.spans import disjoint, trimmed
from gateway.detection.structured.context import Reading
from gateway.detection.structured.first_names import FIRST_NAMES, is_first_name
from gateway.detection.structured.names import people


def names(text: str) -> list[str]:
    kept = (trimmed(span, text) for span in people(Reading(text)))
    spans = disjoint(span for span in kept if span is not None)
    return [text[span.start : span.end] for span in spans]


@pytest.mark.parametrize(
    "marked",
    [
        "Yesterday Mr. [Smith] called",
        "ask Herr Dr. [Müller] today",
        "Frau [von der Leyen] kam",
        "my name is [john smith] and I",
        "My name is [Zorblax], hello",
        "Dear [Anna],",
        "the patient [Xu Wong-Li] came",
        "Customer: [Quillon Zarrow] is upset",
        "Patient [Quillon Zarrow] is upset",
        "[Zorblax Quimby] <z@q.com>",
        "then [Zorblax Quimby] wrote: hi",
        "thanks\n\nBest regards,\n[Klaus Meier]\n",
        "we saw [Anna Schmidt] there",
        "we saw [JOHN SMITH] there",
        "[María José García Márquez] viene",
        "[Heidi Lane] and [Anna van der Berg]",
        "Will [Anna Schmidt] come?",
        "[Jose Martin] and [Jürgen Groß]",
    ],
)
def test_finds(marked: str):
    text = marked.replace("[", "").replace("]", "")
    expected = [part.partition("]")[0] for part in marked.split("[")[1:]]
    assert names(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Will You come? May The force. Mark This as done.",
        "Grace Period and Hope Street",
        "Hello World. Hi There. Dear Customer, Dear Sir or Madam,",
        "Paris Agreement, Victoria Station, New York City",
        "User Guide Manual, Customer Success Manager",
        "United States of America",
        "The Quick Brown Fox",
        "on Monday Morning in March",
        "name = None; name: String, surname = Undefined",
        "HTTP Not Found",
        "",
    ],
)
def test_leaves_alone(text: str):
    assert names(text) == []


def test_the_list_is_lower_case_and_knows_plain_letters():
    assert all(name == name.lower() for name in FIRST_NAMES)
    assert is_first_name("josé")
    assert is_first_name("jose")
    assert not is_first_name("report")
