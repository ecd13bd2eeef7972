"""Requests of data subjects: what is kept of a person, found by their values, handed out.

Values come in forms, never in an address. What is handed out are records, and which texts are
kept: to read those takes a second person, or a shell on the gateway's machine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from starlette.responses import Response

from gateway.audit import grammar
from gateway.audit.content.index import values_of
from gateway.audit.content.person import Person
from gateway.audit.content.store import ContentStore, open_content
from gateway.audit.facts import TERMINAL, EventType
from gateway.audit.reading import open_log
from gateway.console import describing
from gateway.console.accounts import Account, Right
from gateway.console.desk import Visit
from gateway.console.security import HEADERS
from gateway.errors import ConfigError, NotFound, RequestError
from gateway.snapshots import policy_of

PATH: Final = "/console/subjects"
FORM_BYTES: Final = 65_536
MOST_VALUES: Final = 200
MOST_SHOWN: Final = 200
MOST_EXPORTED: Final = 2_000
MOST_ERASED: Final = 10_000
"""Requests of one person that are looked through for holds, and erased, here; more of them are for
the command line."""

_ENDS: Final = frozenset(kind.value for kind in TERMINAL.values())


@dataclass(frozen=True, slots=True)
class Trace:
    """A request in which a value was found."""

    request_id: str
    ts: str
    ended: str
    model: str
    texts: int


@dataclass(frozen=True, slots=True)
class Traces:
    """The requests of a person: `count` of them, of which the first are described, the holds that
    they are under, and how much feedback there is on these values."""

    requests: list[str] = field(repr=False)
    shown: list[Trace]
    holds: list[str]
    feedback: int = 0

    @property
    def count(self) -> int:
        """How many requests there are."""
        return len(self.requests)


async def form(visit: Visit) -> Response:
    """An empty form."""
    await visit.desk.journal.write(EventType.AUDIT_VIEWED, visit.account, "subjects")
    return await page(visit, {})


async def find(visit: Visit) -> Response:
    """The requests in which a person's values were found."""
    try:
        person = person_of(visit.form, visit.account)
    except RequestError as error:
        if isinstance(error, NotFound):
            raise
        return await page(visit, visit.form, message=error.message)
    desk = visit.desk
    await desk.journal.write(EventType.AUDIT_SEARCHED, visit.account, "dsar.find", person.tenant)
    found = await asyncio.to_thread(_traces, visit, person)
    return await page(visit, visit.form, person=person, found=found)


def person_of(given: Mapping[str, str], account: Account) -> Person:
    """The person that a form names.

    Raises:
        RequestError: a field is missing, or not of its form.
        NotFound: the tenant is not one of the account's.
    """
    tenant, entity_type = given.get("tenant", "").strip(), given.get("entity_type", "").strip()
    values = values_of(given.get("values", ""))
    if not tenant or not grammar.TENANT.fullmatch(tenant):
        raise RequestError("Name the tenant that holds the data.")
    if not grammar.ENTITY_TYPE.fullmatch(entity_type):
        raise RequestError("Name the entity type of the values, such as EMAIL_ADDRESS.")
    if not values or len(values) > MOST_VALUES:
        raise RequestError(f"Write 1 to {MOST_VALUES} values, one a line.")
    if not account.sees(tenant):
        raise NotFound("There is no such tenant.", code="no-tenant")
    return Person(tenant, entity_type, values)


async def page(
    visit: Visit,
    given: Mapping[str, str],
    *,
    message: str = "",
    person: Person | None = None,
    found: Traces | None = None,
) -> Response:
    """The form with what was found."""
    indexed = await asyncio.to_thread(_indexed, visit)
    unindexed = person is not None and indexed is not None and person.entity_type not in indexed
    return visit.page(
        "subjects.html",
        400 if message else 200,
        message=message,
        indexed=None if indexed is None else sorted(indexed),
        not_indexed=unindexed,
        tenants=sorted(visit.account.tenants),
        given={name: given.get(name, "") for name in ("tenant", "entity_type", "values")},
        found=found,
        may_export=visit.account.may(Right.EXPORT),
    )


def _indexed(visit: Visit) -> frozenset[str] | None:
    """The types that the policy in force indexes; None where it is not known."""
    with open_log(visit.desk.settings.audit.url) as log:
        files = log.policy(visit.desk.policy())
    try:
        return policy_of(files).record.subjects if files else None
    except ConfigError:
        return None


def opened(visit: Visit) -> ContentStore:
    """What is kept beside the log. It blocks."""
    settings = visit.desk.settings
    return open_content(settings.audit.url, settings.master_key)


def _traces(visit: Visit, person: Person) -> Traces:
    with opened(visit) as content:
        return traces(content, person)


def traces(content: ContentStore, person: Person) -> Traces:
    """What is kept of a person. It blocks."""
    requests = content.find(person.tenant, person.entity_type, person.values)
    shown = [_trace(content, one, person.tenant) for one in requests[:MOST_SHOWN]]
    holds = content.holding(person.tenant, requests[:MOST_ERASED], person)
    return Traces(requests, shown, holds, content.said(person))


def _trace(content: ContentStore, request_id: str, tenant: str) -> Trace:
    records = records_of(content, request_id, tenant)
    first: Mapping[str, Any] = records[0] if records else {}
    ends = [str(one["type"]) for one in records if one["type"] in _ENDS]
    return Trace(
        request_id,
        str(first.get("ts", "")),
        ends[0] if ends else "open",
        str(first.get("model_requested", "")),
        len(content.kept(request_id)),
    )


def records_of(content: ContentStore, request_id: str, tenant: str) -> list[dict[str, Any]]:
    """The records of a request of this tenant, oldest first."""
    return [one for one in content.records(request_id) if one.get("tenant", "") == tenant]


def is_open(content: ContentStore, request_id: str, tenant: str) -> bool:
    """Whether a request is still being answered."""
    return not any(one["type"] in _ENDS for one in records_of(content, request_id, tenant))


async def export(visit: Visit) -> Response:
    """All records of a person's requests, and which texts are kept of them, as JSON.

    Raises:
        RequestError: there are too many or none, or a field is not of its form.
        NotFound: the tenant is not one of the account's.
    """
    person = person_of(visit.form, visit.account)
    desk = visit.desk
    await desk.journal.write(EventType.AUDIT_EXPORTED, visit.account, "dsar.export", person.tenant)
    document = await asyncio.to_thread(_document, visit, person)
    headers = {**HEADERS, "content-disposition": 'attachment; filename="cloakroom-person.json"'}
    return Response(document, 200, headers, "application/json")


def _document(visit: Visit, person: Person) -> bytes:
    with opened(visit) as content:
        requests = content.find(person.tenant, person.entity_type, person.values)
        if not requests:
            raise RequestError("Nothing was found.", status=404)
        if len(requests) > MOST_EXPORTED:
            raise RequestError(
                f"There are more than {MOST_EXPORTED} requests: use cloakroom dsar export."
            )
        document = {
            "tenant": person.tenant,
            "requests": [
                {
                    "request_id": one,
                    "records": list(map(describing.own, records_of(content, one, person.tenant))),
                    "texts": [text._asdict() for text in content.kept(one)],
                }
                for one in requests
            ],
        }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n"
