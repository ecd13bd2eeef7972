from gateway.detection.tagger.tags import ENTITY_TYPES
from gateway.training.calibrate import CLEAN, FURTHER, GRID, Scored, biases

EVERYTHING = {"all": frozenset(ENTITY_TYPES)}


def text(corpus, gold, found, doubtful=()):
    """A text in which each entry of `found` shows from a bias on: (bias, start, end, type)."""

    def at(bias):
        return [one[1:] for one in found if bias[one[3]] >= one[0]]

    return Scored(corpus, at, gold, doubtful, 100)


def test_recall_weighs_more_than_precision():
    gold = [(at, at + 5, "PERSON") for at in range(0, 200, 10)]
    sure = [(-1.0, *one) for one in gold[:15]]
    more = [(1.0, *one) for one in gold[15:]]
    false = [(1.0, 1000 + at, 1005 + at, "PERSON") for at in range(0, 60, 10)]

    assert biases([text("all", gold, sure + more + false)], EVERYTHING, 1e6)["PERSON"] == 1.0


def test_of_equals_the_one_counts_that_misses_least():
    gold = [(at, at + 5, "ADDRESS") for at in range(0, 2000, 10)]
    sure, more = gold[:199], gold[199:]
    false = [(5000 + at, 5005 + at, "ADDRESS") for at in range(0, 60, 10)]
    found = [(-1.0, *one) for one in sure] + [(0.5, *one) for one in (*more, *false)]

    assert biases([text("all", gold, found)], EVERYTHING, 1e6)["ADDRESS"] == 0.5


def test_of_places_and_firms_the_least_counts_that_is_nearly_as_good():
    gold = [(at, at + 5, "LOCATION") for at in range(0, 5000, 10)]
    sure, more = gold[:499], gold[499:]
    found = [(-1.0, *one) for one in sure] + [(0.5, *one) for one in more]

    assert biases([text("all", gold, found)], EVERYTHING, 1e6)["LOCATION"] == -1.0


def test_false_findings_in_clean_text_bound_the_bias():
    gold = [(at, at + 5, "PERSON") for at in range(0, 200, 10)]
    texts = [
        text("all", gold, [(0.75, *one) for one in gold]),
        text(CLEAN, [], [(0.5, 0, 5, "PERSON")]),
    ]

    assert biases(texts, EVERYTHING, 1e6)["PERSON"] == 0.75
    assert biases(texts, EVERYTHING, 1.0)["PERSON"] < 0.5


def test_what_is_in_doubt_or_of_another_type_is_not_false():
    gold = [(at, at + 5, "PERSON") for at in range(0, 200, 10)]
    found = [(-1.0, *one) for one in gold]
    beside = [(0.0, 0, 5, "LOCATION"), (0.0, 500, 505, "PERSON")]
    chosen = biases([text("all", gold, found + beside, [(500, 505)])], EVERYTHING, 1e6)

    assert chosen["PERSON"] == 0.0  # nothing false at any bias, so none is better


def test_names_get_one_bias_and_people_more_where_it_finds_more():
    people = [(at, at + 5, "PERSON") for at in range(0, 200, 10)]
    towns = [(at, at + 5, "LOCATION") for at in range(1000, 1200, 10)]
    shown = [(0.5, *one) for one in towns] + [(1.25, *one) for one in people[10:]]
    shown += [(-1.0, *one) for one in people[:10]]
    false = [(0.75, 5000 + at, 5005 + at, "LOCATION") for at in range(0, 5000, 10)]
    chosen = biases([text("all", [*people, *towns], [*shown, *false])], EVERYTHING, 1e6)

    assert (chosen["LOCATION"], chosen["ORGANIZATION"], chosen["PERSON"]) == (0.5, 0.5, 1.25)
    assert chosen["PERSON"] <= chosen["LOCATION"] + max(FURTHER)


def test_a_type_that_no_corpus_marks_keeps_a_bias_of_the_grid():
    assert set(biases([], {}, 1.0).values()) <= {0.0, *GRID}
