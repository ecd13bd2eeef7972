"""What is legal in a policy but looks wrong. Pure.

A rule is *shadowed* where a rule before it matches whatever it matches and ends the reading. This
is decided condition by condition: each condition of the earlier rule must be implied by one of the
later rule. It is not complete (two rules together may cover a third), but never wrong.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import PurePath
from typing import TypeAlias

from gateway.entity_types import CLASSES, SEVERITIES, severity
from gateway.errors import Problem
from gateway.operator_kinds import OPERATOR_KINDS
from gateway.policy.conditions import matches
from gateway.policy.model import Media, Policy, ProviderState, Rule, Shadow, When
from gateway.policy.shape import is_entity_type
from gateway.types import Effect
from gateway.validation import did_you_mean

Treats: TypeAlias = Mapping[str, Collection[str]]
"""Operators, and the types for which each has something better than its fallback: as a mapping
where it has words for what it makes of them."""

_MOST_NAMES = 8
_MISSPELT = 0.85  # how alike two names are that are meant to be one


def warnings(
    policy: Policy, known: frozenset[str] | None = None, treats: Treats | None = None
) -> tuple[Problem, ...]:
    """What is legal but looks wrong, in the order of the rules.

    `known` are the entity types that detection can find; None leaves them and what operators
    treat unchecked.
    """
    found = [*_unsafe(policy), *_unknown_beside(policy, known)]
    for index, rule in enumerate(policy.rules):
        found += _about(policy, index, rule)
        found += _repeated(rule)
        found += _unknown_types(rule, known)
        found += _untreated(rule, treats or {})
    return tuple(found)


def notes(policy: Policy) -> tuple[Problem, ...]:
    """What an author should know, though nothing is wrong with it: which rules that mask are shut
    out by one of another file. That is how a file masks anew what those that it extends mask."""
    shut: dict[tuple[int, str], list[str]] = {}
    masks = [rule for rule in policy.rules if rule.effect is Effect.MASK]
    for index, rule in enumerate(masks):
        for at, earlier in enumerate(masks[:index]):
            if earlier.file != rule.file and covers(earlier.when, rule.when, policy.severities):
                shut.setdefault((at, rule.file), []).append(rule.name)
                break
    return tuple(
        Problem(
            masks[at].file,
            masks[at].line,
            masks[at].name,
            f"of {PurePath(file).name}, these rules no longer apply: {', '.join(names)}",
            "the first mask rule that matches decides alone: say in yours what you want of theirs",
        )
        for (at, file), names in shut.items()
    )


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
        said = policy.places.get("shadow", place)
        yield Problem(*said, "shadow", f"nothing is denied or masked, {where}")


def _about(policy: Policy, index: int, rule: Rule) -> Iterator[Problem]:
    place = (rule.file, rule.line, rule.name)
    closed = next(
        (why for one in policy.rules[:index] if (why := _shut_out(one, rule, policy.severities))),
        "",
    )
    if closed:
        yield Problem(*place, f"unreachable: {closed}")
    towards, to = rule.when.upstream_class, rule.to
    if rule.effect is Effect.ALLOW:
        names = ", ".join(rule.when.upstreams or ())
        where = f"upstreams {names}" if names else f"{towards or 'all'} upstreams"
        yield Problem(*place, f"sends text unmasked, to {where}")
    if to is not None and towards is not None and to.upstream_class not in (None, towards):
        yield Problem(*place, "closes every upstream for which it is read", "is it a denial?")


def _shut_out(earlier: Rule, rule: Rule, severities: Mapping[str, str]) -> str:
    """Why an earlier rule leaves a rule nothing to match, or "" where that cannot be told."""
    when = rule.when
    if earlier.file != rule.file and (
        earlier.effect is Effect.DENY or earlier.effect is rule.effect is Effect.MASK
    ):
        return ""  # what extending is for: to forbid more, or to mask anew
    if earlier.to is None:
        if not covers(earlier.when, when, severities):
            return ""
        always = "matches everything" if earlier.when == When() else "matches all that it does"
        return f"{earlier.name}, before it, {always}"
    kept = earlier.to.upstream_class
    elsewhere = kept is not None and when.upstream_class not in (None, kept)
    if elsewhere and covers(earlier.when, when, severities):
        return f"{earlier.name}, before it, routes all that it matches to {kept}"
    return ""


def _repeated(rule: Rule) -> Iterator[Problem]:
    """Names of a list that say nothing, since another name of it holds all their types."""
    for key, named in (("any_of", rule.when.any_of or {}), ("all_of", rule.when.all_of or {})):
        for name, types in named.items():
            for other, more in named.items():
                narrower = types < more or (types == more and other < name)
                said, by = (name, other) if key == "any_of" else (other, name)
                if name != other and narrower and types:
                    text = f"{key}: {said} adds nothing to {by}"
                    yield Problem(rule.file, rule.line, rule.name, text)


def _unknown_beside(policy: Policy, known: frozenset[str] | None) -> Iterator[Problem]:
    """Unknown types in what stands beside the rules.

    A class may name types of recognizers that are yet to come: of its types only those that look
    misspelt are told.
    """
    if known is None:
        return
    file = policy.rules[0].file if policy.rules else ""
    shipped = known.union(*CLASSES.values())
    for key, types in (
        ("severity", frozenset(policy.severities)),
        ("answers.operators", frozenset(policy.answers.operators)),
    ):
        for one in sorted(types - shipped):
            yield Problem(file, 0, key, f"unknown entity type {one}", meant_type(one, known))
    for name, types in policy.classes.items():
        for one in sorted(types - shipped):
            if close := get_close_matches(one, sorted(known), n=1, cutoff=_MISSPELT):
                text = f"unknown entity type {one}"
                yield Problem(file, 0, f"classes.{name}", text, f"did you mean {close[0]}?")


def _unknown_types(rule: Rule, known: frozenset[str] | None) -> Iterator[Problem]:
    if known is None:
        return
    for one in sorted(written_types(rule) - known):
        place = (rule.file, rule.line, rule.name)
        yield Problem(*place, f"unknown entity type {one}", meant_type(one, known))


def meant_type(name: str, known: Collection[str]) -> str:
    """A hint that names the entity type that may be meant: one that goes on (`EMAIL_ADDRESS` for
    `EMAIL`), one that is written alike, or the only one with this part (`US_SSN` for `SSN`)."""
    longer = sorted(one for one in known if one.startswith(f"{name}_"))
    parts = [one for one in known if name in one.split("_")]
    if longer:
        return f"did you mean {min(longer, key=len)}?"
    return did_you_mean(name, known) or (f"did you mean {parts[0]}?" if len(parts) == 1 else "")


def named_types(policy: Policy) -> frozenset[str]:
    """Every entity type that a policy names, by itself or as a member of a class."""
    found = [*policy.classes.values(), policy.severities, policy.answers.operators]
    for rule in policy.rules:
        found += [*(rule.when.any_of or {}).values(), *(rule.when.all_of or {}).values()]
        found += [members or () for members, _ in (rule.when.at_least or {}).values()]
        found += [rule.operators, rule.answers.operators if rule.answers else ()]
    return frozenset(one for some in found for one in some)


def written_types(rule: Rule) -> frozenset[str]:
    """The entity types that a rule names itself, not those of the classes that it names.

    Of the operators' types those are left out that belong to a class which every policy knows,
    since the class may have been written.
    """
    when = rule.when
    named = {*(when.any_of or ()), *(when.all_of or ()), *(when.at_least or ())}
    treated = {*rule.operators, *(rule.answers.operators if rule.answers else ())}
    return frozenset(filter(is_entity_type, named)) | treated.difference(*CLASSES.values())


def _untreated(rule: Rule, treats: Treats) -> Iterator[Problem]:
    """Types for which an operator falls back, and words that it does not take for a type."""
    untreated: dict[str, list[str]] = {}
    hints: dict[str, str] = {}
    for entity_type, use in sorted(rule.operators.items()):
        able = treats.get(use.name)
        if able is None:
            continue
        if entity_type not in able:
            untreated.setdefault(f"{use.name} has nothing for", []).append(entity_type)
        elif isinstance(able, Mapping):
            for _, words in use.options:
                if not set(words) <= set(able[entity_type]):
                    text = f"{use.name} to {' '.join(words)} has nothing for"
                    untreated.setdefault(text, []).append(entity_type)
                    takes = ", ".join(able[entity_type]) or "no such word"
                    hints.setdefault(text, f"{entity_type} takes {takes}")
    for text, types in untreated.items():
        kind = OPERATOR_KINDS.get(text.split()[0])
        instead = "replace" if kind and kind.returns else "redact"
        more = len(types) - _MOST_NAMES
        names = ", ".join(types[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
        said = f"{text} {names}: {instead} is used instead"
        yield Problem(rule.file, rule.line, rule.name, said, hints.get(text, ""))


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
        and (wide.bands is None or (narrow.bands is not None and narrow.bands <= wide.bands))
        and _found_covers(wide, narrow, severities)
    )  # fmt: skip


def _globs_cover(wide: Sequence[str] | None, narrow: Sequence[str] | None) -> bool:
    """Whether each pattern of `narrow` is one of `wide`, or one of `wide` matches it as a text.

    Then it matches all that the narrow pattern does: what stands where a `*` of the wide one does
    may be anything, and so may what a `?` of the narrow one becomes. But a `*` of the narrow one
    is no single character, as a `?` of the wide one asks.
    """
    if wide is None or narrow is None:
        return wide is None
    return all(any(other == one or _matches_text(other, one) for other in wide) for one in narrow)


def _matches_text(wide: str, narrow: str) -> bool:
    return not ("?" in wide and "*" in narrow) and matches([wide], narrow)


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
    found: list[tuple[frozenset[str] | None, int]] = [*(when.at_least or {}).values()]
    found += [(need, 1) for need in _needed(when)]
    if when.severity is not None or when.bands is not None:
        found.append((None, 1))
    return found


def _rank(entity_type: str, severities: Mapping[str, str]) -> int:
    return SEVERITIES.index(severities.get(entity_type) or severity(entity_type))
