"""restore(mask(x)) = x for every operator that comes back, whole, streamed and inside JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import InternalError
from gateway.masking.mask import MaskedRequest, MaskingKeys, mask
from gateway.masking.restore import Restorer, Tally, restore
from gateway.masking.sinks import SinkRule
from gateway.types import Candidate, Decision, Effect, Finding, Leaf, OperatorUse, UpstreamClass
from gateway.wire.chat import parse

KEYS = MaskingKeys(scope=b"s" * 32, hashes=b"h" * 32, tenant=b"t" * 32)
VALUES = {
    "Anna Schmidt": "PERSON",
    "Schmidt": "PERSON",
    "José Núñez": "PERSON",
    "Ann": "PERSON",
    "日本 太郎": "PERSON",
    'O"Brien\\': "PERSON",
    "<PERSON_7K2QX9>": "PERSON",
    "anna@firma.de": "EMAIL_ADDRESS",
    "+49 30 12345678": "PHONE_NUMBER",
    "4111 1111 1111 1111": "CREDIT_CARD",
    "4111-1111-1111-1111": "CREDIT_CARD",
    "DE89 3704 0044 0532 0130 00": "IBAN",
    "192.168.7.20": "IP_ADDRESS",
    "2024-03-12": "DATE_TIME",
}
TYPES = frozenset(VALUES.values())
RETURNING = ("replace", "encrypt", "fpe", "surrogate")
FOUND = re.compile("|".join(map(re.escape, sorted(VALUES, key=len, reverse=True))))


def decision(*uses: OperatorUse) -> Decision:
    """One operator for all types, or one for each type in turn."""
    return Decision(
        effect=Effect.MASK,
        upstream_class=UpstreamClass.ON_PREM,
        candidates=(Candidate("local", UpstreamClass.ON_PREM),),
        operators={name: uses[at % len(uses)] for at, name in enumerate(sorted(TYPES))},
        default_operator=uses[0],
        rule_ids=(),
        reason="",
        policy_id="test",
        policy_digest="0" * 64,
    )


def found_in(leaves: Sequence[Leaf]) -> list[Finding]:
    return [
        Finding(index, found.start(), found.end(), VALUES[found.group()], 0.9, "test")
        for index, leaf in enumerate(leaves)
        for found in FOUND.finditer(leaf.text)
    ]


def masked(
    texts: Iterable[str], chosen: Decision, custom: dict[str, Any] | None = None, **fields: Any
) -> MaskedRequest:
    messages = [{"role": "user", "content": text} for text in texts]
    parsed = parse({"model": "m", "messages": messages, **fields})
    return mask(
        parsed,
        found_in(parsed.leaves),
        chosen,
        KEYS,
        path="/chat/completions",
        entity_types=TYPES,
        custom=custom,
        language="de",
    )


def contents(request: MaskedRequest) -> list[str]:
    return [message["content"] for message in orjson.loads(request.body)["messages"]]


class Everywhere(SinkRule):
    """Lets a value stand anywhere."""

    def permits(self, *_: object, **__: object) -> bool:
        return True


PIECES = st.lists(
    st.sampled_from([*VALUES, *VALUES, " ", " ", ", ", "\n", "x", "s", "5", ".", "'s", "さん", "é"])
    | st.sampled_from(["Anna ", "Anna Berg", "<PERSON_AB12CD>", "<", "PERSON:enc:", "\\", '"', "&"])
    | st.sampled_from(["https://h.example/?q=", "](", "@example.com", "+49 ", "4111"])
    | st.text(max_size=4),
    max_size=14,
)
TEXTS = st.lists(PIECES.map("".join).filter(bool), min_size=1, max_size=3)
USES = st.sampled_from(
    [
        *map(OperatorUse, RETURNING),
        OperatorUse("surrogate", (("keep", ("format", "gender", "locale")),)),
        OperatorUse("fpe", (("scope", ("tenant",)),)),
    ]
)
DECISIONS = st.lists(USES, min_size=1, max_size=3).map(lambda uses: decision(*uses))
STEPS = st.lists(st.integers(1, 9), min_size=1, max_size=20)


@given(TEXTS, DECISIONS, STEPS)
def test_restoring_undoes_masking(texts: list[str], chosen: Decision, steps: list[int]) -> None:
    """Byte for byte, whatever the values stand beside; whole and in any cutting."""
    request = masked(texts, chosen)
    for text, sent in zip(texts, contents(request), strict=True):
        tally, in_pieces = Tally(), Tally()
        assert restore(sent, request.restoration, tally) == text
        restorer, out, at, turn = Restorer(request.restoration, in_pieces), "", 0, 0
        while at < len(sent):
            step = steps[turn % len(steps)]
            out += restorer.feed(sent[at : at + step])
            at, turn = at + step, turn + 1
        assert out + restorer.flush() == text
        assert tally == in_pieces
        assert tally.damaged == tally.blocked == 0


@given(TEXTS, DECISIONS, st.booleans())
def test_restoring_undoes_masking_inside_json(
    texts: list[str], chosen: Decision, ascii_only: bool
) -> None:
    """A model that writes what it was sent into arguments, with escapes or without."""
    request = masked(texts, chosen)
    arguments = json.dumps({"text": contents(request)}, ensure_ascii=ascii_only)
    # A string that begins as an address is one to its end, which is another test's matter.
    rules = replace(request.restoration, sinks=Everywhere({}))

    restored = restore(arguments, rules, Tally(), is_json=True)
    assert json.loads(restored) == {"text": texts}


@given(TEXTS, DECISIONS)
def test_one_value_one_token(texts: list[str], chosen: Decision) -> None:
    """Injective, and a function of the exchange alone."""
    request = masked(texts, chosen)
    surfaces = request.restoration.surfaces

    assert len(set(surfaces.values())) == len(surfaces)
    assert dict(masked(texts, chosen).restoration.surfaces) == dict(surfaces)
    assert not set(surfaces) & set(request.restoration.aliases)


@given(TEXTS, TEXTS, DECISIONS)
def test_nothing_is_restored_that_was_not_issued(
    texts: list[str], others: list[str], chosen: Decision
) -> None:
    """The exchange's own texts hold none of its tokens, nor any further form of one."""
    request = masked([*texts, *others], chosen)
    issued = request.restoration.surfaces.values()
    for text in texts:
        tally = Tally()
        clear = text
        for value in sorted(issued, key=len, reverse=True):
            clear = clear.replace(value, "\ufffc")
        assert restore(clear, request.restoration, tally) == clear
        assert tally.restored == 0


@pytest.mark.parametrize("name", ["encrypt", "fpe", "surrogate"])
def test_values_do_not_leave(name: str) -> None:
    """Nothing of them, and what was really done is counted."""
    text = "Anna Schmidt, anna@firma.de, 4111 1111 1111 1111, 192.168.7.20"
    request = masked([text], decision(OperatorUse(name)))

    assert not any(value in request.body.decode() for value in VALUES)
    assert sum(request.counts.values()) == 4
    assert request.counts[("CREDIT_CARD", name)] == 1
    assert {operator for _, operator in request.counts} <= {name, "replace"}
    assert not re.search("Anna|4111|192", repr(request) + repr(request.restoration))


def test_a_value_that_touches_letters_gets_a_placeholder() -> None:
    """Else its stand-in would be part of a longer word, and stay in the answer."""
    alone = masked(["to Anna Schmidt."], decision(OperatorUse("surrogate")))
    touched = masked(["to Anna Schmidts."], decision(OperatorUse("surrogate")))

    assert dict(alone.counts) == {("PERSON", "surrogate"): 1}
    assert dict(touched.counts) == {("PERSON", "replace"): 1}


def test_names_and_keys_hold_placeholders() -> None:
    """Where only a bare placeholder is legal; both tokens of the value come back."""
    schema = {"type": "object", "properties": {"anna@firma.de": {"type": "string"}}}
    tool = {"type": "function", "function": {"name": "f", "parameters": schema}}
    request = masked(["to anna@firma.de"], decision(OperatorUse("encrypt")), tools=[tool])

    surfaces = request.restoration.surfaces
    (core,) = (one for one in surfaces if ":" not in one)
    (sealed,) = (one for one in surfaces if ":" in one)
    sent = orjson.loads(request.body)
    assert sent["tools"][0]["function"]["parameters"]["properties"] == {core: {"type": "string"}}
    assert sent["messages"][0]["content"] == f"to {sealed}"
    assert surfaces[core] == surfaces[sealed] == "anna@firma.de"
    assert dict(request.counts) == {
        ("EMAIL_ADDRESS", "encrypt"): 1,
        ("EMAIL_ADDRESS", "replace"): 1,
    }


def test_a_coarser_value_does_not_come_back() -> None:
    """And where there is none, the type alone is sent."""
    year = OperatorUse("generalise", (("to", ("year",)),))
    request = masked(["2024-03-12 Anna Schmidt"], decision(year))

    assert contents(request) == ["2024 [PERSON]"]
    assert dict(request.counts) == {("DATE_TIME", "generalise"): 1, ("PERSON", "redact"): 1}
    assert not request.restoration.surfaces


def raising(text: str, entity_type: str) -> str:
    raise ValueError(text)


@pytest.mark.parametrize("own", [raising, lambda text, _: [text]])
def test_an_operator_of_the_users_own_that_fails(own: Any) -> None:
    """Nothing is sent, and the error holds nothing of the value."""
    with pytest.raises(InternalError) as caught:
        masked(["Anna Schmidt"], decision(OperatorUse("mine")), {"mine": own})

    assert "Anna" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_what_an_operator_of_the_users_own_makes_is_no_token() -> None:
    """One that makes another value's token costs that value its literal, and nothing else."""
    value = "4111 1111 1111 1111"
    first = masked([value], decision(OperatorUse("fpe")))
    token = next(iter(first.restoration.surfaces))
    uses = {"PERSON": OperatorUse("mine"), "CREDIT_CARD": OperatorUse("fpe")}
    chosen = decision(*(uses.get(name, OperatorUse("redact")) for name in sorted(TYPES)))

    request = masked([f"{value} Ann"], chosen, {"mine": lambda *_: token})
    (sent,) = contents(request)
    assert restore(sent, request.restoration, Tally()) == f"{value} {token}"
