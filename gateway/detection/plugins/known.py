"""A user's own Presidio recognizers: from installed packages, modules, files, and by name.

What cannot be used is said at the start, all of it at once. Recognizers in code run in a process of
their own, see `outside`, with the gateway's rights: they are trusted not to be hostile.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from presidio_analyzer import (
    EntityRecognizer,
    LMRecognizer,
    PatternRecognizer,
    RemoteRecognizer,
    predefined_recognizers,
)

from gateway import strictyaml
from gateway.detection.plugins.recognizer_files import FileRecognizer, read_file
from gateway.errors import ConfigError, Problem
from gateway.settings import Detection
from gateway.validation import did_you_mean

GROUP = "cloakroom.recognizers"

_NEEDS_NETWORK = {
    "EmailRecognizer": "it fetches the list of public suffixes; e-mail addresses are found anyway",
}
_NEEDS_MODEL = frozenset(
    "GLiNERRecognizer HuggingFaceNerRecognizer MedicalNERRecognizer SpacyRecognizer "
    "StanzaRecognizer TransformersRecognizer".split()
)
_ABSTRACT = frozenset({"ZaPhoneNumberRecognizer"})


def _classes() -> dict[str, type[EntityRecognizer]]:
    return {
        name: kind
        for name, kind in vars(predefined_recognizers).items()
        if isinstance(kind, type) and issubclass(kind, EntityRecognizer) and name not in _ABSTRACT
    }


def _refusal(name: str, kind: type[EntityRecognizer]) -> tuple[str, str] | None:
    """Why a predefined recognizer cannot be used, and what to do instead."""
    if issubclass(kind, LMRecognizer):
        return "sends text to a language model", "take a model of your own: detection.engines"
    if issubclass(kind, RemoteRecognizer):
        return "sends text to a remote service", "take a model of your own: detection.engines"
    if name in _NEEDS_MODEL:
        return "needs a model, which it would download", "name a local one in detection.engines"
    if name in _NEEDS_NETWORK:
        return f"needs the network: {_NEEDS_NETWORK[name]}", "leave it out"
    return None


def usable_predefined() -> tuple[str, ...]:
    """The names of Presidio's recognizers that work without network and model."""
    return tuple(sorted(name for name, kind in _classes().items() if not _refusal(name, kind)))


def has_code(settings: Detection) -> bool:
    """Whether any recognizer is somebody's own code."""
    return bool(settings.recognizer_modules or entry_points(group=GROUP))


def code_recognizers(modules: Sequence[str]) -> list[EntityRecognizer]:
    """The recognizers of modules and of installed packages: code that is not ours.

    Raises:
        ConfigError: one cannot be used; all problems.
    """
    return _all(_code(modules))


def known_recognizers(settings: Detection) -> list[EntityRecognizer]:
    """The recognizers of files and those of Presidio's that the settings name.

    Raises:
        ConfigError: one cannot be used; all problems.
    """
    return _all(_known(settings))


_Source = Callable[[], Sequence[EntityRecognizer]]


def _all(sources: Iterator[_Source]) -> list[EntityRecognizer]:
    found: list[EntityRecognizer] = []
    problems: list[Problem] = []
    for work in sources:
        try:
            found.extend(work())
        except ConfigError as error:
            problems.extend(error.problems)
    if problems:
        raise ConfigError(problems)
    return found


def _code(modules: Sequence[str]) -> Iterator[_Source]:
    for entry in sorted(entry_points(group=GROUP), key=lambda one: one.name):
        place = Problem("installed packages", 0, f"{GROUP}: {entry.name}", "")
        yield partial(_instance, entry.load, place)
    for index, path in enumerate(modules):
        place = Problem("configuration", 0, f"detection.recognizer_modules[{index}]", "")
        yield partial(_instance, partial(_object, path), place)


def _known(settings: Detection) -> Iterator[_Source]:
    for index, name in enumerate(settings.predefined):
        place = Problem("configuration", 0, f"detection.predefined[{index}]", "")
        yield partial(_predefined_alone, name, place)
    for file in settings.recognizer_files:
        yield partial(_from_file, file)


def _object(path: str) -> Any:
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def _instance(load: Callable[[], Any], place: Problem) -> list[EntityRecognizer]:
    try:
        made = load()
        if not isinstance(made, EntityRecognizer):
            made = made()
    except Exception as error:  # somebody else's code: it may raise anything, and quote anything
        raise _wrong(place, f"cannot be made ({type(error).__name__})") from None
    if not isinstance(made, EntityRecognizer):
        raise _wrong(place, "is not a Presidio EntityRecognizer")
    return [made]


def _predefined_alone(name: str, place: Problem) -> list[EntityRecognizer]:
    return [_predefined(name, {}, place)]


def _predefined(name: str, options: dict[str, Any], place: Problem) -> EntityRecognizer:
    kind = _classes().get(name)
    if kind is None:
        hint = did_you_mean(name, usable_predefined())
        raise _wrong(place, "Presidio has no recognizer of this name", hint)
    if (refusal := _refusal(name, kind)) is not None:
        raise _wrong(place, *refusal)
    build: Callable[..., EntityRecognizer] = kind
    try:
        made = build(**options)
    except Exception as error:
        raise _wrong(place, f"cannot be made ({type(error).__name__})") from None
    return made


def _from_file(file: Path) -> list[EntityRecognizer]:
    document = strictyaml.load(file)
    made: list[EntityRecognizer] = []
    problems: list[Problem] = []
    for entry in read_file(document):
        place = document.problem(entry.path, "")
        try:
            made.append(_of_entry(entry, place))
        except ConfigError as error:
            problems.extend(error.problems)
    if problems:
        raise ConfigError(problems)
    return made


def _of_entry(entry: FileRecognizer, place: Problem) -> EntityRecognizer:
    if entry.class_name:
        made = _predefined(entry.class_name, entry.options(), place)
        made.name = entry.name  # type: ignore[has-type]
    else:
        made = PatternRecognizer(
            supported_entity=entry.entity_type,
            name=entry.name,
            supported_language=entry.language,
            patterns=entry.made_patterns(),
            deny_list=list(entry.deny_list),
            context=list(entry.context),
            deny_list_score=entry.deny_list_score,
            global_regex_flags=entry.flags,
        )
    if entry.score_thresholds:
        made.score_thresholds = dict(entry.score_thresholds)
    return made


def _wrong(place: Problem, message: str, hint: str = "") -> ConfigError:
    return ConfigError([Problem(place.file, place.line, place.key, message, hint)])
