"""The ports, in memory: real implementations of the Protocols for tests of what orders them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.audit.record import AuditRecord
from gateway.errors import AuditUnavailable, UpstreamFailed
from gateway.masking.mask import MaskedRequest
from gateway.types import Span, UpstreamClass


@dataclass
class ListDetector:
    """Finds the values of a list; raises what it is told to."""

    values: Mapping[str, str]
    failure: BaseException | None = None
    texts: list[str] = field(default_factory=list)

    async def detect(self, texts: Sequence[str], tenant: str) -> Sequence[tuple[Span, ...]]:
        self.texts += texts
        if self.failure is not None:
            raise self.failure
        pattern = re.compile("|".join(map(re.escape, sorted(self.values, key=len, reverse=True))))
        return [
            tuple(
                Span(found.start(), found.end(), self.values[found.group()], 1.0, "list")
                for found in pattern.finditer(text)
            )
            for text in texts
        ]


@dataclass
class MemorySink:
    """Keeps records; refuses those of which `refuses` says so. `order` is shared with others."""

    order: list[str] = field(default_factory=list)
    records: list[AuditRecord] = field(default_factory=list)
    refuses: Callable[[AuditRecord], bool] = lambda record: False

    @property
    def ready(self) -> bool:
        return True

    async def append(self, record: AuditRecord) -> None:
        if self.refuses(record):
            self.order.append(f"refused {record.type}")
            raise AuditUnavailable("The audit store did not take the record.")
        self.order.append(f"record {record.type}")
        self.records.append(record)

    @property
    def types(self) -> list[str]:
        return [record.type.value for record in self.records]


@dataclass
class ScriptedReply:
    """Gives its chunks, then fails or ends."""

    pieces: Sequence[bytes]
    order: list[str]
    is_stream: bool = False
    failure: UpstreamFailed | None = None
    closed: bool = False

    async def chunks(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            yield piece
        if self.failure is not None:
            raise self.failure

    async def aclose(self) -> None:
        if not self.closed:
            self.order.append("reply closed")
        self.closed = True


@dataclass
class ScriptedUpstream:
    """Answers every request with what `script` makes of it."""

    script: Callable[[MaskedRequest, list[str]], ScriptedReply]
    order: list[str]
    name: str = "fake"
    upstream_class: UpstreamClass = UpstreamClass.ON_PREM
    sent: list[MaskedRequest] = field(default_factory=list)

    async def send(
        self, request: MaskedRequest, request_id: str, headers: Mapping[str, str]
    ) -> ScriptedReply:
        self.order.append("sent")
        self.sent.append(request)
        return self.script(request, self.order)

    async def aclose(self) -> None:
        return None
