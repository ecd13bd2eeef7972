"""Phone and payment card numbers: candidates by shape, then by number plan and check digit. Pure.

Number plans come from `phonenumbers` (ITU-T E.164 and national plans); its own text matcher is
not used, because it is some hundred times slower than looking for candidates first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate

import phonenumbers
from phonenumbers import NumberParseException

from gateway.detection.structured import phone_forms as forms
from gateway.detection.structured import scan
from gateway.detection.structured.context import Reading
from gateway.detection.structured.kinds import LABELS
from gateway.detection.structured.labels import Hits, hits, near, touches
from gateway.detection.structured.phone_groups import REGIONS, may_be_phone
from gateway.types import Span

_EXTENSION = re.compile(
    r"[ ,;/]{0,3}(?:\(?(?:extension|ext|durchwahl|dw|poste|int|interno|toestel|ramal|x)[ .:#]{0,2}"
    r"\d{1,6}\)?)(?!\w)",
    re.IGNORECASE,
)
_HEAD = re.compile(r"(?:\+[ ]?\(?|\(\+?[ ]?)\Z")
_GROUP = re.compile(r"[0-9]+")
_PIECES = re.compile(r"\t+|[ ]{2,}|[ ][-/–][ ]|(?<=\d)[ ](?=\(|0\d)|(?<=\d{4})[/](?=0\d)")
_NOT_BEFORE = frozenset(".,/=#-_$€£%&@")
_MIN_DIGITS, _MAX_DIGITS = 7, 15
_LEAST_DIALLED = 10  # with 00 in place of the plus


def phones(reading: Reading) -> Iterator[Span]:
    """Phone numbers of all countries, with extension where one follows.

    With a country code: any country whose plan has such a number. Without: a form that is written
    so only for phones, if some country's plan has the number; or any run of 6 to 15 digits beside
    a word for phone that is not plainly something else.
    """
    labels = hits(LABELS, reading)
    for start, end in scan.runs(reading):
        if end - start >= _MIN_DIGITS - 1:
            for first, last in _pieces(reading.text, start, end):
                yield from _phone(reading, labels, first, last)


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """A run of digits, cut where another number may begin if it is too long for one."""
    if end - start < 2 * _MIN_DIGITS or _digits(text[start : min(end, start + 200)]) <= _MAX_DIGITS:
        yield start, end
        return
    at = start
    for cut in _PIECES.finditer(text, start, end):
        yield from _split(text, at, cut.start())
        at = cut.end()
    yield from _split(text, at, end)


def _split(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """A piece; in two where it begins with a whole number and its country code."""
    if text[start - 1 : start] == "+" and _digits(text[start:end]) > _MAX_DIGITS:
        reach = _international("+" + text[start : min(end, start + 40)])
        if reach:
            stop = start + reach - 1
            yield start, stop
            start = next((group.start() for group in _GROUP.finditer(text, stop, end)), end)
    yield start, end


def _digits(text: str) -> int:
    return sum(map(str.isdigit, text))


def _phone(reading: Reading, labels: Hits, start: int, end: int) -> Iterator[Span]:
    text = reading.text
    if end - start > 40 or end - start < _MIN_DIGITS - 1:
        return
    head = _HEAD.search(text, max(0, start - 3), start)
    if head is not None:
        start = head.start()
    body = text[start:end]
    if "(" in body and ")" not in body:
        body = body.replace("(", "", 1) if body[0] == "(" else body
        start = end - len(body)
    count = _digits(body)
    plus = body.startswith(("+", "(+"))
    if not 6 <= count <= _MAX_DIGITS + 2 or body.startswith("0."):
        return
    grouped = plus or any(sign in body for sign in "-) ")
    if _is_part(text, start, end, plus=plus, grouped=grouped) and not (
        text[start - 1] in "-/.#" and near(reading, labels, start, end, "phone") == 1
    ):
        return
    extension = _EXTENSION.match(text, end)
    stop = extension.end() if extension is not None else end
    if (
        (plus or body.startswith(("00", "011")))
        and not forms.SIGNED.fullmatch(body)
        and (plus or (count >= _LEAST_DIALLED and not body.startswith("000")))
    ):
        reach = _international(body)
        if reach and body[:2] == "+ " and text[max(0, start - 2) : start].strip(" :\n(") != "":
            reach = 0  # a sum
        if reach and not body.startswith(".", reach):
            yield Span(start, stop if reach == len(body) else start + reach, "PHONE_NUMBER", 0.9,
                       "phone_international")  # fmt: skip
            return
    found = _national(reading, labels, start, end, body, count)
    if found is not None:
        yield Span(start, stop, "PHONE_NUMBER", *found)


def _is_part(text: str, start: int, end: int, *, plus: bool, grouped: bool) -> bool:
    """Whether a candidate is a part of a word, a path, an amount or a longer number."""
    before, after = text[start - 1 : start], text[end : end + 2]
    barred = before.isalnum() or (
        before in _NOT_BEFORE and not plus and not (grouped and before == ",") if before else False
    )
    if barred and not _LABEL_SIGN.search(text, max(0, start - 12), start):
        return True
    if after and (after[0].isalpha() or after[0] in "_%€$£") and not _EXTENSION.match(text, end):
        return True
    joints = ".:/-" if grouped else ".,:/-"
    return len(after) == 2 and after[0] in joints and after[1].isdigit()


_LABEL_SIGN = re.compile(r"[A-Za-z\"']\s?(?:=|,)\Z")


def _national(
    reading: Reading, labels: Hits, start: int, end: int, body: str, count: int
) -> tuple[float, str] | None:
    """Score and recognizer of a number without a country code, if it is a phone number."""
    denied = "negative" in labels.kinds and any(
        hit.kind == "negative" and touches(reading, hit, start) for hit in labels.before(start)
    )
    named = 0.0 if denied else near(reading, labels, start, end, "phone")
    if (
        count > _MAX_DIGITS
        or forms.SURE_NOT.fullmatch(body)
        or (forms.DATED.search(body) and not (named == 1 and forms.MOBILE.fullmatch(body)))
        or len(set(body) - set(" -.()/")) < 2
        or (named == 0.5 and forms.AMOUNT.fullmatch(body))
    ):
        return None
    if named == 1 or (named and (count >= 8 or _valid(body, forms.REGIONS))):
        return (0.85 if named == 1 else 0.7), "phone_context"
    if count < _MIN_DIGITS or denied:
        return None
    plain = body.isdigit()
    trunk = plain and body[0] == "0" != body[1] and count >= 10
    bare = plain and not trunk
    called = near(reading, labels, start, end, "call") > 0.5 * bare and not (plain and count < 9)
    planned = called and (
        forms.LOCAL.fullmatch(body)
        or (count >= 9 and body.lstrip("(")[0] == "0" != body.lstrip("(")[1])
        or (count >= 8 and _valid(body, forms.REGIONS))
    )
    if planned and not forms.AMOUNT.fullmatch(body):
        return 0.55, "phone_call"
    whole = len(reading.text) - len(body) < 3
    return _by_form(body, count, whole=whole, in_groups=may_be_phone(reading, start, end))


def _by_form(body: str, count: int, *, whole: bool, in_groups: bool) -> tuple[float, str] | None:
    """Score and recognizer of a number that no word names, by the way it is written.

    A number without any separator counts if it has a trunk zero, and is a mobile one's or the
    whole text.
    """
    name: str | None = None
    if body.isdigit():
        if forms.BARE_MOBILE.fullmatch(body) and _valid(body, forms.TRUNK):
            return 0.45, "phone_mobile"
        if whole and body[0] == "0" and 9 <= count <= 11 and _valid(body, forms.TRUNK):
            return 0.5, "phone_whole"
    elif in_groups and _valid(body, REGIONS):
        name = "phone_groups"
    elif forms.NOT_A_PHONE.fullmatch(body) or forms.THOUSANDS.fullmatch(body):
        name = None
    elif forms.NANP.fullmatch(body):
        name = "phone_nanp"
    elif any(form.fullmatch(body) and _valid(body, regions) for form, regions in forms.WRITTEN):
        name = "phone_written"
    elif (
        body.lstrip("(").startswith("0")
        and body[:2] != "0 "
        and 9 <= count <= 13
        and len(_GROUP.findall(body)) <= 6
        and sum(len(group) == 1 for group in _GROUP.findall(body)) <= 1
        and _valid(body, forms.TRUNK)
    ):
        name = "phone_national"
    return (0.6, name) if name is not None else None


_OLD_MEXICAN = re.compile(r"\+52[ .-]?(1[ .-]?)(?=\d)")


def _international(body: str) -> int:
    """Where the longest prefix of whole digit groups that is a possible number ends; 0 if none."""
    bare = body.lstrip("(")
    plus = bare
    for prefix in ("011", "00"):
        if bare.startswith(prefix):
            plus = "+" + bare[len(prefix) :]
            break
    if plus[0] != "+":
        plus = "+" + plus.lstrip("+ (")
    shift = len(body) - len(plus)
    # Mexico's mobile numbers had a 1 behind the country code until 2019; many still write it.
    old = _OLD_MEXICAN.match(plus)
    if old is not None:
        plus = plus[: old.start(1)] + plus[old.end(1) :]
        shift = len(body) - len(plus)
    ends = [group.end() for group in _GROUP.finditer(plus)]
    for end in reversed(ends[-8:]):
        try:
            number = phonenumbers.parse(plus[:end], None)
        except NumberParseException:
            continue
        if phonenumbers.is_possible_number(number):
            return end + shift
    return 0


def _valid(body: str, regions: tuple[str, ...] | list[str]) -> bool:
    """Whether a number is one of the national plan of any of the regions."""
    for region in regions:
        try:
            number = phonenumbers.parse(body, region)
        except NumberParseException:
            return False
        if phonenumbers.is_valid_number(number):
            return True
    return False


# ---------------------------------------------------------------- payment cards

_CARD_RUN = re.compile(r"\d(?:[ .\-–\u00a0_]{0,3}+\d)*+")
_ISSUER = re.compile(r"3[04-9]|35|4|5[0-8]|6|2(?:2[2-9]|[3-6]|7[01]|720)")  # ISO/IEC 7812 prefixes
_MIN_CARD, _MAX_CARD = 12, 19


def cards(reading: Reading) -> Iterator[Span]:
    """Payment card numbers: 12 to 19 digits, any separators, with the Luhn check digit.

    Beside a word for card, a number with a wrong check digit or an unknown issuer counts too.
    """
    for begin, stop in scan.runs(reading):
        if stop - begin >= _MIN_CARD:
            for run in _CARD_RUN.finditer(reading.text, begin, stop):
                if run.end() - run.start() >= _MIN_CARD:
                    yield from _card(reading, *run.span())


def _card(reading: Reading, start: int, end: int) -> Iterator[Span]:
    text = reading.text
    before, after = text[start - 1 : start], text[end : end + 1]
    is_track = text[max(0, start - 2) : start] == "%B"  # as it stands on the magnetic stripe
    if before and not is_track and (before.isalnum() or before in "+_"):
        return
    if after.isalnum() or after == "_":
        return
    labels = hits(LABELS, reading)
    named = near(reading, labels, start, end, "card") > 0
    if not named and near(reading, labels, start, end, "negative") == 1:
        return
    groups = [match.span() for match in _GROUP.finditer(text, start, end)]
    found = False
    for first, last in _windows(text, groups, named=named):
        known = _is_issued(text[first:last])
        if known or named:
            found = True
            yield Span(first, last, "CREDIT_CARD", 0.95 if known else 0.8, "card")
    digits = sum(stop - begin for begin, stop in groups)
    if named and _MIN_CARD <= digits <= _MAX_CARD and (not found or _ISSUER.match(text, start)):
        yield Span(start, end, "CREDIT_CARD", 0.6, "card_context")


def _is_issued(written: str) -> bool:
    """Whether a number that passes Luhn looks like a card's without a word beside it.

    Its issuer has numbers of its length, and its groups are of one kind: single digits, or three
    and more, with the same sign between.
    """
    groups = _GROUP.findall(written)
    digits = "".join(groups)
    single = all(len(group) == 1 for group in groups)
    if len(groups) > 1 and not single and min(map(len, groups[:-1])) < 3:
        return False
    if not single and len(set(_GROUP.sub(" 0 ", written).split("0")[1:-1])) > 1:
        return False
    return _BY_LENGTH.match(f"{len(digits)}:{digits}") is not None


# Lengths and first digits of ISO/IEC 7812 issuers that have such numbers.
_BY_LENGTH = re.compile(
    r"1[2-5]:(?:5018|5020|5038|5[678]|6304|6390|67(?:59|6[123])|0604)|13:4|14:3[0689]|15:3[47]"
    r"|15:(?:2131|1800)|16:(?:4|5[0-8]|6|35|2(?:2[2-9]|[3-6]|7[01]|720))|19:4"
)


def _windows(text: str, groups: list[tuple[int, int]], *, named: bool) -> Iterator[tuple[int, int]]:
    """From left to right, the longest stretch of whole groups from each place that passes Luhn.

    Without a word for card beside the number, only where an issuer's digit stands in front.
    """
    digits = "".join([text[left:right] for left, right in groups])
    sums = _luhn_sums(digits)
    # Where the groups end among the digits alone.
    ends = list(accumulate(right - left for left, right in groups))
    index = 0
    while index < len(groups):
        begin = ends[index - 1] if index else 0
        best = 0
        if named or digits[begin] in "0123456":
            for stop in range(index, len(groups)):
                length = ends[stop] - begin
                if length > _MAX_CARD:
                    break
                if length >= _MIN_CARD and _passes(sums, begin, ends[stop]):
                    best = stop + 1
        if best and len(set(digits[begin : ends[best - 1]])) > 1:
            yield groups[index][0], groups[best - 1][1]
            index = best
        else:
            index += 1


def _luhn_sums(digits: str) -> tuple[list[int], list[int]]:
    """Running sums with the digits at even places doubled, and with those at odd places."""
    values = [int(digit) for digit in digits]
    even = [_DOUBLED[value] if at % 2 == 0 else value for at, value in enumerate(values)]
    odd = [_DOUBLED[value] if at % 2 else value for at, value in enumerate(values)]
    return list(accumulate(even, initial=0)), list(accumulate(odd, initial=0))


_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def _passes(sums: tuple[list[int], list[int]], begin: int, end: int) -> bool:
    """Whether the digits of a range end in their Luhn check digit (ISO/IEC 7812-1, annex B)."""
    running = sums[end % 2]  # the last digit, at end - 1, is not doubled
    return (running[end] - running[begin]) % 10 == 0
