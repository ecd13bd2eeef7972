"""The detection section of the configuration: profiles, and files that must be there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol

from gateway import settings as made
from gateway.config_schema import PROFILES, DetectionModel, EngineModel
from gateway.detection.language.exchange import RECOGNIZED
from gateway.strictyaml import KeyPath
from gateway.types import LANGUAGES
from gateway.validation import did_you_mean

_NAMES: Final = {
    "dutch": "nl",
    "english": "en",
    "french": "fr",
    "german": "de",
    "italian": "it",
    "portuguese": "pt",
    "spanish": "es",
}


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
    _languages(model, note)
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


def _languages(model: DetectionModel, note: Note) -> None:
    """Ours, and others where something else is configured that may know them."""
    has_more = model.engines or model.recognizer_modules or model.recognizer_files
    allowed = RECOGNIZED if has_more else LANGUAGES
    for index, code in enumerate(model.languages):
        if code in allowed:
            continue
        text = f"must be one of: {', '.join(sorted(allowed))}"
        short = code.casefold().replace("_", "-").partition("-")[0]
        short = _NAMES.get(short, short)
        hint = f"did you mean {short}?" if short in allowed else did_you_mean(short, allowed)
        if code in RECOGNIZED:
            hint = "names in it need an engine or recognizers of your own"
        note(("detection", "languages", index), text, hint)


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
