"""Feedback on findings: given, looked at, accepted or rejected by somebody else, and exported.

The console never changes the configuration: who accepts a change takes it away as a file.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response

from gateway.audit import grammar
from gateway.audit.content.facts import FeedbackFacts
from gateway.audit.content.index import blind, index_key
from gateway.audit.facts import EventType
from gateway.audit.record import NONCE_BYTES, commitment
from gateway.console import pages
from gateway.console.accounts import Right
from gateway.console.deciding import Act, Matter, Refusal, State, asked
from gateway.console.desk import Desk, Visit
from gateway.console.feedbacks import LIFESPAN, Feedback
from gateway.console.judging import Judged, judged, lists_of
from gateway.console.proposing import Said, Verdict
from gateway.console.reading_feedback import read_said
from gateway.console.sealing import open_fields, seal_fields
from gateway.console.steps import take
from gateway.console.texts import moment
from gateway.errors import NotFound, RequestError

PATH: Final = "/console/feedback"
PURPOSE: Final = "console-feedback"
FORM_BYTES: Final = 524_288
MOST_WAITING: Final = 200
"""What of one account may wait for a decision at once."""

_EVENTS: Final = {
    Act.APPROVE: EventType.FEEDBACK_ACCEPTED,
    Act.REFUSE: EventType.FEEDBACK_REJECTED,
}
_WORDS: Final = {
    State.OPEN: "proposed",
    State.APPROVED: "accepted",
    State.REFUSED: "rejected",
    State.EXPIRED: "expired",
}


async def listing(visit: Visit) -> Response:
    """One's own feedback; for approvers that of everybody whose tenants they see."""
    desk, account = visit.desk, visit.account
    await desk.journal.write(EventType.AUDIT_VIEWED, account, "feedback")
    whose = "" if account.may(Right.APPROVE) else account.name
    found = await asyncio.to_thread(desk.feedback.every, account.tenants, whose)
    shown = [row_of(one) for one in found]
    counts = await asyncio.to_thread(desk.feedback.counts, account.sees)
    return visit.page(
        "feedbacks.html",
        rows=shown,
        counts=sorted(counts.items()),
        words={state.value: words for state, words in _WORDS.items()},
        tenants=sorted(account.tenants),
        is_approver=account.may(Right.APPROVE),
    )


def _is_for(visit: Visit, one: Feedback) -> bool:
    mine = one.matter.asked_by == visit.account.name
    return visit.account.sees(one.tenant) and (mine or visit.account.may(Right.APPROVE))


async def give(visit: Visit) -> Response:
    """Say something of a finding. The words are sealed; on record stand their length and type."""
    desk, account = visit.desk, visit.account
    event_id, tenant = await _about(visit)
    said = read_said(visit.form, tenant)
    if await asyncio.to_thread(desk.feedback.waiting, account.name) >= MOST_WAITING:
        raise RequestError(f"{MOST_WAITING} of yours wait for a decision already.", status=409)
    which, nonce = f"fb-{secrets.token_hex(8)}", secrets.token_bytes(NONCE_BYTES)
    digest = commitment(nonce, said.value.encode()).digest if said.value else ""
    facts = FeedbackFacts(
        verdict=said.verdict.value,
        entity_type=said.entity_type,
        length=len(said.value),
        value=digest,
        about=event_id,
        given_by=account.name,
    )
    master = desk.settings.master_key
    fields = {
        "value": said.value,
        "text": said.text,
        "stretches": None if said.stretches is None else [*map(list, said.stretches)],
        "language": said.language,
        "nonce": nonce.hex(),
        "digest": digest,
    }
    row = Feedback(
        feedback_id=which,
        tenant=tenant,
        event_id=event_id,
        verdict=said.verdict.value,
        entity_type=said.entity_type,
        blind=blind(index_key(master, tenant), said.entity_type, said.value) if said.value else b"",
        sealed=seal_fields(master, PURPOSE, tenant, which, fields),
        matter=asked(account.name, desk.clock(), LIFESPAN),
    )
    await desk.journal.write(
        EventType.FEEDBACK_GIVEN, account, f"feedback/{which}", tenant, feedback=facts
    )
    await asyncio.to_thread(desk.feedback.add, row)
    return pages.redirect(f"{PATH}/{which}")


async def _about(visit: Visit) -> tuple[str, str]:
    """The record that it is about, "" where it is none, and the tenant.

    Raises:
        NotFound: the record or the tenant is not for this account.
    """
    event_id = visit.form.get("event_id", "")
    if not event_id:
        tenant = visit.form.get("tenant", "") or min(visit.account.tenants, default="default")
        if not grammar.TENANT.fullmatch(tenant):
            raise RequestError("This cannot be a tenant.")
        if not visit.account.sees(tenant):
            raise nothing()
        return "", tenant
    found = None
    if visit.account.may(Right.RECORDS) and grammar.UUID7.fullmatch(event_id):
        found = await asyncio.to_thread(_tenant_of, visit.desk, event_id)
    if found is None or not visit.account.sees(found):
        raise nothing()
    return event_id, found


def _tenant_of(desk: Desk, event_id: str) -> str | None:
    with desk.feedback.reading() as raw:
        query = "SELECT tenant FROM audit_records WHERE event_id = ?"
        row = raw.execute(query, (event_id,)).fetchone()
    return None if row is None else str(row[0])


async def one(visit: Visit) -> Response:
    """What was said, what is proposed of it, and whether that does what was meant."""
    row = await find(visit)
    target = f"feedback/{row.feedback_id}"
    await visit.desk.journal.write(EventType.AUDIT_VIEWED, visit.account, target, row.tenant)
    return await page(visit, row)


async def page(visit: Visit, row: Feedback, message: str = "", status: int = 200) -> Response:
    """The page of one."""
    said = said_of(visit.desk, row)
    found: Judged | None = None
    if said is not None and said.value:
        lists = lists_of(visit.desk.settings.detection, visit.account.sees)
        found = await asyncio.to_thread(judged, said, lists)
    mine = row.matter.asked_by == visit.account.name
    return visit.page(
        "feedback.html",
        status,
        message=message,
        row=row_of(row),
        said=said,
        has_label=said is not None and said.stretches is not None,
        judged=found,
        is_mine=mine,
        can_decide=row.matter.state is State.OPEN and not mine and visit.account.may(Right.APPROVE),
        can_take=row.matter.state is State.APPROVED and visit.account.may(Right.APPROVE),
    )


async def accept(visit: Visit) -> Response:
    """Take a proposal as right. It changes nothing by itself."""
    return await _decide(visit, Act.APPROVE)


async def reject(visit: Visit) -> Response:
    """Do not. What was said is forgotten, but for a legal hold."""
    return await _decide(visit, Act.REFUSE)


async def _decide(visit: Visit, act: Act) -> Response:
    desk, account = visit.desk, visit.account
    row = await find(visit)
    target = f"feedback/{row.feedback_id}"
    facts = _facts(desk, row, account.name)

    async def record(_: Matter) -> None:
        await desk.journal.write(_EVENTS[act], account, target, row.tenant, feedback=facts)

    try:
        await take(desk.feedback, row.feedback_id, act, account.name, desk.clock, record)
    except Refusal as refusal:
        await desk.journal.write(EventType.ADMIN_REFUSED, account, target, row.tenant)
        again = await asyncio.to_thread(desk.feedback.get, row.feedback_id)
        return await page(visit, again or row, refusal.why.value, 409)
    if act is Act.REFUSE:
        await asyncio.to_thread(desk.feedback.forget)
    return pages.redirect(f"{PATH}/{row.feedback_id}")


async def find(visit: Visit) -> Feedback:
    """What the address names.

    Raises:
        NotFound: there is none, or it is not for this account.
    """
    which = visit.request.path_params["feedback"]
    found = await asyncio.to_thread(visit.desk.feedback.get, which)
    if found is None or not _is_for(visit, found):
        raise nothing()
    return found


def nothing() -> NotFound:
    """What is raised where there is nothing for this account."""
    return NotFound("There is no such feedback.", code="no-feedback")


def said_of(desk: Desk, row: Feedback) -> Said | None:
    """What was said; None where it was rejected, or does not open."""
    opened = _opened(desk, row)
    if opened is None or row.matter.state is State.REFUSED:
        return None
    return read_said({**opened, "verdict": row.verdict, "entity_type": row.entity_type}, row.tenant)


def _opened(desk: Desk, row: Feedback) -> Mapping[str, Any] | None:
    master = desk.settings.master_key
    return open_fields(master, PURPOSE, row.tenant, row.feedback_id, row.sealed)


def _facts(desk: Desk, row: Feedback, decided_by: str) -> FeedbackFacts:
    opened = _opened(desk, row) or {}
    return FeedbackFacts(
        verdict=row.verdict,
        entity_type=row.entity_type,
        length=len(opened.get("value", "")),
        value=opened.get("digest", ""),
        about=row.event_id,
        given_by=row.matter.asked_by,
        decided_by=decided_by,
    )


def row_of(one: Feedback) -> dict[str, Any]:
    """Feedback as the rows of tables show it: without what was said."""
    matter = one.matter
    return {
        "id": one.feedback_id,
        "event_id": one.event_id,
        "tenant": one.tenant,
        "verdict": one.verdict,
        "entity_type": one.entity_type,
        "state": _WORDS[matter.state],
        "tone": {State.OPEN: "warn", State.APPROVED: "good"}.get(matter.state, ""),
        "given_by": matter.asked_by,
        "given": moment(matter.asked),
        "decided_by": matter.decided_by,
        "decided": moment(matter.decided) if matter.decided_by else "",
        "is_missed": one.verdict == Verdict.MISSED,
    }
