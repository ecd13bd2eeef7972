"""The Responses API through the pipeline: what policy says of an answer holds in all its events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.errors import PolicyDenied, RequestError, UpstreamFailed
from gateway.masking.mask import MaskedRequest
from gateway.upstreams.echo import responses as echo
from gateway.wire.families import RESPONSES
from tests.fakes import ScriptedReply
from tests.test_pipeline import CALLER, VALUES, World

NEW = "Zoe Quintero"
BOTH = pytest.mark.parametrize("stream", [False, True])


def policy(answers: str = "{}", more: str = "") -> str:
    rules = "rules:\n  - {name: rest, effect: mask}\n"
    return f"version: 1\nid: test\n{more}answers: {answers}\n{rules}"


def echoing(before: str) -> Any:
    """An upstream that says what it was sent, after something of its own."""

    def script(request: MaskedRequest, order: list[str]) -> ScriptedReply:
        asked = orjson.loads(request.body)
        given = asked["input"]
        asked["input"] = (before + given) if isinstance(given, str) else given
        if not request.stream:
            return ScriptedReply([orjson.dumps(echo.whole(asked, "id1", 5))], order)
        return ScriptedReply(list(echo.events(asked, "id1", 5)), order, is_stream=True)

    return script


class Case(World):
    """A world that tells what the client has of an answer, each time that it is told."""

    headers: dict[str, str]
    sent: dict[str, Any]

    async def told(self, text: Any = "Anna Schmidt", **fields: Any) -> list[Any]:
        """The texts of the answer: joined pieces first, where it comes in pieces."""
        raw = orjson.dumps({"model": "m", "input": text, **fields})
        admitted = await self.pipeline.admit(raw, CALLER, RESPONSES)
        self.sent = orjson.loads(admitted.masked.body)
        if not fields.get("stream"):
            answer = orjson.loads(await self.pipeline.complete(admitted))
            self.headers = admitted.headers()
            return [said(answer["output"][0])]
        events = []
        async for block in self.pipeline.stream(admitted):
            events += [orjson.loads(one.split(b"\ndata: ")[1]) for one in block.split(b"\n\n")[:-1]]
        self.headers = admitted.headers()
        ends = {one["type"]: one for one in events}
        whole = [one for name, one in ends.items() if name.endswith(".done")]
        texts = [one[key] for one in whole for key in ("text", "arguments") if key in one]
        parts = [one["part"]["text"] for one in whole if "part" in one]
        items = [one["item"] for one in whole if "item" in one]
        items += events[-1]["response"]["output"]
        pieces = "".join(one["delta"] for one in events if "delta" in one)
        return [pieces, *texts, *parts, *map(said, items)]

    @property
    def transform(self) -> Any:
        return self.sink.records[-1].transform


def said(item: dict[str, Any]) -> Any:
    return item["content"][0]["text"] if item["type"] == "message" else item["arguments"]


def case(tmp_path: Path, answers: str = "{}", before: str = "", more: str = "") -> Case:
    made = Case(tmp_path, echoing(before), policy(answers, more))
    made.detector.values = {**VALUES, NEW: "PERSON"}
    return made


@BOTH
async def test_a_value_is_restored_once_however_often_it_comes(
    tmp_path: Path, stream: bool
) -> None:
    """The events of a stream say a text five times; the record counts one."""
    world = case(tmp_path)
    told = await world.told(stream=stream)

    assert len(told) == (5 if stream else 1)
    assert set(told) == {"I received: Anna Schmidt"}
    assert "Anna" not in str(world.sent)
    assert world.transform.restored == 1


@BOTH
async def test_new_data_is_masked_alike_in_all_events(tmp_path: Path, stream: bool) -> None:
    """And counted once."""
    world = case(tmp_path, "{new_data: mask}", f"Ask {NEW}. Then ask again about ")
    told = await world.told(stream=stream)

    assert len(set(told)) == 1
    assert NEW not in told[0]
    assert told[0].endswith("about Anna Schmidt")
    assert world.headers["x-cloakroom-new-data"] == "PERSON=1"


@BOTH
async def test_new_data_is_flagged_once(tmp_path: Path, stream: bool) -> None:
    world = case(tmp_path, "{new_data: flag}", f"Ask {NEW} about ")
    told = await world.told(stream=stream)

    assert set(told) == {f"I received: Ask {NEW} about Anna Schmidt"}
    assert world.headers["x-cloakroom-new-data"] == "PERSON=1"


FUNCTION = {
    "type": "function", "name": "mail",
    "parameters": {"type": "object", "properties": {"to": {"type": "string"}}},
}  # fmt: skip


@BOTH
@pytest.mark.parametrize(("tools", "comes_back"), [("[mail]", True), ('["crm_*"]', False)])
async def test_values_come_back_in_the_arguments_of_listed_tools_alone(
    tmp_path: Path, stream: bool, tools: str, comes_back: bool
) -> None:
    world = case(tmp_path, f"{{tools: {tools}}}")
    told = await world.told(stream=stream, tools=[FUNCTION])

    assert len(set(told)) == 1
    assert (orjson.loads(told[0])["to"] == "Anna Schmidt") is comes_back
    assert world.transform.blocked_sinks == (0 if comes_back else 1)


@BOTH
async def test_figures_of_caches_can_be_hidden(tmp_path: Path, stream: bool) -> None:
    world = case(tmp_path, "{cached_tokens: hidden}")
    raw = orjson.dumps({"model": "m", "input": "a", "stream": stream})
    admitted = await world.pipeline.admit(raw, CALLER, RESPONSES)
    if stream:
        blocks = [block async for block in world.pipeline.stream(admitted)]
        answer = b"".join(blocks)
    else:
        answer = await world.pipeline.complete(admitted)

    assert b"input_tokens_details" in answer
    assert b"cache" not in answer.replace(b"prompt_cache", b"")


async def test_what_names_the_user_goes_out_as_a_hash(tmp_path: Path) -> None:
    world = case(tmp_path)
    await world.told(user="jane", safety_identifier="jane", prompt_cache_key="jane")

    assert "jane" not in str(world.sent)
    assert len({world.sent["user"], world.sent["safety_identifier"]}) == 1


async def test_nothing_is_stored_unless_policy_says_so(tmp_path: Path) -> None:
    """An answer that is not said to be stored would be."""
    world = case(tmp_path)
    await world.told()
    assert world.sent["store"] is False
    await world.told(store=True)
    assert world.sent["store"] is False


async def test_log_probabilities_are_refused_or_dropped(tmp_path: Path) -> None:
    """Of what is included, they alone."""
    asked = {"include": ["reasoning.encrypted_content", "message.output_text.logprobs"]}
    with pytest.raises(RequestError) as caught:
        await case(tmp_path).told(**asked, top_logprobs=2)
    world = case(tmp_path, more="handling: {logprobs: drop}\n")
    await world.told(**asked, top_logprobs=2)

    assert caught.value.code == "unsupported_parameter"
    assert world.sent["include"] == ["reasoning.encrypted_content"]
    assert "top_logprobs" not in world.sent


async def test_tools_of_the_provider_are_refused_off_the_premises(tmp_path: Path) -> None:
    world = case(tmp_path)
    await world.told(tools=[{"type": "web_search"}])
    world.external()
    with pytest.raises(PolicyDenied):
        await world.told(tools=[{"type": "web_search"}])


async def test_reasoning_goes_back_as_its_provider_sealed_it(tmp_path: Path) -> None:
    """Its summary is masked again, its sealed content is not touched."""
    world = case(tmp_path)
    reasoning = {
        "type": "reasoning", "id": "rs_" + "0a" * 20, "encrypted_content": "gAAAA" * 20,
        "summary": [{"type": "summary_text", "text": "Anna Schmidt asks."}],
    }  # fmt: skip
    await world.told([{"role": "user", "content": "Anna Schmidt"}, reasoning])
    sent = world.sent["input"]

    assert sent[1]["id"] == reasoning["id"]
    assert sent[1]["encrypted_content"] == reasoning["encrypted_content"]
    assert sent[1]["summary"][0]["text"] == f"{sent[0]['content']} asks."


@pytest.mark.parametrize(
    "event",
    [
        {"type": "error", "message": "canary"},
        {"type": "response.failed", "response": {"error": {"message": "canary"}}},
        {"type": "response.telepathy", "text": "canary"},
    ],
)
async def test_a_stream_that_fails_is_on_record_as_failed(
    tmp_path: Path, event: dict[str, Any]
) -> None:
    def script(request: MaskedRequest, order: list[str]) -> ScriptedReply:
        return ScriptedReply([b"data: " + orjson.dumps(event) + b"\n\n"], order, is_stream=True)

    world = case(tmp_path)
    world.upstream.script = script
    with pytest.raises(UpstreamFailed) as caught:
        await world.told(stream=True)

    assert "canary" not in str(caught.value)
    assert world.sink.records[-1].outcome == "failed"
