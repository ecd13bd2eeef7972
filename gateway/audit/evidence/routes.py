"""Which way requests went, and what was known of who processes them: from what is on record. Pure.

What an upstream's operator, country, contract and retention are, stands in each record as it was
configured then. So a change in mid-period shows as two lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from gateway.audit.evidence.about import UNSAID
from gateway.audit.evidence.collect import Collected, Facts
from gateway.audit.evidence.tables import Report, Section, Table, number
from gateway.types import UpstreamClass

TITLE: Final = "Routing"


def routes(seen: Collected) -> Report:
    """Who processed what was sent, as configured, and how often another one had to step in."""
    recipients = [_recipient(name, seen) for name in sorted(seen.recipients)]
    ways = [{**way._asdict(), "requests": count} for way, count in sorted(seen.ways.items())]
    outward = sum(one["requests"] for one in ways if _is_outward(one))
    data = {"recipients": recipients, "ways": ways, "left_the_premises": outward}
    sections = (
        Section(
            "Who processed what was sent",
            ("As the configuration said it when the request was made.",),
            (_facts_table(recipients),),
        ),
        Section(
            "Ways of requests",
            (
                "Where another upstream served a request than the one that was chosen first, "
                "policy had left both for it: no other is ever asked.",
                f"Requests that were to stay on the premises and were served elsewhere: "
                f"{number(outward)}.",
            ),
            (_way_table(ways), _effort_table(recipients)),
        ),
    )
    return Report(TITLE, sections, data)


def stated(facts: Mapping[Facts, int]) -> dict[str, str]:
    """What is on record of an upstream, in words; several where it changed. "" for nothing."""
    words: dict[str, str] = {}
    for name in Facts._fields:
        found = {getattr(one, name) for one in facts} - {None}
        words[name] = "; ".join(sorted(_days(one) if name == "retention_days" else one
                                       for one in found))  # fmt: skip
    return words


def _days(days: int) -> str:
    return "1 day" if days == 1 else f"{days} days"


def _is_outward(way: Mapping[str, Any]) -> bool:
    classes = (way["planned_class"], way["served_class"])
    return classes == (UpstreamClass.ON_PREM, UpstreamClass.EXTERNAL)


def _recipient(name: str, seen: Collected) -> dict[str, Any]:
    one = seen.recipients[name]
    return {
        "upstream": name,
        "class": one.upstream_class,
        "requests": one.requests,
        "facts": [{**facts._asdict(), "requests": count} for facts, count in _ordered(one.facts)],
        "asked_more_than_one_server": one.retried,
        "sent_without_oldest_turns": one.shortened,
    }


def _ordered(facts: Mapping[Facts, int]) -> Iterator[tuple[Facts, int]]:
    """The most frequent first."""
    yield from sorted(facts.items(), key=lambda pair: (-pair[1], str(pair[0])))


def _facts_table(recipients: list[dict[str, Any]]) -> Table:
    rows = tuple(
        (
            one["upstream"],
            one["class"],
            facts["processor"] or UNSAID,
            facts["country"] or UNSAID,
            facts["dpa_ref"] or UNSAID,
            UNSAID if facts["retention_days"] is None else _days(facts["retention_days"]),
            number(facts["requests"]),
        )
        for one in recipients
        for facts in one["facts"]
    )
    headings = ("upstream", "class", "processor", "country", "contract", "kept for", "requests")
    return Table("Facts on record", headings, rows, frozenset({6}), (3, 2, 3, 2, 3, 2, 2))


def _way_table(ways: list[dict[str, Any]]) -> Table:
    rows = tuple(
        (
            one["planned"],
            one["planned_class"],
            one["served"],
            one["served_class"],
            number(one["requests"]),
        )
        for one in ways
    )
    headings = ("chosen first", "class", "served by", "class", "requests")
    return Table("Ways", headings, rows, frozenset({4}), (3, 2, 3, 2, 2))


def _effort_table(recipients: list[dict[str, Any]]) -> Table:
    rows = tuple(
        (
            one["upstream"],
            number(one["asked_more_than_one_server"]),
            number(one["sent_without_oldest_turns"]),
        )
        for one in recipients
    )
    headings = ("upstream", "asked more than one server", "sent without the oldest turns")
    return Table("What it took", headings, rows, frozenset({1, 2}), (3, 2, 2))
