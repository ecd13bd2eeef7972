"""Setting a legal hold, and lifting one. Both go on record before they are done."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from starlette.responses import Response

from gateway.audit import grammar
from gateway.audit.content.index import values_of
from gateway.audit.content.store import ContentStore, open_content
from gateway.audit.facts import EventType
from gateway.console import pages
from gateway.console.accounts import Account
from gateway.console.desk import Visit
from gateway.console.retention import shown
from gateway.errors import NotFound, RequestError

FORM_BYTES: Final = 65_536
MOST_VALUES: Final = 200
PATH: Final = "/console/retention"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to put on hold: a tenant's data, a request's, or a person's, of whom the values are."""

    reason: str
    tenant: str
    request_id: str
    entity_type: str
    values: tuple[str, ...] = field(repr=False)
    anyway: bool


def wanted(form: Mapping[str, str], account: Account) -> Wanted:
    """What the form asks for.

    Raises:
        RequestError: a field has not its form, or fields do not go together.
        NotFound: the tenant is not one of the account's.
    """
    reason, tenant = form.get("reason", ""), form.get("tenant", "").strip()
    request_id, entity_type = form.get("request_id", "").strip(), form.get("entity_type", "")
    values = values_of(form.get("values", ""))
    if not reason or not grammar.CODE.fullmatch(reason):
        raise RequestError("A reason is a code: small letters, digits, dots, colons, dashes.")
    if not grammar.TENANT.fullmatch(tenant) or not grammar.REQUEST_ID.fullmatch(request_id):
        raise RequestError("This cannot be a tenant or a request.")
    if entity_type and not grammar.ENTITY_TYPE.fullmatch(entity_type):
        raise RequestError("This cannot be an entity type.")
    if bool(entity_type) != bool(values):
        raise RequestError("A person is named by an entity type and values: both, or neither.")
    if len(values) > MOST_VALUES:
        raise RequestError(f"A form takes at most {MOST_VALUES} values.")
    if values and not tenant:
        raise RequestError("A person is looked for in one tenant's data: name the tenant.")
    if not account.sees(tenant):
        raise NotFound("There is no such tenant.", code="no-tenant")
    return Wanted(reason, tenant, request_id, entity_type, values, "anyway" in form)


async def set_hold(visit: Visit) -> Response:
    """Set a hold; a misspelt name is refused, for it would hold nothing and nobody would notice.

    Raises:
        NotFound: the tenant is not one of the account's.
    """
    try:
        asked = wanted(visit.form, visit.account)
    except NotFound:
        raise
    except RequestError as error:
        return await shown(visit, error.message, 400)
    if not asked.anyway and not await asyncio.to_thread(_is_known, visit, asked):
        return await shown(visit, "The log has no such request or tenant. Nothing was set.", 400)
    await visit.desk.journal.write(EventType.HOLD_SET, visit.account, asked.reason, asked.tenant)
    await asyncio.to_thread(_set, visit, asked)
    return pages.redirect(PATH)


def _is_known(visit: Visit, asked: Wanted) -> bool:
    if not asked.tenant and not asked.request_id:
        return True
    with _opened(visit) as content:
        return content.knows(asked.tenant, asked.request_id or None)


def _set(visit: Visit, asked: Wanted) -> None:
    with _opened(visit) as content:
        content.hold(
            reason=asked.reason,
            tenant=asked.tenant,
            request_id=asked.request_id or None,
            subjects=[(asked.entity_type, one) for one in asked.values],
        )


async def release(visit: Visit) -> Response:
    """Lift a hold.

    Raises:
        NotFound: there is none of this id in force, or it is another tenant's.
    """
    which = visit.form.get("id", "")
    held = await asyncio.to_thread(_in_force, visit)
    tenant = held.get(which)
    if tenant is None or not visit.account.sees(tenant):
        raise NotFound("There is no such hold in force.", code="no-hold")
    await visit.desk.journal.write(EventType.HOLD_RELEASED, visit.account, which, tenant)
    await asyncio.to_thread(_release, visit, which)
    return pages.redirect(PATH)


def _in_force(visit: Visit) -> dict[str, str]:
    with _opened(visit) as content:
        return {one.hold_id: one.tenant for one in content.holds()}


def _release(visit: Visit, hold_id: str) -> None:
    with _opened(visit) as content:
        content.release(hold_id)


def _opened(visit: Visit) -> ContentStore:
    settings = visit.desk.settings
    return open_content(settings.audit.url, settings.master_key)
