from itertools import islice

import numpy as np

from gateway.detection.tagger.wordfeatures import case_of, folded
from gateway.training.dataset import ANY, Vocabulary, sentence
from gateway.training.mixture import GAP, Corpus, Names, batches, varied

VOCABULARY = Vocabulary()


def text(words, person=None):
    spans = []
    if person:
        start = words.index(person)
        spans = [{"start": start, "end": start + len(person), "label": "PERSON"}]
    return sentence(words, spans, "generated", VOCABULARY)


ONE = text("then Anna Schmidt met Anna there", "Anna Schmidt")
TWO = text("nothing here to see")
POOL = [VOCABULARY.number(folded(word)) for word in ("Jules", "Okoro", "Lima")]
LENGTHS = np.array([case_of(word) & 7 for word in VOCABULARY.words], np.uint8)
NAMES = Names(*(np.array([number], np.int32) for number in POOL), LENGTHS)


def test_the_same_seed_gives_the_same_batches():
    corpora = [Corpus("one", [ONE], 0.5), Corpus("two", [TWO], 0.5)]
    first, again = (list(islice(batches(corpora, NAMES, 2, 64, 5), 3)) for _ in range(2))

    for a, b in zip(first, again, strict=True):
        assert (a.words == b.words).all()
        assert (a.allowed == b.allowed).all()


def test_rows_are_full_and_gaps_separate_texts():
    corpora = [Corpus("one", [ONE], 0.5), Corpus("two", [TWO], 0.5)]
    batch = next(batches(corpora, NAMES, 4, 256, 5))

    assert batch.mask.mean() > 0.4
    for mask, allowed in zip(batch.mask, batch.allowed, strict=True):
        inside = "".join(map(str, mask)).strip("0").split("1")
        assert {len(gap) for gap in inside if gap} <= {GAP}
        assert (allowed[mask == 0] == ANY).all()


def test_swapped_names_keep_tags_and_everything_else():
    random = np.random.default_rng(1)
    seen = set()
    for _ in range(200):
        other = varied(ONE, NAMES, random, swap=True)
        if len(other) < len(ONE):
            continue  # shortened: see below
        assert (other.allowed == ONE.allowed).all()
        assert [other.words[at] for at in (0, 3, 5)] == [ONE.words[at] for at in (0, 3, 5)]
        seen.add((int(other.words[1]), int(other.words[2])))
    assert (int(ONE.words[1]), int(ONE.words[2])) in seen
    assert any(first in POOL and second in POOL for first, second in seen)


def test_a_person_may_be_shortened_to_the_last_word():
    random = np.random.default_rng(2)
    others = [varied(ONE, NAMES, random, swap=True) for _ in range(200)]
    shorter = [one for one in others if len(one) == len(ONE) - 1]

    single = text("then Schmidt met Anna there", "Schmidt")
    assert shorter
    assert all((one.allowed == single.allowed).all() for one in shorter)


def test_nothing_is_swapped_where_names_are_random_already():
    random = np.random.default_rng(1)

    assert all(
        (varied(ONE, NAMES, random, swap=False).words == ONE.words).all() for _ in range(100)
    )
