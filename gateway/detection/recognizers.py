"""Our recognizers as Presidio's: for the gateway's detector, and for a Presidio of your own.

`recognizers()` gives what an `AnalyzerEngine` of anybody's takes. The gateway itself reads with
the same objects through `read`, without Presidio's engine around them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import regex
from presidio_analyzer import (
    EntityRecognizer,
    Pattern,
    PatternRecognizer,
    RecognizerResult,
    predefined_recognizers,
)
from presidio_analyzer.nlp_engine import NlpArtifacts

from gateway.detection.coverage import Read
from gateway.detection.nlp import Artifacts, reading_of
from gateway.detection.structured.context import Reading
from gateway.detection.structured.country import REPLACED, Identifier, identifier, identify
from gateway.detection.structured.table import ENTITY_TYPES, read
from gateway.detection.tokenclassifier import TokenClassifier, classified
from gateway.detection.worker import time_left
from gateway.settings import CustomRecognizer
from gateway.types import Span


class _OwnRecognizer(EntityRecognizer):
    """A stage of our own with a Presidio face."""

    def load(self) -> None:
        """Nothing to load."""

    def analyze(
        self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts | None = None
    ) -> list[RecognizerResult]:
        """Everything that the stage finds; `entities`, where given, are the types that count."""
        wanted = frozenset(entities or self.supported_entities)
        return [
            self._result(span)
            for span in self._spans(text, nlp_artifacts)
            if span.entity_type in wanted
        ]

    def _spans(self, text: str, artifacts: NlpArtifacts | None) -> Sequence[Span]:
        return self.read(reading_of(text, artifacts)).spans

    def read(self, reading: Reading) -> Read:
        """What the stage finds in a reading, and how far it has read."""
        raise NotImplementedError

    def _result(self, span: Span) -> RecognizerResult:
        return RecognizerResult(
            entity_type=span.entity_type,
            start=span.start,
            end=span.end,
            score=span.score,
            recognition_metadata={
                RecognizerResult.RECOGNIZER_NAME_KEY: span.recognizer,
                RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: self.id,
                RecognizerResult.IS_SCORE_ENHANCED_BY_CONTEXT_KEY: True,
            },
        )


class TableRecognizer(_OwnRecognizer):
    """Our own table as one recognizer."""

    def __init__(self, language: str = "en") -> None:
        super().__init__(sorted(ENTITY_TYPES), "cloakroom", language)

    def read(self, reading: Reading) -> Read:
        """Everything that the table finds."""
        return Read("table", read(reading, time_left), len(reading.text))


class IdentifierRecognizer(_OwnRecognizer):
    """Many pattern recognizers as one: a regex that times out raises instead of being skipped."""

    def __init__(self, rows: Sequence[Identifier], language: str = "en") -> None:
        super().__init__(sorted({row.entity_type for row in rows}), "identifiers", language)
        self._rows = tuple(rows)

    def read(self, reading: Reading) -> Read:
        """The identifiers that stand alone, and those beside their context words."""
        found = list(identify(self._rows, reading, time_left))
        return Read("identifiers", found, len(reading.text))


class ClassifierRecognizer(_OwnRecognizer):
    """Hands on what token classifiers found: from our artifacts, or by asking them."""

    def __init__(self, classifiers: Sequence[TokenClassifier], language: str = "en") -> None:
        kinds = {kind for one in classifiers for kind in one.entity_types}
        super().__init__(sorted(kinds), "classifier", language)
        self._classifiers = tuple(classifiers)

    def _spans(self, text: str, artifacts: NlpArtifacts | None) -> Sequence[Span]:
        if isinstance(artifacts, Artifacts) and artifacts.reading.text == text:
            return artifacts.spans
        return self.read(Reading(text)).spans

    def read(self, reading: Reading) -> Read:
        """What the classifiers find."""
        found = [span for one in self._classifiers for span in classified(one, [reading.text])[0]]
        return Read("classifier", found, len(reading.text))


def recognizers(
    language: str = "en", classifiers: Sequence[TokenClassifier] = ()
) -> list[EntityRecognizer]:
    """All that we find, as recognizers for an `AnalyzerEngine` of your own."""
    own: list[EntityRecognizer] = [
        TableRecognizer(language),
        IdentifierRecognizer(country_identifiers(), language),
    ]
    return [*own, ClassifierRecognizer(classifiers, language)] if classifiers else own


def _identifier(source: PatternRecognizer, *, custom: bool = False) -> Identifier:
    entity_type = source.supported_entities[0]
    patterns: list[Pattern] = source.patterns  # type: ignore[has-type]
    return identifier(
        name=str(source.name),  # type: ignore[has-type]
        entity_type=entity_type,
        patterns=tuple((pattern.regex, pattern.score) for pattern in patterns),
        words=source.context or (),
        validate=source.validate_result,
        invalidate=source.invalidate_result,
        checks=type(source).validate_result is not PatternRecognizer.validate_result,
        custom=custom,
    )


def country_identifiers() -> list[Identifier]:
    """Every national identifier that the installed Presidio defines, in order of class name."""
    rows = []
    for name in sorted(vars(predefined_recognizers)):
        kind = getattr(predefined_recognizers, name)
        if (
            isinstance(kind, type)
            and issubclass(kind, PatternRecognizer)
            and kind.COUNTRY_CODE is not None
            and name not in REPLACED
        ):
            build: Callable[[], PatternRecognizer] = kind
            rows.append(_identifier(build()))
    return rows


def custom_identifiers(custom: Sequence[CustomRecognizer]) -> list[Identifier]:
    """The operator's own patterns.

    Raises:
        ValueError: one is not a regular expression. The message does not quote it.
    """
    try:
        return [_custom_identifier(one) for one in custom]
    except (ValueError, regex.error):  # of Presidio's Pattern, and of our own compiling
        raise ValueError("a custom recognizer's pattern is not a regular expression") from None


def _custom_identifier(custom: CustomRecognizer) -> Identifier:
    return _identifier(
        PatternRecognizer(
            supported_entity=custom.entity_type,
            name=custom.name,
            patterns=[Pattern(custom.name, source, score) for source, score in custom.patterns],
            context=list(custom.context),
        ),
        custom=True,
    )
