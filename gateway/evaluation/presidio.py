"""Presidio's own recognizers, to measure beside ours."""

from __future__ import annotations

from collections.abc import Sequence

import spacy
import tldextract
from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import SpacyNlpEngine
from presidio_analyzer.recognizer_registry import RecognizerRegistryProvider

from gateway.detection.plugins.plugged import silence_presidio
from gateway.types import Span


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
