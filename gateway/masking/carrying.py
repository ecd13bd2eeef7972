"""What an answer needs of its request, as JSON: to be kept, for an answer that comes later. Pure.

It holds the caller's values, so whoever keeps it must seal it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

from gateway.masking.matcher import Matcher
from gateway.masking.restore import Restoration
from gateway.masking.sinks import SinkRule
from gateway.types import AnswerRules, Json, NewData, OperatorUse


@dataclass(frozen=True, slots=True)
class Asked:
    """All that is needed of a request to give its answer back.

    `answers` is what policy says of it, and `declared` the names of the caller's own tools, which
    are not of the model's making. `answer_id` is the name of an answer that the provider stores.
    `document` is the request itself, for answers that repeat it; it is not kept.
    """

    model: str
    json_answer: bool
    wants_usage: bool
    restoration: Restoration
    answers: AnswerRules = field(default_factory=AnswerRules)
    declared: frozenset[str] = frozenset()
    answer_id: str = ""
    document: Mapping[str, Json] = field(default_factory=dict, compare=False)

    def __repr__(self) -> str:
        return f"Asked({self.restoration!r})"


def packed_request(asked: Asked) -> dict[str, Any]:
    """All of it as JSON."""
    return {
        "model": asked.model,
        "json_answer": asked.json_answer,
        "wants_usage": asked.wants_usage,
        "restoration": packed(asked.restoration),
        "answers": _packed_rules(asked.answers),
        "declared": sorted(asked.declared),
        "answer_id": asked.answer_id,
    }


def unpacked_request(kept: Any) -> Asked:
    """That of which `packed_request` made this.

    Raises:
        KeyError, TypeError, ValueError: `packed_request` made none such.
    """
    return Asked(
        model=kept["model"],
        json_answer=kept["json_answer"],
        wants_usage=kept["wants_usage"],
        restoration=unpacked(kept["restoration"]),
        answers=_unpacked_rules(kept["answers"]),
        declared=frozenset(kept["declared"]),
        answer_id=kept["answer_id"],
    )


def packed(rules: Restoration) -> dict[str, Any]:
    """Everything of a restoration as JSON."""
    return {
        "placeholders": rules.placeholders,
        "literals": rules.literals,
        "aliases": {form: list(meant) for form, meant in rules.aliases.items()},
        "places": {one: sorted(places) for one, places in rules.sinks.places_of.items()},
        "hosts": sorted(rules.sinks.allowed),
        "types": dict(rules.types),
    }


def unpacked(kept: Any) -> Restoration:
    """The restoration of which `packed` made this.

    Raises:
        KeyError, TypeError, ValueError: `packed` made none such.
    """
    literals: dict[str, str] = kept["literals"]
    aliases = {form: (value, token) for form, (value, token) in kept["aliases"].items()}
    return Restoration(
        surfaces={**kept["placeholders"], **literals},
        matcher=Matcher(kept["placeholders"], [*literals, *aliases]),
        sinks=SinkRule({one: set(places) for one, places in kept["places"].items()}, kept["hosts"]),
        aliases=aliases,
        types=kept["types"],
    )


def _packed_rules(rules: AnswerRules) -> dict[str, Any]:
    said: dict[str, Any] = {one.name: getattr(rules, one.name) for one in fields(rules)}
    return said | {
        "operators": {name: _packed_use(use) for name, use in rules.operators.items()},
        "default_operator": _packed_use(rules.default_operator),
        "paths": dict(rules.paths),
    }


def _unpacked_rules(kept: Mapping[str, Any]) -> AnswerRules:
    """What the gateway that kept it did not know yet is as it is by default."""
    return AnswerRules(**{one: _CHANGED.get(one, _same)(value) for one, value in kept.items()})


def _packed_use(use: OperatorUse) -> list[Any]:
    return [use.name, [[key, list(words)] for key, words in use.options]]


def _unpacked_use(kept: Any) -> OperatorUse:
    name, options = kept
    return OperatorUse(name, tuple((key, tuple(words)) for key, words in options))


def _same(value: Any) -> Any:
    return value


_CHANGED: Final[Mapping[str, Callable[[Any], Any]]] = {
    "new_data": NewData,
    "operators": lambda kept: {name: _unpacked_use(use) for name, use in kept.items()},
    "default_operator": _unpacked_use,
    "hosts": tuple,
    "tools": lambda kept: None if kept is None else tuple(kept),
    "paths": lambda kept: {tool: tuple(said) for tool, said in kept.items()},
}
