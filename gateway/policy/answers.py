"""What a policy says of answers, in words; and whether it is what a test case expects. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gateway.policy.rules import operator_use
from gateway.policy.shape import (
    CachedName,
    EntityType,
    Filled,
    Glob,
    Host,
    NewDataName,
    Pointer,
    ThinkingName,
    Use,
)
from gateway.types import AnswerRules, NewData, OperatorUse
from gateway.validation import Strict

ALL: Final = "*"
"""In place of a list of tools: all of them."""

_NEW_DATA: Final = {
    NewData.KEEP: "kept",
    NewData.FLAG: "flagged",
    NewData.MASK: "masked",
}


class ExpectedAnswers(Strict):
    """What a case expects of answers: only the keys that it names are compared."""

    new_data: NewDataName | None = None
    operators: dict[EntityType, Use] | None = None
    default_operator: Use | None = None
    hosts: list[Host] | None = None
    tools: list[Glob] | None = None
    paths: dict[Glob, Filled[Pointer]] | None = None
    thinking: ThinkingName | None = None
    cached_tokens: CachedName | None = None


def described(use: OperatorUse | str | None) -> str:
    """An operator in words, with its options."""
    if use is None or isinstance(use, str):
        return use or "none"
    options = ", ".join(f"{key}: {' '.join(words)}" for key, words in use.options)
    return f"{use.name} ({options})" if options else use.name


def answers_facts(answers: AnswerRules) -> dict[str, object]:
    """Every key of the rules for answers, as it would be written in a policy."""
    return {
        "new_data": answers.new_data,
        "operators": {one: described(use) for one, use in sorted(answers.operators.items())},
        "default_operator": described(answers.default_operator),
        "hosts": list(answers.hosts),
        "tools": [ALL] if answers.tools is None else list(answers.tools),
        "paths": {tool: list(some) for tool, some in sorted(answers.paths.items())},
        "thinking": thinking_word(answers),
        "cached_tokens": cached_word(answers),
    }


def thinking_word(answers: AnswerRules) -> ThinkingName:
    """How the caller reads reasoning that the provider has signed."""
    return "restored" if answers.restores_thinking else "masked"


def cached_word(answers: AnswerRules) -> CachedName:
    """Whether usage says how much of a prompt was cached."""
    return "hidden" if answers.hides_cached else "shown"


def answers_in_words(answers: AnswerRules) -> str:
    """The rules for answers in one line."""
    said = f"new data is {_NEW_DATA[answers.new_data]}"
    if answers.new_data is NewData.MASK:
        own = (f"{one}: {described(use)}" for one, use in sorted(answers.operators.items()))
        said += f" ({'; '.join((described(answers.default_operator), *own))})"
    tools = "all tools" if answers.tools is None else ", ".join(answers.tools) or "no tool"
    said += f"; values come back in text and in arguments of {tools}"
    for tool, pointers in sorted(answers.paths.items()):
        said += f" (of {tool} only below {', '.join(pointers)})"
    if answers.hosts:
        said += f"; and in addresses at {', '.join(answers.hosts)}"
    if answers.restores_thinking:
        said += "; and in signed thinking"
    if answers.hides_cached:
        said += "; figures of cached tokens are left out"
    return said


def unlike(expected: ExpectedAnswers, answers: AnswerRules | None) -> Iterator[str]:
    """How the rules for answers differ from what is expected; None: the request is denied."""
    if answers is None:
        yield "answers are none, since the request is denied"
        return
    if expected.new_data not in (None, answers.new_data):
        yield f"answers.new_data is {answers.new_data}, not {expected.new_data}"
    for key, word, is_word in (
        ("thinking", expected.thinking, thinking_word(answers)),
        ("cached_tokens", expected.cached_tokens, cached_word(answers)),
    ):
        if word not in (None, is_word):
            yield f"answers.{key} is {is_word}, not {word}"
    wanted = {
        one: (use, answers.operator_for(one)) for one, use in (expected.operators or {}).items()
    }
    if expected.default_operator is not None:
        wanted["default_operator"] = (expected.default_operator, answers.default_operator)
    for name, (given, use) in wanted.items():
        read = given if isinstance(given, str) else operator_use(given)
        if read not in (use, use.name):
            yield f"answers: operator for {name} is {described(use)}, not {described(read)}"
    tools = (ALL,) if answers.tools is None else answers.tools
    for key, some, said in (
        ("hosts", expected.hosts, answers.hosts),
        ("tools", expected.tools, tools),
        *((f"paths.{tool}", one, answers.paths.get(tool, ()))
          for tool, one in (expected.paths or {}).items()),
    ):  # fmt: skip
        if some is not None and set(some) != set(said):
            words = (", ".join(sorted(one)) or "none" for one in (said, some))
            yield f"answers.{key} is {', not '.join(words)}"
