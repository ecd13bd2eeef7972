"""Tiny models that a real vLLM serves, made here in seconds: nothing is downloaded.

Run by the Python of vLLM's environment, with a folder as its argument. `decoder` has no weights,
vLLM makes them up (`--load-format dummy`); `classifier` has random ones, so that its answers can be
held against those of transformers.
"""

from __future__ import annotations

import json
import string
import sys
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import BertConfig, BertForTokenClassification

ROOT = Path(__file__).resolve().parents[2]
POSITIONS = 4_096
END, PAD = "<|end|>", "<|pad|>"
TEMPLATE = (
    "{% for one in messages %}<|{{ one.role }}|>{{ one.content or '' }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
LABELS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]


def decoder(folder: Path) -> None:
    """A decoder of two layers, whose tokenizer learnt from our own documentation.

    It has a token for every byte, so it can say anything, and placeholders only in pieces.
    """
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=1_200,
        special_tokens=[PAD, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    # Without runs of spaces: a model that says what it likes would get lost in them between the
    # braces of JSON.
    texts = [" ".join(file.read_text("utf-8").split()) for file in sorted(ROOT.glob("*.md"))]
    made.train_from_iterator(texts, trainer)
    ends = {"eos_token_id": 1, "pad_token_id": 0}
    named = {"eos_token": END, "pad_token": PAD, "chat_template": TEMPLATE}
    _save_tokenizer(folder, made, model_max_length=POSITIONS, **named)
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


def classifier(folder: Path) -> None:
    """A classifier of tokens that are single characters, with labels of people and places."""
    signs = string.ascii_letters + string.digits + string.punctuation
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]"}
    special |= {"sep_token": "[SEP]", "mask_token": "[MASK]"}
    words = [*special.values(), *signs, *(f"##{sign}" for sign in signs)]
    vocabulary = {word: at for at, word in enumerate(words)}
    made = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B [SEP]",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    _save_tokenizer(folder, made, model_max_length=64, **special)
    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=len(words), hidden_size=64, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=64, initializer_range=0.5,
        id2label=dict(enumerate(LABELS)), label2id={name: at for at, name in enumerate(LABELS)},
    )  # fmt: skip
    BertForTokenClassification(config).to(torch.float32).save_pretrained(folder)


def _save_tokenizer(folder: Path, tokenizer: Any, **more: Any) -> None:
    folder.mkdir(parents=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    kind = {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False}
    _write(folder / "tokenizer_config.json", **kind, **more)


def _write(file: Path, **document: Any) -> None:
    file.write_text(json.dumps(document, indent=1))


if __name__ == "__main__":
    decoder(Path(sys.argv[1]) / "decoder")
    classifier(Path(sys.argv[1]) / "classifier")
