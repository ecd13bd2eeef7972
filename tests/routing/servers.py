"""Upstreams and pools that do as they are told, and remember who was asked: what routing asks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.errors import UpstreamFailed
from gateway.masking.mask import MaskedRequest, MaskingKeys, mask
from gateway.routing.asking import Ask, Choice, Route
from gateway.routing.balance import IDLE, Load
from gateway.settings import Upstream as Settings
from gateway.types import DEFAULT_USE, Decision, Effect, Family, Parsed, UpstreamClass

KEYS = MaskingKeys(b"k" * 32, b"k" * 32, b"k" * 32)
PLAIN = Decision(Effect.MASK, UpstreamClass.ON_PREM, (), {}, DEFAULT_USE, (), "", "p", "0" * 64)


def masked(path: str = "/chat/completions", **document: Any) -> MaskedRequest:
    """A request as masking gives it, of a document without findings."""
    parsed = Parsed(
        family=Family.CHAT, document={"model": "m", **document}, leaves=(), model="m",
        stream=False, wants_usage=False, has_media=False, json_answer=False, identities=(),
        fields={}, opening=b"",
    )  # fmt: skip
    return mask(parsed, [], PLAIN, KEYS, path=path, entity_types=frozenset())


MASKED = masked(messages=[])


def ask(key: bytes = b"conversation", request: MaskedRequest = MASKED, **fields: Any) -> Ask:
    return Ask(request, "req_1", {}, "acme", "jane", key, **fields)


def failing(code: str, retry_after: int | None = None) -> UpstreamFailed:
    return UpstreamFailed("It does not work.", code=code, retry_after=retry_after)


@dataclass
class Reply:
    """Two pieces, perhaps with a failure after the first."""

    failure: UpstreamFailed | None = None
    is_stream: bool = True
    closed: int = 0

    async def chunks(self) -> AsyncIterator[bytes]:
        yield b"first"
        if self.failure is not None:
            raise self.failure
        yield b"second"

    async def aclose(self) -> None:
        self.closed += 1


Script = Callable[[str], Reply]
"""What a server answers, by its name; it may raise."""


@dataclass
class Server:
    """Implements `ports.Upstream`."""

    name: str
    script: Script
    asked: list[str]
    upstream_class: UpstreamClass = UpstreamClass.ON_PREM

    async def send(
        self, request: MaskedRequest, request_id: str, headers: Mapping[str, str]
    ) -> Reply:
        self.asked.append(self.name)
        return self.script(self.name)

    async def aclose(self) -> None:
        return None


@dataclass
class Replica:
    """Implements `asking.Member`."""

    name: str
    script: Script
    asked: list[str]
    is_up: bool = True
    load: Load = IDLE

    async def send(self, ask: Ask, route: Route) -> Reply:
        self.asked.append(self.name)
        return self.script(self.name)


@dataclass
class Pool(Server):
    """Implements `asking.Pool`."""

    replicas: Sequence[Replica] = field(default_factory=list)

    def members(self, model: str) -> Sequence[Replica]:
        return self.replicas


def settings(
    name: str, upstream_class: UpstreamClass = UpstreamClass.ON_PREM, **fields: Any
) -> Settings:
    return Settings(name=name, kind="openai", upstream_class=upstream_class, **fields)


def choice(name: str, script: Script, asked: list[str], **fields: Any) -> Choice:
    return Choice(settings(name, **fields), Server(name, script, asked))
