"""The engine `vllm` against a real server: the same spans as the same model in transformers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.vllm.servers import Vllm, run_python

pytestmark = pytest.mark.vllm

TEXTS = [
    "Anna Schneider lives in Rome.",
    "x",
    "",
    "   ",
    "Straße in Zürich, 李明 and Bob\n\tEve — 3.14!",
    "a much longer text for Bob and Eve, " * 12,
    *(f"Text {number} of a full batch, by Anna." for number in range(20)),
]


def read(engines: list[dict[str, Any]], texts: list[str]) -> list[dict[str, Any]]:
    asked = json.dumps({"engines": engines, "texts": texts})
    found: list[dict[str, Any]] = json.loads(run_python("-m", "tests.vllm.read_texts", given=asked))
    return found


def asking(server: Vllm, classifier: Vllm, name: str) -> dict[str, Any]:
    return {
        "kind": "vllm", "model": server.url, "tokenizer": str(classifier.model),
        "served_model": name, "threshold": 0.0, "timeout_s": 120.0,
    }  # fmt: skip


def test_spans_are_those_of_transformers(classifier: Vllm):
    here = {"kind": "transformers", "model": str(classifier.model), "threshold": 0.0}
    asked, reference = read([asking(classifier, classifier, "ner"), here], TEXTS)

    assert asked["types"] == reference["types"] == ["LOCATION", "PERSON"]
    assert sum(map(len, reference["spans"])) > 20
    assert len(asked["spans"]) == len(TEXTS)
    for text, ours, theirs in zip(TEXTS, asked["spans"], reference["spans"], strict=True):
        assert [one[:3] for one in ours] == [one[:3] for one in theirs], text
        scores = [one[3] for one in theirs]
        assert [one[3] for one in ours] == pytest.approx(scores, abs=0.0015)


def test_a_server_of_another_model_is_never_clean(classifier: Vllm, decoder: Vllm):
    """Nor is one that decodes: who mistakes the name or the port gets an error."""
    wrong = [asking(classifier, classifier, "other"), asking(decoder, classifier, "tiny")]
    [other, decodes] = read(wrong, ["Anna"])

    assert "404" in other["refused"]
    assert "status" in decodes["refused"]
