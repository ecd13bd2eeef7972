"""Saving a search, and letting one go."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

from starlette.responses import Response

from gateway.console import pages
from gateway.console.desk import Visit
from gateway.console.filters import BEFORE, read_filters
from gateway.console.records import PATH
from gateway.console.saved import MAX_TITLE, MOST, is_title
from gateway.errors import NotFound, RequestError


async def save(visit: Visit) -> Response:
    """Save the search of the form under a title, and go back to it.

    Raises:
        RequestError: the title or a filter is none, or there is no room.
        NotFound: the tenant is not one of the account's.
    """
    title = visit.form.get("title", "").strip()
    if not is_title(title):
        raise RequestError(f"A title is one line of 1 to {MAX_TITLE} characters.")
    filters = read_filters({**visit.form, BEFORE: ""}, visit.account)
    address = urlencode(filters.values)
    searches, name = visit.desk.searches, visit.account.name
    if not await asyncio.to_thread(searches.save, name, title, address, visit.desk.clock()):
        raise RequestError(f"You have saved {MOST} searches: delete one first.")
    return pages.redirect(f"{PATH}?{address}" if address else PATH)


async def drop(visit: Visit) -> Response:
    """Delete a saved search of one's own.

    Raises:
        NotFound: there is none of this id, or it is somebody else's.
    """
    searches, which = visit.desk.searches, visit.form.get("id", "")
    if not await asyncio.to_thread(searches.drop, visit.account.name, which):
        raise NotFound("There is no such search.", code="no-search")
    return pages.redirect(PATH)
