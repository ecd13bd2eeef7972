"""A spaCy pipeline's entities, from a folder or an installed package.

spaCy gives no probabilities: whatever it finds has the score that Presidio gives it as well.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import spacy
from spacy.tokens import Span as Entity

from gateway.detection.engines.labels import meaning
from gateway.detection.engines.windowing import joined, windows
from gateway.detection.tokenclassifier import ModelProblem
from gateway.detection.worker import time_left
from gateway.settings import Engine
from gateway.types import Span

SCORE = 0.85
_WINDOW, _OVERLAP, _BATCH = 10_000, 200, 32
_UNUSED = ("tagger", "morphologizer", "parser", "lemmatizer", "attribute_ruler", "textcat")


class SpacyClassifier:
    """Reads with a pipeline, one call at a time: its components are not made for threads."""

    def __init__(self, settings: Engine) -> None:
        """Raises `ModelProblem` where the pipeline finds no entities that mean anything."""
        self._nlp = spacy.load(settings.model, exclude=list(_UNUSED))
        self._lock = threading.Lock()
        known = {
            str(label)
            for name in self._nlp.pipe_names
            if "doc.ents" in self._nlp.get_pipe_meta(name).assigns
            for label in self._nlp.pipe_labels.get(name, ())
        }
        self._meanings = {label: meaning(label, settings.labels) for label in known}
        self.entity_types = frozenset(kind for kind in self._meanings.values() if kind)
        if not self.entity_types:
            raise ModelProblem("no label of the pipeline is known: say in labels what they mean")
        self._threshold = settings.threshold

    def classify(self, texts: Sequence[str]) -> list[list[Span]]:
        """The entities of each text."""
        if self._threshold > SCORE:
            return [[] for _ in texts]
        read = windows(texts, _WINDOW, _OVERLAP)
        found: list[list[Span]] = []
        with self._lock:
            for document in self._nlp.pipe((one.text for one in read), batch_size=_BATCH):
                time_left()
                found.append([span for one in document.ents for span in self._spans(one)])
        return joined(texts, read, found)

    def _spans(self, entity: Entity) -> Sequence[Span]:
        kind = self._meanings.get(entity.label_, "")
        if not kind or entity.start_char >= entity.end_char:
            return ()
        return (Span(entity.start_char, entity.end_char, kind, SCORE, "spacy"),)


def open_engine(settings: Engine) -> Any:
    """The pipeline that the settings name; none is ever downloaded."""
    if settings.device != "cpu":
        spacy.require_gpu()  # type: ignore[attr-defined]
    return SpacyClassifier(settings)
