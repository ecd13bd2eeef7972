"""Which upstreams serve a requested model, and under which name. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from gateway.errors import NotFound, Unavailable
from gateway.settings import Upstream
from gateway.types import Candidate, Family

# A name that a configured pattern may match. What does not look like a model's name is not one.
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/\-]{0,127}")
_GLOB = re.compile(r"[*?\[]")


def candidates(
    upstreams: Sequence[Upstream], model: str, family: Family, tenant: str = ""
) -> tuple[Candidate, ...]:
    """The upstreams that serve a tenant `model` and speak `family`, in the configuration's order.

    Raises:
        NotFound: none serves the model; the message does not repeat the name.
        Unavailable: some do, but none of them speaks the family.
    """
    serving: list[Upstream] = []
    if _MODEL.fullmatch(model):
        adapters = {name for one in upstreams for name in _adapters(one)}
        serving = [one for one in upstreams if _serves(one, model, tenant, model in adapters)]
    if not serving:
        raise no_such_model()
    speaking = [one for one in serving if family in one.families]
    if not speaking:
        raise Unavailable(
            f"No upstream that serves the requested model speaks this API ({family}).",
            code="family_not_served",
        )
    return tuple(Candidate(one.name, one.upstream_class) for one in speaking)


def _serves(upstream: Upstream, model: str, tenant: str, is_adapter: bool) -> bool:
    """Whether an upstream serves a tenant a model.

    The name of an adapter is that of a model at the upstreams that have it alone, and there for
    its tenants alone, whatever patterns and aliases say.
    """
    adapters = _adapters(upstream)
    if is_adapter and model not in adapters:
        return False
    for name in {model, target_model(upstream, model)} & adapters.keys():
        if not any(fnmatchcase(tenant, pattern) for pattern in adapters[name]):
            return False
    named = model in adapters or model in upstream.deprecated_models
    return named or any(fnmatchcase(model, pattern) for pattern in upstream.models)


def target_model(upstream: Upstream, model: str) -> str:
    """The name under which an upstream is asked for a model."""
    return mapped_model(upstream.deprecated_models.get(model, model), upstream.model_map)


def mapped_model(model: str, model_map: Mapping[str, str]) -> str:
    """The upstream's name for a model: that of the first glob that matches, else the same."""
    for pattern, target in model_map.items():
        if fnmatchcase(model, pattern):
            return target
    return model


def hides_cached(upstreams: Sequence[Upstream], chosen: Sequence[Candidate]) -> bool:
    """Whether one of the chosen upstreams shares a prefix cache between callers who must not
    learn of each other."""
    names = {one.name for one in chosen}
    return any(one.name in names and one.vllm and not one.vllm.shows_cached for one in upstreams)


def no_such_model() -> NotFound:
    """The error for a model that nobody serves."""
    return NotFound(
        "No upstream serves the requested model; GET /v1/models lists what there is.",
        code="model_not_found",
        param="model",
    )


def is_configured(upstreams: Sequence[Upstream], model: str) -> bool:
    """Whether the configuration names `model` itself, not only a pattern that it matches."""
    return any(
        model in upstream.models
        or model in _adapters(upstream)
        or model in upstream.deprecated_models
        for upstream in upstreams
    )


def configured_models(upstreams: Sequence[Upstream]) -> tuple[tuple[str, str], ...]:
    """Every model that the configuration names, with its upstream: (model, upstream), in order."""
    named: dict[str, str] = {}
    for upstream in upstreams:
        for model in _names(upstream):
            if not _GLOB.search(model):
                named.setdefault(model, upstream.name)
    return tuple(named.items())


def _names(upstream: Upstream) -> Iterator[str]:
    yield from upstream.models
    yield from upstream.model_map
    yield from _adapters(upstream)


def _adapters(upstream: Upstream) -> Mapping[str, tuple[str, ...]]:
    return upstream.vllm.adapters if upstream.vllm else {}
