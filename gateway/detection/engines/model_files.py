"""What the files beside a Hugging Face model say: labels, and how much it reads at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gateway.detection.tokenclassifier import ModelProblem

LONGEST = 2_048
"""Tokens of a window, at most, whatever a model could read."""

# Their positions begin behind the padding index, so two of them are never used.
_SHIFTED = frozenset({"roberta", "xlm-roberta", "camembert", "xlm-roberta-xl", "longformer"})


def longest(config: Mapping[str, Any]) -> int:
    """How many tokens of a text, special ones included, a model reads at once."""
    size = config.get("max_position_embeddings")
    if not isinstance(size, int) or size <= 0:
        return 512
    if config.get("model_type") in _SHIFTED:
        size -= 2
    return min(size, LONGEST)


def read_config(folder: Path) -> dict[str, Any]:
    """A model's `config.json`.

    Raises:
        ModelProblem: it is missing, or is not what it should be.
    """
    try:
        config = json.loads((folder / "config.json").read_bytes())
    except (OSError, ValueError):
        raise ModelProblem("config.json cannot be read") from None
    if not isinstance(config, dict):
        raise ModelProblem("config.json is not a JSON object")
    return config


def label_names(config: Mapping[str, Any]) -> list[str]:
    """The labels of a model's outputs, in their order.

    Raises:
        ModelProblem: the configuration does not say.
    """
    names = config.get("id2label")
    if not isinstance(names, dict) or set(names) != {str(at) for at in range(len(names))}:
        raise ModelProblem("config.json does not say id2label for every output")
    return [str(names[str(at)]) for at in range(len(names))]
