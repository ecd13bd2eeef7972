"""From labelled text to a folder of models: everything that `cloakroom detector train` does.

Reads `*.train.jsonl(.gz)` to train on and `*.dev.jsonl(.gz)` to choose biases on, adds generated
text, trains both profiles, and writes the graphs, the lexicon, the manifest and the model card.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from gateway.detection.tagger.classifier import (
    LEXICON,
    MANIFEST,
    Classifier,
    as_scores,
    load,
    read_manifest,
)
from gateway.detection.tagger.tags import ENTITY_TYPES
from gateway.detection.tagger.tokens import tokenize
from gateway.detection.tagger.wordfeatures import folded, word_keys
from gateway.training import lexicon, vectors
from gateway.training.calibrate import CLEAN, Scored, biases
from gateway.training.dataset import (
    LABELLED,
    Sentence,
    Sentences,
    Vocabulary,
    chunks,
    in_row,
    marked,
    read,
    sentence,
)
from gateway.training.export import export, restore
from gateway.training.generate import generate
from gateway.training.mixture import LANGUAGE_OF, SHARES, Corpus, batches
from gateway.training.model import Shape, Tagger
from gateway.training.namepools import drawn
from gateway.training.train import Plan, WordTable, train
from gateway.training.varied import Names

SHAPES: Final[Mapping[str, Shape]] = {
    "fast": Shape(width=128),
    "accurate": Shape(width=192, dilations=(1, 2, 4, 8, 1, 2)),
}
GRAPHS: Final[Mapping[str, tuple[str, ...]]] = {"fast": ("fast",), "accurate": ("accurate", "fast")}
"""The models whose scores a profile takes together."""
STEPS: Final[Mapping[str, int]] = {"fast": 13_000, "accurate": 7_000}
GENERATED: Final = 400_000
ON_RATE, ON_WARM_UP = 8e-4, 100
"""How training goes on from models that are trained already: more slowly."""
SEED: Final = 7
CHUNK: Final = 250  # tokens: longer texts are cut for training
GENERATED_SOURCE: Final = "generated"
NEGATIVES_SOURCE: Final = "negatives"  # generated text without entities
_VECTOR_SIZE: Final = 64
_STEP: Final = np.float32(6 / 127)  # of a vector's components, which have unit variance

Progress = Callable[[str, int, int, str], None]
"""Told the name of a stage, how much of it is done, of how much, and a word more."""


@dataclass(frozen=True, slots=True)
class Data:
    """All that training reads."""

    vocabulary: Vocabulary
    corpora: Mapping[str, Sentences] = field(repr=False)
    names: Names = field(repr=False)


@dataclass(frozen=True, slots=True)
class WordData:
    """What is known of words before any training."""

    lexicon: lexicon.Arrays = field(repr=False)
    vector_keys: Any = field(repr=False)
    vectors: Any = field(repr=False)  # int8, (words, size)

    @property
    def table(self) -> Tensor:
        """The vectors as numbers, and zeros at the end for all other words."""
        values = self.vectors.astype(np.float32) * _STEP
        return torch.from_numpy(np.concatenate([values, np.zeros((1, _VECTOR_SIZE), np.float32)]))


@dataclass(frozen=True, slots=True)
class Run:
    """What is done: how long, on how much generated text, from what and where."""

    steps: Mapping[str, int]
    generated: int = GENERATED
    seed: int = SEED
    device: str = "cpu"
    start: Path | None = None  # a folder of models to go on from


def gather(folders: Sequence[Path], count: int, seed: int, progress: Progress) -> Data:
    """The corpora of the folders, and `count` generated texts.

    Raises:
        ValueError: a folder holds no training text.
    """
    vocabulary = Vocabulary()
    corpora: dict[str, list[Sentence]] = {}
    files = [file for folder in folders for file in sorted(folder.glob("*.train.jsonl*"))]
    if not files:
        raise ValueError("no *.train.jsonl or *.train.jsonl.gz in the folders")
    for number, file in enumerate(files):
        name = file.name.partition(".")[0]
        progress("corpora", number, len(files), name)
        for line in read(file):
            whole = sentence(line["text"], line["spans"], name, vocabulary)
            corpora.setdefault(name, []).extend(one for one in chunks(whole, CHUNK) if len(one))
    for number, text in enumerate(generate(count, seed)):
        if number % 5_000 == 0:
            progress("generated text", number, count, "")
        spans = [{"start": a, "end": b, "label": label} for a, b, label in text.spans]
        whole = sentence(text.text, spans, GENERATED_SOURCE, vocabulary)
        source = GENERATED_SOURCE if spans else NEGATIVES_SOURCE
        made = corpora.setdefault(f"{source}/{text.lang}", [])
        made.extend(one for one in chunks(whole, CHUNK) if len(one))
    names = drawn(vocabulary, seed)
    return Data(vocabulary, {name: in_row(some) for name, some in corpora.items()}, names)


def word_data(progress: Progress) -> WordData:
    """The lexicon, and vectors of frequent words as the shipped table will hold them."""
    words = vectors.vocabulary()
    done = 0

    def told(count: int) -> None:
        nonlocal done
        done += count
        progress("word vectors", done, len(words), "")

    values = vectors.word_vectors(words, _VECTOR_SIZE, told)
    keys = word_keys([folded(word) for word in words])
    order = np.argsort(keys, kind="stable")
    steps = np.clip(np.round(values[order] / _STEP), -127, 127).astype(np.int8)
    return WordData(lexicon.build(), keys[order], steps)


def train_profile(
    profile: str, data: Data, words: WordData, progress: Progress, run: Run
) -> Tagger:
    """A trained profile.

    Raises:
        OSError: the folder to go on from has no such model.
    """
    table = WordTable(data.vocabulary.words, words.lexicon, (words.vector_keys, None))
    corpora = mixed(data.corpora)
    plan = Plan(steps=run.steps[profile], seed=run.seed)
    shape, model = SHAPES[profile], None
    if run.start is not None:
        model = restore(run.start / f"{profile}.onnx", words.table)
        shape, plan = model.shape, replace(plan, rate=ON_RATE, warm_up=ON_WARM_UP)
    started = time.monotonic()

    def told(step: int, loss: float) -> None:
        rate = (step + 1) * plan.rows * plan.row_tokens / (time.monotonic() - started)
        progress(f"training {profile}", step, plan.steps, f"loss {loss:.3f}, {rate:,.0f} tokens/s")

    stream = batches(corpora, data.names, plan.rows, plan.row_tokens, run.seed)
    return train(plan, shape, table, words.table, stream, told, run.device, model)


def usual_device() -> str:
    """Where to train by default: on a GPU where PyTorch sees one."""
    return "cuda" if torch.cuda.is_available() else "cpu"


_RANDOM_NAMES: Final = frozenset({GENERATED_SOURCE, NEGATIVES_SOURCE, "pii_anon"})


def mixed(corpora: Mapping[str, Sentences]) -> list[Corpus]:
    """The corpora with their shares; parts of one corpus share by their tokens."""
    tokens: dict[str, int] = {}
    for name, sentences in corpora.items():
        whole = name.partition("/")[0]
        tokens[whole] = tokens.get(whole, 0) + len(sentences.words)
    found = []
    for name, sentences in corpora.items():
        whole, _, language = name.partition("/")
        share = SHARES.get(whole, 0.03) * len(sentences.words) / tokens[whole]
        swap = whole not in _RANDOM_NAMES
        language = language or LANGUAGE_OF.get(whole, "")
        found.append(Corpus(name, sentences, share, swap, language))
    return found


def write(
    folder: Path,
    models: Mapping[str, Tagger],
    words: WordData,
    bias: Mapping[str, Mapping[str, float]],
) -> None:
    """The graphs, the lexicon and the manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    keys, bits = words.lexicon
    np.savez_compressed(
        folder / LEXICON,
        key_steps=np.diff(keys, prepend=np.uint64(0)).astype(np.uint32),
        bits=bits,
        vector_keys=words.vector_keys,
        vectors=words.vectors,
        vector_step=_STEP,
    )
    graphs = {name: f"{name}.onnx" for name in models}
    for name, model in models.items():
        export(model, folder / graphs[name])
    read = {name: [one for one in GRAPHS[name] if one in models] for name in models}
    shapes = {name: [models[one].shape for one in of] for name, of in read.items()}
    manifest = {
        "format": 3,
        "entity_types": list(ENTITY_TYPES),
        "files": {
            name: sha256((folder / name).read_bytes()).hexdigest()
            for name in (LEXICON, *graphs.values())
        },
        "graphs": {name: [graphs[one] for one in of] for name, of in read.items()},
        "reach": {name: max(one.reach for one in of) for name, of in shapes.items()},
        "gap": {name: max(max(one.dilations) for one in of) for name, of in shapes.items()},
        "bias": {profile: dict(bias.get(profile, {})) for profile in models},
    }
    content = json.dumps(manifest, indent=2, sort_keys=True)
    (folder / MANIFEST).write_text(content + "\n", encoding="utf-8")


# ---------------------------------------------------------------- biases, and all of it


def calibrated(
    folder: Path, corpora: Sequence[Path], clean: int, seed: int, progress: Progress
) -> dict[str, dict[str, float]]:
    """The biases of every profile in a folder of models without any, by the dev text."""
    files = [file for where in corpora for file in sorted(where.glob("*.dev.jsonl*"))]
    found: dict[str, dict[str, float]] = {}
    for profile in read_manifest(folder).reach:
        classifier = load(profile, folder)
        scored: list[Scored] = []
        for number, file in enumerate(files):
            name = file.name.partition(".")[0]
            progress(f"scores of {profile}", number, len(files), name)
            scored.extend(_scored(classifier, name, list(read(file))[:_DEV_TEXTS]))
        nothing = [{"text": one, "spans": []} for one in clean_texts(clean, seed + 1)]
        scored.extend(_scored(classifier, CLEAN, nothing))
        found[profile] = biases(scored, LABELLED, MOST_FALSE, _telling(progress, profile))
    return found


def _telling(progress: Progress, profile: str) -> Callable[[int, int], None]:
    return lambda done, of: progress(f"biases of {profile}", done, of, "")


_DEV_TEXTS: Final = 150
_CLEAN_TEXTS: Final = 1_500
MOST_FALSE: Final = 8.0
"""False findings of a type per 10,000 tokens of generated text without entities, at most."""


def clean_texts(count: int, seed: int) -> list[str]:
    """Generated texts in which nothing is to be found, of another seed than those of training."""
    nothing = (one.text for one in generate(count * 12, seed) if not one.spans)
    return list(islice(nothing, count))


def _scored(classifier: Classifier, name: str, lines: Sequence[Mapping[str, Any]]) -> list[Scored]:
    out: list[Scored] = []
    for start in range(0, len(lines), 64):
        part = lines[start : start + 64]
        scores = classifier.scores([one["text"] for one in part])
        out += [_one_scored(classifier, name, *pair) for pair in zip(part, scores, strict=True)]
    return out


def _one_scored(classifier: Classifier, name: str, line: Mapping[str, Any], scores: Any) -> Scored:
    text = line["text"]
    tokens = tokenize(text)
    gold, doubtful = marked(sentence(text, line["spans"], name, Vocabulary()))

    def found(bias: Mapping[str, float]) -> list[tuple[int, int, str]]:
        return [
            (one.start, one.end, one.entity_type)
            for one in classifier.decoded(text, tokens, scores + as_scores(bias))
        ]

    return Scored(
        name,
        found,
        [(tokens.starts[a], tokens.ends[b - 1], ENTITY_TYPES[kind]) for a, b, kind in gold],
        [(tokens.starts[at], tokens.ends[at]) for at in sorted(doubtful)],
        len(tokens),
    )


def build(
    corpora: Sequence[Path],
    out: Path,
    progress: Progress,
    run: Run,
    profiles: Sequence[str] = tuple(SHAPES),
) -> dict[str, dict[str, float]]:
    """Everything: data, both profiles, biases, files. The biases are returned.

    Raises:
        ValueError: the folders hold no training text.
        OSError: the folder to go on from lacks a model.
    """
    data = gather(corpora, run.generated, run.seed, progress)
    words = word_data(progress)
    models: dict[str, Tagger] = {}
    for profile in profiles:
        models[profile] = train_profile(profile, data, words, progress, run)
        write(out, models, words, {})
    chosen = calibrated(out, corpora, _CLEAN_TEXTS, run.seed, progress)
    write(out, models, words, chosen)
    return chosen


def plan_of(run: Run) -> list[tuple[str, str]]:
    """What was done, in words and figures, for the card."""
    rows = [
        ("seed", str(run.seed)),
        ("generated texts", f"{run.generated:,}"),
        ("device", run.device),
    ]
    if run.start is not None:
        rows.append(("begun from", f"trained models, at a rate of {ON_RATE}"))
    for profile, shape in SHAPES.items():
        plan = Plan(steps=run.steps[profile])
        rows += [
            (f"{profile}: width, steps of the blocks", f"{shape.width}, {list(shape.dilations)}"),
            (
                f"{profile}: training steps",
                f"{plan.steps:,} of {plan.rows * plan.row_tokens} tokens",
            ),
            (f"{profile}: models read", ", ".join(GRAPHS[profile])),
        ]
    shares = ", ".join(f"{name} {share:.1%}" for name, share in SHARES.items())
    return [*rows, ("shares of the tokens", shares)]
