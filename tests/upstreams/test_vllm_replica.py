import pytest

from gateway.upstreams.vllm_replica import tokens_in


def test_tokens_are_numbers_and_texts():
    told = {"count": 2, "tokens": [7, 9], "token_strs": ["An", "na"]}

    assert tokens_in(told) == [(7, "An"), (9, "na")]


@pytest.mark.parametrize(
    "told",
    [
        None,
        [],
        {"tokens": [7]},
        {"tokens": 7, "token_strs": "An"},
        {"tokens": ["seven"], "token_strs": ["An"]},
        {"tokens": [True], "token_strs": ["An"]},
        {"tokens": [7], "token_strs": [None]},
        {"tokens": [7, 9], "token_strs": ["An"]},
    ],
)
def test_what_is_no_list_of_tokens_is_none(told):
    assert tokens_in(told) == []
