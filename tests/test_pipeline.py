"""The order of the stages is the guarantee: what fails, and what is on record, in every case."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.detection.language.exchange import LanguageReader
from gateway.errors import (
    AuditUnavailable,
    DetectionUnavailable,
    GatewayError,
    InternalError,
    NotFound,
    PolicyDenied,
    UpstreamFailed,
)
from gateway.exchange import Caller
from gateway.masking.mask import MaskedRequest
from gateway.pipeline import Pipeline
from gateway.policy.files import load_policies
from gateway.recording import Recorder
from gateway.settings import Audit, Detection, Settings, Upstream
from gateway.types import Span, Subject, UpstreamClass
from gateway.wire.families import CHAT
from tests.fakes import ListDetector, MemorySink, ScriptedReply, ScriptedUpstream

VALUES = {"Anna Schmidt": "PERSON", "gemma": "PERSON", "4111111111111111": "CREDIT_CARD"}
CALLER = Caller(Subject("acme", "app"), "req_1")
POLICY = """\
version: 1
id: test
rules:
  - {name: no-cards, when: {any_of: [CREDIT_CARD]}, effect: deny, reason: "No cards."}
  - {name: rest, effect: mask}
"""


def echo(request: MaskedRequest, order: list[str]) -> ScriptedReply:
    text = orjson.loads(request.body)["messages"][-1]["content"]
    if not request.stream:
        answer = {"choices": [{"message": {"content": text}}]}
        return ScriptedReply([orjson.dumps(answer)], order)
    pieces = [
        b"data: "
        + orjson.dumps({"choices": [{"index": 0, "delta": {"content": letter}}]})
        + b"\n\n"
        for letter in text
    ]
    return ScriptedReply([*pieces, b"data: [DONE]\n\n"], order, is_stream=True)


class World:
    def __init__(self, tmp_path: Path, script: Any = echo, policy: str = POLICY) -> None:
        file = tmp_path / "policy.yaml"
        file.write_text(policy)
        loaded = load_policies([file])
        self.order: list[str] = []
        self.sink = MemorySink(self.order)
        self.detector = ListDetector(VALUES)
        self.upstream = ScriptedUpstream(script, self.order)
        settings = Settings(
            upstreams=(
                Upstream(
                    name="fake",
                    kind="openai",
                    upstream_class=UpstreamClass.ON_PREM,
                    models=("m", "x-*"),
                ),
            ),
            policies=(file,),
            audit=Audit(url="sqlite://"),
            master_key=b"k" * 32,
        )
        self.pipeline = Pipeline(
            settings=settings,
            detector=self.detector,
            languages=LanguageReader(b"k" * 32, 10),
            classifier="c" * 64,
            entity_types=frozenset(VALUES.values()),
            upstreams={"fake": self.upstream},
            recorder=Recorder(self.sink),
            policy=lambda: loaded,
        )

    def external(self, detection: Detection | None = None) -> None:
        """Somebody else runs the upstream from now on."""
        settings = self.pipeline.settings
        (one,) = settings.upstreams
        settings = replace(
            settings,
            upstreams=(replace(one, upstream_class=UpstreamClass.EXTERNAL),),
            detection=detection or settings.detection,
        )
        self.pipeline = replace(self.pipeline, settings=settings)

    async def ask(self, text: str = "I am Anna Schmidt.", **fields: Any) -> str:
        messages = [{"role": "user", "content": text}]
        raw = orjson.dumps({"model": "m", "messages": messages, **fields})
        admitted = await self.pipeline.admit(raw, CALLER, CHAT)
        if not fields.get("stream"):
            return str(
                orjson.loads(await self.pipeline.complete(admitted))["choices"][0]["message"][
                    "content"
                ]
            )
        out = []
        async with aclosing(self.pipeline.stream(admitted)) as events:
            async for block in events:
                self.order.append("out " + ("DONE" if b"[DONE]" in block else "text"))
                out.append(block)
        return b"".join(out).decode()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_nothing_is_sent_before_the_accepted_record(world: World) -> None:
    """And the answer comes after the closing one."""
    assert await world.ask() == "I am Anna Schmidt."
    assert world.order == [
        "record request.accepted", "sent", "reply closed", "record request.completed",
    ]  # fmt: skip
    assert b"Anna" not in world.upstream.sent[0].body


async def test_the_last_event_waits_for_the_closing_record(world: World) -> None:
    """Text first, then the record, then [DONE]."""
    await world.ask(stream=True)

    assert world.order[:2] == ["record request.accepted", "sent"]
    assert world.order[-3:] == ["reply closed", "record request.completed", "out DONE"]


@pytest.mark.parametrize("stream", [False, True])
async def test_no_record_nothing_sent(world: World, stream: bool) -> None:
    """The accepted record fails: fail closed."""
    world.sink.refuses = lambda record: True

    with pytest.raises(AuditUnavailable):
        await world.ask(stream=stream)
    assert "sent" not in world.order


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_without_a_closing_record_is_withheld(world: World, stream: bool) -> None:
    """Not given at all, or without its last event."""
    world.sink.refuses = lambda record: record.type.value != "request.accepted"

    with pytest.raises(AuditUnavailable):
        await world.ask(stream=stream)
    assert "out DONE" not in world.order
    assert world.upstream.sent


@pytest.mark.parametrize(
    "failure", [RuntimeError("canary"), DetectionUnavailable("late"), MemoryError(), KeyError("x")]
)
async def test_detection_that_fails_never_reads_as_clean(
    world: World, failure: BaseException
) -> None:
    """A typed error, a failed record, nothing sent."""
    world.detector.failure = failure

    with pytest.raises(DetectionUnavailable) as caught:
        await world.ask()
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert world.sink.types == ["request.failed"]
    assert "sent" not in world.order


FINNISH = "Kokous on siirretty torstaille, koska huone ei ole vapaa ennen kello kahtatoista."
GERMAN = "Die Besprechung wurde verschoben, weil der Raum am Vormittag leider nicht frei ist."


async def test_the_record_says_which_models_and_languages(world: World) -> None:
    """Both records, and so that it is clear whether names were looked for."""
    await world.ask(f"{GERMAN}\n{GERMAN}")
    await world.ask(FINNISH)
    german, _, finnish, closing = (record.detection for record in world.sink.records)

    assert german is not None
    assert finnish is not None
    assert (german.profile, german.engines) == ("fast", ())
    assert german.classifier_sha256 == "c" * 64
    assert (german.languages, german.unsupported_languages) == (("de",), ())
    assert (finnish.languages, finnish.unsupported_languages) == (("fi",), ("fi",))
    assert closing == finnish


async def test_a_language_without_names_stays_on_the_premises(tmp_path: Path) -> None:
    """Also where it stands in an earlier message; the denial says why."""
    world = World(tmp_path)
    world.external()
    messages = [{"role": "system", "content": FINNISH}, {"role": "user", "content": GERMAN}]
    with pytest.raises(PolicyDenied, match="Names cannot be looked for"):
        await world.ask(messages=messages)
    assert world.order == ["record request.denied"]
    denied = world.sink.records[0]
    assert denied.detection is not None
    assert denied.policy is not None
    assert denied.detection.languages == ("de", "fi")
    assert denied.policy.reason_code == "unsupported_language"

    await world.ask(GERMAN)
    assert len(world.upstream.sent) == 1


async def test_a_policy_may_send_it_all_the_same(tmp_path: Path) -> None:
    """Masked by what patterns find; the record still says so."""
    world = World(tmp_path, policy=POLICY + "handling: {unsupported_languages: patterns}\n")
    world.external()
    await world.ask(f"{FINNISH} Anna Schmidt")
    assert b"Schmidt" not in world.upstream.sent[0].body
    assert world.sink.records[0].detection is not None
    assert world.sink.records[0].detection.unsupported_languages == ("fi",)


async def test_an_expected_language_is_none_of_these(tmp_path: Path) -> None:
    """What the configuration names may go, and nothing else."""
    world = World(tmp_path)
    world.external(Detection(languages=("de", "fi")))
    await world.ask(FINNISH)
    with pytest.raises(PolicyDenied):
        await world.ask("The meeting was moved to Thursday because the room is not free today.")


async def test_a_key_and_a_model_have_no_language(world: World) -> None:
    """Only what somebody wrote has one."""
    key = FINNISH.replace(" ", "_")
    preview = await world.pipeline.preview(
        orjson.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}], key: 1}),
        CALLER,
        CHAT,
    )
    assert preview.detected.languages == frozenset()


async def test_a_denied_request_is_on_record_and_not_sent(world: World) -> None:
    """With the rule's own reason for the caller."""
    with pytest.raises(PolicyDenied, match=r"No cards\."):
        await world.ask("Card 4111111111111111")
    assert world.order == ["record request.denied"]
    assert world.sink.records[0].policy is not None
    assert world.sink.records[0].policy.rule_ids == ("no-cards",)


def failing(pieces: list[bytes], failure: UpstreamFailed | None, *, is_stream: bool) -> Any:
    return lambda request, order: ScriptedReply(pieces, order, is_stream, failure)


CHUNK = b'data: {"choices":[{"index":0,"delta":{"content":"hi"}}]}\n\n'


@pytest.mark.parametrize(
    ("script", "stream", "code"),
    [
        (failing([b"{"], None, is_stream=False), False, "upstream_invalid"),
        (failing([b"{}"], None, is_stream=False), False, "upstream_invalid"),
        (failing([b"{}"], None, is_stream=False), True, "upstream_invalid"),
        (failing([CHUNK], None, is_stream=True), False, "upstream_invalid"),
        (failing([CHUNK], None, is_stream=True), True, "upstream_truncated"),
        (failing([CHUNK, b"data: {}\n\n"], None, is_stream=True), True, "upstream_invalid"),
        (failing([CHUNK], UpstreamFailed("x", code="upstream_timeout"), is_stream=True), True,
         "upstream_timeout"),
    ],
)  # fmt: skip
async def test_a_failed_answer_closes_everything(
    tmp_path: Path, script: Any, stream: bool, code: str
) -> None:
    """One failed record with the code; the connection is let go; no last event."""
    world = World(tmp_path, script)

    with pytest.raises(GatewayError) as caught:
        await world.ask(stream=stream)
    assert caught.value.code == code
    assert world.sink.types == ["request.accepted", "request.failed"]
    assert world.sink.records[1].error_code == code
    assert "reply closed" in world.order
    assert "out DONE" not in world.order


async def test_a_bug_is_an_error_of_ours(tmp_path: Path) -> None:
    """An unexpected exception becomes `internal_error`, without its words."""

    def broken(request: MaskedRequest, order: list[str]) -> ScriptedReply:
        raise RuntimeError("canary")

    world = World(tmp_path, broken)
    with pytest.raises(InternalError) as caught:
        await world.ask()
    assert "canary" not in str(caught.value)
    assert caught.value.__suppress_context__
    assert world.sink.types == ["request.accepted", "request.failed"]


async def test_a_caller_who_leaves_is_on_record(world: World) -> None:
    """Cancelled in the middle of a stream: upstream closed, one aborted record."""

    async def half() -> None:
        raw = orjson.dumps(
            {"model": "m", "stream": True, "messages": [{"role": "user", "content": "hello"}]}
        )
        admitted = await world.pipeline.admit(raw, CALLER, CHAT)
        async with aclosing(world.pipeline.stream(admitted)) as events:
            async for _ in events:
                started.set()
                await asyncio.Event().wait()

    started = asyncio.Event()
    task = asyncio.create_task(half())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert world.sink.types == ["request.accepted", "request.aborted"]
    assert "reply closed" in world.order


async def test_a_caller_who_leaves_before_anything_is_sent_is_on_record(world: World) -> None:
    """Cancelled while the accepted record is being written: it does not stay open."""
    writing, written = asyncio.Event(), asyncio.Event()
    append = world.sink.append

    async def slow(record: Any) -> None:
        writing.set()
        await written.wait()
        await append(record)

    world.sink.append = slow  # type: ignore[method-assign]
    task = asyncio.create_task(world.ask())
    await writing.wait()
    task.cancel()
    written.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert world.sink.types == ["request.accepted", "request.aborted"]
    assert "sent" not in world.order


@pytest.mark.parametrize("model", ["unknown", "x-Anna Schmidt", "x-\n", "x-4111111111111111"])
async def test_a_model_that_nobody_serves(world: World, model: str) -> None:
    """Nor one whose name holds a value."""
    with pytest.raises(NotFound) as caught:
        await world.ask(model=model)
    assert model not in caught.value.message
    assert "sent" not in world.order


@pytest.mark.parametrize("model", ["x-gemma", "x-gemma-7b"])
async def test_a_model_may_be_called_as_people_are(world: World, model: str) -> None:
    await world.ask(model=model)
    assert orjson.loads(world.upstream.sent[0].body)["model"] == model


async def test_a_preview_sends_and_records_nothing(world: World) -> None:
    """But shows the very bytes that would leave."""
    raw = orjson.dumps({"model": "m", "messages": [{"role": "user", "content": "Anna Schmidt"}]})
    preview = await world.pipeline.preview(raw, CALLER, CHAT)
    assert world.order == []
    await world.pipeline.complete(await world.pipeline.admit(raw, CALLER, CHAT))

    assert preview.masked is not None
    assert preview.masked.body == world.upstream.sent[0].body


async def test_a_conversation_header_names_the_scope(world: World) -> None:
    """The same value: another conversation, another placeholder; the same one, the same."""
    raw = orjson.dumps({"model": "m", "messages": [{"role": "user", "content": "Anna Schmidt"}]})
    bodies = []
    for name in ("one", "two", "one", None, None):
        preview = await world.pipeline.preview(raw, Caller(CALLER.subject, "r", name), CHAT)
        assert preview.masked is not None
        bodies.append(preview.masked.body)

    assert bodies[0] == bodies[2] != bodies[1]
    assert bodies[3] == bodies[4]
    assert len(set(bodies)) == 3


@pytest.mark.parametrize("stream", [False, True])
async def test_a_thousand_exchanges_at_once_never_swap_values(world: World, stream: bool) -> None:
    """All of one caller and one conversation, interleaved at every await."""
    names = [f"Person{number} Name{number}" for number in range(1000)]
    world.detector.values = dict.fromkeys(names, "PERSON")

    async def yielding(texts: Any, tenant: str) -> Any:
        await asyncio.sleep(0)
        found = [
            tuple(
                Span(text.find(name), text.find(name) + len(name), "PERSON", 1.0, "list")
                for name in names[int(text.split("#")[1]) :][:1]
            )
            if "#" in text
            else ()
            for text in texts
        ]
        await asyncio.sleep(0)
        return found

    world.detector.detect = yielding  # type: ignore[method-assign]
    asked = [f"#{number}# I am {name}." for number, name in enumerate(names)]
    answers = await asyncio.gather(*(world.ask(text, stream=stream) for text in asked))

    for text, answer in zip(asked, answers, strict=True):
        whole = answer if not stream else streamed_text(answer)
        assert whole == text
    assert len({request.body for request in world.upstream.sent}) == 1000
    assert b"Person" not in b"".join(request.body for request in world.upstream.sent)


def streamed_text(answer: str) -> str:
    """The content of a streamed answer."""
    events = [one.removeprefix("data: ") for one in answer.split("\n\n") if one]
    assert events[-1] == "[DONE]"
    chunks = [orjson.loads(one)["choices"][0]["delta"] for one in events[:-1]]
    return "".join(chunk.get("content") or "" for chunk in chunks)


async def test_a_bare_surname_is_masked_like_the_full_name(world: World) -> None:
    """In what leaves, in the preview and in the answer alike."""
    text = "Anna Schmidt wrote. Schmidt, or SCHMIDT, wants schmaltz."
    assert await world.ask(text) == text
    body = world.upstream.sent[0].body
    assert b"chmidt" not in body
    assert b"CHMIDT" not in body
    raw = orjson.dumps({"model": "m", "messages": [{"role": "user", "content": text}]})
    preview = await world.pipeline.preview(raw, CALLER, CHAT)
    assert preview.masked is not None
    assert preview.masked.body == body
    assert [one.recognizer for one in preview.findings] == ["list", "coreference", "coreference"]


async def test_a_failing_detector_fails_the_preview(world: World) -> None:
    """And nothing is on record, for nothing was admitted."""
    world.detector.failure = DetectionUnavailable("no")
    raw = orjson.dumps({"model": "m", "messages": [{"role": "user", "content": "x"}]})
    with pytest.raises(DetectionUnavailable):
        await world.pipeline.preview(raw, CALLER, CHAT)
    assert world.order == []


async def test_a_request_may_be_bound_to_some_upstreams(world: World) -> None:
    """Whoever else serves its model does not count."""
    raw = orjson.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}]})
    admitted = await world.pipeline.admit(raw, CALLER, CHAT, among={"fake", "other"})
    assert admitted.upstream == "fake"

    with pytest.raises(NotFound):
        await world.pipeline.admit(raw, CALLER, CHAT, among={"other"})
    assert world.sink.types == ["request.accepted"]


async def test_a_stream_is_kept_alive_without_the_words_of_its_server(world: World) -> None:
    """A comment goes on as an empty one; what waits within an event says nothing."""
    said = orjson.dumps({"choices": [{"index": 0, "delta": {"content": "Hi"}}]})
    pieces = [b": canary\n\n", b"data: " + said + b"\n\n: canary\n\n", b"data: [DONE]\n\n"]
    world.upstream.script = lambda _, order: ScriptedReply(pieces, order, is_stream=True)

    answer = await world.ask(stream=True)
    assert answer.startswith(":\n\ndata: ")
    assert answer.count(":\n\n") == 1
    assert "canary" not in answer
