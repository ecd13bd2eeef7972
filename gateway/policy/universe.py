"""The requests that some policies can tell apart: what is worth asking them about. Pure.

Types that no rule treats differently stand for one another, and so do tenants, models, roles and
upstreams that the same patterns match. What is left is a plain request, for which no pattern
matches and in which nothing was found, and the *traits* in which another may differ from it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, product
from typing import Final, TypeAlias

from gateway.entity_types import SEVERITIES, severity
from gateway.policy.conditions import ANY, matches
from gateway.policy.model import Policy, Rule
from gateway.policy.order import DEFAULT_TO
from gateway.types import BANDS, LANGUAGES, BandCounts, Family, RequestFacts

MAX_STATES: Final = 4000  # of the search for names, per key
MAX_COUNTS: Final = 6  # different `at_least` that are tried for one type
SURE: Final[BandCounts] = (0, 0, 1)

_KINDS: Final = {
    "tenants": "tenant", "models": "model", "roles": "role", "tags": "tag",
    "languages": "language", "families": "family",
}  # fmt: skip
"""The traits that a condition on the request asks for, by its key; else it is what was found."""

_PLAIN_LETTERS: Final = "xyzwvu0123456789"
_OTHER_LANGUAGES: Final = ("fi", "sv", "pl", "cs", "da", "hu")


@dataclass(frozen=True, slots=True, order=True)
class Trait:
    """One thing in which a request differs from the plainest one.

    `kind` is `found`, `tenant`, `model`, `role`, `tag`, `language`, `unsupported_language`,
    `family`, `media`, `hosted_tool`, `unknown_fields`; `upstream` and `fallback` are said of the
    candidates. `label` is what people read in place of `value`: the patterns that it matches, or
    the types for which it stands.
    """

    kind: str
    value: str = ""
    counts: BandCounts = SURE
    label: str = field(default="", compare=False)


Traits: TypeAlias = tuple[Trait, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Universe:
    """What is worth asking. Of each tuple in `dimensions` a request has one trait at most.

    `alike` gives for each type that is asked about all those for which it stands. `upstreams`
    are names, the first of which no rule mentions. `capped`: whether something was left out.
    """

    dimensions: tuple[Traits, ...]
    alike: Mapping[str, frozenset[str]]
    upstreams: Traits
    tenant: str
    model: str
    capped: bool = False

    def facts(self, traits: Iterable[Trait]) -> RequestFacts:
        """The request that has these traits."""
        by_kind: dict[str, list[str]] = {}
        entities: dict[str, BandCounts] = {}
        for one in traits:
            if one.kind == "found":
                entities[one.value] = one.counts
            else:
                by_kind.setdefault(one.kind, []).append(one.value)
        unsupported = frozenset(by_kind.get("unsupported_language", ()))
        languages = unsupported.union(by_kind.get("language", ()))
        return RequestFacts(
            tenant=by_kind.get("tenant", [self.tenant])[0],
            family=Family(by_kind.get("family", [Family.CHAT])[0]),
            model=by_kind.get("model", [self.model])[0],
            entities=entities,
            roles=frozenset(by_kind.get("role", ())),
            tags=frozenset(by_kind.get("tag", ())),
            languages=languages,
            unsupported_languages=languages - LANGUAGES,
            has_media="media" in by_kind,
            hosted_tools=frozenset(by_kind.get("hosted_tool", ())),
            has_unknown_fields="unknown_fields" in by_kind,
        )

    def combinations(self) -> Iterator[tuple[int, Traits]]:
        """Every combination of traits, with how many there are in it: the fewest first."""
        for size in range(len(self.dimensions) + 1):
            for some in combinations(self.dimensions, size):
                yield from ((size, traits) for traits in product(*some))

    def meeting(self, rules: Sequence[Rule]) -> Traits | None:
        """A few traits with which the conditions of all these rules hold, if they are found."""
        wanted = [one for rule in rules for one in rule.conditions]
        chosen: dict[int, Trait] = {}
        for index, condition in enumerate(wanted):
            if condition.holds(self.facts(chosen.values())):
                continue
            for place, trait in self._traits(_KINDS.get(condition.key, "found")):
                tried = {**chosen, place: trait}
                facts = self.facts(tried.values())
                if all(one.holds(facts) for one in wanted[: index + 1]):
                    chosen = tried
                    break
            else:
                return None
        return tuple(chosen.values())

    def _traits(self, kind: str) -> Iterator[tuple[int, Trait]]:
        for place, some in enumerate(self.dimensions):
            if some[0].kind == kind:
                yield from ((place, one) for one in some)


def universe(policies: Sequence[Policy], types: frozenset[str]) -> Universe:
    """What these policies can tell apart; `types` are entity types that may be found."""
    rules = [rule for policy in policies for rule in policy.rules]
    whens = [rule.when for rule in rules]
    alike = _alike(policies, types)
    names = {
        "tenant": _Names([when.tenants for when in whens]),
        "model": _Names([when.models for when in whens]),
        "role": _Names([when.roles for when in whens]),
        "tag": _Names([when.tags for when in whens]),
    }
    upstreams = _Names(
        [when.upstreams for when in whens] + [rule.to.upstreams for rule in rules if rule.to]
    )
    dimensions: list[Traits] = [
        _found(one, ", ".join(sorted(some)), rules) for one, some in alike.items()
    ]
    for kind in ("tenant", "model"):
        dimensions.append(names[kind].traits(kind))
    for kind in ("role", "tag"):
        dimensions += [(one,) for one in names[kind].traits(kind)]
    dimensions += [(one,) for one in _other(policies)]
    dimensions.append(tuple(Trait("family", one) for one in Family if one is not Family.CHAT))
    plain = Trait("upstream", upstreams.plain)
    return Universe(
        dimensions=tuple(one for one in dimensions if one),
        alike=alike,
        upstreams=(plain, *upstreams.traits("upstream")),
        tenant=names["tenant"].plain,
        model=names["model"].plain,
        capped=any(one.capped for one in (upstreams, *names.values()))
        or len({count for when in whens for _, count in (when.at_least or {}).values()})
        >= MAX_COUNTS,
    )


def _other(policies: Sequence[Policy]) -> Iterator[Trait]:
    """Languages, media, tools that a provider runs, and fields that nobody named."""
    said = {
        one for policy in policies for rule in policy.rules for one in rule.when.languages or ()
    }
    yield from (Trait("language", one, label=one) for one in sorted(said))
    other = next((one for one in _OTHER_LANGUAGES if one not in said), "xx")
    yield Trait("unsupported_language", other)
    yield Trait("media")
    yield Trait("unknown_fields")
    tools = sorted({one for policy in policies for one in policy.handling.hosted_tools})
    yield from (Trait("hosted_tool", one, label=one) for one in tools)
    yield Trait("hosted_tool", "any_other_tool", label="any other")


def _alike(policies: Sequence[Policy], types: frozenset[str]) -> dict[str, frozenset[str]]:
    """Types by one that stands for all those which no rule treats differently."""
    sets: list[frozenset[str]] = []
    bounds: list[tuple[Mapping[str, str], int]] = []
    uses: list[Mapping[str, object]] = []
    for policy in policies:
        uses.append(policy.answers.operators)
        for rule in policy.rules:
            sets += _sets(rule)
            uses.append(rule.operators)
            if rule.answers is not None:
                uses.append(rule.answers.operators)
            if rule.when.severity is not None:
                bounds.append((policy.severities, SEVERITIES.index(rule.when.severity)))
    every = types.union(*sets, *(frozenset(one) for one in uses))
    groups: dict[tuple[object, ...], list[str]] = {}
    for one in sorted(every):
        signature = (
            DEFAULT_TO.get(one),
            *(one in some for some in sets),
            *(use.get(one) for use in uses),
            *(SEVERITIES.index(own.get(one) or severity(one)) >= least for own, least in bounds),
        )
        groups.setdefault(signature, []).append(one)
    return {members[0]: frozenset(members) for members in groups.values()}


def _sets(rule: Rule) -> list[frozenset[str]]:
    when = rule.when
    found = [*(when.all_of or {}).values()]
    found += [members for members, _ in (when.at_least or {}).values() if members is not None]
    if when.any_of is not None:
        found.append(frozenset[str]().union(*when.any_of.values()))
    return found


def _found(entity_type: str, label: str, rules: Sequence[Rule]) -> Traits:
    """A type found in all numbers and bands that rules tell apart, the surest single one first."""
    least = {1}
    for rule in rules:
        for name, (members, count) in (rule.when.at_least or {}).items():
            if name == ANY or entity_type in (members or frozenset()):
                least.add(count)
    bands: dict[tuple[bool, ...], int] = {}
    for index, one in enumerate(BANDS):
        bands[tuple(one in (rule.when.bands or BANDS) for rule in rules)] = index
    indexes = sorted(bands.values(), reverse=True)
    chosen = [some for size in range(1, len(indexes) + 1) for some in combinations(indexes, size)]
    return tuple(
        Trait("found", entity_type, _counts(some, count), label)
        for count in sorted(least)[:MAX_COUNTS]
        for some in chosen
    )


def _counts(bands: Collection[int], count: int) -> BandCounts:
    low, medium, high = (count if index in bands else 0 for index in range(3))
    return low, medium, high


class _Names:
    """A name for each way in which lists of patterns can match, and one that none matches.

    The names are those that a search through the patterns, read as one automaton, meets first.
    """

    def __init__(self, lists: Sequence[tuple[str, ...] | None]) -> None:
        self._lists = list(dict.fromkeys(one for one in lists if one is not None))
        self._patterns = list(dict.fromkeys(one for some in self._lists for one in some))
        used = set("".join(self._patterns))
        self._other = next((one for one in _PLAIN_LETTERS if one not in used), "\u00f8")
        self.capped = False
        found: dict[frozenset[int], str] = {}
        for word in (*map(self._plainest, self._patterns), *self._search()):
            found.setdefault(self._matched(word), word)
        self.plain = found.pop(frozenset(), "") or next(iter(found.values()), self._other)
        self._found = found

    def traits(self, kind: str) -> Traits:
        """The names that something matches, as traits, with the patterns that say so."""
        labels: dict[frozenset[int], list[str]] = {}
        for one in self._patterns:
            labels.setdefault(self._matched(self._plainest(one)), []).append(one)
        return tuple(
            Trait(kind, word, label=", ".join(labels.get(key, ())) or self._described(word))
            for key, word in self._found.items()
        )

    def _described(self, word: str) -> str:
        return " and ".join(one for one in self._patterns if matches([one], word))

    def _plainest(self, pattern: str) -> str:
        return pattern.replace("*", "").replace("?", self._other) or self._other

    def _matched(self, word: str) -> frozenset[int]:
        return frozenset(index for index, some in enumerate(self._lists) if matches(some, word))

    def _search(self) -> Iterator[str]:
        """The shortest words to every set of places in the patterns, as far as the limit."""
        start = self._closed((number, 0) for number in range(len(self._patterns)))
        # The start is met again under a name: the empty text is none.
        seen, open_ = set[frozenset[tuple[int, int]]](), deque([("", start)])
        while open_:
            word, places = open_.popleft()
            if word:
                yield word
            letters = {self._other}.union(
                self._patterns[number][at]
                for number, at in places
                if at < len(self._patterns[number])
            ) - {"*", "?"}
            for letter in sorted(letters):
                after = self._step(places, letter)
                if after in seen:
                    continue
                if len(seen) >= MAX_STATES:
                    self.capped = True
                    return
                seen.add(after)
                open_.append((word + letter, after))

    def _step(self, places: frozenset[tuple[int, int]], letter: str) -> frozenset[tuple[int, int]]:
        moved: list[tuple[int, int]] = []
        for number, at in places:
            pattern = self._patterns[number]
            if at < len(pattern):
                if pattern[at] == "*":
                    moved.append((number, at))
                elif pattern[at] in ("?", letter):
                    moved.append((number, at + 1))
        return self._closed(moved)

    def _closed(self, places: Iterable[tuple[int, int]]) -> frozenset[tuple[int, int]]:
        """With the places behind each `*`, which may stand for nothing."""
        found = set(places)
        for number, at in tuple(found):
            pattern = self._patterns[number]
            behind = at
            while behind < len(pattern) and pattern[behind] == "*":
                behind += 1
                found.add((number, behind))
        return frozenset(found)
