"""A pipeline of the real architecture with random weights, made here; nothing is downloaded."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy

from gateway.detection.engines.opening import open_engines
from gateway.detection.engines.spacy_pipeline import SCORE
from gateway.errors import ConfigError
from gateway.settings import Engine


@pytest.fixture(scope="module")
def ruled(tmp_path_factory) -> Path:
    """A pipeline that finds what a list says, so that the findings are known."""
    folder = tmp_path_factory.mktemp("spacy") / "ruled"
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns(
        [{"label": "PERSON", "pattern": "Anna"}, {"label": "CARDINAL", "pattern": "seven"}]
    )
    nlp.to_disk(folder)
    return folder


@pytest.fixture(scope="module")
def random(tmp_path_factory) -> Path:
    """A pipeline with spaCy's own recognizer, untrained."""
    folder = tmp_path_factory.mktemp("spacy") / "random"
    nlp = spacy.blank("de")
    ner = nlp.add_pipe("ner")
    for label in ("PER", "LOC"):
        ner.add_label(label)
    nlp.initialize()
    nlp.to_disk(folder)
    return folder


def test_entities_that_mean_something(ruled: Path):
    [engine] = open_engines([Engine(kind="spacy", model=str(ruled))])
    assert engine.entity_types == {"PERSON"}
    far = "word " * 5_000 + "Anna"
    found = engine.classify(["ask Anna, seven", "", far, "Anna"])
    assert [[(one.start, one.end) for one in spans] for spans in found] == [
        [(4, 8)], [], [(25_000, 25_004)], [(0, 4)],
    ]  # fmt: skip
    assert {one.score for spans in found for one in spans} == {SCORE}


def test_labels_and_threshold(ruled: Path):
    own = Engine(kind="spacy", model=str(ruled), labels={"CARDINAL": "COUNT", "PERSON": ""})
    [engine] = open_engines([own])
    assert engine.entity_types == {"COUNT"}
    assert [one.entity_type for one in engine.classify(["Anna, seven"])[0]] == ["COUNT"]
    [strict] = open_engines([Engine(kind="spacy", model=str(ruled), threshold=0.9)])
    assert list(strict.classify(["Anna"])) == [[]]


def test_the_real_architecture_reads(random: Path):
    [engine] = open_engines([Engine(kind="spacy", model=str(random))])
    assert engine.entity_types == {"PERSON", "LOCATION"}
    texts = ["Anna wohnt in Berlin.", "", "x " * 8_000]
    found = engine.classify(texts)
    assert [engine.classify([text])[0] for text in texts] == found


def test_what_cannot_be_opened(ruled: Path, tmp_path: Path):
    nothing = Engine(kind="spacy", model=str(ruled), labels={"PERSON": ""})
    with pytest.raises(ConfigError) as caught:
        open_engines([nothing, Engine(kind="spacy", model=str(tmp_path))])
    told = [str(one) for one in caught.value.problems]
    assert "engines[0]: no label of the pipeline" in told[0]
    assert "engines[1]: the model cannot be opened" in told[1]
