"""Finds a place for what a model's answer holds of its own: personal data that nobody issued. Pure.

Theory of operation. Detection reads the masked text, before anything is restored. An issued token
is never new: findings are cut around tokens. What is new is replaced, and only then are the tokens
restored.

A stream is let go piece by piece, up to the last place where a sentence or a line has ended, once
detection has read the `CONTEXT` before it and all that is held. A finding or a token over that
place moves it to before itself. Where `WINDOW` code points are held without such a place, the last
blank before the last `MARGIN` is one; where text has waited for long, a blank after two ordinary
words before the last `HURRIED_MARGIN`. A run longer than that without a blank may be an encoded
value that nobody could read: it is masked whole.

In JSON the places are those of `jsonplaces.py`: no escape is cut, and what is put in is a string.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from gateway.masking.answers import Answer
from gateway.masking.endings import last_ending
from gateway.masking.jsonplaces import JsonPlaces, New
from gateway.masking.operators import legal_name
from gateway.masking.restore import Restoration, Restorer
from gateway.types import Span

CONTEXT: Final = 256
"""Code points already let go that are read again with what is held."""

WINDOW: Final = 256
"""Code points held before a blank is place enough."""

MARGIN: Final = 64
"""Code points at the end of what is held in which no blank is."""

HURRIED_MARGIN: Final = 32
"""The same, for text that has waited for long."""

LONGEST: Final = 8192
"""Code points held for one finding without an end; then all else in its text goes."""

UNREADABLE: Final = "UNREADABLE"
"""The type of a run that is too long to be read."""

Replace: TypeAlias = Callable[[str, str], str | None]
"""What stands for (an entity type, a value); None where the value is kept."""

_STEP: Final = 64  # what must come before the same hindrance is looked at again
_BLANK: Final = re.compile(r"\s")
# Words that are likely no part of a value: two in small letters, one after the other.
_ORDINARY: Final = re.compile(
    r"(?<!\S)[a-z\u00df-\u00ff]{1,20}[,;]?\s+[a-z\u00df-\u00ff]{1,20}[,;]?(?=\s)"
)
_WIDE: Final = re.compile("[\u2e80-\U0003ffff]")
_RUN_END: Final = re.compile(r"[\s\u2e80-\U0003ffff]")


def tokens_in(text: str, rules: Restoration, *, is_json: bool, final: bool) -> list[New]:
    """Where issued tokens stand, or may stand once more text has come; their type is ""."""
    if not rules.surfaces:
        return []
    found: list[New] = []
    search, at = rules.matcher.starts(is_json=is_json).search, 0
    while begun := search(text, at):
        start = begun.start()
        answer, end, _ = rules.matcher.at(text, start, final=final, is_json=is_json)
        if answer is Answer.MORE:
            found.append((start, len(text), ""))
            break
        if answer is Answer.YES:
            found.append((start, end, ""))
        at = end if answer is Answer.YES else start + 1
    return found


def cut_around(spans: Sequence[Span], tokens: Sequence[New], text: str) -> list[New]:
    """Findings without the tokens that they overlap, in order; no piece is without a letter."""
    found: list[New] = []
    for span in spans:
        start = span.start
        for low, high, _ in tokens:
            if high > start and low < span.end:
                found.append((start, low, span.entity_type))
                start = high
        found.append((start, span.end, span.entity_type))
    return [
        one for one in found if one[0] < one[1] and any(map(str.isalnum, text[one[0] : one[1]]))
    ]


class PlainFilter:
    """Restores a text; new data in it is left alone."""

    __slots__ = ("_out", "_restorer")

    def __init__(self, restorer: Restorer) -> None:
        self._restorer = restorer
        self._out = ""

    def __repr__(self) -> str:
        return "PlainFilter()"

    def put(self, text: str) -> None:
        """The next piece in."""
        self._out += self._restorer.feed(text)

    def end(self) -> None:
        """No more pieces come."""
        self._out += self._restorer.flush()

    def ready(self) -> str:
        """What can be let go now."""
        out, self._out = self._out, ""
        return out


class FlaggingFilter(PlainFilter):
    """Restores a text and counts the new data in it, once it has ended."""

    __slots__ = ("_found", "_has_ended", "_is_json", "_pieces", "_rules")

    def __init__(
        self, restorer: Restorer, rules: Restoration, found: Counter[str], *, is_json: bool
    ) -> None:
        super().__init__(restorer)
        self._rules = rules
        self._found = found
        self._is_json = is_json
        self._pieces: list[str] = []
        self._has_ended = False

    def __repr__(self) -> str:
        return "FlaggingFilter()"

    def put(self, text: str) -> None:
        """The next piece in."""
        self._pieces.append(text)
        super().put(text)

    def end(self) -> None:
        """No more pieces come."""
        self._has_ended = True
        super().end()

    @property
    def is_done(self) -> bool:
        """Whether there is nothing left to be read, nor will be."""
        return self._has_ended and not self._pieces

    def unread(self, *, hurried: bool = False) -> str:
        """The text that detection must read now, or ""; nothing is held, so nothing is late."""
        return "".join(self._pieces) if self._has_ended else ""

    def settle(self, spans: Sequence[Span], *, hurried: bool = False) -> None:
        """Take what detection has found in the text that was unread."""
        text = "".join(self._pieces)
        tokens = tokens_in(text, self._rules, is_json=self._is_json, final=True)
        self._found.update(one[2] for one in cut_around(spans, tokens, text))
        self._pieces = []


class MaskingFilter:
    """Masks the new data in a text, then restores the text."""

    __slots__ = (
        "_before", "_found", "_has_ended", "_held", "_is_name", "_json", "_out", "_replace",
        "_restorer", "_rules", "_swallows", "_tail", "_tried",
    )  # fmt: skip

    def __init__(
        self,
        restorer: Restorer,
        rules: Restoration,
        replace: Replace,
        found: Counter[str],
        *,
        is_json: bool = False,
        is_name: bool = False,
    ) -> None:
        self._restorer = restorer
        self._rules = rules
        self._replace = replace
        self._found = found
        self._is_name = is_name
        self._json = JsonPlaces() if is_json else None
        self._before = ""  # what was let go last, as it came
        self._held = ""
        self._tried = 0  # of what is held, as far as it was looked at in vain
        self._tail = ""  # the type of the finding that was masked up to where `_held` begins
        self._swallows = ""  # "run": until it ends; "rest": all that comes
        self._has_ended = False
        self._out = ""

    def __repr__(self) -> str:
        return f"MaskingFilter(held={len(self._held)})"

    def put(self, text: str) -> None:
        """The next piece in."""
        self._held += text
        if self._swallows:
            self._swallow()

    def end(self) -> None:
        """No more pieces come."""
        self._has_ended = True
        if not self._held:
            self._out += self._restorer.flush()

    def ready(self) -> str:
        """What can be let go now."""
        out, self._out = self._out, ""
        return out

    @property
    def is_done(self) -> bool:
        """Whether there is nothing left to be read, nor will be."""
        return self._has_ended and not self._held

    def unread(self, *, hurried: bool = False) -> str:
        """The text that detection must read now, or "" where nothing could be let go.

        It is `hurried` where what is held has waited for long.
        """
        if not self._held:
            return ""
        size = len(self._held)
        if hurried and self._ordinary_place() > 0:
            return self._before + self._held
        if self._has_ended or self._natural_place() >= max(1, self._tried):
            return self._before + self._held
        if size >= WINDOW and size >= self._tried + max(_STEP, self._tried // 8):
            return self._before + self._held
        return ""

    def settle(self, spans: Sequence[Span], *, hurried: bool = False) -> None:
        """Take what detection has found in the text that was unread."""
        text, off = self._before + self._held, len(self._before)
        tokens = tokens_in(text, self._rules, is_json=self._json is not None, final=self._has_ended)
        new = cut_around(spans, tokens, text)
        if self._json is not None:
            new = self._json.fitted(text, new)
        if self._has_ended:
            self._let_go(text, len(text), new)
            self._out += self._restorer.flush()
            return
        bars = [*new, *tokens, *((span.start, span.end, "") for span in spans)]
        bars = [one for one in bars if one[1] > off]
        place = self._free(text, off + self._natural_place(), bars)
        if place <= off and hurried:
            place = self._free(text, off + self._ordinary_place(), bars)
        if place <= off and len(self._held) >= WINDOW:
            place = self._free(text, self._blank_place(text, off, tokens), bars)
        stop = self._run_stop(text, off, bars, tokens)
        if place > off:
            self._let_go(text, place, new)
        elif stop >= off + WINDOW:
            self._mask_run(text, off, stop)
        elif len(self._held) >= LONGEST:
            self._mask_rest(text, new)
        else:
            self._tried = len(self._held)

    # ---- where the text may be cut -------------------------------------------------------------

    def _natural_place(self) -> int:
        """The last place in what is held where a sentence, a line or a JSON value has ended."""
        text, start = self._before + self._held, len(self._before)
        if self._json is not None:
            return self._json.last_end(text, start) - start
        # What lies before was looked at.
        first = max(start, start + self._tried - MARGIN)
        place = last_ending(text, first, len(text))
        return place - start if place > first else 0

    def _ordinary_place(self) -> int:
        """The last place in what is held behind two ordinary words, well before its end."""
        last = len(self._held) - HURRIED_MARGIN
        return max(
            (one.end() for one in _ORDINARY.finditer(self._held, 0, max(0, last))), default=0
        )

    def _free(self, text: str, place: int, bars: Sequence[New]) -> int:
        """The last place up to `place` that lies in no finding, token or escape."""
        off, moved = len(self._before), True
        while moved and place > off:
            free = place if self._json is None else self._json.whole(text, place)
            for start, end, _ in bars:
                if start < free < end:
                    free = start
            moved, place = free != place, free
        return max(place, off)

    def _run_stop(self, text: str, off: int, bars: Sequence[New], tokens: Sequence[New]) -> int:
        """Where a run without a blank stops that begins what is held; `off` if that is read."""
        if any(one[0] <= off + 1 for one in bars):
            return off
        blank = _RUN_END.search(text, off + 1)
        ends = [one[0] for one in tokens if one[0] > off]
        return min([blank.start() if blank else len(text), *ends])

    def _blank_place(self, text: str, off: int, tokens: Sequence[New]) -> int:
        """The last place before the margin at a blank, a wide letter or a token; `off` for none."""
        last = len(text) - MARGIN
        place = off
        for pattern in (_BLANK, _WIDE):
            for found in pattern.finditer(text, off + 1, last):
                place = max(place, found.start())
            if place > off:
                break
        return max([place, *(edge for one in tokens for edge in one[:2] if off < edge < last)])

    # ---- what goes out -------------------------------------------------------------------------

    def _let_go(self, text: str, place: int, new: Sequence[New]) -> None:
        """Give the text up to a place, which no finding crosses, with what is new replaced."""
        done = len(self._before)
        for start, end, entity_type in new:
            if end <= done or start >= place:
                continue
            self._pass(text[done : max(start, done)])
            self._put_for(text, max(start, done), end, entity_type, is_rest=start < done)
            done = end
        self._pass(text[done:place])
        self._keep(text, place)

    def _put_for(self, text: str, start: int, end: int, entity_type: str, *, is_rest: bool) -> None:
        """Replace one stretch. The rest of a finding whose beginning was replaced just now goes."""
        goes_on = is_rest and self._tail == entity_type
        self._tail = entity_type
        if goes_on:
            return
        self._found[entity_type] += 1
        raw = text[start:end]
        made = self._replace(entity_type, raw if self._json is None else self._json.said(raw))
        if made is None:
            self._out += self._restorer.feed(raw)
            return
        if self._is_name:
            made = legal_name(made)
        if self._json is not None:
            literal = json.dumps(made, ensure_ascii=False)
            made = literal[1:-1] if self._json.is_in_string(text, start) else literal
        self._out += self._restorer.insert(made)

    def _pass(self, text: str) -> None:
        if text:
            self._tail = ""
            self._out += self._restorer.feed(text)

    def _keep(self, text: str, place: int) -> None:
        """Remember what was let go, as far as it is read again."""
        cut = max(0, place - CONTEXT)
        if self._json is not None:
            cut = self._json.forget(text, cut)
        self._before, self._held = text[cut:place], text[place:]
        self._tried = 0

    def _mask_run(self, text: str, off: int, end: int) -> None:
        """Mask a run that has no end yet, or ends at a finding or a token."""
        start = off + 1 if _BLANK.match(text, off) else off
        if self._json is not None:
            start, end = self._json.run(text, start, end)
        self._let_go(text, end, [(start, end, UNREADABLE)] if start < end else [])
        if not self._held:
            self._swallows = "run"

    def _mask_rest(self, text: str, new: Sequence[New]) -> None:
        """Mask a finding that has no end, and all that comes after it."""
        first = next((one for one in new if one[1] > len(self._before)), None)
        start = max(first[0], len(self._before)) if first else len(self._before)
        end = len(text)
        if self._json is not None:
            start, end = self._json.run(text, start, end)
        before = [one for one in new if one[1] <= start]
        self._let_go(text, end, [*before, (start, end, first[2] if first else UNREADABLE)])
        self._swallows = "rest"

    def _swallow(self) -> None:
        """Drop what belongs to a run that was masked."""
        if self._json is not None:
            end = self._json.run(self._before + self._held, len(self._before), None)[1]
            end -= len(self._before)
        else:
            end = len(self._held)
        if self._swallows == "run":
            found = _RUN_END.search(self._held, 0, end)
            end = found.start() if found else end
        if end < len(self._held):
            self._swallows = ""
        self._keep(self._before + self._held, len(self._before) + end)
