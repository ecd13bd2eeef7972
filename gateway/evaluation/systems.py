"""What is measured: our detector as an operator runs it, and Presidio's own recognizers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

import spacy
import tldextract
from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import SpacyNlpEngine
from presidio_analyzer.recognizer_registry import RecognizerRegistryProvider

from gateway.detection.presidio import silence_presidio
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


class PresidioAlone:
    """Presidio's default recognizers for English without a model, as its own engine runs them.

    The engine gets spaCy's blank English pipeline: words for the context enhancer, no names.
    Every text is read as English, whatever it is. Nothing is fetched from the network.
    """

    def __init__(self) -> None:
        silence_presidio()
        # Presidio asks tldextract's module for suffixes; by itself that would fetch a list.
        offline = tldextract.TLDExtract(cache_dir=None, suffix_list_urls=())
        setattr(tldextract, "extract", offline)  # noqa: B010 -- a plain function by its types
        engine = SpacyNlpEngine()
        setattr(engine, "nlp", {"en": spacy.blank("en")})  # noqa: B010 -- None by its types
        registry = RecognizerRegistryProvider().create_recognizer_registry()
        self._engine = AnalyzerEngine(
            registry=registry, nlp_engine=engine, supported_languages=["en"]
        )

    async def detect(self, texts: Sequence[str]) -> Sequence[Sequence[Span]]:
        """The spans of each text, which may overlap."""
        return [self._spans(text) for text in texts]

    def _spans(self, text: str) -> list[Span]:
        return [
            Span(
                one.start,
                one.end,
                one.entity_type,
                float(one.score),
                str((one.recognition_metadata or {}).get("recognizer_name", "")),
            )
            for one in self._engine.analyze(text, "en")
        ]


def patient(settings: Detection) -> Detection:
    """The same settings with time for long documents."""
    return replace(settings, timeout_s=max(settings.timeout_s, PATIENCE_S))
