"""Which addresses each page of the console is looked at by. Every page of `PAGES` has one.

A page without parameters in its path is visited by itself. One with parameters stands in
`ADDRESSES`, and a form that is sent in `FORMS`: whoever adds such a page adds it here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gateway.console.accounts import RIGHTS, Role
from gateway.console.desk import Page
from gateway.console.routes import PAGES
from tests.browser.stage import SAID, WHY, Stage

Step = tuple[Mapping[str, str], str]
"""What is filled in, by the names of the fields, and the name of the button."""


@dataclass(frozen=True)
class Form:
    """A form as somebody sends it: on which page, in which steps, and what is said then."""

    page: str | Callable[[Stage], str]
    steps: tuple[Step, ...]
    said: str
    after: tuple[str, ...] = ()
    """Forms that are sent once more before."""
    refused: bool = False
    """Whether what is filled in is wrong."""
    file: bool = False
    """Whether a file comes of it, which holds what is said."""

    def address(self, stage: Stage) -> str:
        """Where it is."""
        return self.page if isinstance(self.page, str) else self.page(stage)


def _completed(stage: Stage) -> str:
    return f"/console/records/{stage.record('request.completed')}"


def _ask(stage: Stage) -> str:
    return f"/console/unmask/ask/{stage.record('request.completed')}"


def _asked(stage: Stage) -> str:
    return f"/console/unmask/{stage.unmask('open')}"


def _said(stage: Stage) -> str:
    return f"/console/feedback/{stage.feedback('open')}"


_PERSON = {"tenant": "acme", "entity_type": "EMAIL_ADDRESS", "values": "jo@example.org"}

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
    "/console/unmask/ask/{name}": lambda stage: [_ask(stage)],
    "/console/unmask/{unmask}": lambda stage: [f"/console/unmask/{stage.unmask()}"],
    "/console/feedback/{feedback}": lambda stage: [_said(stage)],
    "/console/policies/{sha256}": lambda stage: [
        f"/console/policies/{stage.policies[0]}",
        f"/console/policies/{stage.policies[0]}?against={stage.policies[-1]}",
    ],
}
"""Addresses by the path of the page. What is here is visited instead of the path."""

FORMS: Mapping[str, Form | str] = {
    "/console/records/{name}/verify": Form(_completed, (({}, "Verify now"),), "It holds"),
    "/console/records/searches": Form(
        "/console/records", (({"title": "my search"}, "Save"),), "my search"
    ),
    "/console/records/searches/delete": Form(
        "/console/records", (({}, "Delete the search my search"),), "Keep this search"
    ),
    "/console/try": Form(
        "/console/try",
        (
            (
                {"text": "Ask jo@example.org: <b onclick=x>bold</b> DE89370400440532013000."},
                "Try it",
            ),
        ),
        "What would leave",
    ),
    "/console/unmask/ask/{name}": Form(_ask, ((WHY, "Ask"),), "This waits for somebody else"),
    "/console/unmask/{unmask}/approve": Form(_asked, (({}, "Approve"),), "Approved by"),
    "/console/unmask/{unmask}/show": Form(
        lambda stage: f"/console/unmask/{stage.unmask('approved')}",
        (({}, "Show it now"),),
        "This look is on record",
    ),
    "/console/unmask/{unmask}/refuse": Form(
        _asked, (({}, "Refuse"),), "Refused by", ("/console/unmask/ask/{name}",)
    ),
    "/console/feedback": Form(
        "/console/feedback", ((SAID, "Send"),), "This waits for somebody else"
    ),
    "/console/feedback/{feedback}/accept": Form(_said, (({}, "Accept"),), "Accepted by"),
    "/console/feedback/{feedback}/patch": Form(
        lambda stage: f"/console/feedback/{stage.feedback('approved')}",
        (({}, "Take the change as a file"),),
        'entity_type: "PERSON"',
        file=True,
    ),
    "/console/feedback/export": Form(
        "/console/feedback",
        (({"format": "lists"}, "Export"),),
        'entity_type: "PERSON"',
        file=True,
    ),
    "/console/feedback/{feedback}/reject": Form(
        _said, (({}, "Reject"),), "Rejected by", ("/console/feedback",)
    ),
    "/console/policies/simulate": Form(
        "/console/policies/simulate",
        (({"candidate": "shipped:mask-all"}, "Simulate"),),
        "What would change",
    ),
    "/console/retention/holds": Form(
        "/console/retention",
        (({"reason": "case-2026-7", "tenant": "globex"}, "Set the hold"),),
        "case-2026-7",
    ),
    "/console/retention/release": Form("/console/retention", (({}, "Lift"),), "case-2026-7"),
    "/console/subjects": Form("/console/subjects", ((_PERSON, "Find"),), "Hand it over"),
    "/console/subjects/erase": Form(
        "/console/subjects",
        ((_PERSON, "Find"), ({"reason": "gdpr-17-1b"}, "See what would be erased")),
        "What goes, and what stays",
    ),
    "/console/account/password": Form(
        "/console/account",
        (
            (
                {"password": "wrong", "new": "another long password", "again": "yet another one"},
                "Change it",
            ),
        ),
        "was not the same both times",
        refused=True,
    ),
    "/console/subjects/export": Form(
        "/console/subjects",
        ((_PERSON, "Find"), ({}, "Export as JSON")),
        '"tenant": "acme"',
        file=True,
    ),
    "/console/records/export": Form(
        "/console/records?entity_type=EMAIL_ADDRESS",
        (({"format": "csv"}, "Export"),),
        "EMAIL_ADDRESS",
        file=True,
    ),
    "/console/exports/pack": Form(
        "/console/exports", (({}, "Build and download"),), "VERIFY.md", file=True
    ),
    "/console/logout": "ends the session: test_pages.py",
}
"""Forms by the path that they are sent to, in this order, or why there is none."""


def addresses(page: Page, stage: Stage) -> list[str]:
    """Where a page is looked at."""
    made = ADDRESSES.get(page.path)
    return [page.path] if made is None else made(stage)


def shown() -> list[Page]:
    """The pages that are looked at, one by one."""
    return [one for one in PAGES if one.method == "GET"]


SOMEBODY_ELSES: Mapping[str, frozenset[Role]] = {
    "/console/feedback/{feedback}": frozenset({Role.REVIEWER}),
}
"""For whom the one that is looked at is as none: it is somebody else's."""


def roles(page: Page) -> list[Role]:
    """Who may see a page."""
    others = SOMEBODY_ELSES.get(page.path, frozenset())
    return [role for role in Role if page.right in RIGHTS[role] and role not in others]
