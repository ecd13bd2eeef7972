"""The Messages API as the official SDK declares it: every type is known here, or refused by name.

A type or a field that a new version of the SDK brings makes these tests fail, not the gateway leak.
"""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import Any, get_args

import orjson
import pytest
from anthropic import types as stable
from anthropic.types import beta
from anthropic.types import message_count_tokens_params as stable_count
from anthropic.types import message_create_params as stable_create
from anthropic.types.beta import message_count_tokens_params as beta_count
from anthropic.types.beta import message_create_params as beta_create

from gateway.errors import RequestError, UpstreamFailed
from gateway.types import LeafKind
from gateway.wire.answers import AnswerContext, AnswerFacts, TextPlace, Thinking
from gateway.wire.messages import REFUSED, parse, parse_count
from gateway.wire.messages_answer import WholeCount, WholeMessage
from gateway.wire.messages_shapes import REFUSED_BLOCKS
from gateway.wire.messages_stream import MessagesStream
from tests.wire.messages_sdk import MOMENT, Examples, canaries

# What the SDK sends as headers, though it is told as a parameter.
HEADERS = {"betas", "user_profile_id", "workspace_id"}
# Of what an answer tells, what does not reach the client, and why.
DROPPED = {
    "fallback_credit": "fallbacks are refused",
    "fallback_credit_token": "fallbacks are refused",
    "fallback_has_prefill_claim": "fallbacks are refused",
    "model": "of the steps of an answer: the client is told the name that it asked for",
    "parsed_output": "the SDK makes it",
}
# Fields of which an answer gives ids and words of the protocol, and no free text.
_TOKENS = {
    "id", "tool_use_id", "tool_id", "file_id", "skill_id", "version", "stop_reason",
    "recommended_model", "inference_geo",
}  # fmt: skip
# Fields that only machines read: they go as they came.
_OPAQUE = {"signature", "data", "encrypted_content", "encrypted_index", "encrypted_stdout"}

REQUESTS = [
    (parse, stable_create.MessageCreateParamsStreaming),
    (parse, stable_create.MessageCreateParamsNonStreaming),
    (parse, beta_create.MessageCreateParamsStreaming),
    (parse_count, stable_count.MessageCountTokensParams),
    (parse_count, beta_count.MessageCountTokensParams),
]


def body(**fields: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": "hi"}], **fields}


def check_request(take_apart: Any, document: dict[str, Any], example: Any) -> None:
    """Every free text is read, every word of the protocol is known, and nothing is unknown."""
    parsed = take_apart(document)

    assert parsed.unknown == ()
    read = {leaf.text for leaf in parsed.leaves}
    hashed = {example["user_id"]} if isinstance(example, dict) and "user_id" in example else set()
    assert canaries(example) - hashed - {None} <= read | bytes_of(example)
    names = (LeafKind.KEY, LeafKind.IDENTIFIER, LeafKind.MODEL)
    prose = {leaf.text for leaf in parsed.leaves if leaf.kind not in names} - {"hi"}
    assert prose <= canaries(example)


def bytes_of(example: Any) -> set[str]:
    """What stands in an example for the bytes of an image or a document."""
    if isinstance(example, list):
        return set().union(*map(bytes_of, example))
    if not isinstance(example, dict):
        return set()
    held = {example["data"]} if example.get("type") == "base64" else set()
    return held.union(*map(bytes_of, example.values()))


def hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind, include_extras=True)


@pytest.mark.parametrize(("take_apart", "params"), REQUESTS)
def test_every_field_of_a_request_is_known(take_apart: Any, params: Any) -> None:
    known = 0
    for name, kind in hints(params).items():
        if name in HEADERS or name in ("model", "messages"):
            continue
        if name == "stream" and take_apart is parse_count:
            continue
        for example in Examples().of(kind):
            if name in REFUSED:
                with pytest.raises(RequestError) as caught:
                    take_apart(body(**{name: example}))
                code = "thread_unsupported_request" if name == "thread" else "unsupported_parameter"
                assert caught.value.code == code
            else:
                known += 1
                check_request(take_apart, body(**{name: example}), example)
    assert known > 20


MESSAGES = [
    *get_args(stable.MessageParam), beta.BetaUserMessageParam, beta.BetaAssistantMessageParam,
    beta.BetaSystemMessageParam,
]  # fmt: skip


@pytest.mark.parametrize("kind", MESSAGES)
def test_every_block_of_a_message_is_known(kind: Any) -> None:
    blocks = [
        block
        for content in Examples().of(hints(kind)["content"])
        for block in (content if isinstance(content, list) else [content])
    ]
    assert len(blocks) > 30 or "System" in kind.__name__
    for block in blocks:
        if isinstance(block, str) or block["type"] not in REFUSED_BLOCKS:
            content = [block] if isinstance(block, dict) else block
            check_request(parse, body(messages=[{"role": "user", "content": content}]), block)
    for example in Examples().of(kind):
        message = {**example, "content": "hi"}
        check_request(parse, body(messages=[message]), message)


def test_a_block_that_answers_cannot_hold_is_read_like_prose() -> None:
    for kind in REFUSED_BLOCKS:
        content = [{"type": kind, "to": {"model": "canary 1 text"}}]
        parsed = parse(body(messages=[{"role": "assistant", "content": content}]))

        assert parsed.has_media
        assert len(parsed.unknown) == 2
        assert "canary 1 text" in {leaf.text for leaf in parsed.leaves}


# ---- answers -------------------------------------------------------------------------------------


class Bird:
    """A filter that writes `bird` for `canary`, once a text has ended."""

    def __init__(self, place: TextPlace) -> None:
        self._text = ""
        self._ended = False

    def put(self, text: str) -> None:
        self._text += text

    def end(self) -> None:
        self._ended = True

    def ready(self) -> str:
        if not self._ended:
            return ""
        text, self._text = self._text, ""
        return text.replace("canary", "bird")


def context() -> AnswerContext:
    return AnswerContext(
        "m", "req_1", 1, False, True, Bird, lambda text: text,
        thinking=Thinking(lambda _: "sealed"),
    )  # fmt: skip


def as_sent(value: Any, key: str = "") -> Any:
    """An example with ids and words where the API gives these."""
    if isinstance(value, dict):
        return {name: as_sent(child, name) for name, child in value.items()}
    if isinstance(value, list):
        return [as_sent(child, key) for child in value]
    if isinstance(value, str) and value.startswith("canary "):
        if key == "retrieved_at":
            return MOMENT
        return value.replace(" ", "-") if key in _TOKENS else value
    return value


def differences(sent: Any, given: Any, place: str = "") -> Iterator[str]:
    """Where an answer is not what it was sent as, with its texts restored."""
    if isinstance(sent, dict) and isinstance(given, dict):
        for key, child in sent.items():
            if f"{place}.{key}" in (".model", ".message.model"):
                continue  # the client is told the name that it asked for
            renamed = key.replace("canary", "bird") if key.startswith("canary ") else key
            if renamed in given:
                yield from differences(child, given[renamed], f"{place}.{renamed}")
            elif key not in DROPPED and child is not None:
                yield f"{place}.{key} is dropped"
    elif isinstance(sent, list) and isinstance(given, list) and len(sent) == len(given):
        for one, other in zip(sent, given, strict=True):
            yield from differences(one, other, f"{place}[]")
    elif isinstance(sent, str) and " " in sent:
        as_it_was = {sent} if place.rsplit(".", 1)[-1] in _OPAQUE else set()
        if given not in as_it_was | {sent.replace("canary", "bird"), "sealed"}:
            yield f"{place} is not restored"
    elif given != sent:
        yield f"{place} is changed"


def blocks_of(kind: Any) -> list[dict[str, Any]]:
    return [as_sent(one) for one in Examples().of(kind.model_fields["content"].annotation)[0]]


@pytest.mark.parametrize("kind", [stable.Message, beta.BetaMessage])
def test_every_block_of_an_answer_is_restored_or_refused(kind: Any) -> None:
    blocks = blocks_of(kind)
    assert len({block["type"] for block in blocks}) >= 10
    for block in blocks:
        document = {"content": [block]}
        if block["type"] in REFUSED_BLOCKS:
            with pytest.raises(UpstreamFailed):
                WholeMessage(document, context(), AnswerFacts())
            continue
        given = WholeMessage(document, context(), AnswerFacts()).give()["content"][0]
        assert list(differences(block, given)) == []
        signed = block["type"] == "thinking" or (block["type"] == "compaction" and block["content"])
        if signed and block["signature"]:
            assert given["signature"] == "sealed"


@pytest.mark.parametrize("kind", [stable.Message, beta.BetaMessage])
def test_every_field_of_an_answer_is_given_or_dropped_by_name(kind: Any) -> None:
    examples = [as_sent({**one, "content": []}) for one in Examples().of(kind)]
    assert len(examples) > 5
    for example in examples:
        given = WholeMessage(example, context(), AnswerFacts()).give()
        assert list(differences(example, given)) == []


def test_every_field_of_a_count_is_given() -> None:
    for kind in (stable.MessageTokensCount, beta.BetaMessageTokensCount):
        for example in Examples().of(kind):
            given = WholeCount(example, context(), AnswerFacts()).give()
            assert list(differences(example, given)) == []


# ---- streams -------------------------------------------------------------------------------------


def run(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    stream = MessagesStream(context(), AnswerFacts())
    out = b""
    for event in events:
        stream.take(orjson.dumps(event))
        out += stream.give()
    return [orjson.loads(one.split(b"data: ")[1]) for one in out.split(b"\n\n") if one]


def alternatives(kind: Any) -> list[Any]:
    """The members of a union of the SDK's."""
    while not hasattr(kind, "model_fields"):
        found = [one for one in get_args(kind) if not isinstance(one, str)]
        if len(found) > 1 and all(hasattr(one, "model_fields") for one in found):
            return found
        kind = found[0]
    return [kind]


STREAMS = [stable.RawMessageStreamEvent, beta.BetaRawMessageStreamEvent]


@pytest.mark.parametrize("union", STREAMS)
def test_every_event_of_a_stream_is_known(union: Any) -> None:
    for kind in alternatives(union):
        name = get_args(kind.model_fields["type"].annotation)[0]
        if name.startswith("content_block"):
            continue  # below
        for example in map(as_sent, Examples().of(kind)):
            stream = MessagesStream(context(), AnswerFacts())
            assert stream.take(orjson.dumps(example)) is (name == "message_stop")
            out = stream.give() + (stream.last() if name == "message_stop" else b"")
            if name == "message_start":
                example["message"]["content"] = []
            assert list(differences(example, orjson.loads(out.split(b"data: ")[1]))) == []


@pytest.mark.parametrize("kind", [stable.Message, beta.BetaMessage])
def test_every_block_may_come_in_a_stream(kind: Any) -> None:
    """A block that comes whole in its first event is the same as in a whole answer."""
    for block in blocks_of(kind):
        start = {"type": "content_block_start", "index": 0, "content_block": block}
        stop = {"type": "content_block_stop", "index": 0}
        if block["type"] in REFUSED_BLOCKS:
            with pytest.raises(UpstreamFailed):
                run([start])
            continue
        events = run([start, stop])
        assert events[0]["type"] == "content_block_start"
        assert events[-1] == stop
        given = events[0]["content_block"]
        for event in events[1:-1]:
            for key, value in event["delta"].items():
                if key != "type":
                    given[key] = value
        assert list(differences(block, given)) == []


@pytest.mark.parametrize("kind", [stable.RawContentBlockDelta, beta.BetaRawContentBlockDelta])
def test_every_delta_is_known(kind: Any) -> None:
    begun = {
        "text_delta": {"type": "text", "text": "", "citations": None},
        "citations_delta": {"type": "text", "text": ""},
        "input_json_delta": {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}},
        "thinking_delta": {"type": "thinking", "thinking": "", "signature": ""},
        "signature_delta": {"type": "thinking", "thinking": "", "signature": ""},
        "compaction_delta": {"type": "compaction", "content": None, "encrypted_content": None},
    }
    found = [as_sent(example) for one in alternatives(kind) for example in Examples().of(one)]
    assert {one["type"] for one in found} <= begun.keys()
    for delta in found:
        start = {"type": "content_block_start", "index": 0, "content_block": begun[delta["type"]]}
        stop = {"type": "content_block_stop", "index": 0}
        told = [start, {"type": "content_block_delta", "index": 0, "delta": delta}, stop]
        merged: dict[str, Any] = {}
        for event in run(told)[1:-1]:
            if event["delta"]["type"] == delta["type"]:
                merged |= event["delta"]
        assert list(differences(delta, merged)) == []
