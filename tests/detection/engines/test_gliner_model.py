"""A GLiNER model of the real architecture, made here."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.detection.engines.opening import open_engines
from gateway.detection.tokenclassifier import classified
from gateway.errors import ConfigError
from gateway.settings import Engine
from tests.detection.engines.conftest import fast_tokenizer

pytestmark = pytest.mark.models
torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
gliner = pytest.importorskip("gliner")

LABELS = {"person": "PERSON", "city": "LOCATION"}
TEXTS = ["Anna lives in Rome.", "", " \n", "word " * 150 + "Anna", "abcdefgh" * 100]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("gliner") / "tiny"
    tokenizer = fast_tokenizer(folder)
    tokenizer.model_max_length = 512
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    encoder = transformers.BertConfig(
        vocab_size=len(tokenizer) + 8, hidden_size=32, num_hidden_layers=1,
        num_attention_heads=2, intermediate_size=32, max_position_embeddings=512,
        initializer_range=0.5,
    )  # fmt: skip
    config = gliner.GLiNERConfig(
        model_name=str(folder), encoder_config=encoder.to_dict(), hidden_size=32, max_len=64,
        max_width=4, dropout=0.0, span_mode="markerV0", vocab_size=len(tokenizer) + 8,
    )  # fmt: skip
    encoder.save_pretrained(folder)
    made = gliner.GLiNER.from_config(config, backbone_from_pretrained=False)
    made.save_pretrained(folder, safe_serialization=True)
    return folder


def test_reads_in_windows(tiny: Path):
    [engine] = open_engines([Engine(kind="gliner", model=str(tiny), labels=LABELS, threshold=0.0)])
    assert engine.entity_types == {"PERSON", "LOCATION"}
    found = classified(engine, TEXTS)
    assert found[0]
    assert list(found[1:3]) == [[], []]
    assert max(one.end for one in found[3]) > 700, "the end of a long text is read"
    for text, spans in zip(TEXTS, found, strict=True):
        assert [(x.start, x.end) for x in classified(engine, [text])[0]] == [
            (x.start, x.end) for x in spans
        ]


def test_what_cannot_be_opened(tiny: Path, tmp_path: Path):
    with pytest.raises(ConfigError, match="labels must say"):
        open_engines([Engine(kind="gliner", model=str(tiny), labels={"person": ""})])
    with pytest.raises(ConfigError, match="safetensors"):
        open_engines([Engine(kind="gliner", model=str(tmp_path), labels=LABELS)])
