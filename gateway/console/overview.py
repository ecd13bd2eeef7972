"""The first page: how the gateway and its log do."""

from __future__ import annotations

from starlette.responses import Response

from gateway.audit.facts import EventType
from gateway.console.desk import Visit


async def overview(visit: Visit) -> Response:
    """Whether the parts of the gateway do their work."""
    await visit.desk.journal.write(EventType.AUDIT_VIEWED, visit.account, "overview")
    checks = {name: check() for name, check in visit.desk.checks.items()}
    return visit.page("overview.html", checks=checks, warnings=list(visit.desk.warnings()))
