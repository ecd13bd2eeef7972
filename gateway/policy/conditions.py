"""The conditions of rules, compiled: each says whether it holds, and in words why it does not.

Pure. A rule's conditions on the request are compiled once, when the policy is read, and only
those that the rule has; so that a hundred rules cost microseconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import translate
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

from gateway.entity_types import SEVERITIES, severity
from gateway.types import BANDS, Candidate, RequestFacts, ScoreBand

if TYPE_CHECKING:
    from gateway.policy.model import Target, When

Holds: TypeAlias = Callable[[RequestFacts], bool]

ANY: Final = "any"
"""Under `at_least`: findings of every type."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition on a request: the key it was written under, and what to say if it fails."""

    key: str
    words: str
    holds: Holds = field(repr=False)


def conditions(when: When, severities: Mapping[str, str]) -> tuple[Condition, ...]:
    """The conditions that a rule has on the request; those on the upstream are not among them."""
    made: list[Condition] = []
    if when.any_of is not None:
        types = frozenset[str]().union(*when.any_of.values())
        words = f"found none of {_names(when.any_of)}"
        made.append(Condition("any_of", words, _found(types, when.bands)))
    for name, types in sorted((when.all_of or {}).items()):
        made.append(Condition("all_of", f"did not find {name}", _found(types, when.bands)))
    for name, (members, least) in sorted((when.at_least or {}).items()):
        words = f"found fewer than {least} of {name}"
        made.append(Condition("at_least", words, _counted(members, when.bands, least)))
    if when.severity is not None:
        words = f"found nothing of severity {when.severity} or above"
        made.append(Condition("severity", words, _severe(when.severity, severities, when.bands)))
    if when.bands is not None and not made:
        words = f"found nothing scored {_names(when.bands)}"
        made.append(Condition("score", words, _counted(None, when.bands, 1)))
    return (*made, *_subject(when))


def _subject(when: When) -> Iterator[Condition]:
    """The conditions on who calls and for what."""
    if when.tenants is not None:
        tenant = _matcher(when.tenants)
        words = f"the tenant matches none of {_names(when.tenants)}"
        yield Condition("tenants", words, lambda facts: tenant(facts.tenant))
    if when.roles is not None:
        words = f"the caller has no role of {_names(when.roles)}"
        role = _matcher(when.roles)
        yield Condition("roles", words, lambda facts: any(map(role, facts.roles)))
    if when.tags is not None:
        words = f"the caller has no tag of {_names(when.tags)}"
        tag = _matcher(when.tags)
        yield Condition("tags", words, lambda facts: any(map(tag, facts.tags)))
    if when.models is not None:
        words = f"the model matches none of {_names(when.models)}"
        model = _matcher(when.models)
        yield Condition("models", words, lambda facts: model(facts.model))
    if when.families is not None:
        families = when.families
        words = f"the API family is none of {_names(families)}"
        yield Condition("families", words, lambda facts: facts.family in families)
    if when.languages is not None:
        apart = when.languages.isdisjoint
        words = f"the text is clearly in none of {_names(when.languages)}"
        yield Condition("languages", words, lambda facts: not apart(facts.languages))


def _found(types: frozenset[str], bands: frozenset[ScoreBand] | None) -> Holds:
    """Whether anything of some types was found in the bands."""
    if bands is not None:
        return _counted(types, bands, 1)
    apart = types.isdisjoint
    return lambda facts: not apart(facts.entities)


def _counted(
    members: frozenset[str] | None, bands: frozenset[ScoreBand] | None, least: int
) -> Holds:
    """Whether there are so many findings of some types (None: of all) in the bands."""
    chosen = tuple(index for index, one in enumerate(BANDS) if bands is None or one in bands)

    def holds(facts: RequestFacts) -> bool:
        entities = facts.entities
        if members is not None and members.isdisjoint(entities):
            return False
        count = 0
        for name, counts in entities.items():
            if members is None or name in members:
                for index in chosen:
                    count += counts[index]
        return count >= least

    return holds


def _severe(least: str, severities: Mapping[str, str], bands: frozenset[ScoreBand] | None) -> Holds:
    """Whether something of a severity or above was found in the bands."""
    bound = SEVERITIES.index(least)
    chosen = tuple(index for index, one in enumerate(BANDS) if bands is None or one in bands)

    @lru_cache(maxsize=1024)
    def is_severe(entity_type: str) -> bool:
        own = severities.get(entity_type) or severity(entity_type)
        return SEVERITIES.index(own) >= bound

    def holds(facts: RequestFacts) -> bool:
        for name, counts in facts.entities.items():
            if is_severe(name) and (bands is None or any(counts[index] for index in chosen)):
                return True
        return False

    return holds


def _names(values: Iterable[str]) -> str:
    return ", ".join(sorted(values))


@lru_cache(maxsize=4096)
def _matcher(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    """Whether a text matches one of some patterns of `*` and `?`."""
    plain = frozenset(one for one in patterns if "*" not in one and "?" not in one)
    others = [translate(one) for one in patterns if one not in plain]
    if not others:
        return plain.__contains__
    match = re.compile("|".join(others)).match
    return lambda text: text in plain or match(text) is not None


def matches(patterns: Iterable[str] | None, value: str) -> bool:
    """Whether a text matches one of some patterns of `*` and `?`; None matches everything."""
    return patterns is None or _matcher(tuple(patterns))(value)


def aims_at(where: When | Target, candidate: Candidate) -> bool:
    """Whether a rule is read for an upstream, or a route leads to it."""
    return where.upstream_class in (None, candidate.upstream_class) and matches(
        where.upstreams, candidate.name
    )
