"""The echo of the Responses API: its streams and its whole answers say the same."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses import Response

from gateway.errors import UpstreamFailed
from gateway.upstreams.echo.common import PREFIX
from gateway.upstreams.echo.responses import events, whole

FUNCTION: dict[str, Any] = {
    "type": "function", "name": "f",
    "parameters": {"properties": {"n": {"type": "integer"}, "q": {"type": "string"}}},
}  # fmt: skip
CUSTOM: dict[str, Any] = {"type": "custom", "name": "c"}


def asked(given: Any, **fields: Any) -> dict[str, Any]:
    return {"model": "m", "input": given, **fields}


def item(document: dict[str, Any]) -> dict[str, Any]:
    answer: Any = whole(document, "id1", 5)
    Response.model_validate(answer)
    return dict(answer["output"][0])


def said(document: dict[str, Any]) -> str:
    return str(item(document)["content"][0]["text"])


def test_it_echoes_what_was_said_last() -> None:
    """The user, or the tools after it; a text or its parts."""
    parts = [{"type": "input_text", "text": "a"}, {"type": "input_image"}]
    user = {"role": "user", "content": parts}
    results = [{"type": "function_call_output", "output": one} for one in ("b", "c")]

    assert said(asked("a")) == PREFIX + "a"
    assert said(asked([user, {"role": "assistant", "content": "x"}])) == PREFIX + "a"
    assert said(asked([user, *results], tools=[FUNCTION])) == PREFIX + "b\nc"
    assert said(asked([])) == PREFIX


def test_it_calls_the_first_tool_or_the_one_that_is_named() -> None:
    both = {"tools": [{"type": "web_search"}, FUNCTION, CUSTOM]}

    assert item(asked("a", **both))["arguments"] == '{"q":"a"}'
    assert item(asked("a", **both, tool_choice={"type": "custom", "name": "c"}))["input"] == "a"
    assert said(asked("a", **both, tool_choice="none")) == PREFIX + "a"
    assert said(asked("a", tools=[{"type": "web_search"}])) == PREFIX + "a"


def test_it_answers_in_json_where_that_was_asked_for() -> None:
    wanted = {"format": {"type": "json_schema", "schema": FUNCTION["parameters"]}}

    assert said(asked("a", text=wanted)) == '{"q":"a"}'


@pytest.mark.parametrize("given", [None, 1, {}])
def test_what_is_no_request_is_refused(given: Any) -> None:
    with pytest.raises(UpstreamFailed) as caught:
        whole(asked(given), "id1", 5)

    assert caught.value.code == "upstream_rejected"


@given(st.text(max_size=40), st.sampled_from([[], [FUNCTION], [CUSTOM]]))
def test_a_stream_says_what_the_whole_answer_says(text: str, tools: list[Any]) -> None:
    """Its pieces are small, and its last event is the answer."""
    document = asked(text, tools=tools)
    read = [orjson.loads(one.split(b"\ndata: ")[1]) for one in events(document, "id1", 5)]
    pieces = [one["delta"] for one in read if "delta" in one]
    answer: Any = whole(document, "id1", 5)
    done = answer["output"][0]
    texts = [done[key] for key in ("arguments", "input") if key in done]

    assert "".join(pieces) == (texts or [said(document)])[0]
    assert all(0 < len(piece) <= 7 for piece in pieces)
    assert read[-1]["response"] == answer
    assert [one["sequence_number"] for one in read] == list(range(len(read)))
