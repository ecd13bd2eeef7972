"""Training: corpora and generated text in, weights out. Seeded; the same on the same machine.

One step is one batch of rows; the learning rate rises for a few steps and falls along a cosine.
The weights that are kept are a running mean of those of the last steps (Polyak averaging).

On a CPU, equal seeds give equal weights. A GPU sees the same batches, but adds in no fixed order:
its weights differ in the last bits of every step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import torch
from torch import Tensor

from gateway.detection.tagger.tags import TAGS
from gateway.detection.tagger.wordfeatures import (
    as_lists,
    placed,
    short_keys,
    word_features,
)
from gateway.training.ahead import ahead
from gateway.training.mixture import Batch
from gateway.training.model import Shape, Tagger, loss

TOLD: Final = 20
"""Steps from one report of progress to the next."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how fast."""

    steps: int
    seed: int = 7
    rows: int = 12
    row_tokens: int = 256
    rate: float = 2e-3
    warm_up: int = 200
    averaged: float = 0.999
    smoothing: float = 0.02
    dropout: float = 0.1
    hidden: float = 0.15


class WordTable:
    """The features of every word of the vocabulary, looked up once."""

    def __init__(
        self,
        words: Sequence[str],
        lexicon: tuple[Any, Any],
        vectors: tuple[Any, Any],
    ) -> None:
        """`lexicon`: sorted short keys and bits; `vectors`: sorted keys and vectors."""
        features = word_features(words)
        self.rows = torch.from_numpy(features.rows.astype(np.int64))
        self.pieces = torch.from_numpy(features.pieces)
        self.share = torch.from_numpy(features.share)
        place, found = placed(lexicon[0], short_keys(features.keys))
        bits = np.where(found, lexicon[1][place], 0).astype(np.uint16)
        self.lists = torch.from_numpy(as_lists(bits))
        place, found = placed(vectors[0], features.keys)
        self.known = torch.from_numpy(np.where(found, place, len(vectors[0])).astype(np.int64))

    def to(self, device: torch.device) -> None:
        """Moves the table to where the model is."""
        self.rows, self.pieces = self.rows.to(device), self.pieces.to(device)
        self.share, self.lists = self.share.to(device), self.lists.to(device)
        self.known = self.known.to(device)

    def select(self, words: Tensor) -> tuple[Tensor, ...]:
        """The features of some words."""
        return (
            self.rows[words],
            self.pieces[words].long(),
            self.share[words],
            self.lists[words],
            self.known[words],
        )


Arrays: TypeAlias = tuple[Any, Any, Any, Any, Any, Any]


def arrays(batch: Batch) -> Arrays:
    """Distinct words, each token's index among them, cases, spaces, mask, allowed as bits."""
    distinct, index = np.unique(batch.words, return_inverse=True)
    return (
        distinct.astype(np.int64),
        index.reshape(batch.words.shape),
        batch.cases,
        batch.spaces,
        batch.mask,
        batch.allowed.astype(np.int64),
    )


def tensors(made: Arrays, where: torch.device) -> tuple[Tensor, ...]:
    """The same on a device, with `allowed` as 0 or 1 for each tag."""
    words, index, cases, spaces, mask, allowed = (torch.from_numpy(one).to(where) for one in made)
    bits = (allowed.unsqueeze(2) >> torch.arange(TAGS, device=where)) & 1
    return words, index, cases.long(), spaces.float(), mask.float(), bits


def train(
    plan: Plan,
    shape: Shape,
    table: WordTable,
    vectors: Tensor,
    stream: Iterable[Batch],
    progress: Callable[[int, float], None] = lambda *_: None,
    device: str = "cpu",
    start: Tagger | None = None,
) -> Tagger:
    """A trained tagger, on the CPU. `progress` is told now and then the step and the running loss.

    `device`: where to train, in PyTorch's words. `start`: the weights to go on from.
    """
    where = torch.device(device)
    torch.manual_seed(plan.seed)
    model = Tagger(shape, vectors, plan.dropout, plan.hidden)
    average = Tagger(shape, vectors)
    if start is not None:
        model.load_state_dict(start.state_dict())
    average.load_state_dict(model.state_dict())
    for part in (model, average, table):
        part.to(where)
    tables = [model.words.weight, model.pieces.weight]
    others = [one for one in model.parameters() if not any(one is table for table in tables)]
    groups = [
        {"params": others, "weight_decay": 0.01, "times": 1.0},
        {"params": tables, "weight_decay": 0.0, "times": 1.5},
    ]
    optimiser = torch.optim.AdamW(groups, lr=plan.rate, betas=(0.9, 0.98), fused=True)
    running = torch.zeros((), device=where)
    made: Iterable[Arrays] = map(arrays, stream)
    for step, one in zip(
        range(plan.steps), ahead(made) if is_fed_ahead(where) else made, strict=False
    ):
        rate = plan.rate * _schedule(step, plan)
        for group in optimiser.param_groups:
            group["lr"] = rate * group["times"]
        words, index, cases, spaces, mask, allowed = tensors(one, where)
        model.train()
        scores = model(model.word_vectors(*table.select(words)), index, cases, spaces, mask)
        value = loss(scores, allowed, mask, plan.smoothing)
        optimiser.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_(others, 1.0)
        optimiser.step()
        if step % 4 == 3:
            _follow(average, model, plan, step)
        seen = value.detach()
        running = seen if not step else torch.lerp(running, seen, 0.01)
        if step % TOLD == 0:  # to ask for a number is to wait for the device
            progress(step, running.item())
    return average.eval().to("cpu")


def is_fed_ahead(device: torch.device) -> bool:
    """Whether batches are made in a process of their own; on a CPU, training takes every core."""
    return device.type != "cpu"


def _schedule(step: int, plan: Plan) -> float:
    if step < plan.warm_up:
        return (step + 1) / plan.warm_up
    done = (step - plan.warm_up) / max(1, plan.steps - plan.warm_up)
    return 0.5 * (1 + math.cos(math.pi * done)) + 0.005


def _follow(average: Tagger, model: Tagger, plan: Plan, step: int) -> None:
    keep = min(plan.averaged**4, (step + 1) / (step + 40))
    with torch.no_grad():
        for mean, value in zip(average.parameters(), model.parameters(), strict=True):
            mean.lerp_(value, 1 - keep)
