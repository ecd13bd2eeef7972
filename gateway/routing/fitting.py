"""Whether a request fits into a model's context, and what is left out where it does not. Pure.

A turn begins with what the user says and goes on to what the user says next, calls of tools and
their results included, so that no result is left without its call. What the system says belongs to
no turn and always stays, and so does the last turn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from gateway.errors import RequestError

BYTES_PER_TOKEN: Final = 2
"""Fewer than there are in any usual text: what is below this estimate is not counted out."""

_SYSTEM: Final = frozenset({"system", "developer"})
_WANTED: Final = ("max_completion_tokens", "max_tokens", "max_output_tokens")


def wanted(document: Mapping[str, Any]) -> int:
    """How many tokens the answer may have; 1 where it is not said, since one there must be."""
    said = [document.get(key) for key in _WANTED]
    return max((one for one in said if type(one) is int), default=1) or 1


def may_be_too_long(size: int, room: int, longest: int) -> bool:
    """Whether a body of `size` bytes, with an answer of `room` tokens, could be too long."""
    return bool(longest) and size // BYTES_PER_TOKEN + room > longest


def turns(messages: Sequence[Any]) -> list[list[int]]:
    """The indexes of the messages of each turn, the oldest first.

    Where the result of a call comes after the user has said something more, all of it is one turn.
    """
    found: list[list[int]] = []
    called: dict[str, int] = {}  # the turn of the newest call of this id: some models use ids again
    held: list[int] = []  # for each turn, up to which later one it must not be cut off
    for index, message in enumerate(messages):
        role = message.get("role") if isinstance(message, Mapping) else None
        if isinstance(role, str) and role in _SYSTEM:
            continue
        if not found or (role == "user" and not _is_result(message)):
            found.append([])
            held.append(len(found) - 1)
        found[-1].append(index)
        name = message.get("call_id") if isinstance(message, Mapping) else None
        if not isinstance(name, str):
            continue
        if _is_output(message):
            held[called.get(name, len(found) - 1)] = len(found) - 1
        else:
            called[name] = len(found) - 1
    return _joined(found, held)


def _is_output(item: Mapping[str, Any]) -> bool:
    """Whether an item with the id of a call is what came of it, and not the call."""
    return str(item.get("type", "")).endswith("_output")


def _joined(found: Sequence[list[int]], held: Sequence[int]) -> list[list[int]]:
    joined: list[list[int]] = []
    upto = -1
    for at, turn in enumerate(found):
        if at <= upto:
            joined[-1] += turn
        else:
            joined.append(list(turn))
        upto = max(upto, held[at])
    return joined


def _is_result(message: Mapping[str, Any]) -> bool:
    """Whether a message of the user's is the result of a tool, as the Messages API has it."""
    content = message.get("content")
    parts = content if isinstance(content, list) else []
    return any(isinstance(one, Mapping) and one.get("type") == "tool_result" for one in parts)


def without_oldest(messages: Sequence[Any], count: int) -> list[int]:
    """The indexes of what is left where the oldest `count` turns are left out."""
    dropped = {index for turn in turns(messages)[:count] for index in turn}
    return [index for index in range(len(messages)) if index not in dropped]


def too_long(prompt: int, room: int, longest: int) -> RequestError:
    """The error for a request that does not fit, with the numbers."""
    return RequestError(
        f"The request has {prompt} tokens and asks for {room} more; the model's context holds"
        f" {longest}.",
        code="context_length_exceeded",
    )
