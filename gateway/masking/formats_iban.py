"""How an IBAN is encrypted: all but its country, with its check digits computed anew. Pure.

Of the national part digits stay digits and letters letters, which is all that the registry of
ISO 13616 asks of it. Four countries have check digits of their own in it that are widely looked
at; those are computed too, and Belgium's bank, which a list of banks would give away, is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from stdnum.es import ccc
from stdnum.iso7064 import mod_97_10
from stdnum.no import kontonr

from gateway.detection.structured.checksums import IBAN_LENGTHS
from gateway.masking.formats_plan import DIGITS, Plan, of_kind

_OWN_CHECKS: Final[Mapping[str, tuple[int, ...]]] = MappingProxyType(
    {"BE": (14, 15), "ES": (12, 13), "ME": (20, 21), "NO": (14,)}
)
_OWN_KEPT: Final[Mapping[str, tuple[int, ...]]] = MappingProxyType({"BE": (4, 5, 6)})


def read(signs: str) -> Plan | None:
    """The plan of an IBAN in capitals without separators; None where it is not a valid one."""
    country = signs[:2]
    if IBAN_LENGTHS.get(country) != len(signs) or not signs[2:4].isdigit():
        return None
    checks = (2, 3, *_OWN_CHECKS.get(country, ()))
    if checks[2:] and not signs[4:].isdigit():
        return None
    still = {0, 1, *checks, *_OWN_KEPT.get(country, ())}
    alphabets = tuple("" if at in still else of_kind(sign) for at, sign in enumerate(signs))
    plan = Plan("iban", alphabets, checks, _completed)
    return plan if _completed(signs) == signs else None


def _completed(signs: str) -> str | None:
    own = _national(signs[:2], signs[4:])
    if own is None:
        return None
    return signs[:2] + str(mod_97_10.calc_check_digits(own + signs[:2])) + own


def _national(country: str, own: str) -> str | None:
    """The national part with its own check digits, where the country has such."""
    if country == "BE":  # the number modulo 97, where 97 stands for no rest
        return own[:10] + f"{int(own[:10]) % 97 or 97:02d}"
    if country == "ES":
        return own[:8] + str(ccc.calc_check_digits(own)) + own[10:]
    if country == "ME":
        return own[:-2] + str(mod_97_10.calc_check_digits(own[:-2]))
    if country == "NO":
        return next((own[:10] + one for one in DIGITS if kontonr.is_valid(own[:10] + one)), None)
    return own
