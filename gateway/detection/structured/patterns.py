"""E-mail addresses, bank accounts, social security numbers: exact patterns on candidates. Pure.

Every regex is built so that it looks at each sign of the text a bounded number of times: no nested
repeats, and every repeat that may overlap the one after it has an upper bound.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from gateway.detection.structured import checksums, scan
from gateway.detection.structured.context import Reading
from gateway.detection.structured.kinds import LABELS
from gateway.detection.structured.labels import hits, near
from gateway.types import Span

Finder = Callable[[Reading], Iterator[Span]]
"""A recognizer: a function of the whole text."""

# ---------------------------------------------------------------- e-mail

_LOCAL_BACKWARDS = re.compile(r"[\w!#$%&'*+/=?^`{|}~-][\w.!#$%&'*+/=?^`{|}~-]{0,127}")
_QUOTED_BACKWARDS = re.compile(r'"[^"\n]{1,64}"')
_DOMAIN = re.compile(
    r"(?:\w(?:[\w-]{0,61}\w)?[.。．])+(?=[\w-]{2,63}(?![\w-]))(?:xn--[\w-]{1,59}|[^\W\d_]{2,63})"
    r"|\[[0-9A-Fa-f:.IPv]{3,45}\]"
)
_RETINA = re.compile(r"[1-4]x\.(?:png|jpe?g|gif|webp|svg)", re.IGNORECASE)
_MAX_DOMAIN = 255  # RFC 1035, section 2.3.4


def emails(reading: Reading) -> Iterator[Span]:
    """E-mail addresses (RFC 5321, RFC 6531), of any top-level domain, real or reserved."""
    text = reading.text
    at = text.find("@")
    while at >= 0:
        left = text[max(0, at - 128) : at][::-1]
        local = _LOCAL_BACKWARDS.match(left) or _QUOTED_BACKWARDS.match(left)
        if local is not None:
            domain = _DOMAIN.match(text, at + 1, at + 1 + _MAX_DOMAIN)
            if domain is not None and not _RETINA.match(domain[0]):
                start = at - _own_length(local[0][::-1])
                # "git@host:..." is a repository, and nobody's mailbox.
                if text[start:at] != "git" or not text.startswith((":", "/"), domain.end()):
                    yield Span(start, domain.end(), "EMAIL_ADDRESS", 0.9, "email")
        at = text.find("@", at + 1)


def _own_length(local: str) -> int:
    """The length of a local part without the query or quote it may be glued to."""
    last = re.split(r"[?&]", local)[-1]
    bare = re.sub(r"^[A-Za-z_-]{1,24}=(?=.)", "", last).lstrip(".'`=/|{}~")
    return len(bare) or len(local)


# ---------------------------------------------------------------- IBAN

_IBAN_HEAD = re.compile(r"[A-Za-z]{2}\d{2}")
_IBAN_LOOSE = re.compile(r"[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]{2,4}){2,8}(?![A-Za-z0-9])")


def ibans(reading: Reading) -> Iterator[Span]:
    """IBANs (ISO 13616) in any grouping and letter case.

    A wrong checksum still counts where the shape leaves little doubt or a label is near, and a
    wrong length straight behind the label.
    """
    text = reading.text
    labels = hits(LABELS, reading)
    for word, _, stop in scan.starts(reading):
        start, body = _head(text, word, stop)
        if not body:
            continue
        length = checksums.IBAN_LENGTHS.get(text[start : start + 2].upper())
        end = _after(text, body, length - 4) if length is not None else None
        named = near(reading, labels, start, end or stop, "iban")
        if end is not None and length is not None:
            value = re.sub(r"[ .-]", "", text[start:end])
            if checksums.iban(value):
                yield Span(start, end, "IBAN", 1.0, "iban")
            elif sum(map(str.isdigit, value)) * 2 > length and (
                named or (start == word and not _GOES_ON.match(text, end))
            ):
                yield Span(start, end, "IBAN", 0.8 if named else 0.5, "iban_shape")
        elif named and start == word:
            loose = _IBAN_LOOSE.match(text, start)
            if loose is not None and sum(map(str.isdigit, loose[0])) >= 8:
                yield Span(start, loose.end(), "IBAN", 0.6, "iban_label")


_GOES_ON = re.compile(r"[ ]{1,2}[0-9A-F]{4}(?![0-9A-Za-z])")  # a fingerprint of a key
_COUNTRY_APART = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2} \Z")


def _head(text: str, start: int, stop: int) -> tuple[int, int]:
    """Where the IBAN begins that a word may be the head of, and where its account does; or 0, 0.

    The country may stand apart: "DE 89 3704 ...".
    """
    if stop - start >= 4 and text[start] not in _DIGITS and _IBAN_HEAD.match(text, start):
        return start, start + 4
    if text[start - 1 : start] == " " and text[start : start + 2].isdigit():
        country = _COUNTRY_APART.search(text, max(0, start - 4), start)
        if country is not None:
            return country.start(), start + 2
    return 0, 0


def _after(text: str, at: int, count: int) -> int | None:
    """The offset after `count` letters or digits with single separators, at a word's end."""
    while count:
        if at < len(text) and text[at] in " .-":
            at += 1
        if at >= len(text) or not (text[at].isascii() and text[at].isalnum()):
            return None
        at += 1
        count -= 1
    ends = at == len(text) or not (text[at].isascii() and text[at].isalnum())
    return at if ends else None


# ---------------------------------------------------------------- United States

_SSN = re.compile(r"(\d{3})([- .])(\d{2})\2(\d{4})(?![\w]|[-.]\d)")
_SSN_FORM = re.compile(r"\d{3}[- .]?\d{2}[- .]?\d{4}(?![\w]|[-.]\d)")


_PARTED = frozenset("-_+./")
_DIGITS = frozenset("0123456789")


def social_security(reading: Reading) -> Iterator[Span]:
    """US social security numbers, written in groups or beside their label.

    Numbers that are never issued (000, 666 and 900 to 999 in front, zeros in a group) score lower.
    """
    text = reading.text
    labels = hits(LABELS, reading)
    for start, word, _ in scan.starts(reading):
        if text[start] not in _DIGITS or text[word - 1 : word] in _PARTED:
            continue
        match = _SSN.match(text, start)
        if match is not None:
            first, separator, second, third = match.groups()
            issued = first not in ("000", "666") and first < "900" and second != "00"
            score = 0.9 if issued and third != "0000" else 0.55
            if near(reading, labels, start, match.end(), "ssn"):
                score = 0.95
            elif separator != "-":
                score = score - 0.3 if separator == "." else score - 0.2
            yield Span(start, match.end(), "US_SSN", score, "us_ssn")
            continue
        match = _SSN_FORM.match(text, start)
        if match is not None and near(reading, labels, start, match.end(), "ssn"):
            yield Span(start, match.end(), "US_SSN", 0.9, "us_ssn_label")


FINDERS: tuple[Finder, ...] = (emails, ibans, social_security)
"""The recognizers of this file."""

ENTITY_TYPES = frozenset({"EMAIL_ADDRESS", "IBAN", "US_SSN"})
