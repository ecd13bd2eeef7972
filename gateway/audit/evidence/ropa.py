"""The record of processing activities (GDPR Art. 30), from what is on record. Pure.

Recipients and categories of data are those that the log shows, not those that somebody planned.
What only people can say stands as they said it; where they said nothing of an upstream, it is
what the records say, as it was configured, and else "not stated".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from gateway.audit.evidence.about import UNSAID, About, PolicyRule, Processor
from gateway.audit.evidence.collect import Collected, Recipient
from gateway.audit.evidence.routes import stated
from gateway.audit.evidence.tables import Report, Section, Table, number
from gateway.audit.export import csv_row
from gateway.operator_kinds import KEEP
from gateway.types import UpstreamClass

TITLE: Final = "Record of processing activities"
_COLUMNS: Final = (
    "upstream", "class", "third_party", "processor", "country", "contract", "retention",
    "safeguards", "requests", "first", "last", "findings_unmasked",
)  # fmt: skip
_PURPOSE: Final = "Relay of requests to language models, with personal data masked by policy"


def record_of_processing(
    seen: Collected, about: About, rules: Sequence[PolicyRule], pruned_below: int
) -> Report:
    """The table of Art. 30(1) for the period: who, why, what, to whom, how long, how protected."""
    recipients = [_recipient(name, one, seen, about) for name, one in _sorted(seen)]
    categories = _categories(seen, rules)
    retention = [*about.retention, _pruned(pruned_below)]
    data = {
        "period": {"first": seen.first_ts, "last": seen.last_ts},
        "controller": about.controller or None,
        "contact": about.contact or None,
        "purposes": {"stated": list(about.purposes), "operations": dict(seen.operations)},
        "data_subjects": list(about.data_subjects),
        "categories": categories,
        "recipients": recipients,
        "retention": retention,
        "measures": list(about.measures),
        "rules": [_rule(one) for one in rules],
    }
    sections = (
        Section("Controller and purposes", tables=(_general(seen, about),)),
        Section(
            "Categories of personal data",
            ("Counts are findings in requests that were sent; masked ones left as stand-ins.",),
            (_category_table(categories),),
        ),
        Section(
            "Recipients",
            ("The upstreams to which requests really went in the period.",),
            (_recipient_table(recipients),),
        ),
        Section("Retention", tuple(retention)),
        Section(
            "Technical and organisational measures",
            tuple(about.measures) or (f"Further measures: {UNSAID}.",),
            (_rule_table(rules),),
        ),
    )
    return Report(TITLE, sections, data)


def _sorted(seen: Collected) -> list[tuple[str, Recipient]]:
    return sorted(seen.recipients.items())


def _recipient(name: str, one: Recipient, seen: Collected, about: About) -> dict[str, Any]:
    said = about.processors.get(name, Processor())
    types: dict[str, dict[str, int]] = {}
    for flow, found in sorted(seen.findings.items()):
        if flow.upstream == name:
            types.setdefault(flow.entity_type, {})[flow.operator] = found
    unmasked = sum(operators.get(KEEP, 0) for operators in types.values())
    known = stated(one.facts)
    return {
        "upstream": name,
        "class": one.upstream_class,
        "third_party": one.upstream_class != UpstreamClass.ON_PREM,
        "processor": said.name or known["processor"] or None,
        "country": said.country or known["country"] or None,
        "contract": said.contract or known["dpa_ref"] or None,
        "retention": said.retention or known["retention_days"] or None,
        "safeguards": said.safeguards or None,
        "requests": one.requests,
        "outcomes": dict(sorted(one.outcomes.items())),
        "models": sorted(one.models),
        "first": one.first,
        "last": one.last,
        "types": types,
        "findings_unmasked": unmasked,
        "on_record": {name: words for name, words in known.items() if words},
    }


def recipients_csv(report: Report) -> str:
    """The recipients of a record of processing as a table for spreadsheets, with its purposes."""
    data = report.data
    every = {
        "controller": data["controller"] or "",
        "purposes": "; ".join(data["purposes"]["stated"]) or _PURPOSE,
        "operations": "; ".join(sorted(data["purposes"]["operations"])),
        "data_subjects": "; ".join(data["data_subjects"]),
    }
    lines = [csv_row((*_COLUMNS, "categories", *every))]
    for one in data["recipients"]:
        own = ["" if one[name] is None else str(one[name]) for name in _COLUMNS]
        lines.append(csv_row((*own, "; ".join(one["types"]), *every.values())))
    return "".join(lines)


def _categories(seen: Collected, rules: Sequence[PolicyRule]) -> list[dict[str, Any]]:
    """Every type that was found or that a policy names."""
    sent: dict[str, dict[str, int]] = {}
    for flow, found in sorted(seen.findings.items()):
        operators = sent.setdefault(flow.entity_type, {})
        operators[flow.operator] = operators.get(flow.operator, 0) + found
    named = {name for rule in rules for name in rule.types}
    return [
        {
            "entity_type": name,
            "found_and_sent": sum(sent.get(name, {}).values()),
            "by_operator": sent.get(name, {}),
            "found_and_denied": seen.denied_types.get(name, 0),
            "named_by_policy": name in named,
        }
        for name in sorted({*sent, *seen.denied_types, *named})
    ]


def _pruned(below: int) -> str:
    if below:
        return f"Retention has removed the records of the log below leaf {below:,}."
    return "No record of the log has been removed by retention so far."


def _rule(one: PolicyRule) -> dict[str, Any]:
    return {
        "policy": one.policy, "rule": one.rule, "effect": one.effect, "types": list(one.types),
        "operators": dict(one.operators), "reason": one.reason,
    }  # fmt: skip


def _general(seen: Collected, about: About) -> Table:
    operations = ", ".join(f"{name} {number(count)}" for name, count in sorted(
        seen.operations.items())) or "none"  # fmt: skip
    rows = (
        ("Controller", about.controller or UNSAID),
        ("Contact, data protection officer", about.contact or UNSAID),
        ("Purposes, as stated", "; ".join(about.purposes) or UNSAID),
        ("Purpose of the gateway", _PURPOSE),
        ("Operations on record", operations),
        ("Categories of data subjects", "; ".join(about.data_subjects) or UNSAID),
        ("Period on record", f"{seen.first_ts[:19]} to {seen.last_ts[:19]} UTC"),
    )
    return Table("General", ("what", "value"), rows, widths=(2, 5))


def _category_table(categories: Sequence[Mapping[str, Any]]) -> Table:
    rows = tuple(
        (
            one["entity_type"],
            number(one["found_and_sent"]),
            number(one["found_and_denied"]),
            ", ".join(f"{name} {number(count)}" for name, count in one["by_operator"].items()),
        )
        for one in categories
    )
    headings = ("category", "sent", "denied", "masked how")
    return Table("Categories", headings, rows, frozenset({1, 2}), (3, 1, 1, 4))


def _recipient_table(recipients: Sequence[Mapping[str, Any]]) -> Table:
    rows = tuple(
        (
            one["upstream"],
            one["class"],
            one["processor"] or UNSAID,
            one["country"] or UNSAID,
            one["safeguards"] or one["contract"] or UNSAID,
            number(one["requests"]),
            number(one["findings_unmasked"]),
        )
        for one in recipients
    )
    headings = (
        "upstream", "class", "processor", "country", "safeguards", "requests", "unmasked findings",
    )  # fmt: skip
    return Table("Recipients", headings, rows, frozenset({5, 6}), (3, 2, 3, 2, 3, 2, 2))


def _rule_table(rules: Sequence[PolicyRule]) -> Table:
    rows = tuple(
        (
            one.policy,
            one.rule,
            one.effect,
            ", ".join(one.types) or "any",
            ", ".join(f"{name}: {operator}" for name, operator in one.operators),
        )
        for one in rules
    )
    headings = ("policy", "rule", "effect", "types", "operators")
    return Table("Rules that were in force", headings, rows, widths=(2, 2, 1, 4, 3))
