"""The options by which `cloakroom policy explain` is told what a request looks like."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Final, TypeAlias

import typer

from gateway.policy import shape
from gateway.types import Family, ScoreBand, UpstreamClass

MAX_COUNT: Final = 1_000_000_000


def split(values: Sequence[str] | None) -> list[tuple[str, str]]:
    """Values of the form NAME=VALUE."""
    pairs = [value.partition("=") for value in values or ()]
    if not all(equals for _, equals, _ in pairs):
        raise typer.BadParameter("must be written as NAME=VALUE")
    return [(name, value) for name, _, value in pairs]


def _checked_type(name: str) -> str:
    try:
        return shape.entity_type(name)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _entity_types(values: list[str] | None) -> list[str] | None:
    return None if values is None else [_checked_type(value) for value in values]


def _languages(values: list[str] | None) -> list[str] | None:
    for value in values or ():
        if not re.fullmatch("[a-z]{2,3}", value):
            raise typer.BadParameter("must be an ISO 639 code of two or three small letters")
    return values


def _counts(values: list[str] | None) -> list[str] | None:
    for name, count in split(values):
        _checked_type(name)
        if not re.fullmatch("[1-9][0-9]{0,9}", count) or int(count) > MAX_COUNT:
            raise typer.BadParameter("must be TYPE=N, with a whole number of findings above 0")
    return values


def _scores(values: list[str] | None) -> list[str] | None:
    for name, band in split(values):
        _checked_type(name)
        if band not in list(ScoreBand):
            raise typer.BadParameter("must be TYPE=low, TYPE=medium or TYPE=high")
    return values


def _upstreams(values: list[str] | None) -> list[str] | None:
    for name, towards in split(values):
        if not name or towards not in list(UpstreamClass):
            raise typer.BadParameter("must be NAME=external or NAME=on_prem")
    return values


Texts: TypeAlias = list[str] | None
Policies: TypeAlias = Annotated[
    Texts, typer.Option("--policy", help="A policy file or a shipped policy; several in order.")
]
EntityTypes: TypeAlias = Annotated[
    Texts,
    typer.Option("--entity-type", help="An entity type found once.", callback=_entity_types),
]
Counts: TypeAlias = Annotated[
    Texts, typer.Option("--count", metavar="TYPE=N", help="Found N times.", callback=_counts)
]
Scores: TypeAlias = Annotated[
    Texts,
    typer.Option(
        "--score",
        metavar="TYPE=BAND",
        help="Found with a low, medium or high score.",
        callback=_scores,
    ),
]
Model: TypeAlias = Annotated[str, typer.Option(help="The requested model.")]
Tenant: TypeAlias = Annotated[str, typer.Option(help="The caller's tenant.")]
Roles: TypeAlias = Annotated[Texts, typer.Option("--role", help="A role of the caller.")]
Tags: TypeAlias = Annotated[Texts, typer.Option("--tag", help="A tag of the caller's key.")]
ApiFamily: TypeAlias = Annotated[Family, typer.Option(help="The API family.")]
Languages: TypeAlias = Annotated[
    Texts,
    typer.Option("--language", help="A language of its text, as en.", callback=_languages),
]
HasMedia: TypeAlias = Annotated[bool, typer.Option("--media", help="The request holds media.")]
HostedTools: TypeAlias = Annotated[
    Texts, typer.Option("--hosted-tool", help="A tool that the provider would run.")
]
UnknownFields: TypeAlias = Annotated[
    bool, typer.Option("--unknown-fields", help="The request holds fields nobody knows.")
]
Upstreams: TypeAlias = Annotated[
    Texts,
    typer.Option(
        "--upstream", metavar="NAME=CLASS", help="A candidate, in order.", callback=_upstreams
    ),
]
UpstreamClasses: TypeAlias = Annotated[
    list[UpstreamClass] | None,
    typer.Option("--upstream-class", help="Classes of the candidates, in order."),
]
RecordId: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--record",
        metavar="EVENT_ID",
        help="A request of the audit log (an event id or a request id), in place of what the"
        " other options say of one; and the configuration's policies, unless --policy is given.",
    ),
]
