"""Who may use the console, and what they did there: the log of those who read the log."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from starlette.responses import Response

from gateway.audit.facts import EventType
from gateway.audit.search import Query, open_search
from gateway.console.accounts import Account
from gateway.console.desk import Visit

MOST: Final = 100
"""Records that are shown, the newest."""

_THEIRS: Final = ("admin.", "audit.", "unmask.", "feedback.", "hold.", "erasure.")
DOINGS: Final = tuple(kind for kind in EventType if kind.startswith(_THEIRS))


async def access(visit: Visit) -> Response:
    """The accounts, and what was looked at, searched, exported, verified and refused."""
    desk, account = visit.desk, visit.account
    await desk.journal.write(EventType.AUDIT_VIEWED, account, "access")
    every = await asyncio.to_thread(desk.store.accounts)
    found = await asyncio.to_thread(_doings, desk.settings.audit.url, account)
    now = desk.clock()
    accounts = [
        {
            "name": one.account.name,
            "roles": sorted(one.account.roles),
            "tenants": sorted(one.account.tenants),
            "locked": now < one.attempts.locked_until,
        }
        for one in every
        if _may_know(account, one.account)
    ]
    return visit.page("access.html", accounts=accounts, doings=found, most=MOST)


def _may_know(reader: Account, other: Account) -> bool:
    """A bound account knows of those that are bound to tenants of its own, and to no others."""
    return not reader.tenants or bool(other.tenants and other.tenants <= reader.tenants)


def _doings(url: str, account: Account) -> list[dict[str, Any]]:
    tenants: list[str | None] = [*sorted(account.tenants)] or [None]
    with open_search(url) as log:
        records = [
            one
            for tenant in tenants
            for kind in DOINGS
            for one in log.page(Query(type=kind.value, tenant=tenant), limit=MOST).records
        ]
    records.sort(key=lambda record: int(record["seq"]), reverse=True)
    return records[:MOST]
