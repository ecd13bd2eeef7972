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
from gateway.masking.ciphertext import encrypted
from gateway.masking.formats import encrypted as format_preserved
from gateway.masking.generalise import generalised
from gateway.masking.operators import BUILT_IN, hashed, redacted, subkey
from gateway.masking.placeholders import Issuer, framed
from gateway.masking.surrogates.stand_in import stand_in
from gateway.operator_kinds import FPE, SURROGATE

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
    """Keyed placeholders; `issuer` is the `Issuer` of the exchange, which can restore them.

    Reveals the type, and which values are equal within the issuer's scope.
    """

    name = "cloakroom_replace"
    parameters = ("issuer", "entity_type")

    def operate(self, text: str, params: dict[str, Any] | None = None) -> str:
        """`<PERSON_7K2QX9>`."""
        issuer, entity_type = _required(params, *self.parameters)
        if not isinstance(issuer, Issuer):
            raise TypeError("issuer must be an Issuer")
        return framed(issuer.issue(str(entity_type), text))


class CloakroomRedact(_CloakroomOperator):
    """The entity type in brackets. Reveals the type alone."""

    name = "cloakroom_redact"

    def operate(self, text: str, params: dict[str, Any] | None = None) -> str:
        """`[PERSON]`."""
        return redacted(str(_required(params, "entity_type")[0]))


class CloakroomHash(_CloakroomOperator):
    """A keyed hash; `key` is 32 bytes.

    Reveals the type, and which values are equal wherever the key is used.
    """

    name = "cloakroom_hash"
    parameters = ("key", "entity_type")

    def operate(self, text: str, params: dict[str, Any] | None = None) -> str:
        """`PERSON:` and 32 hex digits."""
        key, entity_type = _required(params, *self.parameters)
        return hashed(key, str(entity_type), text)


class CloakroomEncrypt(_CloakroomOperator):
    """A ciphertext that `ciphertext.decrypt_all` reads again; `key` is 32 bytes.

    Reveals the type, the length, and which values are equal wherever the key is used.
    """

    name = "cloakroom_encrypt"
    parameters = ("key", "entity_type")

    def operate(self, text: str, params: dict[str, Any] | None = None) -> str:
        """`PERSON:enc:` and base 32."""
        key, entity_type = _required(params, *self.parameters)
        return encrypted(key, str(entity_type), text)


class CloakroomFpe(_CloakroomOperator):
    """Another value of the same format; `key` is 32 bytes. A value without one is redacted.

    Reveals the type, length and separators, what the format fixes, and which values are equal
    wherever the key is used. Nothing here checks whether the result stands in the text already.
    """

    name = "cloakroom_fpe"
    parameters = ("key", "entity_type")

    def operate(self, text: str, params: dict[str, Any] | None = None) -> str:
        """`4929 8274 1160 0397`, or `[CREDIT_CARD]`."""
        key, entity_type = _required(params, *self.parameters)
        made = format_preserved(subkey(key, FPE), str(entity_type), text)
        return redacted(str(entity_type)) if made is None else made


class CloakroomSurrogate(_CloakroomOperator):
    """A realistic stand-in; `key` is 32 bytes. A value without one is redacted.

    `keep` lists what stays of a value (`format`, `gender`, `locale`); `language` is an ISO 639-1
    code. Reveals the type, which values are equal wherever the key is used, and what `keep`
    lists. Nothing here checks whether the stand-in stands in the text already.
    """

    name = "cloakroom_surrogate"
    parameters = ("key", "entity_type")

    def operate(self, text: str, params: dict[str, Any] | None = None) -> str:
        """`j.berg@example.com`, or `[API_KEY]`."""
        key, entity_type = _required(params, *self.parameters)
        made = stand_in(
            subkey(key, SURROGATE),
            str(entity_type),
            text,
            keep=frozenset((params or {}).get("keep", ())),
            language=str((params or {}).get("language", "")),
            attempt=0,
        )
        return redacted(str(entity_type)) if made is None else made.text


class CloakroomGeneralise(_CloakroomOperator):
    """A coarser value, such as an age band; `to` says how coarse. Else the value is redacted.

    Reveals the type and the coarser value.
    """

    name = "cloakroom_generalise"

    def operate(self, text: str, params: dict[str, Any] | None = None) -> str:
        """`40-49`, or `[PERSON]`."""
        entity_type = str(_required(params, "entity_type")[0])
        made = generalised(entity_type, text, (params or {}).get("to"))
        return redacted(entity_type) if made is None else made


class CloakroomKeep(_CloakroomOperator):
    """The text as it is. Reveals everything."""

    name = "cloakroom_keep"

    def operate(self, text: str, params: dict[str, Any] | None = None) -> str:
        """The text."""
        return text


OPERATORS = (
    CloakroomReplace,
    CloakroomRedact,
    CloakroomHash,
    CloakroomEncrypt,
    CloakroomFpe,
    CloakroomSurrogate,
    CloakroomGeneralise,
    CloakroomKeep,
)


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
