"""What the token classifier sees of a word: hashed pieces, case, word lists. Pure, vectorised.

Everything but the case depends on the lower-cased word alone, and is computed for all distinct
words of a batch at once: words become a matrix of code points, and each kind of piece is hashed
for all words by a few operations on its columns.

Method: hashed character n-grams in place of a vocabulary, after Bojanowski et al., "Enriching
Word Vectors with Subword Information" (2017); FNV-1a over code points, then the finaliser of
MurmurHash3, spread the pieces over the rows of a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Ints: TypeAlias = npt.NDArray[np.int32]
Floats: TypeAlias = npt.NDArray[np.float32]
_Codes: TypeAlias = npt.NDArray[np.uint32]

WORD_ROWS: Final = 32_768
PIECE_ROWS: Final = 65_536
CASES: Final = 96
LISTS: Final = 16
"""Bits of a word in the lexicon."""

_ROW_SEEDS: Final = (1, 2)
_KEY_SEEDS: Final = (3, 4)
_SHORTER: Final = np.uint64(24)
_WIDTH: Final = 32  # code points of a word that are read
_HEAD: Final = 16  # of these, how many are cut into pieces
_DIGITS: Final = 4  # a longer number counts by its length alone
_LONGEST_NUMBER: Final = 16
_PREFIXES: Final = (1, 2, 5)
_SUFFIXES: Final = (1, 2, 3, 5)
_BORDER: Final = np.uint32(0x2FFFFF)  # no code point
PIECES: Final = (_HEAD + 1) + _HEAD + len(_PREFIXES) + len(_SUFFIXES)
"""Pieces of one word at most; missing ones have the row `PIECE_ROWS`, which holds zeros."""


@dataclass(frozen=True, slots=True)
class WordFeatures:
    """Features of `n` distinct lower-cased words.

    `rows` (n, 2): rows of the word table. `pieces` (n, PIECES): rows of the piece table.
    `share` (n, 1): one over the number of pieces. `keys` (n,): 64-bit hashes for look-ups.
    """

    rows: Ints
    pieces: Ints
    share: Floats
    keys: npt.NDArray[np.uint64]


def folded(word: str) -> str:
    """The word as it is looked up: lower case, with "ss" for "ß", as word lists have it; a long
    number is zeros, as many as it has digits."""
    if word.isdigit() and len(word) > _DIGITS:
        return "0" * min(len(word), _LONGEST_NUMBER)
    return word.lower().replace("ß", "ss") if word[0] != "\n" else "\n"


def word_features(words: Sequence[str]) -> WordFeatures:
    """The features of folded words."""
    codes, lengths = _codes(words)
    with np.errstate(over="ignore"):
        first, second, high, low = _hashes(codes, (*_ROW_SEEDS, *_KEY_SEEDS))
        rows = np.stack([first % WORD_ROWS, second % WORD_ROWS], axis=1)
        keys = _key(high, low)
        pieces = _pieces(codes, lengths)
    count = (pieces != PIECE_ROWS).sum(axis=1, keepdims=True)
    share = (1.0 / np.maximum(count, 1)).astype(np.float32)
    return WordFeatures(rows.astype(np.int32), pieces, share, keys)


def _codes(words: Sequence[str]) -> tuple[_Codes, npt.NDArray[np.int64]]:
    """Code points (n, _WIDTH), zero after the end, and the lengths."""
    if not words:
        return np.zeros((0, _WIDTH), np.uint32), np.zeros(0, np.int64)
    fixed = np.array(words, dtype=f"U{_WIDTH}")
    codes = fixed.view(np.uint32).reshape(len(words), _WIDTH)
    return codes, (codes != 0).sum(axis=1)


def _mix(value: _Codes) -> _Codes:
    """The 32-bit finaliser of MurmurHash3."""
    value = value ^ (value >> np.uint32(16))
    value = value * np.uint32(0x85EBCA6B)
    value = value ^ (value >> np.uint32(13))
    value = value * np.uint32(0xC2B2AE35)
    return value ^ (value >> np.uint32(16))


def _seed(number: int, shape: tuple[int, ...]) -> _Codes:
    return np.full(shape, (0x811C9DC5 + number * 0x9E3779B1) & 0xFFFFFFFF, np.uint32)


def _step(state: _Codes, code: _Codes | np.uint32) -> _Codes:
    """One step of FNV-1a over a code point."""
    return (state ^ code) * np.uint32(0x01000193)


def _hashes(codes: _Codes, seeds: Sequence[int]) -> _Codes:
    """The hashes of whole words, (seeds, words)."""
    state = np.stack([_seed(seed, (len(codes),)) for seed in seeds])
    used = np.flatnonzero(codes.any(axis=0))
    for column in range(used[-1] + 1 if len(used) else 0):  # beyond the longest word is nothing
        code = codes[:, column]
        state = np.where(code != 0, _step(state, code), state)
    return _mix(state)


def _key(high: _Codes, low: _Codes) -> npt.NDArray[np.uint64]:
    return (high.astype(np.uint64) << np.uint64(32)) | low.astype(np.uint64)


def word_keys(words: Sequence[str]) -> npt.NDArray[np.uint64]:
    """The 64-bit hashes by which folded words are looked up."""
    with np.errstate(over="ignore"):
        return _key(*_hashes(_codes(words)[0], _KEY_SEEDS))


def short_keys(keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The 40 bits of keys by which the lexicon knows words: a word that it does not know is taken
    for one of a million with a chance of one in a million."""
    return keys >> _SHORTER


def _pieces(codes: _Codes, lengths: npt.NDArray[np.int64]) -> Ints:
    count = len(codes)
    head = np.minimum(lengths, _HEAD)
    # border, the first letters, border: the columns 0 .. head + 1
    padded = np.zeros((count, _HEAD + 2), np.uint32)
    padded[:, 0] = _BORDER
    padded[:, 1 : _HEAD + 1] = codes[:, :_HEAD]
    padded[np.arange(count), head + 1] = _BORDER
    out = np.full((count, PIECES), PIECE_ROWS, np.int64)
    at = 0
    for size in (3, 4):
        width = _HEAD + 3 - size
        state = _seed(16 + size, (count, width))
        for shift in range(size):
            state = _step(state, padded[:, shift : shift + width])
        valid = np.arange(width)[None, :] < (head + 3 - size)[:, None]
        out[:, at : at + width] = np.where(valid, _mix(state) % PIECE_ROWS, PIECE_ROWS)
        at += width
    for size in _PREFIXES:
        state = _seed(32 + size, (count,))
        for column in range(size):
            state = _step(state, codes[:, column])
        out[:, at] = np.where(lengths > size, _mix(state) % PIECE_ROWS, PIECE_ROWS)
        at += 1
    for size in _SUFFIXES:
        state = _seed(48 + size, (count,))
        for back in range(size, 0, -1):
            place = np.maximum(lengths - back, 0)
            state = _step(state, codes[np.arange(count), place])
        out[:, at] = np.where(lengths > size, _mix(state) % PIECE_ROWS, PIECE_ROWS)
        at += 1
    return out.astype(np.int32)


def placed(
    keys: npt.NDArray[np.uint64], wanted: npt.NDArray[np.uint64]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
    """Where wanted keys stand among sorted keys, and whether they do."""
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return place, keys[place] == wanted


def as_lists(bits: npt.NDArray[np.uint16]) -> Floats:
    """The bits of words as floats (words, LISTS)."""
    spread = (bits[:, None] >> np.arange(LISTS, dtype=np.uint16)) & np.uint16(1)
    return spread.astype(np.float32)


# ---------------------------------------------------------------- case

_LENGTHS = (1, 2, 3, 4, 5, 7, 10)  # upper bounds of the classes of length; a last one for more


_LOWER, _TITLE, _CAPITAL, _UPPER, _NUMBER, _SIGN, _BREAK, _INNER, _HUMP, _CASELESS = range(10)


def _case_class(word: str) -> int:
    if word.islower():
        found = _LOWER
    elif word.istitle():
        found = _TITLE if len(word) > 1 else _CAPITAL
    elif word.isupper():
        found = _UPPER
    elif word.isdigit():
        found = _NUMBER
    elif not word.isalpha():
        found = _BREAK if word[0] == "\n" else _SIGN
    elif word[0].isupper():
        found = _INNER  # McDonald
    else:
        found = _HUMP if word.lower() != word else _CASELESS  # iPhone, or a script without case
    return found


def case_of(word: str) -> int:
    """The class of a word's letter case and length, below `CASES`."""
    size = len(word)
    length = next((index for index, most in enumerate(_LENGTHS) if size <= most), len(_LENGTHS))
    return _case_class(word) * 8 + length


LOWER: Final = _LOWER
UPPER: Final = _UPPER


def recased(case: int, to: int) -> int:
    """The case of the same word in all lower (`LOWER`) or all upper case (`UPPER`)."""
    kind, length = divmod(case, 8)
    if kind in (_NUMBER, _SIGN, _BREAK, _CASELESS):
        return case
    if to == UPPER and length == 0:
        return _CAPITAL * 8
    return to * 8 + length
