"""What fits into a context, and which turns go first where not all do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.routing.fitting import may_be_too_long, turns, wanted, without_oldest

TOOL_CALL = {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}
RESULT = {"role": "tool", "content": "4", "tool_call_id": "1"}
RESULT_OF_MESSAGES = {"role": "user", "content": [{"type": "tool_result", "content": "4"}]}
CALLS = [{"type": "function_call", "call_id": name, "name": "look"} for name in "ab"]
OUTPUTS = [{"type": "function_call_output", "call_id": name, "output": "4"} for name in "ab"]


def said(role: str) -> dict[str, Any]:
    return {"role": role, "content": "Hi."}


SYSTEM, DEVELOPER, USER, ASSISTANT = map(said, ("system", "developer", "user", "assistant"))

any_message = st.sampled_from(
    [
        SYSTEM, DEVELOPER, USER, ASSISTANT, TOOL_CALL, RESULT, RESULT_OF_MESSAGES, None, 7, {},
        *CALLS, *OUTPUTS,
    ]
)  # fmt: skip


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([], []),
        ([SYSTEM], []),
        ([SYSTEM, USER], [[1]]),
        ([SYSTEM, USER, ASSISTANT, USER], [[1, 2], [3]]),
        ([ASSISTANT, USER, ASSISTANT], [[0], [1, 2]]),
        ([USER, TOOL_CALL, RESULT, ASSISTANT, USER], [[0, 1, 2, 3], [4]]),
        ([USER, TOOL_CALL, RESULT_OF_MESSAGES, ASSISTANT, USER], [[0, 1, 2, 3], [4]]),
        ([USER, ASSISTANT, DEVELOPER, USER], [[0, 1], [3]]),
        ([USER, USER], [[0], [1]]),
        ([USER, CALLS[0], OUTPUTS[0], USER], [[0, 1, 2], [3]]),
        ([USER, CALLS[0], OUTPUTS[0]] * 2 + [USER], [[0, 1, 2], [3, 4, 5], [6]]),
        ([USER, CALLS[0], USER, OUTPUTS[0], USER], [[0, 1, 2, 3], [4]]),
        ([USER, *CALLS, USER, OUTPUTS[1], USER, OUTPUTS[0], USER], [[0, 1, 2, 3, 4, 5, 6], [7]]),
        ([USER, CALLS[0], USER, CALLS[1], OUTPUTS[0], USER, OUTPUTS[1]], [[0, 1, 2, 3, 4, 5, 6]]),
    ],
)
def test_a_turn_is_what_is_said_until_the_user_says_more(messages: list[Any], expected: Any):
    assert turns(messages) == expected


@given(st.lists(any_message), st.integers(0, 20))
def test_the_oldest_go_and_the_system_stays(messages: list[Any], count: int):
    left = without_oldest(messages, count)
    assert left == sorted(left)
    system = [at for at, one in enumerate(messages) if one in (SYSTEM, DEVELOPER)]
    assert set(system) <= set(left)
    kept = [turn for turn in turns(messages) if set(turn) <= set(left)]
    assert kept == turns(messages)[count:]
    assert sorted([*system, *(index for turn in kept for index in turn)]) == left


@given(st.lists(any_message), st.integers(0, 20))
def test_no_result_is_left_without_its_call(messages: list[Any], count: int):
    left = [messages[at] for at in without_oldest(messages, count)]
    for call, output in zip(CALLS, OUTPUTS, strict=True):
        given_first = next((one for one in messages if one in (call, output)), None)
        if given_first == call and output in left:
            assert call in left


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({}, 1), ({"max_tokens": 5}, 5), ({"max_completion_tokens": 7, "max_tokens": 5}, 7),
        ({"max_output_tokens": 3}, 3), ({"max_tokens": None}, 1), ({"max_tokens": True}, 1),
        ({"max_tokens": 0}, 1),
    ],
)  # fmt: skip
def test_how_much_room_an_answer_wants(document: dict[str, Any], expected: int):
    assert wanted(document) == expected


@pytest.mark.parametrize(
    ("size", "room", "longest", "expected"),
    [(100, 1, 51, False), (100, 1, 50, True), (10, 50, 50, True), (10_000, 1, 0, False)],
)
def test_what_is_near_the_limit(size: int, room: int, longest: int, expected: bool):
    assert may_be_too_long(size, room, longest) is expected
