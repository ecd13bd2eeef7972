"""The library that cuts texts, with a model's tokenizer."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.tracing.cutting import tokens_of
from gateway.tracing.tokenizer import TokenizerProblem, open_tokenizer

pytestmark = pytest.mark.models
tokenizers = pytest.importorskip("tokenizers")

TEXT = "Zoë wrote to anna@example.com 👩‍🚀, twice."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tokenizers.Tokenizer(tokenizers.models.BPE())
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    trainer = tokenizers.trainers.BpeTrainer(initial_alphabet=alphabet, show_progress=False)
    made.train_from_iterator(["he wrote to example twice"], trainer)
    made.enable_truncation(4)
    made.save(str(tmp_path / "tokenizer.json"))
    return tmp_path


@pytest.mark.parametrize("name", ["", "tokenizer.json"])
def test_all_of_a_text_is_cut_by_the_files_own_rules(name: str, folder: Path):
    found = tokens_of(TEXT, open_tokenizer(folder / name)(TEXT))
    assert "".join(one.text for one in found) == TEXT
    assert " wrote" in [one.text for one in found]
    assert len(found) > 10


def test_what_is_no_tokenizer_is_said_in_our_words(tmp_path: Path):
    (tmp_path / "tokenizer.json").write_text('{"secret": "words"}')
    with pytest.raises(TokenizerProblem) as caught:
        open_tokenizer(tmp_path)
    assert "secret" not in str(caught.value)
    assert caught.value.__suppress_context__
