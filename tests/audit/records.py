"""The ids, times and facts of records that tests write."""

from __future__ import annotations

import secrets
import time
from dataclasses import replace

from gateway.audit.facts import Accepted, Actor, ActorKind, AuthMethod, Origin
from gateway.audit.record import timestamp, uuid7

FACTS = Accepted(
    request_id="req_1",
    tenant="acme",
    actor=Actor(kind=ActorKind.CLIENT, method=AuthMethod.API_KEY),
    origin=Origin(),
    endpoint="/v1/chat/completions",
    operation="chat",
    stream=False,
    model_requested="m",
)


def facts(request_id: str, tenant: str = "acme") -> Accepted:
    return replace(FACTS, request_id=request_id, tenant=tenant)


def event_id() -> str:
    return uuid7(time.time_ns() // 1_000_000, secrets.token_bytes(10))


def now() -> str:
    return timestamp(time.time_ns() // 1000)


def stamp() -> dict[str, str]:
    return {"event_id": event_id(), "ts": now()}
