"""`cloakroom policy explain`: rule by rule, what a policy does with a request."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NoReturn

import typer
from rich.markup import escape
from rich.table import Table

from gateway.audit.store import SqlAuditStore
from gateway.cli import policy_options as options
from gateway.cli.common import JsonOption, console, load_settings, print_json
from gateway.cli.policy_common import (
    Exit,
    OwnConfig,
    load,
    print_problems,
    problem_facts,
    refuse,
    reveals,
    types_known,
)
from gateway.config import MissingKey
from gateway.errors import AuditUnavailable, ConfigError, Problem
from gateway.policy.answers import answers_facts, answers_in_words, described
from gateway.policy.decide import Outcome, RuleTrace, decide
from gateway.policy.decide import explain as traced
from gateway.policy.lint import meant_type
from gateway.policy.model import Policy
from gateway.policy.simulate import REPLAYED, Past, facts_of
from gateway.types import (
    BANDS,
    LANGUAGES,
    BandCounts,
    Candidate,
    Decision,
    Family,
    OperatorUse,
    RequestFacts,
    ScoreBand,
    UpstreamClass,
)

_STYLE: Final = {Outcome.MATCHED: "bold green", Outcome.SKIPPED: "", Outcome.NOT_REACHED: "dim"}


def explain(
    policy: options.Policies = None,
    entity_type: options.EntityTypes = None,
    count: options.Counts = None,
    score: options.Scores = None,
    model: options.Model = "some-model",
    tenant: options.Tenant = "some-tenant",
    role: options.Roles = None,
    tag: options.Tags = None,
    family: options.ApiFamily = Family.CHAT,
    language: options.Languages = None,
    media: options.HasMedia = False,
    hosted_tool: options.HostedTools = None,
    unknown_fields: options.UnknownFields = False,
    upstream: options.Upstreams = None,
    upstream_class: options.UpstreamClasses = None,
    record: options.RecordId = None,
    config: OwnConfig = None,
    as_json: JsonOption = False,
) -> None:
    """Show rule by rule what a policy does with a request, and the decision.

    Exit codes: 0 it is shown, 1 there is no such record or it cannot be explained, 2 a wrong
    command line or a wrong file.
    """
    if record is not None:
        explain_record(record, policy or (), config, as_json)
        return
    facts = RequestFacts(
        tenant=tenant, family=family, model=model, entities=_found(entity_type, count, score),
        roles=frozenset(role or ()), tags=frozenset(tag or ()),
        languages=frozenset(language or ()),
        unsupported_languages=frozenset(language or ()) - LANGUAGES,
        has_media=media, hosted_tools=frozenset(hosted_tool or ()),
        has_unknown_fields=unknown_fields,
    )  # fmt: skip
    show(policy or ["default"], facts, _candidates(upstream, upstream_class), config, as_json)


def show(
    names: Sequence[str],
    facts: RequestFacts,
    candidates: Sequence[Candidate],
    config: Path | None,
    as_json: bool,
    past: Past | None = None,
) -> None:
    """Print what the policies of these names do with a request, rule by rule, and what was done
    with it if it is `past`; exits with 2 where one of them is wrong."""
    try:
        policy = load(names)
        warnings = _unknown(sorted(facts.entity_types), config)
    except ConfigError as error:
        refuse(error, as_json)
    traces = traced(policy, facts, candidates)
    decision = decide(policy.live, facts, candidates)
    real = decide(policy, facts, candidates)
    if as_json:
        print_json(
            {
                "ok": True,
                "rules": [_trace_facts(one) for one in traces],
                "decision": {**_decision_facts(decision, facts), "shadow": real.shadow},
                **({"shadow": _shadow_facts(real)} if real.shadow else {}),
                **({"on_record": _past_facts(past, decision)} if past else {}),
                "unsupported_languages": sorted(facts.unsupported_languages),
                "warnings": [problem_facts(one) for one in warnings],
            }
        )
        return
    print_problems(warnings, "warning")
    _print_traces(traces)
    _print_languages(policy, facts)
    _print_decision(decision, real, facts)
    if past:
        said = _past_facts(past, decision)
        towards = f", to {past.upstream} ({past.upstream_class})" if past.upstream_class else ""
        same = "the same policy" if said["same_policy"] else "another policy"
        typer.echo(f"on record: {past.effect}{towards}, by {same}")


def explain_record(name: str, names: Sequence[str], config: Path | None, as_json: bool) -> None:
    """Print what policies (none: those of the configuration) do with a request of the audit log.

    Exits with 1 where there is no such record, or none that holds what a decision is made of.
    """
    settings = load_settings(config, MissingKey.LEND)
    try:
        records = asyncio.run(SqlAuditStore(settings.audit.url, settings.master_key).get(name))
    except ConfigError as error:
        refuse(error, as_json)
    except AuditUnavailable as error:
        _give_up("audit", error.message, as_json)
    if not records:
        _give_up("--record", "there is no such record", as_json)
    known = [past for one in records if one["type"] in REPLAYED and (past := facts_of(one))]
    if not known:
        text = "the record does not hold what a decision is made of"
        _give_up("--record", text, as_json)
    past = known[0]
    chosen = [*names] or [str(one) for one in settings.policies]
    show(chosen, past.facts, past.candidates, config, as_json, past)


def _give_up(place: str, text: str, as_json: bool) -> NoReturn:
    problem = Problem(place, 0, "", text)
    if as_json:
        print_json({"ok": False, "problems": [problem_facts(problem)]})
    else:
        print_problems([problem], "error")
    raise typer.Exit(Exit.FAILED)


def _past_facts(past: Past, decision: Decision) -> dict[str, object]:
    return {
        "effect": past.effect,
        "upstream": past.upstream,
        "upstream_class": past.upstream_class,
        "operators": dict(past.operators),
        "shadow": past.shadow,
        "policy_digest": past.policy_digest,
        "same_policy": past.policy_digest == decision.policy_digest,
    }


def _found(
    entity_types: options.Texts, counts: options.Texts, scores: options.Texts
) -> dict[str, BandCounts]:
    """Findings by type and band: how many, once unless it is said; how sure, or else surely."""
    number = {
        **dict.fromkeys(entity_types or (), 1),
        **dict.fromkeys(dict(options.split(scores)), 1),
    }
    number |= {name: int(count) for name, count in options.split(counts)}
    bands = {name: BANDS.index(ScoreBand(band)) for name, band in options.split(scores)}
    found: dict[str, BandCounts] = {}
    for name, count in number.items():
        low, medium, high = (count if bands.get(name, 2) == index else 0 for index in range(3))
        found[name] = (low, medium, high)
    return found


def _candidates(named: options.Texts, classes: Sequence[UpstreamClass] | None) -> list[Candidate]:
    found = [Candidate(name, UpstreamClass(towards)) for name, towards in options.split(named)]
    if classes or not found:
        both = (UpstreamClass.EXTERNAL, UpstreamClass.ON_PREM)
        found += [Candidate(one.value, one) for one in dict.fromkeys(classes or both)]
    return found


def _unknown(entity_types: Sequence[str], config: Path | None) -> list[Problem]:
    """A warning for each type that no recognizer knows."""
    if not entity_types:
        return []
    known = types_known(config)
    return [
        Problem("--entity-type", 0, one, "unknown entity type", meant_type(one, known))
        for one in entity_types
        if one not in known
    ]


def _trace_facts(trace: RuleTrace) -> dict[str, str]:
    return {
        "upstream": trace.upstream,
        "upstream_class": trace.upstream_class,
        "rule": trace.rule,
        "outcome": trace.outcome,
        "detail": trace.detail,
    }


def _decision_facts(decision: Decision, facts: RequestFacts) -> dict[str, object]:
    uses = _operators(decision, facts)
    return {
        "effect": decision.effect,
        "upstream_class": decision.upstream_class,
        "upstreams": [one.name for one in decision.candidates],
        "rule_ids": decision.rule_ids,
        "reason": decision.reason,
        "reason_code": decision.reason_code,
        "operators": {one: described(use) for one, use in uses.items()},
        "reveals": {one: reveals(use) for one, use in uses.items()},
        "answers": answers_facts(decision.answers) if decision.candidates else None,
        "keeps_state": decision.keeps_state,
        "policy_id": decision.policy_id,
        "policy_digest": decision.policy_digest,
    }


def _operators(decision: Decision, facts: RequestFacts) -> Mapping[str, OperatorUse]:
    """What would be done with each type that was found; nothing where all is denied."""
    if not decision.candidates:
        return {}
    return {one: decision.operator_for(one) for one in sorted(facts.entity_types)}


def _print_traces(traces: Sequence[RuleTrace]) -> None:
    table = Table("towards", "rule", "outcome", "why")
    for one in traces:
        named = one.upstream != one.upstream_class
        towards = f"{one.upstream} ({one.upstream_class})" if named else one.upstream
        outcome = one.outcome.value.replace("_", " ")
        table.add_row(
            escape(towards), escape(one.rule), outcome, escape(one.detail),
            style=_STYLE[one.outcome],
        )  # fmt: skip
    console.print(table)


def _print_languages(policy: Policy, facts: RequestFacts) -> None:
    if facts.unsupported_languages:
        codes = ", ".join(sorted(facts.unsupported_languages))
        typer.echo(
            f"unsupported languages: {codes} (policy: {policy.handling.unsupported_languages})"
        )


def _shadow_facts(real: Decision) -> dict[str, object]:
    return {
        "sent": bool(real.candidates),
        "upstream_class": real.upstream_class,
        "upstreams": [one.name for one in real.candidates],
        "reason": "" if real.candidates else real.reason,
    }


def _print_decision(decision: Decision, real: Decision, facts: RequestFacts) -> None:
    """The decision, and under shadow what really happens."""
    towards = f", to {decision.upstream_class} upstreams" if decision.upstream_class else ""
    rules = ", ".join(decision.rule_ids) or decision.reason_code or "no rule"
    heading = "would be decided" if real.shadow else "decision"
    typer.echo(f"{heading}: {decision.effect}{towards} ({rules})")
    if real.shadow:
        names = ", ".join(one.name for one in real.candidates)
        named = f" ({names})" if names != real.upstream_class else ""
        sent = f"sent as it came, to {real.upstream_class} upstreams{named}"
        denied = "denied: in shadow, requests go to upstreams on the premises, and there is none"
        typer.echo(f"really happens, in shadow: {sent if real.candidates else denied}")
    if decision.reason:
        typer.echo(f"reason: {decision.reason}")
    for entity_type, use in _operators(decision, facts).items():
        typer.echo(f"  {entity_type}: {described(use)} (reveals {reveals(use)})")
    if decision.candidates:
        typer.echo(f"answers: {answers_in_words(decision.answers)}")
