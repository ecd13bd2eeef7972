"""No fault takes a request to an upstream that was not decided on: a hundred thousand schedules.

Policy decides, a world of upstreams of both classes and of pools fails in every way there is, and
whoever was asked must be among the candidates, and of their one class: at the first try, at each
retry, where the next server of a pool or another upstream takes over, and where a half-open circuit
is tried. Nothing is sent twice to be quicker, and no copy goes anywhere: there are no hedges and no
shadow requests, and nobody but the dispatcher sends what a caller asks.
"""

from __future__ import annotations

import ast
from collections.abc import Coroutine
from pathlib import Path
from random import Random

from gateway.errors import GatewayError
from gateway.policy.decide import decide
from gateway.policy.model import Policy
from gateway.ports import Upstream
from gateway.routing.asking import Ask, Choice, Route
from gateway.routing.balance import Load
from gateway.routing.candidates import candidates
from gateway.routing.dispatch import DOWN, MAX_ATTEMPTS, RETRIED, Dispatcher
from gateway.sending import choices
from gateway.settings import Upstream as Settings
from gateway.types import Decision, Family, RequestFacts, UpstreamClass
from tests.policy.reading import policy
from tests.routing.servers import Pool, Replica, Reply, Server, ask, failing, settings

ROOT = Path(__file__).parents[2]
SCHEDULES = 100_000
PER_WORLD = 50  # requests that meet a world one after the other, so that circuits open and close

POLICIES = [
    policy(
        "version: 1\nid: a\nrules:\n"
        "  - {name: home, when: {any_of: [IBAN_CODE]}, effect: route, to: on_prem}\n"
        "  - {name: rest, effect: mask}\n"
    ),
    policy(
        "version: 1\nid: a\nrules:\n"
        "  - {name: one, when: {upstreams: [e1], any_of: [IBAN_CODE]}, effect: unsafe_allow,"
        " reason: Yes.}\n"
        "  - {name: shut, when: {upstreams: [p2]}, effect: deny, reason: No.}\n"
        "  - {name: rest, effect: mask}\n"
    ),
]
FAILURES = sorted(DOWN | RETRIED | {"upstream_auth", "upstream_rejected", "upstream_invalid"})
FACTS = [
    RequestFacts(tenant="acme", family=Family.CHAT, model="m", entities=found)
    for found in ({}, {"IBAN_CODE": (0, 0, 1)})
]


class Walked(Exception):
    """The caller has gone."""


class World:
    """Two upstreams outside, one at home, and a pool at home; each may fail at any moment."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.now = 0.0
        self.asked: list[str] = []
        self.dispatcher = Dispatcher(lambda: self.now)
        self.replicas = [Replica(f"r{number}", self._replica, []) for number in range(3)]
        self.upstreams: dict[str, Upstream] = {}
        self.settings: list[Settings] = []
        for name in random.sample(["e1", "e2", "p1", "p2"], 4):
            place = UpstreamClass.EXTERNAL if name[0] == "e" else UpstreamClass.ON_PREM
            made = Server(name, self._server, [], place)
            if name == "p2":
                made = Pool(name, self._server, [], place, replicas=self.replicas)
            self.upstreams[name] = made
            self.settings.append(self._settings(name, place))

    def _settings(self, name: str, place: UpstreamClass) -> Settings:
        random = self.random
        return settings(
            name,
            place,
            models=("m",),
            weight=random.choice([0.5, 1.0, 2.0]),
            priority=random.choice([None, 0, 1]),
            max_concurrent=random.choice([0, 1]),
            tokens_per_minute=random.choice([0, 40]),
        )

    def _server(self, name: str) -> Reply:
        self.asked.append(name)
        if self.random.random() < 0.6:
            raise failing(self.random.choice(FAILURES), self.random.choice([None, 2]))
        broken = self.random.random() < 0.3
        return Reply(failing(self.random.choice(FAILURES)) if broken else None)

    def _replica(self, _: str) -> Reply:
        return self._server("p2")

    def turn(self) -> None:
        """Time passes, and servers say something new of themselves."""
        self.now += self.random.choice([0.0, 0.0, 0.5, 5.0])
        for one in self.replicas:
            one.is_up = self.random.random() < 0.8
            one.load = Load(waiting=self.random.choice([None, 0.0, 9.0]))

    def half_open(self) -> set[str]:
        """The upstreams that are tried next to see whether they answer again."""
        found = self.dispatcher.health(self.upstreams.values())
        return {one.upstream for one in found if one.circuit == "half_open"}

    def decided(self, rules: Policy, facts: RequestFacts) -> Decision:
        return decide(rules, facts, candidates(self.settings, "m", Family.CHAT))


async def exchange(world: World, made: Ask, left: list[Choice], route: Route) -> None:
    async with world.dispatcher.asking(made, left, route, lambda: 30) as reply:
        async for _ in reply.chunks():
            if world.random.random() < 0.1:
                raise Walked


def run(work: Coroutine[object, None, None]) -> None:
    """To its end: nothing here waits for anything."""
    try:
        work.send(None)
    except (StopIteration, GatewayError, Walked):
        return
    raise AssertionError("It waits.")


def test_never_another_candidate_and_never_another_class():
    random = Random(20261129)
    made = [ask(b"%d" % number) for number in range(16)]
    tried = retried = elsewhere = probed = 0
    for _ in range(SCHEDULES // PER_WORLD):
        world = World(random)
        decided = [world.decided(rules, facts) for rules in POLICIES for facts in FACTS]
        for _ in range(PER_WORLD):
            world.turn()
            decision = random.choice(decided)
            left = choices(decision, world.settings, world.upstreams)
            route = Route()
            world.asked.clear()
            half_open = world.half_open()
            run(exchange(world, random.choice(made), left, route))

            names = {one.name for one in decision.candidates}
            assert names.issuperset(world.asked)
            assert {world.upstreams[one].upstream_class for one in world.asked} <= {
                decision.upstream_class
            }
            assert route.attempts == len(world.asked) <= MAX_ATTEMPTS
            assert route.served is None or route.served.name == world.asked[-1]
            tried += bool(world.asked)
            retried += len(world.asked) > 1
            probed += bool(half_open & set(world.asked))
            elsewhere += len(names) < len(world.upstreams)
    # that it was put to the test at all
    assert min(tried, retried, elsewhere) > SCHEDULES // 10
    assert probed > SCHEDULES // 1_000


SENDS = {
    "gateway/routing/dispatch.py", "gateway/tracing/watching.py", "gateway/cli/embedded.py",
    "gateway/selftest.py",
}  # fmt: skip
"""Who asks an upstream: the dispatcher, what stands around upstreams to watch them, and
those that have an upstream of their own in this process."""


def test_nobody_but_the_dispatcher_sends_what_a_caller_asks():
    found = set()
    for file in sorted((ROOT / "gateway").rglob("*.py")):
        name = file.relative_to(ROOT).as_posix()
        if name.startswith("gateway/upstreams/"):
            continue  # each sends to its own servers
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            awaited = node.value if isinstance(node, ast.Await) else None
            calls = (
                [one for one in ast.walk(awaited) if isinstance(one, ast.Call)] if awaited else []
            )
            names = {one.func.attr for one in calls if isinstance(one.func, ast.Attribute)}
            if "send" in names:
                found.add(name)
    assert "gateway/routing/dispatch.py" in found
    assert found <= SENDS
