"""Numbers and words taken apart by odd separators, put together again. Pure.

"4*1*1*1", "4111|1111", "A n n a", "a.n.n.a @ ...": one sign and one separator in turn, or the
groups of a card, an IBAN, a social security or a phone number with separators that nobody uses.
Lists of numbers look alike; so groups count only in the sizes that those numbers have.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from gateway.detection.spoken_words import NATO
from gateway.detection.view import Edit

_MAX_DIGITS = 24

_SEPARATOR = r"[ \t,;:|/.*_~#·•\u2013\u2014-]{1,3}"
_SINGLES = re.compile(
    rf"(?<![\w.,+-])\+?[0-9](?:{_SEPARATOR}[0-9](?![0-9])){{8,40}}"
    rf"(?!\w|{_SEPARATOR}[0-9])"
)
_AFTER_NUMBER = re.compile(rf"[0-9]{_SEPARATOR}$")
_GROUPS = re.compile(rf"(?<![\w+])[0-9]{{1,8}}(?:{_SEPARATOR}[0-9]{{1,8}}){{2,24}}(?!\w)")
_LINES = re.compile(
    r"(?<![\w+])[0-9]{1,8}(?:[ \t|,;]{0,3}\r?\n[ \t|>*-]{0,4}[0-9]{1,8}){2,24}(?!\w)"
)
_IBAN = re.compile(
    rf"(?<![A-Za-z0-9])[A-Za-z]{{2}}(?:{_SEPARATOR})?[0-9]{{2}}(?:{_SEPARATOR}[A-Za-z0-9]{{4}}){{2,7}}"
    rf"(?:{_SEPARATOR}[A-Za-z0-9]{{1,3}})?(?![A-Za-z0-9])"
)
_GROUP = re.compile(r"[0-9]+")
_NO_DIGIT = re.compile(r"[^0-9]+")
_GAP = re.compile(r"[^0-9+]+")
_USUAL = frozenset({" ", "-", "."})
_LIST = frozenset(" \t,;|\r\n")
_ODD = frozenset("*_~#·•|")
_CARDS = re.compile(r"4444|465|44443|44442|44441|466|44411|88|448|844")
_OTHERS = {"324": "-", "334": "-", "1334": "-"}

_SPACED = re.compile(r"(?<![^\s\"'(\[<:])[\w@](?: [\w@.+-]){3,200}(?![^\s\"')\]>,;:!?])")
_DOTTED = re.compile(
    r"(?<![^\W_])[A-Za-z0-9]([-._*·•|~/])[A-Za-z0-9](?:\1[A-Za-z0-9@]){2,60}(?![^\W_])"
)
_WORD_GAP = re.compile(r"[ ]{2,4}|[ ]?/[ ]?")
_NATO = re.compile(r"(?<!\w)[A-Za-z]{4,8}(?:[ ,-]{1,2}(?:[A-Za-z]{4,8}|[Xx]-[Rr]ay)){3,40}(?!\w)")
_NATO_WORD = re.compile(r"[Xx]-[Rr]ay|[A-Za-z]+")
_AS_IN = re.compile(
    r"(?<!\w)[A-ZÄÖÜ](?:,? (?:wie|for|as in|like|comme|como|come|van|de) [^\W\d_]{2,14}"
    r"[ ,;.–-]{1,3}[A-ZÄÖÜ]){2,30},? (?:wie|for|as in|like|comme|como|come|van|de) [^\W\d_]{2,14}"
)
_CAPITAL = re.compile(r"(?<!\w)[A-ZÄÖÜ](?!\w)")


def layout(digits: str) -> dict[int, str]:
    """Where to part a number of that many digits so that it reads as it is usually written.

    Nine digits are a US social security number, ten or eleven a phone number.
    """
    if not digits.isdecimal():
        return {}
    if len(digits) == 10 and digits[0] in "23456789":
        return {3: "-", 6: "-"}
    if len(digits) == 11 and digits[0] == "1":
        return {1: "-", 4: "-", 7: "-"}
    if len(digits) == 9 and digits[0] != "0":
        return {3: "-", 5: "-"}
    if digits[0] == "0" and digits[1] != "0" and 9 <= len(digits) <= 12:
        return {4: " "}
    return {}


# ---------------------------------------------------------------- digits


def joined_edits(text: str) -> Iterator[Edit]:
    """Separators to be taken out of numbers, or put right, in order."""
    edits: dict[int, Edit] = {}
    for pattern, read in (
        (_SINGLES, _singles),
        (_IBAN, _iban),
        (_GROUPS, _groups),
        (_LINES, _groups),
    ):
        for match in pattern.finditer(text):
            for edit in read(match):
                edits.setdefault(edit[0], edit)
    yield from sorted(edits.values())


def _singles(match: re.Match[str]) -> Iterator[Edit]:
    digits = _NO_DIGIT.sub("", match[0])
    separators = set(_GAP.findall(match[0]))
    before = match.string[max(0, match.start() - 4) : match.start()]
    if len(digits) > _MAX_DIGITS or _AFTER_NUMBER.search(before):
        return
    # Other patterns read usual separators, and a short list of numbers is no identifier.
    if (separators <= _USUAL and len(separators) < 3) or (
        len(digits) < 12 and len(separators) == 1 and _LIST.issuperset(*separators)
    ):
        return
    breaks = {} if "+" in match[0] else layout(digits)
    spots = list(_GROUP.finditer(match[0]))
    for index in range(1, len(spots)):
        start = match.start() + spots[index - 1].end()
        yield start, match.start() + spots[index].start(), breaks.get(index, "")


def _groups(match: re.Match[str]) -> Iterator[Edit]:
    """The groups of a card or, between signs that no list has, of other numbers."""
    spots = list(_GROUP.finditer(match[0]))
    gaps = [match[0][one.end() : two.start()] for one, two in pairwise(spots)]
    if set(gaps) <= _USUAL:
        return
    sizes = "".join(str(len(spot[0])) for spot in spots)
    total = sum(len(spot[0]) for spot in spots)
    if _CARDS.fullmatch(sizes):
        separator = " "
    elif sizes in _OTHERS and all(gap in _ODD for gap in gaps):
        separator = _OTHERS[sizes]
    elif (
        not any(_LIST.issuperset(gap) for gap in gaps)
        and 12 <= total <= 19
        and (
            len(set(gaps)) > 2
            or all(_ODD.issuperset(gap) for gap in gaps)
            or sizes.count("2") >= len(sizes) - 1
        )
    ):
        separator = ""
    else:
        return
    for one, two in pairwise(spots):
        yield match.start() + one.end(), match.start() + two.start(), separator


def _iban(match: re.Match[str]) -> Iterator[Edit]:
    for gap in re.finditer(r"[^A-Za-z0-9]+", match[0]):
        if gap[0] not in _USUAL:
            yield match.start() + gap.start(), match.start() + gap.end(), " "


# ---------------------------------------------------------------- letters


def lettered_edits(text: str) -> Iterator[Edit]:
    """Words whose letters stand apart, and words that are spelled."""
    edits: dict[int, Edit] = {}
    for pattern, read in (
        (_SPACED, _spaced),
        (_DOTTED, _dotted),
        (_NATO, _spelled),
        (_AS_IN, _as_in),
    ):
        for match in pattern.finditer(text):
            for edit in read(match):
                edits.setdefault(edit[0], edit)
    yield from sorted(edits.values())


def _spaced(match: re.Match[str]) -> Iterator[Edit]:
    signs = match[0][::2]
    if sum(sign.isalpha() for sign in signs) < min(4, max(2, len(signs) // 4)):
        return
    is_mixed = any(sign.islower() for sign in signs)
    for index in range(1, len(signs)):
        at = match.start() + 2 * index - 1
        # "A n n a S c h m i d t": where no gap shows the next word, its capital does.
        starts_word = is_mixed and signs[index].isupper() and signs[index - 1].islower()
        yield at, at + 1, " " if starts_word else ""
    gap = _WORD_GAP.match(match.string, match.end())
    if gap is not None and match.string[gap.end() : gap.end() + 1].isalpha():
        yield gap.start(), gap.end(), " "


def _dotted(match: re.Match[str]) -> Iterator[Edit]:
    signs = match[0][::2]
    if sum(sign.isalpha() for sign in signs) >= 2:
        for at in range(match.start() + 1, match.end(), 2):
            yield at, at + 1, ""


def _spelled(match: re.Match[str]) -> Iterator[Edit]:
    """The longest stretches of at least four words of the alphabet."""
    words = list(_NATO_WORD.finditer(match.string, match.start(), match.end()))
    run: list[re.Match[str]] = []
    for word in [*words, None]:
        if word is not None and word[0].lower() in NATO:
            run.append(word)
            continue
        if len(run) >= 4:
            for index, one in enumerate(run):
                letter = one[0][0]
                yield one.start(), one.end(), letter.lower() if index else letter.upper()
                if index + 1 < len(run):
                    yield one.end(), run[index + 1].start(), ""
        run = []


def _as_in(match: re.Match[str]) -> Iterator[Edit]:
    capitals = list(_CAPITAL.finditer(match.string, match.start(), match.end()))
    for index, one in enumerate(capitals):
        if index:
            yield one.start(), one.end(), one[0].lower()
        stop = capitals[index + 1].start() if index + 1 < len(capitals) else match.end()
        yield one.end(), stop, ""
