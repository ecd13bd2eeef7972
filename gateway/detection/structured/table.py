"""All recognizers of our own, in the order in which a text is read. Pure."""

from __future__ import annotations

from collections.abc import Callable

from gateway.detection.structured import (
    addresses,
    ages,
    columns,
    dates,
    devices,
    genders,
    identifiers,
    labelled,
    names,
    nationalities,
    network,
    numbers,
    passcodes,
    patterns,
    secrets,
    urls,
)
from gateway.detection.structured.context import Reading
from gateway.entity_types import ENTITY_TYPES
from gateway.types import Span

__all__ = ["ENTITY_TYPES", "FINDERS", "read"]

FINDERS: tuple[patterns.Finder, ...] = (
    *patterns.FINDERS,
    network.ip_addresses,
    network.macs,
    urls.urls,
    devices.wallets,
    devices.vehicles_and_devices,
    devices.plates,
    devices.machine_lines,
    devices.coordinates,
    devices.handles,
    devices.database_users,
    dates.dates,
    ages.ages,
    genders.genders,
    nationalities.nationalities,
    labelled.labelled,
    identifiers.identifiers,
    *secrets.FINDERS,
    *passcodes.FINDERS,
    columns.columns,
    numbers.phones,
    numbers.cards,
    names.people,
    addresses.addresses,
    addresses.postal_codes,
)

_OF_DIGITS: frozenset[patterns.Finder] = frozenset(
    {
        patterns.ibans,
        patterns.social_security,
        devices.wallets,
        devices.vehicles_and_devices,
        devices.plates,
        devices.coordinates,
        dates.dates,
        identifiers.identifiers,
        passcodes.passcodes,
        numbers.phones,
        numbers.cards,
        addresses.postal_codes,
    }
)
"""Those all of whose values hold a digit."""
_OF_WORDS = tuple(finder for finder in FINDERS if finder not in _OF_DIGITS)
SHORT = 1_024
"""Code points that all of them read in a few milliseconds."""


def read(reading: Reading, between: Callable[[], object]) -> list[Span]:
    """What the table finds in a text, in no order and possibly overlapping.

    `between` is called first, and in a long text before each recognizer; it may raise to stop the
    work.
    """
    found: list[Span] = []
    is_long = len(reading.text) > SHORT
    between()
    for finder in FINDERS if reading.has_digit else _OF_WORDS:
        if is_long:
            between()
        found.extend(finder(reading))
    return found
