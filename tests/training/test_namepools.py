"""Names as training swaps them in. Of the training extra."""

import pytest

from gateway.training.dataset import Vocabulary
from gateway.training.namepools import drawn

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def of_the_lists():
    vocabulary = Vocabulary()
    vocabulary.number("ordinary")
    return vocabulary, drawn(vocabulary, 7)


def test_a_name_has_a_genitive_and_a_name_that_ends_in_s_has_none(of_the_lists):
    vocabulary, names = of_the_lists
    word = vocabulary.words
    for plain, inflected in (("hildegard", "hildegards"), ("thomas", "thomas")):
        assert word[names.genitive[vocabulary.number(plain)]] == inflected
    assert names.in_genitive[vocabulary.number("hildegards")]
    assert not names.in_genitive[vocabulary.number("thomas")]
    assert not names.in_genitive[vocabulary.number("ordinary")]


def test_a_name_of_the_lists_is_no_genitive_of_another(of_the_lists):
    vocabulary, names = of_the_lists
    assert {"peter", "peters"} <= set(vocabulary.words)
    assert not names.in_genitive[vocabulary.number("peters")]


def test_blends_of_surnames_are_not_of_the_lists(of_the_lists):
    _, names = of_the_lists
    assert 0 < names.listed[names.surnames].mean() < 1
