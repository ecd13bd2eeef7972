"""Trained weights as an ONNX graph, written node by node; and back, to be trained on.

The hashed tables are int8 with one scale a column; the layers above are float16, cast once when
the graph is loaded. All arithmetic is float32 and none is scaled by what else is in the batch, so
a text's scores do not depend on what is scored beside it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from gateway.detection.tagger.tags import TAGS
from gateway.detection.tagger.wordfeatures import LISTS, PIECES
from gateway.training.model import Shape, Tagger

OPSET: Final = 17
IR_VERSION: Final = 9
_F, _I = TensorProto.FLOAT, TensorProto.INT32


class _Graph:
    """Collects nodes and weights of one graph."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.weights: list[Any] = []
        self.count = 0

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """A node; the name of its output."""
        self.count += 1
        out = f"{kind.lower()}_{self.count}"
        self.nodes.append(helper.make_node(kind, list(inputs), [out], **attributes))
        return out

    def weight(self, name: str, value: Any) -> str:
        """A weight as it is."""
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def half(self, name: str, value: Any) -> str:
        """A weight kept in float16; the name of its float32 copy."""
        stored = self.weight(f"{name}_16", np.asarray(value, np.float16))
        return self.op("Cast", stored, to=_F)

    def table(self, name: str, value: Any) -> tuple[str, str]:
        """A table in int8, and its scale per column."""
        scale = np.maximum(np.abs(value).max(axis=0), 1e-8) / 127
        rounded = np.clip(np.round(value / scale), -127, 127).astype(np.int8)
        return self.weight(name, rounded), self.weight(f"{name}_scale", scale.astype(np.float32))

    def save(self, file: Path, inputs: list[Any], output: Any, last: str) -> None:
        """Write the graph, whose result is `last`, checked."""
        self.nodes.append(helper.make_node("Identity", [last], [output.name]))
        graph = helper.make_graph(self.nodes, file.stem, inputs, [output], self.weights)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="cloakroom"
        )
        model.ir_version = IR_VERSION
        onnx.checker.check_model(model, full_check=True)
        file.write_bytes(model.SerializeToString(deterministic=True))


def _value(name: str, kind: int, *shape: str | int) -> Any:
    return helper.make_tensor_value_info(name, kind, list(shape))


def export(model: Tagger, file: Path) -> None:
    """The tagger as a graph from features of words and tokens to `scores` (tokens, TAGS).

    Per distinct word: `rows`, `pieces`, `share`, `lists`, `vectors`; per token: `index` of its
    word, `cases`, `spaces` and `mask`.
    """
    g = _Graph()
    shape = model.shape
    one = g.weight("one", np.array([1], np.int64))
    words = [*_tables(g, model, one), "lists", "vectors"]
    both = g.op("Concat", *words, axis=1)
    words_out = g.op("MatMul", both, g.half("word", model.word.weight.detach().numpy().T))
    words_out = g.op("Add", words_out, g.half("word_bias", model.word.bias.detach().numpy()))
    cases = g.op("Gather", g.half("case_table", model.cases.weight.detach().numpy()), "cases")
    case = g.op("Concat", cases, "spaces", axis=1)
    case = g.op("MatMul", case, g.half("case", model.case.weight.detach().numpy().T))
    x = _norm(g, "norm", model.norm, g.op("Add", g.op("Gather", words_out, "index"), case))
    for number, block in enumerate(model.blocks):
        x = _block(g, f"block{number}", block, x, shape.width)
    x = _norm(g, "last", model.last, x)
    scores = g.op("MatMul", x, g.half("score", model.score.weight.detach().numpy().T))
    scores = g.op("Add", scores, g.half("score_bias", model.score.bias.detach().numpy()))
    inputs = [
        _value("rows", _I, "words", 2),
        _value("pieces", _I, "words", PIECES),
        _value("share", _F, "words", 1),
        _value("lists", _F, "words", LISTS),
        _value("vectors", _F, "words", shape.vectors),
        _value("index", _I, "tokens"),
        _value("cases", _I, "tokens"),
        _value("spaces", _F, "tokens", 1),
        _value("mask", _F, "tokens", 1),
    ]
    g.save(file, inputs, _value("scores", _F, "tokens", TAGS), scores)


def _tables(g: _Graph, model: Tagger, one: str) -> tuple[str, str]:
    """What the two hashed tables say of each word."""
    table, scale = g.table("word_table", model.words.weight.detach().numpy())
    found = g.op("Cast", g.op("Gather", table, "rows"), to=_F)
    by_word = g.op("Mul", g.op("ReduceSum", found, one, keepdims=0), scale)
    table, scale = g.table("piece_table", model.pieces.weight.detach().numpy())
    found = g.op("Cast", g.op("Gather", table, "pieces"), to=_F)
    summed = g.op("Mul", g.op("ReduceSum", found, one, keepdims=0), scale)
    return by_word, g.op("Mul", summed, "share")


def _norm(g: _Graph, name: str, norm: Any, x: str) -> str:
    scale = g.half(f"{name}_scale", norm.weight.detach().numpy())
    bias = g.half(f"{name}_bias", norm.bias.detach().numpy())
    return g.op("LayerNormalization", x, scale, bias, axis=-1, epsilon=float(norm.eps))


def _block(g: _Graph, name: str, block: Any, x: str, width: int) -> str:
    h = g.op("Mul", _norm(g, f"{name}_norm", block.norm, x), "mask")
    step = block.dilation
    zeros = np.zeros((step, width), np.float32)
    padded = g.op("Concat", g.weight(f"{name}_before", zeros), h,
                  g.weight(f"{name}_after", zeros), axis=0)  # fmt: skip
    left = _slice(g, f"{name}_left", padded, 0, -2 * step)
    right = _slice(g, f"{name}_right", padded, 2 * step, np.iinfo(np.int64).max)
    near = g.op("Concat", left, h, right, axis=1)
    mixed = g.op("MatMul", near, g.half(f"{name}_mix", block.mix.weight.detach().numpy().T))
    mixed = g.op("Add", mixed, g.half(f"{name}_mix_bias", block.mix.bias.detach().numpy()))
    a = _slice(g, f"{name}_a", mixed, 0, width, axis=1)
    b = _slice(g, f"{name}_b", mixed, width, 2 * width, axis=1)
    return g.op("Add", x, g.op("Mul", a, g.op("Sigmoid", b)))


def _slice(g: _Graph, name: str, x: str, start: int, end: int, axis: int = 0) -> str:
    bounds = [
        g.weight(f"{name}_{part}", np.array([value], np.int64))
        for part, value in (("start", start), ("end", end), ("axis", axis))
    ]
    return g.op("Slice", x, *bounds)


# ---------------------------------------------------------------- and back


def restore(file: Path, vectors: torch.Tensor) -> Tagger:
    """The tagger of a graph that `export` has written; `vectors` as for a new one.

    Tables come back as they were rounded to int8, layers as they were rounded to float16.

    Raises:
        OSError: the file cannot be read.
        KeyError: it is no such graph.
    """
    graph = onnx.load(file).graph
    kept = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    blocks = sum(1 for name in kept if name.endswith("_mix_16"))
    shape = Shape(
        table=kept["word_table"].shape[1],
        width=kept["score_16"].shape[0],
        dilations=tuple(len(kept[f"block{at}_before"]) for at in range(blocks)),
    )
    state: dict[str, Any] = {
        "words.weight": kept["word_table"] * kept["word_table_scale"],
        "pieces.weight": kept["piece_table"] * kept["piece_table_scale"],
        "cases.weight": kept["case_table_16"],
        "case.weight": kept["case_16"].T,
        "word.bias": kept["word_bias_16"],
        "word.weight": kept["word_16"].T,
        "score.weight": kept["score_16"].T,
        "score.bias": kept["score_bias_16"],
    }
    for name in ("norm", "last", *(f"block{at}_norm" for at in range(blocks))):
        ours = name.replace("block", "blocks.").replace("_norm", ".norm")
        state[f"{ours}.weight"] = kept[f"{name}_scale_16"]
        state[f"{ours}.bias"] = kept[f"{name}_bias_16"]
    for at in range(blocks):
        state[f"blocks.{at}.mix.weight"] = kept[f"block{at}_mix_16"].T
        state[f"blocks.{at}.mix.bias"] = kept[f"block{at}_mix_bias_16"]
    model = Tagger(shape, vectors)
    model.load_state_dict(
        {name: torch.from_numpy(np.array(value, np.float32)) for name, value in state.items()}
    )
    return model.eval()
