"""What Presidio asks of an NLP engine, from our own parts: words, entities, context.

The words are split by us, the entities come from token classifiers, if there are any; there is no
spaCy model. A user's own recognizers get them in the fields that Presidio's own use.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from presidio_analyzer import EntityRecognizer, RecognizerResult
from presidio_analyzer.context_aware_enhancers import ContextAwareEnhancer
from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine

from gateway.detection.structured.context import Context, Reading, context
from gateway.detection.structured.country import CONTEXT_BOOST, CONTEXT_SCORE, with_context
from gateway.detection.tokenclassifier import IncompleteRead, TokenClassifier, classified
from gateway.types import Span

ENTITY_TYPE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")


@dataclass(frozen=True, slots=True)
class Token:
    """A word with its place, in the fields of a spaCy token that recognizers use."""

    text: str = field(repr=False)
    idx: int

    def __len__(self) -> int:
        return len(self.text)


@dataclass(frozen=True, slots=True)
class Entity:
    """What a classifier found, in the fields of a spaCy span that recognizers use."""

    text: str = field(repr=False)
    start_char: int
    end_char: int
    label_: str


class Artifacts(NlpArtifacts):
    """What Presidio hands to recognizers: our reading of a text, and what classifiers found.

    Presidio declares a spaCy document; all that it and its recognizers ask of one is its tokens.
    They are made on first use, since our own recognizers do not need them.
    """

    def __init__(
        self, reading: Reading, engine: NlpEngine, language: str, spans: Sequence[Span] = ()
    ) -> None:
        # Presidio's constructor would fill in at once what is lazy here.
        self.reading = reading
        self.spans = spans
        self.nlp_engine = engine
        self.language = language
        self.scores = [span.score for span in spans]

    @cached_property
    def entities(self) -> list[Any]:  # type: ignore[override]
        """What the classifiers found."""
        text = self.reading.text
        return [
            Entity(text[one.start : one.end], one.start, one.end, one.entity_type)
            for one in self.spans
        ]

    @cached_property
    def tokens(self) -> Any:  # type: ignore[override]
        """The words of the text."""
        return [Token(self.reading.text[a:b], a) for a, b in self.reading.words()]

    @cached_property
    def tokens_indices(self) -> list[int]:  # type: ignore[override]
        """Where they begin."""
        return [token.idx for token in self.tokens]

    @cached_property
    def lemmas(self) -> list[str]:  # type: ignore[override]
        """The words in lower case."""
        return [token.text.lower() for token in self.tokens]

    @cached_property
    def keywords(self) -> list[str]:  # type: ignore[override]
        """The same: nothing here is a stop word."""
        return self.lemmas


def reading_of(text: str, artifacts: NlpArtifacts | None) -> Reading:
    """The reading that the artifacts carry, or a new one where they are of another engine."""
    if isinstance(artifacts, Artifacts) and artifacts.reading.text == text:
        return artifacts.reading
    return Reading(text)


def _check(result: RecognizerResult, length: int) -> None:
    is_inside = 0 <= result.start < result.end <= length
    if not (is_inside and 0 <= result.score <= 1 and ENTITY_TYPE.fullmatch(result.entity_type)):
        raise IncompleteRead("a recognizer gave a result that cannot be one")


class ClassifierEngine(NlpEngine):
    """An NLP engine whose entities are those of token classifiers; without any, it knows words."""

    def __init__(
        self, languages: Sequence[str], classifiers: Sequence[TokenClassifier] = ()
    ) -> None:
        self._languages = list(languages)
        self._classifiers = tuple(classifiers)

    def load(self) -> None:
        """Nothing to load."""

    def is_loaded(self) -> bool:
        """Always."""
        return True

    def classify(self, texts: Sequence[str]) -> list[list[Span]]:
        """What all classifiers find, per text; each runs once.

        Raises:
            IncompleteRead: one of them did not read everything.
        """
        found: list[list[Span]] = [[] for _ in texts]
        for classifier in self._classifiers:
            for mine, spans in zip(found, classified(classifier, texts), strict=True):
                mine.extend(spans)
        return found

    def process_text(self, text: str, language: str) -> Artifacts:
        """Words with offsets, and entities."""
        return Artifacts(Reading(text), self, language, self.classify([text])[0])

    def process_batch(
        self,
        texts: Iterable[str],
        language: str,
        batch_size: int = 1,
        n_process: int = 1,
        **kwargs: Any,
    ) -> Iterator[tuple[str, Artifacts]]:
        """Each text with its words and entities; the classifiers run once for all texts."""
        all_texts = list(texts)
        for text, spans in zip(all_texts, self.classify(all_texts), strict=True):
            yield text, Artifacts(Reading(text), self, language, spans)

    def is_stopword(self, word: str, language: str) -> bool:
        """Never: there is no list of stop words."""
        return False

    def is_punct(self, word: str, language: str) -> bool:
        """Never: tokens are words."""
        return False

    def get_supported_entities(self) -> list[str]:
        """The types of all classifiers."""
        return sorted({kind for one in self._classifiers for kind in one.entity_types})

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
        """Lift the score of each result that has a word of its recognizer's context near it.

        This is the one place that sees every result: Presidio drops some of them behind it.

        Raises:
            IncompleteRead: a result is not a stretch of the text, or is no result at all.
        """
        for result in raw_results:
            _check(result, len(text))
        reading = reading_of(text, nlp_artifacts)
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
