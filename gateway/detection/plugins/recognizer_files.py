"""Recognizers in Presidio's YAML format for a recognizer registry, checked with line numbers.

The format is that of presidio-analyzer's `conf/default_recognizers.yaml` and
`conf/example_recognizers.yaml`: a list of names and of mappings, `type: predefined` for what
Presidio defines in code, patterns or a deny list for what the file defines itself. A recognizer
for several languages becomes one recognizer for each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import regex
from presidio_analyzer import Pattern
from pydantic import AfterValidator, Field, model_validator

from gateway.errors import ConfigError, Problem
from gateway.strictyaml import Document, KeyPath
from gateway.validation import Strict, validate

FLAGS = int(regex.DOTALL | regex.MULTILINE | regex.IGNORECASE)


def _pattern(source: str) -> str:
    try:
        regex.compile(source)
    except regex.error:
        raise ValueError("must be a valid regular expression") from None
    return source


_Score = Annotated[float, Field(ge=0, le=1, strict=False)]
_Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
_EntityType = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,63}$")]


class PatternModel(Strict):
    """One entry of `patterns`."""

    name: str
    regex: Annotated[str, AfterValidator(_pattern)]
    score: _Score


class LanguageModel(Strict):
    """One entry of `supported_languages` with context words."""

    language: _Language
    context: list[str] | None = None


class RecognizerModel(Strict):
    """One entry of `recognizers`."""

    name: str
    class_name: str | None = None
    type: Literal["predefined", "custom"] | None = None
    enabled: bool = True
    supported_language: _Language | None = None
    supported_languages: list[_Language | LanguageModel] | None = None
    supported_entity: _EntityType | None = None
    supported_entities: list[_EntityType] | None = None
    context: list[str] | None = None
    patterns: list[PatternModel] = Field(default_factory=list)
    deny_list: list[str] = Field(default_factory=list)
    deny_list_score: _Score = 1.0
    country_code: str | None = None
    score_thresholds: dict[str, _Score] = Field(default_factory=dict)

    @property
    def is_custom(self) -> bool:
        """Whether the file defines it; without a type, patterns and deny lists say so."""
        return self.type == "custom" or (
            self.type is None and bool(self.patterns or self.deny_list)
        )

    @model_validator(mode="after")
    def _fits(self) -> RecognizerModel:
        if self.supported_entity is not None and self.supported_entities is not None:
            raise ValueError("give supported_entity or supported_entities, not both")
        if self.supported_language is not None and self.supported_languages is not None:
            raise ValueError("give supported_language or supported_languages, not both")
        if not self.is_custom:
            if self.patterns or self.deny_list:
                raise ValueError("a predefined recognizer has no patterns and no deny_list")
        elif not self.patterns and not self.deny_list:
            raise ValueError("a custom recognizer needs patterns or a deny_list")
        elif len(self.entity_types) != 1:
            raise ValueError("a custom recognizer needs one supported_entity")
        return self

    @property
    def entity_types(self) -> list[str]:
        """What it finds, as far as the file says."""
        single = [self.supported_entity] if self.supported_entity is not None else []
        return self.supported_entities or single

    def languages(self, default: list[str]) -> Iterator[tuple[str, list[str]]]:
        """The languages it is made for, each with its context words."""
        common = self.context or []
        single = [self.supported_language] if self.supported_language is not None else default
        for one in self.supported_languages or single:
            if isinstance(one, LanguageModel):
                yield one.language, one.context or common
            else:
                yield one, common


class RegistryModel(Strict):
    """The whole file."""

    recognizers: Annotated[list[RecognizerModel | str], Field(min_length=1)]
    supported_languages: list[_Language] | None = None
    supported_countries: list[str] | None = None
    global_regex_flags: Annotated[int, Field(ge=0, le=0xFFFF)] = FLAGS


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecognizer:
    """One recognizer of a file in one language, at `path`; `class_name` where it is Presidio's."""

    path: KeyPath
    name: str
    class_name: str = ""
    entity_type: str = ""
    language: str = ""
    patterns: tuple[tuple[str, str, float], ...] = field(default=(), repr=False)
    deny_list: tuple[str, ...] = field(default=(), repr=False)
    deny_list_score: float = 1.0
    context: tuple[str, ...] = ()
    flags: int = FLAGS
    score_thresholds: Mapping[str, float] = field(default_factory=dict)

    def options(self) -> dict[str, Any]:
        """What a predefined class's constructor is given: what the file says, and no more."""
        options: dict[str, Any] = {}
        if self.language:
            options["supported_language"] = self.language
        if self.context:
            options["context"] = list(self.context)
        if self.entity_type:
            options["supported_entity"] = self.entity_type
        return options

    def made_patterns(self) -> list[Pattern]:
        """The patterns as Presidio has them."""
        return [Pattern(name, source, score) for name, source, score in self.patterns]


def read_file(document: Document) -> list[FileRecognizer]:
    """The recognizers of a file that are switched on, one for each of their languages.

    Raises:
        ConfigError: the file is not in the format; all problems, with their lines.
    """
    # Entry by entry, since a complaint about a union of types is hard to read.
    data = document.data
    listed = data.get("recognizers") if isinstance(data, dict) else None
    problems: list[Problem] = []
    for index, one in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(one, dict):
            try:
                validate(document, RecognizerModel, ("recognizers", index))
            except ConfigError as error:
                problems.extend(error.problems)
    if problems:
        raise ConfigError(problems)
    registry = validate(document, RegistryModel)
    found: list[FileRecognizer] = []
    for index, entry in enumerate(registry.recognizers):
        path: KeyPath = ("recognizers", index)
        if isinstance(entry, str):
            found.append(FileRecognizer(path=path, name=entry, class_name=entry))
        elif entry.enabled and _is_of_countries(entry, registry.supported_countries):
            found.extend(_of_languages(path, entry, registry))
    return found


def _is_of_countries(entry: RecognizerModel, countries: list[str] | None) -> bool:
    if countries is None or entry.country_code is None:
        return True
    return entry.country_code.lower() in {country.lower() for country in countries}


def _of_languages(
    path: KeyPath, entry: RecognizerModel, registry: RegistryModel
) -> Iterator[FileRecognizer]:
    default = registry.supported_languages or ["en"]
    for language, context in entry.languages(default):
        yield FileRecognizer(
            path=path,
            name=entry.name,
            class_name="" if entry.is_custom else entry.class_name or entry.name,
            entity_type=next(iter(entry.entity_types), ""),
            language=language,
            patterns=tuple((one.name, one.regex, float(one.score)) for one in entry.patterns),
            deny_list=tuple(entry.deny_list),
            deny_list_score=float(entry.deny_list_score),
            context=tuple(context),
            flags=registry.global_regex_flags,
            score_thresholds=dict(entry.score_thresholds),
        )
