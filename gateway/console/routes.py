"""The console's routes: who is let in, and what everybody gets who is not."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.audit.facts import EventType
from gateway.console import (
    erasing,
    exports,
    feedback,
    holding,
    own_account,
    pages,
    policies,
    records,
    retention,
    reviewers,
    saving,
    showing,
    simulating,
    subjects,
    taking,
    trying,
    unmasking,
)
from gateway.console.access import TOKEN_BYTES
from gateway.console.accounts import Right
from gateway.console.desk import Desk, Page, Visit, read_form
from gateway.console.flow import flow
from gateway.console.overview import overview
from gateway.console.quality import quality
from gateway.console.security import FORM_COOKIE, SESSION_COOKIE, cookie, from_elsewhere
from gateway.errors import ConfigError, GatewayError, NotFound, RequestError

ROOT: Final = "/console"
LOGIN: Final = "/console/login"

_NO_PAGE: Final = "There is no such page."

PAGES: Final = (
    Page(ROOT, Right.HOME, overview),
    Page("/console/flow", Right.OVERVIEW, flow),
    Page("/console/records", Right.RECORDS, records.search),
    Page("/console/records/export", Right.EXPORT, records.export, "POST"),
    Page("/console/records/searches", Right.RECORDS, saving.save, "POST"),
    Page("/console/records/searches/delete", Right.RECORDS, saving.drop, "POST"),
    Page("/console/records/{name}", Right.RECORDS, records.record),
    Page("/console/records/{name}/verify", Right.VERIFY, records.verify, "POST"),
    Page("/console/policies", Right.POLICIES, policies.history),
    Page("/console/policies/simulate", Right.POLICIES, simulating.form),
    Page(
        "/console/policies/simulate",
        Right.POLICIES,
        simulating.simulate,
        "POST",
        simulating.FORM_BYTES,
    ),
    Page("/console/policies/{sha256}", Right.POLICIES, policies.policy),
    Page("/console/quality", Right.OVERVIEW, quality),
    Page("/console/try", Right.TRY, trying.form),
    Page("/console/try", Right.TRY, trying.attempt, "POST", trying.FORM_BYTES),
    Page("/console/unmask", Right.RECORDS, unmasking.listing),
    Page("/console/unmask/ask/{name}", Right.UNMASK, unmasking.form),
    Page("/console/unmask/ask/{name}", Right.UNMASK, unmasking.ask, "POST"),
    Page("/console/unmask/{unmask}", Right.RECORDS, unmasking.one),
    Page("/console/unmask/{unmask}/approve", Right.APPROVE, unmasking.approve, "POST"),
    Page("/console/unmask/{unmask}/refuse", Right.APPROVE, unmasking.refuse, "POST"),
    Page("/console/unmask/{unmask}/show", Right.UNMASK, showing.show, "POST"),
    Page("/console/feedback", Right.FEEDBACK, feedback.listing),
    Page("/console/feedback", Right.FEEDBACK, feedback.give, "POST", feedback.FORM_BYTES),
    Page("/console/feedback/export", Right.APPROVE, taking.export, "POST"),
    Page("/console/feedback/{feedback}", Right.FEEDBACK, feedback.one),
    Page("/console/feedback/{feedback}/accept", Right.APPROVE, feedback.accept, "POST"),
    Page("/console/feedback/{feedback}/reject", Right.APPROVE, feedback.reject, "POST"),
    Page("/console/feedback/{feedback}/patch", Right.APPROVE, taking.take_patch, "POST"),
    Page("/console/access", Right.ACCESS, reviewers.access),
    Page("/console/retention", Right.RETENTION, retention.retention),
    Page("/console/retention/holds", Right.HOLD, holding.set_hold, "POST", holding.FORM_BYTES),
    Page("/console/retention/release", Right.HOLD, holding.release, "POST"),
    Page("/console/subjects", Right.SUBJECTS, subjects.form),
    Page("/console/subjects", Right.SUBJECTS, subjects.find, "POST", subjects.FORM_BYTES),
    Page("/console/subjects/export", Right.EXPORT, subjects.export, "POST", subjects.FORM_BYTES),
    Page("/console/subjects/erase", Right.ERASE, erasing.erase, "POST", subjects.FORM_BYTES),
    Page("/console/exports", Right.EXPORT, exports.exports),
    Page("/console/exports/pack", Right.EXPORT, exports.pack, "POST"),
    Page("/console/account", Right.HOME, own_account.show),
    Page("/console/account/password", Right.HOME, own_account.change_password, "POST"),
    Page("/console/logout", Right.HOME, own_account.sign_out, "POST"),
)
"""All pages of those who are signed in."""

_Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


def console_routes(desk: Desk) -> list[Route]:
    """The routes, in the order in which they are tried."""

    async def static(request: Request) -> Response:
        return pages.static(request.path_params["file"]) or _failure(404, _NO_PAGE)

    async def slash(_: Request) -> Response:
        return pages.redirect(ROOT)

    async def unknown(request: Request) -> Response:
        session = await desk.access.session(request.cookies.get(SESSION_COOKIE, ""))
        if session is not None:
            await desk.journal.write(EventType.ADMIN_REFUSED, session.account, "no-page")
        return _failure(404, _NO_PAGE)

    def route(path: str, endpoint: _Endpoint, *methods: str) -> Route:
        return Route(path, endpoint, methods=list(methods), include_in_schema=False)

    return [
        route("/console/static/{file}", static, "GET"),
        route("/console/", slash, "GET"),
        route(LOGIN, _told(_login_form(desk)), "GET"),
        route(LOGIN, _told(_login(desk)), "POST"),
        *(route(one.path, _told(_guarded(desk, one)), one.method) for one in PAGES),
        route("/console/{rest:path}", _told(unknown), "GET", "POST"),
    ]


def _told(endpoint: _Endpoint) -> _Endpoint:
    """The endpoint with a page for what goes wrong, in words of ours alone."""

    async def told(request: Request) -> Response:
        try:
            return await endpoint(request)
        except GatewayError as error:
            return _failure(error.status, error.message)
        except ConfigError:
            return _failure(503, "The audit log cannot be used: cloakroom doctor says why.")

    return told


def _failure(status: int, message: str) -> Response:
    return pages.page("failure.html", status, message=message)


def _guarded(desk: Desk, page: Page) -> _Endpoint:
    """The page for those who are signed in and have its right; its form only from a page of it.

    What they are refused, or told that it is not there, goes on record, as what of others is.
    """

    async def endpoint(request: Request) -> Response:
        session = await desk.access.session(request.cookies.get(SESSION_COOKIE, ""))
        if session is None:
            if page.method == "GET" and "hx-request" not in request.headers:
                return pages.redirect(LOGIN)
            raise RequestError("You are no longer signed in.", status=401)
        if not session.account.may(page.right):
            await desk.journal.write(EventType.ADMIN_REFUSED, session.account, page.right.value)
            raise RequestError("Your roles do not include this page.", status=403)
        form: dict[str, str] = {}
        if page.method == "POST":
            form = await read_form(request, page.form_bytes)
            given = form.pop("form_token", "")
            ours = desk.access.is_ours(session.token, given)
            if not ours or from_elsewhere(request.headers):
                raise RequestError("This form is not of this session: load it anew.", status=403)
        try:
            return await page.view(Visit(desk, page.path, request, session, form))
        except NotFound as error:
            await desk.journal.write(EventType.ADMIN_REFUSED, session.account, error.code)
            raise

    return endpoint


def _login_form(desk: Desk) -> _Endpoint:
    async def endpoint(_: Request) -> Response:
        return _ask(desk, 200, "")

    return endpoint


def _ask(desk: Desk, status: int, message: str) -> Response:
    """The form for name and password, which goes with a cookie of its own."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    form_token = desk.access.form_token(token)
    response = pages.page("login.html", status, message=message, form_token=form_token)
    response.headers.append("set-cookie", cookie(FORM_COOKIE, token))
    return response


def _login(desk: Desk) -> _Endpoint:
    async def endpoint(request: Request) -> Response:
        form = await read_form(request)
        ours = desk.access.is_ours(request.cookies.get(FORM_COOKIE, ""), form.get("form_token", ""))
        if not ours or from_elsewhere(request.headers):
            return _ask(desk, 403, "The form was out of date. Please sign in again.")
        token = await desk.access.sign_in(form.get("name", ""), form.get("password", ""))
        if token is None:
            return _ask(desk, 401, "Name or password are wrong, or the account is locked.")
        response = pages.redirect(ROOT)
        response.headers.append("set-cookie", cookie(SESSION_COOKIE, token))
        response.headers.append("set-cookie", cookie(FORM_COOKIE, "", 0))
        return response

    return endpoint
