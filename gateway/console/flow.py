"""Data flow: which entity types went to which upstream, and as what."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode

from starlette.responses import Response

from gateway.audit import grammar
from gateway.audit.evidence.collect import UNKNOWN
from gateway.audit.facts import EventType
from gateway.console.desk import Visit
from gateway.console.flowing import Fate, flow_map
from gateway.console.records import PATH as RECORDS
from gateway.console.tally import DAYS, OTHERS, in_all
from gateway.errors import NotFound, RequestError

PERIODS: Final = {"1": "today", "7": "the last 7 days", str(DAYS): f"the last {DAYS} days"}


async def flow(visit: Visit) -> Response:
    """What of each type went to each upstream, in a period, of the tenants that one sees.

    Raises:
        RequestError: there is no such period, or no tenant can have this name.
        NotFound: the tenant is not one of the account's.
    """
    asked = visit.request.query_params
    period, tenant = asked.get("days") or str(DAYS), asked.get("tenant", "")
    if period not in PERIODS or not grammar.TENANT.fullmatch(tenant):
        raise RequestError("There is no such period or tenant.")
    if tenant and not visit.account.sees(tenant):
        raise NotFound("There is no such page.", code="no-tenant")
    desk, account = visit.desk, visit.account
    await desk.journal.write(EventType.AUDIT_VIEWED, account, "flow", tenant)
    counted = await asyncio.to_thread(desk.counting.read, account.sees)
    if tenant:
        mine = await asyncio.to_thread(desk.counting.read, lambda one: one == tenant)
    else:
        mine = counted
    days = list(mine.days)[-int(period) :]
    made = flow_map(in_all({day: mine.days[day] for day in days}).flows)
    return visit.page(
        "flow.html",
        made=made,
        words={Fate.MASKED: "masked", Fate.INSIDE: "as it was, inside", Fate.OPEN: "as it was"},
        whole=mine.whole,
        back_to=mine.back_to,
        period=period,
        periods=PERIODS,
        upstreams=desk.settings.upstreams,
        tenant=tenant,
        tenants=sorted({*counted.tenants, *account.tenants} | ({tenant} if tenant else set())),
        link=_links(days[0], tenant) if "records" in visit.may else None,
    )


def _links(since: str, tenant: str) -> Callable[[str, str], str]:
    """Makes the address of the search for what stands in a cell; "" where there is none."""

    def link(entity_type: str, upstream: str) -> str:
        values = {
            "since": since, "tenant": tenant, "entity_type": entity_type, "upstream": upstream,
        }  # fmt: skip
        if {OTHERS, UNKNOWN} & {entity_type, upstream}:
            return ""
        return f"{RECORDS}?{urlencode({name: value for name, value in values.items() if value})}"

    return link
