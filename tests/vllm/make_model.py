"""Tiny models that a real vLLM serves, made here in seconds: nothing is downloaded.

    python -m tests.vllm.make_model FOLDER

`decoder` has no weights, vLLM makes them up (`--load-format dummy`); `classifier` has random ones,
so that its answers can be held against those of transformers.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.detection.engines.conftest import BIO, fast_tokenizer

ROOT = Path(__file__).resolve().parents[2]
WORDS = 1_200
POSITIONS = 4_096
END, PAD = "<|end|>", "<|pad|>"
TEMPLATE = (
    "{% for one in messages %}<|{{ one.role }}|>{{ one.content or '' }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def decoder(folder: Path) -> Path:
    """A decoder of two layers, whose tokenizer learnt from our own documentation.

    It has a token for every byte, so it can say anything, and placeholders only in pieces.
    """
    tokenizers = pytest.importorskip("tokenizers")
    byte_level = tokenizers.pre_tokenizers.ByteLevel
    made = tokenizers.Tokenizer(tokenizers.models.BPE())
    made.pre_tokenizer = byte_level(add_prefix_space=False)
    made.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=WORDS,
        special_tokens=[PAD, END],
        initial_alphabet=byte_level.alphabet(),
        show_progress=False,
    )
    # Without runs of spaces: a model that says what it likes would get lost in them between the
    # braces of JSON.
    texts = [" ".join(file.read_text("utf-8").split()) for file in sorted(ROOT.glob("*.md"))]
    made.train_from_iterator(texts, trainer)
    folder.mkdir(parents=True)
    made.save(str(folder / "tokenizer.json"))
    ends = {"eos_token_id": 1, "pad_token_id": 0}
    _write(
        folder / "tokenizer_config.json",
        tokenizer_class="PreTrainedTokenizerFast",
        eos_token=END,
        pad_token=PAD,
        model_max_length=POSITIONS,
        clean_up_tokenization_spaces=False,
        chat_template=TEMPLATE,
    )
    _write(folder / "generation_config.json", **ends)
    _write(
        folder / "config.json",
        architectures=["LlamaForCausalLM"],
        model_type="llama",
        dtype="float32",
        vocab_size=made.get_vocab_size(),
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=32,
        hidden_act="silu",
        rms_norm_eps=1e-6,
        max_position_embeddings=POSITIONS,
        tie_word_embeddings=True,
        **ends,
    )
    return folder


def classifier(folder: Path) -> Path:
    """A classifier of tokens that are single characters, with labels of people and places."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    words = len(fast_tokenizer(folder))
    torch.manual_seed(7)
    config = transformers.BertConfig(
        vocab_size=words, hidden_size=64, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=64, initializer_range=0.5,
        id2label=dict(enumerate(BIO)), label2id={name: at for at, name in enumerate(BIO)},
    )  # fmt: skip
    transformers.BertForTokenClassification(config).to(torch.float32).save_pretrained(folder)
    return folder


def _write(file: Path, **document: Any) -> None:
    file.write_text(json.dumps(document, indent=1))


if __name__ == "__main__":
    decoder(Path(sys.argv[1]) / "decoder")
    classifier(Path(sys.argv[1]) / "classifier")
