"""Stand-ins for numbers of cards, accounts and people, and for postal codes. Pure.

All lie where no issuer has given out a number, and all pass the check of their kind.
"""

from __future__ import annotations

import re
from typing import Final

from gateway.masking.surrogates.draw import Draw

# The first eight digits (the issuer's number of ISO/IEC 7812-1:2017) of the test numbers that the
# networks and their acquirers publish; behind each what a real number of the network begins with.
_CARDS: Final = (
    ("41111111", 16, re.compile("4")),  # Visa
    ("55555555", 16, re.compile("5[1-5]")),  # Mastercard
    ("22230000", 16, re.compile("2[2-7]")),  # Mastercard, second series
    ("37828224", 15, re.compile("3[47]")),  # American Express
    ("60111111", 16, re.compile("6011|64|65")),  # Discover
    ("35660020", 16, re.compile("35")),  # JCB
    ("30569309", 14, re.compile("3[068]")),  # Diners Club
    ("62000000", 16, re.compile("62")),  # UnionPay
)

# Length of an IBAN, and how many signs of it name the bank (and branch), by country:
# SWIFT, IBAN registry. A bank code of zeros, or of the letters X, is given to no bank; Belgium is
# not here, since 000 is a bank there, nor are countries where that is not known.
_IBANS: Final = {
    "AT": (20, 5), "CH": (21, 5), "CY": (28, 8), "CZ": (24, 4), "DE": (22, 8),
    "EE": (20, 2), "ES": (24, 8), "FI": (18, 6), "FR": (27, 10), "GB": (22, 10),
    "GR": (27, 7), "HR": (21, 7), "HU": (28, 7), "IE": (22, 10), "IS": (26, 4), "IT": (27, 11),
    "LI": (21, 5), "LT": (20, 5), "LV": (21, 4), "MC": (27, 10), "MT": (31, 9),
    "NL": (18, 4), "PL": (28, 8), "PT": (25, 8), "RO": (24, 4), "SE": (24, 3),
    "SI": (19, 5), "SK": (24, 4), "SM": (27, 11),
}  # fmt: skip
_LETTERS_OF_BANK: Final = {"GB": 4, "IE": 4, "LV": 4, "MT": 4, "NL": 4, "RO": 4, "IT": 1, "SM": 1}
_COMMON_IBANS: Final = ("DE", "FR", "ES", "NL", "AT", "PT", "PL")

_LETTERS: Final = "ABCDEGHJKLMNPRSTVWXYZ"


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)


def poured(new: str, old: str) -> str:
    """Signs of a new value between the separators of an old one with as many letters and digits."""
    fill = iter(new)
    return "".join(next(fill) if sign.isalnum() else sign for sign in old)


def luhn_digit(payload: str) -> str:
    """The check digit of ISO/IEC 7812-1, annex B."""
    total = 0
    for index, sign in enumerate(reversed(payload)):
        number = int(sign) * (2 if index % 2 == 0 else 1)
        total += number - 9 if number > 9 else number
    return str(-total % 10)


def card(draw: Draw, surface: str, keep: frozenset[str]) -> str | None:
    """A card number below a published test issuer. With `format` its network and separators stay.

    The published numbers themselves are not used: models write those of their own accord.
    """
    digits = _digits(surface)
    if not re.fullmatch(r"[0-9][0-9 .\-]{10,26}[0-9]", surface) or not 12 <= len(digits) <= 19:
        return None
    issuers = [
        issuer
        for issuer in _CARDS
        if "format" not in keep or (issuer[2].match(digits) and issuer[1] == len(digits))
    ]
    if not issuers:
        return None
    prefix, length, _ = draw.pick(issuers)
    while True:
        payload = prefix + draw.digits(length - 9)
        new = payload + luhn_digit(payload)
        if len(set(new[8:])) > 2:
            break
    if "format" in keep:
        return poured(new, surface)
    return " ".join(new[at : at + 4] for at in range(0, length, 4))


def iban(draw: Draw, surface: str, keep: frozenset[str]) -> str | None:
    """An IBAN of a bank that does not exist, its check digits by ISO 7064 MOD 97-10."""
    compact = re.sub(r"[\s.\-]", "", surface).upper()
    if not re.fullmatch(r"[A-Z]{2}\d\d[A-Z0-9]{11,30}", compact):
        return None
    country = compact[:2] if "locale" in keep else draw.pick(_COMMON_IBANS)
    if country not in _IBANS:
        return None
    length, bank = _IBANS[country]
    letters = _LETTERS_OF_BANK.get(country, 0)
    number = "X" * letters + "0" * (bank - letters) + draw.digits(length - 4 - bank)
    value = int("".join(str(int(sign, 36)) for sign in f"{number}{country}00"))
    new = f"{country}{98 - value % 97:02d}{number}"
    if "format" not in keep or re.search(r"\s", surface):
        if "format" in keep and len(new) == len(compact):
            return poured(new, re.sub(r"\s", " ", surface))
        return " ".join(new[at : at + 4] for at in range(0, length, 4))
    cased = new.lower() if surface.islower() else new
    return poured(cased, surface) if len(new) == len(compact) else cased


def us_ssn(draw: Draw, surface: str, keep: frozenset[str]) -> str | None:
    """A number of area 666 or 000, which the Social Security Administration never gives out."""
    if not re.fullmatch(r"\d{3}[- .]?\d{2}[- .]?\d{4}", surface):
        return None
    area = draw.pick(("666", "000"))
    new = f"{area}{1 + draw.below(99):02d}{1 + draw.below(9999):04d}"
    return poured(new, surface if "format" in keep else "000-00-0000")


def zip_code(draw: Draw, surface: str, keep: frozenset[str], language: str) -> str | None:
    """A postal code that no post office has. It always keeps its country's form.

    Five digits: below 00500 (the United States begin at 00501, Germany at 01001), or 99xxx in
    French, Italian and Spanish, where codes end below. Four digits: below 0800, as the Netherlands,
    Belgium, Switzerland, Austria and Portugal begin at 1000. British: ZZ99, which the Office for
    National Statistics uses for no fixed place. Canadian: Z begins no code.
    """
    del keep
    text = surface.strip()
    if re.fullmatch(r"(?:[A-Z]{1,2}-)?\d{5}(?:-\d{4})?", text):
        high = language[:2] in ("fr", "it", "es")
        five = f"99{draw.digits(3)}" if high else f"00{1 + draw.below(499):03d}"
        start = text.index("-") + 1 if text[0].isalpha() else 0
        return text[:start] + five + ("-" + draw.digits(4) if len(text) - start > 5 else "")
    if re.fullmatch(r"\d{4} ?[A-Za-z]{2}", text):  # Dutch
        pair = draw.pick("ABCDEGHJKLMNPRSTVWXZ") + draw.pick("ABCEGHJKLMNPRTVWXZ")
        return f"0{1 + draw.below(799):03d}" + (" " if " " in text else "") + pair
    if re.fullmatch(r"(?:[A-Z]{1,2}-)?\d{4}(?:-\d{3})?", text):
        start = text.index("-") + 1 if text[0].isalpha() else 0
        tail = "-" + draw.digits(3) if len(text) - start > 4 else ""
        return f"{text[:start]}0{1 + draw.below(799):03d}{tail}"
    gap = " " if " " in text else ""
    if re.fullmatch(r"[A-Z]\d[A-Z] ?\d[A-Z]\d", text):
        letter = _LETTERS
        return (
            f"Z{draw.below(10)}{draw.pick(letter)}{gap}"
            f"{draw.below(10)}{draw.pick(letter)}{draw.below(10)}"
        )
    if re.fullmatch(r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}", text):
        return f"ZZ99{gap}{draw.below(10)}{draw.pick(_LETTERS)}{draw.pick(_LETTERS)}"
    return None
