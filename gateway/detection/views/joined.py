"""Numbers and words taken apart by odd separators, put together again. Pure.

"4*1*1*1", "4111|1111", "A n n a", "a.n.n.a @ ...": one sign and one separator in turn, or the
groups of a card, an IBAN, a social security or a phone number with separators that nobody uses.
Lists of numbers look alike; so groups count only in the sizes that those numbers have.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from gateway.detection.views.spoken_words import NATO
from gateway.detection.views.view import Edit, Range

_MIN_DIGITS, _MAX_DIGITS = 9, 24

_SEPARATOR = r"[ \t,;:|/.*_~#·•\u2013\u2014-]{1,5}"
_CLOSE = _SEPARATOR.replace("{1,5}", "{1,3}")
_SINGLES = re.compile(
    rf"(?<![\w.,+-])(?:\+(?:{_CLOSE})?)?[0-9](?:{_CLOSE}[0-9](?![0-9])){{8,40}}(?!\w)"
)
_BETWEEN = (
    rf"(?:{_SEPARATOR}|[\"'\])>]{{1,2}}[ \t]{{0,2}}[,+&.|]?[ \t]{{0,2}}[\"'\[(<]{{0,2}}"
    r"|[ \t]{0,3}\r?\n[ \t|>]{0,4})"
)
_FRAME = r"[\"'\])>]{0,2}[ \t]{0,2}[,+&.|]?[ \t]{0,2}[\"'\[(<]{0,2}|>"
_FRAMED = re.compile(
    rf"(?<![\w+])\+?[0-9]{{1,8}}(?:(?![ \t.,|-]?[0-9])(?:{_FRAME})[0-9]{{1,8}}){{2,24}}(?!\w)"
)
_PLUS = re.compile(rf"\+[0-9]{{1,3}}{_BETWEEN}(?:[0-9]{{1,8}}{_BETWEEN}){{1,8}}[0-9]{{1,8}}(?!\w)")
_WRAPPED = re.compile(
    r"(?<![\w+])[0-9]{3,8}(?:[ -]?\r?\n[ \t>*|-]{0,4}[0-9]{3,8}|[ -][0-9]{3,8}){1,5}(?!\w)"
)
_NAMED = re.compile(
    r"(?<![^\W_])(?:ssn|social|phone|mobile?|cell|fax|tel|t[ée]l[ée]?|telefon\w{0,6}|tel[ée]fono|"
    r"num[ée]ro|n[úu]mero|number|nummer|handy|whatsapp|call|ruf|bel|cellulare|m[óo]vil)\b[^\n0-9(]{0,24}\s{0,3}\Z",
    re.IGNORECASE,
)
_GROUPS = re.compile(rf"(?<![\w+])[0-9]{{1,8}}(?:{_SEPARATOR}[0-9]{{1,8}}){{2,24}}(?!\w)")
_RUN = re.compile(r"[0-9][0-9 \t\r\n,;:|/.*_~#·•\u2013\u2014>\"'()\[\]+-]{9,}[0-9]")
_LINES = re.compile(
    r"(?<![\w+])[0-9]{1,8}(?:[ \t|,;]{0,3}\r?\n[ \t|>*-]{0,4}[0-9]{1,8}){2,24}(?!\w)"
)
_IBAN = re.compile(
    rf"(?<![A-Za-z0-9])[A-Za-z]{{2}}(?:{_BETWEEN})?[0-9]{{2}}(?:{_BETWEEN}[A-Za-z0-9]{{4}}){{2,7}}"
    rf"(?:{_BETWEEN}[A-Za-z0-9]{{1,3}})?(?![A-Za-z0-9])"
)
# What follows the country in one of them: a search is fast where it begins with digits.
_MAY_BE_IBAN = re.compile(rf"[0-9]{{2}}{_BETWEEN}[A-Za-z0-9]{{4}}{_BETWEEN}[A-Za-z0-9]{{4}}")
_LIKE = dict(zip("OoQDlI|iSsBZz", "0000111155822", strict=True))
_MISREAD = re.compile(
    r"(?<![A-Za-z0-9])(?:[0-9OolISB]{4}[ -]?){3}[0-9OolISB]{3,4}(?![A-Za-z0-9])"
    r"|(?<![A-Za-z0-9-])[0-9OolISB]{3}-[0-9OolISB]{2}-[0-9OolISB]{4}(?![A-Za-z0-9-])"
    r"|(?<![A-Za-z0-9-])\(?[0-9OolISB]{3}\)?[ .-][0-9OolISB]{3}[ .-][0-9OolISB]{4}(?![A-Za-z0-9-])"
    r"|\+[0-9lIOoSB]{1,3}(?:[ .-]?[0-9lIOoSB]){8,13}(?![A-Za-z0-9])"
    r"|(?<![A-Za-z0-9])[A-Za-z]{2}[0-9OolISB]{2}(?:[ ]?[A-Za-z0-9]{4}){3,7}[ ]?[A-Za-z0-9]{0,3}"
    r"(?![A-Za-z0-9])"
)
_MISREAD_LETTER = re.compile(r"[OolISB]")
_PLUS_BEFORE = re.compile(rf"\+(?:{_SEPARATOR})?\Z")
_GROUP = re.compile(r"[0-9]+")
_USUAL = frozenset({" ", "-", "."})
_LIST = frozenset(" \t,;|\r\n")
_ODD = frozenset("*_~#·•|()[]\"'>+")
_DASHES = frozenset("-\u2013\u2014")
_CARDS = re.compile(r"4444|465|44443|44442|44441|466|44411|88|448|844")
_OTHERS = {"324": "-", "334": "-", "1334": "-"}

_SPACED = re.compile(r"(?<![^\s\"'(\[<:])[\w@](?: [\w@.+-]){3,200}(?![^\s\"')\]>,;:!?])")
_DOTTED = re.compile(
    r"(?<![^\W_])[A-Za-z0-9]([-._*·•|~/])[A-Za-z0-9](?:\1[A-Za-z0-9@]){2,60}(?![^\W_])"
)
_SPACED_IBAN = re.compile(r"[A-Za-z]{2}[0-9]{2}[A-Za-z0-9]{11,30}")
_WORD_GAP = re.compile(r"[ ]{2,4}|[ ]?/[ ]?")
_NATO = re.compile(r"(?<!\w)[A-Za-z]{4,8}(?:[ ,-]{1,2}(?:[A-Za-z]{4,8}|[Xx]-[Rr]ay)){3,40}(?!\w)")
_NATO_WORD = re.compile(r"[Xx]-[Rr]ay|[A-Za-z]+")
_AS_IN = re.compile(
    r"[A-ZÄÖÜ](?<!\w.)(?:,? (?:wie|for|as in|like|comme|como|come|van|de) [^\W\d_]{2,14}"
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
    if 9 <= len(digits) <= 12 and digits[0] == "0" != digits[1]:
        return {4: " "}
    return {}


# ---------------------------------------------------------------- digits


def joined_edits(text: str) -> Iterator[Edit]:
    """Separators to be taken out of numbers, or put right, in order."""
    edits: dict[int, Edit] = {}
    for match in _IBAN.finditer(text) if _MAY_BE_IBAN.search(text) else ():
        for edit in _iban(match):
            edits.setdefault(edit[0], edit)
    for run in _RUN.finditer(text):
        plus = _PLUS_BEFORE.search(text, max(0, run.start() - 4), run.start())
        start = plus.start() if plus is not None else run.start()
        for edit in _run_edits(text, start, run.end() + 1):
            edits.setdefault(edit[0], edit)
    yield from sorted(edits.values())


def misread_edits(text: str) -> Iterator[Edit]:
    """Letters that look like digits, in what is else a card, a phone, a social security number.

    Also in an IBAN, behind its country, if it has no letters but those.
    """
    for match in _misread(text):
        skipped = 2 if match[0][:2].isalpha() and match[0][:2].isupper() else 0
        body = match[0][skipped:]
        digits = sum(map(str.isdigit, body))
        spots = list(_MISREAD_LETTER.finditer(text, match.start() + skipped, match.end()))
        letters = sum(map(str.isalpha, body))
        if spots and letters == len(spots) and digits >= 2 * letters:
            for spot in spots:
                yield spot.start(), spot.end(), _LIKE[spot[0]]


def _misread(text: str) -> Iterator[re.Match[str]]:
    """The candidates, looked for only around digits that touch such letters."""
    begin = end = 0
    for spot in _TOUCHING.finditer(text):
        if spot.start() - _REACH > end:
            yield from _MISREAD.finditer(text, begin, end)
            begin = spot.start() - _REACH
        end = spot.end() + _REACH
    yield from _MISREAD.finditer(text, begin, end)


_TOUCHING = re.compile(r"[0-9](?:(?=[OolISB])|(?<=[OolISB][0-9]))")
_REACH = 48


def _run_edits(text: str, start: int, end: int) -> Iterator[Edit]:
    """Those of a run of digits and separators, which ends before the sign at `end`."""
    run = text[start:end]
    has_lines = "\n" in run
    for pattern, read, may_match in (
        (_SINGLES, _singles, True),
        (_GROUPS, _groups, True),
        (_LINES, _groups, has_lines),
        (_WRAPPED, _groups, has_lines and "," not in run and ";" not in run),
        (_FRAMED, _groups, not _FRAMES.isdisjoint(run)),
        (_PLUS, _country_code, "+" in run),
    ):
        if may_match:
            for match in pattern.finditer(text, start, end):
                yield from read(match)


_FRAMES = frozenset("\"'()[]>+")


def _stretches(match: re.Match[str]) -> Iterator[tuple[list[Range], list[str]]]:
    """Digit groups and the gaps between them, parted where another separator is the exception."""
    text = match.string
    spots = [spot.span() for spot in _GROUP.finditer(text, match.start(), match.end())]
    gaps = [text[one[1] : two[0]] for one, two in pairwise(spots)]
    if len(set(gaps)) == 1:
        yield spots, gaps
        return
    alike = ["".join(sorted(set(gap) - _BLANKS)) or " " for gap in gaps]
    usual, count = Counter(alike).most_common(1)[0]
    if count * 10 < len(gaps) * 7:
        yield spots, gaps
        return
    begin = 0
    for at, gap in enumerate([*alike, ""]):
        if gap != usual:
            if at > begin:
                yield spots[begin : at + 1], gaps[begin:at]
            begin = at + 1


_BLANKS = frozenset(" \t")


def _singles(match: re.Match[str]) -> Iterator[Edit]:
    spelled = list(_spelled_ssn(match))
    if spelled:
        yield from spelled
        return
    for spots, gaps in _stretches(match):
        size = len(spots)
        if not _MIN_DIGITS <= size <= _MAX_DIGITS or _goes_on(match.string, spots, gaps[0]):
            continue
        kinds = set(gaps)
        # Other patterns read usual separators, and a short list of numbers is no identifier.
        digits = "".join(match.string[start] for start, _ in spots)
        is_international = "+" in match.string[match.start() : spots[0][0]]
        by_hyphens = kinds == {"-"} and len(set(digits)) >= 5 and bool(layout(digits))
        if (kinds <= _USUAL and len(kinds) < 3 and not is_international and not by_hyphens) or (
            not is_international and size < 12 and len(kinds) == 1 and _LIST.issuperset(*kinds)
        ):
            continue
        if is_international and match.string[spots[0][0] - 1] != "+":
            yield match.start() + 1, spots[0][0], ""
        breaks = {} if is_international else layout(digits)
        for index, (one, two) in enumerate(pairwise(spots), 1):
            yield one[1], two[0], breaks.get(index, "")


def _spelled_ssn(match: re.Match[str]) -> Iterator[Edit]:
    """Nine single digits that dashes part as a US social security number: "0 7 8 - 0 5 - ..."."""
    spots = [spot.span() for spot in _GROUP.finditer(match.string, match.start(), match.end())]
    gaps = [match.string[one[1] : two[0]] for one, two in pairwise(spots)]
    dashes = [at for at, gap in enumerate(gaps) if gap.strip() in _DASHES]
    if len(spots) == 9 and dashes == [2, 4] and {gap for gap in gaps if not gap.strip()} == {" "}:
        for index, (one, two) in enumerate(pairwise(spots)):
            yield one[1], two[0], "-" if index in dashes else ""


def _goes_on(text: str, spots: list[Range], gap: str) -> bool:
    """Whether the same list holds further numbers, before or after."""
    end, start = spots[-1][1], spots[0][0]
    after = text.startswith(gap, end) and text[end + len(gap) : end + len(gap) + 1].isdecimal()
    before = text.endswith(gap, 0, start) and text[: start - len(gap)][-1:].isdecimal()
    return after or before


def _groups(match: re.Match[str]) -> Iterator[Edit]:
    """The groups of a card or, between signs that no list has, of other numbers."""
    for spots, gaps in _stretches(match):
        if set(gaps) <= _USUAL:
            continue
        start = spots[0][0]
        is_named = _NAMED.search(match.string, max(0, start - 40), start) is not None
        separator = _between_groups(spots, gaps, is_named)
        if separator is not None:
            for one, two in pairwise(spots):
                yield one[1], two[0], separator


def _country_code(match: re.Match[str]) -> Iterator[Edit]:
    """A phone number with its country code, in groups between equal signs."""
    text = match.string
    spots = [spot.span() for spot in _GROUP.finditer(text, match.start(), match.end())]
    gaps = [text[one[1] : two[0]] for one, two in pairwise(spots)]
    digits = sum(end - start for start, end in spots)
    if set(gaps) <= _USUAL or text[spots[0][0]] == "0" or not 10 <= digits <= 14:
        return
    if len({gap.strip() for gap in gaps}) == 1:
        for one, two in pairwise(spots):
            yield one[1], two[0], " "


def _between_groups(spots: list[Range], gaps: list[str], is_named: bool) -> str | None:
    """What belongs between the groups; None if they are no identifier."""
    lengths = [end - start for start, end in spots]
    sizes = "".join(map(str, lengths))
    if _CARDS.fullmatch(sizes):
        return " "
    is_odd = all(_ODD.issuperset(gap) for gap in gaps)
    by_dashes = sizes == "324" and {gap.strip() for gap in gaps} <= _DASHES
    if sizes in _OTHERS and (is_odd or is_named or by_dashes):
        return _OTHERS[sizes]
    if any(_LIST.issuperset(gap) for gap in gaps) or not 12 <= sum(lengths) <= 19:
        return None
    in_pairs = sizes.count("2") >= len(sizes) - 1
    return "" if is_odd or in_pairs or len(set(gaps)) > 3 else None


def _iban(match: re.Match[str]) -> Iterator[Edit]:
    for gap in re.finditer(r"[^A-Za-z0-9]+", match[0]):
        if gap[0] not in _USUAL:
            yield match.start() + gap.start(), match.start() + gap.end(), " "


# ---------------------------------------------------------------- letters


def lettered_edits(text: str) -> Iterator[Edit]:
    """Words whose letters stand apart, and words that are spelled."""
    edits: dict[int, Edit] = {}
    for pattern, read, may_match in (
        (_SPACED, _spaced, _MAY_BE_SPACED.search(text)),
        (_DOTTED, _dotted, _MAY_BE_DOTTED.search(text)),
        (_NATO, _spelled, _may_be_spelled(text)),
        (_AS_IN, _as_in, True),
    ):
        for match in pattern.finditer(text) if may_match else ():
            for edit in read(match):
                edits.setdefault(edit[0], edit)
    yield from sorted(edits.values())


# Parts of such words with a sign in front that is rare.
_MAY_BE_SPACED = re.compile(r" [\w@.+-] [\w@.+-] [\w@.+-]")
_MAY_BE_DOTTED = re.compile(r"([-._*·•|~/])[A-Za-z0-9]\1[A-Za-z0-9@]\1[A-Za-z0-9@]")


def _may_be_spelled(text: str) -> bool:
    """Whether two words of the alphabet stand side by side, as the inner ones of four do."""
    lower = text.lower()
    words = lower.replace("-", " ").replace(",", " ").split()
    known = [word in NATO for word in words]
    return "x-ray" in lower or any(one and two for one, two in pairwise(known))


def _spaced(match: re.Match[str]) -> Iterator[Edit]:
    signs = match[0][::2]
    least = min(4, max(2, len(signs) // 4))
    if sum(map(str.isalpha, signs)) < least and not _SPACED_IBAN.fullmatch(signs):
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
