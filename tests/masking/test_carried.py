"""A request that goes on with a conversation of which it does not hold the beginning."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.masking.carrying import packed, unpacked
from gateway.masking.mask import MaskedRequest, mask
from gateway.masking.restore import Restoration, Tally, restore
from gateway.types import OperatorUse
from gateway.wire.chat import parse
from tests.masking.test_round_trip import KEYS, RETURNING, TYPES, VALUES, decision, found_in

TEXTS = st.lists(
    st.sampled_from([*VALUES, " ", ", ", "<PERSON_AB12CD>", "[x](https://h.example/?q="])
    | st.text(alphabet='abc \n"', max_size=4),
    max_size=10,
).map("".join)


def turn(
    text: str, operator: str, before: MaskedRequest | None = None, *, finds: bool = True
) -> MaskedRequest:
    """Mask a turn alone; what restores the one before is kept as JSON meanwhile."""
    parsed = parse({"model": "m", "messages": [{"role": "user", "content": text}]})
    return mask(
        parsed,
        found_in(parsed.leaves) if finds else [],
        decision(OperatorUse(operator)),
        KEYS,
        path="/chat/completions",
        entity_types=TYPES,
        carried=None if before is None else kept(before.restoration),
    )


def kept(rules: Restoration) -> Restoration:
    return unpacked(orjson.loads(orjson.dumps(packed(rules))))


def sent(request: MaskedRequest) -> str:
    return str(orjson.loads(request.body)["messages"][0]["content"])


def restored(text: str, request: MaskedRequest) -> str:
    return restore(text, request.restoration, Tally())


@pytest.mark.parametrize("operator", RETURNING)
@given(first=TEXTS, second=TEXTS, third=TEXTS)
def test_tokens_of_all_turns_come_back(operator: str, first: str, second: str, third: str):
    one = turn(first, operator)
    two = turn(second, operator, one)
    three = turn(third, operator, two)
    for text, request in ((first, one), (second, two), (third, three)):
        assert restored(sent(request), request) == text
        assert restored(sent(request), three) == text


@pytest.mark.parametrize("operator", RETURNING)
@given(text=TEXTS)
def test_a_value_keeps_its_token(operator: str, text: str):
    one = turn(text, operator)
    two = turn(text, operator, one)
    assert two.restoration.surfaces.items() >= one.restoration.surfaces.items()
    assert sent(two) == sent(one)
    assert two.restoration.issued == 0


@pytest.mark.parametrize("operator", RETURNING)
def test_a_value_of_an_earlier_turn_is_masked_where_nothing_finds_it(operator: str):
    one = turn("I am Anna Schmidt, anna@firma.de, 4111 1111 1111 1111.", operator)
    two = turn("Did Anna Schmidt (anna@firma.de) pay with 4111 1111 1111 1111?", operator, one,
               finds=False)  # fmt: skip
    for value in ("Anna Schmidt", "anna@firma.de", "4111 1111 1111 1111"):
        assert value not in sent(two)
    assert restored(sent(two), two).startswith("Did Anna Schmidt (anna@firma.de) pay with 4111")
    assert two.restoration.issued == 0
    assert two.restoration.carried == len(one.restoration.surfaces)


def test_a_value_that_policy_lets_pass_now_is_not_masked():
    one = turn("I am Anna Schmidt.", "replace")
    two = turn("Is Anna Schmidt here?", "keep", one)
    assert sent(two) == "Is Anna Schmidt here?"
    assert restored(sent(one), two) == "I am Anna Schmidt."


@pytest.mark.parametrize("operator", ["surrogate", "fpe", "encrypt"])
def test_text_that_is_a_token_of_an_earlier_turn_comes_back_as_it_was(operator: str):
    one = turn("4111 1111 1111 1111", operator)
    token = sent(one)
    assert token != "4111 1111 1111 1111"
    two = turn(f"Who is {token}?", operator, one, finds=False)
    assert token not in sent(two)
    assert restored(sent(two), two) == f"Who is {token}?"
    assert restored(token, two) == "4111 1111 1111 1111"


def test_a_value_of_another_turn_never_gets_a_token_that_is_taken(monkeypatch: pytest.MonkeyPatch):
    """Codes that collide step on, as they do within one request."""
    codes = iter(["AB12CD", "AB12CD", "AB12CE"])
    monkeypatch.setattr("gateway.masking.placeholders.code", lambda *_: next(codes))
    one = turn("Anna Schmidt", "replace")
    two = turn("José Núñez", "replace", one)
    assert two.restoration.surfaces == {
        "PERSON_AB12CD": "Anna Schmidt",
        "PERSON_AB12CE": "José Núñez",
    }


def test_one_name_of_a_person_stays_part_of_the_stand_in():
    one = turn("Anna Schmidt wrote.", "surrogate")
    stand_in = sent(one).removesuffix(" wrote.")
    two = turn("Schmidt again.", "surrogate", one)
    assert sent(two).removesuffix(" again.") in stand_in.split()
    assert restored(sent(two), two) == "Schmidt again."


def test_an_address_of_an_earlier_turn_may_carry_the_value_back():
    one = turn("See https://shop.example/?who=Ann today.", "replace")
    two = turn("And?", "replace", one)
    assert restored(sent(one), two) == "See https://shop.example/?who=Ann today."
    other = sent(one).replace("shop.example", "evil.example")
    assert "Ann" not in restored(other, two)
