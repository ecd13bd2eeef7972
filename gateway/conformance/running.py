"""Runs the rows of the conformance matrix through a pipeline, with every operator."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any, Final

import orjson

from gateway.conformance.filling import (
    CANARY,
    CANARY_NAME,
    at_pointer,
    differences,
    filled,
    in_json,
    marked,
    stream_of,
    texts_of,
)
from gateway.conformance.model import (
    JSON,
    MARKS,
    NAME,
    AnswerRow,
    Event,
    Expect,
    RequestRow,
    Table,
)
from gateway.errors import GatewayError, RequestError
from gateway.exchange import Admitted, Caller
from gateway.masking.mask import MaskedRequest
from gateway.operator_kinds import KEEP, OPERATOR_KINDS
from gateway.pipeline import Pipeline
from gateway.policy.model import Policy
from gateway.settings import Upstream as UpstreamSettings
from gateway.types import OperatorUse, Subject, UpstreamClass
from gateway.wire.sse import EventReader

OPERATORS: Final = tuple(OPERATOR_KINDS)
UPSTREAM: Final = UpstreamSettings(
    name="matrix", kind="loopback", upstream_class=UpstreamClass.ON_PREM
)
_SUBJECT: Final = Subject("matrix", "matrix")
_AT_ONCE: Final = 32  # cells, which share the log's commits
_CUT: Final = 7  # bytes of a stream at a time: through characters, lines and events


@dataclass(frozen=True, slots=True)
class Cell:
    """One row in one mode with one operator; `fault` is "" where it holds."""

    endpoint: str
    place: str
    is_answer: bool
    streamed: bool
    operator: str
    fault: str = ""


@dataclass(slots=True)
class Probe:
    """Implements `ports.Upstream`: answers each request, by its id, as it was told."""

    name: str = UPSTREAM.name
    upstream_class: UpstreamClass = UpstreamClass.ON_PREM
    scripts: dict[str, Callable[[MaskedRequest], Sequence[bytes]]] = field(default_factory=dict)

    async def send(
        self, request: MaskedRequest, request_id: str, headers: Mapping[str, str]
    ) -> ProbeReply:
        """Answer at once."""
        return ProbeReply(b"".join(self.scripts.pop(request_id)(request)), request.stream)

    async def aclose(self) -> None:
        """Nothing to close."""


@dataclass(frozen=True, slots=True)
class ProbeReply:
    """Implements `ports.Reply`."""

    body: bytes = field(repr=False)
    is_stream: bool = False

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body, cut anywhere."""
        for at in range(0, len(self.body), _CUT):
            yield self.body[at : at + _CUT]
            await asyncio.sleep(0)

    async def aclose(self) -> None:
        """Nothing to let go."""


class Runner:
    """Runs rows through one pipeline, whose upstream and policy it takes the place of."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._probe = Probe()
        self._policy = pipeline.policy()
        self.pipeline = replace(
            pipeline,
            upstreams={UPSTREAM.name: self._probe},
            settings=replace(pipeline.settings, upstreams=(UPSTREAM,)),
        )

    async def cells(self, table: Table, operators: Sequence[str] = OPERATORS) -> list[Cell]:
        """Every cell of a table."""
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(cell: Cell, work: Awaitable[str]) -> Cell:
            async with gate:
                return replace(cell, fault=await work)

        return await asyncio.gather(
            *(one(*cell) for name in operators for cell in self._cells(table, name))
        )

    def _cells(self, table: Table, operator: str) -> Iterator[tuple[Cell, Awaitable[str]]]:
        """Every cell of one operator, and the work that finds its fault."""
        run = _Operated(self.pipeline, self._probe, _masking(self._policy, operator))
        endpoint = table.codec.endpoint
        for streamed in (False, True) if table.codec.stream else (False,):
            mode = (streamed, operator)
            for row in table.requests:
                yield Cell(endpoint, row.place, False, *mode), run.request(table, row, streamed)
            for answer in table.answers:
                if answer.events if streamed else answer.whole is not None:
                    work = run.answer(table, answer, streamed)
                    yield Cell(endpoint, answer.place, True, *mode), work


def _masking(policy: Policy, operator: str) -> Policy:
    """A policy of one rule: everything, with this operator."""
    (rule,) = policy.rules
    return replace(policy, rules=(replace(rule, default_operator=OperatorUse(operator)),))


class _Operated:
    """The rows with one operator."""

    def __init__(self, pipeline: Pipeline, probe: Probe, policy: Policy) -> None:
        self._probe = probe
        self._keeps = policy.rules[0].default_operator.name == KEEP
        self._pipeline = replace(pipeline, policy=lambda: policy)

    async def request(self, table: Table, row: RequestRow, streamed: bool) -> str:
        """What is wrong with a request row, or ""."""
        template = {**table.base, **row.overlay, **({"stream": True} if streamed else {})}
        raw = orjson.dumps(filled(template, CANARY, CANARY_NAME))
        try:
            admitted = await self._pipeline.admit(raw, _caller(), table.codec)
        except RequestError as error:
            return "" if row.expect is Expect.REFUSED else f"refused: {error.code}"
        except GatewayError as error:
            return f"failed: {error.code}"
        if row.expect is Expect.REFUSED:
            return "sent, though it should be refused"
        return self._sent(row, template, admitted)

    def _sent(self, row: RequestRow, template: Mapping[str, Any], admitted: Admitted) -> str:
        """What is wrong with what was sent, or ""."""
        ours = {f"/{name}" for name in admitted.parsed.fields}
        ours.update("".join(f"/{step}" for step in one) for one in admitted.parsed.identities)
        left = orjson.loads(admitted.masked.body)
        is_plain = row.expect is Expect.UNTOUCHED or (self._keeps and row.expect is Expect.MASKED)
        if is_plain:
            template = filled(template, CANARY, CANARY_NAME)
        elif any(one in text for text in texts_of([left]).values() for one in _shapes(self._keeps)):
            return "the canary left"
        changed = differences(template, left, frozenset(ours))
        return f"changed: {', '.join(changed)}" if changed else ""

    async def answer(self, table: Table, row: AnswerRow, streamed: bool) -> str:
        """What is wrong with an answer row, or ""."""
        body = {**table.base, **row.overlay, **({"stream": True} if streamed else {})}
        tokens: dict[str, str] = {}

        def script(request: MaskedRequest) -> Sequence[bytes]:
            left = orjson.loads(request.body)
            tokens["prose"] = at_pointer(left, table.prose_at)
            tokens["name"] = at_pointer(left, table.name_at) if table.name_at else ""
            if streamed:
                return list(stream_of(row.events, tokens["prose"], tokens["name"]))
            return [orjson.dumps(filled(row.whole, tokens["prose"], tokens["name"]))]

        caller = _caller()
        self._probe.scripts[caller.request_id] = script
        try:
            raw = orjson.dumps(filled(body, CANARY, CANARY_NAME))
            admitted = await self._pipeline.admit(raw, caller, table.codec)
            documents = await self._documents(admitted, streamed)
        except GatewayError as error:
            return f"failed: {error.code}"
        returns = not row.stays_masked and all(
            OPERATOR_KINDS[name].returns for _, name in admitted.masked.counts
        )
        texts = texts_of(documents).values()
        if not all(
            any(_wanted(mark, tokens, returns) in text for text in texts)
            for mark in _marks(row, streamed)
        ):
            return "the value did not come back"
        core = tokens["prose"].strip("<>")
        if returns and not self._keeps and any(core in text for text in texts):
            return "a token came back"
        return ""

    async def _documents(self, admitted: Admitted, streamed: bool) -> list[Any]:
        if not streamed:
            return [orjson.loads(await self._pipeline.complete(admitted))]
        reader = EventReader()
        found: list[Any] = []
        async with aclosing(self._pipeline.stream(admitted)) as blocks:
            async for block in blocks:
                found += [_loaded(data) for data in reader.feed(block)]
        return found


def _caller() -> Caller:
    return Caller(_SUBJECT, f"req_{secrets.token_hex(12)}")


def _loaded(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return {"": data.decode()}


def _marks(row: AnswerRow, streamed: bool) -> set[str]:
    """As what the value must come back."""
    if row.comes_as:
        return {row.comes_as}
    events = [one.data if isinstance(one, Event) else one.text for one in row.events]
    texts = [text for _, text in marked(events if streamed else row.whole)]
    return {mark for mark in MARKS for text in texts if mark in text}


def _wanted(mark: str, tokens: Mapping[str, str], returns: bool) -> str:
    """The text that the client must find for a mark."""
    prose = CANARY if returns else tokens["prose"]
    name = CANARY_NAME if returns else tokens["name"]
    return {JSON: in_json(prose), NAME: name}.get(mark, prose)


def _shapes(only_hashed: bool) -> Iterator[str]:
    """The canary in every shape in which it could leave."""
    if not only_hashed:
        yield from (CANARY, in_json(CANARY), in_json(in_json(CANARY)), CANARY_NAME)
