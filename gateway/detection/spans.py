"""From raw spans to the findings of a text: thresholds, lists, a disjoint cover. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from types import MappingProxyType

import regex

from gateway.settings import ListEntry
from gateway.types import Span

DEFAULT_THRESHOLD = 0.4
THRESHOLDS: Mapping[str, float] = MappingProxyType({"DATE_TIME": 0.5, "PERSON": 0.5})
"""Lowest score that counts, per entity type, where it is not `DEFAULT_THRESHOLD`."""

# Where two types are equally sure and equally long, the one whose leak is worse gives its name.
SEVERITY = (
    "PRIVATE_KEY",
    "CONNECTION_STRING",
    "API_KEY",
    "SECRET",
    "CREDIT_CARD",
    "US_SSN",
    "IBAN",
    "PERSON",
    "EMAIL_ADDRESS",
    "PHONE_NUMBER",
)
_VAGUE = 0.3
_RANK = {name: len(SEVERITY) - index for index, name in enumerate(SEVERITY)}

# Punctuation at the end of these is part of the value.
_VERBATIM = frozenset(
    {"PRIVATE_KEY", "JWT", "CONNECTION_STRING", "API_KEY", "SECRET", "URL", "IP_ADDRESS"}
)
_PUNCTUATION = ".,;:!?\"'“”‘’«»<>"
DENY_RECOGNIZER = "deny_list"


@dataclass(frozen=True, slots=True)
class Lists:
    """The allow and deny lists, compiled once."""

    allow: tuple[CompiledEntry, ...] = ()
    deny: tuple[CompiledEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class CompiledEntry:
    """One list entry: a matcher and what it is bound to."""

    pattern: regex.Pattern[str] = field(repr=False)
    entity_type: str | None
    tenant: str | None


def compile_lists(allow: Sequence[ListEntry], deny: Sequence[ListEntry]) -> Lists:
    """Compile both lists.

    Raises:
        ValueError: an entry sets both or none of `text` and `pattern`, a regex does not compile,
            or a deny entry names no entity type. The message does not quote the entry.
    """
    if any(not entry.entity_type for entry in deny):
        raise ValueError("a deny entry must name its entity type")
    return Lists(
        allow=tuple(_compile(entry) for entry in allow),
        deny=tuple(_compile(entry) for entry in deny),
    )


def _compile(entry: ListEntry) -> CompiledEntry:
    if (not entry.text) == (not entry.pattern):
        raise ValueError("a list entry sets exactly one of text and pattern")
    source = entry.pattern or rf"(?<!\w){regex.escape(entry.text or '')}(?!\w)"
    try:
        pattern = regex.compile(source)
    except regex.error:
        raise ValueError("a list entry's pattern is not a regular expression") from None
    return CompiledEntry(pattern=pattern, entity_type=entry.entity_type, tenant=entry.tenant)


def _regions(
    entry: CompiledEntry, text: str, tenant: str, time_left: Callable[[], float]
) -> Iterator[tuple[int, int]]:
    if entry.tenant is not None and entry.tenant != tenant:
        return
    for match in entry.pattern.finditer(text, timeout=time_left()):
        if match.end() > match.start():
            yield match.span()


def denied(text: str, tenant: str, lists: Lists, time_left: Callable[[], float]) -> list[Span]:
    """What the deny list finds: always with score 1.

    Raises:
        TimeoutError: one entry's pattern ran for longer than `time_left()` seconds.
    """
    return [
        Span(start, end, entry.entity_type or "", 1.0, DENY_RECOGNIZER)
        for entry in lists.deny
        for start, end in _regions(entry, text, tenant, time_left)
    ]


def without_allowed(
    spans: Sequence[Span], text: str, tenant: str, lists: Lists, time_left: Callable[[], float]
) -> list[Span]:
    """The spans that do not lie wholly inside a stretch that the allow list names.

    A span that reaches beyond the allowed stretch stays, whole. An entry bound to a tenant or an
    entity type acts on that tenant or type only.

    Raises:
        TimeoutError: one entry's pattern ran for longer than `time_left()` seconds.
    """
    kept = list(spans)
    for entry in lists.allow:
        if not kept:
            break
        regions = list(_regions(entry, text, tenant, time_left))
        kept = [span for span in kept if not _is_allowed(span, entry, regions)]
    return kept


def _is_allowed(span: Span, entry: CompiledEntry, regions: list[tuple[int, int]]) -> bool:
    if entry.entity_type is not None and entry.entity_type != span.entity_type:
        return False
    return any(start <= span.start and span.end <= end for start, end in regions)


def threshold_of(overrides: Mapping[str, float]) -> Callable[[str], float]:
    """The lowest score that counts per entity type; `overrides` may hold a "default"."""
    merged = {**THRESHOLDS, **overrides}
    default = overrides.get("default", DEFAULT_THRESHOLD)
    return lambda entity_type: merged.get(entity_type, default)


def above(spans: Iterable[Span], threshold: Callable[[str], float]) -> list[Span]:
    """The spans whose score reaches the threshold of their type."""
    return [span for span in spans if span.score >= threshold(span.entity_type)]


def trimmed(span: Span, text: str) -> Span | None:
    """The span without white space and sentence punctuation at its edges; None if none is left.

    Values whose last sign may be punctuation (secrets, and what the deny list names) keep it.
    """
    start, end = span.start, span.end
    if start < end and text[start].isalnum() and text[end - 1].isalnum():
        return span  # as most are
    verbatim = span.entity_type in _VERBATIM or span.recognizer == DENY_RECOGNIZER
    junk = "" if verbatim else _PUNCTUATION
    while end > start and (text[end - 1].isspace() or text[end - 1] in junk):
        end -= 1
    while start < end and (text[start].isspace() or text[start] in junk):
        start += 1
    if start == end:
        return None
    return span if (start, end) == (span.start, span.end) else replace(span, start=start, end=end)


def strength(span: Span) -> tuple[float, int, int, str, str]:
    """The order that decides whose type a merged span takes: the greatest wins.

    A type that only says "some number" yields to any that says which.
    """
    rank = _RANK.get(span.entity_type, 0)
    score = min(span.score, _VAGUE) if span.entity_type == "ID" else span.score
    return (score, span.end - span.start, rank, span.entity_type, span.recognizer)


GUESSES = "person_"
"""How the names of the recognizers begin that tell names by patterns and lists."""


def without_guesses(spans: Sequence[Span]) -> list[Span]:
    """The spans without names told by patterns of which a model says at least half.

    A model knows better where a name ends; where it says nothing, or little, the pattern counts.
    """
    guesses = [one for one in spans if one.recognizer.startswith(GUESSES)]
    if not guesses:
        return list(spans)
    sure = [one for one in spans if not one.recognizer.startswith(GUESSES)]
    people = disjoint(one for one in sure if one.entity_type == "PERSON")
    starts = [one.start for one in people]
    return sure + [one for one in guesses if not _is_known(one, people, starts)]


def _is_known(guess: Span, people: Sequence[Span], starts: Sequence[int]) -> bool:
    covered = 0
    for one in people[max(0, bisect_right(starts, guess.start) - 1) :]:
        if one.start >= guess.end:
            break
        covered += max(0, min(guess.end, one.end) - max(guess.start, one.start))
    return 2 * covered >= guess.end - guess.start


def disjoint(spans: Iterable[Span]) -> tuple[Span, ...]:
    """A disjoint cover, in order: overlapping spans become their union.

    Nothing that was detected is left uncovered. The union takes type, score and recognizer of
    the strongest of its spans, so the result does not depend on the order of the input. What it
    has of other types is in its parts, so that nothing hides under something surer. Spans that
    only touch stay apart.
    """
    ordered = sorted(spans, key=lambda span: (span.start, -span.end))
    out: list[Span] = []
    group: list[Span] = []
    reach = -1
    for span in ordered:
        if group and span.start >= reach:
            out.append(_union(group, reach))
            group = []
            reach = -1
        group.append(span)
        reach = max(reach, span.end)
    if group:
        out.append(_union(group, reach))
    return tuple(out)


def _union(group: list[Span], end: int) -> Span:
    if len(group) == 1:
        return group[0]
    won = max(group, key=strength)
    return Span(group[0].start, end, won.entity_type, won.score, won.recognizer, _parts(group))


def _parts(group: Iterable[Span]) -> tuple[Span, ...]:
    """The spans of a group, each type disjoint in itself; none where there is but one type."""
    by_type: dict[str, list[Span]] = {}
    for span in group:
        for one in span.told:
            by_type.setdefault(one.entity_type, []).append(one)
    if len(by_type) == 1:
        return ()
    parts: list[Span] = []
    for found in by_type.values():
        parts += found if len(found) == 1 else disjoint(found)
    return tuple(sorted(parts, key=lambda one: (one.start, -one.end, one.entity_type)))


def is_disjoint(spans: Sequence[Span]) -> bool:
    """Whether spans are in order and none overlaps the next."""
    return all(left.end <= right.start for left, right in pairwise(spans))
