"""A server that fails is left alone, tried with one request, and taken back when it answers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.routing.circuit import FAILURES, LONGEST_PAUSE_S, PAUSE_S, Circuit


def opened(now: float = 0.0) -> Circuit:
    circuit = Circuit()
    for _ in range(FAILURES):
        assert circuit.allows(now)
        circuit = circuit.sent().failed(now)
    return circuit


def test_a_few_failures_in_a_row_open_it():
    circuit = opened(now=10.0)
    assert circuit.is_open
    assert not circuit.allows(10.0)
    assert not circuit.allows(10.0 + PAUSE_S / 2)
    assert circuit.allows(10.0 + PAUSE_S)


def test_one_success_between_failures_keeps_it_closed():
    circuit = Circuit()
    for _ in range(5):
        circuit = circuit.failed(0.0).failed(0.0).succeeded()
    assert circuit == Circuit()


def test_half_open_lets_one_request_through_at_a_time():
    circuit = opened().sent()
    assert not circuit.allows(1e6)
    assert circuit.abandoned().allows(1e6)
    assert circuit.succeeded() == Circuit()


def test_each_failure_of_a_probe_doubles_the_pause_up_to_a_limit():
    circuit, now, pauses = opened(), 0.0, []
    for _ in range(10):
        now += circuit.pause_s
        assert circuit.allows(now)
        circuit = circuit.sent().failed(now)
        pauses.append(circuit.pause_s)
    assert pauses[:3] == [2 * PAUSE_S, 4 * PAUSE_S, 8 * PAUSE_S]
    assert pauses[-1] == LONGEST_PAUSE_S


def test_failures_of_requests_that_were_under_way_when_it_opened_do_not_prolong_it():
    circuit = opened(now=5.0).failed(5.9)
    assert circuit.allows(5.0 + PAUSE_S)


@given(st.lists(st.sampled_from(["sent", "ok", "bad", "gone", "later"]), max_size=60))
def test_it_never_stays_shut_for_longer_than_the_longest_pause(events: list[str]):
    circuit, now = Circuit(), 0.0
    for event in events:
        if event == "later":
            now += 7.0
        elif event == "sent" and circuit.allows(now):
            circuit = circuit.sent()
        elif event == "ok":
            circuit = circuit.succeeded()
        elif event == "bad":
            circuit = circuit.failed(now)
        elif event == "gone":
            circuit = circuit.abandoned()
    assert circuit.probing or circuit.allows(now + LONGEST_PAUSE_S)
