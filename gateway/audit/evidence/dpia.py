"""Inputs for a data protection impact assessment (GDPR Art. 35), from what is on record. Pure.

What flows where and how it is masked comes from records; how much was probably missed comes from
the measured recall of the detector. Whether that is acceptable is for people to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from gateway.audit.evidence.collect import Collected
from gateway.audit.evidence.quality import CAVEAT, Recall
from gateway.audit.evidence.tables import Report, Section, Table, number, share
from gateway.operator_kinds import OPERATOR_KINDS

TITLE: Final = "Inputs for a data protection impact assessment"
UNMEASURED: Final = "The detector that read these requests is not the one that was measured."
_OWN: Final = "not known: an operator of the user's own"


def dpia_inputs(seen: Collected, recalls: Mapping[str, Recall], *, measured: bool) -> Report:
    """Flows, what was refused, and the residual risk.

    `measured` says whether all requests of the period were read by the models that the figures in
    `recalls` are of.
    """
    flows = [
        {**flow._asdict(), "findings": found, "requests": seen.requests[flow],
         "reveals": _reveals(flow.operator)}
        for flow, found in sorted(seen.findings.items())
    ]  # fmt: skip
    residual = _residual(seen, recalls)
    data: dict[str, Any] = {
        "flows": flows,
        "residual": {"measured": measured, "caveat": CAVEAT, "types": residual},
        "denied": {"by_reason": dict(seen.denied), "findings": dict(seen.denied_types)},
        "shadow_requests": seen.shadowed,
        "unsafe_allow_requests": seen.unmasked,
        "languages": dict(seen.languages),
        "unsupported_languages": dict(seen.unsupported),
        "answers": {"counts": dict(seen.answers), "new_data": dict(seen.new_data)},
        "outcomes": dict(seen.outcomes),
    }
    sections = (
        Section("Flows", ("What was found, where it went, and as what.",), (_flows(flows),)),
        Section(
            "Residual risk",
            (CAVEAT, *(() if measured else (UNMEASURED,))),
            (_residual_table(residual),),
        ),
        Section("Refused", tables=_refused(seen)),
        Section("What else bears on the risk", tables=(_other(seen),)),
    )
    return Report(TITLE, sections, data)


def _reveals(operator: str) -> str:
    kind = OPERATOR_KINDS.get(operator)
    return kind.reveals if kind else _OWN


def _residual(seen: Collected, recalls: Mapping[str, Recall]) -> list[dict[str, Any]]:
    """For each type that was found and sent: the recall, and how many were probably missed."""
    sent: dict[str, int] = {}
    for flow, found in sorted(seen.findings.items()):
        sent[flow.entity_type] = sent.get(flow.entity_type, 0) + found
    rows: list[dict[str, Any]] = []
    for name, found in sent.items():
        recall = recalls.get(name)
        row: dict[str, Any] = {"entity_type": name, "found": found, "recall": None, "missed": None}
        if recall is not None:
            row["recall"] = asdict(recall)
            row["missed"] = dict(zip(("estimate", "least", "most"), recall.missed(found),
                                     strict=True))  # fmt: skip
        rows.append(row)
    return rows


def _flows(flows: Sequence[Mapping[str, Any]]) -> Table:
    rows = tuple(
        (
            one["entity_type"], one["upstream"], one["upstream_class"], one["operator"],
            number(one["findings"]), number(one["requests"]), one["reveals"],
        )
        for one in flows
    )  # fmt: skip
    headings = ("type", "upstream", "class", "operator", "findings", "requests", "tells")
    return Table("Flows", headings, rows, frozenset({4, 5}), (3, 2, 2, 2, 2, 2, 4))


def _residual_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    cells: list[tuple[str, ...]] = []
    for one in rows:
        recall, missed = one["recall"], one["missed"]
        if recall is None:
            cells.append((one["entity_type"], number(one["found"]), "not measured", "", "", ""))
            continue
        cells.append((
            one["entity_type"],
            number(one["found"]),
            share(recall["overlap"]),
            f"{share(recall['low'])} to {share(recall['high'])}",
            f"{share(recall['worst'])} ({recall['worst_corpus']})",
            f"{number(missed['estimate'])} ({number(missed['least'])} to {number(missed['most'])})",
        ))  # fmt: skip
    headings = ("type", "found", "recall", "95 % interval", "worst corpus", "probably missed")
    return Table("Residual risk", headings, tuple(cells), frozenset({1, 2}), (3, 1, 2, 3, 3, 3))


def _refused(seen: Collected) -> tuple[Table, Table]:
    return (
        _counts("Refused requests", "reason", seen.denied),
        _counts("Findings in refused requests", "type", seen.denied_types),
    )


def _counts(title: str, of: str, counts: Mapping[str, int]) -> Table:
    rows = tuple((name, number(count)) for name, count in sorted(counts.items()))
    return Table(title, (of, "count"), rows, frozenset({1}), (4, 1))


def _other(seen: Collected) -> Table:
    new = ", ".join(f"{name} {number(count)}" for name, count in sorted(seen.new_data.items()))
    strange = ", ".join(
        f"{name} {number(count)}" for name, count in sorted(seen.unsupported.items())
    )
    rows = (
        ("Requests sent unmasked by a rule that allows it", number(seen.unmasked)),
        ("Requests under a policy that only watches", number(seen.shadowed)),
        ("Requests in languages whose names are not looked for", strange or "none"),
        ("New personal data in answers", new or "none seen"),
        ("Placeholders in answers that were damaged", number(seen.answers["damaged"])),
        ("Values kept from tools that may not have them", number(seen.answers["blocked_sinks"])),
    )
    return Table("Counts", ("what", "value"), rows, widths=(4, 3))
