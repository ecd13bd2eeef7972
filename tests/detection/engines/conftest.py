"""Tiny models of real architectures with random weights, made here: nothing is downloaded."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any

import pytest

BIO = ["O", *(f"{prefix}-{kind}" for kind in ("PER", "LOC") for prefix in "BI")]
FILTER = ["O"] + [
    f"{prefix}-{kind}"
    for kind in (
        "account_number", "private_address", "private_date", "private_email", "private_person",
        "private_phone", "private_url", "secret",
    )
    for prefix in "BIES"
]  # fmt: skip
SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def letter_tokenizer(folder: Path) -> Any:
    """A WordPiece tokenizer whose pieces are single characters, as transformers has them."""
    tokenizers = pytest.importorskip("tokenizers")
    signs = string.ascii_letters + string.digits + string.punctuation
    words = [*SPECIALS, *signs, *(f"##{sign}" for sign in signs)]
    vocabulary = {word: at for at, word in enumerate(words)}
    made = tokenizers.Tokenizer(tokenizers.models.WordPiece(vocabulary, unk_token="[UNK]"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    made.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B [SEP]",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    folder.mkdir(exist_ok=True)
    made.save(str(folder / "tokenizer.json"))
    return made


def fast_tokenizer(folder: Path) -> Any:
    """The same, saved as transformers reads it."""
    transformers = pytest.importorskip("transformers")
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=letter_tokenizer(folder),
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_max_length=64,
    )
    fast.save_pretrained(folder)
    return fast
