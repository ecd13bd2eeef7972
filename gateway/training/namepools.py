"""The names and words that training swaps into sentences, by their numbers in the vocabulary."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from gateway.detection.tagger.wordfeatures import case_of, folded
from gateway.training import lexicon
from gateway.training.data import LANGUAGES
from gateway.training.dataset import Vocabulary
from gateway.training.ordinary import ordinary
from gateway.training.varied import Names

_BLENDS: Final = 25_000
_TOWNS: Final = 15_000
_SIBILANT: Final = ("s", "z", "x")
_LATIN: Final = re.compile(r"[A-Za-zÀ-ɏ]{3,}")


def drawn(vocabulary: Vocabulary, seed: int) -> Names:
    """Words to swap into sentences: names as they are, and surnames blended of two."""
    pools: dict[int, set[str]] = {lexicon.GIVEN: set(), lexicon.SURNAME: set(), lexicon.TOWN: set()}
    for text, bit in lexicon.entries():
        if bit in pools:
            pools[bit].update(_LATIN.findall(text))
    given, surnames, towns = (sorted(pool) for pool in pools.values())
    random = np.random.default_rng(seed)
    blends = []
    for first, second in random.integers(len(surnames), size=(_BLENDS, 2)):
        a, b = surnames[first], surnames[second]
        blends.append(a[: max(2, len(a) // 2)] + b[len(b) // 2 :].lower())
    chosen = [str(town) for town in random.choice(towns, min(_TOWNS, len(towns)), replace=False)]

    def numbers(words: Sequence[str]) -> Any:
        return np.array([vocabulary.number(folded(word)) for word in words], np.int32)

    found = numbers(given), numbers([*surnames, *blends]), numbers(chosen)
    in_lists = {folded(word) for word in (*given, *surnames, *towns)}
    inflected = _genitives(vocabulary, np.concatenate(found), in_lists)
    plain = {language: numbers(ordinary(language, lexicon.names())) for language in LANGUAGES}
    lengths = np.array([case_of(word) & 7 for word in vocabulary.words], np.uint8)
    listed = np.array([word in in_lists for word in vocabulary.words], np.bool_)
    genitive = np.arange(len(vocabulary.words), dtype=np.int32)
    genitive[inflected[0]] = inflected[1]
    in_genitive = np.zeros(len(vocabulary.words), np.bool_)
    in_genitive[inflected[1]] = True
    return Names(*found, lengths, listed, genitive, in_genitive & ~listed, plain)


def _genitives(
    vocabulary: Vocabulary, names: npt.NDArray[np.int32], listed: Container[str]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """The names that take the s of a genitive, and themselves with it, by number."""
    words = vocabulary.words
    takes = [
        number
        for number in np.unique(names).tolist()
        if not words[number].endswith(_SIBILANT) and words[number] + "s" not in listed
    ]
    inflected = [vocabulary.number(words[number] + "s") for number in takes]
    return np.array(takes, np.int32), np.array(inflected, np.int32)
