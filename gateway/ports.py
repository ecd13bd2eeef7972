"""The plug points of the pipeline: a few Protocols, each with an implementation that exists.

A plug point is inside a stage, never between stages. Whatever an implementation raises that is
not a `GatewayError` is turned into one by the pipeline: a stage that fails never reads as clean.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from gateway.audit.record import AuditRecord
from gateway.masking.mask import MaskedRequest
from gateway.types import Span, UpstreamClass


class Detector(Protocol):
    """Finds personal data in text."""

    async def detect(self, texts: Sequence[str], tenant: str) -> Sequence[tuple[Span, ...]]:
        """The spans of each text, disjoint and in order; as many tuples as there are texts.

        Raises:
            DetectionUnavailable: any text could not be read to its end in time.
        """
        ...


class Reply(Protocol):
    """An upstream's answer whose status was good: a body still to be read."""

    @property
    def is_stream(self) -> bool:
        """Whether the body is a stream of server-sent events."""
        ...

    def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives, cut anywhere.

        Raises:
            UpstreamFailed: the connection broke or was idle for too long.
        """
        ...

    async def aclose(self) -> None:
        """Let go of the connection; safe to call more than once."""
        ...


class Upstream(Protocol):
    """A server that runs models. It takes masked requests and nothing else."""

    @property
    def name(self) -> str:
        """The configured name."""
        ...

    @property
    def upstream_class(self) -> UpstreamClass:
        """Who runs it."""
        ...

    async def send(
        self, request: MaskedRequest, request_id: str, headers: Mapping[str, str]
    ) -> Reply:
        """Send the request and wait for the first byte of the answer.

        `headers` are the caller's own; only those that the configuration names may be sent on.

        Raises:
            UpstreamFailed: it cannot be reached, is too slow, or answered with an error.
        """
        ...

    async def aclose(self) -> None:
        """Close the connection pool."""
        ...


@dataclass(frozen=True, slots=True)
class MaskedLine:
    """One request in a file of requests, under a name of ours, for an endpoint such as
    `/v1/chat/completions`."""

    custom_id: str
    endpoint: str
    request: MaskedRequest


class FileStore(Protocol):
    """What keeps files of requests at an upstream, and works them off as batches.

    Answers are JSON objects as they came: nothing of them has been looked at. `headers` are as
    for `Upstream`, and so are the errors; `upstream_not_found` says that there is no such file or
    batch.
    """

    @property
    def name(self) -> str:
        """The upstream's name in the configuration."""
        ...

    async def upload(
        self,
        lines: AsyncIterator[MaskedLine],
        expires_s: int | None,
        request_id: str,
        headers: Mapping[str, str],
    ) -> dict[str, Any]:
        """Send a file on line by line. Where it is left before the last, there is no file.

        The upstream deletes it after `expires_s` seconds, where that is given.
        """
        ...

    async def file(
        self, file_id: str, request_id: str, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        """What there is to know of a file."""
        ...

    async def delete(self, file_id: str, request_id: str, headers: Mapping[str, str]) -> None:
        """Delete a file."""
        ...

    async def content(self, file_id: str, request_id: str, headers: Mapping[str, str]) -> Reply:
        """The content of a file."""
        ...

    async def start(
        self, batch: Mapping[str, Any], request_id: str, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        """Start a batch, of fields that hold no text of the caller."""
        ...

    async def batch(
        self, batch_id: str, request_id: str, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        """How far a batch is."""
        ...

    async def cancel(
        self, batch_id: str, request_id: str, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        """Cancel a batch."""
        ...


class StateStore(Protocol):
    """What gives back, or forgets, the answers that an upstream stores.

    `headers` are as for `Upstream`, and so are the errors; `upstream_not_found` says that it
    stores no such answer.
    """

    @property
    def name(self) -> str:
        """The upstream's name in the configuration."""
        ...

    async def stored(self, state_id: str, request_id: str, headers: Mapping[str, str]) -> Reply:
        """A stored answer."""
        ...

    async def forget(self, state_id: str, request_id: str, headers: Mapping[str, str]) -> None:
        """Delete a stored answer."""
        ...


class AuditSink(Protocol):
    """Where audit records go."""

    @property
    def ready(self) -> bool:
        """Whether the last write succeeded."""
        ...

    async def append(self, record: AuditRecord) -> None:
        """Return once the record is durable.

        Raises:
            AuditUnavailable: it is not.
        """
        ...


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose something in the vault is: one principal of one tenant."""

    tenant: str
    principal: str


@dataclass(frozen=True, slots=True)
class Item:
    """Something to be kept in the vault.

    `kind` and `name` are words and ids of ours, never text of a caller; `name` has steps, set off
    by slashes, that each hold letters, digits, `_`, `-` and `.`. `expires` is in seconds since
    1970. `request_id` is the request that left it, with which it can be erased.
    """

    kind: str
    name: str
    value: bytes = field(repr=False)
    expires: float
    request_id: str = ""


class Vault(Protocol):
    """Keeps what later requests need, sealed, each item for its owner alone.

    Every method raises `VaultUnavailable` where the vault cannot do its work.
    """

    async def put(self, owner: Owner, items: Sequence[Item]) -> None:
        """Keep these, all or none; an item of that kind and name is replaced.

        On return they are durable.

        Raises:
            InternalError: a kind or a name is none.
        """
        ...

    async def get(self, owner: Owner, kind: str, name: str) -> bytes | None:
        """The value of an item; None where there is none, or it has expired, or it is another
        owner's."""
        ...

    async def page(
        self, owner: Owner, kind: str, prefix: str, after: str, limit: int
    ) -> Sequence[tuple[str, bytes]]:
        """Names and values of the next items whose names begin so and follow `after`, by name."""
        ...

    async def drop(self, owner: Owner, kind: str, name: str) -> None:
        """Delete an item, and all whose names go on with a slash after its name."""
        ...

    async def purge(self, now: float) -> int:
        """Delete, of all owners, what has expired; how many items."""
        ...

    async def aclose(self) -> None:
        """Let go of what it stands on."""
        ...
