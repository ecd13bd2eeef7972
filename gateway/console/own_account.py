"""One's own account: what it may do, another password, and signing out."""

from __future__ import annotations

import asyncio
import secrets
from typing import Final

from starlette.responses import Response

from gateway.audit.facts import EventType
from gateway.console import pages
from gateway.console.accounts import password_problem
from gateway.console.desk import Visit
from gateway.console.passwords import hashed
from gateway.console.security import SESSION_COOKIE, cookie

STAMP_BYTES: Final = 16


async def show(visit: Visit) -> Response:
    """The account's roles and tenants, and a form for another password."""
    return _account(visit)


async def change_password(visit: Visit) -> Response:
    """Give the account another password. All its sessions end, this one too."""
    access, name = visit.desk.access, visit.account.name
    new = visit.form.get("new", "")
    if new != visit.form.get("again", ""):
        return _account(visit, "The new password was not the same both times.")
    if problem := password_problem(new, name):
        return _account(visit, problem)
    if not await access.is_password_of(name, visit.form.get("password", "")):
        return _account(visit, "The present password is wrong, or the account is locked.")
    kept = await asyncio.to_thread(hashed, new)
    await visit.desk.journal.write(EventType.ADMIN_PASSWORD_CHANGED, visit.account, name)
    stamp = secrets.token_hex(STAMP_BYTES)
    await asyncio.to_thread(visit.desk.store.set_password, name, kept, stamp)
    return _signed_out()


async def sign_out(visit: Visit) -> Response:
    """End this session."""
    await visit.desk.access.sign_out(visit.session)
    return _signed_out()


def _account(visit: Visit, message: str = "") -> Response:
    return visit.page("account.html", 400 if message else 200, message=message)


def _signed_out() -> Response:
    response = pages.redirect("/console/login")
    response.headers.append("set-cookie", cookie(SESSION_COOKIE, "", 0))
    return response
