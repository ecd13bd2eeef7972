"""Conversations keep their server while it has room; shares follow weights; nobody is forgotten."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.routing.balance import SLACK, Load, Server, favourites, order

POOL = [Server(f"vllm-{number}") for number in range(5)]
KEYS = [f"conversation {number}".encode() for number in range(4000)]


def first(servers, key: bytes, loads=None) -> str:
    return order(servers, loads or {}, key)[0].name


def test_a_conversation_keeps_its_server():
    for key in KEYS[:50]:
        assert order(POOL, {}, key) == favourites(POOL, key)
        assert order(list(reversed(POOL)), {}, key) == favourites(POOL, key)


def test_conversations_spread_evenly():
    counts = Counter(first(POOL, key) for key in KEYS)
    assert all(abs(count - 800) < 120 for count in counts.values())


def test_shares_follow_weights():
    servers = [Server("a", weight=1.0), Server("b", weight=3.0)]
    counts = Counter(first(servers, key) for key in KEYS)
    assert abs(counts["b"] / counts["a"] - 3.0) < 0.4


def test_a_server_that_goes_moves_its_own_conversations_alone():
    left = POOL[1:]
    for key in KEYS[:500]:
        before = first(POOL, key)
        if before != POOL[0].name:
            assert first(left, key) == before


def test_a_lower_priority_comes_after_all_of_a_higher_one():
    servers = [Server("spare", priority=1), *POOL]
    busy = {one.name: Load(in_flight=50, waiting=9) for one in POOL}
    assert order(servers, busy, b"key")[-1].name == "spare"


def test_a_full_server_is_passed_over():
    key = KEYS[0]
    favourite, second, *_ = favourites(POOL, key)
    for load in (Load(waiting=1.0), Load(cache=0.97), Load(in_flight=9)):
        assert first(POOL, key, {favourite.name: load}) == second.name


def test_what_a_server_says_of_itself_is_not_needed():
    favourite = favourites(POOL, KEYS[0])[0]
    assert first(POOL, KEYS[0], {favourite.name: Load(in_flight=0)}) == favourite.name


def test_of_full_servers_the_least_loaded_is_asked():
    loads = {one.name: Load(waiting=5 + at) for at, one in enumerate(POOL)}
    assert first(POOL, KEYS[0], loads) == POOL[0].name
    loads[POOL[3].name] = Load(waiting=2)
    assert first(POOL, KEYS[0], loads) == POOL[3].name


LOADS = st.builds(
    Load,
    in_flight=st.integers(0, 40),
    waiting=st.none() | st.floats(0, 20),
    running=st.none() | st.floats(0, 40),
    cache=st.none() | st.floats(0, 1),
)


@given(st.lists(LOADS, min_size=5, max_size=5), st.binary(min_size=1, max_size=80))
def test_every_server_is_in_the_order_once(loads, key: bytes):
    known = {one.name: load for one, load in zip(POOL, loads, strict=True)}
    assert sorted(one.name for one in order(POOL, known, key)) == [one.name for one in POOL]


@given(st.lists(st.sampled_from(KEYS[:3]), min_size=1, max_size=200))
def test_no_server_holds_much_more_than_its_share(keys):
    """However few conversations there are: nothing ends, so all that comes is held."""
    held: Counter[str] = Counter()
    for number, key in enumerate(keys):
        held[first(POOL, key, {name: Load(in_flight=held[name]) for name in held})] += 1
        assert max(held.values()) <= SLACK * (number + 1) / len(POOL) + 1


@pytest.mark.parametrize("weight", [0.0, -1.0, 1e-300])
def test_a_weight_of_nothing_is_asked_last_and_breaks_nothing(weight: float):
    servers = [Server("none", weight=weight), *POOL]
    assert all(first(servers, key) != "none" for key in KEYS[:200])


@pytest.mark.parametrize(
    ("load", "is_full"),
    [
        (Load(waiting=3.0, running=8.0), True),
        (Load(waiting=3.0, running=8.0, since=-3), False),
        (Load(waiting=0.0, running=8.0, since=5), False),
        (Load(waiting=0.0, running=8.0, room=8.0), True),
        (Load(waiting=0.0, running=8.0, room=8.0, since=-1), False),
        (Load(in_flight=8, room=8.0), True),
    ],
)
def test_what_a_server_said_a_second_ago_is_read_for_now(load: Load, is_full: bool):
    assert load.is_full is is_full


def test_what_comes_in_between_two_looks_spreads():
    """And does not all go to the one that was idlest."""
    said = {one.name: Load(waiting=9.0 - at, running=8.0) for at, one in enumerate(POOL)}
    flights = dict.fromkeys(said, 100)
    for key in KEYS[:50]:
        loads = {
            name: replace(one, in_flight=flights[name], since=flights[name] - 100)
            for name, one in said.items()
        }
        flights[first(POOL, key, loads)] += 1
    assert max(flights.values()) < 130


def test_where_all_are_full_a_conversation_stays_where_it_is():
    loads = {one.name: Load(in_flight=4, waiting=8.0 + at / 2) for at, one in enumerate(POOL)}
    for key in KEYS[:50]:
        assert first(POOL, key, loads) == favourites(POOL, key)[0].name
