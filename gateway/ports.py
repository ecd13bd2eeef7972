"""The plug points of the pipeline: four Protocols, each with an implementation that exists.

A plug point is inside a stage, never between stages. Whatever an implementation raises that is
not a `GatewayError` is turned into one by the pipeline: a stage that fails never reads as clean.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

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
