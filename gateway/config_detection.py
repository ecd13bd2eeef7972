"""The detection section of the configuration: profiles, and files that must be there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Protocol

from gateway import settings as made
from gateway.config_schema import PROFILES, DetectionModel, EngineModel
from gateway.strictyaml import KeyPath
from gateway.validation import did_you_mean


class Note(Protocol):
    """Takes down a problem with what stands at a path of the file."""

    def __call__(self, path: KeyPath, message: str, hint: str = "") -> None:
        """Take it down."""
        ...


def frozen_detection(model: DetectionModel, base: Path, note: Note) -> made.Detection:
    """The section, frozen, with absolute paths; what is wrong with it is noted."""
    if model.profile not in PROFILES:
        hint = did_you_mean(model.profile, PROFILES)
        if model.profile == "default":
            hint = "no profile has that name any more: write patterns, or leave it out"
        note(("detection", "profile"), f"must be one of: {', '.join(PROFILES)}", hint)
    files = []
    for index, name in enumerate(model.recognizer_files):
        path: KeyPath = ("detection", "recognizer_files", index)
        files.append(_there(base / name, "file", path, note))
    return replace(
        model.settings(),
        recognizer_files=tuple(files),
        engines=tuple(
            _engine(one, base, ("detection", "engines", index), note)
            for index, one in enumerate(model.engines)
        ),
    )


def _engine(model: EngineModel, base: Path, path: KeyPath, note: Note) -> made.Engine:
    where = model.model.rstrip("/")
    is_package = model.kind == "spacy" and where.isidentifier() and not (base / where).is_dir()
    if model.kind != "vllm" and not is_package:
        where = str(_there(base / where, "folder", (*path, "model"), note))
    tokenizer, ca_file = None, None
    if model.tokenizer is not None:
        tokenizer = _there(base / model.tokenizer, "folder", (*path, "tokenizer"), note)
    if model.ca_file is not None:
        ca_file = _there(base / model.ca_file, "file", (*path, "ca_file"), note)
    return made.Engine(
        kind=model.kind,
        model=where,
        labels=dict(model.labels),
        threshold=model.threshold,
        device=model.device,
        tokenizer=tokenizer,
        served_model=model.served_model or "",
        ca_file=ca_file,
        timeout_s=model.timeout_s,
    )


def _there(place: Path, kind: str, path: KeyPath, note: Note) -> Path:
    if not (place.is_dir() if kind == "folder" else place.is_file()):
        note(path, f"no such {kind}: {place}")
    return place
