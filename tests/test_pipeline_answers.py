"""What policy says of answers is carried out, in whole answers and in streams."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway import metrics
from gateway.detection.presidio import PresidioDetector
from gateway.errors import DetectionUnavailable, InternalError
from gateway.exchange import Admitted
from gateway.masking.mask import MaskedRequest
from gateway.settings import Detection
from gateway.wire.families import CHAT
from tests.fakes import ScriptedReply
from tests.test_pipeline import CALLER, VALUES, World

NEW = "Zoe Quintero"
BOTH = pytest.mark.parametrize("stream", [False, True])
Answer = Callable[[str], dict[str, Any]]


def policy(answers: str, effect: str = "effect: mask", more: str = "") -> str:
    rule = f"  - {{name: rest, {effect}}}"
    return f"version: 1\nid: test\n{more}answers: {answers}\nrules:\n{rule}\n"


def saying(answer: Answer) -> Callable[[MaskedRequest, list[str]], ScriptedReply]:
    """An upstream that answers with a message made of the masked last message, cut in pieces."""

    def script(request: MaskedRequest, order: list[str]) -> ScriptedReply:
        message = answer(orjson.loads(request.body)["messages"][-1]["content"])
        if not request.stream:
            whole = {"choices": [{"message": message}]}
            return ScriptedReply([orjson.dumps(whole)], order)
        events = [*deltas(message), b"[DONE]"]
        return ScriptedReply([b"data: " + one + b"\n\n" for one in events], order, is_stream=True)

    return script


def deltas(message: dict[str, Any]) -> list[bytes]:
    changes: list[dict[str, Any]] = [{"content": letter} for letter in message.get("content") or ""]
    for number, call in enumerate(message.get("tool_calls", ())):
        function = call["function"]
        first = {**call, "index": number, "function": {**function, "arguments": ""}}
        changes.append({"tool_calls": [first]})
        changes += [
            {"tool_calls": [{"index": number, "function": {"arguments": letter}}]}
            for letter in function["arguments"]
        ]
    return [orjson.dumps({"choices": [{"index": 0, "delta": one}]}) for one in changes]


def calling(*calls: tuple[str, str]) -> Answer:
    """An answer that calls tools; `¤` in the arguments stands for the masked message."""
    return lambda masked: {
        "tool_calls": [
            {"id": f"c{n}", "type": "function", "function": {"name": name, "arguments": said}}
            for n, (name, said) in enumerate(
                (name, arguments.replace("¤", masked)) for name, arguments in calls
            )
        ]
    }


async def given(world: World, admitted: Admitted, out: list[bytes]) -> None:
    if admitted.parsed.stream:
        async for block in world.pipeline.stream(admitted):
            out.append(block)
    else:
        out.append(await world.pipeline.complete(admitted))


class Told:
    """What a client has of an answer."""

    def __init__(self) -> None:
        self.content = ""
        self.calls: dict[int, str] = {}
        self.names: dict[int, str] = {}

    def take(self, message: dict[str, Any]) -> None:
        self.content += message.get("content") or ""
        for number, call in enumerate(message.get("tool_calls", ())):
            at = call.get("index", number)
            function = call["function"]
            self.calls[at] = self.calls.get(at, "") + function.get("arguments", "")
            self.names[at] = self.names.get(at, "") + function.get("name", "")


class Case(World):
    """A world that tells what the client has, and the headers."""

    headers: dict[str, str]

    async def told(self, text: str = "Anna Schmidt", **fields: Any) -> Told:
        raw = {"model": "m", "messages": [{"role": "user", "content": text}], **fields}
        admitted = await self.pipeline.admit(orjson.dumps(raw), CALLER, CHAT)
        told = Told()
        try:
            if fields.get("stream"):
                async for block in self.pipeline.stream(admitted):
                    for line in block.split(b"\n"):
                        if line.startswith(b"data: {"):
                            for choice in orjson.loads(line[6:])["choices"]:
                                told.take(choice["delta"])
            else:
                answer = orjson.loads(await self.pipeline.complete(admitted))
                told.take(answer["choices"][0]["message"])
        finally:
            self.headers = admitted.headers()
        return told

    @property
    def transform(self) -> Any:
        return self.sink.records[-1].transform


def case(
    tmp_path: Path, answers: str, answer: Answer, effect: str = "effect: mask", more: str = ""
) -> Case:
    made = Case(tmp_path, saying(answer), policy(answers, effect, more))
    made.detector.values = {**VALUES, NEW: "PERSON", "zoe@example.com": "EMAIL_ADDRESS"}
    return made


def text(made: str) -> Answer:
    return lambda masked: {"content": made.replace("¤", masked)}


@BOTH
async def test_values_come_back_in_the_arguments_of_listed_tools_alone(
    tmp_path: Path, stream: bool
) -> None:
    answer = calling(("crm_find", '{"a": "¤"}'), ("web_search", '{"a": "¤"}'))
    world = case(tmp_path, '{tools: ["crm_*"]}', answer)

    told = await world.told(stream=stream)

    assert orjson.loads(told.calls[0]) == {"a": "Anna Schmidt"}
    assert "Anna" not in told.calls[1]
    assert orjson.loads(told.calls[1])["a"].startswith("<PERSON_")
    assert (world.transform.restored, world.transform.blocked_sinks) == (1, 1)


@BOTH
async def test_a_tools_name_is_matched_as_the_caller_knows_it(tmp_path: Path, stream: bool) -> None:
    def answer(masked: str) -> dict[str, Any]:
        return calling((masked.strip("<>"), '{"a": "¤"}'))(masked)

    world = case(tmp_path, '{tools: ["Anna?Schmidt"]}', answer)
    told = await world.told(stream=stream)

    assert told.names[0] == "Anna Schmidt"
    assert orjson.loads(told.calls[0]) == {"a": "Anna Schmidt"}


@BOTH
async def test_content_is_restored_whatever_is_said_of_tools(tmp_path: Path, stream: bool) -> None:
    world = case(tmp_path, '{tools: [], paths: {"*": [/a]}}', text("Hi ¤."))

    assert (await world.told(stream=stream)).content == "Hi Anna Schmidt."


async def test_arguments_before_a_name_stay_masked(tmp_path: Path) -> None:
    def script(request: MaskedRequest, order: list[str]) -> ScriptedReply:
        masked = orjson.loads(request.body)["messages"][-1]["content"]
        functions = [
            {"arguments": f'{{"a": "{masked}", '},
            {"name": "crm"},
            {"arguments": f'"b": "{masked}"}}'},
        ]
        events = [
            orjson.dumps({"choices": [{"delta": {"tool_calls": [{"index": 0, "function": one}]}}]})
            for one in functions
        ]  # fmt: skip
        pieces = [b"data: " + one + b"\n\n" for one in [*events, b"[DONE]"]]
        return ScriptedReply(pieces, order, is_stream=True)

    world = case(tmp_path, "{tools: [crm]}", text(""))
    world.upstream.script = script
    told = await world.told(stream=True)

    assert "Anna" not in told.calls[0]
    assert world.transform.blocked_sinks == 2


@BOTH
async def test_values_come_back_below_the_listed_pointers_alone(
    tmp_path: Path, stream: bool
) -> None:
    said = '{"to": [{"name": "¤"}], "¤": "x", "note": "¤"}'
    answer = calling(("mail", said), ("other", said))
    world = case(tmp_path, "{paths: {mai*: [/to/*/name]}}", answer)

    told = await world.told(stream=stream)
    mail, other = orjson.loads(told.calls[0]), orjson.loads(told.calls[1])

    assert mail["to"] == [{"name": "Anna Schmidt"}]
    assert mail["note"].startswith("<PERSON_")
    assert "Anna Schmidt" not in mail
    assert other["note"] == other["to"][0]["name"] == "Anna Schmidt"
    assert world.transform.blocked_sinks == 2


@BOTH
async def test_listed_hosts_may_carry_values(tmp_path: Path, stream: bool) -> None:
    answer = text("https://crm.example/?q=¤ https://evil.example/?q=¤")
    world = case(tmp_path, "{hosts: [crm.example]}", answer)

    told = (await world.told(stream=stream)).content
    assert told.startswith("https://crm.example/?q=Anna Schmidt https://evil.example/?q=<PERSON_")


@BOTH
async def test_new_data_is_kept_unless_policy_says_otherwise(tmp_path: Path, stream: bool) -> None:
    """And then the answer is not read at all."""
    world = case(tmp_path, "{hosts: []}", text(f"¤ knows {NEW}."))

    assert (await world.told(stream=stream)).content == f"Anna Schmidt knows {NEW}."
    assert not any(NEW in one for one in world.detector.texts)
    assert world.transform.new_data is None
    assert "x-cloakroom-new-data" not in world.headers


@BOTH
async def test_new_data_is_flagged(tmp_path: Path, stream: bool) -> None:
    """On record; of a whole answer in a header too. Nothing changes, and no value is new twice."""
    answer = text(f"¤ knows {NEW}. And {NEW} has zoe@example.com, ¤")
    world = case(tmp_path, "{new_data: flag}", answer)

    told = await world.told(stream=stream)

    assert told.content == (
        f"Anna Schmidt knows {NEW}. And {NEW} has zoe@example.com, Anna Schmidt"
    )
    assert world.transform.new_data == {"PERSON": 2, "EMAIL_ADDRESS": 1}
    assert world.transform.restored == 2
    assert world.headers["x-cloakroom-new-data"] == "EMAIL_ADDRESS=1, PERSON=2"


OPERATORS = "{new_data: mask, operators: {EMAIL_ADDRESS: hash}}"


@BOTH
async def test_new_data_is_masked_and_issued_data_restored(tmp_path: Path, stream: bool) -> None:
    answer = text(f"¤ knows {NEW}. Then zoe@example.com writes; ¤")
    world = case(tmp_path, OPERATORS, answer)

    told = await world.told(stream=stream)

    head, _, tail = told.content.partition("EMAIL_ADDRESS:")
    assert head == "Anna Schmidt knows [PERSON]. Then "
    assert tail[32:] == " writes; Anna Schmidt"
    assert world.transform.new_data == {"PERSON": 1, "EMAIL_ADDRESS": 1}
    assert world.transform.restored == 2


@BOTH
async def test_new_data_is_masked_in_arguments_and_names(tmp_path: Path, stream: bool) -> None:
    answer = calling((f"ask {NEW}", f'{{"a": "{NEW}! ¤", "b": [1]}}'))
    world = case(tmp_path, "{new_data: mask}", answer)

    told = await world.told(stream=stream)

    assert orjson.loads(told.calls[0]) == {"a": "[PERSON]! Anna Schmidt", "b": [1]}
    assert told.names[0] == "ask _PERSON_"


@BOTH
async def test_a_tool_that_the_caller_has_is_not_new(tmp_path: Path, stream: bool) -> None:
    world = case(tmp_path, "{new_data: mask}", calling(("get_May", "{}")))
    world.detector.values = {}
    function = {"name": "get_May", "parameters": {}}
    raw = {"tools": [{"type": "function", "function": function}], "stream": stream}
    found = world.detector.detect

    async def detect(texts: Any, tenant: str) -> Any:
        world.detector.values = {"May": "DATE_TIME"} if list(texts) == ["get_May"] else {"-": "X"}
        return await found(texts, tenant)

    world.detector.detect = detect  # type: ignore[method-assign]
    assert (await world.told("Hi", **raw)).names[0] == "get_May"


@pytest.mark.parametrize("new_data", ["flag", "mask"])
@BOTH
async def test_an_answer_that_cannot_be_read_is_withheld(
    tmp_path: Path, new_data: str, stream: bool
) -> None:
    world = case(tmp_path, f"{{new_data: {new_data}}}", text(f"Hello there! {NEW} and more"))
    raw = {"model": "m", "messages": [{"role": "user", "content": "x"}], "stream": stream}
    admitted = await world.pipeline.admit(orjson.dumps(raw), CALLER, CHAT)
    world.detector.failure = RuntimeError("canary")
    out: list[bytes] = []

    with pytest.raises(DetectionUnavailable) as caught:
        await given(world, admitted, out)

    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert b"DONE" not in b"".join(out)
    assert new_data == "flag" or NEW.encode() not in b"".join(out)
    last = world.sink.records[-1]
    assert (last.type.value, last.error_code) == ("request.failed", "detection_unavailable")


async def test_an_operator_that_fails_says_nothing_of_the_text(tmp_path: Path) -> None:
    def own(value: str, entity_type: str) -> str:
        raise ValueError(value)

    world = case(tmp_path, "{new_data: mask}", text(NEW))
    raw = orjson.dumps({"model": "m", "messages": [{"role": "user", "content": "x"}]})
    admitted = await world.pipeline.admit(raw, CALLER, CHAT)
    rules = replace(
        admitted.carried_out.answers,
        default_operator=replace(admitted.carried_out.answers.default_operator, name="own"),
    )
    admitted = replace(admitted, carried_out=replace(admitted.carried_out, answers=rules))
    world.pipeline = replace(world.pipeline, operators={"own": own})

    with pytest.raises(InternalError) as caught:
        await world.pipeline.complete(admitted)
    assert NEW not in str(caught.value)


@BOTH
async def test_in_shadow_answers_are_given_as_they_come(tmp_path: Path, stream: bool) -> None:
    answers = '{new_data: mask, tools: [], paths: {"*": [/x]}}'
    world = case(tmp_path, answers, text(f"{NEW} ¤"), more="shadow: true\n")

    assert (await world.told(stream=stream)).content == f"{NEW} Anna Schmidt"
    assert world.transform.new_data is None


@pytest.mark.parametrize("answers", ["{new_data: flag}", "{new_data: mask}"])
@BOTH
async def test_no_new_value_is_in_logs_or_records(
    tmp_path: Path, answers: str, stream: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    world = case(tmp_path, answers, text(f"¤ knows {NEW}. "))
    await world.told(stream=stream)

    for part in NEW.split():
        assert part not in caplog.text
        assert part not in repr(world.sink.records)


REAL = {
    "jane.roe@example.com": "EMAIL_ADDRESS",
    "4111 1111 1111 1111": "CREDIT_CARD",
    "DE89 3704 0044 0532 0130 00": "IBAN",
}


@BOTH
async def test_the_real_detector_finds_what_is_new(tmp_path: Path, stream: bool) -> None:
    """Letter by letter, written out and in JSON escapes; a key is held from line to line."""
    key = (
        "-----BEGIN PRIVATE KEY-----\n"
        + "MIIEvQIBADANBgkqhkiG9w0B\n" * 20
        + "-----END PRIVATE KEY-----"
    )
    said = "Write to it: ¤. " + " and ".join(f"see {one} here!" for one in REAL) + f"\n{key}\nDone."
    answer = calling(("f", '{"to": "jane.roe\\u0040example.com", "n": 4111111111111111}'))
    world = case(tmp_path, "{new_data: mask}", lambda masked: {**text(said)(masked), **answer("")})
    detector = PresidioDetector(Detection(profile="patterns"))
    world.pipeline = replace(world.pipeline, detector=detector)
    try:
        told = await world.told("bob@example.org", stream=stream)
    finally:
        await detector.aclose()

    assert told.content == (
        "Write to it: bob@example.org. "
        + " and ".join(f"see [{one}] here!" for one in REAL.values())
        + "\n[PRIVATE_KEY]\nDone."
    )
    assert orjson.loads(told.calls[0]) == {"to": "[EMAIL_ADDRESS]", "n": "[CREDIT_CARD]"}


@BOTH
async def test_new_data_is_counted_for_the_operator(tmp_path: Path, stream: bool) -> None:
    world = case(tmp_path, "{new_data: mask}", text(f"¤ knows {NEW}! And {NEW}. "))
    before = metrics.NEW_DATA._value.get()
    await world.told(stream=stream)

    assert metrics.NEW_DATA._value.get() == before + 2


@pytest.mark.parametrize(("said", "is_shown"), [("shown", True), ("hidden", False)])
async def test_figures_of_cached_tokens_are_told_as_policy_says(
    tmp_path: Path, said: str, is_shown: bool
) -> None:
    details = {"cached_tokens": 4}
    answer = {
        "choices": [{"message": {"content": "a"}}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 1, "prompt_tokens_details": details},
    }

    def script(_: MaskedRequest, order: list[str]) -> ScriptedReply:
        return ScriptedReply([orjson.dumps(answer)], order)

    world = World(tmp_path, script, policy(f"{{cached_tokens: {said}}}"))
    raw = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
    admitted = await world.pipeline.admit(orjson.dumps(raw), CALLER, CHAT)

    usage = orjson.loads(await world.pipeline.complete(admitted))["usage"]

    assert usage["prompt_tokens_details"] == (details if is_shown else {})
