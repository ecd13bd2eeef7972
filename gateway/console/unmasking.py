"""Asking to see a kept text, answering that, and seeing it. Each step goes on record before it is
done; without its record nothing is shown.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from starlette.responses import Response

from gateway.audit.content.capsule import CapsuleKind
from gateway.audit.content.facts import UnmaskFacts
from gateway.audit.facts import EventType
from gateway.audit.grammar import TENANT
from gateway.audit.record import NONCE_BYTES, commitment
from gateway.console import pages
from gateway.console.accounts import Right
from gateway.console.deciding import Act, Matter, Refusal, State, asked
from gateway.console.desk import Desk, Visit
from gateway.console.records import records_of
from gateway.console.sealing import open_fields, seal_fields
from gateway.console.steps import take
from gateway.console.texts import Texts, row_of, texts_of
from gateway.console.unmasks import LIFESPAN, Unmask
from gateway.errors import NotFound, RequestError

PATH: Final = "/console/unmask"
PURPOSE: Final = "console-unmask"
MIN_WORDS, MAX_WORDS = 10, 1_000
"""Characters of the words for a reason."""

MOST_WAITING: Final = 20
"""Requests of one account that may wait at once."""

CODES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "incident": "An incident is looked into",
        "complaint": "A complaint of the person concerned",
        "data-subject": "A request of a data subject",
        "legal": "A legal duty, or proceedings",
        "quality": "Detection or masking is checked",
        "other": "Something else",
    }
)
KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        CapsuleKind.MASKED_REQUEST.value: "Request, as it was sent on",
        CapsuleKind.ORIGINAL_REQUEST.value: "Request, as the caller sent it",
        CapsuleKind.MASKED_RESPONSE.value: "Answer, before anything was restored",
    }
)
_UNREADABLE: Final = "0" * 64
_ERASED: Final = "The text has been erased, and why it was asked for: nothing is left to see."
_CHANGED: Final = "This request was changed in the database, or made under another master key."
_EVENTS: Final = {
    Act.APPROVE: EventType.UNMASK_APPROVED,
    Act.REFUSE: EventType.UNMASK_DENIED,
    Act.EXPIRE: EventType.UNMASK_EXPIRED,
}


async def listing(visit: Visit) -> Response:
    """One's own requests; for approvers those that wait, for auditors all."""
    desk, account = visit.desk, visit.account
    await expire_due(desk)
    await desk.journal.write(EventType.AUDIT_VIEWED, account, "unmask")
    own = await asyncio.to_thread(desk.unmasks.of, account.name, account.tenants)
    waiting = every = None
    if account.may(Right.APPROVE):
        found = await asyncio.to_thread(desk.unmasks.waiting, account.tenants)
        waiting = [row_of(one) for one in found]
    if account.may(Right.ACCESS):
        found = await asyncio.to_thread(desk.unmasks.every, account.tenants)
        every = [row_of(one) for one in found]
    mine = [row_of(one) for one in own]
    return visit.page("unmasks.html", own=mine, waiting=waiting, every=every)


async def form(visit: Visit) -> Response:
    """What there is to be seen of a record's request, and a form that asks for it."""
    record = (await records_of(visit))[0]
    event_id, tenant = str(record["event_id"]), str(record.get("tenant", ""))
    await visit.desk.journal.write(EventType.AUDIT_VIEWED, visit.account, event_id, tenant)
    return await _form(visit, record)


async def _form(visit: Visit, record: Mapping[str, Any], message: str = "") -> Response:
    texts = await texts_of(visit.desk, record) or Texts([], [])
    return visit.page(
        "unmask_ask.html",
        400 if message else 200,
        message=message,
        record=record,
        texts=texts,
        kinds=KINDS,
        codes=CODES,
        given=visit.form,
        most=MAX_WORDS,
        least=MIN_WORDS,
    )


async def ask(visit: Visit) -> Response:
    """Ask for it."""
    desk, account, given = visit.desk, visit.account, visit.form
    record = (await records_of(visit))[0]
    texts = await texts_of(desk, record) or Texts([], [])
    kept = {one.kind for one in texts.kept}
    kinds = tuple(one for one in KINDS if given.get(f"kind_{one}") and one in kept)
    words, ticket = given.get("words", "").strip(), given.get("ticket", "").strip()
    if problem := _problem(kinds, given.get("code", ""), ticket, words):
        return await _form(visit, record, problem)
    if await asyncio.to_thread(desk.unmasks.waiting_of, account.name) >= MOST_WAITING:
        return await _form(visit, record, f"{MOST_WAITING} requests of yours wait already.")
    nonce = secrets.token_bytes(NONCE_BYTES)
    which, tenant = f"um-{secrets.token_hex(8)}", str(record.get("tenant", ""))
    sealed = {"words": words, "nonce": nonce.hex(), "digest": _digest(nonce, words)}
    unmask = Unmask(
        unmask_id=which,
        tenant=tenant,
        request_id=str(record["request_id"]),
        event_id=str(record["event_id"]),
        kinds=kinds,
        code=given["code"],
        ticket=ticket,
        reason=seal_fields(desk.settings.master_key, PURPOSE, tenant, which, sealed),
        views=0,
        matter=asked(account.name, desk.clock(), LIFESPAN),
    )
    facts = _facts(desk, unmask)
    await desk.journal.write(
        EventType.UNMASK_REQUESTED, account, f"unmask/{which}", tenant, unmask=facts
    )
    await asyncio.to_thread(desk.unmasks.add, unmask)
    return pages.redirect(f"{PATH}/{which}")


def _problem(kinds: tuple[str, ...], code: str, ticket: str, words: str) -> str:
    if not kinds:
        return "Choose a text that is kept."
    if code not in CODES:
        return "Choose a reason."
    if TENANT.fullmatch(ticket) is None:
        return "A ticket is one word of letters, digits, dots, dashes, colons and underscores."
    if not MIN_WORDS <= len(words) <= MAX_WORDS:
        return f"Say why in {MIN_WORDS} to {MAX_WORDS} characters."
    return ""


async def one(visit: Visit) -> Response:
    """A request, and what can be done with it."""
    await expire_due(visit.desk)
    unmask = await _unmask(visit)
    target = f"unmask/{unmask.unmask_id}"
    await visit.desk.journal.write(EventType.AUDIT_VIEWED, visit.account, target, unmask.tenant)
    return page(visit, unmask)


def page(visit: Visit, unmask: Unmask, message: str = "", status: int = 200) -> Response:
    """The page of a request."""
    matter, name = unmask.matter, visit.account.name
    is_mine = matter.asked_by == name
    now = visit.desk.clock()
    waits = matter.state is State.OPEN and not matter.is_over(now)
    usable = matter.state is State.APPROVED and not matter.is_over(now)
    return visit.page(
        "unmask.html",
        status,
        message=message,
        unmask=unmask,
        row=row_of(unmask),
        kinds=[KINDS.get(one, one) for one in unmask.kinds],
        reason=CODES.get(unmask.code, unmask.code),
        words=_words(visit.desk, unmask),
        can_decide=waits and not is_mine and visit.account.may(Right.APPROVE),
        can_see=usable and is_mine and visit.account.may(Right.UNMASK),
        is_mine=is_mine,
        waits=waits,
    )


async def approve(visit: Visit) -> Response:
    """Let somebody else see what they asked for."""
    return await _decide(visit, Act.APPROVE)


async def refuse(visit: Visit) -> Response:
    """Do not."""
    return await _decide(visit, Act.REFUSE)


async def _decide(visit: Visit, act: Act) -> Response:
    desk, account = visit.desk, visit.account
    unmask = await _unmask(visit)
    facts = _facts(desk, unmask, account.name)
    if act is Act.APPROVE and facts.reason == _UNREADABLE:
        raise RequestError(_CHANGED if unmask.reason else _ERASED, status=409)
    target = f"unmask/{unmask.unmask_id}"

    async def record(_: Matter) -> None:
        await desk.journal.write(_EVENTS[act], account, target, unmask.tenant, unmask=facts)

    try:
        await take(desk.unmasks, unmask.unmask_id, act, account.name, desk.clock, record)
    except Refusal as refusal:
        await desk.journal.write(EventType.ADMIN_REFUSED, account, target, unmask.tenant)
        again = await asyncio.to_thread(desk.unmasks.get, unmask.unmask_id)
        return page(visit, again or unmask, refusal.why.value, 409)
    return pages.redirect(f"{PATH}/{unmask.unmask_id}")


async def expire_due(desk: Desk) -> None:
    """Say of those whose time has passed that they have expired, and put it on record."""
    for which in await asyncio.to_thread(desk.unmasks.due, desk.clock()):
        unmask = await asyncio.to_thread(desk.unmasks.get, which)
        if unmask is None:
            continue
        try:
            facts = _facts(desk, unmask, unmask.matter.decided_by)
        except RequestError:  # it lets nobody do anything, and is deleted with the others
            continue

        async def record(_: Matter, unmask: Unmask = unmask, facts: Any = facts) -> None:
            kind, target = EventType.UNMASK_EXPIRED, f"unmask/{unmask.unmask_id}"
            await desk.journal.write(
                kind, None, target, unmask.tenant, unmask=facts, by_gateway=True
            )

        try:
            await take(desk.unmasks, which, Act.EXPIRE, "", desk.clock, record)
        except Refusal:  # another process is at it
            continue


async def _unmask(visit: Visit) -> Unmask:
    """The request that the address names, where it is this account's business."""
    found = await find(visit, visit.request.path_params["unmask"])
    mine = found.matter.asked_by == visit.account.name
    if mine or visit.account.may(Right.APPROVE) or visit.account.may(Right.ACCESS):
        return found
    raise nothing()


async def find(visit: Visit, which: str) -> Unmask:
    """The request of this id.

    Raises:
        NotFound: there is none, or it is of a tenant that the account does not see.
    """
    found = await asyncio.to_thread(visit.desk.unmasks.get, which)
    if found is None or not visit.account.sees(found.tenant):
        raise nothing()
    return found


def nothing() -> NotFound:
    """What is raised where there is nothing for this account."""
    return NotFound("There is no such request.", code="no-unmask")


def _words(desk: Desk, unmask: Unmask) -> dict[str, Any] | None:
    """The words for the reason, and the digest of them that is on record.

    None where they do not open: the row was changed, or is of another master key.
    """
    return open_fields(
        desk.settings.master_key, PURPOSE, unmask.tenant, unmask.unmask_id, unmask.reason
    )


def _digest(nonce: bytes, words: str) -> str:
    return commitment(nonce, words.encode()).digest


def _facts(desk: Desk, unmask: Unmask, decided_by: str = "") -> UnmaskFacts:
    """Raises `RequestError` where a record cannot say it: no such request was made here."""
    words = _words(desk, unmask)
    try:
        return UnmaskFacts(
            request_id=unmask.request_id,
            kinds=unmask.kinds,
            code=unmask.code,
            ticket=unmask.ticket,
            reason=_UNREADABLE if words is None else str(words["digest"]),
            asked_by=unmask.matter.asked_by,
            decided_by=decided_by,
        )
    except ValueError:
        raise RequestError(_CHANGED, status=409) from None


def facts_of(desk: Desk, unmask: Unmask) -> UnmaskFacts:
    """What a record says of a request that was decided on.

    Raises:
        RequestError: the request was changed in the table, or is of another master key.
    """
    facts = _facts(desk, unmask, unmask.matter.decided_by)
    if facts.reason == _UNREADABLE:
        raise RequestError(_CHANGED, status=409)
    return facts
