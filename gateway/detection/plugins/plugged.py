"""A user's own Presidio recognizers in a Presidio engine, as they would run anywhere.

Their patterns are bounded in time; results that cannot be are an error and not dropped.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

from presidio_analyzer import AnalyzerEngine, EntityRecognizer, RecognizerRegistry, RecognizerResult
from presidio_analyzer.pattern_recognizer import REGEX_TIMEOUT_SECONDS

from gateway.detection.coverage import Read
from gateway.detection.nlp import ENTITY_TYPE, Artifacts, ClassifierEngine, WordContextEnhancer
from gateway.detection.plugins.bounded import RegexOverrun, bound
from gateway.detection.structured.context import Reading
from gateway.detection.worker import time_left
from gateway.types import Span


def silence_presidio() -> None:
    """Keep Presidio's loggers, which write words of the text, from writing anything."""
    for name in ("presidio-analyzer", "decision_process"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.CRITICAL + 1)
        logger.propagate = False
        logger.disabled = True


class Plugged:
    """A user's own recognizers in a Presidio engine: each reads each view once."""

    def __init__(self, extra: Sequence[EntityRecognizer]) -> None:
        """Raises `ValueError` where one cannot be used."""
        silence_presidio()
        for one in extra:
            for kind in one.supported_entities:
                if not ENTITY_TYPE.fullmatch(kind):
                    raise ValueError("a recognizer's entity types must be like US_SSN")
        # Texts come without a language: each recognizer runs for the one it was made for.
        self._languages = list(dict.fromkeys(one.supported_language for one in extra))
        self._nlp = ClassifierEngine(self._languages)
        registry = RecognizerRegistry(
            recognizers=[bound(one) for one in extra], supported_languages=self._languages
        )
        self._engine = AnalyzerEngine(
            registry=registry,
            nlp_engine=self._nlp,
            supported_languages=self._languages,
            context_aware_enhancer=WordContextEnhancer(),
        )
        runs = [one for lang in self._languages for one in self._engine.get_recognizers(lang)]
        if sorted(map(id, runs)) != sorted(map(id, extra)):
            raise ValueError("a recognizer would not run, or would run twice")
        self.entity_types = frozenset(kind for one in extra for kind in one.supported_entities)

    def read(self, reading: Reading, names: Sequence[Span]) -> Read:
        """What the recognizers find.

        Raises:
            TimeoutError: a regex, or all of them together, took too long.
            IncompleteRead: a result is not a stretch of the text.
        """
        began = time.monotonic()
        found: list[Span] = []
        try:
            for language in self._languages:
                artifacts = Artifacts(reading, self._nlp, language, names)
                results = self._engine.analyze(reading.text, language, nlp_artifacts=artifacts)
                found.extend(map(_span, results))
                time_left()
            is_late = False
        except RegexOverrun:
            is_late = True
        # Presidio's own pattern loop drops a regex that times out, which takes this long at least.
        if is_late or time.monotonic() - began >= REGEX_TIMEOUT_SECONDS:
            raise TimeoutError
        return Read("plugged", found, len(reading.text))


def _span(result: RecognizerResult) -> Span:
    name = (result.recognition_metadata or {})[RecognizerResult.RECOGNIZER_NAME_KEY]
    return Span(result.start, result.end, result.entity_type, float(result.score), str(name))
