"""What is said before any training begins; training itself is tested with its packages."""

import importlib
import importlib.util
import json

import pytest
from typer.testing import CliRunner

from gateway.cli import detector_train
from gateway.cli.main import app

RUN = CliRunner()


def test_a_missing_folder_is_named(tmp_path):
    done = RUN.invoke(
        app,
        ["detector", "train", "--corpora", str(tmp_path / "none"), "--out", str(tmp_path / "m")],
    )

    assert done.exit_code != 0
    assert "no such folder" in done.output
    assert not (tmp_path / "m").exists()


def test_missing_packages_are_named_with_what_to_do(tmp_path, monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(
        detector_train.importlib.util,
        "find_spec",
        lambda name: None if name in ("torch", "onnx") else real(name),
    )
    done = RUN.invoke(
        app, ["detector", "train", "--corpora", str(tmp_path), "--out", str(tmp_path / "m")]
    )

    assert done.exit_code != 0
    assert "torch, onnx" in done.output
    assert "make train" in done.output


def test_a_folder_without_models_to_go_on_from_is_named(tmp_path):
    args = ["--corpora", str(tmp_path), "--out", str(tmp_path / "m"), "--from", str(tmp_path)]
    done = RUN.invoke(app, ["detector", "train", *args])

    assert done.exit_code != 0
    assert "no models in" in done.output.replace("\n", " ")


@pytest.mark.models
def test_models_and_a_card_from_a_few_lines(tmp_path, monkeypatch):
    vectors = importlib.import_module("gateway.training.vectors")
    few = vectors.vocabulary()[:300]
    monkeypatch.setattr(vectors, "vocabulary", lambda: few)
    line = {"text": "Ask Anna Schmidt.", "spans": [{"start": 4, "end": 16, "label": "PERSON"}]}
    for split in ("train", "dev"):
        file = tmp_path / f"small.{split}.jsonl"
        file.write_text((json.dumps(line) + "\n") * 20, encoding="utf-8")
    out = tmp_path / "models"
    args = ["--corpora", str(tmp_path), "--out", str(out), "--steps", "3", "--generated", "300"]
    done = RUN.invoke(app, ["detector", "train", *args, "--json"])

    assert done.exit_code == 0, done.output
    names = {file.name for file in out.iterdir()}
    assert names == {"fast.onnx", "accurate.onnx", "lexicon.npz", "manifest.json", "MODEL_CARD.md"}
    assert "small.dev" in (out / "MODEL_CARD.md").read_text(encoding="utf-8")
