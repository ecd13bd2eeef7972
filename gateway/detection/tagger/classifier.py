"""Our token classifier: names, places, organisations, addresses, dates and numbers in context.

A text becomes tokens, tokens become features, one or two ONNX graphs turn features into scores,
and the best valid sequence of tags gives the spans. What two graphs say is averaged as logarithms
of probabilities (a product of experts, Hinton 2002): their mistakes differ. Texts of one call are
packed into rows, with gaps over which no token sees another, and long texts are cut into windows
that overlap by all that a token can see: what is found in a text depends on that text alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from gateway.detection.coverage import reach
from gateway.detection.tagger.borders import grown, named
from gateway.detection.tagger.plausible import NAME_BITS, is_plausible
from gateway.detection.tagger.runtime import open_graph
from gateway.detection.tagger.tags import ENTITY_TYPES, TAGS, best_tags, entities, tag
from gateway.detection.tagger.tokens import Tokens, tokenize
from gateway.detection.tagger.wordfeatures import (
    CASES,
    as_lists,
    case_of,
    folded,
    placed,
    short_keys,
    word_features,
    word_keys,
)
from gateway.detection.tokenclassifier import IncompleteRead, ModelProblem
from gateway.detection.worker import time_left
from gateway.types import Span

RECOGNIZER: Final = "classifier"
PERSON: Final = "PERSON"
MODELS: Final = Path(__file__).parent / "models"
MANIFEST: Final = "manifest.json"
LEXICON: Final = "lexicon.npz"

_ROW: Final = 1_024  # tokens of one run, about
_SECTION: Final = 16_384  # tokens of a text that are decoded at once
_OVERLAP: Final = 64  # tokens that two sections share: no entity is longer
_DECIMALS: Final = 3  # of scores: no finding hangs on the last bits of a sum


class ModelError(ModelProblem):
    """A file of the model is missing, cut short, changed, or of another version."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What `manifest.json` says: the files with their SHA-256, and how to read the scores."""

    files: dict[str, str]
    graphs: dict[str, list[str]]
    reach: dict[str, int]
    gap: dict[str, int]
    bias: dict[str, dict[str, float]]
    digest: str


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a folder of models.

    Raises:
        ModelError: it is missing or not of this version.
    """
    try:
        content = (folder / MANIFEST).read_bytes()
        data: dict[str, Any] = json.loads(content)
        if data["format"] != 3 or data["entity_types"] != list(ENTITY_TYPES):
            raise ModelError(f"the models in {folder} are of another version")
        digest = sha256(content).hexdigest()
        return Manifest(
            data["files"], data["graphs"], data["reach"], data["gap"], data["bias"], digest
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(f"{folder / MANIFEST} is missing or damaged: install again") from None


def _checked(folder: Path, name: str, manifest: Manifest) -> bytes:
    try:
        content = (folder / name).read_bytes()
    except OSError:
        raise ModelError(f"{folder / name} is missing: install again") from None
    if sha256(content).hexdigest() != manifest.files.get(name):
        raise ModelError(f"{folder / name} is not the file that the manifest names: install again")
    return content


def as_scores(bias: Mapping[str, float]) -> npt.NDArray[np.float32]:
    """What is added to the scores of a token's tags, (TAGS,), by the bias of each type."""
    added = np.zeros(TAGS, np.float32)
    for name, value in bias.items():
        at = tag(ENTITY_TYPES.index(name), 0)
        added[at : at + 4] = value
    return added


class Lexicon:
    """Bits and vectors of known words, by 64-bit hash."""

    def __init__(self, content: bytes) -> None:
        """Raises `ModelError` where the file does not hold the arrays that it should."""
        try:
            with np.load(BytesIO(content), allow_pickle=False) as arrays:
                self._keys = np.cumsum(arrays["key_steps"], dtype=np.uint64)
                self._bits = arrays["bits"]
                self._vector_keys = arrays["vector_keys"]
                self._vectors = arrays["vectors"]
                self._step = np.float32(arrays["vector_step"])
        except (OSError, ValueError, KeyError):
            raise ModelError(f"{LEXICON} is damaged: install again") from None

    def bits(self, keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint16]:
        """The bits of words; none for a word that is not known."""
        place, found = placed(self._keys, short_keys(keys))
        return np.where(found, self._bits[place], 0).astype(np.uint16)

    def vectors(self, keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.float32]:
        """The vectors of words; zeros for a word that has none."""
        place, found = placed(self._vector_keys, keys)
        vectors: npt.NDArray[np.float32] = self._vectors[place] * self._step
        return vectors * found[:, None]


@dataclass(frozen=True, slots=True)
class _Window:
    """Tokens `start`..`end` of a text, of which those from `first` to `last` are wanted."""

    text: int
    start: int
    end: int
    first: int
    last: int


class Classifier:
    """A loaded profile. Stateless: it may be used from several threads."""

    def __init__(self, profile: str, folder: Path = MODELS) -> None:
        """Raises `ModelError` where a file is missing or is not the one that was shipped."""
        manifest = read_manifest(folder)
        if profile not in manifest.reach:
            raise ModelError(f"no profile {profile} in {folder}")
        self.entity_types: frozenset[str] = frozenset(ENTITY_TYPES)
        self.digest = manifest.digest
        # First, since what it takes in between goes back to the system only before graphs are read.
        self._lexicon = Lexicon(_checked(folder, LEXICON, manifest))
        self._graphs = [
            open_graph(_checked(folder, name, manifest)) for name in manifest.graphs[profile]
        ]
        self._reach = manifest.reach[profile]
        self._gap = manifest.gap[profile]
        self._bias = as_scores(manifest.bias[profile])

    def classify(self, texts: Sequence[str]) -> list[list[Span]]:
        """The spans of each text, in order and disjoint.

        Raises:
            IncompleteRead: tokens do not cover a text.
            TimeoutError: the deadline of the call has passed.
        """
        tokens = [tokenize(text) for text in texts]
        for text, one in zip(texts, tokens, strict=True):
            if reach(zip(one.starts, one.ends, strict=True), text) != len(text):
                raise IncompleteRead("the classifier's tokens do not cover a text")
        found: list[list[Span]] = [[] for _ in texts]
        short = [at for at, one in enumerate(tokens) if len(one) <= _SECTION]
        for group in self._groups(short, tokens):
            for at, scores in zip(group, self._scores([tokens[at] for at in group]), strict=True):
                found[at] = self._spans(texts[at], tokens[at], scores)
        for at, one in enumerate(tokens):
            if len(one) > _SECTION:
                found[at] = self._long(texts[at], one)
        return found

    def _groups(self, places: Sequence[int], tokens: Sequence[Tokens]) -> Iterator[list[int]]:
        """Texts that are scored together: about `_SECTION` tokens."""
        group: list[int] = []
        size = 0
        for at in places:
            if group and size + len(tokens[at]) > _SECTION:
                yield group
                group, size = [], 0
            group.append(at)
            size += len(tokens[at])
        if group:
            yield group

    def _long(self, text: str, tokens: Tokens) -> list[Span]:
        """A text of many tokens, section by section; what two sections share counts once."""
        found: list[Span] = []
        for start in range(0, len(tokens), _SECTION - _OVERLAP):
            end = min(start + _SECTION, len(tokens))
            low, high = max(0, start - self._reach), min(len(tokens), end + self._reach)
            scores = self._scores([tokens.part(low, high)])[0][start - low : end - low]
            for span in self._spans(text, tokens.part(start, end), scores):
                if not found or span.start >= found[-1].end:
                    found.append(span)
                elif span.end > found[-1].end:
                    last = found.pop()
                    found.append(
                        Span(last.start, span.end, last.entity_type, last.score, RECOGNIZER)
                    )
            if end == len(tokens):
                break
        return found

    def _spans(self, text: str, tokens: Tokens, scores: npt.NDArray[np.float32]) -> list[Span]:
        return self.decoded(text, tokens, scores + self._bias)

    def decoded(self, text: str, tokens: Tokens, scores: npt.NDArray[np.float32]) -> list[Span]:
        """The spans of a text whose tokens have these scores, bias included."""
        parts = list(entities(best_tags(scores)))
        if not parts:
            return []
        weight = np.exp(scores - scores.max(axis=1, keepdims=True))
        weight /= weight.sum(axis=1, keepdims=True)
        bits = self._bits_of(tokens, parts)
        parts = [
            (*named(tokens.words, (first, last), bits.__getitem__), kind)
            if ENTITY_TYPES[kind] == PERSON
            else (first, last, kind)
            for first, last, kind in parts
        ]
        spans: list[Span] = []
        until = -1  # where a person ends whose last word is one of a person
        next_starts = [*(tokens.starts[first] for first, _, _ in parts[1:]), len(text)]
        for (first, last, kind), next_start in zip(parts, next_starts, strict=True):
            name = ENTITY_TYPES[kind]
            of_type = weight[first:last, 1 + 4 * kind : 5 + 4 * kind].sum(axis=1)
            score = round(float(of_type.mean()), _DECIMALS)
            if is_plausible(text, tokens, (first, last), name, score, bits.__getitem__):
                start, end = tokens.starts[first], tokens.ends[last - 1]
                if name == PERSON and first == until and text[spans[-1].end : start] == " ":
                    before = spans.pop()  # "Anton", "Wolfgang", "von Faber" are one
                    start, score = before.start, min(before.score, score)
                if (further := grown(text, end, name)) <= next_start:
                    end = further
                spans.append(Span(start, end, name, score, RECOGNIZER))
                is_named = name == PERSON and bits[last - 1] & NAME_BITS
                until = last if is_named and text[start].isupper() else -1
        return spans

    def _bits_of(self, tokens: Tokens, parts: Sequence[tuple[int, int, int]]) -> dict[int, int]:
        """The lexicon's bits of the tokens of some entities."""
        places = [at for first, last, _ in parts for at in range(first, last)]
        keys = word_keys([folded(tokens.words[at]) for at in places])
        return dict(zip(places, self._lexicon.bits(keys).tolist(), strict=True))

    def scores(self, texts: Sequence[str]) -> list[npt.NDArray[np.float32]]:
        """The scores of each text's tokens, (tokens, TAGS), without bias."""
        return self._scores([tokenize(text) for text in texts])

    # ---- scores ------------------------------------------------------------------------------

    def _scores(self, texts: Sequence[Tokens]) -> list[npt.NDArray[np.float32]]:
        """(tokens, TAGS) for each text."""
        out = [np.zeros((len(one), TAGS), np.float32) for one in texts]
        for row in self._rows(texts):
            time_left()
            scores = self._run(texts, row)
            at = 0
            for window in row:
                begin = at + window.first - window.start
                out[window.text][window.first : window.last] = scores[
                    begin : begin + window.last - window.first
                ]
                at += window.end - window.start + self._gap
        return out

    def _rows(self, texts: Sequence[Tokens]) -> Iterator[list[_Window]]:
        row: list[_Window] = []
        size = 0
        for number, tokens in enumerate(texts):
            for first in range(0, len(tokens), _ROW):
                last = min(first + _ROW, len(tokens))
                start, end = max(0, first - self._reach), min(len(tokens), last + self._reach)
                if row and size + end - start > _ROW:
                    yield row
                    row, size = [], 0
                row.append(_Window(number, start, end, first, last))
                size += end - start + self._gap
        if row:
            yield row

    def _run(self, texts: Sequence[Tokens], row: Sequence[_Window]) -> npt.NDArray[np.float32]:
        size = sum(window.end - window.start + self._gap for window in row)
        index = np.zeros(size, np.int32)
        cases = np.full(size, CASES - 1, np.int32)
        spaces = np.zeros((size, 1), np.float32)
        mask = np.zeros((size, 1), np.float32)
        distinct: dict[str, int] = {}
        known: dict[str, tuple[int, int]] = {}
        at = 0
        for window in row:
            tokens, start, end = texts[window.text], window.start, window.end
            stop = at + end - start
            pairs = []
            for word in tokens.words[start:end]:
                pair = known.get(word)
                if pair is None:
                    number = distinct.setdefault(folded(word), len(distinct))
                    pair = known[word] = (number, case_of(word))
                pairs.append(pair)
            index[at:stop], cases[at:stop] = np.array(pairs, np.int32).T
            spaces[at:stop, 0] = tokens.spaced[start:end]
            mask[at:stop] = 1
            at = stop + self._gap
        found = word_features(list(distinct))
        features = {
            "rows": found.rows,
            "pieces": found.pieces,
            "share": found.share,
            "lists": as_lists(self._lexicon.bits(found.keys)),
            "vectors": self._lexicon.vectors(found.keys),
            "index": index,
            "cases": cases,
            "spaces": spaces,
            "mask": mask,
        }
        scores = [graph.run(None, features)[0] for graph in self._graphs]
        return np.round(_together(scores), _DECIMALS)


def _together(scores: Sequence[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    """Of several graphs' scores of the same tags the mean, as logarithms of probabilities."""
    if len(scores) == 1:
        return scores[0]
    total = np.zeros_like(scores[0])
    for one in scores:
        least = one - one.max(axis=1, keepdims=True)
        total += least - np.log(np.exp(least).sum(axis=1, keepdims=True))
    return total / np.float32(len(scores))


def load(profile: str, folder: Path | None = None) -> Classifier:
    """A profile of the shipped models, or of those in `folder`.

    Raises:
        ModelError: a file is missing, cut short or changed.
    """
    return Classifier(profile, folder or MODELS)
