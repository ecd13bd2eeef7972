"""The conditions of rules, compiled: each says whether it holds, and in words why it does not.

Pure. A rule's conditions on the request are compiled once, when the policy is read, and only
those that the rule has; so that a hundred rules cost microseconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
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
    count = _counter(when.bands)
    found = _found(when.bands)
    made: list[Condition] = []
    if when.any_of is not None:
        types = frozenset[str]().union(*when.any_of.values())
        made.append(
            Condition(
                "any_of", f"found none of {_names(when.any_of)}", lambda facts: found(facts, types)
            )
        )
    for name, types in sorted((when.all_of or {}).items()):
        made.append(
            Condition(
                "all_of",
                f"did not find {name}",
                lambda facts, types=types: found(facts, types),  # type: ignore[misc]
            )
        )
    for name, (members, least) in sorted((when.at_least or {}).items()):
        made.append(_at_least(name, members, least, count))
    if when.severity is not None:
        made.append(_severe(when.severity, severities, found))
    if when.bands is not None and not made:
        made.append(_any_in_band(when.bands, count))
    return (*made, *_subject(when))


def _subject(when: When) -> list[Condition]:
    """The conditions on who calls and for what."""
    made: list[Condition] = []

    def add(key: str, wanted: Collection[str] | None, holds: Holds, what: str) -> None:
        if wanted is not None:
            made.append(Condition(key, f"{what} {_names(wanted)}", holds))

    add(
        "tenants",
        when.tenants,
        lambda facts: matches(when.tenants, facts.tenant),
        "the tenant matches none of",
    )
    add(
        "roles",
        when.roles,
        lambda facts: any_matches(when.roles, facts.roles),
        "the caller has no role of",
    )
    add(
        "tags",
        when.tags,
        lambda facts: any_matches(when.tags, facts.tags),
        "the caller has no tag of",
    )
    add(
        "models",
        when.models,
        lambda facts: matches(when.models, facts.model),
        "the model matches none of",
    )
    add(
        "families",
        when.families,
        lambda facts: facts.family in (when.families or ()),
        "the API family is none of",
    )
    languages = when.languages or frozenset[str]()
    add(
        "languages",
        when.languages,
        lambda facts: not languages.isdisjoint(facts.languages),
        "the text is clearly in none of",
    )
    return made  # fmt: skip


def _at_least(
    name: str,
    members: frozenset[str] | None,
    least: int,
    count: Callable[[RequestFacts, frozenset[str] | None], int],
) -> Condition:
    words = f"found fewer than {least} of {name}"
    return Condition("at_least", words, lambda facts: count(facts, members) >= least)


def _severe(
    least: str,
    severities: Mapping[str, str],
    found: Callable[[RequestFacts, frozenset[str] | None], bool],
) -> Condition:
    bound = SEVERITIES.index(least)

    @lru_cache(maxsize=1024)
    def is_severe(entity_type: str) -> bool:
        own = severities.get(entity_type) or severity(entity_type)
        return SEVERITIES.index(own) >= bound

    def holds(facts: RequestFacts) -> bool:
        severe = frozenset(one for one in facts.entities if is_severe(one))
        return found(facts, severe)

    return Condition("severity", f"found nothing of severity {least} or above", holds)


def _any_in_band(
    bands: frozenset[ScoreBand], count: Callable[[RequestFacts, frozenset[str] | None], int]
) -> Condition:
    return Condition(
        "score", f"found nothing scored {_names(bands)}", lambda facts: count(facts, None) > 0
    )


def _counter(
    bands: frozenset[ScoreBand] | None,
) -> Callable[[RequestFacts, frozenset[str] | None], int]:
    """Counts the findings of some types (None: of all) in the bands."""
    chosen = [index for index, one in enumerate(BANDS) if bands is None or one in bands]

    def count(facts: RequestFacts, members: frozenset[str] | None) -> int:
        return sum(
            counts[index]
            for name, counts in facts.entities.items()
            if members is None or name in members
            for index in chosen
        )

    return count


def _found(
    bands: frozenset[ScoreBand] | None,
) -> Callable[[RequestFacts, frozenset[str] | None], bool]:
    """Whether anything of some types was found in the bands."""
    if bands is None:
        return lambda facts, members: not (members or frozenset()).isdisjoint(facts.entities)
    count = _counter(bands)
    return lambda facts, members: count(facts, members) > 0


def _names(values: Iterable[str]) -> str:
    return ", ".join(sorted(values))


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> Callable[[str], re.Match[str] | None]:
    return re.compile(translate(pattern)).match


def matches(patterns: Iterable[str] | None, value: str) -> bool:
    """Whether a text matches one of some patterns of `*` and `?`; None matches everything."""
    return patterns is None or any(
        _compiled(one)(value) if "*" in one or "?" in one else one == value for one in patterns
    )


def any_matches(patterns: Iterable[str] | None, values: Collection[str]) -> bool:
    """Whether one of some texts matches one of some patterns."""
    return patterns is None or any(matches(patterns, value) for value in values)


def aims_at(where: When | Target, candidate: Candidate) -> bool:
    """Whether a rule is read for an upstream, or a route leads to it."""
    return where.upstream_class in (None, candidate.upstream_class) and matches(
        where.upstreams, candidate.name
    )
