"""The first page: how the gateway does, what came through it, how far its log is signed."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Final

from starlette.responses import Response

from gateway.console.accounts import Account
from gateway.console.charts import stacked
from gateway.console.desk import Visit
from gateway.console.nowadays import anchored, servers
from gateway.console.tally import in_all
from gateway.console.tasks import tasks_of

COUNTED: Final = "counted"
"""The id of what the page asks for again and again until all is counted."""

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


async def overview(visit: Visit) -> Response:
    """Requests, findings and failures of the last two weeks, of the tenants that one sees."""
    desk, account = visit.desk, visit.account
    await visit.looked("overview", renewed_by=COUNTED)
    counted = await asyncio.to_thread(desk.counting.read, account.sees)
    signed = await asyncio.to_thread(desk.counting.signed)
    audit = desk.settings.audit
    anchors = await asyncio.to_thread(anchored, audit.url, audit.anchors)
    total = in_all(counted.days)
    return visit.page(
        "overview.html",
        checks={name: check() for name, check in desk.checks.items()},
        warnings=list(desk.warnings()),
        total=total,
        whole=counted.whole,
        back_to=counted.back_to,
        requests=stacked({day: one.outcomes for day, one in counted.days.items()}),
        entities=stacked({day: one.entities for day, one in counted.days.items()}),
        errors=total.errors.most_common(10),
        upstreams=[
            (name, count, total.failed_upstreams[name])
            for name, count in total.upstreams.most_common(20)
        ],
        signed=signed,
        signed_ago=age(signed.ts, desk.clock()),
        tenants=_tenants(account),
        tasks=await tasks_of(desk, account),
        anchors=[(one.name, one.size, age(one.ts, desk.clock()), one.ts) for one in anchors],
        servers=servers(desk.servers()),
    )


def _tenants(account: Account) -> str:
    return ", ".join(sorted(account.tenants)) or "all"


def age(ts: str, now: float) -> str:
    """How long ago a time of a record was, in words; "" where there is none."""
    if not ts:
        return ""
    past = max(0, round(now - datetime.fromisoformat(ts).timestamp()))
    if past < _MINUTE:
        return "less than a minute ago"
    for size, word in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")):
        if past >= size:
            count = past // size
            return f"{count} {word}{'' if count == 1 else 's'} ago"
    return ""
