"""What is measured: anything that finds personal data in texts; our detector above all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from gateway.ports import Detector
from gateway.settings import Detection
from gateway.types import Span

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
        """The spans of each text. Raises `DetectionUnavailable` as the detector does."""
        return await self.detector.detect(texts, TENANT)


def patient(settings: Detection) -> Detection:
    """The same settings with time for long documents."""
    return replace(settings, timeout_s=max(settings.timeout_s, PATIENCE_S))
