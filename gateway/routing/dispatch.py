"""Sends a request to one of the upstreams that policy left for it, and to no other.

Which is asked first is worked out by `balance`; who is known to be down (`circuit`) or has been
asked for all that it may be asked for (`budget`) is passed over. Where nothing of an answer has
come yet, and the failure may be that server's alone, the next one is asked. There is no way from
here to an upstream that is not among the choices, and nothing here makes choices.
"""

from __future__ import annotations

import math
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

from gateway import metrics
from gateway.errors import GatewayError, Overloaded, Unavailable, UpstreamFailed
from gateway.ports import Reply, Upstream
from gateway.routing.asking import Ask, Choice, Member, Pool, Route
from gateway.routing.balance import IDLE, Load, Server, order
from gateway.routing.budget import Budget
from gateway.routing.circuit import Circuit
from gateway.routing.health import Observed, Places, ServerHealth, Standing
from gateway.settings import Upstream as UpstreamSettings

MAX_ATTEMPTS: Final = 3
LONGEST_REST_S: Final = 60.0
_BYTES_PER_TOKEN: Final = 4

DOWN: Final = frozenset(
    {"upstream_unreachable", "upstream_truncated", "upstream_timeout", "upstream_overloaded"}
)
"""Failures that say that the server is in trouble, whatever it was asked."""

RETRIED: Final = frozenset(
    {
        "upstream_unreachable", "upstream_truncated", "upstream_overloaded",
        "upstream_rate_limited", "upstream_error", "upstream_model_not_found",
    }
)  # fmt: skip
"""Failures before the first byte after which another server is asked. Who has waited for one that
did not answer in time waits for no other."""


@dataclass(frozen=True, slots=True)
class _Lone:
    """An upstream of one server, as a pool's only member."""

    upstream: Upstream

    name: str = ""
    is_up: bool = True
    load: Load = IDLE

    async def send(self, ask: Ask, _route: Route) -> Reply:
        return await self.upstream.send(ask.request, ask.request_id, ask.headers)


@dataclass(frozen=True, slots=True)
class _Target:
    """One server that may be asked. `name` is one of the process."""

    choice: Choice
    member: Member
    name: str


class Dispatcher:
    """What is known of the servers from asking them, and the asking. One per process.

    `clock` gives monotonic seconds.
    """

    __slots__ = ("_budgets", "_circuits", "_clock", "_in_flight", "_places", "_rests", "_said")

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._circuits: dict[str, Circuit] = {}
        self._budgets: dict[str, Budget] = {}
        self._in_flight: dict[str, int] = {}
        self._said: dict[str, tuple[Load, int]] = {}  # last, and what was in flight when it was
        self._places: dict[str, Places] = {}  # of the servers, by upstream
        self._rests: dict[str, float] = {}  # until when a server wants to be left alone

    @asynccontextmanager
    async def asking(
        self, ask: Ask, choices: Sequence[Choice], route: Route, used: Callable[[], int]
    ) -> AsyncGenerator[Reply, None]:
        """Ask one of the choices; gives its answer, from its first byte, and closes it at the end.

        `used` gives the tokens that it has cost, or 0, when all has been read. `route` takes who
        served it and how many were asked.

        Raises:
            UpstreamFailed: nobody answered; or, raised by the block, the answer was no good.
            Unavailable: all servers are known to be down.
            Overloaded: those that are not have been asked for all that they may be asked for.
        """
        guess = _guess(ask, choices)
        target, reply = await self._first_to_answer(ask, choices, route, guess)
        outcome: Callable[[Circuit], Circuit] = Circuit.succeeded
        try:
            yield reply
        except UpstreamFailed as error:
            if error.code in DOWN:
                outcome = self._failed
            raise
        finally:
            try:
                await reply.aclose()
            finally:
                self._end(target, guess, used() or guess, outcome)

    def health(self, upstreams: Iterable[Upstream]) -> list[ServerHealth]:
        """How every server of the upstreams is, as far as it is known here."""
        found, now = [], self._clock()
        for one in upstreams:
            is_observed = isinstance(one, Observed)
            standings = one.standings() if isinstance(one, Observed) else [Standing()]
            places = self._places.setdefault(one.name, Places()).of(each.name for each in standings)
            for each in standings:
                name = f"{one.name} {each.name}" if is_observed else one.name
                circuit = self._circuits.get(name, Circuit()).state(now)
                in_flight = self._in_flight.get(name, 0)
                place = places[each.name]
                found.append(ServerHealth(one.name, place, each, circuit, in_flight))
        return found

    def renew(self, changed: Sequence[UpstreamSettings]) -> None:
        """Forget what was learnt of upstreams that are others from now on, but for what of theirs
        is in flight."""
        for one in changed:
            self._budgets[one.name] = Budget.full(
                one.max_concurrent, one.tokens_per_minute, self._clock()
            )
            for learnt in (self._circuits, self._rests, self._said):
                for name in [key for key in learnt if key.partition(" ")[0] == one.name]:
                    learnt.pop(name)

    async def _first_to_answer(
        self, ask: Ask, choices: Sequence[Choice], route: Route, guess: int
    ) -> tuple[_Target, Reply]:
        failure: UpstreamFailed | None = None
        tried: set[str] = set()
        while route.attempts < MAX_ATTEMPTS:
            target = self._next(ask, choices, tried)
            if target is None:
                break
            tried.add(target.name)
            route.attempts += 1
            try:
                reply = await self._try(target, ask, route, guess)
            except UpstreamFailed as error:
                metrics.upstream_attempt(target.choice.settings.name, error.code)
                if error.code not in RETRIED:
                    raise
                failure = error
                continue
            metrics.upstream_attempt(target.choice.settings.name, "answered")
            route.served = target.choice.settings
            return target, reply
        raise self._nobody(ask, choices, failure) from None

    def _next(self, ask: Ask, choices: Sequence[Choice], tried: set[str]) -> _Target | None:
        now = self._clock()
        for target in self._in_order(ask, choices):
            if target.name not in tried and self._is_open(target, now):
                return target
        return None

    def _in_order(self, ask: Ask, choices: Sequence[Choice]) -> Iterator[_Target]:
        """All servers of the choices, in the order in which they would be asked."""
        targets = {one.settings.name: _targets(one, ask.request.model) for one in choices}
        if len(targets) == 1 and len(only := next(iter(targets.values()))) == 1:
            yield only[0]
            return
        said = {one.name: self._load(one) for each in targets.values() for one in each}
        ranks = _ranks(choices)
        servers = [
            Server(name, one.settings.weight, ranks[name])
            for one in choices
            if (name := one.settings.name) in targets
        ]
        loads = {
            name: _together([said[one.name] for one in each]) for name, each in targets.items()
        }
        for server in order(servers, loads, ask.conversation):
            members = {one.name: one for one in targets[server.name]}
            for found in order([Server(name) for name in members], said, ask.conversation):
                yield members[found.name]

    def _load(self, target: _Target) -> Load:
        said, in_flight = target.member.load, self._in_flight.get(target.name, 0)
        before = self._said.get(target.name)
        if before is None or before[0] is not said:
            before = self._said[target.name] = (said, in_flight)
        since = in_flight - before[1]
        return Load(in_flight, said.waiting, said.running, said.cache, since, said.room)

    def _is_open(self, target: _Target, now: float) -> bool:
        return self._is_up(target, now) and not self._wait_s(target, now)

    def _is_up(self, target: _Target, now: float) -> bool:
        circuit = self._circuits.get(target.name)
        return target.member.is_up and (circuit is None or circuit.allows(now))

    def _wait_s(self, target: _Target, now: float) -> float:
        """Seconds for which a server is not to be asked, although it may be up; 0 for none."""
        rest = self._rests.get(target.name, 0.0) - now
        budget = self._budget(target)
        spent = 0.0 if budget.allows(now) else max(1.0, budget.wait_s(now))
        return max(rest, spent, 0.0)

    def _budget(self, target: _Target) -> Budget:
        settings = target.choice.settings
        known = self._budgets.get(settings.name)
        if known is None:
            known = Budget.full(settings.max_concurrent, settings.tokens_per_minute, self._clock())
        return known

    async def _try(self, target: _Target, ask: Ask, route: Route, guess: int) -> Reply:
        """Ask one server, and wait for the first byte. Raises `UpstreamFailed`."""
        self._begin(target, guess)
        outcome: Callable[[Circuit], Circuit] = Circuit.abandoned
        reply: Reply | None = None
        try:
            reply = await target.member.send(ask, route)
        except UpstreamFailed as error:
            outcome = self._failed if error.code in DOWN else Circuit.succeeded
            if error.retry_after:
                rest = min(float(error.retry_after), LONGEST_REST_S)
                self._rests[target.name] = self._clock() + rest
            raise
        finally:
            if reply is None:
                self._end(target, guess, 0, outcome)
        # It answers, so half-open is over; failures in a row end with a whole answer alone.
        circuit = self._circuits.get(target.name)
        if circuit is not None and circuit.is_open:
            self._circuits[target.name] = circuit.succeeded()
        return reply

    def _begin(self, target: _Target, guess: int) -> None:
        name, now = target.name, self._clock()
        self._circuits[name] = self._circuits.get(name, Circuit()).sent()
        self._in_flight[name] = self._in_flight.get(name, 0) + 1
        self._budgets[target.choice.settings.name] = self._budget(target).begun(guess, now)

    def _end(
        self, target: _Target, guess: int, used: int, outcome: Callable[[Circuit], Circuit]
    ) -> None:
        name, now = target.name, self._clock()
        circuit = outcome(self._circuits.get(name, Circuit()))
        if circuit == Circuit():
            self._circuits.pop(name, None)
        else:
            self._circuits[name] = circuit
        self._in_flight[name] -= 1
        if not self._in_flight[name]:
            del self._in_flight[name]
        self._budgets[target.choice.settings.name] = self._budget(target).ended(guess, used, now)

    def _failed(self, circuit: Circuit) -> Circuit:
        return circuit.failed(self._clock())

    def _nobody(
        self, ask: Ask, choices: Sequence[Choice], failure: UpstreamFailed | None
    ) -> GatewayError:
        """The error where nobody has answered: that of the last, or of all where there are more."""
        targets = list(self._in_order(ask, choices))
        if failure is not None and (len(targets) == 1 or failure.code not in DOWN):
            return failure
        now = self._clock()
        busy = [
            wait for one in targets if self._is_up(one, now) and (wait := self._wait_s(one, now))
        ]
        if busy and failure is None:
            return Overloaded(
                "The upstreams for this request are asked for all that they may be asked for.",
                code="upstream_busy",
                retry_after=math.ceil(min(busy)),
            )
        return Unavailable("The upstreams for this request are down.", code="upstreams_down")


def _targets(choice: Choice, model: str) -> list[_Target]:
    name, upstream = choice.settings.name, choice.upstream
    if isinstance(upstream, Pool):
        return [_Target(choice, one, f"{name} {one.name}") for one in upstream.members(model)]
    return [_Target(choice, _Lone(upstream), name)]


def _ranks(choices: Sequence[Choice]) -> dict[str, int]:
    """Which upstreams are asked before which: by priority, and by order where it is not said."""
    first: dict[int, int] = {}
    keys: dict[str, tuple[int, int]] = {}
    for at, one in enumerate(choices):
        priority = one.settings.priority
        place = at if priority is None else first.setdefault(priority, at)
        keys[one.settings.name] = (priority or 0, place)
    ranked = sorted(set(keys.values()))
    return {name: ranked.index(key) for name, key in keys.items()}


def _together(loads: Sequence[Load]) -> Load:
    """The load of a pool: as full as the emptiest of its servers."""
    if not loads:
        return IDLE
    best = min(loads, key=lambda one: (one.is_full, one.rank))
    return replace(best, in_flight=sum(one.in_flight for one in loads))


def _guess(ask: Ask, choices: Sequence[Choice]) -> int:
    """About how many tokens the request costs, where that is of interest."""
    if not any(one.settings.tokens_per_minute for one in choices):
        return 0
    return len(ask.request.body) // _BYTES_PER_TOKEN
