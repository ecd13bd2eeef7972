"""Whether one policy sends more than another: both decide what they can tell apart. Pure.

Every combination of traits (`universe`) is asked about, the smallest first, as far as the budget
goes; before that, what meets a rule of one policy and a rule of the other at once, changed rules
first. For each request there is one upstream, of each class and name; and two, where one policy
alone closes the first. What differs is reported once, with the fewest traits that make it differ.

This finds differences by trying. Where the budget was not enough for all combinations, a
difference that needs more traits than `depth` may have been missed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain, islice, product
from typing import Final, NamedTuple, TypeAlias

from gateway.policy.answers import described
from gateway.policy.decide import decide
from gateway.policy.model import Policy, Rule
from gateway.policy.opened import Opened, answers_opened, settings_opened
from gateway.policy.order import reach, reveals_more
from gateway.policy.universe import Trait, Traits, Universe, universe
from gateway.types import Candidate, Decision, OperatorUse, RequestFacts, UpstreamClass

BUDGET: Final = 60_000
"""Decisions of each policy: a few seconds."""

DENIED: Final = "denied"
NOT_SENT: Final = "not sent"
"""Closed to it is the upstream that was asked about, while another would get the request."""

MAX_READ: Final = 1_500_000  # rules: long policies are asked about less
MAX_PAIRS: Final = 1_500  # of rules that are met at once
MAX_UPSTREAMS: Final = 12  # names that are tried in pairs


class Direction(StrEnum):
    """Whether the new policy sends more than the old one, or less."""

    MORE = "more"
    LESS = "less"


class Kind(StrEnum):
    """What differs."""

    REQUEST = "request"  # where a request goes, or how a type in it is masked
    ANSWERS = "answers"  # what becomes of answers
    STATE = "provider_state"  # whether the provider may store the exchange
    SETTING = "setting"  # a key of the policy that holds whatever the rules say


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference: for findings of `types`, in each of some circumstances, from what to what.

    No types: it holds for text in which nothing is found, too. No circumstances: for every
    request. `rules` are those of the old policy and of the new one. `key` names the setting, or the
    part of the answers' rules.
    """

    direction: Direction
    kind: Kind
    before: str
    after: str
    key: str = ""
    types: frozenset[str] = frozenset()
    circumstances: tuple[Traits, ...] = ()
    rules: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What differs, and how far it was looked for.

    `decisions` were made by each policy. Every combination of up to `depth` traits was asked
    about; all that there are, if `complete`.
    """

    changes: tuple[Change, ...]
    decisions: int
    depth: int
    complete: bool

    def of(self, direction: Direction) -> tuple[Change, ...]:
        """The changes in one direction."""
        return tuple(one for one in self.changes if one.direction is direction)


def compare(old: Policy, new: Policy, types: frozenset[str], *, budget: int = BUDGET) -> Comparison:
    """What the new policy sends more, and less, than the old one.

    `types` are the entity types that may be found, beside those that the policies name. `budget`
    bounds the decisions that are made of each policy. One in shadow is compared as if it were
    live, and that it is in shadow is a change of its own.
    """
    budget = min(budget, MAX_READ // (len(old.rules) + len(new.rules) + 1))
    comparing = _Comparing(old.live, new.live, universe((old, new), types), budget)
    comparing.run()
    return Comparison(
        changes=(*_settings(old, new), *comparing.changes()),
        decisions=comparing.decisions,
        depth=comparing.depth,
        complete=comparing.complete and not comparing.universe.capped,
    )


class _Seen(NamedTuple):
    """What is seen to differ, but for the circumstances."""

    direction: Direction
    kind: Kind
    key: str
    entity_type: str
    before: str
    after: str

    @property
    def opens(self) -> bool:
        """Whether one of the policies denies what the other does not."""
        return self.kind is Kind.REQUEST and DENIED in (self.before, self.after)


_Rules: TypeAlias = tuple[tuple[str, ...], tuple[str, ...]]
_Asked: TypeAlias = tuple[Candidate, ...]


class _Example(NamedTuple):
    """For which upstreams something was seen to differ, and by which rules."""

    candidates: _Asked
    rules: _Rules


@dataclass(slots=True)
class _Comparing:
    old: Policy
    new: Policy
    universe: Universe
    budget: int
    decisions: int = 0
    depth: int = 0
    complete: bool = False
    # None in place of the example: it follows from what else is known, and is not reported
    found: dict[_Seen, dict[frozenset[Trait], _Example | None]] = field(default_factory=dict)

    def run(self) -> None:
        """Ask about everything, as far as the budget goes."""
        for traits in self._meeting():
            if self.decisions > self.budget // 2:
                break
            self._ask(traits)
        for size, traits in self.universe.combinations():
            if self.decisions > self.budget:
                self.depth = size - 1
                return
            self._ask(traits)
        self.depth = len(self.universe.dimensions)
        self.complete = len(self.universe.upstreams) <= MAX_UPSTREAMS

    def _meeting(self) -> Iterator[Traits]:
        """Requests that meet a rule of each policy at once, and those with one more finding.

        Rules that only one policy has come first: each alone, then with each of the other's.
        """
        removed = [one for one in self.old.rules if one not in self.new.rules]
        added = [one for one in self.new.rules if one not in self.old.rules]
        some: Iterable[tuple[Rule, ...]] = chain(
            ((one,) for one in (*removed, *added)),
            product(removed, self.new.rules),
            product(self.old.rules, added),
            product(self.old.rules, self.new.rules),
        )
        met = (self.universe.meeting(one) for one in islice(some, MAX_PAIRS))
        seen: dict[Traits, None] = {}
        for traits in met:
            if traits is not None and traits not in seen:
                seen[traits] = None
                yield traits
        for traits in seen:
            had = {(one.kind, one.value) for one in traits}
            for ones in self.universe.dimensions:
                if ones[0].kind == "found" and ("found", ones[0].value) not in had:
                    yield (*traits, ones[0])

    def _ask(self, traits: Traits) -> None:
        """Ask about a request and an upstream of each name and class; and about two, where the
        first is open to one of the policies only: what is sent goes to the first that is open."""
        facts = self.universe.facts(traits)
        for name, towards in product(self.universe.upstreams, UpstreamClass):
            alone = (Candidate(name.value, towards),)
            differ = self._differ(facts, alone)
            self._note(differ, (*traits, *self._named(name)), alone)
            if any(one.opens for one in differ):
                for more, two in self._pairs(name, towards):
                    self._note(self._differ(facts, two), (*traits, *more), two)

    def _note(self, differ: Mapping[_Seen, _Rules], traits: Traits, candidates: _Asked) -> None:
        for seen, rules in differ.items():
            self._keep(seen, traits, candidates, rules)

    def _named(self, *names: Trait) -> Traits:
        plain = self.universe.upstreams[0]
        return tuple(dict.fromkeys(one for one in names if one is not plain))

    def _pairs(self, first: Trait, towards: UpstreamClass) -> Iterator[tuple[Traits, _Asked]]:
        """An upstream before each other one to which a request may go as far, or farther."""
        external = UpstreamClass.EXTERNAL
        for second in self.universe.upstreams[:MAX_UPSTREAMS]:
            for other in dict.fromkeys((external, towards)):
                if second is first and other is towards:
                    continue
                label = f"{_anyone(first, towards)} before {_anyone(second, other)}"
                value = f"{first.value} {towards} {second.value} {other}"
                traits = (Trait("fallback", value, label=label), *self._named(first, second))
                yield traits, (Candidate(first.value, towards), Candidate(second.value, other))

    def _differ(self, facts: RequestFacts, candidates: _Asked) -> dict[_Seen, _Rules]:
        self.decisions += 1
        old = decide(self.old, facts, candidates)
        new = decide(self.new, facts, candidates)
        rules = (old.rule_ids, new.rule_ids)
        return dict.fromkeys(_differences(old, new, facts, self.universe), rules)

    def _keep(self, seen: _Seen, traits: Traits, candidates: _Asked, rules: _Rules) -> None:
        """Keep what was seen, with as few traits as show it, unless fewer are known to."""
        known = self.found.setdefault(seen, {})
        if any(some <= set(traits) for some in known):
            return
        left = list(traits)
        for one in traits:
            if one.kind in ("upstream", "fallback"):
                continue
            for instead in ([], *([other] for other in self._lesser(one))):
                tried = [*(other for other in left if other != one), *instead]
                found = self._differ(self.universe.facts(tried), candidates)
                if seen in found:
                    left, rules = tried, found[seen]
                    break
        for some in [some for some in known if some > set(left)]:
            del known[some]
        example = _Example(candidates, rules)
        known[frozenset(left)] = None if self._follows(seen, left, candidates) else example

    def _follows(self, seen: _Seen, traits: Sequence[Trait], candidates: _Asked) -> bool:
        """Whether a type only goes where the rest of the request goes, masked as it always is."""
        own = [one for one in traits if (one.kind, one.value) == ("found", seen.entity_type)]
        rest = [one for one in traits if one not in own]
        if not own or not any(one.kind == "found" for one in rest):
            return False
        moved = any(
            (one.direction, _class(one.before), _class(one.after))
            == (seen.direction, _class(seen.before), _class(seen.after))
            for one in self._differ(self.universe.facts(rest), candidates)
            if one.kind is Kind.REQUEST and _class(one.before) != _class(one.after)
        )
        alone = [*own, *(one for one in rest if one.kind != "found")]
        more = seen.direction is Direction.MORE
        sender, sent = (self.new, seen.after) if more else (self.old, seen.before)
        there = decide(sender, self.universe.facts(traits), candidates).candidates
        usual = decide(sender, self.universe.facts(alone), there)
        return moved and sent == _sent(usual, usual.operator_for(seen.entity_type))

    def _lesser(self, trait: Trait) -> Traits:
        """The traits of the same type that come before this one."""
        some = next((some for some in self.universe.dimensions if trait in some), (trait,))
        return some[: some.index(trait)] if trait.kind == "found" else ()

    def changes(self) -> Iterator[Change]:
        """What was found, joined over types and circumstances where the rules are the same."""
        by_traits: dict[tuple[_Seen, _Rules, frozenset[Trait]], list[str]] = {}
        for seen, some in self.found.items():
            for traits, example in some.items():
                if example is None:
                    continue
                own = Trait("found", seen.entity_type)
                said = self._closed(seen, traits, example.candidates)._replace(entity_type="")
                key = (said, example.rules, _about(seen, traits) - {own})
                by_traits.setdefault(key, []).append(seen.entity_type)
        by_types: dict[tuple[_Seen, _Rules, frozenset[str]], list[Traits]] = {}
        for (seen, rules, traits), names in by_traits.items():
            none = frozenset[str]()
            types = none.union(*(self.universe.alike.get(one, none) for one in names))
            by_types.setdefault((seen, rules, types), []).append(tuple(sorted(traits)))
        for (seen, rules, types), circumstances in by_types.items():
            yield Change(
                direction=seen.direction, kind=seen.kind, before=seen.before, after=seen.after,
                key=seen.key, types=types, rules=rules,
                circumstances=() if () in circumstances else tuple(sorted(circumstances)),
            )  # fmt: skip

    def _closed(self, seen: _Seen, traits: Iterable[Trait], candidates: _Asked) -> _Seen:
        """With the words for a request that another upstream would get."""
        if not seen.opens:
            return seen
        names = dict.fromkeys(
            (*(one.name for one in candidates), *(one.value for one in self.universe.upstreams))
        )
        others = tuple(Candidate(*one) for one in product(names, UpstreamClass))
        facts = self.universe.facts(traits)
        before, after = (
            NOT_SENT if said == DENIED and decide(one, facts, others).candidates else said
            for one, said in ((self.old, seen.before), (self.new, seen.after))
        )
        return seen._replace(before=before, after=after)


def _about(seen: _Seen, traits: frozenset[Trait]) -> frozenset[Trait]:
    """The circumstances; in those of a type its own count stands without its name.

    Where it takes two upstreams to see it, what is said of those names them.
    """
    kinds = {one.kind for one in traits}
    return frozenset(
        Trait("count", "", one.counts)
        if one.kind == "found" and one.value == seen.entity_type and one.counts != (0, 0, 1)
        else one
        for one in traits
        if one.kind != "upstream" or "fallback" not in kinds
    )


def _anyone(name: Trait, towards: UpstreamClass) -> str:
    return f"{name.label or 'any'} ({towards})"


def _differences(
    old: Decision, new: Decision, facts: RequestFacts, everything: Universe
) -> Iterator[_Seen]:
    """Everything in which two decisions on one request differ."""
    was, now = reach(old.upstream_class), reach(new.upstream_class)
    if was != now and not facts.entities:
        direction = Direction.MORE if now > was else Direction.LESS
        yield _Seen(direction, Kind.REQUEST, "", "", _towards(old), _towards(new))
    for one in facts.entities:
        before, after = old.operator_for(one), new.operator_for(one)
        if was == now and (before == after or not was):
            continue
        texts = (_sent(old, before), _sent(new, after))
        if now > was or (now == was and reveals_more(one, before, after)):
            yield _Seen(Direction.MORE, Kind.REQUEST, "", one, *texts)
        elif now < was or reveals_more(one, after, before):
            yield _Seen(Direction.LESS, Kind.REQUEST, "", one, *texts)
    if was and now:
        for opened in answers_opened(old.answers, new.answers, everything.alike):
            yield _seen(Kind.ANSWERS, opened)
        if old.keeps_state != new.keeps_state:
            direction = Direction.MORE if new.keeps_state else Direction.LESS
            said = {True: "may store", False: "never stores"}
            texts = (said[old.keeps_state], said[new.keeps_state])
            yield _Seen(direction, Kind.STATE, "", "", *texts)


def _towards(decision: Decision) -> str:
    return f"{decision.upstream_class}" if decision.candidates else DENIED


def _class(sent: str) -> str:
    return sent.partition(":")[0]


def _sent(decision: Decision, use: OperatorUse) -> str:
    return f"{_towards(decision)}: {described(use)}" if decision.candidates else DENIED


def _seen(kind: Kind, opened: Opened) -> _Seen:
    direction = Direction.MORE if opened.more else Direction.LESS
    return _Seen(direction, kind, opened.key, opened.entity_type, opened.before, opened.after)


def _settings(old: Policy, new: Policy) -> Iterator[Change]:
    for opened in settings_opened(old, new):
        seen = _seen(Kind.SETTING, opened)
        yield Change(
            direction=seen.direction, kind=seen.kind, key=seen.key, before=seen.before,
            after=seen.after,
        )  # fmt: skip
