"""The shape of the configuration file: one model per section, and what each value must be. Pure.

Everything here looks at one value or one section; `config.py` looks at files, the environment
and several sections together. Messages never quote a value.
"""

from __future__ import annotations

import ipaddress
import re
import warnings
from typing import Annotated, Any, Literal, TypeAlias
from urllib.parse import SplitResult, urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    model_validator,
)

from gateway.policy.shape import entity_type, glob, name
from gateway.settings import CustomRecognizer, Detection, ListEntry
from gateway.types import LANGUAGES
from gateway.validation import Strict

DENY_LISTED = "DENY_LISTED"
PROFILES = ("fast", "accurate", "patterns")

_HOST = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*\.?")
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")  # RFC 9110, section 5.6.2
_OBJECT = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*:[^\W\d]\w*")
_MODEL = re.compile(r"[^\s*?\[\]\x00-\x1f\x7f]{1,128}")
# Headers that carry credentials, addresses or framing are never the caller's to set.
_OURS = frozenset(
    "accept accept-encoding authorization connection content-encoding content-length content-type "
    "cookie expect forwarded host keep-alive proxy-authorization proxy-connection te trailer "
    "transfer-encoding upgrade user-agent x-real-ip x-request-id "
    "anthropic-beta anthropic-version api-key x-api-key".split()
)
_OUR_PREFIXES = ("x-cloakroom-", "x-forwarded-", "proxy-", "sec-")


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only mean this machine."""
    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host(text: str) -> str:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        if not _HOST.fullmatch(text):
            raise ValueError("must be an IP address or a host name") from None
    return text


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise ValueError("must be an http:// or https:// URL") from None
    if not valid or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("must be an http:// or https:// URL")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold credentials")
    if "?" in text or "#" in text:
        raise ValueError("must not have a query or a fragment")
    return parts


def _url(text: str) -> str:
    _split(text)
    return text.rstrip("/")


def _header(text: str) -> str:
    low = text.lower()
    if not _TOKEN.fullmatch(text):
        raise ValueError("must be a header name")
    if low in _OURS or low.startswith(_OUR_PREFIXES):
        raise ValueError("is a header that is never forwarded")
    return low


def _model_name(text: str) -> str:
    if not _MODEL.fullmatch(text):
        raise ValueError("must be a model's name, without spaces or patterns")
    return text


def _object(text: str) -> str:
    if not _OBJECT.fullmatch(text):
        raise ValueError("must be package.module:ClassName")
    return text


def _regex(text: str) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            empty = re.compile(text).fullmatch("") is not None
    except (re.error, Warning, RecursionError, OverflowError):
        raise ValueError("must be a valid, unambiguous regular expression") from None
    if empty:
        raise ValueError("must not match the empty text")
    return text


def _as_entry(value: object) -> object:
    return {"text": value} if isinstance(value, str) else value


def _as_deny_entry(value: object) -> object:
    return {"text": value, "entity_type": DENY_LISTED} if isinstance(value, str) else value


def _line(text: str) -> str:
    if not text.strip() or "\x00" in text:
        raise ValueError("must not be empty")
    return text


Text: TypeAlias = Annotated[str, AfterValidator(_line)]
Host: TypeAlias = Annotated[str, AfterValidator(_host)]
Name: TypeAlias = Annotated[str, AfterValidator(name)]
EntityType: TypeAlias = Annotated[str, AfterValidator(entity_type)]
Glob: TypeAlias = Annotated[str, AfterValidator(glob)]
Regex: TypeAlias = Annotated[str, AfterValidator(_regex)]
Url: TypeAlias = Annotated[str, AfterValidator(_url)]
HeaderName: TypeAlias = Annotated[str, AfterValidator(_header)]
ModelName: TypeAlias = Annotated[str, AfterValidator(_model_name)]
Probability: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Seconds: TypeAlias = Annotated[float, Field(gt=0, le=3600)]


class FileModel(Strict):
    """The sections, still unread: each is read on its own, so that all can be complained of."""

    version: Literal[1]
    upstreams: Annotated[list[Any], Field(min_length=1)]
    listen: Any = None
    auth: Any = None
    policies: Any = None
    detection: Any = None
    limits: Any = None
    vault: Any = None
    console: Any = None
    audit: Any = None
    secrets: Any = None


class TlsModel(Strict):
    """`listen.tls`."""

    cert_file: Text
    key_file: Text


class ListenModel(Strict):
    """`listen`. Port 0 lets the system choose."""

    host: Host = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    tls: TlsModel | None = None


class AuthModel(Strict):
    """`auth`."""

    mode: Literal["keys", "none"]
    keys_file: Text | None = None
    allow_unauthenticated: bool = False
    tags: list[Annotated[str, Field(pattern=r"^[A-Za-z0-9._:\-]{1,64}$")]] = Field(
        default_factory=list
    )

    @model_validator(mode="after")
    def _keys(self) -> AuthModel:
        if (self.mode == "keys") != (self.keys_file is not None):
            raise ValueError("keys_file belongs to mode keys: give both, or neither")
        if self.tags and self.mode == "keys":
            raise ValueError("in mode keys each key has its own tags: cloakroom apikeys add --tag")
        return self


class PatternModel(Strict):
    """One pattern of a recognizer."""

    regex: Regex
    score: Probability


class RecognizerModel(Strict):
    """One entry of `detection.recognizers`."""

    name: Name
    entity_type: EntityType
    patterns: Annotated[list[PatternModel], Field(min_length=1)]
    context: list[Text] = Field(default_factory=list)


class EntryModel(Strict):
    """One entry of `detection.allow`."""

    text: Text | None = None
    pattern: Regex | None = None
    entity_type: EntityType | None = None
    tenant: Text | None = None

    @model_validator(mode="after")
    def _one(self) -> EntryModel:
        if (self.text is None) == (self.pattern is None):
            raise ValueError("needs either text or pattern, and not both")
        return self


class DenyEntryModel(EntryModel):
    """One entry of `detection.deny`: it says what it finds."""

    @model_validator(mode="after")
    def _typed(self) -> DenyEntryModel:
        if self.entity_type is None:
            raise ValueError("needs an entity_type")
        return self


class EngineModel(Strict):
    """One entry of `detection.engines`."""

    kind: Literal["spacy", "gliner", "transformers", "vllm"]
    model: Text
    labels: dict[Text, EntityType | Literal[""]] = Field(default_factory=dict)
    threshold: Probability = 0.5
    device: Literal["cpu", "cuda"] = "cpu"
    tokenizer: Text | None = None
    served_model: ModelName | None = None
    ca_file: Text | None = None
    timeout_s: Seconds = 5.0

    @model_validator(mode="after")
    def _fits_its_kind(self) -> EngineModel:
        of_vllm = {"tokenizer", "served_model", "ca_file", "timeout_s"}
        if self.kind == "vllm":
            if self.tokenizer is None or self.served_model is None:
                raise ValueError("kind vllm needs tokenizer and served_model")
            host = _split(self.model).hostname or ""
            if self.model.startswith("http:") and not is_loopback(host):
                raise ValueError("text would go out unmasked and unencrypted: write https://")
        elif stray := sorted(of_vllm & self.model_fields_set):
            raise ValueError(f"only kind vllm has {', '.join(stray)}")
        if self.kind == "gliner" and not self.labels:
            raise ValueError("kind gliner needs labels: what to look for, and what it means")
        return self


class DetectionModel(Strict):
    """`detection`. What `profile` may be is said by `config.py`, which has a hint for it."""

    profile: Text = "fast"
    languages: Annotated[list[Text], Field(min_length=1)] = Field(
        default_factory=lambda: sorted(LANGUAGES)
    )
    recognizers: list[RecognizerModel] = Field(default_factory=list)
    recognizer_modules: list[Annotated[str, AfterValidator(_object)]] = Field(default_factory=list)
    recognizer_files: list[Text] = Field(default_factory=list)
    predefined: list[Text] = Field(default_factory=list)
    engines: list[EngineModel] = Field(default_factory=list)
    allow: list[Annotated[EntryModel, BeforeValidator(_as_entry)]] = Field(default_factory=list)
    deny: list[Annotated[DenyEntryModel, BeforeValidator(_as_deny_entry)]] = Field(
        default_factory=list
    )
    thresholds: dict[EntityType, Probability] = Field(default_factory=dict)
    timeout_s: Seconds = 10.0
    cache_entries: Annotated[int, Field(ge=0, le=10_000_000)] = 20_000

    def settings(self) -> Detection:
        """The same, frozen; the files and engines are `config.py`'s to fill in."""
        return Detection(
            profile=self.profile,
            languages=tuple(self.languages),
            recognizers=tuple(
                CustomRecognizer(
                    name=one.name,
                    entity_type=one.entity_type,
                    patterns=tuple((pattern.regex, pattern.score) for pattern in one.patterns),
                    context=tuple(one.context),
                )
                for one in self.recognizers
            ),
            recognizer_modules=tuple(self.recognizer_modules),
            predefined=tuple(self.predefined),
            allow=tuple(ListEntry(**one.model_dump()) for one in self.allow),
            deny=tuple(ListEntry(**one.model_dump()) for one in self.deny),
            thresholds=dict(self.thresholds),
            timeout_s=self.timeout_s,
            cache_entries=self.cache_entries,
        )


class LimitsModel(Strict):
    """`limits`: bytes, levels, requests and seconds."""

    body_bytes: Annotated[int, Field(ge=1, le=1_000_000_000)] = 10_000_000
    depth: Annotated[int, Field(ge=1, le=256)] = 64
    in_flight: Annotated[int, Field(ge=1, le=100_000)] = 256
    connect_s: Seconds = 5.0
    first_byte_s: Seconds = 120.0
    idle_s: Seconds = 60.0


class VaultModel(Strict):
    """`vault`: for how many days later requests can use what earlier ones left."""

    response_days: Annotated[int, Field(ge=1, le=3650)] = 30
    batch_days: Annotated[int, Field(ge=1, le=3650)] = 30


class ConsoleModel(Strict):
    """`console`: a session ends after so many minutes without a page, and hours in all."""

    enabled: bool = False
    idle_minutes: Annotated[int, Field(ge=1, le=120)] = 15
    session_hours: Annotated[int, Field(ge=1, le=24)] = 8


class AuditModel(Strict):
    """`audit`. `password` is a reference; `origin` is the log's name in its checkpoints.

    `retention_days` is how long `cloakroom audit prune` keeps records; without it, for good.
    """

    url: Text
    retention_days: Annotated[int, Field(ge=1, le=36_500)] | None = None
    password: Text | None = None
    signing_key_file: Text | None = None
    origin: Annotated[str, StringConstraints(pattern=r"^[!-*,-~]{1,200}$")] | None = None


class SecretsModel(Strict):
    """`secrets`."""

    master_key: Text
