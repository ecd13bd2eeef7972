"""Searching the log, one record with its proof, and what was found as a file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, Final
from urllib.parse import urlencode

import orjson
from starlette.responses import Response, StreamingResponse

from gateway.audit.export import Format, head_of, line_of
from gateway.audit.facts import EventType
from gateway.audit.search import Found, open_search
from gateway.console import describing
from gateway.console.desk import Visit
from gateway.console.filters import BEFORE, FIELDS, Filters, read_filters
from gateway.console.lifeline import lifeline
from gateway.console.proving import Verdict, prove, standing
from gateway.console.saved import SavedSearch
from gateway.console.security import HEADERS
from gateway.console.texts import Texts, texts_of
from gateway.errors import NotFound, RequestError

PAGE: Final = 50
EXPORT_PAGE: Final = 500
PATH: Final = "/console/records"
_EXPORTS: Final = {
    Format.CSV: ("csv", "text/csv; charset=utf-8"),
    Format.JSONL: ("jsonl", "application/jsonl"),
    Format.OCSF: ("ocsf.jsonl", "application/jsonl"),
}


async def search(visit: Visit) -> Response:
    """A page of records, newest first, and a form of what to look for."""
    try:
        filters = read_filters(visit.request.query_params, visit.account)
    except RequestError as error:
        if isinstance(error, NotFound):
            raise
        form = _form({}, visit, await _saved(visit))
        return visit.page("records.html", 400, message=error.message, **form)
    await visit.desk.journal.write(
        EventType.AUDIT_SEARCHED, visit.account, filters.names, filters.query.tenant or ""
    )
    found = await asyncio.to_thread(_page, visit.desk.settings.audit.url, filters, PAGE)
    rows = [
        {
            "record": one,
            "masked": describing.masked(one),
            "tone": describing.tone(one),
            "when": str(one.get("ts", ""))[:19].replace("T", " "),
        }
        for one in found.records
    ]
    older = "" if found.before is None else _link(filters, found.before)
    return visit.page(
        "records.html",
        message="",
        rows=rows,
        older=older,
        newest=_link(filters, None) if filters.before is not None else "",
        looked=found.scanned,
        **_form(filters.values, visit, await _saved(visit)),
    )


def _page(url: str, filters: Filters, limit: int) -> Found:
    with open_search(url) as log:
        return log.page(filters.query, limit=limit, before=filters.before)


async def _saved(visit: Visit) -> list[SavedSearch]:
    return await asyncio.to_thread(visit.desk.searches.of, visit.account.name)


def _form(values: Any, visit: Visit, saved: list[SavedSearch]) -> dict[str, Any]:
    return {
        "fields": FIELDS,
        "saved": saved,
        "values": values,
        "open": any(one.name in values for one in FIELDS if not one.common),
        "tenants": sorted(visit.account.tenants),
        "exports": [one.value for one in _EXPORTS],
    }


def _link(filters: Filters, before: int | None) -> str:
    values = dict(filters.values) | ({} if before is None else {BEFORE: str(before)})
    return f"{PATH}?{urlencode(values)}" if values else PATH


async def record(visit: Visit) -> Response:
    """One record, by its event id; or the records of a request, by its id."""
    return await _shown(visit, EventType.AUDIT_VIEWED, standing)


async def verify(visit: Visit) -> Response:
    """The same, with its proof checked now."""
    return await _shown(visit, EventType.AUDIT_VERIFIED, prove)


async def _shown(visit: Visit, kind: EventType, look: Callable[[str, str], Verdict]) -> Response:
    shown = await records_of(visit)
    event_id, tenant = str(shown[0]["event_id"]), str(shown[0].get("tenant", ""))
    await visit.desk.journal.write(kind, visit.account, event_id, tenant)
    verdict = await asyncio.to_thread(look, visit.desk.settings.audit.url, event_id)
    texts = await texts_of(visit.desk, shown[0])
    return _record(visit, shown, verdict, texts)


def _record(
    visit: Visit, shown: list[dict[str, Any]], verdict: Verdict, texts: Texts | None
) -> Response:
    first = shown[0]
    return visit.page(
        "record.html",
        record=first,
        sentence=describing.sentence(first),
        sections=describing.sections(first),
        masked=describing.masked(first),
        tone=describing.tone(first),
        others=shown[1:],
        life=lifeline(shown),
        verdict=verdict,
        texts=texts,
        whole=orjson.dumps(
            describing.own(first), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS
        ).decode(),
    )


async def records_of(visit: Visit) -> list[dict[str, Any]]:
    """The record that the address names, and then those of the same request.

    That one is another tenant's is told like that there is none.
    """
    name = visit.request.path_params["name"]
    url = visit.desk.settings.audit.url
    found = await asyncio.to_thread(_with_request, url, name)
    mine = [one for one in found if visit.account.sees(str(one.get("tenant", "")))]
    if not found or mine != found:
        raise NotFound("There is no such record.", code="no-record")
    return mine


def _with_request(url: str, name: str) -> list[dict[str, Any]]:
    with open_search(url) as log:
        found = log.get(name)
        if not found:
            return []
        first = found[0]
        request = str(first.get("request_id", ""))
        others = log.get(request) if request and len(found) == 1 else found
        return [first, *(one for one in others if one["event_id"] != first["event_id"])]


async def export(visit: Visit) -> Response:
    """All records of a search as a file, newest first."""
    try:
        form = Format(visit.form.get("format", ""))
        suffix, media_type = _EXPORTS[form]
    except (ValueError, KeyError):
        raise RequestError("There is no such format.") from None
    filters = read_filters({**visit.form, BEFORE: ""}, visit.account)
    target = f"{form.value}/{filters.names}"
    tenant = filters.query.tenant or ""
    await visit.desk.journal.write(EventType.AUDIT_EXPORTED, visit.account, target, tenant)
    headers = {
        **HEADERS,
        "content-disposition": f'attachment; filename="cloakroom-records.{suffix}"',
    }
    pages = _lines(visit.desk.settings.audit.url, filters, form)
    return StreamingResponse(pages, 200, headers, media_type)


async def _lines(url: str, filters: Filters, form: Format) -> AsyncIterator[bytes]:
    """The file, page by page. Nothing is held open between two pages."""
    yield head_of(form)
    before: int | None = None
    while True:
        at = Filters(filters.values, filters.query, before)
        found = await asyncio.to_thread(_page, url, at, EXPORT_PAGE)
        yield b"".join(_line(form, one) for one in found.records)
        before = found.before
        if before is None:
            return


def _line(form: Format, record: dict[str, Any]) -> bytes:
    body = orjson.dumps(describing.own(record), option=orjson.OPT_SORT_KEYS)
    return line_of(form, record.get("leaf_index") or 0, body)
