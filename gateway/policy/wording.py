"""Differences between policies in words, for people. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from gateway.entity_types import CLASSES
from gateway.policy.diff import Change, Kind
from gateway.policy.simulate import Kind as Replayed
from gateway.policy.universe import SURE, Trait, Traits
from gateway.types import BANDS, BandCounts

Types: TypeAlias = Callable[[frozenset[str]], str]
"""Says some entity types."""

CHANGES: Final[Mapping[Replayed, str]] = MappingProxyType(
    {
        Replayed.ALLOWED: "newly allowed",
        Replayed.FARTHER: "on-prem to external",
        Replayed.EXPOSED: "masked less",
        Replayed.DENIED: "newly denied",
        Replayed.NEARER: "external to on-prem",
        Replayed.COVERED: "masked more",
        Replayed.OTHERWISE: "otherwise",
        Replayed.SAME: "unchanged",
    }
)
"""What another policy would have done with a request."""

_WORDS: Final = {
    "unsupported_language": "text in an unsupported language",
    "media": "with images, audio or files",
    "unknown_fields": "with fields that are not known",
}


def what(change: Change, types: Types) -> str:
    """What differs."""
    if change.kind is Kind.REQUEST:
        return types(change.types) or "any text"
    key = f"{change.kind}.{change.key}" if change.kind is Kind.ANSWERS else change.key
    of = f" of {types(change.types)}" if change.types else ""
    return f"{key or change.kind}{of}"


def when(change: Change, types: Types) -> str:
    """In which requests."""
    if not change.circumstances:
        return "" if change.kind is Kind.SETTING else "always"
    return "; or ".join(_circumstance(some, types) for some in change.circumstances)


def _circumstance(traits: Traits, types: Types) -> str:
    return ", ".join(_trait(one, types) for one in traits)


def _trait(trait: Trait, types: Types) -> str:
    if trait.kind in ("found", "count"):
        if trait.kind == "count":
            return _counted(trait.counts)
        name = types(frozenset(trait.label.split(", ")))
        return f"beside {name}" + (f" ({_counted(trait.counts)})" if trait.counts != SURE else "")
    if trait.kind == "fallback":
        return f"with two upstreams, {trait.label}"
    if trait.kind in _WORDS:
        return _WORDS[trait.kind]
    return f"{trait.kind.replace('_', ' ')} {trait.label or trait.value}"


def _counted(counts: BandCounts) -> str:
    """How many findings, and how sure, unless all are: the fewest with which it is seen."""
    surely = counts[:2] == (0, 0)
    return ", ".join(
        ("1 finding" if count == 1 else f"{count} or more findings")
        + ("" if surely else f" of {band.value} score")
        for band, count in zip(BANDS, counts, strict=True)
        if count
    )


def rules(change: Change) -> str:
    """By which rules, those of the old policy first."""
    old, new = (", ".join(some) or "none" for some in change.rules)
    if change.kind is Kind.SETTING:
        return ""
    return old if old == new else f"{old} → {new}"


def types_in_words(
    types: frozenset[str],
    known: Collection[str],
    classes: Mapping[str, frozenset[str]] | None = None,
    most: int = 8,
) -> str:
    """Entity types, by their classes where all of a class are among them; `most` names in all."""
    if types and types.issuperset(known):
        return "every type"
    left, names = set(types), []
    by_size = sorted({**CLASSES, **(classes or {})}.items(), key=lambda one: (-len(one[1]), one[0]))
    for name, members in by_size:
        seen = members.intersection(known) or members
        if len(seen) > 1 and seen <= types and not seen.isdisjoint(left):
            names.append(name)
            left -= members
    names = [*sorted(names), *sorted(left)]
    more = len(names) - most
    return ", ".join(names[:most] + ([f"and {more} more"] if more > 0 else []))
