"""Which of two decisions sends more: a table of operators, and what an order has to keep."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.masking.generalise import GENERALISE_TYPES
from gateway.operator_kinds import OPERATOR_KINDS
from gateway.policy.order import (
    DEFAULT_TO,
    Difference,
    difference,
    reach,
    reveals_more,
    sends_more,
    words_of,
)
from gateway.types import OperatorUse, UpstreamClass

ON_PREM, EXTERNAL = UpstreamClass.ON_PREM, UpstreamClass.EXTERNAL
TYPES = ("AGE", "IBAN", "PERSON")


@dataclass(frozen=True)
class Sent:
    upstream_class: UpstreamClass | None
    operators: dict[str, OperatorUse] = field(default_factory=dict)
    shadow: bool = False

    def operator_for(self, entity_type: str) -> OperatorUse:
        return self.operators.get(entity_type, OperatorUse("replace"))


def use(name: str, **options: str) -> OperatorUse:
    return OperatorUse(
        name, tuple((key, tuple(words.split())) for key, words in sorted(options.items()))
    )


@pytest.mark.parametrize(
    ("entity_type", "old", "new", "more", "less"),
    [
        ("PERSON", use("replace"), use("replace"), False, False),
        ("PERSON", use("redact"), use("replace"), True, False),
        ("PERSON", use("replace"), use("surrogate"), True, False),
        ("PERSON", use("surrogate"), use("fpe"), True, False),
        ("PERSON", use("fpe"), use("hash"), True, False),
        ("PERSON", use("hash"), use("encrypt"), False, False),
        ("PERSON", use("generalise"), use("keep"), True, False),
        ("PERSON", use("own_one"), use("keep"), True, False),
        ("PERSON", use("generalise"), use("own_one"), True, False),
        # nobody knows what an operator of the user's own reveals
        ("PERSON", use("own_one"), use("own_two"), True, True),
        # the options of one operator
        ("IBAN", use("fpe"), use("fpe", scope="exchange"), False, False),
        ("IBAN", use("fpe"), use("fpe", scope="tenant"), True, False),
        ("IBAN", use("fpe", scope="exchange"), use("fpe", scope="tenant"), True, False),
        ("PERSON", use("surrogate"), use("surrogate", keep="gender"), True, False),
        (
            "PERSON", use("surrogate", keep="gender"), use("surrogate", keep="gender locale"),
            True, False,
        ),
        ("PERSON", use("surrogate", keep="gender"), use("surrogate", keep="locale"), True, True),
        ("AGE", use("generalise"), use("generalise", to="10_years"), False, False),
        ("AGE", use("generalise"), use("generalise", to="5_years"), True, False),
        ("AGE", use("generalise", to="20_years"), use("generalise"), True, False),
        ("DATE_TIME", use("generalise", to="year"), use("generalise", to="month"), True, False),
        ("DATE_TIME", use("generalise", to="decade"), use("generalise"), True, False),
        ("ZIP_CODE", use("generalise", to="2_digits"), use("generalise"), True, False),
        ("COORDINATES", use("generalise"), use("generalise", to="100_km"), False, True),
        # bands of different kinds cannot be compared
        ("AGE", use("generalise", to="month"), use("generalise", to="5_years"), True, True),
    ],
)  # fmt: skip
def test_what_an_operator_reveals(
    entity_type: str, old: OperatorUse, new: OperatorUse, more: bool, less: bool
):
    assert reveals_more(entity_type, old, new) is more
    assert reveals_more(entity_type, new, old) is less


def test_the_defaults_are_those_of_the_operator():
    assert {name: to[0] for name, to in GENERALISE_TYPES.items() if to} == DEFAULT_TO


def test_the_words_of_a_type_are_those_of_the_operator():
    for name, words in GENERALISE_TYPES.items():
        assert set(words_of(name)) == set(words), name
    assert words_of("PERSON") == ()


def test_every_word_of_generalise_has_its_place():
    """A word beside the ladders would count as more both ways, compared with any other."""
    words = OPERATOR_KINDS["generalise"].options["to"]
    for one in words:
        assert any(
            reveals_more("AGE", use("generalise", to=one), use("generalise", to=other))
            is not reveals_more("AGE", use("generalise", to=other), use("generalise", to=one))
            for other in words
            if other != one
        ), one


HASHED = {"IBAN": use("hash"), "PERSON": use("redact")}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (Sent(None), Sent(None), Difference()),
        (Sent(None), Sent(ON_PREM), Difference(farther=True, more=TYPES)),
        (Sent(ON_PREM, {"AGE": use("keep")}), Sent(EXTERNAL), Difference(farther=True, more=TYPES)),
        (Sent(EXTERNAL), Sent(ON_PREM), Difference(nearer=True, less=TYPES)),
        (Sent(EXTERNAL), Sent(None), Difference(nearer=True, less=TYPES)),
        (Sent(EXTERNAL), Sent(EXTERNAL), Difference()),
        (Sent(EXTERNAL), Sent(EXTERNAL, HASHED), Difference(more=("IBAN",), less=("PERSON",))),
        (Sent(EXTERNAL), Sent(EXTERNAL, shadow=True), Difference(more=TYPES)),
        (Sent(ON_PREM, HASHED, shadow=True), Sent(ON_PREM), Difference(less=TYPES)),
        (Sent(ON_PREM, HASHED, shadow=True), Sent(ON_PREM, shadow=True), Difference()),
        (Sent(None, shadow=True), Sent(None), Difference()),
    ],
)
def test_what_differs(old: Sent, new: Sent, expected: Difference):
    assert difference(old, new, TYPES) == expected
    assert sends_more(old, new, TYPES) is (expected.farther or expected.more != ())


def test_a_type_that_was_not_found_does_not_matter():
    assert (
        difference(Sent(EXTERNAL), Sent(EXTERNAL, {"IBAN": use("keep")}), ["AGE"]) == Difference()
    )
    assert sends_more(Sent(None), Sent(ON_PREM), ())


SENT = st.builds(
    Sent,
    st.sampled_from([None, ON_PREM, EXTERNAL]),
    st.dictionaries(
        st.sampled_from(TYPES), st.sampled_from([use(name) for name in OPERATOR_KINDS])
    ),
    st.booleans(),
)


@given(one=SENT)
def test_the_same_sends_no_more(one: Sent):
    assert difference(one, one, TYPES) == Difference()


@given(one=SENT, other=SENT)
def test_more_one_way_is_less_the_other_way(one: Sent, other: Sent):
    there, back = difference(one, other, TYPES), difference(other, one, TYPES)
    assert (there.farther, there.nearer) == (back.nearer, back.farther)
    assert (there.more, there.less) == (back.less, back.more)


@given(one=SENT, two=SENT, three=SENT)
def test_no_detour_sends_more(one: Sent, two: Sent, three: Sent):
    if not sends_more(one, two, TYPES) and not sends_more(two, three, TYPES):
        assert not sends_more(one, three, TYPES)


def test_reach_is_ordered():
    assert [reach(one) for one in (None, ON_PREM, EXTERNAL)] == [0, 1, 2]
