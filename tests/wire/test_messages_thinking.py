"""Signed blocks come back to their provider byte for byte, and only those that were sealed."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.types import Json
from gateway.wire.messages import parse
from gateway.wire.messages_thinking import Signed, kept, opened


def sealed(text: bytes) -> str:
    return "cr1." + text.hex()


def open_(text: str) -> bytes | None:
    return bytes.fromhex(text[4:]) if text.startswith("cr1.") else None


def request(*blocks: Json) -> dict[str, Json]:
    return {
        "model": "m",
        "messages": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": list(blocks)},
        ],
    }


def blocks(document: dict[str, Json]) -> Any:
    messages: Any = document["messages"]
    return messages[1]["content"]


@given(st.text(), st.none() | st.text(min_size=1), st.text())
def test_what_was_kept_is_put_back(text: str, signature: str | None, shown: str) -> None:
    """Whatever the client made of the thinking that it was shown."""
    seal = sealed(kept("thinking", text, signature))
    made = opened(
        request({"type": "thinking", "thinking": shown, "signature": seal, "more": 1}), open_
    )

    wanted: dict[str, Json] = {"type": "thinking", "thinking": text}
    if signature is not None:
        wanted["signature"] = signature
    assert orjson.loads(orjson.dumps(blocks(made))) == [wanted]
    assert isinstance(blocks(made)[0]["thinking"], Signed)


def test_a_summary_keeps_what_stands_beside_it() -> None:
    seal = sealed(kept("compaction", "was", "s"))
    given_back: dict[str, Json] = {
        "type": "compaction", "content": "is", "signature": seal, "encrypted_content": "e",
        "cache_control": {"type": "ephemeral"},
    }  # fmt: skip
    made = opened(request(given_back), open_)

    assert blocks(made) == [{**given_back, "content": "was", "signature": "s"}]


@pytest.mark.parametrize(
    "block",
    [
        "text",
        None,
        {"type": "text", "text": "x", "signature": sealed(kept("thinking", "a", "s"))},
        {"type": "thinking", "thinking": "x", "signature": "of the provider"},
        {"type": "thinking", "thinking": "x", "signature": None},
        {"type": "thinking", "thinking": "x"},
        {"type": ["thinking"], "thinking": "x", "signature": sealed(kept("thinking", "a", "s"))},
        {"type": "thinking", "thinking": "x", "signature": sealed(kept("compaction", "a", "s"))},
        {"type": "compaction", "content": "x", "signature": sealed(kept("thinking", "a", "s"))},
        {"type": "thinking", "thinking": "x", "signature": sealed(b"no JSON")},
        {"type": "thinking", "thinking": "x", "signature": sealed(b'{"thinking":1}')},
        {"type": "thinking", "thinking": "x", "signature": sealed(b"[]")},
    ],
)
def test_all_else_stays_as_it_is(block: Json) -> None:
    assert opened(request(block), open_) == request(block)


@pytest.mark.parametrize("document", [{}, {"messages": 1}, {"messages": [1, {"content": "x"}]}])
def test_what_is_no_request_stays_as_it_is(document: dict[str, Json]) -> None:
    assert opened(document, open_) == document


def test_what_was_opened_is_neither_read_nor_masked() -> None:
    """Not even its short numbers, which are looked for wherever JSON stands."""
    text = '{"customer": 4711}'
    block: dict[str, Json] = {"type": "thinking", "thinking": "shown", "signature": "?"}
    signed = {**block, "signature": sealed(kept("thinking", text, "Müller's mark"))}
    unsigned = {**block, "thinking": text}

    parsed = parse(opened(request(signed, {"type": "text", "text": text}), open_))
    assert {leaf.path[:4] for leaf in parsed.leaves if len(leaf.path) > 3} == {
        ("messages", 1, "content", 1)
    }
    assert [leaf.path[3] for leaf in parsed.short_numbers({"4711"})] == [1]
    assert parsed.document["messages"] != request(signed)["messages"]

    # Without a seal that opens, thinking is a text like any other.
    read = parse(opened(request(unsigned), open_))
    assert "customer" in {leaf.text for leaf in read.leaves}
    assert [leaf.path[-1] for leaf in read.short_numbers({"4711"})] == ["thinking"]


def test_a_signed_text_shows_nothing_of_itself() -> None:
    assert "secret" not in repr(Signed("secret"))
