"""What a server says of itself: read where it can be true, and forgotten where it is old."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.routing.balance import IDLE, Load
from gateway.routing.health import State
from gateway.routing.reported import FAILURES, MISSES, Known, Model, load_of, models_of

BUSY = Load(waiting=3.0, running=2.0, cache=0.5)


def metrics(waiting: str = "3.0", running: str = "2.0", cache: str = "0.5") -> str:
    return (
        "# TYPE vllm:num_requests_waiting gauge\n"
        f'vllm:num_requests_waiting{{engine="0",model_name="tiny"}} {waiting}\n'
        'vllm:num_requests_waiting_by_reason{engine="0",reason="capacity"} 7.0\n'
        f'vllm:num_requests_running{{engine="0",model_name="tiny"}} {running}\n'
        f'vllm:kv_cache_usage_perc{{engine="0",model_name="tiny"}} {cache}\n'
    )


def test_what_a_server_writes_is_read():
    assert load_of(metrics()) == BUSY
    assert load_of(metrics().replace('{engine="0",model_name="tiny"}', "")) == BUSY


def test_engines_count_together():
    two = metrics() + metrics("1", "4", "0.75").replace('"0"', '"1"')
    assert load_of(two) == Load(waiting=4.0, running=6.0, cache=0.75)


@pytest.mark.parametrize(
    "text",
    [
        "", "vllm:num_requests_waiting 1.0\n", "<html>", metrics(cache="1.01"),
        metrics(waiting="-1"), metrics(running="NaN"), metrics(waiting="1e9"), metrics(cache="x"),
    ],
)  # fmt: skip
def test_what_cannot_be_true_is_no_load(text: str):
    assert load_of(text) is None


@given(st.text())
def test_any_text_is_read_or_not(text: str):
    found = load_of(metrics(text, text, text))
    assert found is None or (found.waiting or 0) >= 0


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: (
    st.lists(inner) | st.dictionaries(st.sampled_from(["data", "id", "root", "parent"]), inner)
)))  # fmt: skip
def test_any_document_is_a_list_of_models_or_not(document: Any):
    found = models_of(document)
    assert found is None or all(one.longest >= 0 for one in found.values())


def test_adapters_have_what_their_parents_have():
    base = {"id": "tiny", "root": "/m/tiny", "parent": None, "max_model_len": 2048}
    adapter = {"id": "lora", "root": "/l/lora", "parent": "tiny", "max_model_len": None}
    assert models_of({"data": [adapter, base, {"id": "with space"}, 7]}) == {
        "tiny": Model("/m/tiny", 2048),
        "lora": Model("/m/tiny", 2048),
    }


@pytest.mark.parametrize(
    ("roots", "root", "state"),
    [
        # what stands behind each of its names, what should, and what it is then
        (["/m/tiny"], "/m/tiny", State.UP),
        (["/m/other"], "/m/tiny", State.OTHER_MODEL),
        (["/m/other", "/m/third"], "/m/tiny", State.OTHER_MODEL),
        (["/m/other", "/m/tiny"], "/m/tiny", State.UP),
        ([""], "/m/tiny", State.OTHER_MODEL),
        (["/m/other"], "", State.UP),
        ([], "/m/tiny", State.UP),
    ],
)
def test_a_server_whose_every_model_is_another_is_told_of_as_such(
    roots: list[str], root: str, state: State
):
    models = {f"model-{number}": Model(one) for number, one in enumerate(roots)}
    known = replace(Known(), models=models)
    assert known.state(root) is state
    assert all(known.has_other(one, root) for one in models) or state is State.UP
    for _ in range(MISSES):
        known = known.told(None)
    assert known.state(root) is (state if state is State.OTHER_MODEL else State.STALE)
    for _ in range(FAILURES):
        known = known.seen(well=False)
    assert known.state(root) is State.DOWN
    assert Known().state(root) is State.UP


def test_a_load_is_kept_until_it_is_old():
    busy = replace(BUSY, room=2.0)
    known = Known().told(BUSY)
    for _ in range(MISSES - 1):
        known = known.told(None)
        assert known.load == busy
    assert known.told(None).load == IDLE
    assert known.told(BUSY).told(None).load == busy


@pytest.mark.parametrize(
    ("told", "room"),
    [
        # (waiting, running), one look after the other
        ([(0.0, 9.0)], None),
        ([(1.0, 9.0)], 9.0),
        ([(1.0, 9.0), (0.0, 4.0)], 9.0),
        ([(1.0, 9.0), (0.0, 12.0)], 12.0),
        ([(1.0, 9.0), (2.0, 5.0)], 5.0),
    ],
)
def test_how_many_run_at_once_shows_where_some_wait(
    told: list[tuple[float, float]], room: float | None
):
    known = Known()
    for waiting, running in told:
        known = known.told(Load(waiting=waiting, running=running, cache=0.1))
    assert known.load.room == room


def test_who_is_ill_once_is_asked_and_who_is_ill_again_is_not():
    known = Known()
    for _ in range(FAILURES):
        assert known.is_up
        known = known.seen(well=False)
    assert not known.is_up
    assert known.seen(well=True).is_up


def test_what_it_serves_is_open_until_it_says_so():
    known = Known()
    assert known.serves("tiny", "/m/tiny")
    known = Known(models={"tiny": Model("/m/tiny", 2048)})
    assert known.serves("tiny", "")
    assert known.serves("tiny", "/m/tiny")
    assert not known.serves("tiny", "/m/other")
    assert not known.serves("big", "")
    named = ("tiny", ""), ("tiny", "/m/tiny"), ("big", "/m/tiny"), ("tiny", "/m/other")
    assert [known.has_other(*one) for one in named] == [False, False, False, True]
    assert not Known().has_other("tiny", "/m/other")
    assert (known.longest("tiny"), known.longest("big"), Known().longest("tiny")) == (2048, 0, 0)
    assert known.seen(well=False).models is None
