"""Rows to train on: sentences of all corpora in their shares, varied, packed without padding.

Variation: whole sentences in lower or upper case; names of people and towns swapped for others,
so that form and context are learnt and not the list. Sentences of one corpus follow each other
in a row, after a gap (texts of their own, as at run time) or directly, as one longer text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from gateway.detection.tagger import tags
from gateway.detection.tagger.wordfeatures import CASES, LOWER, UPPER, recased
from gateway.training.dataset import ANY, Sentence

GAP = 8
"""Tokens between two texts in a row, at least the longest step of a block: none sees another."""

_LOWERED = np.array([recased(case, LOWER) for case in range(CASES)], np.uint8)
_UPPERED = np.array([recased(case, UPPER) for case in range(CASES)], np.uint8)
_LOWER_SHARE, _UPPER_SHARE = 0.10, 0.05
_SWAP_PEOPLE, _SWAP_TOWNS = 0.40, 0.12
_SHORTEN, _SHORTEN_EACH = 0.25, 0.6
_THREE_LETTERS = 2  # the class of length
_JOIN = 0.5  # of neighbours stand directly behind each other


@dataclass(frozen=True, slots=True)
class Corpus:
    """Sentences with their share of the mixture; `swap` is off where names are random already."""

    name: str
    sentences: Sequence[Sentence] = field(repr=False)
    share: float
    swap: bool = True


@dataclass(frozen=True, slots=True)
class Names:
    """Numbers of words to swap in, and the length class of every word of the vocabulary."""

    given: npt.NDArray[np.int32] = field(repr=False)
    surnames: npt.NDArray[np.int32] = field(repr=False)
    towns: npt.NDArray[np.int32] = field(repr=False)
    lengths: npt.NDArray[np.uint8] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of tokens. `mask` is 0 in gaps."""

    words: npt.NDArray[np.int32]
    cases: npt.NDArray[np.uint8]
    spaces: npt.NDArray[np.uint8]
    allowed: npt.NDArray[np.uint64]
    mask: npt.NDArray[np.uint8]


def _bits(entity_type: str) -> npt.NDArray[np.uint64]:
    kind = tags.ENTITY_TYPES.index(entity_type)
    return np.array([1 << tags.tag(kind, part) for part in range(4)], np.uint64)


_PERSON, _LOCATION = _bits("PERSON"), _bits("LOCATION")
_FIRST = (_PERSON[0], _PERSON[3])


def varied(one: Sentence, names: Names, random: np.random.Generator, *, swap: bool) -> Sentence:
    """The sentence, or a variant of it."""
    if swap and random.random() < _SHORTEN:
        one = _shortened(one, random)
    words, cases = one.words, one.cases
    if swap and random.random() < _SWAP_PEOPLE:
        words, cases = _swapped(words, cases, one.allowed, _PERSON, names, random)
    if swap and random.random() < _SWAP_TOWNS:
        words, cases = _swapped(words, cases, one.allowed, _LOCATION[3:], names, random)
    chance = random.random()
    if chance < _LOWER_SHARE:
        cases = _LOWERED[cases]
    elif chance < _LOWER_SHARE + _UPPER_SHARE:
        cases = _UPPERED[cases]
    return Sentence(words, cases, one.spaces, one.allowed)


def _shortened(one: Sentence, random: np.random.Generator) -> Sentence:
    """People by their last word alone, as they are named when they are known already."""
    allowed = one.allowed
    begins = np.flatnonzero(allowed == _PERSON[0])
    ends = np.flatnonzero(allowed == _PERSON[2])
    if not len(begins) or len(begins) != len(ends):
        return one
    keep = np.ones(len(one), np.bool_)
    allowed = allowed.copy()
    for begin, end in zip(begins, ends, strict=True):
        if random.random() < _SHORTEN_EACH and one.cases[end] & 7 >= _THREE_LETTERS:
            keep[begin:end] = False
            allowed[end] = _PERSON[3]
    return Sentence(one.words[keep], one.cases[keep], one.spaces[keep], allowed[keep])


def _swapped(
    words: npt.NDArray[np.int32],
    cases: npt.NDArray[np.uint8],
    allowed: npt.NDArray[np.uint64],
    bits: npt.NDArray[np.uint64],
    names: Names,
    random: np.random.Generator,
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
    kinds = cases >> 3
    longer = (cases & 7) >= _THREE_LETTERS
    places = np.flatnonzero(np.isin(allowed, bits) & longer & np.isin(kinds, (0, 1, 3, 7)))
    if not len(places):
        return words, cases
    words, cases = words.copy(), cases.copy()
    new: dict[int, int] = {}
    for at in places:
        old = int(words[at])
        if old not in new:
            if len(bits) == 1:
                pool = names.towns
            else:
                first = allowed[at] in _FIRST
                pool = names.given if first and random.random() < 0.7 else names.surnames
            new[old] = int(pool[random.integers(len(pool))])
        words[at] = new[old]
        cases[at] = (kinds[at] << 3) | names.lengths[new[old]]
    return words, cases


def batches(
    corpora: Sequence[Corpus], names: Names, rows: int, size: int, seed: int
) -> Iterator[Batch]:
    """Batches without end; the same for the same seed."""
    random = np.random.default_rng(seed)
    # A corpus is drawn by tokens: the shares are of the tokens seen.
    means = [np.mean([len(one) for one in corpus.sentences[:5000]]) for corpus in corpora]
    chances = np.array([c.share / mean for c, mean in zip(corpora, means, strict=True)])
    chances /= chances.sum()
    orders = [_Order(len(corpus.sentences), random) for corpus in corpora]
    while True:
        batch = _empty(rows, size)
        for row in range(rows):
            _fill(batch, row, size, corpora, chances, orders, names, random)
        yield batch


class _Order:
    """Indexes of a corpus in random order, again and again."""

    def __init__(self, count: int, random: np.random.Generator) -> None:
        self.count, self.random, self.at = count, random, 0
        self.order = random.permutation(count)

    def next(self) -> int:
        if self.at == self.count:
            self.order, self.at = self.random.permutation(self.count), 0
        self.at += 1
        return int(self.order[self.at - 1])


def _empty(rows: int, size: int) -> Batch:
    return Batch(
        np.zeros((rows, size), np.int32),
        np.full((rows, size), CASES - 1, np.uint8),
        np.zeros((rows, size), np.uint8),
        np.full((rows, size), ANY, np.uint64),
        np.zeros((rows, size), np.uint8),
    )


def _fill(
    batch: Batch,
    row: int,
    size: int,
    corpora: Sequence[Corpus],
    chances: npt.NDArray[np.float64],
    orders: Sequence[_Order],
    names: Names,
    random: np.random.Generator,
) -> None:
    at, which = 0, -1
    while at < size:
        joined = which >= 0 and random.random() < _JOIN
        if not joined:
            which = int(random.choice(len(corpora), p=chances))
            at += GAP if at else 0
        corpus = corpora[which]
        one = corpus.sentences[orders[which].next()]
        one = varied(one, names, random, swap=corpus.swap)
        count = min(len(one), size - at)
        if count <= 0:
            break
        batch.words[row, at : at + count] = one.words[:count]
        batch.cases[row, at : at + count] = one.cases[:count]
        batch.spaces[row, at : at + count] = one.spaces[:count]
        batch.allowed[row, at : at + count] = one.allowed[:count]
        batch.mask[row, at : at + count] = 1
        at += count


SHARES: Mapping[str, float] = {
    "generated": 0.46,
    "uner": 0.12,
    "pii_anon": 0.06,
    "meddocan": 0.05,
    "tab144": 0.06,
    "wikigold": 0.04,
    "btc": 0.05,
    "wnut17": 0.035,
    "re3d": 0.02,
    "sec_filings": 0.015,
    "germeval14": 0.04,
    "ler": 0.02,
    "ler_timex": 0.01,
    "lener_br": 0.03,
    "europeana": 0.05,
}
"""Shares of the tokens that are seen."""
