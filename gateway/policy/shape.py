"""The shape of a policy file, as pydantic models and as JSON Schema. Pure.

`policies/README.md` is the reference for authors, `policies/policy.schema.json` is for editors.
Entity types are checked by shape only, since recognizers may be added.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Annotated, Any, Literal, TypeAlias, TypeVar, get_args

from pydantic import (
    AfterValidator,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from gateway.validation import Strict, did_you_mean

MAX_RULES = 1000

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_CLASS = re.compile(r"(?=.*[a-z])[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ENTITY_TYPE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_GLOB = re.compile(r"[^\s\[\]\x00-\x1f\x7f]{1,128}")
_HOST = re.compile(r"(?i)[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?::[0-9]{1,5})?")
_POINTER = re.compile(r"(?:/[^/\s]{1,64}){1,16}")
_WORD = re.compile(r"[a-z][a-z0-9_]{0,63}")


def name(text: str) -> str:
    """`text`, if it may name a rule or policy; raises ValueError."""
    if not _NAME.fullmatch(text):
        raise ValueError("must be a name: letters, digits, dot, dash, underscore; at most 64")
    return text


def class_name(text: str) -> str:
    """`text`, if it may name a class; raises ValueError."""
    if not _CLASS.fullmatch(text):
        raise ValueError("must be a name with a small letter, so that it is no entity type")
    if text == "any":
        raise ValueError("must be another name: under at_least, any stands for every type")
    return text


def entity_type(text: str) -> str:
    """`text`, if it has the shape of an entity type; raises ValueError."""
    if not _ENTITY_TYPE.fullmatch(text):
        raise ValueError("must be an entity type: capitals, digits and underscores")
    return text


def is_entity_type(text: str) -> bool:
    """Whether a name is that of an entity type, not of a class."""
    return _ENTITY_TYPE.fullmatch(text) is not None


def type_or_class(text: str) -> str:
    """`text`, if it has the shape of an entity type or a class; raises ValueError."""
    if not is_entity_type(text) and not _CLASS.fullmatch(text):
        raise ValueError("must be an entity type (capitals) or a class")
    return text


def glob(text: str) -> str:
    """`text`, if it is a pattern of literal characters, `*` and `?`; raises ValueError."""
    if not _GLOB.fullmatch(text):
        raise ValueError("must be a pattern: text with * and ?, no spaces or brackets")
    if text.count("*") > 8 or "**" in text:
        raise ValueError("must have at most eight *, and none beside another")
    return text


def sentence(text: str) -> str:
    """`text`, if it can be shown to callers as a reason; raises ValueError."""
    if not text.strip() or len(text) > 300 or not text.isprintable():
        raise ValueError("must be one printable line of 1 to 300 characters")
    return text


def host(text: str) -> str:
    """`text` in small letters, if it is a host, perhaps with a port; raises ValueError."""
    if not _HOST.fullmatch(text):
        raise ValueError("must be a host such as crm.example.com, without scheme or path")
    return text.lower()


def pointer(text: str) -> str:
    """`text`, if it is a JSON pointer, in which `*` stands for any one step; raises ValueError."""
    if not _POINTER.fullmatch(text):
        raise ValueError("must be a JSON pointer such as /customer/name or /items/*/name")
    return text


def word(text: str) -> str:
    """`text`, if it is a word of small letters; raises ValueError."""
    if not _WORD.fullmatch(text):
        raise ValueError("must be a word of small letters, digits and underscores")
    return text


def or_else(message: str, *words: str) -> WrapValidator:
    """Says in one sentence what fits none of several kinds, where pydantic complains of each; and
    which of some words may be meant."""

    def checked(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        with suppress(ValidationError):
            return handler(value)
        hint = did_you_mean(value, words) if isinstance(value, str) else ""
        said = f"{message}: {hint}" if hint else message
        raise ValueError(said)  # outside of the handler: pydantic's error holds the input

    return WrapValidator(checked)


_Item = TypeVar("_Item")
Filled: TypeAlias = Annotated[list[_Item], Field(min_length=1)]
Name: TypeAlias = Annotated[str, AfterValidator(name)]
ClassName: TypeAlias = Annotated[str, AfterValidator(class_name)]
EntityType: TypeAlias = Annotated[str, AfterValidator(entity_type)]
TypeOrClass: TypeAlias = Annotated[str, AfterValidator(type_or_class)]
Glob: TypeAlias = Annotated[str, AfterValidator(glob)]
Sentence: TypeAlias = Annotated[str, AfterValidator(sentence)]
Host: TypeAlias = Annotated[str, AfterValidator(host)]
Pointer: TypeAlias = Annotated[str, AfterValidator(pointer)]
Word: TypeAlias = Annotated[str, AfterValidator(word)]
Language: TypeAlias = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
UpstreamClassName: TypeAlias = Literal["on_prem", "external"]
SeverityName: TypeAlias = Literal["low", "medium", "high", "critical"]
NewDataName: TypeAlias = Literal["keep", "flag", "mask"]
FamilyName: TypeAlias = Literal["*", "chat", "responses", "messages", "completions", "embeddings"]
ThinkingName: TypeAlias = Literal["masked", "restored"]
CachedName: TypeAlias = Literal["shown", "hidden"]
Use: TypeAlias = Annotated[
    str | dict[str, str | list[str]],
    or_else("must be an operator, or a mapping of `operator` and the words of its options"),
]
"""An operator: its name, or `operator` with its options."""


class WhenModel(Strict):
    """The conditions of a rule; all that are given must hold."""

    any_of: Filled[TypeOrClass] | None = None
    all_of: Filled[TypeOrClass] | None = None
    at_least: (
        Annotated[dict[TypeOrClass, Annotated[int, Field(ge=1)]], Field(min_length=1)] | None
    ) = None
    severity: SeverityName | None = None
    score: Filled[Literal["low", "medium", "high"]] | None = None
    models: Filled[Glob] | None = None
    tenants: Filled[Glob] | None = None
    roles: Filled[Glob] | None = None
    tags: Filled[Glob] | None = None
    languages: Filled[Language] | None = None
    families: Filled[FamilyName] | None = None
    upstream_class: UpstreamClassName | None = None
    upstreams: Filled[Glob] | None = None


class AnswersModel(Strict):
    """What becomes of an answer."""

    new_data: NewDataName | None = None
    operators: dict[TypeOrClass, Use] | None = None
    default_operator: Use | None = None
    hosts: list[Host] | None = None
    tools: list[Glob] | None = None
    paths: dict[Glob, Filled[Pointer]] | None = None
    thinking: ThinkingName | None = None
    cached_tokens: CachedName | None = None


class RuleModel(Strict):
    """One rule."""

    name: Name
    when: WhenModel | None = None
    effect: Literal["deny", "mask", "route", "unsafe_allow"]
    reason: Sentence | None = None
    operators: dict[TypeOrClass, Use] | None = None
    default_operator: Use | None = None
    to: (
        Annotated[
            UpstreamClassName | Filled[Glob],
            or_else(
                "must be on_prem, external, or a list of upstreams' names (patterns)",
                *get_args(UpstreamClassName),
            ),
        ]
        | None
    ) = None
    answers: AnswersModel | None = None


class HandlingModel(Strict):
    """What holds whatever the rules say."""

    unsupported_languages: Literal["on_prem_only", "patterns", "deny"] | None = None
    media: Literal["on_prem_only", "deny", "unsafe_pass"] | None = None
    embeddings: Literal["on_prem_only", "any"] | None = None
    unknown_fields: Literal["mask", "drop", "refuse"] | None = None
    hosted_tools: list[Word] | None = None
    logprobs: Literal["refuse", "drop"] | None = None
    provider_state: Literal["never", "on_prem_only", "unsafe_pass"] | None = None
    too_long: Literal["refuse", "drop_oldest"] | None = None


class RecordModel(Strict):
    """What is kept beside the records of exchanges."""

    content: Literal["none", "masked", "original"] | None = None
    subjects: list[TypeOrClass] | None = None
    retention_days: Annotated[int, Field(ge=1, le=3650)] | None = None


class PolicyModel(Strict):
    """A policy file."""

    version: Literal[1]
    id: Name
    extends: (
        Annotated[Filled[str] | str, or_else("must be a policy or a list of policies")] | None
    ) = None
    shadow: bool | None = None
    unsafe_shadow_external: bool | None = None
    classes: dict[ClassName, Filled[TypeOrClass]] | None = None
    severity: dict[EntityType, SeverityName] | None = None
    handling: HandlingModel | None = None
    answers: AnswersModel | None = None
    record: RecordModel | None = None
    rules: Annotated[list[RuleModel], Field(max_length=MAX_RULES)] | None = None


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a policy file, for editors."""
    schema = PolicyModel.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "Cloakroom policy",
    }
