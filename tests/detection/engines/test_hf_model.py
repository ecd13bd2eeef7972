"""Token classifiers of the transformers library: BERT's architecture and the Privacy Filter's."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.detection.engines.opening import open_engines
from gateway.detection.tokenclassifier import TokenClassifier, classified
from gateway.errors import ConfigError
from gateway.settings import Engine
from tests.detection.engines.conftest import BIO, FILTER, fast_tokenizer

pytestmark = pytest.mark.models
torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

TEXTS = ["Anna Schneider lives in Rome.", "", "  ", "x " * 900, "Bob \u00e9\u4e2d " * 40 + "Eve"]


@pytest.fixture(scope="module")
def bert(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("hf") / "bert"
    size = len(fast_tokenizer(folder))
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=size, hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=64, initializer_range=0.5,
        id2label=dict(enumerate(BIO)), label2id={name: at for at, name in enumerate(BIO)},
    )  # fmt: skip
    transformers.BertForTokenClassification(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def privacy_filter(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("hf") / "filter"
    size = len(fast_tokenizer(folder))
    torch.manual_seed(0)
    config = transformers.OpenAIPrivacyFilterConfig(
        num_hidden_layers=2, num_local_experts=4, num_experts_per_tok=2, vocab_size=size,
        hidden_size=64, intermediate_size=64, head_dim=32, num_attention_heads=4,
        num_key_value_heads=2, sliding_window=16, max_position_embeddings=512, pad_token_id=0,
        eos_token_id=3, initializer_range=0.2, id2label=dict(enumerate(FILTER)),
        label2id={name: at for at, name in enumerate(FILTER)},
    )  # fmt: skip
    model = transformers.AutoModelForTokenClassification.from_config(config)
    model.to(torch.float32).save_pretrained(folder)
    return folder


def engine(folder: Path, threshold: float = 0.0, **more: object) -> TokenClassifier:
    [made] = open_engines(
        [Engine(kind="transformers", model=str(folder), threshold=threshold, **more)]
    )
    return made


def test_any_token_classifier(bert: Path):
    made = engine(bert)
    assert made.entity_types == {"PERSON", "LOCATION"}
    found = classified(made, TEXTS)
    assert found[0]
    assert found[3], "a text that is longer than the model reads at once"
    assert list(found[1:3]) == [[], []]
    assert {one.recognizer for spans in found for one in spans} == {"transformers"}


def test_the_privacy_filter_needs_no_labels(privacy_filter: Path):
    made = engine(privacy_filter)
    assert {"PERSON", "SECRET", "ID"} <= made.entity_types
    assert classified(made, TEXTS)[0]


@pytest.mark.parametrize("name", ["bert", "privacy_filter"])
def test_a_text_alone_and_among_others(name: str, request):
    made = engine(request.getfixturevalue(name))
    together = classified(made, TEXTS)
    for text, found in zip(TEXTS, together, strict=True):
        alone = classified(made, [text])[0]
        assert [(x.start, x.end, x.entity_type) for x in alone] == [
            (x.start, x.end, x.entity_type) for x in found
        ]
        assert [x.score for x in alone] == pytest.approx([x.score for x in found], abs=2e-3)


def test_threshold_and_labels(bert: Path):
    assert classified(engine(bert, threshold=1.0), TEXTS) == [[] for _ in TEXTS]
    assert engine(bert, labels={"LOC": ""}).entity_types == {"PERSON"}


def test_what_cannot_be_opened(tmp_path: Path, bert: Path):
    no_weights = tmp_path / "none"
    fast_tokenizer(no_weights)
    (no_weights / "config.json").write_bytes((bert / "config.json").read_bytes())
    with pytest.raises(ConfigError) as caught:
        engine(no_weights)
    assert "engines[0]: the model cannot be opened" in str(caught.value)
    (no_weights / "pytorch_model.bin").write_bytes(b"pickled")
    with pytest.raises(ConfigError, match="cannot be opened"):
        engine(no_weights)
    if torch.cuda.is_available():
        return
    with pytest.raises(ConfigError, match="no GPU"):
        engine(bert, device="cuda")
