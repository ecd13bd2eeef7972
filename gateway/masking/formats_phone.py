"""How a phone number is encrypted: the digits of the subscriber, and of the extension. Pure.

What is kept says where and how a number is dialled: the plus sign or the international prefix,
the country code, a trunk zero, and the first digits behind them (area or network). The last seven
digits are encrypted, or six where fewer than ten follow the prefix; so a number of a network stays
one, as far as a rule tells that does not change with the number plans. In North America the
exchange's first digit is 2 to 9.
"""

from __future__ import annotations

import re
from typing import Final

import phonenumbers

from gateway.masking.formats_plan import DIGITS, Plan

_SIGNS: Final = re.compile(
    r"([0-9]{6,17})"
    r"(?:(?:EXTENSION|EXT|DURCHWAHL|DW|POSTE|INT|INTERNO|TOESTEL|RAMAL|X)([0-9]{1,6}))?"
)
_NORTH_AMERICA: Final = re.compile(r"1?[2-9][0-9]{2}[2-9][0-9]{6}")
_EXCHANGE: Final = "23456789"
_LONG: Final = 10
_SHORTEST: Final = 6
_PREFIXES: Final = (("011", 13), ("00", 10))
"""International prefixes, with the fewest digits of a number that begins with one."""


def read(signs: str, frame: str) -> Plan | None:
    """The plan of a phone number; None where it has too few digits or an unknown form.

    `frame` holds the separators; it begins with a plus sign if the number does.
    """
    match = _SIGNS.fullmatch(signs)
    if match is None:
        return None
    digits = match[1]
    head = _head(digits, plus=frame.lstrip("( ").startswith("+"))
    if head is None:
        return None
    rest = len(digits) - head[0]
    if rest < _SHORTEST:
        return None
    moving = _SHORTEST + (rest >= _LONG)
    alphabets = [""] * (len(digits) - moving) + [DIGITS] * moving
    american = head[1] == "1" or (not head[1] and digits[0] in "123456789")
    if american and _NORTH_AMERICA.fullmatch(digits[-11:] if len(digits) > 11 else digits):
        alphabets[-7] = _EXCHANGE
    behind = len(signs) - len(digits)
    extension = len(match[2] or "")
    alphabets += [""] * (behind - extension) + [DIGITS] * extension
    return Plan("phone", tuple(alphabets))


def _head(digits: str, *, plus: bool) -> tuple[int, str] | None:
    """How many digits stand before area and subscriber, and the country code where one is told."""
    starts = [0] if plus else [len(one) for one, least in _PREFIXES
                               if digits.startswith(one) and len(digits) >= least]  # fmt: skip
    for start in starts:
        for length in (1, 2, 3):
            code = digits[start : start + length]
            if code[:1] != "0" and int(code or 0) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
                at = start + length
                return at + digits.startswith("0", at), code
    if plus:
        return None
    return int(digits.startswith("0")), ""
