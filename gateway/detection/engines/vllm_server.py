"""A token classifier that a vLLM server of yours runs, asked over `POST /pooling`.

The server answers with probabilities per token, special tokens included, and neither offsets nor
label names: both come from the model's folder, which must be the one that the server runs. The
endpoint takes no key and sees text unmasked, so it must be reachable for the gateway alone.
"""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from tokenizers import Tokenizer

from gateway.detection.engines.decoding import Matrix, compile_labels, decode
from gateway.detection.engines.model_files import label_names, longest, read_config
from gateway.detection.engines.windowing import read_in_windows
from gateway.detection.tokenclassifier import IncompleteRead, ModelProblem
from gateway.detection.worker import time_left
from gateway.settings import Engine
from gateway.types import Span

_WINDOW, _OVERLAP, _BATCH = 2_000, 200, 16
_MOST_BYTES = 64_000_000
_CHUNK = 1 << 16


class VllmClassifier:
    """Asks a server. Any answer but a whole and fitting one raises."""

    def __init__(self, settings: Engine) -> None:
        """Raises `ModelProblem` where the model's folder does not say what is needed."""
        folder = settings.tokenizer or Path()
        config = read_config(folder)
        self._labels = compile_labels(label_names(config), settings.labels)
        self._limit = longest(config)
        try:
            self._tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception:  # the library raises this very class
            raise ModelProblem("tokenizer.json cannot be read") from None
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._settings = settings
        self._url = urlsplit(settings.model)
        ca_file = str(settings.ca_file) if settings.ca_file else None
        is_tls = self._url.scheme == "https"
        self._tls = ssl.create_default_context(cafile=ca_file) if is_tls else None
        self.entity_types = self._labels.entity_types

    def classify(self, texts: Sequence[str]) -> list[list[Span]]:
        """The spans of each text.

        Raises:
            IncompleteRead: the server's answer is not one, or not for all of the text.
            OSError, http.client.HTTPException: it cannot be reached.
            TimeoutError: it took too long.
        """
        connection = self._connection()
        try:
            batch = partial(self._batch, connection)
            return read_in_windows(texts, (_WINDOW, _OVERLAP), self._fits, batch, _BATCH)
        finally:
            connection.close()

    def _fits(self, text: str) -> bool:
        return len(self._tokenizer.encode(text).ids) <= self._limit

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self._url.hostname or "", self._url.port
        timeout = min(self._settings.timeout_s, time_left())
        if self._tls is not None:
            return http.client.HTTPSConnection(host, port, timeout=timeout, context=self._tls)
        return http.client.HTTPConnection(host, port, timeout=timeout)

    def _batch(self, connection: http.client.HTTPConnection, texts: list[str]) -> list[list[Span]]:
        body = {"model": self._settings.served_model, "input": texts, "task": "token_classify"}
        answer = _loads(self._post(connection, json.dumps(body).encode()))
        data = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(data, list) or len(data) != len(texts):
            raise IncompleteRead("the server did not answer for every text")
        found: list[list[Span]] = []
        for at, (text, one) in enumerate(zip(texts, data, strict=True)):
            rows = _matrix(one, at)
            offsets = self._tokenizer.encode(text).offsets
            settings = self._settings
            found.append(decode(text, offsets, rows, self._labels, settings.threshold, "vllm"))
        return found

    def _post(self, connection: http.client.HTTPConnection, body: bytes) -> bytes:
        time_left()
        headers = {"content-type": "application/json", "accept": "application/json"}
        connection.request("POST", f"{self._url.path}/pooling", body, headers)
        with connection.getresponse() as response:
            if response.status != 200:
                raise IncompleteRead(f"the server answered with status {response.status}")
            pieces: list[bytes] = []
            size = 0
            while piece := response.read1(_CHUNK):
                time_left()  # a server that sends a byte now and then is late all the same
                pieces.append(piece)
                size += len(piece)
                if size > _MOST_BYTES:
                    raise IncompleteRead("the server's answer is too long")
        return b"".join(pieces)


def _loads(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        pass
    raise IncompleteRead("the server's answer is not JSON")


def _matrix(entry: Any, index: int) -> Matrix:
    if not isinstance(entry, dict) or entry.get("index") != index:
        raise IncompleteRead("the server's answers are not in order")
    try:
        rows = np.asarray(entry.get("data"), dtype=np.float64)
    except (TypeError, ValueError):
        rows = np.empty(0)
    if rows.ndim != 2 or not ((rows >= -1e-6) & (rows <= 1 + 1e-6)).all():
        raise IncompleteRead("the server's answer is not made of probabilities")
    return rows


def open_engine(settings: Engine) -> Any:
    """The server that the settings name; it is first asked when there is text."""
    return VllmClassifier(settings)
