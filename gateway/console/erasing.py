"""Erasing what is kept of a person: asked twice, on record before and after, with a certificate."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field
from typing import Final

import orjson
from starlette.responses import Response

from gateway.audit import grammar
from gateway.audit.content.facts import ErasureFacts
from gateway.audit.content.person import Person
from gateway.audit.content.store import Erased, HeldError
from gateway.audit.facts import EventType
from gateway.audit.record import NONCE_BYTES
from gateway.console.desk import Visit
from gateway.console.subjects import MOST_ERASED, is_open, opened, person_of, traces
from gateway.errors import AuditUnavailable, RequestError
from gateway.vault import sql as vault

_LATE: Final = (
    "It was erased, but that could not be put on record: the log says only that it was asked for."
)


@dataclass(frozen=True, slots=True)
class Before:
    """What would be erased: how many requests, how many are still open, holds in the way."""

    requests: list[str] = field(repr=False)
    still_open: int
    holds: tuple[str, ...]
    feedback: int = 0

    @property
    def count(self) -> int:
        """How many requests there are."""
        return len(self.requests)


@dataclass(frozen=True, slots=True)
class Done:
    """What was erased."""

    erased: Erased
    vault_items: int


async def erase(visit: Visit) -> Response:
    """Show what would go; or, where the form says how many requests those are, erase them.

    Raises:
        RequestError: a field is not of its form, or nothing was found.
        NotFound: the tenant is not one of the account's.
        AuditUnavailable: it could not be put on record, and was not done.
    """
    person, reason = person_of(visit.form, visit.account), visit.form.get("reason", "").strip()
    if not reason or not grammar.CODE.fullmatch(reason):
        raise RequestError("A reason is a code: small letters, digits, dots, colons, dashes.")
    journal, account = visit.desk.journal, visit.account
    await journal.write(EventType.AUDIT_SEARCHED, account, "dsar.erase", person.tenant)
    before = await asyncio.to_thread(_before, visit, person)
    if not before.count and not before.feedback:
        raise RequestError("Nothing was found.", status=404)
    said = visit.form.get("confirm", "").strip()
    if before.holds or said != str(before.count):
        return _ask(visit, person, reason, before, wrong=bool(said))
    return await _erase(visit, person, reason, before)


def _before(visit: Visit, person: Person) -> Before:
    with opened(visit) as content:
        found = traces(content, person)
        if found.count > MOST_ERASED:
            raise RequestError(
                f"There are more than {MOST_ERASED:,} requests: use cloakroom dsar erase."
            )
        still_open = sum(is_open(content, one, person.tenant) for one in found.requests)
    return Before(found.requests, still_open, tuple(found.holds), found.feedback)


def _ask(visit: Visit, person: Person, reason: str, before: Before, *, wrong: bool) -> Response:
    return visit.page(
        "erase.html",
        409 if wrong or before.holds else 200,
        person=person,
        values="\n".join(person.values),
        reason=reason,
        before=before,
        wrong=wrong,
    )


async def _erase(visit: Visit, person: Person, reason: str, before: Before) -> Response:
    journal, account, tenant = visit.desk.journal, visit.account, person.tenant
    nonce = secrets.token_bytes(NONCE_BYTES)
    asked = ErasureFacts(reason=reason, scope=person.scope(nonce), requests=before.count)
    await journal.write(EventType.ERASURE_REQUESTED, account, tenant=tenant, erasure=asked)
    try:
        done = await asyncio.to_thread(_carry_out, visit, person, before.requests)
    except HeldError as error:
        held = Before(before.requests, before.still_open, error.holds, before.feedback)
        return _ask(visit, person, reason, held, wrong=False)
    facts = ErasureFacts(
        reason=reason,
        scope=asked.scope,
        requests=done.erased.requests,
        **done.erased.deleted._asdict(),
    )
    try:
        event_id = await journal.write(
            EventType.ERASURE_EXECUTED, account, tenant=tenant, erasure=facts
        )
    except AuditUnavailable:
        event_id = ""
    certificate = {
        "event_id": event_id,
        "tenant": tenant,
        "reason": reason,
        "requests": done.erased.requests,
        **done.erased.deleted._asdict(),
        "vault_items": done.vault_items,
        "scope": asked.scope,
        "scope_nonce": nonce.hex(),
        "open_requests": before.still_open,
        "free_space_clean": done.erased.is_clean,
    }
    return visit.page(
        "erased.html",
        200 if event_id else 503,
        message="" if event_id else _LATE,
        certificate=certificate,
        whole=orjson.dumps(certificate, option=orjson.OPT_INDENT_2).decode(),
    )


def _carry_out(visit: Visit, person: Person, requests: list[str]) -> Done:
    """Erase what the requests left in the vault, then the rest.

    In this order, while the index still says which requests they are: it may be cut short.
    """
    tenant = person.tenant
    with opened(visit) as content:
        held = content.holding(tenant, requests, person)
        if held:
            raise HeldError(held)
        with vault.kept(visit.desk.settings.audit.url) as connection:
            items = vault.erase(connection, tenant, requests)
        return Done(content.erase(tenant, requests, person), items)
