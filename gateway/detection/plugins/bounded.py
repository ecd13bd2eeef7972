"""Presidio patterns whose regexes cannot run away.

Presidio's own loop skips a regex that times out, after a minute: it fails open. Here a regex may
take as long as its call has left, and the whole call fails when it takes longer. The `regex`
package lets other threads run while it matches, so nothing else waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import regex
from presidio_analyzer import EntityRecognizer, Pattern

from gateway.detection.worker import time_left


class RegexOverrun(Exception):
    """A regex took longer than its call had left. No `TimeoutError`: Presidio swallows those."""


class BoundedRegex:
    """A compiled regex, of which Presidio's recognizers use `finditer`."""

    def __init__(self, compiled: regex.Pattern[str]) -> None:
        self._compiled = compiled

    def finditer(
        self, text: str, *args: Any, timeout: float | None = None, **options: Any
    ) -> Iterator[regex.Match[str]]:
        """The matches, within the time that is left.

        Raises:
            RegexOverrun: it took longer.
        """
        try:
            yield from self._compiled.finditer(text, *args, timeout=time_left(), **options)
        except TimeoutError:
            pass
        else:
            return
        raise RegexOverrun

    def __getattr__(self, name: str) -> Any:
        return self._within(getattr(self._compiled, name))

    @staticmethod
    def _within(member: Any) -> Any:
        """A method of the compiled regex with the time limit; other attributes as they are."""
        if not callable(member):
            return member
        method: Callable[..., Any] = member

        def limited(*args: Any, **options: Any) -> Any:
            try:
                return method(*args, **{**options, "timeout": time_left()})
            except TimeoutError:
                pass
            raise RegexOverrun

        return limited


class BoundedPattern(Pattern):
    """A pattern that bounds whatever Presidio compiles for it."""

    _bounded: BoundedRegex | None = None

    @property  # type: ignore[override]
    def compiled_regex(self) -> BoundedRegex | None:
        """The compiled regex; None until it is needed."""
        return self._bounded

    @compiled_regex.setter
    def compiled_regex(self, compiled: regex.Pattern[str] | None) -> None:
        self._bounded = None if compiled is None else BoundedRegex(compiled)


def bound(recognizer: EntityRecognizer) -> EntityRecognizer:
    """The recognizer itself, with every pattern it has by now bounded in time."""
    patterns = getattr(recognizer, "patterns", None)
    if isinstance(patterns, list):
        # In place: the list may be shared with what the recognizer derived from it.
        patterns[:] = [
            BoundedPattern(one.name, one.regex, one.score) if isinstance(one, Pattern) else one
            for one in patterns
        ]
    return recognizer
