from itertools import islice

import numpy as np

from gateway.detection.tagger.wordfeatures import case_of, folded
from gateway.training.dataset import ANY, Vocabulary, in_row, sentence
from gateway.training.mixture import GAP, Corpus, batches
from gateway.training.varied import Names

VOCABULARY = Vocabulary()


def text(words, person=None, label="PERSON"):
    spans = []
    if person:
        start = words.index(person)
        spans = [{"start": start, "end": start + len(person), "label": label}]
    return sentence(words, spans, "generated", VOCABULARY)


ONE = text("then Anna Schmidt met Anna there", "Anna Schmidt")
TWO = text("nothing here to see")
PEOPLE = {VOCABULARY.number(folded(word)) for word in ("Jules", "Okoro")}
LIMA = VOCABULARY.number(folded("Lima"))
LENGTHS = np.array([case_of(word) & 7 for word in VOCABULARY.words], np.uint8)


def names(**more):
    given, surname, town = (
        np.array([VOCABULARY.number(word)], np.int32) for word in ("jules", "okoro", "lima")
    )
    return of_pools((given, surname, town), LENGTHS, **more)


def of_pools(pools, lengths, **more):
    nowhere = np.zeros(len(lengths), np.bool_)
    return Names(*pools, lengths, nowhere, np.arange(len(lengths)), nowhere, **more)


def drawn(*corpora, rows=4, size=256, count=6, seed=5, of=None):
    return list(islice(batches(corpora, of or names(), rows, size, seed), count))


def corpora(**more):
    return Corpus("one", in_row([ONE]), 0.5, **more), Corpus("two", in_row([TWO]), 0.5, **more)


def words_of(made):
    return [
        [VOCABULARY.words[word] for word, mask in zip(row, masks, strict=True) if mask]
        for batch in made
        for row, masks in zip(batch.words, batch.mask, strict=True)
    ]


def test_the_same_seed_gives_the_same_batches():
    first, again = (drawn(*corpora(), rows=2, size=64, count=3) for _ in range(2))

    for a, b in zip(first, again, strict=True):
        assert (a.words == b.words).all()
        assert (a.cases == b.cases).all()
        assert (a.allowed == b.allowed).all()


def test_another_seed_gives_others():
    assert (drawn(*corpora())[0].words != drawn(*corpora(), seed=6)[0].words).any()


def test_gaps_separate_texts_and_hold_nothing():
    for batch in drawn(*corpora()):
        assert batch.mask.mean() > 0.4
        for mask, allowed in zip(batch.mask, batch.allowed, strict=True):
            inside = "".join(map(str, mask)).strip("0").split("1")
            assert {len(gap) for gap in inside if gap} <= {GAP}
            assert (allowed[mask == 0] == ANY).all()


def test_corpora_are_drawn_by_their_share_of_tokens():
    (one, two) = corpora(swap=False)
    small = Corpus("small", in_row([TWO]), 0.1)
    large = Corpus("large", in_row([ONE] * 3), 0.9, swap=False)
    rows = words_of(drawn(small, large, count=40))
    nothing = sum(row.count("nothing") for row in rows) * len(TWO)
    tokens = sum(map(len, rows))

    assert 0.05 < nothing / tokens < 0.16
    assert one.share == two.share


def test_every_sentence_comes_before_one_comes_again():
    many = [text(f"word{letter}") for letter in "abcdefghijklmnopqrstuvwxyz"]
    lengths = np.array([case_of(word) & 7 for word in VOCABULARY.words], np.uint8)
    more = of_pools([np.zeros(1, np.int32)] * 3, lengths)
    (row,) = words_of(
        drawn(Corpus("many", in_row(many), 1.0, swap=False), rows=1, size=256, count=1, of=more)
    )
    letters = [word for word in row if word.startswith("word")]

    assert len(set(letters[:20])) > 12
