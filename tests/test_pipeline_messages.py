"""The Messages API through the pipeline: signed thinking, and what policy says of answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.exchange import Caller
from gateway.masking.mask import MaskedRequest
from gateway.types import Subject
from gateway.upstreams.echo import messages as echo
from gateway.wire.families import MESSAGES
from tests.fakes import ScriptedReply
from tests.test_pipeline import CALLER, VALUES, World

NEW = "Zoe Quintero"
TOOL = {"name": "send", "input_schema": {"properties": {"to": {"type": "string"}}}}
BOTH = pytest.mark.parametrize("stream", [False, True])


def script(request: MaskedRequest, order: list[str]) -> ScriptedReply:
    """Echoes, cut into single bytes; to a question it answers with somebody of its own, too."""
    document = orjson.loads(request.body)
    last = document["messages"][-1]
    if isinstance(last["content"], str):
        last["content"] += f" And {NEW}."
    if not request.stream:
        return ScriptedReply([orjson.dumps(echo.whole(document, "req_1", 0))], order)
    body = b"".join(echo.events(document, "req_1", 0))
    pieces = [body[at : at + 1] for at in range(len(body))]
    return ScriptedReply(pieces, order, is_stream=True)


class Case(World):
    """A world that gives the blocks that the client has of an answer."""

    def __init__(self, folder: Path, answers: str) -> None:
        rule = "  - {name: rest, effect: mask}"
        super().__init__(
            folder, script, f"version: 1\nid: test\nanswers: {answers}\nrules:\n{rule}\n"
        )
        self.detector.values = {**VALUES, NEW: "PERSON"}

    async def told(self, history: list[Any], caller: Caller = CALLER, **fields: Any) -> list[Any]:
        raw = orjson.dumps({"model": "m", "messages": history, **fields})
        admitted = await self.pipeline.admit(raw, caller, MESSAGES)
        if not fields.get("stream"):
            return list(orjson.loads(await self.pipeline.complete(admitted))["content"])
        body = b"".join([block async for block in self.pipeline.stream(admitted)])
        assert body.endswith(b'event: message_stop\ndata: {"type":"message_stop"}\n\n')
        blocks: list[Any] = []
        for framed in body.split(b"\n\n")[:-1]:
            event = orjson.loads(framed.split(b"\ndata: ")[1])
            if event["type"] == "content_block_start":
                blocks.append({**event["content_block"], "partial_json": ""})
            for key, text in event.get("delta", {}).items():
                if event["type"] == "content_block_delta" and key != "type":
                    blocks[-1][key] += text
        for block in blocks:
            if given := block.pop("partial_json"):
                block["input"] = orjson.loads(given)
        return blocks

    @property
    def sent(self) -> Any:
        return orjson.loads(self.upstream.sent[-1].body)


def user(text: str = "I am Anna Schmidt.") -> dict[str, Any]:
    return {"role": "user", "content": text}


THINKING = {"thinking": {"type": "enabled", "budget_tokens": 1024}}


@BOTH
@pytest.mark.parametrize("shown", ["masked", "restored"])
async def test_thinking_goes_back_byte_for_byte(tmp_path: Path, shown: str, stream: bool) -> None:
    """Whether the client reads the values in it, and whatever policy makes of new data there."""
    case = Case(tmp_path, f"{{new_data: mask, thinking: {shown}}}")
    history = [user()]
    thought, said = await case.told(history, stream=stream, **THINKING)
    placeholder = case.sent["messages"][0]["content"].removeprefix("I am ").removesuffix(".")

    name = placeholder if shown == "masked" else "Anna Schmidt"
    assert thought["thinking"] == f"They sent: I am {name}. And [PERSON]."
    assert said["text"] == "I received: I am Anna Schmidt. And [PERSON]."

    history += [{"role": "assistant", "content": [thought, said]}, user("Go on.")]
    await case.told(history, stream=stream, **THINKING)
    went_back = case.sent["messages"][1]["content"][0]
    original = f"They sent: I am {placeholder}. And {NEW}."
    assert went_back == {
        "type": "thinking", "thinking": original, "signature": echo.signature(original),
    }  # fmt: skip


@pytest.mark.parametrize("other", [Subject("acme", "other app"), Subject("other-tenant", "app")])
async def test_what_was_sealed_opens_for_its_caller_alone(tmp_path: Path, other: Subject) -> None:
    """To others it is a text like any other: read, masked, and signed by nobody."""
    case = Case(tmp_path, "{thinking: restored}")
    thought, said = await case.told([user()], **THINKING)
    history = [user(), {"role": "assistant", "content": [thought, said]}, user()]
    case.upstream.script = lambda _, order: ScriptedReply([b'{"content":[]}'], order)
    await case.told(history, replace(CALLER, subject=other))

    block = case.sent["messages"][1]["content"][0]
    assert block["signature"] == thought["signature"]
    assert block["thinking"] != thought["thinking"]
    assert "Anna Schmidt" not in orjson.dumps(case.sent).decode()


@BOTH
@pytest.mark.parametrize(
    ("answers", "is_open"),
    [("{tools: [send]}", True), ("{tools: [other]}", False), ("{}", True)],
)
async def test_values_come_back_in_the_input_of_listed_tools_alone(
    tmp_path: Path, answers: str, is_open: bool, stream: bool
) -> None:
    case = Case(tmp_path, answers)
    (call,) = await case.told([user()], tools=[TOOL], stream=stream)

    assert call["name"] == "send"
    assert ("Anna Schmidt" in call["input"]["to"]) is is_open
    assert NEW in call["input"]["to"]
