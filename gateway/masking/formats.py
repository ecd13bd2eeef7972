"""Values encrypted within the format of their entity type. Pure.

Theory of operation. A value is its signs (ASCII digits and letters) and what stands between them.
A reader of the entity type says of the signs, letters taken as capitals, which ones move, within
which alphabet, and which are check signs; the moving signs make one number in mixed radix, below
the product of their alphabets. That number is permuted by FF1, as often as it takes to come to a
value that the reader reads in the same way: with check signs that fit, dates that exist, and no
number that is never issued. Such values are closed under the walk, so it can be undone. The
separators and the case of the letters go back to where they were.

The tweak is the entity type, the line that the value was read by, and all that is kept: a value
has nothing in common with the same one under another type, in another network or of another shape.

What it gives away: the kept signs, the shape, and that two equal results stand for equal values.
"""

from __future__ import annotations

from typing import Final

from gateway.masking import formats_iban, formats_phone, formats_rows
from gateway.masking.formats_plan import Plan
from gateway.masking.fpe import MIN_DOMAIN, walk

FPE_TYPES: Final[frozenset[str]] = formats_rows.ENTITY_TYPES | {"IBAN", "PHONE_NUMBER"}
"""The entity types whose values can be encrypted within their format."""

_SIGN: Final = "\0"
_SEPARATORS: Final = frozenset(" -./()_+,;:#–\u00a0")
_MAX_LENGTH: Final = 128


def encrypted(key: bytes, entity_type: str, surface: str) -> str | None:
    """The value that stands in for `surface`, of the same format and never equal to it.

    None where there is none: the type is not one of `FPE_TYPES`, a check digit is wrong, signs
    do not belong to the format, or fewer than a million values are of it. `key` has 32 bytes.

    Raises:
        ValueError: the key's length is wrong.
    """
    return _moved(key, entity_type, surface, inverse=False)


def decrypted(key: bytes, entity_type: str, text: str) -> str | None:
    """The value that `encrypted` made `text` of, under the same key and type.

    Any text of the format decrypts to some value; None where `encrypted` gives no such text.

    Raises:
        ValueError: the key's length is wrong.
    """
    return _moved(key, entity_type, text, inverse=True)


def _moved(key: bytes, entity_type: str, surface: str, *, inverse: bool) -> str | None:
    if len(key) != 32:
        raise ValueError("A key of formats has 32 bytes.")
    signs, frame = _taken_apart(surface)
    if entity_type not in FPE_TYPES or not signs:
        return None
    plan = _read(entity_type, signs, frame)
    if plan is None or plan.size < MIN_DOMAIN:
        return None

    def accept(number: int) -> bool:
        candidate = plan.placed(number, signs)
        return candidate is not None and _read(entity_type, candidate, frame) == plan

    tweak = "\0".join((entity_type, plan.variant, plan.kept(signs))).encode()
    number = plan.rank(signs)
    moved = walk(key, tweak, number, plan.size, accept, inverse=inverse)
    # A value that stays the same would be sent as it is; and nothing else leads to it.
    if moved is None or moved == number:
        return None
    placed = plan.placed(moved, signs)
    return _put_together(placed, surface) if placed is not None else None


def _read(entity_type: str, signs: str, frame: str) -> Plan | None:
    if entity_type == "IBAN":
        return formats_iban.read(signs)
    if entity_type == "PHONE_NUMBER":
        return formats_phone.read(signs, frame)
    return formats_rows.read(entity_type, signs)


def _taken_apart(surface: str) -> tuple[str, str]:
    """The signs in capitals, and the text with a mark for each; no signs where others stand in."""
    if len(surface) > _MAX_LENGTH:
        return "", ""
    signs, frame = [], []
    for one in surface:
        if one.isascii() and one.isalnum():
            signs.append(one.upper())
            frame.append(_SIGN)
        elif one in _SEPARATORS:
            frame.append(one)
        else:
            return "", ""
    return "".join(signs), "".join(frame)


def _put_together(signs: str, surface: str) -> str:
    """Signs in the places of another value's, each letter in the case of the one it replaces."""
    left = iter(signs)
    return "".join(
        (next(left).lower() if one.islower() else next(left))
        if one.isascii() and one.isalnum()
        else one
        for one in surface
    )
