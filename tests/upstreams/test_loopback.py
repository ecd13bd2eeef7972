"""The loopback upstream: what it echoes, and how unkindly it cuts its answers."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import UpstreamFailed
from gateway.settings import Upstream as Settings
from gateway.types import UpstreamClass
from gateway.upstreams.echo.common import PREFIX, recut
from gateway.upstreams.loopback import LoopbackUpstream

SETTINGS = Settings(name="loopback", kind="loopback", upstream_class=UpstreamClass.ON_PREM)
TOOL: Any = {
    "type": "function",
    "function": {
        "name": "look_up",
        "parameters": {
            "type": "object",
            "properties": {"limit": {"type": "integer"}, "query": {"type": "string"}},
        },
    },
}


class Masked:
    """What a masked request offers to an upstream."""

    def __init__(self, document: dict[str, Any], path: str = "/chat/completions") -> None:
        self.body = orjson.dumps(document)
        self.path = path
        self.stream = document.get("stream", False)
        self.model = document.get("model", "m")


def ask(content: Any, **fields: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": content}], **fields}


async def answer(document: dict[str, Any], path: str = "/chat/completions") -> list[bytes]:
    upstream = LoopbackUpstream(SETTINGS, clock=lambda: 1_000_000.5)
    reply = await upstream.send(Masked(document, path), "id1")  # type: ignore[arg-type]
    assert reply.is_stream is document.get("stream", False)
    pieces = [piece async for piece in reply.chunks()]
    await reply.aclose()
    await upstream.aclose()
    return pieces


async def whole(document: dict[str, Any]) -> dict[str, Any]:
    parsed: dict[str, Any] = orjson.loads(b"".join(await answer(document)))
    return parsed


async def events(document: dict[str, Any]) -> list[dict[str, Any]]:
    body = b"".join(await answer({**document, "stream": True}))
    *data, done, rest = body.split(b"\n\n")
    assert (done, rest) == (b"data: [DONE]", b"")
    return [orjson.loads(event.removeprefix(b"data: ")) for event in data]


def joined(stream: list[dict[str, Any]], index: int = 0) -> str:
    return "".join(
        choice["delta"].get("content") or ""
        for event in stream
        for choice in event["choices"]
        if choice["index"] == index
    )


async def test_it_echoes_the_last_user_message():
    document = ask("first")
    document["messages"] += [
        {"role": "assistant", "content": "no"},
        {"role": "user", "content": [{"type": "text", "text": "<PERSON_7K2QX9> "}, {"type": "x"}]},
    ]
    document["messages"][-1]["content"].append({"type": "text", "text": "ä"})
    body = await whole(document)
    assert body["choices"][0]["message"]["content"] == PREFIX + "<PERSON_7K2QX9> ä"
    assert body["choices"][0]["finish_reason"] == "stop"
    assert (body["id"], body["created"], body["model"]) == ("chatcmpl-id1", 1_000_000, "m")
    assert body["usage"]["total_tokens"] == (
        body["usage"]["prompt_tokens"] + body["usage"]["completion_tokens"]
    )


@given(text=st.text(max_size=80))
async def test_a_stream_says_the_same_as_the_whole(text: str):
    stream = await events(ask(text))
    assert joined(stream) == PREFIX + text
    assert stream[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert stream[-1]["choices"][0]["finish_reason"] == "stop"
    pieces = [event["choices"][0]["delta"]["content"] for event in stream[1:-1]]
    assert all(1 <= len(piece) <= 7 for piece in pieces)


async def test_the_bytes_cut_through_placeholders_characters_and_framing():
    text = "für <PERSON_7K2QX9> 日本語 " * 20
    pieces = await answer(ask(text, stream=True))
    assert pieces == await answer(ask(text, stream=True))  # by content alone
    assert not any(piece.count(b"PERSON_7K2QX9") for piece in pieces)
    assert any(piece.endswith(b"\n") and not piece.endswith(b"\n\n") for piece in pieces)

    def broken(piece: bytes) -> bool:
        try:
            piece.decode()
        except UnicodeDecodeError:
            return True
        return False

    assert any(broken(piece) for piece in pieces)
    assert len({len(piece) for piece in pieces}) > 10


@given(
    parts=st.lists(st.binary(max_size=50)), seed=st.binary(max_size=4), longest=st.integers(1, 99)
)
def test_recut_keeps_the_bytes(parts: list[bytes], seed: bytes, longest: int):
    pieces = list(recut(parts, seed, longest))
    assert b"".join(pieces) == b"".join(parts)
    assert all(1 <= len(piece) <= longest for piece in pieces)


async def test_usage_comes_in_a_chunk_of_its_own_if_asked_for():
    stream = await events(ask("x", stream_options={"include_usage": True}))
    assert stream[-1]["choices"] == []
    assert stream[-1]["usage"]["total_tokens"] > 0
    assert all(event["usage"] is None for event in stream[:-1])
    assert all("usage" not in event for event in await events(ask("x")))


async def test_several_choices():
    body = await whole(ask("x", n=3))
    assert [choice["index"] for choice in body["choices"]] == [0, 1, 2]
    stream = await events(ask("hello there", n=2))
    assert joined(stream, 0) == joined(stream, 1) == PREFIX + "hello there"


@pytest.mark.parametrize("n", [0, 129, "2", -1])
async def test_a_number_of_choices_out_of_bounds(n: Any):
    with pytest.raises(UpstreamFailed) as caught:
        await answer(ask("x", n=n))
    assert (caught.value.code, caught.value.status) == ("upstream_rejected", 400)


async def test_with_tools_it_calls_the_first_one():
    message = (await whole(ask('say "ä"', tools=[TOOL])))["choices"][0]["message"]
    call = message["tool_calls"][0]
    assert message["content"] is None
    assert call["function"]["name"] == "look_up"
    assert orjson.loads(call["function"]["arguments"]) == {"query": 'say "ä"'}


@given(text=st.text(max_size=60))
async def test_a_streamed_tool_call_says_the_same(text: str):
    stream = await events(ask(text, tools=[TOOL]))
    calls = [
        call for event in stream for call in event["choices"][0]["delta"].get("tool_calls", [])
    ]
    assert calls[0]["function"]["name"] == "look_up"
    assert {call["index"] for call in calls} == {0}
    arguments = "".join(call["function"]["arguments"] for call in calls)
    assert orjson.loads(arguments) == {"query": text}
    assert stream[-1]["choices"][0]["finish_reason"] == "tool_calls"


async def test_a_named_tool_is_the_one_that_is_called():
    other = {"type": "function", "function": {"name": "other"}}
    choice = {"type": "function", "function": {"name": "other"}}
    body = await whole(ask("x", tools=[TOOL, other], tool_choice=choice))
    call = body["choices"][0]["message"]["tool_calls"][0]["function"]
    assert call == {"name": "other", "arguments": "{}"}


async def test_no_tool_is_called_where_the_request_says_none():
    body = await whole(ask("x", tools=[TOOL], tool_choice="none"))
    assert body["choices"][0]["message"]["content"] == PREFIX + "x"


async def test_it_answers_by_a_schema():
    wanted = {"name": "n", "schema": TOOL["function"]["parameters"]}
    form = {"type": "json_schema", "json_schema": wanted}
    body = await whole(ask('a "b"', response_format=form))
    assert orjson.loads(body["choices"][0]["message"]["content"]) == {"query": 'a "b"'}
    body = await whole(ask("x", response_format={"type": "text"}))
    assert body["choices"][0]["message"]["content"] == PREFIX + "x"


async def test_after_the_tools_it_tells_their_results():
    document = ask("x", tools=[TOOL])
    document["messages"] += [
        {"role": "assistant", "tool_calls": []},
        {"role": "tool", "tool_call_id": "a", "content": "one"},
        {"role": "tool", "tool_call_id": "b", "content": [{"type": "text", "text": "two"}]},
    ]
    body = await whole(document)
    assert body["choices"][0]["message"]["content"] == PREFIX + "one\ntwo"


async def test_another_endpoint_is_refused():
    with pytest.raises(UpstreamFailed):
        await answer(ask("x"), "/embeddings")


async def test_a_closed_reply_ends():
    upstream = LoopbackUpstream(SETTINGS)
    reply = await upstream.send(Masked(ask("x" * 500, stream=True)), "id1")  # type: ignore[arg-type]
    got = 0
    async for _ in reply.chunks():
        got += 1
        await reply.aclose()
    assert got == 1


# ---- completions and embeddings ------------------------------------------------------------------


async def test_it_echoes_each_prompt_as_often_as_was_asked():
    document = {"model": "m", "prompt": ["<PERSON_7K2QX9>", "b"], "n": 2, "suffix": "!"}
    said = [PREFIX + text for text in ("<PERSON_7K2QX9>!", "<PERSON_7K2QX9>!", "b!", "b!")]
    answered = orjson.loads(b"".join(await answer(document, "/completions")))
    assert [one["text"] for one in answered["choices"]] == said
    streamed = {**document, "stream": True, "stream_options": {"include_usage": True}}
    *data, _ = b"".join(await answer(streamed, "/completions")).split(b"\n\n")
    chunks = [orjson.loads(one.removeprefix(b"data: ")) for one in data[:-1]]
    assert data[-1] == b"data: [DONE]"
    assert chunks[-1]["usage"] == answered["usage"]
    for index, text in enumerate(said):
        choices = [one for chunk in chunks for one in chunk["choices"] if one["index"] == index]
        assert "".join(one["text"] for one in choices) == text
        assert choices[-1]["finish_reason"] == "stop"


@given(st.text(max_size=20), st.integers(2, 300))
async def test_equal_texts_have_equal_vectors(text: str, size: int):
    document = {"model": "m", "input": [text, text, text + "!"], "dimensions": size}
    first, second, other = (
        one["embedding"]
        for one in orjson.loads(b"".join(await answer(document, "/embeddings")))["data"]
    )
    assert first == second != other
    assert len(first) == size
    assert abs(sum(one * one for one in first) - 1) < 1e-6


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/completions", {}), ("/completions", {"prompt": [1]}),
        ("/completions", {"prompt": "a", "n": 0}), ("/completions", {"prompt": "a", "n": 129}),
        ("/embeddings", {}), ("/embeddings", {"input": [1]}),
        ("/embeddings", {"input": "a", "dimensions": 0}),
        ("/embeddings", {"input": "a", "stream": True}),
    ],
)  # fmt: skip
async def test_what_cannot_be_echoed_elsewhere(path: str, fields: dict[str, Any]):
    with pytest.raises(UpstreamFailed):
        await answer({"model": "m", **fields}, path)
