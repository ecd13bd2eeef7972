"""What is legal in a policy but looks wrong. Pure.

A rule is *shadowed* where a rule before it matches whatever it matches and ends the reading. This
is decided condition by condition: each condition of the earlier rule must be implied by one of the
later rule. It is not complete (two rules together may cover a third), but never wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gateway.entity_types import SEVERITIES, severity
from gateway.errors import Problem
from gateway.operator_kinds import OPERATOR_KINDS
from gateway.policy.conditions import matches
from gateway.policy.model import Media, Policy, ProviderState, Rule, Shadow, When
from gateway.types import Effect
from gateway.validation import did_you_mean


def warnings(
    policy: Policy,
    known: frozenset[str] | None = None,
    treats: Mapping[str, frozenset[str]] | None = None,
) -> tuple[Problem, ...]:
    """What is legal but looks wrong, in the order of the rules.

    `known` are the entity types that detection can find; `treats` are the types for which an
    operator has something better than its fallback. None leaves either unchecked.
    """
    found = [*_unsafe(policy)]
    for index, rule in enumerate(policy.rules):
        found += _about(policy, index, rule)
        found += _unknown_types(rule, known)
        found += _untreated(rule, treats or {})
    return tuple(found)


def _unsafe(policy: Policy) -> Iterator[Problem]:
    """What lets more out than the rules say."""
    place = (policy.rules[0].file, 0) if policy.rules else ("", 0)
    if policy.handling.media is Media.PASS:
        yield Problem(*place, "handling.media", "images, audio and files go out unchecked")
    if policy.handling.provider_state is ProviderState.PASS:
        yield Problem(*place, "handling.provider_state", "external providers may store exchanges")
    for tool in sorted(policy.handling.hosted_tools):
        text = f"external providers may run {tool}, which sends text on to others"
        yield Problem(*place, "handling.hosted_tools", text)
    if policy.shadow is not Shadow.OFF:
        where = "to every upstream" if policy.shadow is Shadow.EVERYWHERE else "on the premises"
        yield Problem(*place, "shadow", f"nothing is denied or masked, {where}")


def _about(policy: Policy, index: int, rule: Rule) -> Iterator[Problem]:
    place = (rule.file, rule.line, rule.name)
    towards, to = rule.when.upstream_class, rule.to
    for earlier in policy.rules[:index]:
        if earlier.to is None and covers(earlier.when, rule.when, policy.severities):
            always = (
                "matches everything" if earlier.when.holds_always else "matches all that it does"
            )
            yield Problem(*place, f"unreachable: {earlier.name}, before it, {always}")
            break
    if rule.effect is Effect.ALLOW:
        towards = rule.when.upstream_class or "all"
        yield Problem(*place, f"sends text unmasked, to {towards} upstreams")
    towards = rule.when.upstream_class
    if (
        rule.to is not None
        and towards is not None
        and rule.to.upstream_class not in (None, towards)
    ):
        yield Problem(*place, "closes every upstream for which it is read", "is it a denial?")


def _unknown_types(rule: Rule, known: frozenset[str] | None) -> Iterator[Problem]:
    if known is None:
        return
    for one in sorted(written_types(rule) - known):
        place = (rule.file, rule.line, rule.name)
        yield Problem(*place, f"unknown entity type {one}", did_you_mean(one, known))


def written_types(rule: Rule) -> frozenset[str]:
    """The entity types that a rule names itself, not those of the classes that it names."""
    when = rule.when
    named = {*(when.any_of or ()), *(when.all_of or ()), *(when.at_least or ())}
    return frozenset(one for one in named if one.isupper()) | frozenset(
        one for one in rule.operators if one.isupper()
    )


def _untreated(rule: Rule, treats: Mapping[str, frozenset[str]]) -> Iterator[Problem]:
    by_operator: dict[str, list[str]] = {}
    for entity_type, use in sorted(rule.operators.items()):
        able = treats.get(use.name)
        if able is not None and entity_type not in able:
            by_operator.setdefault(use.name, []).append(entity_type)
    for name, types in by_operator.items():
        kind = OPERATOR_KINDS.get(name)
        instead = "replace" if kind and kind.returns else "redact"
        text = f"{name} has nothing for {', '.join(types)}: {instead} is used instead"
        yield Problem(rule.file, rule.line, rule.name, text)


def covers(wide: When, narrow: When, severities: Mapping[str, str]) -> bool:
    """Whether every request and upstream that `narrow` holds for, `wide` holds for, too.

    False where it cannot be told.
    """
    return (
        wide.upstream_class in (None, narrow.upstream_class)
        and _globs_cover(wide.upstreams, narrow.upstreams)
        and all(
            _globs_cover(getattr(wide, key), getattr(narrow, key))
            for key in ("models", "tenants", "roles", "tags")
        )
        and (wide.families is None or ((narrow.families or frozenset()) <= wide.families
             and narrow.families is not None))
        and (wide.languages is None or (narrow.languages is not None
             and narrow.languages <= wide.languages))
        and (wide.bands is None or wide.bands == narrow.bands)
        and _found_covers(wide, narrow, severities)
    )  # fmt: skip


def _globs_cover(wide: Sequence[str] | None, narrow: Sequence[str] | None) -> bool:
    """Whether each pattern of `narrow` is one of `wide`, or a plain name that one matches."""
    if wide is None or narrow is None:
        return wide is None
    return all(
        one in wide or ("*" not in one and "?" not in one and matches(wide, one)) for one in narrow
    )


def _found_covers(wide: When, narrow: When, severities: Mapping[str, str]) -> bool:
    """The same for the conditions on what was found."""
    needs = _needed(narrow)
    if wide.any_of is not None:
        types = frozenset[str]().union(*wide.any_of.values())
        if not any(need <= types for need in needs):
            return False
    for types in (wide.all_of or {}).values():
        if not any(need <= types for need in needs):
            return False
    for members, least in (wide.at_least or {}).values():
        if not any(
            other_least >= least and (members is None or (other is not None and other <= members))
            for other, other_least in _counted(narrow)
        ):
            return False
    if wide.severity is not None:
        bound = SEVERITIES.index(wide.severity)
        said = narrow.severity is not None and SEVERITIES.index(narrow.severity) >= bound
        return said or any(
            need and all(_rank(one, severities) >= bound for one in need) for need in needs
        )
    return True


def _needed(when: When) -> list[frozenset[str]]:
    """Sets of types of each of which at least one must have been found."""
    needed = [*(when.all_of or {}).values()]
    if when.any_of is not None:
        needed.append(frozenset[str]().union(*when.any_of.values()))
    needed += [members for members, _ in (when.at_least or {}).values() if members is not None]
    return needed


def _counted(when: When) -> list[tuple[frozenset[str] | None, int]]:
    """Types (None: all) with how many findings of them there must be."""
    return [*(when.at_least or {}).values(), *((need, 1) for need in _needed(when))]


def _rank(entity_type: str, severities: Mapping[str, str]) -> int:
    return SEVERITIES.index(severities.get(entity_type) or severity(entity_type))
