"""Which addresses each page of the console is looked at by. Every page of `PAGES` has one.

A page without parameters in its path is visited by itself. One with parameters stands in
`ADDRESSES`, and a form that is sent in `FORMS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gateway.console.accounts import RIGHTS, Role
from gateway.console.desk import Page
from gateway.console.routes import PAGES
from tests.browser.stage import Stage


@dataclass(frozen=True)
class Form:
    """A form as somebody sends it: on which page, what is filled in, which button, what is then
    said. The button is the only one with this text."""

    page: str
    button: str
    said: str
    fields: Mapping[str, str] = field(default_factory=dict)
    address: Callable[[Stage], str] | None = None


def _completed(stage: Stage) -> str:
    return f"/console/records/{stage.record('request.completed')}"


ADDRESSES: Mapping[str, Callable[[Stage], list[str]]] = {
    "/console/records": lambda stage: [
        "/console/records",
        "/console/records?entity_type=EMAIL_ADDRESS&outcome=completed",
        "/console/records?tenant=nobody",
    ],
    "/console/records/{name}": lambda stage: [
        _completed(stage),
        f"/console/records/{stage.record('request.denied')}",
        f"/console/records/{stage.record('policy.changed')}",
    ],
    "/console/policies/{sha256}": lambda stage: [
        f"/console/policies/{stage.policies[0]}",
        f"/console/policies/{stage.policies[0]}?against={stage.policies[-1]}",
    ],
}
"""Addresses by the path of the page. What is here is visited instead of the path."""

FORMS: Mapping[str, Form | str] = {
    "/console/records/{name}/verify": Form(
        "/console/records/{name}", "Verify now", "It holds", address=_completed
    ),
    "/console/try": Form(
        "/console/try",
        "Try it",
        "What would leave",
        {"text": "Write to jo@example.org about <b onclick=x>bold</b> DE89370400440532013000."},
    ),
    "/console/account/password": Form(
        "/console/account",
        "Change it",
        "was not the same both times",
        {"password": "wrong", "new": "another long password", "again": "yet another password"},
    ),
    "/console/records/searches": Form(
        "/console/records", "Save", "my search", {"title": "my search"}
    ),
    "/console/records/searches/delete": Form(
        "/console/records", "Delete the search my search", "Keep this search"
    ),
    "/console/records/export": "a file: test_pages.py",
    "/console/logout": "ends the session: test_pages.py",
}
"""Forms by the path that they are sent to, or why there is none."""


def addresses(page: Page, stage: Stage) -> list[str]:
    """Where a page is looked at."""
    made = ADDRESSES.get(page.path)
    return [page.path] if made is None else made(stage)


def shown() -> list[Page]:
    """The pages that are looked at, one by one."""
    return [one for one in PAGES if one.method == "GET"]


def roles(page: Page) -> list[Role]:
    """Who may see a page."""
    return [role for role in Role if page.right in RIGHTS[role]]
