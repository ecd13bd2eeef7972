"""Where conversations wait, and what is cached: our pick against three that are in use, simulated.

    python -m tests.bench.routing_simulation --out routing.svg

Theory of operation. Conversations of many turns arrive at random, a few of them far more often than
the rest (Zipf). A server decodes so many requests at a time, and the others wait in its queue. What
of a prompt is not in its cache costs time before the first token; the cache keeps what was used
last. Our pick sees what it would see of real servers: its own requests in flight, and what each
said of itself up to a second and a half ago.
"""

from __future__ import annotations

import argparse
import json
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from itertools import accumulate, count
from pathlib import Path
from random import Random
from typing import TypeAlias

from gateway.routing.balance import Load, Server, favourites, order
from gateway.routing.reported import Known
from tests.bench.plot import Panel, svg

SERVERS = 6
AT_ONCE = 12  # requests that a server decodes together
CACHE_TOKENS = 120_000  # of a server
PREFILL_PER_S = 6_000.0  # tokens
TOKEN_S = 0.02
ANSWER_TOKENS = 150  # on average
TURN_TOKENS = 400
LONGEST = 12_000  # tokens; then a conversation begins anew
CONVERSATIONS = 1_500
ZIPF = 1.05
LOOK_S = 1.5  # between two looks at what servers say of themselves
TOP_S = 10.0  # of waits in the picture
WARM_UP = 0.2  # of the requests, which are not counted


@dataclass(slots=True)
class Request:
    """One turn of a conversation."""

    conversation: int
    prompt: int
    answer: int
    arrived: float
    hit: int = 0
    waited: float = 0.0


@dataclass(slots=True)
class Machine:
    """One server: what runs, what waits, and how much of which conversation is cached."""

    running: int = 0
    waiting: deque[Request] = field(default_factory=deque)
    cache: OrderedDict[int, int] = field(default_factory=OrderedDict)

    def begin(self, request: Request, now: float) -> float:
        """Start a request; gives the moment when it is done."""
        request.waited = now - request.arrived
        request.hit = min(self.cache.get(request.conversation, 0), request.prompt)
        self.cache[request.conversation] = request.prompt + request.answer
        self.cache.move_to_end(request.conversation)
        while sum(self.cache.values()) > CACHE_TOKENS:
            self.cache.popitem(last=False)
        self.running += 1
        return now + (request.prompt - request.hit) / PREFILL_PER_S + request.answer * TOKEN_S

    @property
    def load(self) -> Load:
        """What it would say of itself."""
        used = min(1.0, self.running / AT_ONCE)
        return Load(waiting=float(len(self.waiting)), running=float(self.running), cache=used * 0.9)


NAMES = tuple(f"vllm-{number}" for number in range(SERVERS))
POOL = tuple(map(Server, NAMES))

Pick: TypeAlias = Callable[[bytes, Mapping[str, Load]], str]
"""Chooses a server, by the conversation's key and the loads."""


def _round_robin() -> Pick:
    numbers = count()
    return lambda _key, _loads: NAMES[next(numbers) % SERVERS]


def _least_loaded() -> Pick:
    return lambda _key, loads: min(NAMES, key=lambda name: loads[name].in_flight)


def _hashing() -> Pick:
    return lambda key, _loads: favourites(POOL, key)[0].name


def _ours() -> Pick:
    return lambda key, loads: order(POOL, loads, key)[0].name


PICKS: Mapping[str, Callable[[], Pick]] = {
    "ours": _ours,
    "round-robin": _round_robin,
    "least-loaded": _least_loaded,
    "pure hashing": _hashing,
}


@dataclass(frozen=True, slots=True)
class Row:
    """How one pick did at one load."""

    pick: str
    per_s: float
    p99_wait_s: float
    mean_wait_s: float
    hit_share: float


def trace(seed: int, requests: int, per_s: float) -> list[Request]:
    """The turns of many conversations as they arrive."""
    random = Random(seed)
    weights = list(accumulate(1.0 / (rank + 1) ** ZIPF for rank in range(CONVERSATIONS)))
    names = range(CONVERSATIONS)
    lengths = [0] * CONVERSATIONS
    now, made = 0.0, []
    for _ in range(requests):
        now += random.expovariate(per_s)
        (name,) = random.choices(names, cum_weights=weights)
        answer = 1 + int(random.expovariate(1 / ANSWER_TOKENS))
        if lengths[name] > LONGEST:
            lengths[name] = 0
        lengths[name] += TURN_TOKENS
        made.append(Request(name, lengths[name], answer, now))
        lengths[name] += answer
    return made


def simulate(pick: Pick, requests: Sequence[Request]) -> list[Request]:
    """Serve all requests; they say how long each has waited and what was cached."""
    machines = {name: Machine() for name in NAMES}
    in_flight = dict.fromkeys(NAMES, 0)
    known = {name: Known() for name in NAMES}
    then = dict(in_flight)
    ends: list[tuple[float, int, str]] = []
    numbers = count()
    looked = -LOOK_S

    def begin(name: str, request: Request, now: float) -> None:
        heappush(ends, (machines[name].begin(request, now), next(numbers), name))

    def end(now: float, name: str) -> None:
        machines[name].running -= 1
        in_flight[name] -= 1
        if machines[name].waiting:
            begin(name, machines[name].waiting.popleft(), now)

    for request in requests:
        while ends and ends[0][0] <= request.arrived:
            at, _, name = heappop(ends)
            end(at, name)
        if request.arrived - looked >= LOOK_S:
            looked = request.arrived
            known = {name: one.told(machines[name].load) for name, one in known.items()}
            then = dict(in_flight)
        loads = {
            name: replace(one.load, in_flight=in_flight[name], since=in_flight[name] - then[name])
            for name, one in known.items()
        }
        name = pick(b"%d" % request.conversation, loads)
        in_flight[name] += 1
        if machines[name].running < AT_ONCE:
            begin(name, request, request.arrived)
        else:
            machines[name].waiting.append(request)
    while ends:
        at, _, name = heappop(ends)
        end(at, name)
    return list(requests)


def measure(pick: str, per_s: float, requests: int, seed: int) -> Row:
    """One pick at one load."""
    served = simulate(PICKS[pick](), trace(seed, requests, per_s))
    counted = served[int(len(served) * WARM_UP) :]
    waits = sorted(one.waited for one in counted)
    return Row(
        pick,
        per_s,
        waits[int(len(waits) * 0.99)],
        sum(waits) / len(waits),
        sum(one.hit for one in counted) / sum(one.prompt for one in counted),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--loads", type=float, nargs="+", default=[10.0, 12.0, 14.0, 16.0, 18.0])
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    rows = [
        measure(pick, load, given.requests, given.seed) for pick in PICKS for load in given.loads
    ]
    for row in rows:
        print(
            json.dumps(
                {
                    "pick": row.pick,
                    "requests_per_s": row.per_s,
                    "p99_wait_s": round(row.p99_wait_s, 3),
                    "mean_wait_s": round(row.mean_wait_s, 3),
                    "hit_share": round(row.hit_share, 4),
                }
            )
        )
    if given.out is not None:
        given.out.write_text(picture(rows), encoding="utf-8")


def picture(rows: Sequence[Row]) -> str:
    """Both figures over the load, as SVG."""
    own = {pick: [one for one in rows if one.pick == pick] for pick in PICKS}
    waits = {pick: [(one.per_s, one.p99_wait_s) for one in some] for pick, some in own.items()}
    hits = {pick: [(one.per_s, one.hit_share) for one in some] for pick, some in own.items()}
    return svg(
        f"{SERVERS} servers, {CONVERSATIONS} conversations (Zipf {ZIPF}), simulated",
        [
            Panel("Wait in the queue, 99th percentile", f"seconds, up to {TOP_S:g}", waits, TOP_S),
            Panel("Share of prompt tokens found in a cache", "share", hits),
        ],
        "requests per second",
    )


if __name__ == "__main__":
    main()
