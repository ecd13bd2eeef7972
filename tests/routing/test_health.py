"""How servers are, by number and state, and what Prometheus is told of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from gateway import metrics
from gateway.errors import UpstreamFailed
from gateway.routing.asking import Choice, Route
from gateway.routing.balance import Load
from gateway.routing.circuit import FAILURES, PAUSE_S
from gateway.routing.dispatch import Dispatcher
from gateway.routing.health import Places, ServerHealth, Standing, State
from gateway.routing.reporting import HealthReport
from tests.routing.servers import Pool, Replica, Reply, Server, ask, failing, settings

BUSY = Load(waiting=3.0, running=5.0, cache=0.25)


@dataclass
class Looked(Pool):
    """A pool whose servers are looked at."""

    seen: list[Standing] = field(default_factory=list)

    def standings(self) -> Sequence[Standing]:
        return self.seen


@given(st.lists(st.sets(st.sampled_from("abcdef")), max_size=8))
def test_a_server_keeps_its_number_and_numbers_stay_few(times: list[set[str]]):
    places, before = Places(), dict[str, int]()
    for there in times:
        now = places.of(sorted(there))
        assert set(now) == there
        assert len(set(now.values())) == len(there)
        assert all(now[name] == before[name] for name in there & before.keys())
        assert max(now.values(), default=0) < 6
        before = now


def test_an_upstream_that_nobody_looks_at_is_one_server_that_is_up():
    server = Server("lone", lambda _: Reply(), [])
    (found,) = Dispatcher().health([server])
    assert found == ServerHealth("lone", 0, Standing())


async def asked(dispatcher: Dispatcher, choice: Choice) -> None:
    async with dispatcher.asking(ask(), [choice], Route(), int) as reply:
        async for _ in reply.chunks():
            pass


@pytest.mark.parametrize("pooled", [True, False])
async def test_a_circuit_opens_and_is_half_open_and_closes(pooled: bool):
    now, well = 100.0, False
    calls: list[str] = []

    def script(_: str) -> Reply:
        if not well:
            raise failing("upstream_unreachable")
        return Reply()

    dispatcher = Dispatcher(lambda: now)
    lone = Server("home", script, calls)
    pool = Looked("home", script, calls, replicas=[Replica("a", script, calls)])
    pool.seen = [Standing("a")]
    upstream = pool if pooled else lone
    choice = Choice(settings("home"), upstream)

    def circuit() -> str:
        (found,) = dispatcher.health([upstream])
        assert found.in_flight == 0
        return found.circuit

    for _ in range(FAILURES):
        assert circuit() == "closed"
        with pytest.raises(UpstreamFailed):
            await asked(dispatcher, choice)
    assert circuit() == "open"
    now += PAUSE_S
    assert circuit() == "half_open"
    well = True
    await asked(dispatcher, choice)
    assert circuit() == "closed"


async def test_what_is_under_way_is_counted_and_half_open_while_it_is_tried():
    dispatcher = Dispatcher()
    server = Server("home", lambda _: Reply(), [])
    choice = Choice(settings("home"), server)
    async with dispatcher.asking(ask(), [choice], Route(), int):
        assert dispatcher.health([server])[0].in_flight == 1


# --- what Prometheus is told ----------------------------------------------------------------------


def told(upstream: str) -> dict[str, float]:
    """The gauges of an upstream, by name and labels, without its own."""
    text = metrics.render()[0].decode()
    found = {}
    for family in text_string_to_metric_families(text):
        for one in family.samples:
            labels = dict(one.labels)
            if labels.pop("upstream", "") == upstream and "replica" in labels:
                name = one.name.removeprefix("cloakroom_upstream_replica_")
                found[" ".join([name, *(labels[key] for key in sorted(labels))])] = one.value
    return found


def test_each_server_has_one_state_and_its_load():
    seen = [
        ServerHealth("told", 0, Standing("http://10.0.0.1", State.UP, BUSY), "open"),
        ServerHealth("told", 1, Standing("http://10.0.0.2", State.STALE), "half_open"),
        ServerHealth("told", 2, Standing("http://10.0.0.3", State.DOWN)),
        ServerHealth("told", 3, Standing("http://10.0.0.4", State.DRAINING)),
        ServerHealth("told", 4, Standing("http://10.0.0.5", State.OTHER_MODEL)),
    ]
    HealthReport(lambda: seen).tell()
    found = told("told")
    states = {(at, one): found[f"state {at} {one}"] for at in range(5) for one in State}
    assert [key for key, value in states.items() if value] == [
        (0, State.UP), (1, State.STALE), (2, State.DOWN), (3, State.DRAINING),
        (4, State.OTHER_MODEL),
    ]  # fmt: skip
    assert [found[f"circuit {at}"] for at in range(5)] == [2, 1, 0, 0, 0]
    assert [found[f"{one} 0"] for one in ("waiting", "running", "kv_cache_ratio")] == [3, 5, 0.25]
    assert [found[f"{one} 1"] for one in ("waiting", "running", "kv_cache_ratio")] == [0, 0, 0]


def test_no_address_of_a_server_is_a_label():
    HealthReport(lambda: [ServerHealth("quiet", 0, Standing("http://10.9.8.7:1"))]).tell()
    assert told("quiet")
    assert b"10.9.8.7" not in metrics.render()[0]


def test_a_server_that_is_gone_has_no_state():
    seen = [ServerHealth("gone", at, Standing(str(at), load=BUSY)) for at in range(2)]
    report = HealthReport(lambda: seen)
    report.tell()
    assert told("gone")["state 1 up"] == 1
    seen.pop()
    report.tell()
    found = told("gone")
    assert [found[f"state 1 {one}"] for one in State] == [0] * len(State)
    assert found["waiting 1"] == 0
    assert found["state 0 up"] == 1


async def test_it_is_told_for_as_long_as_the_gateway_runs():
    seen = [ServerHealth("runs", 0, Standing())]
    async with HealthReport(lambda: seen).running():
        await asyncio.sleep(0)
        assert told("runs")["state 0 up"] == 1
