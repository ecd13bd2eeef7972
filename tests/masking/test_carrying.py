"""What was packed restores as what was made, whatever operators issued the tokens."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.masking.carrying import (
    Asked,
    packed,
    packed_request,
    unpacked,
    unpacked_request,
)
from gateway.masking.restore import Restoration, Tally, restore
from gateway.types import AnswerRules, NewData, OperatorUse
from tests.masking.test_round_trip import RETURNING, VALUES, decision, masked

TEXTS = st.lists(
    st.sampled_from([*VALUES, " ", "https://h.example/?q=", "](", "<PERSON_AB12CD>"])
    | st.text(max_size=6),
    max_size=12,
).map("".join)


def carried(rules: Restoration) -> Restoration:
    return unpacked(orjson.loads(orjson.dumps(packed(rules))))


@pytest.mark.parametrize("operator", RETURNING)
@given(text=TEXTS, foreign=st.text(max_size=30))
def test_it_restores_the_same(operator: str, text: str, foreign: str) -> None:
    """In prose and in JSON, in addresses and out of them; the counts are the same as well."""
    request = masked([text], decision(OperatorUse(operator)))
    sent = orjson.loads(request.body)["messages"][0]["content"]
    answer = f"{sent} https://elsewhere.example/?x={sent} {foreign}"
    after = carried(request.restoration)

    for is_json in (False, True):
        tallies = Tally(), Tally()
        before = restore(answer, request.restoration, tallies[0], is_json=is_json)
        assert restore(answer, after, tallies[1], is_json=is_json) == before
        assert tallies[0] == tallies[1]


def test_one_name_of_a_person_comes_back_through_its_alias() -> None:
    """The further forms of tokens are carried, too."""
    request = masked(["Anna Schmidt wrote"], decision(OperatorUse("surrogate")))
    aliases = request.restoration.aliases
    assert aliases

    after = carried(request.restoration)
    for form, (value, _) in aliases.items():
        assert restore(form, after, Tally()) == value


@pytest.mark.parametrize("kept", [None, [], {}, {"placeholders": {}}])
def test_what_is_no_restoration_is_refused(kept: object) -> None:
    """With an error that the caller can tell."""
    with pytest.raises((KeyError, TypeError, ValueError)):
        unpacked(kept)


OTHER: dict[str, Any] = {
    "new_data": NewData.MASK,
    "operators": {"PERSON": OperatorUse("generalise", (("keep", ("year",)),))},
    "default_operator": OperatorUse("hash"),
    "hosts": ("a.example",),
    "tools": ("crm_*",),
    "paths": {"crm_note": ("/to",)},
}


def test_what_policy_says_of_answers_is_kept_whole() -> None:
    """Every rule that there is, each with another value than its default."""
    rules = replace(
        AnswerRules(),
        **{one.name: OTHER.get(one.name, not one.default) for one in fields(AnswerRules)},
    )
    request = masked(["Anna Schmidt"], decision(OperatorUse("replace")))
    asked = Asked("m", True, False, request.restoration, rules, frozenset({"crm_note"}))
    kept = orjson.loads(orjson.dumps(packed_request(asked)))

    after = unpacked_request(kept)
    assert after.answers == rules
    assert all(getattr(rules, one.name) != one.default for one in fields(AnswerRules))
    assert (after.model, after.json_answer, after.wants_usage) == ("m", True, False)
    assert after.declared == {"crm_note"}
    assert after.restoration.surfaces == request.restoration.surfaces
    assert "Anna" not in repr(asked)


def test_rules_that_came_later_are_as_they_are_by_default() -> None:
    """What an earlier version kept can still be read."""
    request = masked(["Anna Schmidt"], decision(OperatorUse("replace")))
    kept = packed_request(Asked("m", False, False, request.restoration))
    del kept["answers"]["hosts"]

    assert unpacked_request(kept).answers == AnswerRules()
