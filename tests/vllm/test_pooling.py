"""The engine `vllm` against a real server: the same spans as the same model in transformers."""

from __future__ import annotations

import pytest

from gateway.detection.engines.opening import open_engines
from gateway.detection.tokenclassifier import IncompleteRead, TokenClassifier, classified
from gateway.settings import Engine
from tests.vllm.servers import Vllm

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


def engines(server: Vllm, **more: object) -> tuple[TokenClassifier, TokenClassifier]:
    folder = server.model
    asked = Engine(
        kind="vllm", model=server.url, tokenizer=folder, served_model=server.name, threshold=0.0,
        timeout_s=60.0,
    )  # fmt: skip
    here = Engine(kind="transformers", model=str(folder), threshold=0.0)
    asking, reading = open_engines([asked, here])
    return asking, reading


def test_spans_are_those_of_transformers(classifier: Vllm):
    asking, reading = engines(classifier)
    asked, read = classified(asking, TEXTS), classified(reading, TEXTS)

    assert asking.entity_types == reading.entity_types
    assert sum(map(len, read)) > 20
    for text, ours, theirs in zip(TEXTS, asked, read, strict=True):
        places = [(one.start, one.end, one.entity_type) for one in theirs]
        assert [(one.start, one.end, one.entity_type) for one in ours] == places, text
        assert [one.score for one in ours] == pytest.approx(
            [one.score for one in theirs], abs=0.0015
        )


def test_a_model_that_the_server_has_not_is_never_clean(classifier: Vllm):
    wrong = Engine(
        kind="vllm", model=classifier.url, tokenizer=classifier.model, served_model="other",
        timeout_s=60.0,
    )  # fmt: skip
    [made] = open_engines([wrong])

    with pytest.raises(IncompleteRead, match="404"):
        made.classify(["Anna"])


def test_a_server_that_decodes_is_no_classifier(decoder: Vllm, classifier: Vllm):
    """Somebody who mistakes the port gets an error, not a clean text."""
    wrong = Engine(
        kind="vllm", model=decoder.url, tokenizer=classifier.model, served_model="tiny",
        timeout_s=60.0,
    )  # fmt: skip
    [made] = open_engines([wrong])

    with pytest.raises(IncompleteRead):
        made.classify(["Anna"])
