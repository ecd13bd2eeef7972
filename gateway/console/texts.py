"""Which texts are kept of a request, and who has asked to see them: what a record's page says."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gateway.audit.record import timestamp
from gateway.console.deciding import State
from gateway.console.desk import Desk
from gateway.console.unmasks import KeptText, Unmask


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts that are kept, without the texts, and the requests to see them."""

    kept: list[KeptText]
    asked: list[dict[str, Any]]


async def texts_of(desk: Desk, record: Mapping[str, Any]) -> Texts | None:
    """The texts of a record's request; None where it belongs to none. Raises as `Tables`."""
    request_id, tenant = str(record.get("request_id", "")), str(record.get("tenant", ""))
    if not request_id:
        return None
    kept = await asyncio.to_thread(desk.unmasks.kept, request_id, tenant, now_text())
    asked = await asyncio.to_thread(desk.unmasks.of_request, request_id)
    return Texts(kept, [row_of(one) for one in asked if one.tenant == tenant])


def now_text() -> str:
    """The time as records and capsules write it."""
    return timestamp(time.time_ns() // 1000)


def moment(seconds: float) -> str:
    """A time for people."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def row_of(unmask: Unmask) -> dict[str, Any]:
    """A request as the rows of tables show it."""
    matter = unmask.matter
    return {
        "id": unmask.unmask_id,
        "event_id": unmask.event_id,
        "tenant": unmask.tenant,
        "state": matter.state.value,
        "tone": {State.APPROVED: "good", State.OPEN: "warn"}.get(matter.state, ""),
        "asked_by": matter.asked_by,
        "asked": moment(matter.asked),
        "decided_by": matter.decided_by,
        "decided": moment(matter.decided) if matter.decided_by else "",
        "expires": moment(matter.expires),
        "code": unmask.code,
        "ticket": unmask.ticket,
        "views": unmask.views,
    }
