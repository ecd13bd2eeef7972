"""Our operators as presidio-anonymizer operators, and a user's own by name.

With this module imported, `AnonymizerEngine.add_anonymizer(CloakroomReplace)` gives presidio's
own engine Cloakroom's placeholders. The other way round, an operator class that is installed
under the entry point group `cloakroom.operators` can be named in a policy.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any

from presidio_anonymizer.operators import Operator, OperatorType

from gateway.errors import ConfigError, Problem
from gateway.masking.operators import BUILT_IN, hashed, redacted
from gateway.masking.placeholders import Issuer, framed

GROUP = "cloakroom.operators"


def _required(params: dict[str, Any] | None, *names: str) -> list[Any]:
    given = params or {}
    missing = [name for name in names if not given.get(name)]
    if missing:
        raise ValueError(f"missing parameters: {', '.join(missing)}")
    return [given[name] for name in names]


class _CloakroomOperator(Operator):
    """What the operators here have in common: they anonymize, and say what they want."""

    name = ""
    parameters: tuple[str, ...] = ("entity_type",)

    def validate(self, params: dict[str, Any] | None = None) -> None:
        """Raises `ValueError` where a parameter is missing."""
        _required(params, *(name for name in self.parameters if name != "entity_type"))

    def operator_name(self) -> str:
        """The name by which presidio's engine finds the operator."""
        return self.name

    def operator_type(self) -> OperatorType:
        """An anonymizing operator."""
        return OperatorType.Anonymize


class CloakroomReplace(_CloakroomOperator):
    """Keyed placeholders; `issuer` is the `Issuer` of the exchange, which can restore them."""

    name = "cloakroom_replace"
    parameters = ("issuer", "entity_type")

    def operate(self, text: str, params: dict[str, Any] | None = None) -> str:
        """`<PERSON_7K2QX9>`."""
        issuer, entity_type = _required(params, *self.parameters)
        if not isinstance(issuer, Issuer):
            raise TypeError("issuer must be an Issuer")
        return framed(issuer.issue(str(entity_type), text))


class CloakroomRedact(_CloakroomOperator):
    """The entity type in brackets."""

    name = "cloakroom_redact"

    def operate(self, text: str, params: dict[str, Any] | None = None) -> str:
        """`[PERSON]`."""
        return redacted(str(_required(params, "entity_type")[0]))


class CloakroomHash(_CloakroomOperator):
    """A keyed hash; `key` is 32 bytes."""

    name = "cloakroom_hash"
    parameters = ("key", "entity_type")

    def operate(self, text: str, params: dict[str, Any] | None = None) -> str:
        """`PERSON:` and 32 hex digits."""
        key, entity_type = _required(params, *self.parameters)
        return hashed(key, str(entity_type), text)


class CloakroomKeep(_CloakroomOperator):
    """The text as it is."""

    name = "cloakroom_keep"

    def operate(self, text: str, params: dict[str, Any] | None = None) -> str:
        """The text."""
        return text


OPERATORS = (CloakroomReplace, CloakroomRedact, CloakroomHash, CloakroomKeep)


def adapted(operator: Operator) -> Callable[[str, str], str]:
    """A presidio operator as the masking stage calls one: (text, entity type) -> text."""

    def operate(text: str, entity_type: str) -> str:
        return str(operator.operate(text=text, params={"entity_type": entity_type}))

    return operate


def installed_operators() -> dict[str, Callable[[str, str], str]]:
    """The user's own operators, by the name that policies use.

    Raises:
        ConfigError: one takes a built-in name, cannot be imported, or is no presidio operator.
    """
    found: dict[str, Callable[[str, str], str]] = {}
    problems: list[Problem] = []
    for entry in entry_points(group=GROUP):
        try:
            operator = entry.load()()
        except Exception as error:
            problems.append(_problem(entry.name, f"cannot be loaded ({type(error).__name__})"))
            continue
        if entry.name in BUILT_IN:
            problems.append(_problem(entry.name, "has the name of a built-in operator"))
        elif not isinstance(operator, Operator):
            problems.append(_problem(entry.name, "is not a presidio-anonymizer Operator"))
        else:
            found[entry.name] = adapted(operator)
    if problems:
        raise ConfigError(problems)
    return found


def _problem(name: str, message: str) -> Problem:
    return Problem("installed packages", 0, f"{GROUP}: {name}", message)
