"""Which upstreams serve a requested model. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

from gateway.errors import NotFound, Unavailable
from gateway.settings import Upstream
from gateway.types import Candidate, Family

# A name that a configured pattern may match. What does not look like a model's name is not one.
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/\-]{0,127}")
_GLOB = re.compile(r"[*?\[]")


def candidates(upstreams: Sequence[Upstream], model: str, family: Family) -> tuple[Candidate, ...]:
    """The upstreams that serve `model` and speak `family`, in the order of the configuration.

    Raises:
        NotFound: none serves the model; the message does not repeat the name.
        Unavailable: some do, but none of them speaks the family.
    """
    serving: list[Upstream] = []
    if _MODEL.fullmatch(model):
        serving = [
            upstream
            for upstream in upstreams
            if any(fnmatchcase(model, pattern) for pattern in upstream.models)
        ]
    if not serving:
        raise no_such_model()
    speaking = [one for one in serving if family in one.families]
    if not speaking:
        raise Unavailable(
            f"No upstream that serves the requested model speaks this API ({family}).",
            code="family_not_served",
        )
    return tuple(Candidate(one.name, one.upstream_class) for one in speaking)


def no_such_model() -> NotFound:
    """The error for a model that nobody serves."""
    return NotFound(
        "No upstream serves the requested model; GET /v1/models lists what there is.",
        code="model_not_found",
        param="model",
    )


def is_configured(upstreams: Sequence[Upstream], model: str) -> bool:
    """Whether the configuration names `model` itself, not only a pattern that it matches."""
    return any(model in upstream.models for upstream in upstreams)


def configured_models(upstreams: Sequence[Upstream]) -> tuple[tuple[str, str], ...]:
    """Every model that the configuration names, with its upstream: (model, upstream), in order."""
    named: dict[str, str] = {}
    for upstream in upstreams:
        for model in (*upstream.models, *upstream.model_map):
            if not _GLOB.search(model):
                named.setdefault(model, upstream.name)
    return tuple(named.items())
