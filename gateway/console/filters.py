"""What may be searched for: fields of records, each with its form, and how a form says them. Pure.

A value that has not the form of its field is refused unquoted, so that what somebody pastes by
mistake goes no further.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Final, NamedTuple

from gateway.audit import grammar
from gateway.audit.facts import EventType, Outcome
from gateway.audit.search import Query
from gateway.console.accounts import Account
from gateway.errors import NotFound, RequestError

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER: Final = re.compile(r"[0-9]{1,18}")
BEFORE: Final = "before"


class Field(NamedTuple):
    """A field that can be asked for: its name in the form, its words, its form and choices.

    Those that are not `common` are folded away until one is asked for.
    """

    name: str
    label: str
    pattern: re.Pattern[str]
    kind: str = "text"
    choices: tuple[str, ...] = ()
    common: bool = False


FIELDS: Final = (
    Field("since", "From (UTC)", _DATE, "date", common=True),
    Field("until", "To, inclusive (UTC)", _DATE, "date", common=True),
    Field("tenant", "Tenant", grammar.TENANT),
    Field("type", "What happened", grammar.CODE, "choice", tuple(EventType), common=True),
    Field("outcome", "How it ended", grammar.CODE, "choice", tuple(Outcome)),
    Field("entity_type", "Entity type found", grammar.ENTITY_TYPE, common=True),
    Field("rule", "Rule that matched", grammar.IDENTIFIER),
    Field("policy", "Policy: id or digest", grammar.IDENTIFIER),
    Field("model", "Model", grammar.IDENTIFIER),
    Field("upstream", "Upstream", grammar.IDENTIFIER),
    Field("actor", "Who: reference, key or account", grammar.TENANT),
    Field("request_id", "Request id", grammar.REQUEST_ID),
)


@dataclass(frozen=True, slots=True)
class Filters:
    """What is asked for: `values` as the form said it, and where a page starts."""

    values: Mapping[str, str] = field(repr=False)
    query: Query
    before: int | None = None

    @property
    def names(self) -> str:
        """Which fields are asked for, without what: this goes on record."""
        return "+".join(sorted(self.values)) or "all"


def read_filters(given: Mapping[str, str], account: Account) -> Filters:
    """The filters of a form or an address, bound to the tenants that the account sees.

    Raises:
        RequestError: a field is not of its form.
        NotFound: the tenant is not one of the account's.
    """
    values = {one.name: given.get(one.name, "").strip() for one in FIELDS}
    values = {name: value for name, value in values.items() if value}
    for one in FIELDS:
        value = values.get(one.name)
        fits = value is None or (one.pattern.fullmatch(value) is not None)
        if not fits or (value and one.choices and value not in one.choices):
            raise RequestError(f"{one.label}: this cannot stand in a record.")
    before = given.get(BEFORE, "")
    if before and _NUMBER.fullmatch(before) is None:
        raise RequestError("This page of the search does not exist.")
    if account.tenants:
        tenant = values.setdefault("tenant", min(account.tenants))
        if not account.sees(tenant):
            raise NotFound("There is no such page.", code="no-tenant")
    return Filters(values, _query(values), int(before) if before else None)


def _query(values: Mapping[str, str]) -> Query:
    asked = {name: value for name, value in values.items() if name not in ("since", "until")}
    query = Query(**asked)
    if since := values.get("since"):
        query = replace(query, since=_midnight(since, 0))
    if until := values.get("until"):
        query = replace(query, until=_midnight(until, 1))
    return query


def _midnight(day: str, later: int) -> str:
    """The beginning of a day, or of one later, as records write times.

    Raises:
        RequestError: there is no such day.
    """
    try:
        moment = date.fromisoformat(day) + timedelta(days=later)
    except (ValueError, OverflowError):
        raise RequestError("There is no such day.") from None
    return f"{moment.isoformat()}T00:00:00.000000Z"
