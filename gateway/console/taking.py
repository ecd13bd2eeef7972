"""What was accepted of feedback, as files: a change of the lists, the lists, labelled lines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from starlette.responses import Response, StreamingResponse

from gateway.audit.facts import EventType
from gateway.console.deciding import State
from gateway.console.desk import Visit
from gateway.console.feedback import find, said_of
from gateway.console.feedbacks import BATCH
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
    return _file(_once(patch(lists, said).encode()), f"{row.feedback_id}.diff", "text/x-diff")


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body


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
    pages = _labels(visit) if form == "labels" else _lists(visit)
    return _file(pages, *_FORMATS[form])


async def _accepted(visit: Visit) -> AsyncIterator[list[tuple[str, Said]]]:
    """What was accepted, oldest first, some at a time. Nothing is held open in between."""
    desk, after = visit.desk, (-1.0, "")
    while True:
        rows = await asyncio.to_thread(desk.feedback.accepted, after)
        opened = (
            (row.feedback_id, said_of(desk, row)) for row in rows if visit.account.sees(row.tenant)
        )
        yield [(which, said) for which, said in opened if said is not None]
        if len(rows) < BATCH:
            return
        after = (rows[-1].matter.asked, rows[-1].feedback_id)


async def _labels(visit: Visit) -> AsyncIterator[bytes]:
    async for found in _accepted(visit):
        yield b"".join(labelled(which, said) for which, said in found)


async def _lists(visit: Visit) -> AsyncIterator[bytes]:
    lists = lists_of(visit.desk.settings.detection, visit.account.sees)
    async for found in _accepted(visit):
        lists = await asyncio.to_thread(_with, lists, [said for _, said in found])
    yield rendered(lists).encode()


def _with(lists: ListsOf, found: list[Said]) -> ListsOf:
    """The lists with all entries that the reader of the configuration takes."""
    for said in found:
        if not said.value:
            continue
        try:
            check(with_entry(ListsOf(), said))
        except ConfigError:
            continue
        lists = with_entry(lists, said)
    return lists


def _file(body: AsyncIterator[bytes], name: str, kind: str) -> Response:
    headers = {**HEADERS, "content-disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(body, 200, headers, kind)
