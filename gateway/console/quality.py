"""Detector quality: what was measured, what the log found, and what people said of it."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.responses import Response

from gateway.audit.evidence.quality import CAVEAT, read_card
from gateway.audit.facts import EventType
from gateway.console.desk import Visit
from gateway.console.measuring import by_language, by_type
from gateway.console.tally import DAYS, in_all
from gateway.errors import RequestError, Unavailable
from gateway.packing import model_card

PATH: Final = "/console/quality"


async def quality(visit: Visit) -> Response:
    """Recall and precision by type and language, of a profile: else of the one in use.

    Raises:
        RequestError: there is no such profile.
        Unavailable: the card of the models is not installed.
    """
    desk, account = visit.desk, visit.account
    try:
        text, _ = await asyncio.to_thread(model_card)
    except OSError:
        raise Unavailable("The card of the detector's models is not installed.") from None
    rows = read_card(text)
    profiles = list(dict.fromkeys(row.profile for row in rows))
    in_use = desk.settings.detection.profile
    asked = visit.request.query_params.get("profile", "")
    if asked and asked not in profiles:
        raise RequestError("There is no such profile.")
    profile = asked or (in_use if in_use in profiles else next(iter(profiles), ""))
    await desk.journal.write(EventType.AUDIT_VIEWED, account, "quality")
    counted = await asyncio.to_thread(desk.counting.read, account.sees)
    said = await asyncio.to_thread(desk.feedback.counts, account.sees)
    found = in_all(counted.days).entities
    types = by_type(rows, profile, found, said)
    measured = {one.recall.entity_type for one in types}
    return visit.page(
        "quality.html",
        profiles=profiles,
        profile=profile,
        in_use=in_use,
        engines=[one.kind for one in desk.settings.detection.engines],
        types=types,
        languages=by_language(rows, profile),
        unmeasured=sorted(
            ((name, count) for name, count in found.items() if name not in measured),
            key=lambda one: (-one[1], one[0]),
        )[:50],
        days=DAYS,
        back_to=counted.back_to,
        whole=counted.whole,
        caveat=CAVEAT,
    )
