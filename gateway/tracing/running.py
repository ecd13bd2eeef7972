"""Sends one request through the pipeline for real, and puts together what was seen of it."""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any, Protocol, runtime_checkable

import orjson

from gateway.app import Parts
from gateway.exchange import Admitted, Caller, Preview
from gateway.masking.mask import MaskedRequest
from gateway.masking.placeholders import framed
from gateway.masking.strictest import type_of
from gateway.pipeline import Pipeline
from gateway.recording import Recorder
from gateway.routing.asking import Pool
from gateway.routing.balance import Server, favourites
from gateway.sending import ask
from gateway.tracing.cutting import agrees, marks_of, tokens_of
from gateway.tracing.model import Candidate, Cut, Found, Out, Said, Step, Token, Trace, pieces_of
from gateway.tracing.tokenizer import Encode
from gateway.tracing.watching import (
    Stopwatch,
    WatchedDetector,
    WatchedSink,
    WatchedUpstream,
    watched,
)
from gateway.types import Json, LeafKind, Path, Subject
from gateway.wire.families import CHAT
from gateway.wire.sse import EventReader

_OWN = "of {} it is the one where this conversation's turns go, so that they are cached"
_OTHER = "the one of {} where this conversation's turns go was busy, or did not answer"


@runtime_checkable
class Tokenizing(Protocol):
    """An upstream that says of which tokens a prompt is made."""

    async def tokens(self, request: MaskedRequest) -> Sequence[tuple[int, str]]:
        """The numbers and texts of a masked request's tokens; none where it cannot say."""
        ...


async def trace(parts: Parts, raw: bytes, subject: Subject, encode: Encode | None = None) -> Trace:
    """Send a chat request and follow it. Raises as `Pipeline.admit` and `Pipeline.stream`.

    The answer is streamed, whatever the request says: one sees each token when it comes. With
    `encode` the request's texts are cut into tokens here, before masking and after.
    """
    document = {**orjson.loads(raw), "stream": True}
    watch = Stopwatch()
    upstreams = {name: watched(one, watch) for name, one in parts.pipeline.upstreams.items()}
    sink = WatchedSink(parts.pipeline.recorder.sink, watch)
    pipeline = replace(
        parts.pipeline,
        detector=WatchedDetector(parts.pipeline.detector, watch),
        recorder=Recorder(sink),
        upstreams=upstreams,
    )
    caller = Caller(subject, f"req_{secrets.token_hex(12)}")
    admitted = await pipeline.admit(orjson.dumps(document), caller, CHAT)
    ready = watch.now()
    seen = await parts.pipeline.preview(orjson.dumps(document), caller, CHAT)
    tokens = await _tokens(parts.pipeline, admitted)
    findings = _findings(seen, admitted)
    cuts = () if encode is None else _cuts(seen, admitted, findings, encode)
    out = await _streamed(pipeline, admitted, watch)
    used = next((one for one in upstreams.values() if one.chunks), None)
    said = _said(used.chunks if used else [])
    return Trace(
        request=document,
        masked=orjson.loads(admitted.masked.body),
        findings=findings,
        route=_route(pipeline, admitted, used),
        steps=_steps(admitted, len(seen.findings), watch, ready, used, out),
        tokens=tokens,
        cuts=cuts,
        same_tokenizer=not tokens or agrees(cuts, tokens),
        said=said,
        out=out,
        answer="".join(one.text for one in out),
        first_token_ms=said[0].at - used.sent if said and used else 0.0,
        tokens_per_second=_speed(said),
        usage=_usage(used.chunks if used else []),
    )


async def _streamed(pipeline: Pipeline, admitted: Admitted, watch: Stopwatch) -> tuple[Out, ...]:
    reader, out = EventReader(), []
    async with aclosing(pipeline.stream(admitted)) as blocks:
        async for block in blocks:
            text = "".join(_text(data) for data in reader.feed(block))
            if text:
                out.append(Out(watch.now(), text))
    return tuple(out)


async def _tokens(pipeline: Pipeline, admitted: Admitted) -> tuple[Token, ...]:
    upstream = pipeline.upstreams[admitted.decision.candidates[0].name]
    if not isinstance(upstream, Tokenizing):
        return ()
    found = list(await upstream.tokens(admitted.masked))
    cores = admitted.masked.restoration.surfaces
    return pieces_of(found, [framed(core) for core in cores])


def _cuts(
    seen: Preview, admitted: Admitted, findings: Sequence[Found], encode: Encode
) -> tuple[Cut, ...]:
    """The texts of the request in tokens, as they were written and as they left."""
    rules = admitted.masked.restoration
    issued = {core: framed(core) for core in rules.placeholders}
    stand_ins = [issued.get(core, core) for core in rules.surfaces]
    values = dict(zip(rules.surfaces.values(), stand_ins, strict=True))
    found = list(zip(seen.findings, findings, strict=True))
    masked = orjson.loads(admitted.masked.body)
    cuts = []
    for index, leaf in enumerate(seen.parsed.leaves):
        left = _at(masked, leaf.path)
        if leaf.kind is not LeafKind.PROSE or not isinstance(left, str) or not leaf.text:
            continue
        marks = [(at.start, at.end, one.became) for at, one in found if at.leaf == index]
        marks += marks_of(leaf.text, values)
        before = tokens_of(leaf.text, encode(leaf.text), marks)
        ours = marks_of(left, {one: one for one in stand_ins})
        cuts.append(Cut(before, tokens_of(left, encode(left), ours)))
    return tuple(cuts)


def _at(document: Json, path: Path) -> Json:
    """What stands at a path; None where nothing does."""
    here: Json = document
    for step in path:
        if isinstance(here, dict) and isinstance(step, str):
            here = here.get(step)
        elif isinstance(here, list) and isinstance(step, int) and step < len(here):
            here = here[step]
        else:
            return None
    return here


def _findings(seen: Preview, admitted: Admitted) -> tuple[Found, ...]:
    leaves = seen.parsed.leaves
    became = {value: core for core, value in admitted.masked.restoration.surfaces.items()}
    found = []
    for one in seen.findings:
        value = leaves[one.leaf].text[one.start : one.end]
        use = admitted.carried_out.operator_for(type_of(one, admitted.carried_out.operator_for))
        token = became.get(value, "")
        shown = framed(token) if token and token.startswith(one.entity_type) else token
        found.append(Found(one.entity_type, one.score, one.recognizer, value, shown or use.name))
    return tuple(found)


def _route(
    pipeline: Pipeline, admitted: Admitted, used: WatchedUpstream | None
) -> Mapping[str, str]:
    decision = admitted.decision
    return {
        "policy": decision.policy_id,
        "rules": ", ".join(decision.rule_ids) or "no rule names this, so everything is masked",
        "effect": decision.effect.value,
        "class": decision.upstream_class.value if decision.upstream_class else "",
        "allowed": ", ".join(one.name for one in decision.candidates),
        "served by": used.name if used else "",
        **({} if used is None else _server(pipeline, admitted, used)),
        "servers asked": str(admitted.route.attempts or ""),
        "model": admitted.masked.model,
    }


def _server(pipeline: Pipeline, admitted: Admitted, used: WatchedUpstream) -> dict[str, str]:
    """Which server of a pool it was, and why that one."""
    pool = used.inner
    members = pool.members(admitted.masked.model) if isinstance(pool, Pool) else ()
    if not used.server or len(members) < 2:
        return {}
    key = ask(admitted, pipeline.settings.master_key).conversation
    own = favourites([Server(f"{used.name} {one.name}") for one in members], key)[0].name
    why = _OWN if own == f"{used.name} {used.server}" else _OTHER
    return {"server": used.server, "because": why.format(len(members))}


def _steps(
    admitted: Admitted,
    found: int,
    watch: Stopwatch,
    ready: float,
    used: WatchedUpstream | None,
    out: Sequence[Out],
) -> tuple[Step, ...]:
    detect, record = watch.begun.get("detect", 0.0), watch.begun.get("record", ready)
    detected = detect + watch.took.get("detect", 0.0)
    issued = admitted.masked.restoration.issued
    read = len(admitted.parsed.leaves)
    steps = [
        Step("read", f"{read} texts in the request", 0.0, detect),
        Step("detect", f"{found} findings", detect, detected - detect),
        Step("decide and mask", f"{issued} placeholders", detected, record - detected),
        Step("record", "accepted, on disk", record, watch.took.get("record", 0.0)),
    ]
    if used is not None and used.chunks:
        last = used.chunks[-1][0]
        steps += [
            Step("wait", "until the first byte of the answer", used.sent, used.first - used.sent),
            Step("generate and restore", f"{len(out)} events", used.first, last - used.first),
        ]
    closed = watch.begun.get("close", 0.0)
    steps.append(Step("close", "the record of the answer", closed, watch.took.get("close", 0.0)))
    return tuple(steps)


# ---- what the upstream said ----------------------------------------------------------------------


def _events(chunks: Sequence[tuple[float, bytes]]) -> list[tuple[float, Any]]:
    reader, found = EventReader(), []
    for at, chunk in chunks:
        for data in reader.feed(chunk):
            if data.startswith(b"{"):
                found.append((at, orjson.loads(data)))
    return found


def _said(chunks: Sequence[tuple[float, bytes]]) -> tuple[Said, ...]:
    """The tokens of the answer, with their candidates where the upstream gave any."""
    said: list[Said] = []
    for at, event in _events(chunks):
        for choice in event.get("choices") or []:
            told = (choice.get("logprobs") or {}).get("content") or []
            text = (choice.get("delta") or {}).get("content")
            if told:
                said += [Said(str(one.get("token", "")), at, _candidates(one)) for one in told]
            elif text:
                said.append(Said(text, at))
    return tuple(said)


def _candidates(token: Mapping[str, Any]) -> tuple[Candidate, ...]:
    return tuple(
        Candidate(str(one.get("token", "")), math.exp(min(0.0, float(one.get("logprob", -99)))))
        for one in token.get("top_logprobs") or []
    )


def _text(data: bytes) -> str:
    if not data.startswith(b"{"):
        return ""
    choices = orjson.loads(data).get("choices") or [{}]
    return (choices[0].get("delta") or {}).get("content") or ""


def _speed(said: Sequence[Said]) -> float:
    """Tokens per second after the first."""
    span = said[-1].at - said[0].at if said else 0.0
    return (len(said) - 1) / span * 1000 if span > 0 else 0.0


def _usage(chunks: Sequence[tuple[float, bytes]]) -> dict[str, int]:
    for _, event in reversed(_events(chunks)):
        usage = event.get("usage")
        if isinstance(usage, dict):
            details = usage.get("prompt_tokens_details") or {}
            named = {
                "prompt tokens": usage.get("prompt_tokens"),
                "cached prompt tokens": details.get("cached_tokens"),
                "answer tokens": usage.get("completion_tokens"),
            }
            return {name: one for name, one in named.items() if isinstance(one, int)}
    return {}
