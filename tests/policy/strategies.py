"""Random policies and requests, and what a policy lets out of a request.

Types, tenants and upstreams are few, so that rules and requests often meet. Rules are compiled
like those that are read from files; whoever changes one compiles it again with `with_rules`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, TypeAlias

from hypothesis import strategies as st

from gateway.operator_kinds import KEEP, OPERATOR_KINDS, exposure
from gateway.policy.answers import cached_word, thinking_word
from gateway.policy.conditions import ANY, conditions
from gateway.policy.decide import decide
from gateway.policy.model import (
    Embeddings,
    Handling,
    Logprobs,
    Media,
    Policy,
    ProviderState,
    Rule,
    Shadow,
    Target,
    TooLong,
    UnknownFields,
    UnsupportedLanguages,
    When,
)
from gateway.types import (
    AnswerRules,
    Candidate,
    Effect,
    Family,
    NewData,
    OperatorUse,
    RequestFacts,
    ScoreBand,
    UpstreamClass,
)

ON_PREM, EXTERNAL = UpstreamClass.ON_PREM, UpstreamClass.EXTERNAL
CLOUD, CLOUD_2 = Candidate("cloud", EXTERNAL), Candidate("cloud-2", EXTERNAL)
LOCAL, LOCAL_2 = Candidate("local", ON_PREM), Candidate("local-2", ON_PREM)
CANDIDATES = (CLOUD, CLOUD_2, LOCAL, LOCAL_2)

NAMED = ("PERSON", "IBAN", "SECRET", "ZIP_CODE")
UNNAMED = "UNNAMED"  # no rule names this type
TYPES = (*NAMED, UNNAMED)
CLASS = "mine"
CLASSES = {CLASS: frozenset({"PERSON", "IBAN"})}

Sent: TypeAlias = dict[str, dict[str, int]]
"""Per upstream that a request may go to, how much it learns of each type."""


# ---- policies ------------------------------------------------------------------------------------


def with_rules(policy: Policy, rules: Iterable[Rule]) -> Policy:
    """A policy with other rules, each named by its place and compiled."""
    made = tuple(
        replace(rule, name=f"r{index}", conditions=conditions(rule.when, policy.severities))
        for index, rule in enumerate(rules)
    )
    named = any(rule.when.upstreams or (rule.to and rule.to.upstreams) for rule in made)
    return replace(policy, rules=made, names_upstreams=named)


def _sets(names: Iterable[str]) -> dict[str, frozenset[str]]:
    return {one: CLASSES.get(one, frozenset({one})) for one in names}


def _counted(given: dict[str, int]) -> dict[str, tuple[frozenset[str] | None, int]]:
    return {
        one: (None if one == ANY else CLASSES.get(one, frozenset({one})), least)
        for one, least in given.items()
    }


def _globs(*patterns: str) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(patterns), min_size=1, max_size=2).map(tuple)


_names = st.lists(st.sampled_from((*NAMED, CLASS)), min_size=1, max_size=3, unique=True)
_subject = {
    "models": _globs("a", "b*", "?", "x-*"),
    "tenants": _globs("a", "b*", "z"),
    "roles": _globs("a", "b*"),
    "tags": _globs("office-*", "z"),
    "languages": st.frozensets(st.sampled_from(["de", "fi"]), min_size=1),
    "families": st.frozensets(st.sampled_from([Family.CHAT, Family.EMBEDDINGS]), min_size=1),
}
_towards = {
    "upstream_class": st.sampled_from(UpstreamClass),
    "upstreams": _globs("cloud*", "local", "*-2"),
}


@st.composite
def _whens(draw: st.DrawFn, given: dict[str, st.SearchStrategy[Any]]) -> When:
    """A few of these conditions: a rule with all of them would never match."""
    chosen = draw(st.lists(st.sampled_from(sorted(given)), max_size=3, unique=True))
    return When(**{key: draw(given[key]) for key in chosen})


_found: dict[str, st.SearchStrategy[Any]] = {
    "any_of": _names.map(_sets),
    "all_of": _names.map(_sets),
    "at_least": st.dictionaries(
        st.sampled_from((*NAMED, CLASS, ANY)), st.integers(1, 4), min_size=1, max_size=2
    ).map(_counted),
    "severity": st.sampled_from(["low", "medium", "high", "critical"]),
    "bands": st.frozensets(st.sampled_from(ScoreBand), min_size=1),
}


blind_whens = _whens(_subject | _towards)
"""Conditions that do not ask what was found."""

whens = _whens(_found | _subject | _towards)


def uses(names: Iterable[str]) -> st.SearchStrategy[OperatorUse]:
    """Uses of some operators, without options."""
    return st.sampled_from([OperatorUse(name) for name in names])


_masking = [name for name in OPERATOR_KINDS if name != KEEP]
_one_way = [name for name, kind in OPERATOR_KINDS.items() if not kind.returns]
_operators = st.dictionaries(st.sampled_from(NAMED), uses(OPERATOR_KINDS), max_size=3)

answers = st.builds(
    AnswerRules,
    new_data=st.sampled_from([NewData.KEEP, NewData.FLAG]),
    restores_thinking=st.booleans(),
    hides_cached=st.booleans(),
) | (
    st.builds(
        AnswerRules,
        new_data=st.just(NewData.MASK),
        operators=st.dictionaries(st.sampled_from(NAMED), uses(_one_way), max_size=2),
        default_operator=uses(_one_way),
        hosts=st.just(("crm.example.com",)),
        tools=st.none() | st.just(("send_*",)),
    )
)
targets = st.builds(Target, upstream_class=st.sampled_from(UpstreamClass)) | st.builds(
    Target, upstreams=st.sampled_from([("cloud",), ("local*",), ("*-2",), ("cloud", "local")])
)


def denies(when: st.SearchStrategy[When] = whens) -> st.SearchStrategy[Rule]:
    """Rules that deny."""
    return st.builds(
        Rule, name=st.just("r"), when=when, effect=st.just(Effect.DENY), reason=st.just("No.")
    )


def routes(when: st.SearchStrategy[When] = whens) -> st.SearchStrategy[Rule]:
    """Rules that route."""
    return st.builds(
        Rule, name=st.just("r"), when=when, effect=st.just(Effect.ROUTE), to=targets,
        reason=st.sampled_from(["", "Elsewhere."]),
    )  # fmt: skip


def masks(when: st.SearchStrategy[When] = whens) -> st.SearchStrategy[Rule]:
    """Rules that mask."""
    return st.builds(
        Rule, name=st.just("r"), when=when, effect=st.just(Effect.MASK), operators=_operators,
        default_operator=uses(_masking), answers=st.none() | answers,
    )  # fmt: skip


def allows(when: st.SearchStrategy[When] = whens) -> st.SearchStrategy[Rule]:
    """Rules that send text as it is."""
    return st.builds(
        Rule, name=st.just("r"), when=when, effect=st.just(Effect.ALLOW), reason=st.just("Yes."),
        default_operator=st.just(OperatorUse(KEEP)), answers=st.none() | answers,
    )  # fmt: skip


handlings = st.builds(
    Handling, unsupported_languages=st.sampled_from(UnsupportedLanguages),
    media=st.sampled_from(Media), unknown_fields=st.sampled_from(UnknownFields),
    hosted_tools=st.frozensets(st.sampled_from(["web_search", "code"])),
    logprobs=st.sampled_from(Logprobs), provider_state=st.sampled_from(ProviderState),
    embeddings=st.sampled_from(Embeddings), too_long=st.sampled_from(TooLong),
)  # fmt: skip


def policies(
    rules: st.SearchStrategy[Rule] | None = None,
    shadows: st.SearchStrategy[Shadow] = st.just(Shadow.OFF),  # noqa: B008 - is never changed
) -> st.SearchStrategy[Policy]:
    """Policies of up to four rules, of these or of all kinds."""
    bare = st.builds(
        Policy, id=st.just("p"), rules=st.just(()), digest=st.just("0" * 64),
        classes=st.just(CLASSES), severities=st.sampled_from([{}, {"ZIP_CODE": "critical"}]),
        handling=handlings, answers=answers, shadow=shadows,
    )  # fmt: skip
    some = st.lists(
        rules if rules is not None else denies() | routes() | masks() | allows(),
        min_size=1, max_size=4,
    )  # fmt: skip
    return st.builds(with_rules, bare, some)


# ---- requests ------------------------------------------------------------------------------------


def _seldom(usual: Any, *others: Any) -> st.SearchStrategy[Any]:
    """Mostly the usual: what limits close upstreams for would hide what the rules say."""
    return st.sampled_from([usual] * 6 * len(others) + list(others))


counts = st.tuples(*[st.integers(0, 3)] * 3).filter(any)
entities = st.dictionaries(st.sampled_from(TYPES), counts, max_size=4)
requests = st.builds(
    RequestFacts, tenant=st.sampled_from(["a", "bb", "z"]),
    family=_seldom(Family.CHAT, Family.EMBEDDINGS),
    model=st.sampled_from(["a", "bb", "x-1"]), entities=entities,
    roles=st.frozensets(st.sampled_from(["a", "bb", "z"]), max_size=2),
    tags=st.frozensets(st.sampled_from(["office-paris", "z"]), max_size=2),
    languages=st.frozensets(st.sampled_from(["de", "fi"]), max_size=2),
    unsupported_languages=_seldom(frozenset(), frozenset({"fi"})),
    has_media=_seldom(False, True), has_unknown_fields=_seldom(False, True),
    hosted_tools=_seldom(frozenset(), frozenset({"web_search"}), frozenset({"code", "web_search"})),
)  # fmt: skip
offers = st.lists(st.sampled_from(CANDIDATES), unique=True, min_size=1, max_size=4)


# ---- what is let out -----------------------------------------------------------------------------


def sent(policy: Policy, facts: RequestFacts) -> Sent:
    """Which upstreams a request may go to at all, and how much each learns of every type."""
    found: Sent = {}
    for candidate in CANDIDATES:
        decision = decide(policy, facts, [candidate])
        if decision.candidates:
            found[candidate.name] = {
                one: exposure(decision.operator_for(one).name) for one in TYPES
            }
    return found


def no_more(new: Sent, old: Sent) -> bool:
    """Whether `new` reaches no upstream that `old` did not, and tells none of them more."""
    return all(
        name in old and all(learns <= old[name][one] for one, learns in types.items())
        for name, types in new.items()
    )


# ---- as written ----------------------------------------------------------------------------------


def written(policy: Policy) -> bytes:
    """A policy file that says what a policy says."""
    data = {
        "version": 1,
        "id": policy.id,
        "classes": {name: sorted(types) for name, types in policy.classes.items()},
        "severity": dict(policy.severities) or None,
        "shadow": policy.shadow is not Shadow.OFF or None,
        "unsafe_shadow_external": policy.shadow is Shadow.EVERYWHERE or None,
        "handling": {
            "unsupported_languages": policy.handling.unsupported_languages,
            "media": policy.handling.media,
            "embeddings": policy.handling.embeddings,
            "unknown_fields": policy.handling.unknown_fields,
            "hosted_tools": sorted(policy.handling.hosted_tools),
            "logprobs": policy.handling.logprobs,
            "provider_state": policy.handling.provider_state,
            "too_long": policy.handling.too_long,
        },
        "answers": _written_answers(policy.answers),
        "rules": [_written_rule(rule) for rule in policy.rules],
    }
    return json.dumps(_said(data)).encode()


def _written_rule(rule: Rule) -> dict[str, Any]:
    masks_ = rule.effect is Effect.MASK
    to = rule.to
    return {
        "name": rule.name,
        "effect": rule.effect,
        "reason": rule.reason or None,
        "when": _said(_written_when(rule.when)) or None,
        "operators": _written_uses(rule.operators),
        "default_operator": rule.default_operator.name if masks_ else None,
        "to": to and (to.upstream_class or list(to.upstreams or ())),
        "answers": rule.answers and _written_answers(rule.answers),
    }


def _written_when(when: When) -> dict[str, Any]:
    return {
        "any_of": when.any_of and list(when.any_of),
        "all_of": when.all_of and list(when.all_of),
        "at_least": when.at_least and {name: least for name, (_, least) in when.at_least.items()},
        "severity": when.severity,
        "score": when.bands and sorted(when.bands),
        "models": when.models,
        "tenants": when.tenants,
        "roles": when.roles,
        "tags": when.tags,
        "languages": when.languages and sorted(when.languages),
        "families": when.families and sorted(when.families),
        "upstream_class": when.upstream_class,
        "upstreams": when.upstreams,
    }


def _written_answers(given: AnswerRules) -> dict[str, Any]:
    masks_ = given.new_data is NewData.MASK
    return {
        "new_data": given.new_data,
        "operators": _written_uses(given.operators),
        "default_operator": given.default_operator.name if masks_ else None,
        "hosts": list(given.hosts) or None,
        "tools": given.tools,
        "paths": given.paths or None,
        "thinking": thinking_word(given),
        "cached_tokens": cached_word(given),
    }


def _written_uses(given: Any) -> dict[str, str] | None:
    return {name: use.name for name, use in given.items()} or None


def _said(given: Any) -> Any:
    """The same without the keys that are not written."""
    if isinstance(given, dict):
        return {key: _said(value) for key, value in given.items() if value is not None}
    return [_said(one) for one in given] if isinstance(given, list | tuple) else given
