"""Which of two decisions on the same request sends more: the order of `diff` and `simulate`. Pure.

A request that goes farther sends more: nowhere, then on the premises, then to somebody else. Among
those that go as far, one sends more where an operator reveals more of a type that was found.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from gateway.operator_kinds import CUSTOM_EXPOSURE, FPE, GENERALISE, KEEP, SURROGATE, exposure
from gateway.types import OperatorUse, UpstreamClass

_UNMASKED: Final = OperatorUse(KEEP)
_LADDERS: Final = (
    ("20_years", "10_years", "5_years"),
    ("decade", "year", "quarter", "month"),
    ("100_km", "10_km", "1_km"),
    ("2_digits", "3_digits"),
)
"""What `generalise` can make of values of one kind, the coarsest first."""

DEFAULT_TO: Final = {
    "AGE": "10_years",
    "DATE_TIME": "year",
    "DATE_OF_BIRTH": "year",
    "COORDINATES": "10_km",
    "ZIP_CODE": "3_digits",
}
"""What `generalise` makes of a type where the policy does not say."""


def words_of(entity_type: str) -> tuple[str, ...]:
    """What `generalise` can make of a type, the coarsest first; none where that is not known."""
    default = DEFAULT_TO.get(entity_type)
    return next((one for one in _LADDERS if default in one), ())


class Sending(Protocol):
    """What is said of a request: a `Decision`, or what a record says of one."""

    @property
    def upstream_class(self) -> UpstreamClass | None:
        """Where the request goes; None where it goes nowhere."""

    @property
    def shadow(self) -> bool:
        """Whether the policy only watches: what goes, goes as it came."""

    def operator_for(self, entity_type: str) -> OperatorUse:
        """The operator that masks findings of this entity type."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How a new decision differs from an old one on the same request.

    `farther` and `nearer` say that its class changed. `more` are the types found of which the new
    decision reveals something that the old one did not, `less` those of which it only reveals
    less; where the class changed, all that were found and go out are in one of them.
    """

    farther: bool = False
    nearer: bool = False
    more: tuple[str, ...] = ()
    less: tuple[str, ...] = ()

    @property
    def sends_more(self) -> bool:
        """Whether anything goes out that did not: farther, or less well masked."""
        return self.farther or bool(self.more)

    @property
    def sends_less(self) -> bool:
        """Whether anything no longer goes out that did."""
        return self.nearer or bool(self.less)


def reach(upstream_class: UpstreamClass | None) -> int:
    """How far a request goes: 0 nowhere, 1 to the premises, 2 to somebody else."""
    if upstream_class is None:
        return 0
    return 1 if upstream_class is UpstreamClass.ON_PREM else 2


def reveals_more(entity_type: str, old: OperatorUse, new: OperatorUse) -> bool:
    """Whether an operator tells a provider something of this type that another did not.

    By exposure, and for one operator by its options. An operator of the user's own may reveal
    anything, so another such operator counts as more; so does `generalise` to another kind of
    band. Options that are not known (those of a recorded operator) must be left out of both.
    """
    if old == new:
        return False
    before, after = exposure(old.name), exposure(new.name)
    if before != after:
        return after > before
    if old.name != new.name:
        return after == CUSTOM_EXPOSURE
    if new.name == FPE:
        return "tenant" in new.option("scope") and "tenant" not in old.option("scope")
    if new.name == SURROGATE:
        return not set(new.option("keep")) <= set(old.option("keep"))
    return _finer(_to(entity_type, old), _to(entity_type, new)) if new.name == GENERALISE else True


def _to(entity_type: str, use: OperatorUse) -> str:
    return next(iter(use.option("to")), DEFAULT_TO.get(entity_type, ""))


def _finer(old: str, new: str) -> bool:
    if old == new:
        return False
    ladder = next((one for one in _LADDERS if old in one and new in one), None)
    return ladder is None or ladder.index(new) > ladder.index(old)


def difference(old: Sending, new: Sending, types: Iterable[str]) -> Difference:
    """How two decisions on a request differ in what they send of the types found in it."""
    found = tuple(sorted(types))
    before, after = reach(old.upstream_class), reach(new.upstream_class)
    if after > before:
        return Difference(farther=True, more=found)
    if after < before:
        return Difference(nearer=True, less=found)
    if after == 0:
        return Difference()
    more, less = [], []
    for one in found:
        was, will_be = _operator(old, one), _operator(new, one)
        if reveals_more(one, was, will_be):
            more.append(one)
        elif reveals_more(one, will_be, was):
            less.append(one)
    return Difference(more=tuple(more), less=tuple(less))


def sends_more(old: Sending, new: Sending, types: Iterable[str]) -> bool:
    """Whether the new decision on a request sends anything that the old one did not."""
    return difference(old, new, types).sends_more


def _operator(sending: Sending, entity_type: str) -> OperatorUse:
    return _UNMASKED if sending.shadow else sending.operator_for(entity_type)
