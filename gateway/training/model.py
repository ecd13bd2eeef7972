"""The token classifier in PyTorch, as it is trained. `export.py` writes the same as ONNX.

Word features (hashed tables, word lists, word vectors) are projected to one vector a word; with
case and spacing they make a vector a token. Residual blocks of gated convolutions, each written
as one matrix product over a token and its two neighbours at the block's distance, mix the tokens;
a linear layer scores the tags.

Sources: hashed n-grams as in `wordfeatures.py`; gated linear units, Dauphin et al. (2017);
dilated convolutions for sequence labelling, Strubell et al. (2017).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gateway.detection.tagger.tags import TAGS
from gateway.detection.tagger.wordfeatures import CASES, LISTS, PIECE_ROWS, WORD_ROWS


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a model. `dilations` has one entry per block."""

    table: int = 64
    vectors: int = 64
    width: int = 96
    dilations: tuple[int, ...] = (1, 2, 4, 8, 1)

    @property
    def reach(self) -> int:
        """How many tokens on each side a token's scores depend on."""
        return sum(self.dilations)


class Block(nn.Module):
    """Normalise, look at three tokens, gate, add."""

    def __init__(self, width: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.dilation = dilation
        self.norm = nn.LayerNorm(width)
        self.mix = nn.Linear(3 * width, 2 * width)
        self.dropout = dropout

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """`x` (rows, tokens, width), `mask` (rows, tokens, 1): 0 between texts."""
        h = self.norm(x) * mask
        left = torch.zeros_like(h)
        right = torch.zeros_like(h)
        step = self.dilation
        left[:, step:] = h[:, :-step]
        right[:, :-step] = h[:, step:]
        a, b = self.mix(torch.cat([left, h, right], dim=2)).chunk(2, dim=2)
        return x + channel_dropout(a * torch.sigmoid(b), self.dropout, self.training)


def channel_dropout(x: Tensor, rate: float, training: bool) -> Tensor:
    """Dropout of whole channels, one mask a row: a mask a token would cost a quarter of a step."""
    if not training or not rate:
        return x
    keep = torch.rand(x.shape[0], 1, x.shape[2], device=x.device) >= rate
    return x * keep / (1 - rate)


class Tagger(nn.Module):
    """Scores of tags for tokens."""

    def __init__(
        self, shape: Shape, vectors: Tensor, dropout: float = 0.1, hidden: float = 0.15
    ) -> None:
        """`vectors` (known words + 1, shape.vectors): frozen; the last row, of zeros, is "none".

        In training, `dropout` is the share of channels that are silent in a row, and `hidden` that
        of words whose own row, or whose lists, are not seen.
        """
        super().__init__()
        self.shape = shape
        self.words = nn.Embedding(WORD_ROWS, shape.table)
        self.pieces = nn.EmbeddingBag(
            PIECE_ROWS + 1, shape.table, mode="sum", padding_idx=PIECE_ROWS
        )
        self.cases = nn.Embedding(CASES, 32)
        self.register_buffer("vectors", vectors, persistent=False)
        features = 2 * shape.table + LISTS + shape.vectors
        self.word = nn.Linear(features, shape.width)
        self.case = nn.Linear(32 + 1, shape.width, bias=False)
        self.norm = nn.LayerNorm(shape.width)
        self.blocks = nn.ModuleList(
            Block(shape.width, dilation, dropout) for dilation in shape.dilations
        )
        self.last = nn.LayerNorm(shape.width)
        self.score = nn.Linear(shape.width, TAGS)
        self.dropout, self.hidden = dropout, hidden
        nn.init.normal_(self.words.weight, std=0.1)
        nn.init.normal_(self.pieces.weight, std=0.3)
        nn.init.normal_(self.cases.weight, std=0.3)
        with torch.no_grad():
            self.pieces.weight[PIECE_ROWS] = 0

    def word_vectors(
        self, rows: Tensor, pieces: Tensor, share: Tensor, lists: Tensor, known: Tensor
    ) -> Tensor:
        """One vector a distinct word: (words, width)."""
        by_word = self.words(rows).sum(dim=1)
        by_piece = self.pieces(pieces) * share
        if self.training:
            by_word = by_word * (torch.rand(len(rows), 1, device=rows.device) >= self.hidden)
            lists = lists * (torch.rand(len(rows), 1, device=rows.device) >= self.hidden)
        features = torch.cat([by_word, by_piece, lists, self.vectors[known]], dim=1)
        projected: Tensor = self.word(features)
        return projected

    def forward(
        self, words: Tensor, index: Tensor, cases: Tensor, spaces: Tensor, mask: Tensor
    ) -> Tensor:
        """Scores (rows, tokens, TAGS). `words` are `word_vectors`, `index` each token's word."""
        case = torch.cat([self.cases(cases), spaces.unsqueeze(2)], dim=2)
        x = self.norm(words[index] + self.case(case))
        x = channel_dropout(x, self.dropout, self.training)
        mask = mask.unsqueeze(2)
        for block in self.blocks:
            x = block(x, mask)
        scored: Tensor = self.score(self.last(x))
        return scored


def loss(scores: Tensor, allowed: Tensor, mask: Tensor, smoothing: float = 0.0) -> Tensor:
    """Mean over tokens of -log of the probability of any allowed tag. `allowed` is 0 or 1."""
    log = torch.log_softmax(scores, dim=-1)
    right = torch.logsumexp(log.masked_fill(allowed == 0, -1e9), dim=-1)
    total = -(right * mask).sum() / mask.sum()
    if smoothing:
        uniform = -(log.mean(dim=-1) * mask).sum() / mask.sum()
        total = (1 - smoothing) * total + smoothing * uniform
    return total
