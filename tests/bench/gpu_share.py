"""What a real model server gives through the gateway, as a share of what it gives directly.

Run from the root of the project, with a model server and a gateway before it already there:

    python -m tests.bench.gpu_share --direct http://127.0.0.1:8000/v1 \
        --gateway http://127.0.0.1:8080/v1 --model NAME \
        [--streams 64] [--requests 4] [--turns 6] [--tokens 256] [--processes 4] [--spread 0] \
        [--key-direct K] [--key-gateway K] [--watch gateway=PID --watch server=PID] > share.json

Each stream is a caller that asks `--requests` times, one after the other; all streams begin at
once, or evenly over `--spread` seconds, so that a first token is waited for while other streams
are at full speed. Direct turns and turns through the gateway alternate, from the same client
processes; who is first changes from one turn to the next, and the first turn of each is thrown
away. No two prompts are alike, and each has personal data in it. `--watch` counts the CPU time of a
process and its children.

The server should answer with exactly `--tokens` tokens: it is asked to ignore its own end
(`ignore_eos`, which vLLM knows). Weights need not be real: `vllm serve FOLDER --load-format dummy`
with the config of a large model and any tokenizer has the speed of that model.

The figures: `share` is the gateway's part of the direct figure, 1.0 being no loss: of tokens a
second the quotient, of times its inverse. Beside it the same for the medians of each turn, whose
spread tells how much of it is noise. Client processes near 100 % of a core measure themselves.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import aiohttp

WAYS = ("direct", "gateway")
START_S = 0.2
"""From the word to all clients until they begin."""

FIRST_NAMES = "Anna Boris Clara David Elena Felix Greta Hugo Irene Jonas Katja Leo Nils".split()
LAST_NAMES = "Schmidt Miller Rossi Garcia Novak Janssen Keller Moreau Silva Brandt Olsen".split()
WORDS = (
    "please check whether the order that was sent last week has arrived since the customer asks "
    "again and wants an answer today about the invoice with the wrong amount which we had promised "
    "to correct before the end of this month together with a short note for the file"
).split()


@dataclass(frozen=True, slots=True)
class Plan:
    """What every stream asks for."""

    model: str = "m"
    streams: int = 64
    requests: int = 4
    tokens: int = 256
    words: int = 220
    spread_s: float = 0.0
    keys: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Seen:
    """What clients saw in one turn: seconds, and the clock when it began and ended."""

    first: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    tokens: int = 0
    begun: float = float("inf")
    ended: float = 0.0
    cpu: dict[str, float] = field(default_factory=dict)

    def add(self, other: Seen) -> None:
        self.first += other.first
        self.gaps += other.gaps
        self.tokens += other.tokens
        self.begun = min(self.begun, other.begun)
        self.ended = max(self.ended, other.ended)

    @property
    def rate(self) -> float:
        """Tokens a second, of all streams together."""
        return self.tokens / (self.ended - self.begun)


# --- what is asked --------------------------------------------------------------------------------


def prompt(seed: str, words: int) -> str:
    """A text with a person's name, addresses and numbers, which no other seed gives."""
    dice = random.Random(seed)
    first, last = dice.choice(FIRST_NAMES), dice.choice(LAST_NAMES)
    number = dice.randrange(10**7, 10**8)
    text = [f"Case {number}: {first} {last},", f"{first}.{last}{number}@example.com,".lower()]
    text += [f"+49 30 {number},", f"born 3 May {1950 + number % 50},"]
    while len(text) < words:
        text.append(dice.choice(WORDS))
        if len(text) % 60 == 0:
            text.append(f". {dice.choice(FIRST_NAMES)} {last} wrote on 2 June that")
    return " ".join(text)


def body(plan: Plan, seed: str) -> bytes:
    return json.dumps(
        {
            "model": plan.model,
            "messages": [{"role": "user", "content": prompt(seed, plan.words)}],
            "stream": True,
            "stream_options": {"include_usage": True},
            "max_tokens": plan.tokens,
            "temperature": 1.0,
            "ignore_eos": True,
        }
    ).encode()


async def ask(session: aiohttp.ClientSession, url: str, asked: bytes, seen: Seen) -> None:
    """One stream, read to its end. Raises where it ends early."""
    begun = time.monotonic()
    last = 0.0
    tokens = -1
    async with session.post(f"{url}/chat/completions", data=asked) as response:
        if response.status != 200:
            raise RuntimeError(f"{url} answered {response.status}: {await response.text()}")
        async for line in response.content:
            if not line.startswith(b"data: {"):
                continue
            now = time.monotonic()
            if b'"completion_tokens":' in line:
                tokens = _tokens(line, tokens)
            if last:
                seen.gaps.append(now - last)
            elif not _says(line):
                continue
            else:
                seen.first.append(now - begun)
            last = now
    if tokens < 0:
        raise RuntimeError(f"{url} ended a stream early")
    seen.tokens += tokens
    seen.begun, seen.ended = min(seen.begun, begun), max(seen.ended, time.monotonic())


def _tokens(line: bytes, before: int) -> int:
    usage = json.loads(line[6:]).get("usage")
    return int(usage["completion_tokens"]) if usage else before


def _says(line: bytes) -> bool:
    """Whether there is text in it: the first event has a role alone."""
    choices = json.loads(line[6:])["choices"]
    return bool(choices and choices[0]["delta"].get("content"))


# --- who asks -------------------------------------------------------------------------------------


def client(pipe: Connection, plan: Plan, urls: Mapping[str, str], slots: Sequence[int]) -> None:
    """A process of callers: told a way, a turn and when to begin, it sends back what it saw."""
    asyncio.run(_client(pipe, plan, urls, slots))


async def _client(
    pipe: Connection, plan: Plan, urls: Mapping[str, str], slots: Sequence[int]
) -> None:
    sessions = {}
    for way in urls:
        headers = {"content-type": "application/json"}
        if key := plan.keys.get(way):
            headers["authorization"] = f"Bearer {key}"
        connector = aiohttp.TCPConnector(limit=0)
        timeout = aiohttp.ClientTimeout(total=300)
        sessions[way] = aiohttp.ClientSession(
            headers=headers, connector=connector, timeout=timeout, read_bufsize=2**20
        )
    while (told := await asyncio.to_thread(pipe.recv)) is not None:
        way, turn, at = told
        seen = Seen()
        cpu = time.process_time()
        callers = (_caller(sessions[way], urls[way], plan, one, turn, at, seen) for one in slots)
        failures = await asyncio.gather(*callers, return_exceptions=True)
        seen.cpu = {"client": time.process_time() - cpu}
        wrong = [str(one) for one in failures if one is not None]
        pipe.send((seen, wrong))
    for session in sessions.values():
        await session.close()


async def _caller(
    session: aiohttp.ClientSession,
    url: str,
    plan: Plan,
    slot: int,
    turn: int,
    at: float,
    seen: Seen,
) -> None:
    bodies = [body(plan, f"{url} {turn} {slot} {one}") for one in range(plan.requests)]
    start = at + plan.spread_s * slot / plan.streams
    await asyncio.sleep(max(0.0, start - time.monotonic()))
    for one in bodies:
        await ask(session, url, one, seen)


class Crowd:
    """The client processes."""

    def __init__(self, plan: Plan, urls: Mapping[str, str], processes: int) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._pipes: list[Connection] = []
        self._processes = []
        for number in range(processes):
            ours, theirs = spawn.Pipe()
            slots = range(number, plan.streams, processes)
            process = spawn.Process(target=client, args=(theirs, plan, urls, slots), daemon=True)
            process.start()
            self._pipes.append(ours)
            self._processes.append(process)

    def turn(self, way: str, number: int) -> Seen:
        """Raises where a stream failed: a share of fewer streams would say nothing."""
        at = time.monotonic() + START_S
        for pipe in self._pipes:
            pipe.send((way, number, at))
        whole, cpu = Seen(), 0.0
        for pipe in self._pipes:
            seen, wrong = pipe.recv()
            if wrong:
                raise RuntimeError(f"{len(wrong)} streams failed, the first: {wrong[0]}")
            whole.add(seen)
            cpu = max(cpu, seen.cpu["client"])
        whole.cpu["busiest client"] = cpu
        return whole

    def leave(self) -> None:
        for pipe, process in zip(self._pipes, self._processes, strict=True):
            pipe.send(None)
            process.join(30)


# --- CPU time of others ---------------------------------------------------------------------------


def cpu_times(watched: Mapping[str, int]) -> dict[str, float]:
    """Seconds of CPU that each of the processes and its living descendants have used."""
    used: dict[int, float] = {}
    children: dict[int, list[int]] = defaultdict(list)
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        pid = int(stat.parent.name)
        children[int(fields[1])].append(pid)
        used[pid] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return {name: _with_children(pid, used, children) for name, pid in watched.items()}


def _with_children(pid: int, used: Mapping[int, float], children: Mapping[int, list[int]]) -> float:
    below = sum(_with_children(one, used, children) for one in children.get(pid, ()))
    return used.get(pid, 0.0) + below


# --- the race -------------------------------------------------------------------------------------


def race(
    plan: Plan,
    urls: Mapping[str, str],
    turns: int,
    processes: int,
    watched: Mapping[str, int],
) -> dict[str, list[Seen]]:
    """`turns` of each that count, after one of each that does not."""
    crowd = Crowd(plan, urls, processes)
    seen: dict[str, list[Seen]] = {way: [] for way in WAYS}
    for number in range(turns + 1):
        for way in WAYS if number % 2 else reversed(WAYS):
            before = cpu_times(watched)
            one = crowd.turn(way, number)
            after = cpu_times(watched)
            one.cpu |= {name: after[name] - before[name] for name in watched}
            if number:
                seen[way].append(one)
            note = f"turn {number} {way}: {one.rate:.0f} tokens/s, first token"
            print(f"{note} {statistics.median(one.first) * 1000:.1f} ms", file=sys.stderr)
    crowd.leave()
    return seen


def spread(values: Sequence[float], scale: float) -> dict[str, float]:
    """Median, 95th and 99th percentile."""
    ranked = statistics.quantiles(values, n=100)
    return {
        name: round(ranked[at] * scale, 2) for name, at in (("p50", 49), ("p95", 94), ("p99", 98))
    }


def figures(turns: Sequence[Seen]) -> dict[str, Any]:
    """Of one way, over its turns."""
    whole = Seen()
    for one in turns:
        whole.add(one)
    busy = sum(one.ended - one.begun for one in turns)
    cpu: dict[str, float] = defaultdict(float)
    for one in turns:
        for name, used in one.cpu.items():
            cpu[name] += used
    return {
        "tokens_per_s": round(whole.tokens / busy, 1),
        "first_token_ms": spread(whole.first, 1000),
        "gap_ms": spread(whole.gaps, 1000),
        "requests": len(whole.first),
        "events_per_token": round((len(whole.gaps) + len(whole.first)) / whole.tokens, 3),
        "cores": {name: round(used / busy, 3) for name, used in cpu.items()},
        "cpu_us_per_token": {
            name: round(used / whole.tokens * 1e6, 1) for name, used in cpu.items()
        },
    }


def shares(seen: Mapping[str, Sequence[Seen]]) -> dict[str, Any]:
    """The gateway's part of the direct figure, over all turns and turn by turn."""
    direct, gateway = (figures(seen[way]) for way in WAYS)
    pairs = list(zip(seen["direct"], seen["gateway"], strict=True))
    of_times = {
        f"{name}_{rank}": round(direct[name][rank] / gateway[name][rank], 4)
        for name in ("first_token_ms", "gap_ms")
        for rank in ("p50", "p95")
    }
    rates = [two.rate / one.rate for one, two in pairs]
    firsts = [statistics.median(one.first) / statistics.median(two.first) for one, two in pairs]
    return {
        "tokens_per_s": round(gateway["tokens_per_s"] / direct["tokens_per_s"], 4),
        **of_times,
        "by_turn": {
            "tokens_per_s": [round(one, 4) for one in rates],
            "first_token_ms_p50": [round(one, 4) for one in firsts],
        },
    }


def run(
    plan: Plan,
    urls: Mapping[str, str],
    turns: int,
    processes: int,
    watched: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """Both ways, and the share."""
    seen = race(plan, urls, turns, processes, watched or {})
    asked = {name: value for name, value in asdict(plan).items() if name != "keys"}
    return {
        "asked": asked | {"turns": turns, "processes": processes},
        **{way: figures(seen[way]) for way in WAYS},
        "share": shares(seen),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="A share of direct, at many streams.")
    for way in WAYS:
        parser.add_argument(f"--{way}", required=True)
        parser.add_argument(f"--key-{way}", default="")
    parser.add_argument("--model", required=True)
    for name in ("streams", "requests", "tokens", "words"):
        parser.add_argument(f"--{name}", type=int, default=getattr(Plan(), name))
    parser.add_argument("--spread", type=float, default=0.0)
    parser.add_argument("--turns", type=int, default=6)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--watch", action="append", default=[], metavar="NAME=PID")
    given = parser.parse_args()
    keys = {"direct": given.key_direct, "gateway": given.key_gateway}
    plan = Plan(
        given.model, given.streams, given.requests, given.tokens, given.words, given.spread, keys
    )
    watched = {name: int(pid) for name, _, pid in (one.partition("=") for one in given.watch)}
    urls = {"direct": given.direct, "gateway": given.gateway}
    print(json.dumps(run(plan, urls, given.turns, given.processes, watched), indent=2))


if __name__ == "__main__":
    main()
