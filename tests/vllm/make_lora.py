"""A LoRA adapter for the tiny decoder, with random weights, in the form that PEFT saves.

Run by the Python of vLLM's environment, with the model's folder and the adapter's as arguments.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

RANK = 8
TARGETS = ("q_proj", "v_proj")


def adapter(model: Path, folder: Path) -> None:
    """Write the adapter. It is far from nothing, so that it says something else than its model."""
    config = json.loads((model / "config.json").read_text("utf-8"))
    wide = config["hidden_size"]
    outs = {
        "q_proj": config["num_attention_heads"] * config["head_dim"],
        "v_proj": config["num_key_value_heads"] * config["head_dim"],
    }
    torch.manual_seed(11)
    tensors = {}
    for layer in range(config["num_hidden_layers"]):
        for name in TARGETS:
            stem = f"base_model.model.model.layers.{layer}.self_attn.{name}"
            tensors[f"{stem}.lora_A.weight"] = torch.randn(RANK, wide)
            tensors[f"{stem}.lora_B.weight"] = torch.randn(outs[name], RANK)
    folder.mkdir(parents=True)
    save_file(tensors, str(folder / "adapter_model.safetensors"))
    said = {
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "r": RANK, "lora_alpha": 2 * RANK,
        "lora_dropout": 0.0, "bias": "none", "target_modules": list(TARGETS),
        "base_model_name_or_path": str(model),
    }  # fmt: skip
    (folder / "adapter_config.json").write_text(json.dumps(said), encoding="utf-8")


if __name__ == "__main__":
    adapter(Path(sys.argv[1]), Path(sys.argv[2]))
