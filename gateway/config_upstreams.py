"""What `upstreams` in the configuration says: the shape of an entry, and the settings read off it.

Each kind of server has keys of its own and speaks the API families that are named for it here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from gateway import masterkey
from gateway import settings as made
from gateway.audit.routing import COUNTRY, PROCESSOR, REFERENCE
from gateway.config_pools import (
    POOL_KEYS,
    PoolModel,
    pool_contradictions,
    pool_settings,
    pool_url,
)
from gateway.config_schema import Glob, HeaderName, ModelName, Name, Text, Url, is_loopback
from gateway.masterkey import SecretProblem
from gateway.settings import FAMILIES_OF_KIND, KNOWN_BETAS
from gateway.strictyaml import KeyPath
from gateway.types import Family, UpstreamClass
from gateway.validation import Strict

_ANTHROPIC_URL: Final = "https://api.anthropic.com"
_DATED: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:-preview)?")
_OF_ALL: Final = frozenset(
    {"name", "kind", "upstream_class", "families", "models", "model_map", "deprecated_models"}
    | {"weight", "priority", "max_concurrent", "tokens_per_minute", "facts"}
)
_OWN_KEYS: Final = {
    "api_version": "azure_openai",
    "forward_betas": "anthropic",
    **dict.fromkeys(POOL_KEYS, "vllm"),
}
"""Keys that have a meaning for one kind alone."""


def _api_version(text: str) -> str:
    if not _DATED.fullmatch(text):
        raise ValueError("must be a date such as 2024-10-21, perhaps with -preview")
    return text


def _processor(text: str) -> str:
    if not PROCESSOR.fullmatch(text):
        raise ValueError("must be a name of at most 64 letters, digits, dots, dashes and _")
    return text


def _reference(text: str) -> str:
    if not REFERENCE.fullmatch(text):
        raise ValueError("must be a reference of at most 64 letters, digits, dots, dashes, _ and /")
    return text


def _country(text: str) -> str:
    if not COUNTRY.fullmatch(text):
        raise ValueError("must be the two letters of a country, such as DE")
    return text


ApiVersion: TypeAlias = Annotated[str, AfterValidator(_api_version)]
FamilyName: TypeAlias = Literal["chat", "responses", "messages", "completions", "embeddings"]


class FactsModel(Strict):
    """What the operator says of who processes what is sent, for the audit record."""

    processor: Annotated[str, AfterValidator(_processor)] | None = None
    country: Annotated[str, AfterValidator(_country)] | None = None
    dpa_ref: Annotated[str, AfterValidator(_reference)] | None = None
    retention_days: Annotated[int, Field(ge=0, le=36_500)] | None = None


class UpstreamModel(PoolModel):
    """One entry of `upstreams`."""

    name: Name
    kind: Literal["openai", "anthropic", "azure_openai", "vllm", "loopback"]
    upstream_class: Annotated[Literal["on_prem", "external"], Field(alias="class")]
    families: Annotated[list[FamilyName], Field(min_length=1)] | None = None
    base_url: Url | None = None
    api_key: Text | None = None
    api_version: ApiVersion | None = None
    models: Annotated[list[Glob], Field(min_length=1)] = Field(default_factory=lambda: ["*"])
    model_map: dict[Glob, ModelName] = Field(default_factory=dict)
    proxy_url: Url | None = None
    ca_file: Text | None = None
    client_cert_file: Text | None = None
    client_key_file: Text | None = None
    forward_headers: list[HeaderName] = Field(default_factory=list)
    forward_betas: list[Glob] | None = None
    weight: Annotated[float, Field(gt=0, le=1_000, allow_inf_nan=False)] = 1.0
    priority: Annotated[int, Field(ge=0, le=1_000)] | None = None
    max_concurrent: Annotated[int, Field(ge=1)] | None = None
    tokens_per_minute: Annotated[int, Field(ge=1)] | None = None
    probe_s: Annotated[float, Field(ge=1, le=3_600)] | None = None
    facts: FactsModel = Field(default_factory=FactsModel)
    deprecated_models: dict[ModelName, ModelName] = Field(default_factory=dict)

    @property
    def url(self) -> str:
        """The base URL, or the one that is known of the kind or of a pool; "" without any."""
        known = _ANTHROPIC_URL if self.kind == "anthropic" else ""
        return self.base_url or known or (f"{one}/v1" if (one := pool_url(self)) else "")

    @property
    def leaves_in_the_clear(self) -> bool:
        """Whether requests would cross a network that others run, unencrypted."""
        if self.upstream_class != "external":
            return False
        parts = urlsplit(self.url)
        return parts.scheme == "http" and not is_loopback(parts.hostname or "")


@dataclass(frozen=True, slots=True)
class UpstreamSection:
    """Reads an entry. `note` takes what is wrong: where, a message and a hint. `file` gives the
    absolute path of a file that must be there."""

    base: Path
    environ: Mapping[str, str]
    note: Callable[[KeyPath, str, str], None]
    file: Callable[..., Path | None]

    def read(self, path: KeyPath, model: UpstreamModel) -> made.Upstream:
        """The settings of one upstream."""
        for key, message, hint in _contradictions(model):
            self.note((*path, key) if key else path, message, hint)
        betas = model.forward_betas
        return made.Upstream(
            name=model.name,
            kind=model.kind,
            upstream_class=UpstreamClass(model.upstream_class),
            families=frozenset(map(Family, model.families or FAMILIES_OF_KIND[model.kind])),
            base_url=model.url,
            api_key=self._api_key((*path, "api_key"), model.api_key),
            api_version=model.api_version or "",
            models=tuple(model.models),
            model_map=dict(model.model_map),
            proxy_url=model.proxy_url,
            ca_file=self.file(model.ca_file, *path, "ca_file"),
            client_cert_file=self.file(model.client_cert_file, *path, "client_cert_file"),
            client_key_file=self.file(model.client_key_file, *path, "client_key_file"),
            forward_headers=tuple(model.forward_headers),
            forward_betas=KNOWN_BETAS if betas is None else tuple(betas),
            weight=model.weight,
            priority=model.priority,
            max_concurrent=model.max_concurrent or 0,
            tokens_per_minute=model.tokens_per_minute or 0,
            probe_s=model.probe_s or 0.0,
            facts=made.Facts(**model.facts.model_dump()),
            deprecated_models=dict(model.deprecated_models),
            vllm=pool_settings(model) if model.kind == "vllm" else None,
        )

    def _api_key(self, path: KeyPath, text: str | None) -> made.Secret | None:
        if text is None:
            return None
        if masterkey.is_reference(text) or "${" in text:
            try:
                text = masterkey.resolve(text, self.base, self.environ)
            except SecretProblem as error:
                self.note(path, str(error), "")
                return None
        if not text.isascii() or not text.isprintable() or " " in text:
            self.note(path, "must be printable ASCII without spaces, as in an HTTP header", "")
            return None
        return made.Secret(text)


def _contradictions(model: UpstreamModel) -> Iterator[tuple[str, str, str]]:
    """What the keys of one upstream must not say together: key ("": all), message, hint."""
    given = model.model_fields_set
    for key in sorted(given):
        if model.kind == "loopback" and key not in _OF_ALL:
            yield key, "has no meaning for an upstream of kind loopback", ""
        elif _OWN_KEYS.get(key, model.kind) != model.kind:
            yield key, f"has a meaning for an upstream of kind {_OWN_KEYS[key]} alone", ""
    if model.kind == "vllm":
        if model.probe_s is not None:
            yield "probe_s", "has no meaning for an upstream of kind vllm, which is looked at", ""
        yield from pool_contradictions(model)
    elif model.kind != "loopback" and not model.url:
        yield "", 'required key "base_url" is missing', ""
    if model.leaves_in_the_clear:
        yield "base_url", "an external upstream must be reached over https", "write https://"
    if (model.client_cert_file is None) != (model.client_key_file is None):
        yield "", "client_cert_file and client_key_file belong together", ""
    yield from _unspoken(model)


def _unspoken(model: UpstreamModel) -> Iterator[tuple[str, str, str]]:
    """Families that a kind cannot speak; a server that is compatible with OpenAI may speak any."""
    if model.kind in ("openai", "loopback"):
        return
    spoken = FAMILIES_OF_KIND[model.kind]
    if any(one not in spoken for one in model.families or ()):
        names = ", ".join(one for one in Family if one in spoken)
        yield "families", f"an upstream of kind {model.kind} speaks {names} alone", ""
