"""A pool of vLLM servers: what each is told, what is believed of them, and all that goes wrong."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any

import orjson
import pytest
from aiohttp import web

from gateway.errors import GatewayError, RequestError
from gateway.masking.mask import MaskedRequest
from gateway.routing.asking import Ask, Choice, Route
from gateway.routing.balance import IDLE
from gateway.routing.dispatch import Dispatcher
from gateway.routing.health import State
from gateway.routing.reported import FAILURES, MISSES
from gateway.settings import Secret, Upstream, Vllm
from gateway.types import UpstreamClass
from gateway.upstreams.vllm import RETIRED_S, VllmPool
from gateway.upstreams.vllm_replica import MODELS_EVERY
from tests.routing.servers import masked
from tests.upstreams.vllm_fake import FakeVllm
from tests.waiting import AMPLE

MASTER = b"m" * 32
SAID = "canary-Zweigstelle-4471"


class World:
    """Fake servers, the pool before them, and a dispatcher before that."""

    def __init__(self, fakes: Sequence[FakeVllm], urls: Sequence[str], **more: Any) -> None:
        self.fakes = fakes
        self.urls = urls
        fields = {"model_map": more.pop("model_map", {}), "api_key": Secret("key")}
        self.settings = Upstream(
            name="pool", kind="vllm", upstream_class=UpstreamClass.ON_PREM, models=("tiny",),
            vllm=Vllm(replicas=tuple(urls), **more), **fields,
        )  # fmt: skip
        self.now = 0.0
        self.hosts: list[str] | OSError = []
        self.pool = VllmPool(
            self.settings, AMPLE, MASTER, resolve=self._resolve, clock=lambda: self.now
        )
        self.dispatcher = Dispatcher(lambda: self.now)
        self.route = Route()

    async def _resolve(self, name: str, port: int) -> Sequence[str]:
        if isinstance(self.hosts, OSError):
            raise self.hosts
        return self.hosts

    async def ask(self, tenant: str = "acme", principal: str = "jane", **more: Any) -> bytes:
        """Ask the pool, and give the answer."""
        fields = {"key": b"c", "drops_turns": False, "request": chat("Hi."), **more}
        made = Ask(
            fields["request"], "req_1", fields.get("headers", {}), tenant, principal, fields["key"],
            fields["drops_turns"], fields.get("traceparent", ""),
        )  # fmt: skip
        self.route = Route()
        choices = [Choice(self.settings, self.pool)]
        async with self.dispatcher.asking(made, choices, self.route, int) as reply:
            return b"".join([chunk async for chunk in reply.chunks()])

    async def failure(self, **more: Any) -> GatewayError:
        with pytest.raises(GatewayError) as caught:
            await self.ask(**more)
        error = caught.value
        assert SAID not in f"{error} {error!r} {error.__cause__!r} {error.__context__!r}"
        return error

    def served(self) -> list[str]:
        """Which servers were sent requests, since this was last asked."""
        found = [one.name for one in self.fakes for _ in one.bodies]
        for one in self.fakes:
            one.bodies.clear()
        return found


def chat(*texts: str, **fields: Any) -> MaskedRequest:
    """A conversation, begun by the user."""
    roles = ("user", "assistant")
    messages = [{"role": roles[at % 2], "content": text} for at, text in enumerate(texts)]
    return masked(**{"model": "tiny", "messages": messages, **fields})


Make = Callable[..., Awaitable[World]]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    runners: list[web.AppRunner] = []
    worlds: list[World] = []

    async def started(count: int = 2, **fields: Any) -> World:
        fakes = [FakeVllm(f"v{number}") for number in range(count)]
        urls = []
        for one in fakes:
            runner = web.AppRunner(one.app(), access_log=None, shutdown_timeout=0.1)
            runners.append(runner)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            urls.append(f"http://127.0.0.1:{runner.addresses[0][1]}")
        worlds.append(World(fakes, urls, **fields))
        return worlds[-1]

    yield started
    for world in worlds:
        await world.pool.aclose()
    for runner in runners:
        await runner.cleanup()


# --- what a server is told ----------------------------------------------------------------------


async def test_a_server_goes_on_with_our_trace_and_not_with_the_callers(make: Make):
    world = await make(1)
    theirs = {"traceparent": "00-theirs", "tracestate": "a=b", "baggage": "c=d"}
    await world.ask(headers=theirs, traceparent="00-ours")
    (sent,) = world.fakes[0].headers
    assert sent["traceparent"] == "00-ours"
    assert not {"tracestate", "baggage"} & set(sent)


async def test_every_request_has_a_salt_of_ours(make: Make):
    world = await make(1)
    await world.ask()
    (fake,) = world.fakes
    (body,) = fake.bodies
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", body["cache_salt"])
    assert "priority" not in body
    assert fake.headers[0]["authorization"] == "Bearer key"
    assert fake.headers[0]["x-request-id"] == "req_1"
    assert "acme" not in f"{fake.headers} {body}"


def group(name: str, *tenants: str) -> dict[str, Any]:
    return {"salt": "group", "salt_groups": {name: tenants}}


@pytest.mark.parametrize(
    ("fields", "one", "other", "shares"),
    [
        ({}, ("acme", "jane"), ("acme", "joe"), True),
        ({}, ("acme", "jane"), ("ajax", "jane"), False),
        ({"salt": "principal"}, ("acme", "jane"), ("acme", "jane"), True),
        ({"salt": "principal"}, ("acme", "jane"), ("acme", "joe"), False),
        ({"salt": "principal"}, ("acme", "jane"), ("ajax", "jane"), False),
        ({"salt": "principal"}, ("acmej", "ane"), ("acme", "jane"), False),
        (group("g", "a*"), ("acme", "jane"), ("ajax", "joe"), True),
        (group("g", "x*"), ("acme", "jane"), ("ajax", "joe"), False),
        (group("acme", "x"), ("x", "jane"), ("acme", "joe"), False),
    ],
)  # fmt: skip
async def test_who_shares_a_prefix_cache(
    fields: dict[str, Any], one: tuple[str, str], other: tuple[str, str], shares: bool, make: Make
):
    world = await make(1, **fields)
    await world.ask(*one)
    answer = await world.ask(*other)
    assert (b'"cached_tokens": 1' in answer) is shares


@pytest.mark.parametrize(
    ("tenant", "priority"), [("acme", -5), ("acorn", 3), ("zoo", 0)]
)  # fmt: skip
async def test_priorities_go_by_tenant_where_they_are_scheduled(
    tenant: str, priority: int, make: Make
):
    world = await make(1, priorities={"acme": -5, "a*": 3})
    await world.ask(tenant)
    assert world.fakes[0].bodies[0]["priority"] == priority


async def test_what_is_no_familys_is_never_asked_for(make: Make):
    world = await make(1)
    request = MaskedRequest.__new__(MaskedRequest)
    made = chat("Hi.")
    for slot in MaskedRequest.__slots__:
        setattr(request, slot, getattr(made, slot))
    request.path = "/load_lora_adapter"
    error = await world.failure(request=request)
    assert error.code == "upstream_invalid"
    assert not world.fakes[0].asked


async def test_an_alias_is_asked_for_by_the_servers_name(make: Make):
    world = await make(1, model_map={"fast": "tiny"})
    await world.pool.look()
    await world.ask(request=chat("Hi.", model="fast"))
    assert world.fakes[0].bodies[0]["model"] == "tiny"


# --- who is asked -------------------------------------------------------------------------------


async def test_a_conversation_keeps_its_server_and_all_have_some(make: Make):
    world = await make(3)
    await world.pool.look()
    served = set()
    for number in range(40):
        for _ in range(2):
            await world.ask(key=b"%d" % number)
        first, second = world.served()
        assert first == second
        served.add(first)
    assert served == {"v0", "v1", "v2"}


@pytest.mark.parametrize("load", [{"waiting": "3.0"}, {"cache": "0.99"}])
async def test_who_is_full_is_passed_over(load: dict[str, str], make: Make):
    world = await make(2)
    full, free = world.fakes
    for key, value in load.items():
        setattr(full, key, value)
    await world.pool.look()
    for number in range(30):
        await world.ask(key=b"%d" % number)
    assert set(world.served()) == {free.name}


@pytest.mark.parametrize("lie", ["NaN", "-1.0", "+Inf", "1e300", "many", ""])
async def test_figures_that_cannot_be_true_are_not_believed(lie: str, make: Make):
    world = await make(1)
    (fake,) = world.fakes
    fake.waiting = "7.0"
    await world.pool.look()
    (member,) = world.pool.members("tiny")
    assert member.load.waiting == 7.0
    fake.waiting = lie
    for _ in range(MISSES - 1):
        await world.pool.look()
        assert member.load.waiting == 7.0
    await world.pool.look()
    assert member.load == IDLE
    assert member.is_up
    await world.ask()


async def test_one_who_says_that_it_is_idle_gets_no_more_than_its_share(make: Make):
    world = await make(2)
    await world.pool.look()
    world.fakes[1].running = "50.0"
    await world.pool.look()
    choices = [Choice(world.settings, world.pool)]
    made = Ask(chat("Hi."), "req_1", {}, "acme", "jane", b"c")
    async with (
        world.dispatcher.asking(made, choices, Route(), int),
        world.dispatcher.asking(made, choices, Route(), int),
        world.dispatcher.asking(made, choices, Route(), int),
    ):
        assert set(world.served()) == {"v0", "v1"}


async def test_who_is_not_well_is_not_asked_until_it_is(make: Make):
    world = await make(2)
    sick, well = world.fakes
    sick.ill["/health"] = 503
    for _ in range(FAILURES):
        await world.pool.look()
    for number in range(30):
        await world.ask(key=b"%d" % number)
    assert set(world.served()) == {well.name}
    sick.ill.clear()
    await world.pool.look()
    for number in range(30):
        await world.ask(key=b"%d" % number)
    assert set(world.served()) == {sick.name, well.name}


async def test_one_that_flaps_costs_no_answer(make: Make):
    world = await make(2)
    for number in range(20):
        world.fakes[0].closes = {"/v1/chat/completions", "/health"} if number % 2 else set()
        await world.pool.look()
        world.now += 5.0
        assert b"Hello." in await world.ask(key=b"%d" % number)


async def test_all_down_is_unavailable(make: Make):
    world = await make(2)
    for one in world.fakes:
        one.closes = {"/health", "/v1/chat/completions"}
    error = await world.failure(request=chat(SAID))
    assert (error.status, error.code) == (503, "upstreams_down")
    for _ in range(FAILURES):
        await world.pool.look()
    before = [one.asked["/v1/chat/completions"] for one in world.fakes]
    error = await world.failure(request=chat(SAID))
    assert (error.status, error.code) == (503, "upstreams_down")
    assert [one.asked["/v1/chat/completions"] for one in world.fakes] == before


async def test_a_server_that_restarts_in_a_stream_ends_it_and_nobody_begins_anew(make: Make):
    world = await make(2)
    for one in world.fakes:
        one.cuts_streams = True
    error = await world.failure(request=chat(SAID, stream=True))
    assert error.code == "upstream_truncated"
    assert len(world.served()) == 1


# --- what it serves -----------------------------------------------------------------------------


async def test_another_model_behind_the_name_is_not_asked(make: Make):
    world = await make(2, root="/models/tiny")
    world.fakes[0].root = "/models/other"
    await world.pool.look()
    for number in range(30):
        await world.ask(key=b"%d" % number)
    assert set(world.served()) == {"v1"}


async def test_where_all_have_another_model_behind_the_name_none_is_asked(make: Make):
    world = await make(2, root="/models/tiny")
    for one in world.fakes:
        one.root = "/models/other"
    await world.pool.look()
    error = await world.failure()
    assert (error.status, error.code) == (503, "upstreams_down")
    assert world.served() == []
    assert {one.state for one in world.pool.standings()} == {State.OTHER_MODEL}


async def test_a_server_is_asked_anew_what_it_serves_after_it_was_away(make: Make):
    world = await make(1, root="/models/tiny")
    (fake,) = world.fakes
    await world.pool.look()
    fake.root, fake.ill = "/models/other", {"/health": 503}
    await world.pool.look()
    fake.ill = {}
    await world.pool.look()
    assert not world.pool.members("tiny")
    assert MODELS_EVERY > 2


async def test_an_adapter_is_asked_of_those_that_have_it(make: Make):
    world = await make(2, adapters={"lora-a": ("acme",)})
    world.fakes[1].adapters = ("lora-a",)
    await world.pool.look()
    for number in range(30):
        await world.ask(key=b"%d" % number, request=chat("Hi.", model="lora-a"))
    assert set(world.served()) == {"v1"}


async def test_an_adapter_that_nobody_has_is_not_found_and_no_other_is_named(make: Make):
    world = await make(2, adapters={"lora-a": ("acme",)})
    await world.pool.look()
    error = await world.failure(request=chat(SAID, model="lora-a"))
    assert (error.status, error.code) == (404, "upstream_model_not_found")
    assert "secret-lora" not in str(error)
    assert len(world.served()) == 2


async def test_what_a_server_says_of_an_error_stays_there(make: Make):
    """A vLLM quotes the request in it."""
    world = await make(1)
    world.fakes[0].ill = {"/v1/chat/completions": 400}
    error = await world.failure(request=chat(SAID))
    assert (error.status, error.code) == (400, "upstream_rejected")


# --- how long a request may be ------------------------------------------------------------------

LONG = "a bb " * 20  # 40 words


async def test_what_is_far_from_the_limit_is_not_counted(make: Make):
    world = await make(1)
    await world.pool.look()
    await world.ask(request=chat(LONG))
    assert not world.fakes[0].asked["/tokenize"]


@pytest.mark.parametrize(("room", "fits"), [(24, True), (25, False)])
async def test_one_token_too_long_is_refused_with_the_numbers(room: int, fits: bool, make: Make):
    world = await make(1)
    world.fakes[0].longest = 64
    await world.pool.look()
    request = chat(LONG + SAID, max_tokens=room - 1)
    if fits:
        await world.ask(request=request)
        return
    error = await world.failure(request=request)
    assert isinstance(error, RequestError)
    assert (error.status, error.code) == (400, "context_length_exceeded")
    assert error.message == (
        "The request has 41 tokens and asks for 24 more; the model's context holds 64."
    )
    assert not world.fakes[0].bodies


async def test_the_fewest_oldest_turns_go_and_what_the_system_says_stays(make: Make):
    world = await make(1)
    world.fakes[0].longest = 128
    await world.pool.look()
    texts = [f"{LONG} {number}" for number in range(8)]
    said = [{"role": ("user", "assistant")[at % 2], "content": one} for at, one in enumerate(texts)]
    messages = [{"role": "system", "content": "Be kind."}, *said, {"role": "user", "content": "?"}]
    await world.ask(request=chat(messages=messages, max_tokens=1), drops_turns=True)
    (body,) = world.fakes[0].bodies
    assert body["messages"] == [messages[0], *said[6:], messages[-1]]
    assert world.route.dropped_turns == 3


async def test_the_last_turn_alone_may_be_too_long_as_well(make: Make):
    world = await make(1)
    world.fakes[0].longest = 64
    await world.pool.look()
    request = chat("Hi.", "Hello.", LONG * 4)
    error = await world.failure(request=request, drops_turns=True)
    assert error.code == "context_length_exceeded"
    assert not world.fakes[0].bodies


def items(*texts: str, **fields: Any) -> MaskedRequest:
    """The same as items of the Responses API, with a call of a tool in each turn but the last."""
    given: list[dict[str, Any]] = []
    for at, text in enumerate(texts):
        given.append({"role": "user", "content": text})
        if at < len(texts) - 1:
            called = {"call_id": f"call_{at}", "name": "look"}
            given.append({"type": "function_call", "arguments": "{}", **called})
            given.append({"type": "function_call_output", "call_id": f"call_{at}", "output": "4"})
    return masked("/responses", **{"model": "tiny", "input": given, **fields})


async def test_an_input_of_the_responses_api_that_is_too_long_is_refused_as_well(make: Make):
    world = await make(1)
    world.fakes[0].longest = 64
    await world.pool.look()
    request = items(LONG + SAID, instructions="Be kind.", max_output_tokens=24)
    error = await world.failure(request=request, drops_turns=True)
    assert error.message == (
        "The request has 43 tokens and asks for 24 more; the model's context holds 64."
    )
    assert not world.fakes[0].bodies


async def test_the_oldest_items_go_and_calls_go_with_their_results(make: Make):
    world = await make(1)
    world.fakes[0].longest = 128
    await world.pool.look()
    request = items(*(f"{LONG} {number}" for number in range(5)), "?", max_output_tokens=1)
    await world.ask(request=request, drops_turns=True)
    (body,) = world.fakes[0].bodies
    given = orjson.loads(request.body)["input"]
    assert body["input"] == given[6:]
    assert world.route.dropped_turns == 2


async def test_what_a_server_keeps_is_not_shortened_from_the_wrong_end(make: Make):
    world = await make(1)
    world.fakes[0].longest = 64
    await world.pool.look()
    request = items(LONG * 2, "?", previous_response_id="resp_1")
    error = await world.failure(request=request, drops_turns=True)
    assert error.code == "context_length_exceeded"


async def test_a_server_that_does_not_count_is_asked_all_the_same(make: Make):
    world = await make(1)
    world.fakes[0].longest = 64
    world.fakes[0].ill = {"/tokenize": 404}
    await world.pool.look()
    await world.ask(request=chat(LONG * 4))
    assert len(world.fakes[0].bodies) == 1


@pytest.mark.parametrize("said", [{}, {"store": True}, {"store": False}])
async def test_a_server_is_never_asked_to_store_an_answer(said: dict[str, bool], make: Make):
    """It would keep it in memory for good; which server has it, nobody would know."""
    world = await make(1)
    await world.ask(request=items("Hi.", **said))
    (body,) = world.fakes[0].bodies
    assert body["store"] is False
    await world.ask(request=chat("Hi."))
    assert "store" not in world.fakes[0].bodies[-1]


# --- what is told of them -----------------------------------------------------------------------


async def test_each_server_is_told_of_as_it_was_last_seen(make: Make):
    world = await make(3)
    world.fakes[0].running, world.fakes[0].waiting, world.fakes[0].cache = "2.0", "1.0", "0.5"
    world.fakes[1].ill = {"/metrics": 500}
    world.fakes[2].ill = {"/health": 503}
    for _ in range(MISSES):
        await world.pool.look()
    first, second, third = world.dispatcher.health([world.pool])
    assert [one.standing.name for one in (first, second, third)] == list(world.urls)
    assert [one.standing.state for one in (first, second, third)] == [
        State.UP, State.STALE, State.DOWN,
    ]  # fmt: skip
    load = first.standing.load
    assert (load.waiting, load.running, load.cache) == (1.0, 2.0, 0.5)


async def test_who_is_gone_from_the_name_is_drained_and_keeps_its_number(make: Make):
    world = await make(1)
    port = int(world.urls[0].rpartition(":")[2])
    named = World(world.fakes, (), dns_name="vllm.example", dns_port=port)
    named.hosts = ["127.0.0.1", "127.0.0.2"]
    await named.pool.look()
    before = {one.standing.name: one.place for one in named.dispatcher.health([named.pool])}
    named.hosts, named.now = ["127.0.0.2", "127.0.0.3"], 10.0
    await named.pool.look()
    found = {one.standing.name: one for one in named.dispatcher.health([named.pool])}
    kept, gone = f"http://127.0.0.2:{port}", f"http://127.0.0.1:{port}"
    assert found[gone].standing.state is State.DRAINING
    assert {found[kept].place, found[gone].place} == {0, 1} == set(before.values())
    assert found[kept].place == before[kept]
    await named.pool.aclose()


# --- who there is -------------------------------------------------------------------------------


async def test_servers_come_and_go_with_the_name(make: Make):
    world = await make(1)
    port = int(world.urls[0].rpartition(":")[2])
    named = World(world.fakes, (), dns_name="vllm.example", dns_port=port)
    named.hosts = ["127.0.0.1", "127.0.0.2"]
    await named.pool.look()
    first = {one.name: one for one in named.pool.members("tiny")}
    assert set(first) == {f"http://127.0.0.1:{port}", f"http://127.0.0.2:{port}"}
    assert b"Hello." in await named.ask()

    named.now, named.hosts = 10.0, ["127.0.0.2"]
    await named.pool.look()
    assert [one.name for one in named.pool.members("tiny")] == [f"http://127.0.0.2:{port}"]

    named.now, named.hosts = 20.0, OSError("no such name")
    await named.pool.look()
    assert len(named.pool.members("tiny")) == 1

    named.now, named.hosts = 30.0, ["127.0.0.1"]
    await named.pool.look()
    assert list(named.pool.members("tiny")) == [first[f"http://127.0.0.1:{port}"]]

    named.now += RETIRED_S + 6.0
    await named.pool.look()
    assert b"Hello." in await named.ask()
    await named.pool.aclose()


async def test_it_looks_before_it_begins_and_stops_when_it_ends(make: Make):
    world = await make(1)
    async with world.pool.watching():
        assert world.fakes[0].asked["/health"] == 1
        assert world.pool.members("tiny")[0].known.models is not None


async def test_a_look_that_fails_is_not_the_last(make: Make, monkeypatch: pytest.MonkeyPatch):
    """Whatever it fails of."""
    world = await make(1)
    monkeypatch.setattr("gateway.upstreams.vllm.LOOK_EVERY_S", 0.0)
    seen = asyncio.Event()

    async with world.pool.watching():
        looks = iter([RuntimeError("x")])

        async def look() -> None:
            for error in looks:
                raise error
            seen.set()

        monkeypatch.setattr(world.pool, "look", look)
        await asyncio.wait_for(seen.wait(), 120)


async def test_without_a_dispatcher_nobody_shares_a_cache(make: Make):
    world = await make(1)
    for _ in range(2):
        reply = await world.pool.send(chat("Hi."), "req_1", {})
        async with aclosing(reply):
            assert b'"cached_tokens": 0' in b"".join([one async for one in reply.chunks()])
