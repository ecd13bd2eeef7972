"""Issues what comes back: placeholders, and tokens that look like ordinary text. Pure.

A literal token (a stand-in, a number of the same format, a ciphertext) has no form by which to
tell it from text. So it is issued only where it stands nowhere in the exchange, equals no value
and no other token; else the next stand-in is tried, and at last a placeholder is issued. Within
an exchange a value has one token, and a token one value; identifiers and keys, where a literal
may not be legal, hold the value's placeholder. Which type and operator a value is issued under is
decided where it stands first. One name of a person who has a stand-in already becomes that part of
the stand-in, so that the two stay one person.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Final

from gateway.masking.ciphertext import encrypted
from gateway.masking.formats import encrypted as format_preserved
from gateway.masking.operators import subkey
from gateway.masking.placeholders import Issuer
from gateway.masking.restore import Aliases, Restoration
from gateway.masking.runs import Words, kind
from gateway.masking.surrogates.stand_in import StandIn, stand_in
from gateway.operator_kinds import ENCRYPT, FPE, REPLACE, SURROGATE
from gateway.types import OperatorUse

ATTEMPTS: Final = 64
"""How many stand-ins are tried for one value."""

SPENT: Final = 32
"""Values of a type without a stand-in after which but one is tried for each: no more are left."""

_SAME: Final = 4  # some have but one: all dates of a scope move by the same number of days
SHORTEST: Final = 3  # letters and digits; less would be met by chance

# What no token holds: it opens a placeholder, ends a line or a string, or takes two JSON escapes.
_UNFIT: Final = re.compile(
    r"[<>&\"\\\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\U00010000-\U0010ffff]"
)
_SEPARATORS: Final = re.compile(r"[\s().,/\-\u2010-\u2015]+")


@dataclass(frozen=True, slots=True)
class OperatorKeys:
    """The keys of the operators of one exchange, of 32 bytes each.

    The first three are of its scope, the others of its tenant.
    """

    placeholders: bytes = field(repr=False)
    surrogates: bytes = field(repr=False)
    numbers: bytes = field(repr=False)
    tenant: bytes = field(repr=False)
    tenant_numbers: bytes = field(repr=False)

    @classmethod
    def derived(cls, scope: bytes, tenant: bytes) -> OperatorKeys:
        """The keys that follow from the key of a scope and the key of its tenant."""
        return cls(scope, subkey(scope, SURROGATE), subkey(scope, FPE), tenant, subkey(tenant, FPE))


class Tokens:
    """The tokens of one exchange.

    `values` are all texts that are masked in it, `words` all its texts. The values in `barred`
    get placeholders whatever the operator. What is `carried` was issued earlier in the
    conversation: its values keep their tokens, and no other value gets one of these.
    """

    __slots__ = (
        "_barred", "_carried", "_forms", "_issuer", "_keys", "_known", "_language", "_literals",
        "_parts", "_spent", "_values", "_words",
    )  # fmt: skip

    def __init__(
        self,
        keys: OperatorKeys,
        words: Words,
        values: Collection[str],
        *,
        barred: Collection[str] = (),
        language: str = "",
        carried: Restoration | None = None,
    ) -> None:
        self._keys = keys
        self._words = words
        self._values = values
        self._barred = barred
        self._language = language
        self._issuer = Issuer(keys.placeholders)
        self._known: dict[str, tuple[str, str]] = {}  # value -> operator, token
        self._literals: dict[str, str] = {}  # token -> value
        self._forms: dict[str, dict[str, str]] = {}  # further form -> value -> token
        self._spent: Counter[str] = Counter()  # type -> values for which no stand-in was left
        self._parts: dict[tuple[str, str], set[str]] = {}  # type, word of a value -> its stand-ins
        self._carried: dict[str, str] = {}  # value -> its token, a literal one if it has both
        if carried is not None:
            self._resume(carried)

    def __repr__(self) -> str:
        return f"Tokens({len(self._issuer.surfaces) + len(self._literals)} issued)"

    @property
    def literals(self) -> dict[str, str]:
        """The tokens that are no placeholders, with their values."""
        return self._literals

    @property
    def surfaces(self) -> dict[str, str]:
        """Every token that was issued, with its value."""
        return {**self._issuer.surfaces, **self._literals}

    def placeholder(self, entity_type: str, surface: str) -> str:
        """The core of the value's placeholder."""
        return self._issuer.issue(entity_type, surface)

    def issue(self, use: OperatorUse, entity_type: str, surface: str) -> tuple[str, str]:
        """The operator that was really used, and the token: for `replace` a placeholder's core."""
        known = self._known.get(surface)
        if known is None:
            made = None if surface in self._barred else self._literal(use, entity_type, surface)
            if made is None:
                known = REPLACE, self.placeholder(entity_type, surface)
            else:
                known = use.name, made
                self._literals[made] = surface
            self._known[surface] = known
        return known

    def aliases(self) -> Aliases:
        """Further forms of the tokens: those that mean one thing, and stand nowhere else."""
        found: dict[str, tuple[str, str]] = {}
        for form, meanings in self._forms.items():
            if len(meanings) == 1 and self._is_free(form):
                ((value, token),) = meanings.items()
                found[form] = value, token
        return found

    def _resume(self, carried: Restoration) -> None:
        self._issuer.resume(carried.placeholders)
        self._literals.update(carried.literals)
        for tokens in (carried.placeholders, carried.literals):
            self._carried.update((value, token) for token, value in tokens.items())
        for form, (value, token) in carried.aliases.items():
            self._note(form, value, token)
            if (entity_type := carried.types.get(token)) is not None:
                self._parts.setdefault((entity_type, value), set()).add(form)

    def _literal(self, use: OperatorUse, entity_type: str, surface: str) -> str | None:
        carried = self._carried.get(surface)
        if carried is not None and use.name in (SURROGATE, ENCRYPT, FPE):
            return carried if carried in self._literals else None
        if use.name == SURROGATE:
            return self._stand_in(use, entity_type, surface)
        if use.name == ENCRYPT:
            made = encrypted(self._keys.tenant, entity_type, surface)
            return made if self._is_free(made) else None
        if use.name == FPE:
            return self._number(use, entity_type, surface)
        return None

    def _number(self, use: OperatorUse, entity_type: str, surface: str) -> str | None:
        of_tenant = "tenant" in use.option("scope")
        key = self._keys.tenant_numbers if of_tenant else self._keys.numbers
        made = format_preserved(key, entity_type, surface)
        if made is None or not self._is_free(made):
            return None
        compact = _SEPARATORS.sub("", made)
        if compact != made:
            self._note(compact, _SEPARATORS.sub("", surface), made)
        return made

    def _stand_in(self, use: OperatorUse, entity_type: str, surface: str) -> str | None:
        tried = False
        for made in self._stand_ins(use, entity_type, surface):
            if self._is_free(made.text):
                for part, word in made.parts:
                    self._note(part, word, made.text)
                    self._parts.setdefault((entity_type, word), set()).add(part)
                return made.text
            tried = True
        self._spent[entity_type] += tried
        return None

    def _stand_ins(self, use: OperatorUse, entity_type: str, surface: str) -> Iterator[StandIn]:
        parts = self._parts.get((entity_type, surface), ())
        if len(parts) == 1:
            yield StandIn(next(iter(parts)))
        last, repeats = "", 0
        for attempt in range(ATTEMPTS if self._spent[entity_type] < SPENT else 1):
            made = stand_in(
                self._keys.surrogates,
                entity_type,
                surface,
                keep=frozenset(use.option("keep")),
                language=self._language,
                attempt=attempt,
            )
            repeats = repeats + 1 if made is not None and made.text == last else 0
            if made is None or repeats == _SAME:
                return
            yield made
            last = made.text

    def _note(self, form: str, value: str, token: str) -> None:
        self._forms.setdefault(form, {}).setdefault(value, token)

    def _is_free(self, text: str) -> bool:
        """Whether a text can be told from all else in the exchange, and be found again."""
        return (
            sum(kind(one) > 0 for one in text) >= SHORTEST
            and _UNFIT.search(text) is None
            and text == text.strip()
            and text not in self._literals
            and text not in self._values
            and not self._words.holds(text)
        )
