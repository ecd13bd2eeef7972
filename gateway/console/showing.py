"""A kept text, shown once for each time it is asked for: opened, put on record, marked."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import orjson
from starlette.responses import Response

from gateway.audit.content.store import Opened, opened
from gateway.audit.facts import EventType
from gateway.console.accounts import Right
from gateway.console.deciding import Refusal, check_use
from gateway.console.desk import Desk, Visit
from gateway.console.marking import marked, part, parts
from gateway.console.texts import moment, now_text
from gateway.console.unmasking import KINDS, expire_due, facts_of, find, nothing, page
from gateway.console.unmasks import Unmask
from gateway.errors import RequestError

_FALLEN: Final = "Who approved it may no longer do so: ask again."
_GONE: Final = (
    "Nothing is left of it: the text has been erased, or has outlived its days, since you asked."
)
_LARGEST: Final = 500_000
"""Bytes of a text that are laid out anew; a larger one is shown as it is. Where it is nested
deeply, lines that are set in make it hundreds of times as long."""


async def show(visit: Visit) -> Response:
    """The texts of an approved request, for the one who asked, while the approval counts.

    Nothing is shown before it is on record that it is.
    """
    desk, account = visit.desk, visit.account
    await expire_due(desk)
    unmask = await find(visit, visit.request.path_params["unmask"])
    if unmask.matter.asked_by != account.name:
        raise nothing()
    number = _number(visit.form.get("part", "1"))
    target = f"unmask/{unmask.unmask_id}"
    if problem := await _problem(desk, unmask, account.name):
        await desk.journal.write(EventType.ADMIN_REFUSED, account, target, unmask.tenant)
        return page(visit, unmask, problem, 409)
    texts = await asyncio.to_thread(_open, desk, unmask)
    if not texts:
        await desk.journal.write(EventType.AUDIT_VIEWED, account, target, unmask.tenant)
        return page(visit, unmask, _GONE, 410)
    facts = facts_of(desk, unmask)
    await desk.journal.write(
        EventType.UNMASK_PERFORMED, account, target, unmask.tenant, unmask=facts
    )
    await asyncio.to_thread(desk.unmasks.count_view, unmask.unmask_id)
    laid_out = await asyncio.to_thread(lambda: [_laid_out(one.text or b"") for one in texts])
    mark = f"shown to {account.name} at {moment(desk.clock())} UTC, request {unmask.unmask_id}"
    return visit.page(
        "unmasked.html",
        unmask=unmask,
        mark=mark,
        expires=moment(unmask.matter.expires),
        texts=[_shown(one, text, mark, number) for one, text in zip(texts, laid_out, strict=True)],
        number=number,
        count=max(map(parts, laid_out)),
    )


async def _problem(desk: Desk, unmask: Unmask, name: str) -> str:
    """Why the texts cannot be shown, in words; "" where they can."""
    try:
        check_use(unmask.matter, name, desk.clock())
    except Refusal as refusal:
        return refusal.why.value
    kept = await asyncio.to_thread(desk.store.account, unmask.matter.decided_by)
    stands = kept is not None and kept.account.may(Right.APPROVE)
    return "" if stands and kept and kept.account.sees(unmask.tenant) else _FALLEN


def _open(desk: Desk, unmask: Unmask) -> list[Opened]:
    found = desk.unmasks.sealed(unmask, now_text())
    master = desk.settings.master_key
    return [opened(master, one.row, one.nonce, one.body) for one in found]


def _shown(one: Opened, text: str, mark: str, number: int) -> dict[str, Any]:
    return {
        "title": KINDS.get(one.kind.value, one.kind.value),
        "opens": one.text is not None,
        "complete": one.complete,
        "committed": one.committed,
        "pieces": marked(part(text, number), mark) if number <= parts(text) else [],
    }


def _laid_out(text: bytes) -> str:
    """A text for people: JSON over several lines."""
    if len(text) <= _LARGEST:
        try:
            return orjson.dumps(orjson.loads(text), option=orjson.OPT_INDENT_2).decode()
        except (ValueError, TypeError):  # none, or nested more deeply than can be written
            pass
    return text.decode("utf-8", "replace")


def _number(text: str) -> int:
    """The number of a part.

    Raises:
        RequestError: it is none.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and int(text)):
        raise RequestError("There is no such part.")
    return int(text)
