"""Where a text names what stands next: "passport no.", "Kundennummer", `"patientId":`. Pure.

A label is a word or phrase that says what kind of value follows it or stands near it. The words
of a text are looked up once in a table of all labels, so that a text without any costs no more
than that, however many kinds there are. Words count by their beginning where they are long, so
that plurals and compounds are labels too; `camelCase` and `snake_case` are read as words.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import cast

from gateway.detection.structured.context import Reading

NEAR = 56
"""How far, in code points, a label may stand before what it names without touching it."""
AFTER = 32
_WORDS_BETWEEN = 5

_LETTERS = re.compile(r"[^\W\d_]+")
_WHOLE = 5  # shorter keys must be whole words
_PREFIX = 4
_LATIN_END = "\u0e00"

# What may stand between a label and its value, in the languages of the product.
_LINKS = (
    "nº|n°|numbers?|nummers?|nummern|num[eé]ros?|número|numero|nums?|nos?|nrs?|núm|n|id|ids|code|código|"
    "codice|key|value|is|was|are|ist|lautet|sind|war|est|es|sont|son|era|é|è|hat|of|der|des|del|de|"
    "von|für|for|du|la|el|le|my|your|mein|meine|with|mit|con|avec|the|ends?|ending|in|holder|card|"
    "karte|and|ref|reference|transfers?|payments?|to|an|auf|zu|nach|au|al|ao|il|het|destination|on|at|als|as"
)
_SIGNS = r"\"'`*_:=#.|>\[\]()/\\°º–-"
_GAP = re.compile(
    rf"(?:,[ ](?:it[ ]is|it's|its|c'est|(?:{_LINKS})\b)[ ]|[ ]intern[oae]?\b)?"
    rf"[ \t\u00a0{_SIGNS}]{{0,8}}(?:\b(?:{_LINKS})\b[ \t\u00a0{_SIGNS}]{{1,6}}){{0,4}}"
    rf"(?:(?<=[:>=|\s]|[.#])\r?\n[ \t{_SIGNS}]{{0,12}})?",
    re.IGNORECASE,
)
_FIRM = re.compile(
    r"[:=#>|°º]|(?:number|nummer|nr|numero|numéro|número)s?\b|\b(?:nos?|núm|num|ids?|code|código|"
    r"codice|is|ist|lautet|est|es|é|è)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Label:
    """A phrase with the kind it names: `key` is the word to look it up by, after `before`."""

    kind: str
    words: tuple[str, ...]
    key: int
    before: frozenset[str]


@dataclass(frozen=True, slots=True)
class Hit:
    """A label in a text."""

    start: int
    end: int
    kind: str


class Hits:
    """The labels of one text, in order of their ends."""

    __slots__ = ("_ends", "all", "kinds")

    def __init__(self, found: Sequence[Hit]) -> None:
        self.all = sorted(set(found), key=lambda hit: (hit.end, -hit.start, hit.kind))
        self._ends = [hit.end for hit in self.all]
        self.kinds = frozenset(hit.kind for hit in self.all)

    def before(self, start: int) -> Iterator[Hit]:
        """The labels that end at most `NEAR` before a place, the nearest first."""
        index = bisect_left(self._ends, start + 1)
        while index and start - self._ends[index - 1] <= NEAR:
            index -= 1
            yield self.all[index]

    def within(self, start: int, end: int) -> Iterator[Hit]:
        """The labels that lie in a range."""
        index = bisect_left(self._ends, start)
        while index < len(self.all) and self._ends[index] <= end:
            if self.all[index].start >= start:
                yield self.all[index]
            index += 1

    def after(self, end: int) -> Iterator[Hit]:
        """The labels that begin at most `AFTER` behind a place."""
        index = bisect_left(self._ends, end)
        while index < len(self.all) and self._ends[index] - end <= AFTER + 24:
            if 0 <= self.all[index].start - end <= AFTER:
                yield self.all[index]
            index += 1


# Of a phrase, the words by which it should not be looked up, since they stand everywhere.
_COMMON = frozenset(
    "number numbers nummer numéro numero número code card date account address license licence "
    "name file case social national health order call contact other personal document service "
    "application reference report person public the of at no de la le l à a al all to "
    "in on d del di "
    "my is me us for government".split()
)


class Index:
    """All labels of a table, by their key words."""

    __slots__ = ("_exact", "_heads", "_keys", "_prefixed", "_words")

    def __init__(self, kinds: Mapping[str, str]) -> None:
        """`kinds` maps a kind to its phrases, separated by bars.

        A phrase that ends in `$` must not be inflected.
        """
        self._exact: dict[str, list[Label]] = defaultdict(list)
        self._prefixed: dict[str, dict[str, list[Label]]] = defaultdict(dict)
        for kind, phrases in kinds.items():
            for phrase in phrases.split("|"):
                words = tuple(_LETTERS.findall(phrase.lower()))
                self._add(kind, words, whole=phrase.endswith("$"))
        self._words = frozenset(self._exact)
        self._heads = frozenset(self._prefixed)
        self._keys = {head: tuple(entries) for head, entries in self._prefixed.items()}

    def _add(self, kind: str, words: tuple[str, ...], *, whole: bool) -> None:
        self._put(kind, words, whole=whole)
        joined = "".join(words)
        if 1 < len(words) <= 3 and len(joined) > _WHOLE and len(words[0]) > 1:
            self._put(kind, (joined,), whole=whole)

    def _put(self, kind: str, words: tuple[str, ...], *, whole: bool) -> None:
        key = max(range(len(words)), key=lambda at: (words[at] not in _COMMON, len(words[at]), at))
        word, label = words[key], Label(kind, words, key, frozenset(words[:key]))
        if whole or (len(word) < _WHOLE and word[0] < _LATIN_END):
            self._exact[word].append(label)
        else:
            self._prefixed[word[:_PREFIX]].setdefault(word, []).append(label)

    def hits(self, reading: Reading) -> Hits:
        """The labels that stand in a text."""
        found: list[Hit] = []
        vocabulary = reading.vocabulary
        for word in vocabulary & self._words:
            labels = [label for label in self._exact[word] if label.before <= vocabulary]
            if labels:
                found.extend(_places(reading, word, labels))
        heads = self._heads & reading.prefixes
        for word in vocabulary if heads else ():
            head = word[:_PREFIX]
            # All keys are asked at once, since most words that begin like one go on otherwise.
            if head in heads and word.startswith(self._keys[head]):
                labels = [
                    label
                    for key, of_key in self._prefixed[head].items()
                    if word.startswith(key)
                    for label in of_key
                    if label.before <= vocabulary
                ]
                if labels:
                    found.extend(_places(reading, word, labels))
        return Hits(found)


def _places(reading: Reading, word: str, labels: Sequence[Label]) -> Iterator[Hit]:
    """Where a word stands, whole or as a part of a `camelCase` name, with its phrase around it."""
    text, lower, at = reading.text, reading.lower, reading.lower.find(word)
    while at >= 0:
        stop = at + len(word)
        if _begins(text, at) and _ends(text, stop, short=len(word) < _WHOLE):
            for label in labels:
                span = (at, stop) if len(label.words) == 1 else _phrase(lower, at, stop, label)
                if span is not None:
                    yield Hit(*span, label.kind)
        at = lower.find(word, stop)


def _begins(text: str, at: int) -> bool:
    if not at or not text[at - 1].isalnum():
        return not (
            at > 1 and text[at - 1] == "." and text[at - 2].isalnum() and text[at].islower()
        )
    return text[at].isupper() and text[at - 1].islower()


def _ends(text: str, stop: int, *, short: bool) -> bool:
    if stop == len(text) or not text[stop].isalnum():
        return True
    if text[stop].isdigit():  # "MRN123", but no hexadecimal digits
        return not short or text[stop - 1].isupper()
    return text[stop].isupper() and text[stop - 1].islower()


def _phrase(lower: str, at: int, stop: int, label: Label) -> tuple[int, int] | None:
    left, right = label.words[: label.key], label.words[label.key + 1 :]
    start, end = at, stop
    # Most phrases end here: the word beside the key is nowhere near.
    if left and lower.find(left[-1], max(0, at - 40), at) < 0:
        return None
    if right and lower.find(right[0], stop, stop + 40) < 0:
        return None
    if left:
        seen = list(_LETTERS.finditer(lower, max(0, at - 40), at))[-len(left) :]
        if tuple(match[0] for match in seen) != left:
            return None
        start = seen[0].start()
    if right:
        behind = list(islice(_LETTERS.finditer(lower, stop, stop + 40), len(right)))
        if len(behind) != len(right) or not all(
            match[0].startswith(word) for match, word in zip(behind, right, strict=True)
        ):
            return None
        end = behind[-1].end()
    return start, end


def hits(index: Index, reading: Reading) -> Hits:
    """The labels of a text, found once and remembered with the reading."""
    known = reading.memo.get("labels")
    if known is None:
        known = reading.memo["labels"] = index.hits(reading)
    return cast(Hits, known)


def touches(reading: Reading, hit: Hit, start: int) -> bool:
    """Whether nothing but signs and linking words stands between a label and a value."""
    return _GAP.fullmatch(reading.text, hit.end, start) is not None


def is_firm(reading: Reading, hit: Hit, start: int) -> bool:
    """Whether a sign or word such as ":" or "no." stands between a label and a value."""
    return _FIRM.search(reading.text, max(hit.start, hit.end - 8), start) is not None


def value_start(reading: Reading, hit: Hit) -> int:
    """Where the value of a label may begin."""
    gap = _GAP.match(reading.text, hit.end)
    return gap.end() if gap is not None else hit.end


def near(reading: Reading, labels: Hits, start: int, end: int, kind: str) -> float:
    """How sure a label of a kind is of a value: 1 beside it, 0.5 a few words off, else 0."""
    if kind not in labels.kinds:
        return 0.0
    best = 0.0
    for hit in labels.before(start):
        if hit.kind == kind:
            if touches(reading, hit, start):
                return 1.0
            if len(_LETTERS.findall(reading.text, hit.end, start)) <= _WORDS_BETWEEN:
                best = 0.5
    if not best and any(hit.kind == kind for hit in labels.after(end)):
        best = 0.5
    return best
