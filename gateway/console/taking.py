"""What was accepted of feedback, as files: a change of the lists, the lists, labelled lines."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.responses import Response

from gateway.audit.facts import EventType
from gateway.console.deciding import State
from gateway.console.desk import Visit
from gateway.console.feedback import find, said_of
from gateway.console.judging import check, lists_of
from gateway.console.proposing import ListsOf, Said, labelled, patch, rendered, with_entry
from gateway.console.security import HEADERS
from gateway.errors import ConfigError, RequestError

_FORMATS: Final = {
    "lists": ("cloakroom-lists.yaml", "application/yaml"),
    "labels": ("cloakroom-feedback.jsonl", "application/jsonl"),
}


async def take_patch(visit: Visit) -> Response:
    """The change that one piece of feedback proposes, once it was accepted.

    Raises:
        RequestError: it was not, or proposes nothing.
    """
    row = await find(visit)
    said = said_of(visit.desk, row)
    if row.matter.state is not State.APPROVED or said is None or not said.value:
        raise RequestError("There is no accepted change here.", status=409)
    target = f"feedback/{row.feedback_id}/patch"
    await visit.desk.journal.write(EventType.AUDIT_EXPORTED, visit.account, target, row.tenant)
    lists = lists_of(visit.desk.settings.detection, visit.account.sees)
    return _file(patch(lists, said).encode(), f"{row.feedback_id}.diff", "text/x-diff")


async def export(visit: Visit) -> Response:
    """All that was accepted, of the tenants that one sees: the lists with it, or labelled lines.

    Raises:
        RequestError: there is no such format.
    """
    form = visit.form.get("format", "")
    if form not in _FORMATS:
        raise RequestError("There is no such format.")
    desk, account = visit.desk, visit.account
    await desk.journal.write(EventType.AUDIT_EXPORTED, account, f"feedback/{form}")
    rows = await asyncio.to_thread(desk.feedback.accepted)
    found: list[tuple[str, Said]] = []
    for row in reversed(rows):
        said = said_of(desk, row) if account.sees(row.tenant) else None
        if said is not None:
            found.append((row.feedback_id, said))
    if form == "labels":
        body = b"".join(labelled(which, said) for which, said in found)
    else:
        lists = lists_of(desk.settings.detection, account.sees)
        body = await asyncio.to_thread(_lists, lists, [said for _, said in found])
    return _file(body, *_FORMATS[form])


def _lists(lists: ListsOf, found: list[Said]) -> bytes:
    """The lists with all entries that the reader of the configuration takes."""
    for said in found:
        if not said.value:
            continue
        try:
            check(with_entry(ListsOf(), said))
        except ConfigError:
            continue
        lists = with_entry(lists, said)
    return rendered(lists).encode()


def _file(body: bytes, name: str, kind: str) -> Response:
    headers = {**HEADERS, "content-disposition": f'attachment; filename="{name}"'}
    return Response(body, 200, headers, kind)
