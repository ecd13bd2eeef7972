"""Bodies and streams that nobody would send: nothing crashes, leaks, or changes beside findings.

Run from the root of the project: `python -m tests.bench.fuzz_families [minutes] [seed]`. It prints
figures as JSON; a counter-example ends it with hypothesis's own report.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from itertools import pairwise
from typing import Any

import orjson
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from gateway.conformance.filling import CANARY, CANARY_NAME, differences, filled, in_json, stream_of
from gateway.conformance.model import NAME, PROSE, AnswerRow, Expect, Table
from gateway.conformance.opening import matrix_runner
from gateway.conformance.running import OPERATORS
from gateway.conformance.tables.every import TABLES
from gateway.errors import RequestError
from gateway.exchange import Caller
from gateway.masking.mask import MaskedRequest
from gateway.operator_kinds import KEEP
from gateway.pipeline import Pipeline
from gateway.recording import Recorder
from gateway.settings import Audit, Detection, Settings
from gateway.types import OperatorUse, Subject, UpstreamClass
from tests.fakes import MemorySink

PAIRS = [(table, row) for table in TABLES for row in table.requests]
STREAMS = [(table, row) for table in TABLES for row in table.answers if row.events]
# What providers encrypt, or what holds bytes: it goes as it came, whatever it is.
OPAQUE = {"data", "signature", "encrypted_content", "encrypted_index", "encrypted_stdout",
          "authorization_token", "authorization", "fingerprint", "image_url", "file_data",
          "result", "url"}  # fmt: skip
TEXTS = st.sampled_from([PROSE, NAME, f"a {PROSE} b", f"{NAME}\n{NAME}", "", "é\U0001f600", "x"])
SCALARS = st.one_of(TEXTS, st.none(), st.booleans(), st.integers(-5, 10**6), st.floats(0, 1))
KEYS = st.sampled_from(
    ["type", "text", "content", "role", "name", "id", "input", "arguments", "new", NAME, "data"]
)
JSONS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


class Fuzz:
    """One pipeline, and what was seen."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.counts: Counter[str] = Counter()
        (self._rule,) = pipeline.policy().rules
        self._pipeline = pipeline

    def operated(self, operator: str) -> Pipeline:
        """The pipeline with a policy of one operator, and a log in memory."""
        policy = self._pipeline.policy()
        rule = replace(self._rule, default_operator=OperatorUse(operator))
        policy = replace(policy, rules=(rule,))
        return replace(self._pipeline, policy=lambda: policy, recorder=Recorder(MemorySink()))

    async def body(self, table: Table, template: dict[str, Any], operator: str) -> None:
        """Send a body: it is refused, or nothing of the canary leaves and nothing else changes."""
        raw = orjson.dumps(filled(template, CANARY, CANARY_NAME))
        caller = Caller(Subject("fuzz", "fuzz"), f"req_{self.counts.total()}")
        try:
            admitted = await self.operated(operator).admit(raw, caller, table.codec)
        except RequestError:
            self.counts["refused"] += 1
            return
        self.counts["sent"] += 1
        left = orjson.loads(admitted.masked.body)
        ours = {f"/{name}" for name in admitted.parsed.fields}
        ours.update("".join(f"/{step}" for step in one) for one in admitted.parsed.identities)
        if operator == KEEP:
            assert differences(filled(template, CANARY, CANARY_NAME), left, frozenset(ours)) == []
            return
        for place, text in texts(left, ()):
            if not OPAQUE.intersection(place):
                assert CANARY not in text
                assert in_json(CANARY) not in text
                assert CANARY_NAME not in text

    async def stream(
        self, table: Table, row: AnswerRow, cuts: Sequence[int], operator: str
    ) -> None:
        """Stream an answer, cut anywhere: the client gets the same bytes as from one piece."""
        given = [await self._streamed(table, row, cut, operator) for cut in ((), cuts)]
        self.counts["streamed"] += 1
        assert given[0] == given[1]

    async def _streamed(
        self, table: Table, row: AnswerRow, cuts: Sequence[int], operator: str
    ) -> bytes:
        body = {**table.base, **row.overlay, "stream": True}
        raw = orjson.dumps(filled(body, CANARY, CANARY_NAME))
        upstream = Cut(table, row, cuts)
        pipeline = replace(self.operated(operator), upstreams={"matrix": upstream})
        admitted = await pipeline.admit(raw, Caller(Subject("fuzz", "fuzz"), "req"), table.codec)
        async with aclosing(pipeline.stream(admitted)) as blocks:
            return join([block async for block in blocks])


def join(blocks: Sequence[bytes]) -> bytes:
    """The text of a stream's events, whatever events it came in."""
    events = b"".join(blocks).split(b"\n\n")
    joined: dict[str, str] = {}
    for event in events:
        for line in event.split(b"\n"):
            if line.startswith(b"data: {"):
                for place, text in texts(orjson.loads(line[6:]), ()):
                    if place[-1] not in ("signature", "type", "id", "object"):
                        key = "/".join(map(str, place))
                        joined[key] = joined.get(key, "") + text
    return orjson.dumps(joined, option=orjson.OPT_SORT_KEYS)


class Cut:
    """An upstream whose streams are cut at given places."""

    name = "matrix"
    upstream_class = UpstreamClass.ON_PREM
    is_stream = True

    def __init__(self, table: Table, row: AnswerRow, cuts: Sequence[int]) -> None:
        self._table, self._row, self._cuts = table, row, cuts
        self._body = b""

    async def send(self, request: MaskedRequest, *_: Any) -> Cut:
        left = orjson.loads(request.body)
        tokens = []
        for pointer in (self._table.prose_at, self._table.name_at):
            value: Any = left if pointer else ""
            for step in pointer.split("/")[1:]:
                value = value[int(step)] if isinstance(value, list) else value[step]
            tokens.append(value)
        self._body = b"".join(stream_of(self._row.events, *tokens))
        return self

    async def chunks(self) -> Any:
        places = sorted({at % (len(self._body) + 1) for at in self._cuts} | {0, len(self._body)})
        for start, end in pairwise(places):
            yield self._body[start:end]

    async def aclose(self) -> None:
        return None


def texts(value: Any, at: tuple[Any, ...]) -> list[tuple[tuple[Any, ...], str]]:
    if isinstance(value, str):
        return [(at, value)]
    if isinstance(value, dict):
        keys = [((*at, key), str(key)) for key in value]
        return keys + [one for key, child in value.items() for one in texts(child, (*at, key))]
    if isinstance(value, list):
        return [one for index, child in enumerate(value) for one in texts(child, (*at, index))]
    return []


def placed(value: Any, steps: Sequence[int], new: Any) -> Any:
    """The value with something of it replaced, as the steps lead."""
    if not steps or not isinstance(value, (dict, list)) or not value:
        return new
    if isinstance(value, list):
        at = steps[0] % len(value)
        return [placed(one, steps[1:], new) if i == at else one for i, one in enumerate(value)]
    key = list(value)[steps[0] % len(value)]
    return {k: placed(one, steps[1:], new) if k == key else one for k, one in value.items()}


def rounds(fuzz: Fuzz, loop: asyncio.AbstractEventLoop, examples: int, number: int) -> None:
    """So many examples of either kind."""
    quick = settings(
        max_examples=examples, deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip

    @seed(number)
    @quick
    @given(
        st.integers(0, len(PAIRS) - 1), st.lists(st.integers(0, 9), max_size=5), JSONS,
        st.sampled_from(OPERATORS), st.booleans(),
    )  # fmt: skip
    def bodies(at: int, steps: list[int], new: Any, operator: str, streamed: bool) -> None:
        table, row = PAIRS[at]
        body = {**table.base, **row.overlay}
        if streamed and table.codec.stream:
            body["stream"] = True
        body = placed(body, steps, new) if steps else {**body, "new": new}
        if row.expect is not Expect.UNTOUCHED:
            loop.run_until_complete(fuzz.body(table, body, operator))

    @seed(number)
    @quick
    @given(
        st.integers(0, len(STREAMS) - 1), st.lists(st.integers(0, 20_000), max_size=60),
        st.sampled_from(OPERATORS),
    )  # fmt: skip
    def streams(at: int, cuts: list[int], operator: str) -> None:
        loop.run_until_complete(fuzz.stream(*STREAMS[at], cuts, operator))

    bodies()
    streams()


def run(minutes: float, number: int, examples: int = 500) -> dict[str, int]:
    """Fuzz for so long, and at least one round."""
    loop = asyncio.new_event_loop()
    made = Settings(
        upstreams=(), policies=(), audit=Audit(url="sqlite://"), master_key=b"k" * 32,
        detection=Detection(profile="patterns"),
    )  # fmt: skip
    opened = matrix_runner(made)
    runner = loop.run_until_complete(opened.__aenter__())
    fuzz = Fuzz(runner.pipeline)
    until = time.monotonic() + minutes * 60
    try:
        while True:
            rounds(fuzz, loop, examples, number)
            number += 1
            if time.monotonic() >= until:
                return dict(fuzz.counts)
    finally:
        loop.run_until_complete(opened.__aexit__(None, None, None))
        loop.close()


if __name__ == "__main__":
    asked = [float(one) for one in sys.argv[1:]]
    print(json.dumps(run(asked[0] if asked else 10, int(asked[1]) if len(asked) > 1 else 1)))
