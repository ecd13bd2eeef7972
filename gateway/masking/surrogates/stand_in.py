"""Realistic stand-ins: a value of the same kind that is nobody's, drawn from key and value. Pure.

A stand-in reveals the type, which values are equal within the scope, and what `keep` lists:
`format` (the form in which the value is written), `gender` (of a person's first name or title)
and `locale` (its language or country). All else is drawn. What can be is taken from ranges that
are reserved for examples, tests and fiction; each module names its sources.

Dates are the exception: all dates of a key move by the same number of days, so that the days
between them stay, and the form stays too. Whoever knows one date of a scope knows all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from gateway.masking.dates import shifted
from gateway.masking.surrogates import network, numbers, people, phones, places
from gateway.masking.surrogates.coordinates import coordinates
from gateway.masking.surrogates.draw import Draw, day_shift

_Maker: TypeAlias = Callable[[Draw, str, frozenset[str], str], str | None]

_LONGEST: Final = 2_000
_FORBIDDEN: Final = frozenset("<>\"'`\\\n\r\u2028\u2029„“”‚‘’«»")


@dataclass(frozen=True, slots=True)
class StandIn:
    """A stand-in, and for names which word of it stands for which word of the value."""

    text: str = field(repr=False)
    parts: tuple[tuple[str, str], ...] = field(default=(), repr=False)


def _without_language(
    maker: Callable[[Draw, str, frozenset[str]], str | None],
) -> _Maker:
    def make(draw: Draw, surface: str, keep: frozenset[str], language: str) -> str | None:
        del language
        return maker(draw, surface, keep)

    return make


_MAKERS: Final[dict[str, _Maker]] = {
    "ORGANIZATION": places.organization,
    "LOCATION": places.location,
    "ADDRESS": places.address,
    "EMAIL_ADDRESS": network.email,
    "PHONE_NUMBER": phones.phone,
    "ZIP_CODE": numbers.zip_code,
    "URL": _without_language(network.url),
    "IP_ADDRESS": _without_language(network.ip_address),
    "MAC_ADDRESS": _without_language(network.mac_address),
    "USERNAME": _without_language(network.username),
    "CREDIT_CARD": _without_language(numbers.card),
    "IBAN": _without_language(numbers.iban),
    "US_SSN": _without_language(numbers.us_ssn),
    "COORDINATES": _without_language(coordinates),
}
_DATES: Final = frozenset({"DATE_TIME", "DATE_OF_BIRTH"})

SURROGATE_TYPES: Final = frozenset(_MAKERS) | _DATES | {"PERSON"}
"""The entity types that have stand-ins."""


def stand_in(
    key: bytes,
    entity_type: str,
    surface: str,
    *,
    keep: frozenset[str] = frozenset(),
    language: str = "",
    attempt: int = 0,
) -> StandIn | None:
    """The stand-in of a value, or None where there is no realistic one.

    It depends on the arguments alone. `key` has 32 bytes (else ValueError) and belongs to the
    scope; `attempt` gives another stand-in where one collides with text of the exchange. Dates
    have one stand-in only: None from the second attempt on.
    """
    if len(surface) > _LONGEST or entity_type not in SURROGATE_TYPES:
        return None
    if entity_type in _DATES:
        text = shifted(surface, day_shift(key), language) if attempt == 0 else None
        return _checked(text, (), surface)
    draw = Draw(key, entity_type, surface, attempt)
    if entity_type == "PERSON":
        found = people.person(draw, surface, keep, language)
        return _checked(found[0], found[1], surface) if found is not None else None
    return _checked(_MAKERS[entity_type](draw, surface, keep, language), (), surface)


def _checked(text: str | None, parts: tuple[tuple[str, str], ...], surface: str) -> StandIn | None:
    """A stand-in that differs from its value and that any text can hold."""
    if not text or text.casefold() == surface.casefold() or not _FORBIDDEN.isdisjoint(text):
        return None
    return StandIn(text, parts)
