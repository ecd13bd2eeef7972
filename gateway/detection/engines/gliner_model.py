"""A GLiNER model from a folder: it looks for the labels that it is given.

GLiNER cuts off what is longer than its limits, of words and of the encoder's pieces of words, so
texts are read in windows that are not. Weights are read as safetensors only.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gliner import GLiNER

from gateway.detection.engines.model_files import LONGEST
from gateway.detection.engines.windowing import read_in_windows
from gateway.detection.tokenclassifier import IncompleteRead, ModelProblem
from gateway.detection.worker import time_left
from gateway.settings import Engine
from gateway.types import Span

_WINDOW, _OVERLAP, _BATCH = 1_000, 150, 8
_WORD = re.compile(r"\w+|[^\w\s]")  # never fewer than GLiNER's own splitter finds


class GlinerClassifier:
    """Reads with a GLiNER model, one call at a time."""

    def __init__(self, settings: Engine) -> None:
        """Raises `ModelProblem` where no label says what it means."""
        self._meanings = {label: kind for label, kind in settings.labels.items() if kind}
        if not self._meanings:
            raise ModelProblem("labels must say what to look for, and what it means")
        if not (Path(settings.model) / "model.safetensors").is_file():
            raise ModelProblem("the model has no model.safetensors; pickled weights are not read")
        model: Any = GLiNER.from_pretrained(
            settings.model, local_files_only=True, map_location=settings.device
        )
        self._model = model.eval()
        self._limit = int(self._model.config.max_len)
        self._tokenizer: Any = self._model.data_processor.transformer_tokenizer
        prompt = sum(len(self._pieces(label)) + 2 for label in self._meanings)
        self._piece_limit = min(int(self._tokenizer.model_max_length), LONGEST) - prompt - 4
        self._threshold = settings.threshold
        self._lock = threading.Lock()
        self.entity_types = frozenset(self._meanings.values())

    def classify(self, texts: Sequence[str]) -> list[list[Span]]:
        """The entities of each text."""
        return read_in_windows(texts, (_WINDOW, _OVERLAP), self._fits, self._batch, _BATCH)

    def _fits(self, text: str) -> bool:
        if len(_WORD.findall(text)) > self._limit:
            return False
        return len(self._pieces(text)) <= self._piece_limit

    def _pieces(self, text: str) -> Any:
        return self._tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]

    def _batch(self, texts: list[str]) -> list[list[Span]]:
        time_left()
        # A text without words makes the library fail, and holds nothing to find.
        full = [at for at, text in enumerate(texts) if _WORD.search(text)]
        found: list[list[Span]] = [[] for _ in texts]
        if not full:
            return found
        with self._lock:
            answers = self._model.inference(
                [texts[at] for at in full], list(self._meanings), threshold=self._threshold
            )
        if len(answers) != len(full):
            raise IncompleteRead("a model did not answer for every text")
        for at, entities in zip(full, answers, strict=True):
            found[at] = [
                Span(
                    one["start"],
                    one["end"],
                    self._meanings[one["label"]],
                    round(min(float(one["score"]), 1.0), 3),
                    "gliner",
                )
                for one in entities
            ]
        return found


def open_engine(settings: Engine) -> Any:
    """The model in the folder that the settings name."""
    return GlinerClassifier(settings)
