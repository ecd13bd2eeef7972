import numpy as np

from gateway.detection.tagger import tags
from gateway.detection.tagger.wordfeatures import case_of, folded
from gateway.training.dataset import Vocabulary, sentence
from gateway.training.varied import Block, Names, is_outside, varied

VOCABULARY = Vocabulary()
COUNT = 300


def text(words, value, label="PERSON", source="generated"):
    start = words.index(value)
    spans = [{"start": start, "end": start + len(value), "label": label}]
    return sentence(words, spans, source, VOCABULARY)


ANNA = text("Gestern traf Anna Schmidt dort Anna und den Koch", "Anna Schmidt")
SHORT = text("Gestern traf Schmidt dort Anna und den Koch", "Schmidt")
GENITIVE = text("Nun waren Schmidts Absichten klar", "Schmidts")
TOWN = text("sie wohnt in Bremen und arbeitet", "Bremen", "LOCATION")
NUMBERS = {
    word: VOCABULARY.number(folded(word))
    for word in ("jules", "okoro", "okoros", "lima", "kanne", "sieb", "schmidts")
}
LENGTHS = np.array([case_of(word) & 7 for word in VOCABULARY.words], np.uint8)


def of(*words):
    return np.array([NUMBERS[word] for word in words], np.int32)


NOWHERE = np.zeros(len(LENGTHS), np.bool_)
INFLECTED = np.arange(len(LENGTHS), dtype=np.int32)
INFLECTED[of("okoro")] = of("okoros")
IS_INFLECTED = np.isin(np.arange(len(LENGTHS)), of("okoros", "schmidts"))
NAMES = Names(of("jules"), of("okoro"), of("lima"), LENGTHS, NOWHERE, INFLECTED, IS_INFLECTED)


def variants(one, *, swap=True, pool=(), seed=1):
    """Many variants of one sentence, as (words, cases, allowed)."""
    size = len(one)
    block = Block(
        np.tile(one.words, COUNT),
        np.tile(one.cases, COUNT),
        np.tile(one.spaces, COUNT),
        np.tile(one.allowed, COUNT),
        np.repeat(np.arange(COUNT), size),
    )
    zeros = np.zeros(COUNT, np.int64)
    pools = (of(*pool), zeros, zeros + len(pool))
    out = varied(block, np.full(COUNT, swap), pools, NAMES, np.random.default_rng(seed))
    return [
        (
            [VOCABULARY.words[word] for word in out.words[out.segment == at]],
            out.cases[out.segment == at],
            out.allowed[out.segment == at],
        )
        for at in range(COUNT)
    ]


def test_swapped_names_keep_tags_and_everything_else():
    seen = set()
    for words, _, allowed in variants(ANNA):
        if len(words) < len(ANNA):
            continue  # shortened: see below
        assert (allowed == ANNA.allowed).all()
        assert [words[at] for at in (0, 1, 4, 6, 7, 8)] == "gestern traf dort und den koch".split()
        seen.add((words[2], words[3]))
    assert {("anna", "schmidt"), ("jules", "okoro"), ("okoro", "okoro")} <= seen


def test_a_person_may_be_shortened_to_the_last_word():
    shorter = [one for one in variants(ANNA) if len(one[0]) == len(ANNA) - 1]

    assert shorter
    for words, _, allowed in shorter:
        assert (allowed == SHORT.allowed).all()
        assert words[2] in ("schmidt", "jules", "okoro")


def test_the_beginning_of_a_person_that_is_cut_is_not_dropped():
    cut = sentence(
        "da kam Anna", [{"start": 7, "end": 11, "label": "PERSON"}], "generated", VOCABULARY
    )
    begin = np.uint64(1 << tags.tag(tags.ENTITY_TYPES.index("PERSON"), 0))
    cut.allowed[-1] = begin

    assert all(len(words) == len(cut) for words, _, _ in variants(cut))


def test_a_name_in_the_genitive_is_swapped_for_one_in_the_genitive():
    seen = {words[2] for words, _, _ in variants(GENITIVE)}

    assert seen == {"schmidts", "jules", "okoros"}


def test_towns_are_swapped_for_towns():
    assert {words[3] for words, _, _ in variants(TOWN)} == {"bremen", "lima"}


def test_nothing_is_swapped_where_names_are_random_already():
    for words, _, allowed in variants(ANNA, swap=False):
        assert words == [VOCABULARY.words[word] for word in ANNA.words]
        assert (allowed == ANNA.allowed).all()


def test_words_outside_become_others_in_the_same_case():
    seen = set()
    for words, cases, allowed in variants(ANNA, swap=False, pool=("kanne", "sieb")):
        assert words[2:4] == ["anna", "schmidt"]
        assert (allowed == ANNA.allowed).all()
        for at in (0, 8):
            seen.add(words[at])
            if words[at] in ("kanne", "sieb"):
                assert int(cases[at]) & 7 == case_of(words[at]) & 7
    assert {"gestern", "koch", "kanne", "sieb"} <= seen


def test_a_word_that_was_swapped_in_is_no_nationality_where_the_corpus_is_silent():
    one = text("Das Gericht lud Anna Schmidt", "Anna Schmidt", source="germeval14")
    assert is_outside(one.allowed).tolist() == [True, True, True, False, False]
    assert int(one.allowed[1]) != 1

    swapped = [
        int(allowed[1])
        for words, _, allowed in variants(one, swap=False, pool=("kanne",))
        if words[1] == "kanne"
    ]
    assert set(swapped) == {1}


def test_some_sentences_are_in_lower_and_some_in_upper_case():
    cases = [tuple(cases) for _, cases, _ in variants(TOWN, swap=False)]
    lower, upper = (
        tuple(case_of(change(word)) for word in ("sie", "wohnt", "in", "Bremen", "und", "arbeitet"))
        for change in (str.lower, str.upper)
    )

    assert 0.02 < cases.count(lower) / COUNT < 0.2
    assert 0.01 < cases.count(upper) / COUNT < 0.12
