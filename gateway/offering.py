"""Which models a caller is offered: those that policy could let it use. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from gateway.errors import NotFound, Unavailable
from gateway.policy.decide import decide
from gateway.policy.model import Policy
from gateway.routing.candidates import candidates, configured_models
from gateway.settings import Upstream
from gateway.types import Candidate, Family, RequestFacts, Subject


def offered(
    policy: Policy, upstreams: Sequence[Upstream], subject: Subject, families: Collection[Family]
) -> dict[str, str]:
    """Each configured model for which a request without any findings would be let through in one
    of the families, with the upstream to which it would go."""
    found: dict[str, str] = {}
    for model, _ in configured_models(upstreams):
        upstream = next(_reached(policy, upstreams, subject, model, families), None)
        if upstream is not None:
            found[model] = upstream
    return found


def _reached(
    policy: Policy,
    upstreams: Sequence[Upstream],
    subject: Subject,
    model: str,
    families: Collection[Family],
) -> Iterator[str]:
    """The upstreams to which a plain request would go, by family."""
    for family in families:
        facts = RequestFacts(
            tenant=subject.tenant,
            roles=subject.roles,
            tags=subject.tags,
            family=family,
            model=model,
        )
        decision = decide(policy, facts, _serving(upstreams, subject, model, family))
        if decision.candidates:
            yield decision.candidates[0].name


def _serving(
    upstreams: Sequence[Upstream], subject: Subject, model: str, family: Family
) -> tuple[Candidate, ...]:
    try:
        return candidates(upstreams, model, family, subject.tenant)
    except (NotFound, Unavailable):  # nobody serves it, or nobody speaks the family
        return ()
