"""The values of sending: what is asked, of whom it may be asked, and how that went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from gateway.masking.mask import MaskedRequest
from gateway.ports import Reply, Upstream
from gateway.routing.balance import Load
from gateway.settings import Upstream as UpstreamSettings


@dataclass(frozen=True, slots=True)
class Ask:
    """A masked request, and what has to be known to send it.

    `conversation` is a keyed hash that stands for the conversation: it chooses the server where
    the opening is cached. With `drops_turns` the oldest turns may go where all are too long.
    `traceparent` is for a server of our own, "" for none.
    """

    request: MaskedRequest
    request_id: str
    headers: Mapping[str, str] = field(repr=False)
    tenant: str
    principal: str = field(repr=False)
    conversation: bytes = field(repr=False)
    drops_turns: bool = False
    traceparent: str = ""


@dataclass(slots=True)
class Route:
    """Which way a request went. Belongs to one exchange alone."""

    served: UpstreamSettings | None = None
    attempts: int = 0
    dropped_turns: int = 0


@runtime_checkable
class Member(Protocol):
    """One server of a pool."""

    @property
    def name(self) -> str:
        """Its name in the pool."""
        ...

    @property
    def is_up(self) -> bool:
        """Whether it may be asked, as far as it is known."""
        ...

    @property
    def load(self) -> Load:
        """What it says of its load; what is in flight from here is not its to say."""
        ...

    async def send(self, ask: Ask, route: Route) -> Reply:
        """As `ports.Upstream.send`."""
        ...


@runtime_checkable
class Pool(Protocol):
    """An upstream of several servers, each of which can be asked."""

    def members(self, model: str) -> Sequence[Member]:
        """The servers that serve a model under the name by which it was requested."""
        ...


@dataclass(frozen=True, slots=True)
class Choice:
    """An upstream that policy lets the request go to."""

    settings: UpstreamSettings
    upstream: Upstream
