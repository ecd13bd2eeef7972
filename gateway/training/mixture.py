"""Rows to train on: sentences of all corpora in their shares, varied, packed without padding.

Sentences are drawn and packed a block at a time; `varied.py` changes them. Sentences of one
corpus follow each other after a gap (texts of their own, as at run time) or directly, as one
longer text. Rows are cut from the block wherever they end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from gateway.detection.tagger import tags
from gateway.detection.tagger.wordfeatures import CASES
from gateway.training.dataset import ANY, Sentences
from gateway.training.varied import LETTERS, Block, Names, is_outside, varied

GAP = 8
"""Tokens between two texts in a row, at least the longest step of a block: none sees another."""

_JOIN = 0.5  # of neighbours stand directly behind each other
_BLOCK = 24_576  # tokens that are drawn together, at least
_LOWER_OR_TITLE = (0, 1)


@dataclass(frozen=True, slots=True)
class Corpus:
    """Sentences with their share of the mixture; `swap` is off where names are random already."""

    name: str
    sentences: Sentences = field(repr=False)
    share: float
    swap: bool = True
    language: str = ""  # where it has one


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of tokens. `mask` is 0 in gaps."""

    words: npt.NDArray[np.int32]
    cases: npt.NDArray[np.uint8]
    spaces: npt.NDArray[np.uint8]
    allowed: npt.NDArray[np.uint64]
    mask: npt.NDArray[np.uint8]


def batches(
    corpora: Sequence[Corpus], names: Names, rows: int, size: int, seed: int
) -> Iterator[Batch]:
    """Batches without end; the same for the same seed."""
    random = np.random.default_rng(seed)
    source = _Source(corpora, names, random)
    count = rows * size
    while True:
        block = source.block(max(_BLOCK, 2 * count))
        for at in range(0, len(block.words) // count * count, count):
            part = slice(at, at + count)
            yield Batch(
                block.words[part].reshape(rows, size),
                block.cases[part].reshape(rows, size),
                block.spaces[part].reshape(rows, size),
                block.allowed[part].reshape(rows, size),
                (block.segment[part] >= 0).astype(np.uint8).reshape(rows, size),
            )


class _Source:
    """All corpora in one row of tokens, and what is drawn from them next."""

    def __init__(
        self, corpora: Sequence[Corpus], names: Names, random: np.random.Generator
    ) -> None:
        self.random, self.names = random, names
        parts = [corpus.sentences for corpus in corpora]
        self.words = np.concatenate([one.words for one in parts])
        self.cases = np.concatenate([one.cases for one in parts])
        self.spaces = np.concatenate([one.spaces for one in parts])
        self.allowed = np.concatenate([one.allowed for one in parts])
        self.lengths = np.concatenate([np.diff(one.bounds) for one in parts])
        self.starts = np.cumsum(self.lengths) - self.lengths
        first = 0
        self.orders: list[_Order] = []
        for one in parts:
            self.orders.append(_Order(first, len(one), random))
            first += len(one)
        # A corpus is drawn by tokens: the shares are of the tokens seen.
        means = np.array([len(one.words) / len(one) for one in parts])
        chances = np.array([corpus.share for corpus in corpora]) / means
        self.upper = np.cumsum(chances / chances.sum())
        self.mean = float((chances * means).sum() / chances.sum())
        self.swaps = np.array([corpus.swap for corpus in corpora])
        others = _others(corpora, names)
        self.pools = np.concatenate(others)
        self.pool_sizes = np.array([len(one) for one in others])
        self.pool_starts = np.cumsum(self.pool_sizes) - self.pool_sizes

    def block(self, least: int) -> Block:
        """Sentences in a row, varied: about `least` tokens."""
        random = self.random
        count = int(least / self.mean) + 8
        fresh = random.random(count) >= _JOIN
        fresh[0] = True
        drawn = np.minimum(np.searchsorted(self.upper, random.random(count)), len(self.orders) - 1)
        which = drawn[np.maximum.accumulate(np.where(fresh, np.arange(count), 0))]
        chosen = np.empty(count, np.int64)
        for corpus in np.unique(which):
            places = np.flatnonzero(which == corpus)
            chosen[places] = self.orders[corpus].take(len(places))
        lead = np.where(fresh, GAP, 0)
        total = lead + self.lengths[chosen]
        segment = np.repeat(np.arange(count), total)
        at = np.arange(len(segment)) - (np.cumsum(total) - total + lead)[segment]
        inside = at >= 0
        token = np.where(inside, self.starts[chosen][segment] + at, 0)
        block = Block(
            np.where(inside, self.words[token], 0).astype(np.int32),
            np.where(inside, self.cases[token], CASES - 1).astype(np.uint8),
            np.where(inside, self.spaces[token], 0).astype(np.uint8),
            np.where(inside, self.allowed[token], np.uint64(ANY)),
            np.where(inside, segment, -1),
        )
        pools = self.pools, self.pool_starts[which], self.pool_sizes[which]
        return varied(block, self.swaps[which], pools, self.names, random)


def _others(corpora: Sequence[Corpus], names: Names) -> list[npt.NDArray[np.int32]]:
    """For each corpus the words that stand outside of entities and are no name in any corpus."""
    is_name = names.listed.copy()
    for corpus in corpora:
        one = corpus.sentences
        is_name[one.words[(one.allowed & np.uint64(1 << tags.OUTSIDE)) == 0]] = True
    found = []
    for corpus in corpora:
        one = corpus.sentences
        usual = np.isin(one.cases >> 3, _LOWER_OR_TITLE) & ((one.cases & 7) >= LETTERS)
        seen = one.words[is_outside(one.allowed) & usual]
        seen = np.unique(np.concatenate([seen, names.ordinary.get(corpus.language, _NO_WORDS)]))
        found.append(seen[~is_name[seen]].astype(np.int32))
    return found


_NO_WORDS = np.zeros(0, np.int32)


class _Order:
    """Indexes from `first` on in random order, again and again."""

    def __init__(self, first: int, count: int, random: np.random.Generator) -> None:
        self.first, self.count, self.random, self.at = first, count, random, 0
        self.order = random.permutation(count)

    def take(self, count: int) -> npt.NDArray[np.int64]:
        """The next indexes."""
        parts = []
        while count:
            if self.at == self.count:
                self.order, self.at = self.random.permutation(self.count), 0
            part = self.order[self.at : self.at + count]
            self.at += len(part)
            count -= len(part)
            parts.append(part)
        return np.concatenate(parts) + self.first


SHARES: Mapping[str, float] = {
    "generated": 0.40,
    "negatives": 0.16,
    "uner": 0.12,
    "pii_anon": 0.06,
    "meddocan": 0.05,
    "tab144": 0.04,
    "wikigold": 0.025,
    "btc": 0.045,
    "wnut17": 0.03,
    "re3d": 0.012,
    "sec_filings": 0.008,
    "germeval14": 0.03,
    "ler": 0.02,
    "ler_timex": 0.01,
    "lener_br": 0.03,
    "europeana": 0.05,
}
"""Shares of the tokens that are seen."""

LANGUAGE_OF: Mapping[str, str] = {
    **dict.fromkeys(("btc", "wnut17", "wikigold", "re3d", "sec_filings", "tab144"), "en"),
    **dict.fromkeys(("germeval14", "ler", "ler_timex"), "de"),
    "meddocan": "es",
    "lener_br": "pt",
}
"""The language of each corpus that has one."""
