"""From labelled text to rows of tokens, each with the tags that its corpus allows.

A corpus labels only some types. Where it is silent, a tag of a type that it does not label is as
right as "outside"; and where its labels follow another convention than ours (mentions by role,
@names), anything is right. A token's allowed tags are a set of bits over the tags.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from gateway.detection.tagger import tags
from gateway.detection.tagger.tokens import tokenize
from gateway.detection.tagger.wordfeatures import case_of, folded
from gateway.training.wordlists import CALENDAR_WORDS, NATIONALITIES

_CALENDAR = frozenset(CALENDAR_WORDS)

TYPE_OF: Mapping[str, str | None] = MappingProxyType(
    {
        "PERSON": "PERSON",
        "LOCATION": "LOCATION",
        "ORGANIZATION": "ORGANIZATION",
        "ADDRESS": "ADDRESS",
        "ZIP_CODE": "ADDRESS",
        "DATE_TIME": "DATE_TIME",
        "NRP": "NRP",
        "AGE": "AGE",
        **dict.fromkeys(
            "EMAIL_ADDRESS PHONE_NUMBER CREDIT_CARD IBAN BANK_ACCOUNT US_SSN NATIONAL_ID PASSPORT "
            "DRIVER_LICENSE IP_ADDRESS MAC_ADDRESS URL USERNAME SECRET CRYPTO ID".split(),
            "ID",
        ),
    }
)
"""The classifier's type for a label of the corpora; labels that are not here are doubtful."""

_NEUTRAL = frozenset({"JOB", "TITLE", "GENDER", "QUANTITY"})  # outside, by our convention
_NAMES = frozenset({"PERSON", "LOCATION", "ORGANIZATION"})
LABELLED: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        **dict.fromkeys(("btc", "wnut17", "europeana", "uner", "wikigold", "germeval14", "ler",
                         "sec_filings"), _NAMES),
        "ler_timex": frozenset({"DATE_TIME"}),
        "lener_br": _NAMES | {"DATE_TIME"},
        "re3d": _NAMES | {"DATE_TIME", "NRP"},
        "meddocan": frozenset(tags.ENTITY_TYPES) - {"NRP"},
        "pii_anon": frozenset(tags.ENTITY_TYPES) - {"NRP", "AGE"},
        "tab144": frozenset(tags.ENTITY_TYPES) - {"ADDRESS", "AGE"},
    }
)  # fmt: skip
"""The types that each corpus labels; one that is not here labels all of them."""

ANY = (1 << tags.TAGS) - 1
_OUTSIDE = 1 << tags.OUTSIDE
_HONORIFIC = re.compile(
    r"(?:Mr|Mrs|Ms|Miss|Dr|Prof|Sir|Lord|Lady|Herr|Frau|Mme|Mlle|Sra?|Don|Doña|Dra?|Sr|Drª)\b\.?\s+"
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A stretch of text as tokens: words by number, case, flags, and allowed tags as bits."""

    words: npt.NDArray[np.int32] = field(repr=False)
    cases: npt.NDArray[np.uint8] = field(repr=False)
    spaces: npt.NDArray[np.uint8] = field(repr=False)
    allowed: npt.NDArray[np.uint64] = field(repr=False)

    def __len__(self) -> int:
        return len(self.words)


@dataclass(frozen=True, slots=True)
class Sentences:
    """The sentences of a corpus in one row; sentence `i` is from `bounds[i]` to `bounds[i + 1]`."""

    words: npt.NDArray[np.int32] = field(repr=False)
    cases: npt.NDArray[np.uint8] = field(repr=False)
    spaces: npt.NDArray[np.uint8] = field(repr=False)
    allowed: npt.NDArray[np.uint64] = field(repr=False)
    bounds: npt.NDArray[np.int64] = field(repr=False)

    def __len__(self) -> int:
        return len(self.bounds) - 1


def in_row(sentences: Sequence[Sentence]) -> Sentences:
    """Sentences, at least one, put in one row."""
    return Sentences(
        np.concatenate([one.words for one in sentences]),
        np.concatenate([one.cases for one in sentences]),
        np.concatenate([one.spaces for one in sentences]),
        np.concatenate([one.allowed for one in sentences]),
        np.cumsum([0, *map(len, sentences)]),
    )


class Vocabulary:
    """Numbers for folded words, given out as they come."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self._numbers: dict[str, int] = {}
        self._seen: dict[str, tuple[int, int]] = {}

    def number(self, word: str) -> int:
        """The number of a folded word."""
        found = self._numbers.get(word)
        if found is None:
            found = self._numbers[word] = len(self.words)
            self.words.append(word)
        return found

    def seen(self, word: str) -> tuple[int, int]:
        """The number of a word as it is written, and its case."""
        found = self._seen.get(word)
        if found is None:
            found = self._seen[word] = (self.number(folded(word)), case_of(word))
        return found


def read(file: Path) -> Iterator[dict[str, Any]]:
    """The lines of a JSONL file, compressed or not."""
    with gzip.open(file, "rt", encoding="utf-8") if file.suffix == ".gz" else file.open() as lines:
        for line in lines:
            yield json.loads(line)


def sentence(
    text: str, spans: Iterable[Mapping[str, Any]], source: str, vocabulary: Vocabulary
) -> Sentence:
    """One labelled text as tokens."""
    tokens = tokenize(text)
    labelled = LABELLED.get(source, frozenset(tags.ENTITY_TYPES))
    allowed = _unlabelled(tokens.words, labelled)
    for span in spans:
        _mark(text, tokens.starts, tokens.ends, span, source, allowed)
    seen = np.array([vocabulary.seen(word) for word in tokens.words], np.int32).reshape(-1, 2)
    return Sentence(
        seen[:, 0],
        seen[:, 1].astype(np.uint8),
        np.array(tokens.spaced, np.uint8),
        np.array(allowed, np.uint64),
    )


_REACH = 3  # tokens from a number or a calendar word that may belong to the same date or address
_NATIONALITIES = frozenset(NATIONALITIES)


def _unlabelled(words: Sequence[str], labelled: frozenset[str]) -> list[int]:
    """What is right where nothing is labelled: outside, or a type on which the corpus is silent.

    The latter only where it can be meant: without numbers or names of months near, for one, no
    token is part of a date, and a tagger must not be left free to say so.
    """
    count = len(words)
    allowed = [_OUTSIDE] * count
    silent = {name for name in tags.ENTITY_TYPES if name not in labelled}
    if not silent:
        return allowed
    numbers = [at for at, word in enumerate(words) if word[0].isdigit() or word in "@"]
    calendar = [at for at, word in enumerate(words) if word.lower() in _CALENDAR]
    _allow(allowed, numbers, silent & {"DATE_TIME", "ID", "AGE", "ADDRESS"})
    _allow(allowed, calendar, silent & {"DATE_TIME"})
    if "NRP" in silent:
        bits = _all_parts("NRP")
        for at, word in enumerate(words):
            if word.lower() in _NATIONALITIES or word[0].isupper():
                allowed[at] |= bits
    return allowed


def _all_parts(name: str) -> int:
    return 0b1111 << (1 + 4 * tags.ENTITY_TYPES.index(name))


def _allow(allowed: list[int], places: Iterable[int], names: Iterable[str]) -> None:
    bits = sum(_all_parts(name) for name in names)
    for place in places:
        for at in range(max(0, place - _REACH), min(len(allowed), place + _REACH + 1)):
            allowed[at] |= bits


def _mark(
    text: str,
    starts: Sequence[int],
    ends: Sequence[int],
    span: Mapping[str, Any],
    source: str,
    allowed: list[int],
) -> None:
    first, last, label = span["start"], span["end"], span["label"]
    title = _HONORIFIC.match(text, first, last) if label == "PERSON" else None
    if title is not None and title.end() < last:
        first = title.end()
    low = int(np.searchsorted(ends, first, side="right"))
    high = int(np.searchsorted(starts, last, side="left"))
    if low >= high or label in _NEUTRAL:
        return
    name = TYPE_OF.get(label)
    is_handle = label == "PERSON" and text[max(0, first - 1) : first] == "@"
    if name is None or is_handle or _is_doubtful(text[first:last], label, source):
        allowed[low:high] = [ANY] * (high - low)
        return
    kind = tags.ENTITY_TYPES.index(name)
    for at, part in zip(range(low, high), tags.parts(high - low), strict=True):
        allowed[at] = 1 << tags.tag(kind, part)


_PUNCTUATION = re.compile(r"[\W_]+")


def _is_doubtful(value: str, label: str, source: str) -> bool:
    """Whether a label says something else than ours do: a role, a pronoun, an @name, a comma."""
    if _PUNCTUATION.fullmatch(value):
        return True
    if label == "PERSON":
        if source in ("re3d", "sec_filings"):
            return source == "sec_filings" or not value[:1].isupper()
        return value.startswith("@")
    return False


def chunks(whole: Sentence, size: int) -> Iterator[Sentence]:
    """A long text in pieces of at most `size` tokens, cut where nothing is cut through."""
    begin_or_out = _OUTSIDE | sum(
        1 << tags.tag(kind, part) for kind in range(len(tags.ENTITY_TYPES)) for part in (0, 3)
    )
    start = 0
    while len(whole) - start > size:
        cut = start + size
        while cut > start + size // 2 and not int(whole.allowed[cut]) & begin_or_out:
            cut -= 1
        yield _cut(whole, start, cut)
        start = cut
    if start < len(whole):
        yield _cut(whole, start, len(whole))


def _cut(whole: Sentence, start: int, end: int) -> Sentence:
    return Sentence(
        whole.words[start:end],
        whole.cases[start:end],
        whole.spaces[start:end],
        whole.allowed[start:end],
    )


def marked(one: Sentence) -> tuple[list[tuple[int, int, int]], frozenset[int]]:
    """The entities of a sentence (first token, token after the last, type), and tokens in doubt."""
    found: list[tuple[int, int, int]] = []
    doubtful: set[int] = set()
    start = 0
    for at, bits in enumerate(int(value) for value in one.allowed):
        if bits == ANY:
            doubtful.add(at)
        if bits & _OUTSIDE or bits & (bits - 1):
            continue
        kind, part = divmod(bits.bit_length() - 2, 4)
        if part in (0, 3):
            start = at
        if part in (2, 3):
            found.append((start, at + 1, kind))
    return found, frozenset(doubtful)
