"""What the pages stand on, and what one of them is told of the request that it answers."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from gateway.audit.facts import EventType
from gateway.console import pages
from gateway.console.access import Access, Session
from gateway.console.accounts import Account, Lifetime, Right
from gateway.console.counting import Counting
from gateway.console.feedbacks import Feedbacks
from gateway.console.journal import Journal
from gateway.console.looks import Looks
from gateway.console.saved import SavedSearches
from gateway.console.store import AccountStore
from gateway.console.unmasks import Unmasks
from gateway.errors import RequestError
from gateway.exchange import Caller, Preview
from gateway.ports import AuditSink
from gateway.routing.health import ServerHealth
from gateway.settings import Settings
from gateway.wire.family import Codec

FORM_BYTES: Final = 16_384
_MAX_FIELDS: Final = 64
_FORM_TYPE: Final = "application/x-www-form-urlencoded"


Look: TypeAlias = Callable[[bytes, Caller, Codec], Awaitable[Preview]]
"""What would be done with a request, without doing it."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that the pages need.

    `checks` are those of `/readyz` and `warnings` its warnings, `preview` is the pipeline's,
    `policy` gives the digest of the policy in force, `in_force` the configuration, and `servers`
    how those of upstreams are.
    """

    in_force: Callable[[], Settings]
    store: AccountStore
    access: Access
    journal: Journal
    counting: Counting
    looks: Looks
    searches: SavedSearches
    unmasks: Unmasks
    feedback: Feedbacks
    checks: Mapping[str, Callable[[], bool]]
    warnings: Callable[[], Sequence[str]]
    preview: Look
    policy: Callable[[], str]
    servers: Callable[[], Sequence[ServerHealth]]
    clock: Callable[[], float]

    @property
    def settings(self) -> Settings:
        """The configuration in force."""
        return self.in_force()


@dataclass(frozen=True, slots=True)
class Visit:
    """A request of somebody who is signed in and may see the page; `form` is what was sent.

    `here` is the page's path as the routes have it.
    """

    desk: Desk
    here: str
    request: Request
    session: Session
    form: Mapping[str, str] = field(repr=False)

    @property
    def account(self) -> Account:
        """Whose request it is."""
        return self.session.account

    @property
    def may(self) -> set[str]:
        """The names of the rights that it has."""
        return {right.value for right in Right if self.account.may(right)}

    async def looked(self, page: str, renewed_by: str) -> None:
        """Put on record that somebody looks at a page whose element of this id asks for it anew.

        Opening it is always recorded, and its asking only every so often, as `looks` says.
        """
        session = self.desk.access.form_token(self.session.token)
        is_renewed = self.request.headers.get("hx-trigger", "") == renewed_by
        if is_renewed and self.desk.looks.is_on_record(session, page):
            return
        await self.desk.journal.write(EventType.AUDIT_VIEWED, self.account, page)
        self.desk.looks.recorded(session, page)

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """A page in the frame that all have: menu, who is signed in, the token of its forms."""
        return pages.page(
            template,
            status,
            account=self.account,
            here=self.here,
            form_token=self.desk.access.form_token(self.session.token),
            may=self.may,
            printed=f"{datetime.fromtimestamp(self.desk.clock(), UTC):%Y-%m-%d %H:%M}",
            **values,
        )


def open_desk(
    in_force: Callable[[], Settings],
    sink: AuditSink,
    checks: Mapping[str, Callable[[], bool]],
    warnings: Callable[[], Sequence[str]],
    preview: Look,
    policy: Callable[[], str],
    clock: Callable[[], float] = time.time,
    *,
    servers: Callable[[], Sequence[ServerHealth]] = tuple,
) -> Desk:
    """What the pages of a gateway stand on whose configuration may change while it runs."""
    settings = in_force()
    store = AccountStore(settings.audit.url)
    journal = Journal(sink, settings.master_key, lambda: in_force().digest)
    lifetime = Lifetime(settings.console.idle_s, settings.console.session_s)
    access = Access(store, journal, settings.master_key, lifetime, clock)
    return Desk(
        in_force=in_force,
        store=store,
        access=access,
        journal=journal,
        counting=Counting(settings.audit.url, clock),
        looks=Looks(clock),
        searches=SavedSearches(settings.audit.url),
        unmasks=Unmasks(settings.audit.url),
        feedback=Feedbacks(settings.audit.url),
        checks=checks,
        warnings=warnings,
        preview=preview,
        policy=policy,
        servers=servers,
        clock=clock,
    )


View: TypeAlias = Callable[[Visit], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Page:
    """An address, whose right it takes, and what answers. A form that is sent is a POST."""

    path: str
    right: Right
    view: View
    method: str = "GET"
    form_bytes: int = FORM_BYTES


async def read_form(request: Request, limit: int = FORM_BYTES) -> dict[str, str]:
    """The fields of a form that was sent; each at most once.

    Raises:
        RequestError: it is none, or too large.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _FORM_TYPE:
        raise RequestError("This is not a form of the console.", status=415)
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > limit:
            raise RequestError("The form is too large.", status=413)
    try:
        text = body.decode("ascii")
        pairs = parse_qsl(text, True, True, errors="strict", max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise RequestError("The form cannot be read.") from None
    if len(dict(pairs)) != len(pairs):
        raise RequestError("The form names a field twice.")
    return dict(pairs)
