"""Every built-in operator: what it makes of a value, whether that comes back, what it reveals.

Pure data. `masking/` carries the operators out; policies name them; the reference prints them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

REPLACE: Final = "replace"
REDACT: Final = "redact"
HASH: Final = "hash"
ENCRYPT: Final = "encrypt"
FPE: Final = "fpe"
SURROGATE: Final = "surrogate"
GENERALISE: Final = "generalise"
KEEP: Final = "keep"

CUSTOM_EXPOSURE: Final = 8
"""The exposure of an operator of the user's own: nobody knows, so all but that of `keep`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorKind:
    """What an operator does.

    `returns`: whether the value comes back in the answer. `exposure` orders operators by what a
    provider learns, 0 nothing but the type, 9 everything. `options` are the option names with the
    words that each may hold; an option in `lists` takes several of them.
    """

    name: str
    becomes: str
    reveals: str
    returns: bool
    exposure: int
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lists: frozenset[str] = frozenset()


_KINDS: Final = (
    OperatorKind(
        name=REDACT,
        becomes="its type alone, such as `[PERSON]`",
        reveals="the type",
        returns=False,
        exposure=0,
    ),
    OperatorKind(
        name=REPLACE,
        becomes="a placeholder such as `<PERSON_7K2QX9>`",
        reveals="the type, and which values are equal within the scope",
        returns=True,
        exposure=1,
    ),
    OperatorKind(
        name=SURROGATE,
        becomes="a realistic stand-in from reserved ranges, such as `j.berg@example.com`",
        reveals="the type, which values are equal within the scope, and what `keep` lists",
        returns=True,
        exposure=2,
        options={"keep": ("format", "gender", "locale")},
        lists=frozenset({"keep"}),
    ),
    OperatorKind(
        name=FPE,
        becomes="another value of the same format, with a valid check digit",
        reveals="length, separators, and which values are equal within the scope (or tenant)",
        returns=True,
        exposure=3,
        options={"scope": ("exchange", "tenant")},
    ),
    OperatorKind(
        name=HASH,
        becomes="a keyed hash such as `PERSON:1f0c…`",
        reveals="the type, and which values are equal anywhere in the tenant",
        returns=False,
        exposure=4,
    ),
    OperatorKind(
        name=ENCRYPT,
        becomes="a ciphertext such as `PERSON:enc:mzxw6…`, equal for equal values",
        reveals="the type, the length, and which values are equal anywhere in the tenant",
        returns=True,
        exposure=4,
    ),
    OperatorKind(
        name=GENERALISE,
        becomes="a coarser value: an age band, a month, a map square",
        reveals="the coarser value, for good",
        returns=False,
        exposure=6,
        options={
            "to": (
                "5_years", "10_years", "20_years", "month", "quarter", "year", "decade",
                "1_km", "10_km", "100_km", "2_digits", "3_digits",
            )
        },
    ),
    OperatorKind(
        name=KEEP,
        becomes="itself, unmasked",
        reveals="everything",
        returns=True,
        exposure=9,
    ),
)  # fmt: skip

OPERATOR_KINDS: Final[Mapping[str, OperatorKind]] = MappingProxyType(
    {kind.name: kind for kind in _KINDS}
)
"""Every built-in operator by name, the one that tells least first."""


def exposure(name: str) -> int:
    """How much an operator tells a provider, 0 to 9; an operator of the user's own counts as 8."""
    kind = OPERATOR_KINDS.get(name)
    return CUSTOM_EXPOSURE if kind is None else kind.exposure
