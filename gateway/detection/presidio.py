"""Detection with presidio-analyzer, in process: no spaCy model, no network, fail closed.

Presidio's engine and registry are the frame into which a user's own recognizers plug in. Inside
it stand two recognizers of ours that read a text once: our table, and the national identifiers
that Presidio defines. They use neither Presidio's pattern loop (which skips a regex that times
out, that is, fails open) nor its context enhancer (which is quadratic in the text).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import regex
from presidio_analyzer import (
    AnalyzerEngine,
    EntityRecognizer,
    Pattern,
    PatternRecognizer,
    RecognizerRegistry,
    RecognizerResult,
    predefined_recognizers,
)
from presidio_analyzer.context_aware_enhancers import ContextAwareEnhancer
from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine
from presidio_analyzer.pattern_recognizer import REGEX_TIMEOUT_SECONDS

from gateway.detection.context import Context, Reading, context
from gateway.detection.country import (
    CONTEXT_BOOST,
    CONTEXT_SCORE,
    REPLACED,
    Identifier,
    identifier,
    identify,
    with_context,
)
from gateway.detection.normalize import views
from gateway.detection.spans import (
    above,
    compile_lists,
    denied,
    disjoint,
    threshold_of,
    trimmed,
    without_allowed,
)
from gateway.detection.table import ENTITY_TYPES, read
from gateway.detection.worker import SHORT_CODE_POINTS, Worker, time_left
from gateway.settings import CustomRecognizer, Detection
from gateway.types import Span


def silence_presidio() -> None:
    """Keep Presidio's loggers, which write words of the text, from writing anything."""
    for name in ("presidio-analyzer", "decision_process"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.CRITICAL + 1)
        logger.propagate = False
        logger.disabled = True


def _result(span: Span, recognizer: EntityRecognizer) -> RecognizerResult:
    return RecognizerResult(
        entity_type=span.entity_type,
        start=span.start,
        end=span.end,
        score=span.score,
        recognition_metadata={
            RecognizerResult.RECOGNIZER_NAME_KEY: span.recognizer,
            RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: recognizer.id,
            RecognizerResult.IS_SCORE_ENHANCED_BY_CONTEXT_KEY: True,
        },
    )


# ---------------------------------------------------------------- tokens and context


@dataclass(frozen=True, slots=True)
class Token:
    """A word with its place, in the fields of a spaCy token that recognizers use."""

    text: str
    idx: int

    def __len__(self) -> int:
        return len(self.text)


class _Artifacts(NlpArtifacts):
    """What Presidio hands to recognizers: here words, their lower-cased form, and our reading."""

    def __init__(self, reading: Reading, engine: NlpEngine, language: str) -> None:
        self.reading = reading
        # Presidio declares a spaCy document; all it and its recognizers ask of one is its tokens.
        words: Any = [Token(reading.text[start:end], start) for start, end in reading.words()]
        lemmas = [token.text.lower() for token in words]
        super().__init__([], words, [token.idx for token in words], lemmas, engine, language)

    @staticmethod
    def set_keywords(nlp_engine: NlpEngine, lemmas: list[str], language: str) -> list[str]:
        """The lemmas themselves: nothing here is a stop word."""
        return lemmas


def _reading(artifacts: NlpArtifacts) -> Reading:
    if not isinstance(artifacts, _Artifacts):
        raise TypeError("artifacts of another NLP engine")
    return artifacts.reading


class WordEngine(NlpEngine):
    """An NLP engine that knows words and nothing else."""

    def __init__(self, languages: Sequence[str]) -> None:
        self._languages = list(languages)

    def load(self) -> None:
        """Nothing to load."""

    def is_loaded(self) -> bool:
        """Always."""
        return True

    def process_text(self, text: str, language: str) -> NlpArtifacts:
        """Words with offsets; lemmas are the words in lower case."""
        return _Artifacts(Reading(text), self, language)

    def process_batch(
        self,
        texts: Iterable[str],
        language: str,
        batch_size: int = 1,
        n_process: int = 1,
        **kwargs: Any,
    ) -> Iterator[tuple[str, NlpArtifacts]]:
        """Each text with its words."""
        return ((text, self.process_text(text, language)) for text in texts)

    def is_stopword(self, word: str, language: str) -> bool:
        """Never: there is no list of stop words."""
        return False

    def is_punct(self, word: str, language: str) -> bool:
        """Never: tokens are words."""
        return False

    def get_supported_entities(self) -> list[str]:
        """None: words are not entities."""
        return []

    def get_supported_languages(self) -> list[str]:
        """The languages of the settings."""
        return self._languages


class WordContextEnhancer(ContextAwareEnhancer):
    """Presidio's context rule for a user's own recognizers, without copies and in n log n."""

    def __init__(self) -> None:
        super().__init__(CONTEXT_BOOST, CONTEXT_SCORE, 5, 3)
        self._contexts: dict[tuple[str, ...], Context | None] = {}

    def enhance_using_context(
        self,
        text: str,
        raw_results: list[RecognizerResult],
        nlp_artifacts: NlpArtifacts,
        recognizers: list[EntityRecognizer],
        context: list[str] | None = None,
    ) -> list[RecognizerResult]:
        """Lift the score of each result that has a word of its recognizer's context near it."""
        reading = _reading(nlp_artifacts)
        words_of = {rec.id: tuple(rec.context or ()) for rec in recognizers}
        for result in raw_results:
            metadata = result.recognition_metadata or {}
            if metadata.get(RecognizerResult.IS_SCORE_ENHANCED_BY_CONTEXT_KEY):
                continue
            identifier = metadata.get(RecognizerResult.RECOGNIZER_IDENTIFIER_KEY)
            near = self._context(words_of.get(identifier, ()) + tuple(context or ()))
            if near is not None and near.near(reading, result.start, result.end):
                result.score = with_context(result.score)
        return raw_results

    def _context(self, words: tuple[str, ...]) -> Context | None:
        if words not in self._contexts:
            self._contexts[words] = context(words)
        return self._contexts[words]


# ---------------------------------------------------------------- recognizers


class _TableRecognizer(EntityRecognizer):
    """Our own table as one recognizer."""

    def __init__(self, language: str) -> None:
        super().__init__(sorted(ENTITY_TYPES), "cloakroom", language)

    def load(self) -> None:
        """Nothing to load."""

    def analyze(
        self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts
    ) -> list[RecognizerResult]:
        """Everything that the table finds."""
        return [_result(span, self) for span in read(_reading(nlp_artifacts), time_left)]


class _IdentifierRecognizer(EntityRecognizer):
    """Many pattern recognizers as one: a regex that times out raises instead of being skipped."""

    def __init__(self, name: str, language: str, rows: Sequence[Identifier]) -> None:
        super().__init__(sorted({row.entity_type for row in rows}), name, language)
        self._rows = tuple(rows)

    def load(self) -> None:
        """Nothing to load."""

    def analyze(
        self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts
    ) -> list[RecognizerResult]:
        """The identifiers that stand alone, and those beside their context words."""
        reading = _reading(nlp_artifacts)
        return [_result(span, self) for span in identify(self._rows, reading, time_left)]


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


def _country_identifiers() -> list[Identifier]:
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


# ---------------------------------------------------------------- the detector


class PresidioDetector:
    """Detects in this process, in one worker thread."""

    def __init__(
        self, settings: Detection, extra_recognizers: Sequence[EntityRecognizer] = ()
    ) -> None:
        """`extra_recognizers` are a user's own, of any Presidio class, for any language.

        Raises:
            ValueError: a list entry or a custom pattern cannot be used.
        """
        silence_presidio()
        self._threshold = threshold_of(settings.thresholds)
        self._lists = compile_lists(settings.allow, settings.deny)
        first, *others = dict.fromkeys(settings.languages or ("en",))
        own = _own_recognizers(settings.recognizers, first)
        recognizers = [*own, *extra_recognizers]
        # Ours know no language and run once; an extra one runs for the one it was made for.
        self._languages = list(
            dict.fromkeys([first, *(rec.supported_language for rec in extra_recognizers)])
        )
        known = list(dict.fromkeys([*self._languages, *others]))
        self._engine = AnalyzerEngine(
            registry=RecognizerRegistry(recognizers=recognizers, supported_languages=known),
            nlp_engine=WordEngine(known),
            supported_languages=known,
            context_aware_enhancer=WordContextEnhancer(),
        )
        self.entity_types: frozenset[str] = frozenset(
            {kind for rec in recognizers for kind in rec.supported_entities}
            | {entry.entity_type for entry in settings.deny if entry.entity_type}
        )
        # Somebody else's recognizer may block for as long as it likes: never on the event loop.
        here = 0 if extra_recognizers else SHORT_CODE_POINTS
        self._worker = Worker(self._scan, settings.timeout_s, here_code_points=here)

    async def detect(self, texts: Sequence[str], tenant: str) -> Sequence[tuple[Span, ...]]:
        """The spans of each text, disjoint and in order.

        Raises:
            DetectionUnavailable: a recognizer failed, or the call as a whole took longer than
                the settings allow. It neither names nor holds any text.
        """
        return await self._worker.run(texts, tenant)

    def analyze(self, text: str, tenant: str) -> tuple[Span, ...]:
        """The spans of one text, in the calling thread, within the same time limit.

        Raises:
            DetectionUnavailable: as for `detect`.
        """
        return self._worker.run_here(text, tenant)

    async def aclose(self) -> None:
        """Stop the worker thread; work that has not begun is dropped."""
        self._worker.close()

    def _scan(self, text: str, tenant: str) -> tuple[Span, ...]:
        found: list[Span] = []
        for view in views(text):
            for span in self._read(view.text):
                start, end = view.original(span.start, span.end)
                found.append(Span(start, end, span.entity_type, span.score, span.recognizer))
        kept = (trimmed(span, text) for span in above(found, self._threshold))
        allowed = without_allowed(
            [span for span in kept if span is not None], text, tenant, self._lists, time_left
        )
        return disjoint(allowed + denied(text, tenant, self._lists, time_left))

    def _read(self, text: str) -> Iterator[Span]:
        began = time.monotonic()
        for language in self._languages:
            for result in self._engine.analyze(text, language):
                name = (result.recognition_metadata or {})[RecognizerResult.RECOGNIZER_NAME_KEY]
                yield Span(result.start, result.end, result.entity_type, result.score, name)
            time_left()
        # Presidio's own pattern class drops a regex that times out. That takes this long at least.
        if time.monotonic() - began >= REGEX_TIMEOUT_SECONDS:
            raise TimeoutError


def _own_recognizers(custom: Sequence[CustomRecognizer], language: str) -> list[EntityRecognizer]:
    try:
        rows = [_custom_identifier(row) for row in custom]
    except (ValueError, regex.error):  # of Presidio's Pattern, and of our own compiling
        raise ValueError("a custom recognizer's pattern is not a regular expression") from None
    return [
        _TableRecognizer(language),
        _IdentifierRecognizer("identifiers", language, [*_country_identifiers(), *rows]),
    ]
