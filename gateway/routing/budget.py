"""What an upstream may be asked for: requests at a time, and tokens per minute. Pure.

Tokens are a bucket that fills continuously and holds a minute's worth. A request takes what it is
guessed to cost and settles the difference when its usage is known, so that the bucket may be
below zero: then nothing is taken until it has filled up again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

_MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class Budget:
    """The limits of one upstream, 0 for none, and what is used of them. `at` is in seconds."""

    at_once: int = 0
    tokens_per_minute: int = 0
    running: int = 0
    tokens: float = 0.0
    at: float = 0.0

    @classmethod
    def full(cls, at_once: int, tokens_per_minute: int, now: float) -> Budget:
        """Nothing is used yet."""
        return cls(at_once, tokens_per_minute, 0, float(tokens_per_minute), now)

    def allows(self, now: float) -> bool:
        """Whether a request may begin."""
        if self.at_once and self.running >= self.at_once:
            return False
        return not self.tokens_per_minute or self._filled(now) > 0

    def wait_s(self, now: float) -> float:
        """Seconds until tokens are there again; 0 where it is not for want of tokens."""
        if not self.tokens_per_minute:
            return 0.0
        return max(0.0, -self._filled(now) * _MINUTE_S / self.tokens_per_minute)

    def begun(self, guess: int, now: float) -> Budget:
        """A request is on its way, and will cost about so many tokens."""
        return replace(self, running=self.running + 1, tokens=self._filled(now) - guess, at=now)

    def ended(self, guess: int, used: int, now: float) -> Budget:
        """It has ended, and has cost so many."""
        tokens = min(self._filled(now) + guess - used, float(self.tokens_per_minute))
        return replace(self, running=max(0, self.running - 1), tokens=tokens, at=now)

    def _filled(self, now: float) -> float:
        if not self.tokens_per_minute:
            return 0.0
        rate = self.tokens_per_minute / _MINUTE_S
        return min(float(self.tokens_per_minute), self.tokens + max(0.0, now - self.at) * rate)
