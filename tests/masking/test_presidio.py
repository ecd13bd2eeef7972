"""Cloakroom's operators inside presidio's own anonymizer engine, and a user's own in ours."""

from __future__ import annotations

import re
from importlib.metadata import EntryPoint

import pytest
from presidio_anonymizer import AnonymizerEngine
from presidio_anonymizer.entities import OperatorConfig, RecognizerResult
from presidio_anonymizer.operators import Operator, OperatorType

from gateway.errors import ConfigError
from gateway.masking import presidio
from gateway.masking.placeholders import Issuer
from gateway.operator_kinds import OPERATOR_KINDS


class Rot(Operator):  # type: ignore[misc]
    """Somebody's own operator."""

    def operate(self, text: str, params: dict[str, object] | None = None) -> str:
        return f"{(params or {})['entity_type']}:{text[::-1]}"

    def validate(self, params: dict[str, object] | None = None) -> None:
        return None

    def operator_name(self) -> str:
        return "rot"

    def operator_type(self) -> OperatorType:
        return OperatorType.Anonymize


@pytest.mark.parametrize(
    ("name", "params", "expected"),
    [
        ("cloakroom_replace", {"issuer": Issuer(b"k" * 32)}, r"I am <PERSON_[0-9A-Z]{6}>\."),
        ("cloakroom_redact", {}, r"I am \[PERSON\]\."),
        ("cloakroom_hash", {"key": b"k" * 32}, r"I am PERSON:[0-9a-f]{32}\."),
        ("cloakroom_encrypt", {"key": b"k" * 32}, r"I am PERSON:enc:[a-z2-7]{32,}\."),
        ("cloakroom_fpe", {"key": b"k" * 32}, r"I am \[PERSON\]\."),
        ("cloakroom_surrogate", {"key": b"k" * 32}, r"I am (?!Anna)[A-Z]\w+( [A-Z]\w+)*\."),
        ("cloakroom_surrogate", {"key": b"k" * 32, "keep": ["format"]}, r"I am (?!Anna)\w+\."),
        ("cloakroom_generalise", {}, r"I am \[PERSON\]\."),
        ("cloakroom_keep", {}, r"I am Anna\."),
    ],
)
def test_our_operators_in_presidios_engine(
    name: str, params: dict[str, object], expected: str
) -> None:
    """The real engine, the real classes."""
    engine = AnonymizerEngine()
    for operator in presidio.OPERATORS:
        engine.add_anonymizer(operator)
    found = [RecognizerResult("PERSON", 5, 9, 0.9)]
    result = engine.anonymize("I am Anna.", found, {"PERSON": OperatorConfig(name, params)})

    assert re.fullmatch(expected, result.text)


@pytest.mark.parametrize(
    ("operator", "entity_type", "text", "params", "expected"),
    [
        (presidio.CloakroomFpe, "CREDIT_CARD", "4111 1111 1111 1111", {"key": b"k" * 32},
         r"4\d{3} \d{4} \d{4} \d{4}"),
        (presidio.CloakroomSurrogate, "API_KEY", "sk-1234", {"key": b"k" * 32}, r"\[API_KEY\]"),
        (presidio.CloakroomGeneralise, "DATE_TIME", "2024-03-12", {"to": "year"}, "2024"),
    ],
)  # fmt: skip
def test_values_with_and_without_a_form(
    operator: type[Operator], entity_type: str, text: str, params: dict[str, object], expected: str
) -> None:
    """What has no other form is redacted: there is no issuer here to restore a placeholder."""
    made = operator().operate(text, {**params, "entity_type": entity_type})

    assert re.fullmatch(expected, made)
    assert made != text


def test_every_built_in_operator_is_there() -> None:
    """Under its own name, so that neither engine lacks what the other has."""
    names = {operator.name.removeprefix("cloakroom_") for operator in presidio.OPERATORS}

    assert names == set(OPERATOR_KINDS)


@pytest.mark.parametrize(
    ("operator", "name"),
    [
        (presidio.CloakroomReplace, "issuer"),
        (presidio.CloakroomHash, "key"),
        (presidio.CloakroomEncrypt, "key"),
        (presidio.CloakroomFpe, "key"),
        (presidio.CloakroomSurrogate, "key"),
    ],
)
def test_missing_parameters_are_refused(operator: type[Operator], name: str) -> None:
    """A token without a key would be guessable."""
    with pytest.raises(ValueError, match=name):
        operator().validate({})


def installed(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    entry = EntryPoint(name, value, presidio.GROUP)
    monkeypatch.setattr(presidio, "entry_points", lambda group: [entry])
    monkeypatch.setattr(EntryPoint, "load", lambda self: globals().get(value) or int)


def test_a_users_own_operator_is_found_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """And works on text and entity type."""
    installed(monkeypatch, "rot", "Rot")

    assert presidio.installed_operators()["rot"]("abc", "PERSON") == "PERSON:cba"


@pytest.mark.parametrize(("name", "value"), [("keep", "Rot"), ("rot", "other")])
def test_a_wrong_operator_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """A built-in's name, or not an operator at all."""
    installed(monkeypatch, name, value)

    with pytest.raises(ConfigError):
        presidio.installed_operators()
