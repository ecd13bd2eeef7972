"""Any Hugging Face model for token classification, from a folder, on CPU or GPU.

OpenAI's Privacy Filter is one. Weights are read as safetensors only, code from a model's folder
is never run, and nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForTokenClassification, AutoTokenizer

from gateway.detection.engines.decoding import compile_labels, decode
from gateway.detection.engines.model_files import longest
from gateway.detection.engines.windowing import read_in_windows
from gateway.detection.tokenclassifier import ModelProblem
from gateway.detection.worker import time_left
from gateway.settings import Engine
from gateway.types import Span

_WINDOW, _OVERLAP, _BATCH = 2_000, 200, 16


class TransformersClassifier:
    """Reads with a model of the `transformers` library."""

    def __init__(self, settings: Engine) -> None:
        """Raises `ModelProblem` where the model cannot say where its tokens stand."""
        local = {"local_files_only": True, "trust_remote_code": False}
        self._tokenizer: Any = AutoTokenizer.from_pretrained(settings.model, **local)
        if not self._tokenizer.is_fast:
            raise ModelProblem("the tokenizer does not say where tokens stand (no tokenizer.json)")
        if self._tokenizer.pad_token is None:
            self._tokenizer.pad_token = self._tokenizer.eos_token
        if settings.device != "cpu" and not torch.cuda.is_available():
            raise ModelProblem("there is no GPU that PyTorch can use: write device: cpu")
        model: Any = AutoModelForTokenClassification.from_pretrained(
            settings.model, use_safetensors=True, **local
        )
        self._model = model.to(settings.device).eval()
        names = self._model.config.id2label
        self._labels = compile_labels([names[at] for at in sorted(names)], settings.labels)
        self._limit = longest(self._model.config.to_dict())
        self._device = settings.device
        self._threshold = settings.threshold
        self.entity_types = self._labels.entity_types

    def classify(self, texts: Sequence[str]) -> list[list[Span]]:
        """The spans of each text."""
        return read_in_windows(texts, (_WINDOW, _OVERLAP), self._fits, self._batch, _BATCH)

    def _fits(self, text: str) -> bool:
        return len(self._tokenizer(text, verbose=False)["input_ids"]) <= self._limit

    def _batch(self, texts: list[str]) -> list[list[Span]]:
        time_left()
        encoded = self._tokenizer(
            texts, return_offsets_mapping=True, padding=True, return_tensors="pt", verbose=False
        )
        offsets = encoded.pop("offset_mapping").tolist()
        mask = encoded["attention_mask"]
        with torch.inference_mode():
            logits = self._model(**{name: one.to(self._device) for name, one in encoded.items()})
        rows = logits.logits.float().softmax(-1).cpu().numpy().astype(np.float64)
        found: list[list[Span]] = []
        for text, places, used, row in zip(texts, offsets, mask.tolist(), rows, strict=True):
            kept = [at for at, one in enumerate(used) if one]
            spots = [(places[at][0], places[at][1]) for at in kept]
            found.append(
                decode(text, spots, row[kept], self._labels, self._threshold, "transformers")
            )
        return found


def open_engine(settings: Engine) -> Any:
    """The model in the folder that the settings name."""
    return TransformersClassifier(settings)
