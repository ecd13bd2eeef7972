"""How long what is kept, what is due to go, what went, and what is missing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import orjson
from starlette.responses import Response

from gateway.audit import retention as plans
from gateway.audit.content.figures import Standing
from gateway.audit.content.sql import Hold
from gateway.audit.content.store import open_content
from gateway.audit.facts import EventType
from gateway.audit.reading import Pruning, open_log
from gateway.console.desk import Visit
from gateway.errors import AuditUnavailable, ConfigError, VaultUnavailable
from gateway.settings import Settings
from gateway.snapshots import policy_of
from gateway.types import ContentKept, RecordRules
from gateway.vault import sql as vault

FOR_GOOD: Final = "until somebody deletes it"


@dataclass(frozen=True, slots=True)
class Class:
    """A sort of what is kept: for how long, and which setting says so."""

    name: str
    days: str
    setting: str


@dataclass(frozen=True, slots=True)
class Log:
    """What the log itself says: leaves, prunings, and records that are missing by writer."""

    size: int
    pruned: int
    prunings: list[Pruning]
    gaps: dict[str, int]
    first: str


@dataclass(frozen=True, slots=True)
class Content:
    """What is kept beside the records, by tenant, and what can be pruned: None where nothing is
    to go by age."""

    texts: list[Standing]
    index: list[Standing]
    vault: list[vault.Kept]
    holds: list[Hold]
    plan: plans.Plan | None


async def retention(visit: Visit) -> Response:
    """Retention by class, what is due, what went, gaps, and the holds that one sees."""
    return await shown(visit)


async def shown(visit: Visit, message: str = "", status: int = 200) -> Response:
    """The page, with what was wrong with a form that was sent."""
    desk, account = visit.desk, visit.account
    await desk.journal.write(EventType.AUDIT_VIEWED, account, "retention")
    settings = desk.settings
    log, rules = await asyncio.to_thread(_log, settings.audit.url, desk.policy())
    before = _before(settings, desk.clock())
    content = await asyncio.to_thread(_content, settings, before, account.sees)
    return visit.page(
        "retention.html",
        status,
        message=message,
        classes=_classes(settings, rules),
        subjects=sorted(rules.subjects) if rules else [],
        log=log,
        content=content,
        before=before,
        tenants=sorted(account.tenants),
    )


def _before(settings: Settings, now: float) -> str | None:
    """Before when records are old enough to go, as records write times."""
    if settings.audit.retention_days is None:
        return None
    moment = datetime.fromtimestamp(now, UTC) - timedelta(days=settings.audit.retention_days)
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z"


def _log(url: str, policy: str) -> tuple[Log, RecordRules | None]:
    """The log's own figures, and what the policy in force says of content; None if not known."""
    with open_log(url) as log:
        below = log.pruned_below
        oldest = next(log.rows(below, below + 1), None)
        first = "" if oldest is None else str(orjson.loads(oldest.body)["ts"])
        made = Log(log.size, below, log.prunings(), log.gaps(), first)
        files = log.policy(policy)
    try:
        return made, policy_of(files).record if files else None
    except ConfigError:
        return made, None


def _content(settings: Settings, before: str | None, sees: Callable[[str], bool]) -> Content | None:
    """What is kept beside the records; None where this database login may not know."""
    url = settings.audit.url
    try:
        with open_content(url, settings.master_key) as content:
            standing, holds = content.standing(), content.holds(released=True)
            plan = None if before is None else plans.plan(content, before, roughly=True)
        with vault.kept(url) as connection:
            items = vault.stats(connection, time.time())
    except (AuditUnavailable, VaultUnavailable):
        return None
    return Content(
        [one for one in standing["texts"] if sees(one.tenant)],
        [one for one in standing["index"] if sees(one.tenant)],
        [one for one in items if sees(one.tenant)],
        [one for one in holds[::-1] if sees(one.tenant)],
        plan,
    )


def _classes(settings: Settings, rules: RecordRules | None) -> list[Class]:
    days = settings.audit.retention_days
    made = [Class("Records", FOR_GOOD if days is None else _days(days), "audit.retention_days")]
    if rules is None:
        unknown = "not known: the policy in force is not kept in this log"
        made.append(Class("Texts and index", unknown, "record.retention_days"))
    else:
        kept = rules.content is not ContentKept.NONE
        texts = _days(rules.retention_days) if kept else "not kept"
        index = _days(rules.retention_days) if rules.subjects else "not kept"
        made.append(Class("Masked texts, sealed", texts, "policy: record.content"))
        made.append(Class("Index of persons' values", index, "policy: record.subjects"))
    made += [
        Class("Stored answers", _days(settings.vault.response_days), "vault.response_days"),
        Class("Files and batches", _days(settings.vault.batch_days), "vault.batch_days"),
    ]
    for one in settings.upstreams:
        said = one.facts.retention_days
        words = "not said" if said is None else _days(said)
        made.append(Class(f"At the upstream {one.name}", words, "upstreams: retention_days"))
    return made


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"
