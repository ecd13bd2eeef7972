"""From what was admitted to an upstream and back: what it is asked, and its answer as it comes."""

from __future__ import annotations

import hmac
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any

import orjson

from gateway.answering import Answering
from gateway.audit.routing import RoutingFacts
from gateway.errors import UpstreamFailed
from gateway.exchange import Admitted, Progress, routing_facts
from gateway.keyring import derive
from gateway.ports import Reply, Upstream
from gateway.routing.asking import Ask, Choice
from gateway.routing.candidates import hides_cached
from gateway.settings import Upstream as UpstreamSettings
from gateway.types import Decision
from gateway.wire.answers import invalid
from gateway.wire.family import Stream
from gateway.wire.sse import KEEP_ALIVE, EventReader


def ask(admitted: Admitted, master: bytes) -> Ask:
    """What an upstream is asked, and by whom."""
    caller, subject = admitted.caller, admitted.caller.subject
    owner = subject.principal.encode()
    named = len(owner).to_bytes(4, "big") + owner + admitted.scope
    return Ask(
        request=admitted.masked,
        request_id=caller.request_id,
        headers=caller.headers,
        tenant=subject.tenant,
        principal=subject.principal,
        drops_turns=admitted.carried_out.drops_turns,
        traceparent="" if caller.trace is None else caller.trace.outbound,
        conversation=hmac.digest(derive(master, "affinity", subject.tenant), named, sha256),
    )


def choices(
    decision: Decision,
    settings: Sequence[UpstreamSettings],
    upstreams: Mapping[str, Upstream],
) -> list[Choice]:
    """The upstreams to which policy lets the request go, in its order, and no others."""
    known = {one.name: one for one in settings}
    return [Choice(known[one.name], upstreams[one.name]) for one in decision.candidates]


def first_of(decision: Decision, settings: Sequence[UpstreamSettings]) -> RoutingFacts:
    """What is on record of the first of the upstreams to which a request may go."""
    name = decision.candidates[0].name
    return routing_facts(next(one for one in settings if one.name == name))


def hiding(decision: Decision, settings: Sequence[UpstreamSettings]) -> Decision:
    """The decision, with what may not be told of the caches of upstreams that share them."""
    if not hides_cached(settings, decision.candidates):
        return decision
    return replace(decision, answers=replace(decision.answers, hides_cached=True))


def tokens(progress: Progress) -> int:
    """The tokens that the upstream has counted; 0 where it has counted none."""
    usage = progress.facts.usage
    return max(0, usage.get("in", 0)) + max(0, usage.get("out", 0))


async def whole(reply: Reply, progress: Progress) -> Any:
    """An answer that is no stream, as JSON.

    Raises:
        UpstreamFailed: it broke off, or is none such.
    """
    pieces: list[bytes] = []
    async for chunk in reply.chunks():
        progress.note(chunk, time.monotonic())
        pieces.append(chunk)
    if reply.is_stream:
        raise invalid()
    try:
        return orjson.loads(b"".join(pieces))
    except orjson.JSONDecodeError:
        raise invalid() from None


async def events(
    reply: Reply, stream: Stream, answering: Answering, progress: Progress
) -> AsyncGenerator[bytes, None]:
    """The events of an answer up to its last one, as they can go out.

    Raises:
        UpstreamFailed: it is no stream, or broke off, or has an event that nobody knows.
    """
    if not reply.is_stream:
        raise invalid()
    reader = EventReader()
    async for chunk in reply.chunks():
        progress.note(chunk, time.monotonic())
        out: list[bytes] = []
        for data in reader.feed(chunk):
            is_last = stream.take(data)
            if answering.reads:
                await answering.scan()
            out.append(stream.give())
            if is_last:
                if block := b"".join(out):
                    yield block
                return
        block = b"".join(out)
        if reader.commented() and not block:
            block = KEEP_ALIVE
        if block:
            yield block
    raise UpstreamFailed("The upstream broke the answer off.", code="upstream_truncated")
