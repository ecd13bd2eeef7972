"""Puts the original values back into a model's answer, whole or as it streams.

Theory of operation. Text goes in by `feed` in any pieces and comes out restored; what could
still become an issued token is held back, and nothing else is. `flush` ends the text. For
any cutting of a text the outputs joined are the same (see `matcher.py` for why). Restoring is
one pass: its output is never read again, so a value that looks like a token stays as it is.

In JSON mode the text is a JSON document that is still being written: values are escaped for the
string literal they stand in, and quoted where the model left the quotes out. A number that stood
for a number stays one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, TypeAlias

from gateway.masking.answers import Answer
from gateway.masking.literals import LOOK_BACK
from gateway.masking.matcher import Matcher
from gateway.masking.placeholders import CODE_LENGTH, LITERAL
from gateway.masking.pointers import Guard
from gateway.masking.sinks import WINDOW, SinkRule

_FRAMED = re.compile(r"<([A-Z][A-Z0-9_]{0,40}_[0-9A-HJKMNP-TV-Z]{6})>")
_LONGEST_FRAMED = 64
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?\Z")

Aliases: TypeAlias = Mapping[str, tuple[str, str]]
"""Further forms of tokens: what each stands for, and the token that it is a form of."""


@dataclass(slots=True)
class Tally:
    """What restoring met in one answer, in counts.

    `damaged` counts texts in the form of a placeholder that were never issued here; `blocked`
    those that stood in an address or an argument that must not carry the value.
    """

    restored: int = 0
    damaged: int = 0
    blocked: int = 0


@dataclass(frozen=True, slots=True)
class Restoration:
    """What an exchange needs to restore its answer: made once, shared by its restorers.

    `surfaces` holds every token that was issued, with its value. `matcher` knows these and the
    `aliases`. `types` are the entity types of tokens that do not name theirs. `carried` tokens
    were issued earlier in a conversation whose beginning is not in the request.
    """

    surfaces: Mapping[str, str]
    matcher: Matcher
    sinks: SinkRule
    aliases: Aliases = field(default_factory=lambda: MappingProxyType({}))
    types: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    carried: int = 0

    def __repr__(self) -> str:
        return f"Restoration({len(self.surfaces)} tokens)"

    @property
    def issued(self) -> int:
        """How many tokens the request itself made necessary."""
        return len(self.surfaces) - self.carried

    def typed(self) -> Iterator[tuple[str, str]]:
        """The values that were issued as personal data, each with its entity type."""
        for token, value in self.surfaces.items():
            named = token[: -CODE_LENGTH - 1] if token in self.matcher.issued else LITERAL
            entity_type = self.types.get(token, named)
            if entity_type != LITERAL:
                yield value, entity_type

    @property
    def literals(self) -> dict[str, str]:
        """The tokens that are no placeholders, with their values."""
        issued = self.matcher.issued
        return {token: value for token, value in self.surfaces.items() if token not in issued}

    @property
    def placeholders(self) -> dict[str, str]:
        """The cores of the placeholders, with their values."""
        issued = self.matcher.issued
        return {token: value for token, value in self.surfaces.items() if token in issued}


class Restorer:
    """Restores one text: one choice's content, one tool call's arguments, one field."""

    __slots__ = ("_before", "_guard", "_held", "_in_string", "_is_json", "_rules", "_tally")

    def __init__(
        self,
        rules: Restoration,
        tally: Tally,
        *,
        is_json: bool = False,
        guard: Guard | None = None,
    ) -> None:
        self._rules = rules
        self._tally = tally
        self._guard = guard
        self._is_json = is_json
        self._held = ""
        self._before = ""  # the last WINDOW code points of masked text that were let go
        self._in_string = False

    def __repr__(self) -> str:
        return f"Restorer(json={self._is_json}, held={len(self._held)})"

    def feed(self, text: str) -> str:
        """Take the next piece of masked text; give what can be let go, restored."""
        return self._run(self._held + text, final=False)

    def flush(self) -> str:
        """End of the text: give what is left."""
        return self._run(self._held, final=True) if self._held else ""

    def insert(self, text: str) -> str:
        """Take text that holds no tokens; what is held ends before it. Gives both."""
        held = self.flush()
        if self._rules.surfaces:
            self._remember(text)
        return held + text

    def _run(self, text: str, *, final: bool) -> str:
        if not self._rules.surfaces:
            self._held = ""
            return text
        matcher = self._rules.matcher
        search = matcher.starts(is_json=self._is_json).search
        before = self._before[-LOOK_BACK:]
        text = before + text
        out: list[str] = []
        done = at = len(before)
        while found := search(text, at):
            start = found.start()
            answer, end, token = matcher.at(text, start, final=final, is_json=self._is_json)
            if answer is Answer.NO:
                at = start + 1
            elif answer is Answer.MORE:
                self._let_go(text[done:start], out)
                self._held = text[start:]
                return "".join(out)
            else:
                self._let_go(text[done:start], out)
                out.append(self._value(token, text[start:end]))
                done = at = end
        self._let_go(text[done:], out)
        self._held = ""
        return "".join(out)

    def _let_go(self, text: str, out: list[str]) -> None:
        if not text:
            return
        out.append(text)
        self._remember(text)

    def _remember(self, masked: str) -> None:
        if self._guard is not None:
            self._guard.feed(masked)
        if self._is_json:
            self._in_string = _in_string_after(self._before, self._in_string, masked)
        if ">" in masked:
            tail = self._before[-_LONGEST_FRAMED:]
            for found in _FRAMED.finditer(tail + masked):
                if found.end() > len(tail) and found.group(1) not in self._rules.surfaces:
                    self._tally.damaged += 1
        self._before = (self._before + masked)[-WINDOW:]

    def _value(self, token: str, masked: str) -> str:
        alias = self._rules.aliases.get(token)
        value, origin = alias if alias is not None else (self._rules.surfaces[token], token)
        if not self._permits(origin, value):
            self._tally.blocked += 1
            self._remember(masked)
            return masked
        self._tally.restored += 1
        if self._guard is not None:
            self._guard.skip()
        restored = value
        if self._is_json and not (_NUMBER.match(masked) and self._stands_bare(value)):
            restored = json.dumps(value, ensure_ascii=False)
            if self._in_string:
                restored = restored[1:-1]
        self._before = (self._before + masked)[-WINDOW:]
        return restored

    def _permits(self, origin: str, value: str) -> bool:
        if self._guard is not None and not self._guard.permits():
            return False
        return self._rules.sinks.permits(self._before, origin, value, is_json=self._is_json)

    def _stands_bare(self, value: str) -> bool:
        return not self._in_string and _NUMBER.match(value) is not None


def _in_string_after(before: str, in_string: bool, text: str) -> bool:
    """Whether a JSON string literal is open after `text`; an escaped quote does not count."""
    if '"' not in text:
        return in_string
    slashes = len(before) - len(before.rstrip("\\"))
    escaped = in_string and slashes % 2 == 1
    for character in text:
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = in_string
        elif character == '"':
            in_string = not in_string
    return in_string


def restore(text: str, rules: Restoration, tally: Tally, *, is_json: bool = False) -> str:
    """Restore a whole text at once."""
    restorer = Restorer(rules, tally, is_json=is_json)
    return restorer.feed(text) + restorer.flush()
