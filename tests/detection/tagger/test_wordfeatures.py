from hypothesis import given
from hypothesis import strategies as st

from gateway.detection.tagger.wordfeatures import (
    CASES,
    LOWER,
    PIECE_ROWS,
    UPPER,
    WORD_ROWS,
    case_of,
    folded,
    recased,
    word_features,
    word_keys,
)

WORDS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1)


def test_folded_words():
    table = {
        "Anna": "anna",
        "STRASSE": "strasse",
        "Straße": "strasse",
        "1984": "1984",
        "19841": "00000",
        "1" * 40: "0" * 16,
        "\n\n": "\n",
        "@": "@",
    }

    assert {word: folded(word) for word in table} == table


@given(st.lists(WORDS, max_size=20))
def test_a_words_features_do_not_depend_on_the_others(words):
    together = word_features(words)
    for at, word in enumerate(words):
        alone = word_features([word])
        assert (together.rows[at] == alone.rows[0]).all()
        assert (together.pieces[at] == alone.pieces[0]).all()
        assert together.share[at] == alone.share[0]
        assert together.keys[at] == alone.keys[0]
    assert (together.keys == word_keys(words)).all()


@given(st.lists(WORDS, min_size=1, max_size=20))
def test_rows_are_inside_the_tables(words):
    found = word_features(words)
    assert found.rows.min() >= 0
    assert found.rows.max() < WORD_ROWS
    assert found.pieces.min() >= 0
    assert found.pieces.max() <= PIECE_ROWS
    assert ((found.share > 0) & (found.share <= 1)).all()


def test_hashes_stay_what_the_shipped_tables_were_trained_with():
    found = word_features(["anna", "schneider", "0000000"])
    assert found.rows.tolist() == ROWS
    assert found.pieces.sum(axis=1).tolist() == PIECE_SUMS


def test_similar_words_share_pieces():
    anna, annas, other = (
        set(row) - {PIECE_ROWS} for row in word_features(["schmidt", "schmidts", "wolke"]).pieces
    )
    assert len(anna & annas) > 8
    assert len(anna & other) <= 1


def test_no_words():
    assert word_features([]).rows.shape == (0, 2)


def test_case_classes_differ():
    words = ["anna", "Anna", "ANNA", "A", "McAnna", "iAnna", "1234", "@", "\n", "東"]
    assert len({case_of(word) // 8 for word in words}) == len(words)


@given(WORDS)
def test_case_is_in_range_and_lowering_is_idempotent(word):
    case = case_of(word)
    assert 0 <= case < CASES
    assert recased(recased(case, LOWER), LOWER) == recased(case, LOWER)
    assert 0 <= recased(case, UPPER) < CASES


def test_recased_is_the_case_of_the_recased_word():
    for word in ["Anna", "schmidt", "McDonald", "a", "12", "@"]:
        assert recased(case_of(word), LOWER) == case_of(word.lower())
        assert recased(case_of(word), UPPER) == case_of(word.upper())


ROWS = [[16948, 18321], [10792, 21990], [7255, 22061]]
PIECE_SUMS = [2202764, 1690728, 2154147]
