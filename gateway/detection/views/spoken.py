"""Numbers that are said in words, "four one one double five", as digits. Pure.

A run of at least three number words of one language, also with words of a spelling alphabet, single
capitals and groups of digits between them, is read as one number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from gateway.detection.views.joined import layout
from gateway.detection.views.spoken_words import (
    ALPHABET,
    AND,
    ANY_NUMBER,
    HUNDREDS,
    LANGUAGES,
    NATO,
    NUMBERS,
    REPEATS,
    SIGNS,
)
from gateway.detection.views.view import Edit

_TOKEN = re.compile(r"[^\W\d_]+|[0-9]{1,6}")
_GAP = re.compile(r"[\s,.;:/…·–—_*|()+-]{0,6}")
_PUNCTUATION = re.compile(r"[,.;:/…·–—_*|+]")
_MIN_WORDS = 3
_MAX_ELEMENTS, _MAX_UNSAID = 120, 6
_MAX_PARTS = 4  # of "quatre-vingt-dix-neuf"
_COUNTS_ON = frozenset({"en", "fr"})  # "forty two"; others put a word for "and" between

_NUMBER_WORDS = ANY_NUMBER | {"x", "ray"} | {word for words in REPEATS.values() for word in words}
_LINKS = frozenset(SIGNS) | {
    word for words in (*AND.values(), *HUNDREDS.values()) for word in words
}
_PLUS = frozenset(word for word, sign in SIGNS.items() if sign == "+")
_COUNTING = "01234567890"
_OTHER, _LINK, _NUMBER = range(3)
_STRETCH = re.compile(rb"[\1\2]{3,}")


@dataclass(frozen=True, slots=True)
class _Token:
    start: int
    end: int
    word: str
    is_capital: bool


@dataclass(frozen=True, slots=True)
class _Said:
    """What the tokens from one to another say; `words` counts those that are number words."""

    signs: str
    begin: int
    end: int
    words: int


def spoken_edits(text: str) -> Iterator[Edit]:
    """Every run of number words, word by word as the digits that it says."""
    matches = list(_TOKEN.finditer(text))
    kinds = bytes(_kind(match[0]) for match in matches)
    for stretch in _STRETCH.finditer(kinds):
        if stretch[0].count(_NUMBER) < _MIN_WORDS:
            continue
        tokens = [
            _Token(one.start(), one.end(), one[0].lower(), _is_capital(one[0]))
            for one in matches[stretch.start() : stretch.end()]
        ]
        yield from _stretch_edits(text, tokens)


def glued_edits(text: str) -> Iterator[Edit]:
    """Number words of one language without a space between, as digits."""
    for match in _LONG_WORD.finditer(text):
        word = match[0].lower()
        for glued, digits in _GLUED.items():
            if glued.fullmatch(word):
                for one in _ONE[glued].finditer(word):
                    start, end = (match.start() + at for at in one.span())
                    yield start, end, digits[one[0]]
                break


_LONG_WORD = re.compile(r"(?<![^\W_])[A-Za-zÀ-ÿ]{20,200}(?![^\W_])")
_DIGIT_WORDS = {
    lang: {word: str(value) for word, value in NUMBERS[lang].items() if value < 10} | {"plus": "+"}
    for lang in LANGUAGES
}
_SOURCE = {
    lang: "|".join(sorted(words, key=lambda word: (-len(word), word)))
    for lang, words in _DIGIT_WORDS.items()
}
_GLUED = {re.compile(f"(?:{_SOURCE[lang]}){{7,24}}"): words for lang, words in _DIGIT_WORDS.items()}
_ONE = dict(zip(_GLUED, [re.compile(source) for source in _SOURCE.values()], strict=True))


def _stretch_edits(text: str, tokens: Sequence[_Token]) -> Iterator[Edit]:
    at = 0
    while at < len(tokens):
        if not _may_begin(tokens, at):
            at += 1
            continue
        run = max((_run(text, tokens, at, lang) for lang in LANGUAGES), key=_weight)
        if _words(run) < _MIN_WORDS:
            at += 1
            continue
        if _is_number(run):
            first = tokens[run[0].begin].start
            if text[max(0, first - 2) : first] == "+ ":
                yield first - 1, first, ""
            yield from _edits(text, tokens, run)
        at = run[-1].end


def _may_begin(tokens: Sequence[_Token], at: int) -> bool:
    """A number word, a plus sign, or one of the two capitals before a number, as in an IBAN."""
    word = tokens[at].word
    if word in _NUMBER_WORDS or word in _PLUS or word.isdecimal():
        return True
    return tokens[at].is_capital and any(one.word in _NUMBER_WORDS for one in tokens[at : at + 3])


def _kind(signs: str) -> int:
    """What a token may be in a run: a number word, something that may stand between, neither."""
    word = signs.lower()
    if word in _NUMBER_WORDS:
        return _NUMBER
    return _LINK if _is_capital(signs) or word.isdecimal() or word in _LINKS else _OTHER


def _is_capital(signs: str) -> bool:
    """A letter that is said, the country of an IBAN or its bank."""
    return len(signs) in (1, 2, 4) and signs.isupper() and signs.lower() not in SIGNS


def _words(run: Sequence[_Said]) -> int:
    return sum(said.words for said in run)


def _weight(run: Sequence[_Said]) -> tuple[int, int]:
    return _words(run), sum(sign.isdigit() for said in run for sign in said.signs)


def _is_number(run: Sequence[_Said]) -> bool:
    digits = "".join(sign for said in run for sign in said.signs if sign.isdigit())
    is_counting = len(digits) >= 9 and digits in _COUNTING
    return digits.strip("0") != "" and not is_counting


def _run(text: str, tokens: Sequence[_Token], at: int, lang: str) -> list[_Said]:
    out: list[_Said] = []
    unsaid = 0  # elements in a row that are no words: more of them belong to something else
    while at < len(tokens) and len(out) < _MAX_ELEMENTS:
        if out and not _GAP.fullmatch(text, tokens[at - 1].end, tokens[at].start):
            break
        said = _element(text, tokens, at, lang)
        if said is None and (out or tokens[at].word in _PLUS):
            sign = SIGNS.get(tokens[at].word)
            said = None if sign is None else _Said(sign, at, at + 1, 0)
        unsaid = 0 if said is not None and said.words else unsaid + 1
        if said is None or unsaid > _MAX_UNSAID:
            break
        out.append(said)
        at = said.end
    return _without_tail(out)


def _without_tail(run: list[_Said]) -> list[_Said]:
    """A run ends with a number word, or with one group of digits after one."""
    end = len(run)
    while end and not run[end - 1].words:
        end -= 1
    if end + 1 == len(run) and run[end].signs.isdigit():
        end += 1
    return run[:end]


def _element(text: str, tokens: Sequence[_Token], at: int, lang: str) -> _Said | None:
    token = tokens[at]
    if token.word.isdecimal():
        return _Said(token.word, at, at + 1, 0)
    times = REPEATS[lang].get(token.word)
    if times and at + 1 < len(tokens) and tokens[at + 1].word not in REPEATS[lang]:
        said = _element(text, tokens, at + 1, lang)
        if said is not None and len(said.signs) == 1:
            return _Said(said.signs * times, at, said.end, said.words + 1)
    number = _number(text, tokens, at, lang)
    if number is not None:
        return number
    if token.word == "x" and _joined(text, tokens, at, at + 2) == "x-ray":
        return _Said("X", at, at + 2, 1)
    letter = ALPHABET.get(token.word)
    if letter is not None and (lang == "de" or token.word in NATO):
        return _Said(letter, at, at + 1, 1)
    return _Said(token.word.upper(), at, at + 1, 0) if token.is_capital else None


def _number(text: str, tokens: Sequence[_Token], at: int, lang: str) -> _Said | None:
    """A number below 1,000 in one or more words."""
    value, end = _below_hundred(text, tokens, at, lang)
    if value < 0:
        return None
    if 0 < value < 10 and _word(tokens, end) in HUNDREDS[lang]:
        value, end = value * 100, end + 1
        follows = end + 1 if _word(tokens, end) in AND[lang] else end
        rest, stop = _below_hundred(text, tokens, follows, lang)
        if rest >= 10 or (rest > 0 and follows > end):
            value, end = value + rest, stop
    return _Said(str(value), at, end, end - at)


def _below_hundred(text: str, tokens: Sequence[_Token], at: int, lang: str) -> tuple[int, int]:
    """The number and where it ends; -1 if there is none."""
    numbers = NUMBERS[lang]
    for parts in range(min(_MAX_PARTS, len(tokens) - at), 0, -1):
        word = tokens[at].word if parts == 1 else _joined(text, tokens, at, at + parts)
        if word in numbers:
            value, end = numbers[word], at + parts
            break
    else:
        return -1, at
    has_and = _word(tokens, end) in AND[lang]
    other = numbers.get(_word(tokens, end + 1 if has_and else end), -1)
    stop = end + 2 if has_and else end + 1
    if value >= 20 and value % 10 == 0 and 0 < other < 10 and (lang != "fr" or value != 80):
        close = has_and or (lang in _COUNTS_ON and _is_close(text, tokens, end))
        return (value + other, stop) if close else (value, end)
    if has_and and 0 < value < 10 and other >= 20 and other % 10 == 0 and lang in ("de", "nl"):
        return value + other, stop
    return value, end


def _word(tokens: Sequence[_Token], at: int) -> str:
    return tokens[at].word if at < len(tokens) else ""


def _is_close(text: str, tokens: Sequence[_Token], at: int) -> bool:
    return text[tokens[at - 1].end : tokens[at].start] in (" ", "-")


def _joined(text: str, tokens: Sequence[_Token], at: int, end: int) -> str:
    """Tokens in hyphens, if single hyphens or spaces stand between them; else nothing."""
    if end > len(tokens) or not all(_is_close(text, tokens, one) for one in range(at + 1, end)):
        return ""
    return "-".join(token.word for token in tokens[at:end])


def _edits(text: str, tokens: Sequence[_Token], run: Sequence[_Said]) -> Iterator[Edit]:
    before = _separators(text, tokens, run)
    for index, said in enumerate(run):
        start = tokens[said.begin].start
        if index:
            gap = tokens[run[index - 1].end - 1].end
            if gap < start:
                yield gap, start, ""
        yield start, tokens[said.end - 1].end, before[index] + said.signs


def _separators(text: str, tokens: Sequence[_Token], run: Sequence[_Said]) -> list[str]:
    """What to write before each element: pauses that were made, else the usual groups."""
    gaps = [text[tokens[one.end - 1].end : tokens[two.begin].start] for one, two in pairwise(run)]
    pauses = [bool(_PUNCTUATION.search(gap)) or "\n" in gap for gap in gaps]
    out = [""] * len(run)
    if any(said.signs in SIGNS.values() for said in run[1:]):
        return out
    if 0 < sum(pauses) * 2 <= len(gaps):
        return ["", *(" " if pause else "" for pause in pauses)]
    if len(run) > 2 and sum(len(said.signs) == 2 for said in run) * 2 >= len(run):
        # Said in pairs, as in France; two single digits are a pair too.
        return ["", *("" if len(a.signs + b.signs) == 2 else " " for a, b in pairwise(run))]
    digits = "".join(said.signs for said in run)
    breaks = layout(digits)
    at = 0
    for index, said in enumerate(run):
        out[index] = breaks.get(at, "")
        at += len(said.signs)
    return out
