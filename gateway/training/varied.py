"""Variants of sentences, many at once: other names, other words, other case. Pure but for draws.

Names of people and towns are swapped for others, and people shortened to their last word, so that
form and context are learnt and not the list; what stood in the genitive stands in it again. Words
outside are swapped for other words that are no names, so that a rare word, or a capital, is not
yet a name. Whole sentences become lower or upper case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from gateway.detection.tagger import tags
from gateway.detection.tagger.wordfeatures import CASES, LOWER, UPPER, recased

LETTERS = 2
"""The class of length of three letters."""

_LOWERED = np.array([recased(case, LOWER) for case in range(CASES)], np.uint8)
_UPPERED = np.array([recased(case, UPPER) for case in range(CASES)], np.uint8)
_LOWER_SHARE, _UPPER_SHARE = 0.10, 0.05
_SWAP_PEOPLE, _SWAP_TOWNS = 0.40, 0.12
_SHORTEN, _SHORTEN_EACH = 0.25, 0.6
_GIVEN = 0.7  # of first words of names become given names, the others surnames
_SWAP_OTHERS, _OTHER_TITLE, _OTHER_LOWER = 0.25, 0.5, 0.12
_WORD_KINDS = (0, 1, 3, 7)  # lower, title, upper, without case
_TITLE_KIND = 1

Bools: TypeAlias = npt.NDArray[np.bool_]
Ints: TypeAlias = npt.NDArray[np.int64]
Pools: TypeAlias = tuple[npt.NDArray[np.int32], Ints, Ints]
"""Words outside: all of them, and where each sentence's own begin, and how many they are."""


@dataclass(frozen=True, slots=True)
class Names:
    """Numbers of words to swap in; of every word its length class, and if the lists have it."""

    given: npt.NDArray[np.int32] = field(repr=False)
    surnames: npt.NDArray[np.int32] = field(repr=False)
    towns: npt.NDArray[np.int32] = field(repr=False)
    lengths: npt.NDArray[np.uint8] = field(repr=False)
    listed: Bools = field(repr=False)
    genitive: npt.NDArray[np.int32] = field(repr=False)
    """Of every word its number with the s of a genitive; its own where it takes none."""
    in_genitive: Bools = field(repr=False)
    ordinary: Mapping[str, npt.NDArray[np.int32]] = field(default_factory=dict, repr=False)
    """Words of a language that are no names."""


@dataclass(frozen=True, slots=True)
class Block:
    """Tokens in a row. `segment`: the number of each token's sentence, -1 in gaps."""

    words: npt.NDArray[np.int32] = field(repr=False)
    cases: npt.NDArray[np.uint8] = field(repr=False)
    spaces: npt.NDArray[np.uint8] = field(repr=False)
    allowed: npt.NDArray[np.uint64] = field(repr=False)
    segment: Ints = field(repr=False)


def _bits(entity_type: str) -> npt.NDArray[np.uint64]:
    kind = tags.ENTITY_TYPES.index(entity_type)
    return np.array([1 << tags.tag(kind, part) for part in range(4)], np.uint64)


_PERSON, _LOCATION = _bits("PERSON"), _bits("LOCATION")
_OUTSIDE = np.uint64(1 << tags.OUTSIDE)
_NAMES = np.bitwise_or.reduce(np.concatenate([_PERSON, _LOCATION, _bits("ORGANIZATION")]))
_GROUPS = np.bitwise_or.reduce(_bits("NRP"))
_BEGIN, _INSIDE, _END, _SINGLE = _PERSON


def is_outside(allowed: npt.NDArray[np.uint64]) -> Bools:
    """The tokens that are outside, and no name whatever the corpus is silent on."""
    found: Bools = (allowed & (_OUTSIDE | _NAMES)) == _OUTSIDE
    return found


def varied(
    block: Block, swap: Bools, pools: Pools, names: Names, random: np.random.Generator
) -> Block:
    """The sentences, or variants of them. `swap`: of each sentence, whether its names may be."""
    count = len(swap)
    block = _shortened(block, swap & (random.random(count) < _SHORTEN), random)
    people = _of(block, swap & (random.random(count) < _SWAP_PEOPLE))
    people &= np.logical_or.reduce([block.allowed == bit for bit in _PERSON])
    block = _renamed(block, people, (names.given, names.surnames), names, random)
    towns = _of(block, swap & (random.random(count) < _SWAP_TOWNS))
    towns &= block.allowed == _LOCATION[3]
    block = _renamed(block, towns, (names.towns, names.towns), names, random)
    block = _reworded(block, random.random(count) < _SWAP_OTHERS, pools, names, random)
    chance = random.random(count)
    lower = _of(block, chance < _LOWER_SHARE)
    upper = _of(block, (chance >= _LOWER_SHARE) & (chance < _LOWER_SHARE + _UPPER_SHARE))
    cases = np.where(lower, _LOWERED[block.cases], block.cases)
    return replace(block, cases=np.where(upper, _UPPERED[cases], cases))


def _of(block: Block, sentences: Bools) -> Bools:
    """The tokens of some sentences."""
    found: Bools = sentences[block.segment] & (block.segment >= 0)
    return found


def _shortened(block: Block, sentences: Bools, random: np.random.Generator) -> Block:
    """People by their last word alone, as they are named when they are known already."""
    allowed, size = block.allowed, len(block.words)
    begins = allowed == _BEGIN
    entity = np.cumsum(begins)
    ends = np.where(allowed == _END, np.arange(size), size - 1)
    end = np.minimum.accumulate(ends[::-1])[::-1]
    chosen = random.random(int(entity[-1]) + 1)[entity] < _SHORTEN_EACH
    drop = begins | (allowed == _INSIDE)
    drop &= chosen & _of(block, sentences)
    # The end is this person's own, and no sign or initial.
    drop &= (allowed[end] == _END) & (entity[end] == entity)
    drop &= (block.segment[end] == block.segment) & ((block.cases[end] & 7) >= LETTERS)
    if not drop.any():
        return block
    allowed = allowed.copy()
    allowed[end[drop]] = _SINGLE
    keep = ~drop
    return Block(
        block.words[keep],
        block.cases[keep],
        block.spaces[keep],
        allowed[keep],
        block.segment[keep],
    )


def _renamed(
    block: Block,
    wanted: Bools,
    pools: tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]],
    names: Names,
    random: np.random.Generator,
) -> Block:
    """Words swapped for some of two pools (first word, others), alike throughout a sentence."""
    kinds = block.cases >> 3
    places = np.flatnonzero(wanted & ((block.cases & 7) >= LETTERS) & np.isin(kinds, _WORD_KINDS))
    if not len(places):
        return block
    key = (block.segment[places] << 32) | block.words[places]
    _, first, same = np.unique(key, return_index=True, return_inverse=True)
    role = block.allowed[places[first]]
    is_given = ((role == _BEGIN) | (role == _SINGLE)) & (random.random(len(first)) < _GIVEN)
    one, other = (pool[random.integers(len(pool), size=len(first))] for pool in pools)
    new = np.where(is_given, one, other)
    new = np.where(names.in_genitive[block.words[places[first]]], names.genitive[new], new)
    return _with(block, places, new[same], names)


def _reworded(
    block: Block, sentences: Bools, pools: Pools, names: Names, random: np.random.Generator
) -> Block:
    """Words outside swapped for others that the sentence's corpus has outside."""
    kinds = block.cases >> 3
    chance = np.where(kinds == _TITLE_KIND, _OTHER_TITLE, _OTHER_LOWER)
    wanted = _of(block, sentences) & is_outside(block.allowed)
    wanted &= ((block.cases & 7) >= LETTERS) & ((kinds == LOWER) | (kinds == _TITLE_KIND))
    wanted &= random.random(len(wanted)) < chance
    words, starts, sizes = pools
    places = np.flatnonzero(wanted)
    places = places[sizes[block.segment[places]] > 0]
    segment = block.segment[places]
    drawn = (random.random(len(places)) * sizes[segment]).astype(np.int64)
    allowed = block.allowed.copy()
    allowed[places] &= ~_GROUPS  # nor a nationality, where the corpus does not say
    new = words[starts[segment] + drawn]
    return _with(replace(block, allowed=allowed), places, new, names)


def _with(block: Block, places: Ints, new: npt.NDArray[np.int32], names: Names) -> Block:
    """The block with other words at some places, in the case of those before."""
    words, cases = block.words.copy(), block.cases.copy()
    words[places] = new
    cases[places] = (cases[places] & 0xF8) | names.lengths[new]
    return replace(block, words=words, cases=cases)
