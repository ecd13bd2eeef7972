"""Leaves to texts and spans back to findings, over parts, keys and seams."""

from __future__ import annotations

import re

import pytest

from gateway.detection.segments import findings, segments
from gateway.types import Finding, Leaf, Span
from gateway.wire import messages, responses
from gateway.wire.chat import parse

TEXTS = {"input": "input_text", "messages": "text"}
MAIL = re.compile(r"[a-z.]+@[a-z]+\.com")
CARD = re.compile(r"(?<!\d)\d{4}(?: ?\d{4}){3}(?!\d)")
SECRET = re.compile(r"password: (\S+)")


def detect(leaves: tuple[Leaf, ...]) -> list[tuple[str, Finding]]:
    read = segments(leaves)
    spans = []
    for segment in read:
        of_segment = [
            Span(*m.span(), "EMAIL_ADDRESS", 1.0, "t") for m in MAIL.finditer(segment.text)
        ]
        of_segment += [
            Span(*m.span(), "CREDIT_CARD", 1.0, "t") for m in CARD.finditer(segment.text)
        ]
        of_segment += [Span(*m.span(), "SECRET", 1.0, "t") for m in SECRET.finditer(segment.text)]
        spans.append(sorted(of_segment, key=lambda span: span.start))
    return [
        (leaves[found.leaf].text[found.start : found.end], found)
        for found in findings(leaves, read, spans)
    ]


def chat(*messages: object) -> tuple[Leaf, ...]:
    return tuple(parse({"model": "m", "messages": list(messages)}).leaves)


def test_parts_of_one_message_are_one_text() -> None:
    """A value cut by a part's boundary is found, as fragments."""
    parts = [{"type": "text", "text": "I am ann@exa"}, {"type": "text", "text": "mple.com."}]
    found = detect(chat({"role": "user", "content": parts}))

    assert [text for text, _ in found] == ["ann@exa", "mple.com"]
    assert not any(one.whole for _, one in found)


def test_a_value_split_at_every_place_over_two_messages_is_found() -> None:
    """Over neighbours, and over a role's own next message."""
    value = "4111 1111 1111 1111"
    for at in range(1, len(value)):
        left, right = value[:at], value[at:]
        if right.startswith(" "):
            continue
        for between in ([], [{"role": "assistant", "content": "Go on."}]):
            messages = [
                {"role": "user", "content": f"card {left}"},
                *between,
                {"role": "user", "content": f"{right} thanks"},
            ]
            found = detect(chat(*messages))
            assert [text for text, _ in found] == [left, right], (left, bool(between))


@pytest.mark.parametrize(
    ("parse_any", "field"), [(responses.parse, "input"), (messages.parse, "messages")]
)
def test_it_is_found_in_every_conversation(parse_any, field: str) -> None:
    said = [
        {"role": "user", "content": "card 4111 1111"},
        {"role": "assistant", "content": "Go on."},
        {"role": "user", "content": [{"type": TEXTS[field], "text": "1111 1111 thanks"}]},
    ]
    parsed = parse_any({"model": "m", "max_tokens": 9, field: said})
    assert [text for text, _ in detect(tuple(parsed.leaves))] == ["4111 1111", "1111 1111"]


def test_texts_that_stand_side_by_side_are_no_conversation() -> None:
    leaves = (Leaf(("input", 0), "card 4111 1111 "), Leaf(("input", 1), "1111 1111 thanks"))
    assert len(segments(leaves)) == 2


def test_a_seam_adds_nothing_to_what_is_known() -> None:
    """The last word of a message is not drawn into the address that opens the next one."""
    found = detect(
        chat({"role": "user", "content": "Write to ann"}, {"role": "user", "content": "bob@x.com"})
    )

    assert [text for text, _ in found] == ["bob@x.com"]


def test_a_key_is_context_and_only_its_value_is_meant() -> None:
    """A finding that reaches over a key and its value is the value's."""
    found = detect(
        chat({"role": "tool", "content": '{"password": "hunter22"}', "tool_call_id": "c"})
    )

    assert [(text, one.whole) for text, one in found] == [("hunter22", True)]


def test_a_stray_member_between_parts_hides_nothing() -> None:
    """A value split over two parts of which one carries more than its text."""
    first = {"type": "text", "text": "card 4111 1111", "cache_control": {"type": "ephemeral"}}
    parts = [first, {"type": "text", "text": " 1111 1111 thanks"}]

    found = detect(chat({"role": "user", "content": parts}))
    assert [text for text, _ in found] == ["4111 1111", " 1111 1111"]


def url_with_mail(text: str) -> list[Span]:
    """One address, in which a mail address stands."""
    return [
        Span(
            *m.span(), "URL", 1.0, "t",
            parts=(
                Span(*m.span(), "URL", 1.0, "t"),
                Span(*m.span(1), "EMAIL_ADDRESS", 0.9, "t"),
            ),
        )
        for m in re.finditer(r"https://x/([a-z]+@[a-z]+\.com)", text)
    ]  # fmt: skip


def test_what_stands_in_a_finding_is_placed_with_it() -> None:
    parts = [{"type": "text", "text": "Look: "}, {"type": "text", "text": "at https://x/a@b.com"}]
    leaves = chat({"role": "user", "content": parts})
    read = segments(leaves)
    (found,) = findings(leaves, read, [url_with_mail(one.text) for one in read])

    text = leaves[found.leaf].text
    assert [(text[one.start : one.end], one.entity_type) for one in found.parts] == [
        ("https://x/a@b.com", "URL"),
        ("a@b.com", "EMAIL_ADDRESS"),
    ]


def test_what_stands_in_a_finding_over_several_leaves_is_placed_by_itself() -> None:
    parts = [{"type": "text", "text": "at https:"}, {"type": "text", "text": "//x/a@b.com"}]
    leaves = chat({"role": "user", "content": parts})
    read = segments(leaves)
    found = findings(leaves, read, [url_with_mail(one.text) for one in read])

    assert [
        (leaves[one.leaf].text[one.start : one.end], one.entity_type, one.whole) for one in found
    ] == [
        ("https:", "URL", False),
        ("//x/a@b.com", "URL", False),
        ("a@b.com", "EMAIL_ADDRESS", True),
    ]
