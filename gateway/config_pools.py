"""What the configuration says of a pool of vLLM servers: its shape, and its settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import AfterValidator, Field

from gateway import settings as made
from gateway.config_schema import Glob, Host, ModelName, Name, Text, Url
from gateway.validation import Strict


def _replica(url: str) -> str:
    return url.removesuffix("/v1")


Replica: TypeAlias = Annotated[Url, AfterValidator(_replica)]
Globs: TypeAlias = Annotated[list[Glob], Field(min_length=1)]


class DnsModel(Strict):
    """A name that resolves to all servers of a pool, such as that of a headless service."""

    name: Host
    port: Annotated[int, Field(ge=1, le=65_535)] = 8000
    tls: bool = False


class AdapterModel(Strict):
    """A LoRA adapter, and who may use it."""

    tenants: Globs


class PoolModel(Strict):
    """The keys of `upstreams` that have a meaning for the kind vllm alone."""

    replicas: Annotated[list[Replica], Field(min_length=1, max_length=256)] | None = None
    dns: DnsModel | None = None
    salt: Literal["tenant", "principal", "group"] = "tenant"
    salt_groups: dict[Name, Globs] = Field(default_factory=dict)
    cached_tokens: Literal["hidden", "shown"] | None = None
    scheduling: Literal["fcfs", "priority"] = "fcfs"
    priorities: dict[Glob, Annotated[int, Field(ge=-1_000, le=1_000)]] = Field(default_factory=dict)
    adapters: dict[ModelName, AdapterModel] = Field(default_factory=dict)
    root: Text | None = None


POOL_KEYS: Final = frozenset(PoolModel.model_fields)


def pool_url(model: PoolModel) -> str:
    """Where one of the servers is, for what looks at one alone; "" where it is not said."""
    if model.replicas:
        return model.replicas[0]
    if model.dns is None:
        return ""
    return f"{'https' if model.dns.tls else 'http'}://{model.dns.name}:{model.dns.port}"


def pool_settings(model: Any) -> made.Vllm:
    """The settings of a pool; `base_url` is that of its only server."""
    dns = model.dns or DnsModel.model_construct(name="", port=8000, tls=False)
    replicas = model.replicas or ([_replica(model.base_url)] if model.base_url else [])
    shown = model.cached_tokens or ("shown" if model.salt == "principal" else "hidden")
    by_priority = model.scheduling == "priority"
    return made.Vllm(
        replicas=tuple(dict.fromkeys(replicas)),
        dns_name=dns.name,
        dns_port=dns.port,
        dns_tls=dns.tls,
        salt=model.salt,
        salt_groups={name: tuple(globs) for name, globs in model.salt_groups.items()},
        shows_cached=shown == "shown",
        priorities=dict(model.priorities) if by_priority else None,
        adapters={name: tuple(one.tenants) for name, one in model.adapters.items()},
        root=model.root or "",
    )


def pool_contradictions(model: Any) -> Iterator[tuple[str, str, str]]:
    """What the keys of a pool must not say together: key ("": all), message, hint."""
    if model.upstream_class != "on_prem":
        yield "class", "an upstream of kind vllm is on_prem", "use kind openai for one outside"
    ways = [key for key in ("replicas", "dns", "base_url") if getattr(model, key)]
    if len(ways) != 1:
        hint = "list the servers, or give the name of a service that resolves to all of them"
        yield "", "exactly one of replicas, dns and base_url must be given", hint
    if model.salt_groups and model.salt != "group":
        yield "salt_groups", "has a meaning with salt: group alone", ""
    if model.salt == "group" and not model.salt_groups:
        yield "salt", "salt: group needs salt_groups", ""
    if model.priorities and model.scheduling != "priority":
        hint = "start vLLM with --scheduling-policy priority, and say scheduling: priority"
        yield "priorities", "has a meaning with scheduling: priority alone", hint
