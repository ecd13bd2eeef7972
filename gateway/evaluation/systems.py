"""What is measured: anything that finds personal data in texts; our detector above all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from gateway.detection.coreference import with_mentions
from gateway.ports import Detector
from gateway.settings import Detection
from gateway.types import Finding, Leaf, Span

TENANT: Final = "default"
PATIENCE_S: Final = 600.0
"""A measurement waits longer for a text than a caller would."""


class System(Protocol):
    """Finds personal data in texts."""

    async def detect(self, texts: Sequence[str]) -> Sequence[Sequence[Span]]:
        """The spans of each text."""
        ...


@dataclass(frozen=True, slots=True)
class Ours:
    """A detector of the gateway, for one tenant."""

    detector: Detector

    async def detect(self, texts: Sequence[str]) -> Sequence[Sequence[Span]]:
        """The spans of each text, as in an exchange of that text alone.

        Raises `DetectionUnavailable` as the detector does.
        """
        found = await self.detector.detect(texts, TENANT)
        return [_exchanged(*one) for one in zip(texts, found, strict=True)]


def _exchanged(text: str, spans: Sequence[Span]) -> Sequence[Span]:
    """The spans of a text, with those that follow from a full name in it."""
    findings = [
        Finding(0, one.start, one.end, one.entity_type, one.score, one.recognizer) for one in spans
    ]
    return [
        Span(one.start, one.end, one.entity_type, one.score, one.recognizer)
        for one in with_mentions([Leaf((), text)], findings)
    ]


def patient(settings: Detection) -> Detection:
    """The same settings with time for long documents."""
    return replace(settings, timeout_s=max(settings.timeout_s, PATIENCE_S))
