"""The models that a caller is offered are those that it could use."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import GatewayError
from gateway.offering import offered
from gateway.policy.decide import decide
from gateway.policy.model import Policy
from gateway.routing.candidates import candidates
from gateway.settings import Upstream
from gateway.types import Family, RequestFacts, Subject, UpstreamClass
from tests.policy.reading import head, policy
from tests.policy.strategies import policies

ON_PREM, EXTERNAL = UpstreamClass.ON_PREM, UpstreamClass.EXTERNAL
OPENAI = (Family.CHAT, Family.EMBEDDINGS)
CALLER = Subject("acme", "me", roles=frozenset({"staff"}), tags=frozenset({"office-paris"}))


def upstream(name: str, towards: UpstreamClass, *models: str, **more: object) -> Upstream:
    return Upstream(name=name, kind="openai", upstream_class=towards, models=models, **more)  # type: ignore[arg-type]


CLOUD = upstream("cloud", EXTERNAL, "gpt-4o", "gpt-mini", "gpt-*", model_map={"alias": "x"})
LOCAL = upstream("local", ON_PREM, "gpt-4o", "qwen")
REST = "  - {name: rest, effect: mask}\n"


def read(*rules: str, more: str = "") -> Policy:
    return policy(head() + more + "rules:\n" + "".join(f"  - {{{one}}}\n" for one in rules) + REST)


def test_each_model_is_offered_with_the_upstream_that_it_would_go_to() -> None:
    """Patterns name no model, and an alias that no pattern of its upstream serves is none."""
    assert offered(read(), [CLOUD, LOCAL], CALLER, OPENAI) == {
        "gpt-4o": "cloud", "gpt-mini": "cloud", "qwen": "local",
    }  # fmt: skip


def test_what_policy_denies_is_not_offered() -> None:
    deny = "name: shut, effect: deny, reason: No., when: "
    for condition, found in (
        ("{upstream_class: external}", {"gpt-4o": "local", "qwen": "local"}),
        ("{models: [gpt-*]}", {"qwen": "local"}),
        ("{tenants: [acme]}", {}),
        ("{roles: [staff], models: [qwen]}", {"gpt-4o": "cloud", "gpt-mini": "cloud"}),
        ("{tags: [office-*], upstreams: [local]}", {"gpt-4o": "cloud", "gpt-mini": "cloud"}),
    ):
        assert offered(read(deny + condition), [CLOUD, LOCAL], CALLER, OPENAI) == found, condition
    other = Subject("other", "me")
    assert len(offered(read(deny + "{tenants: [acme]}"), [CLOUD, LOCAL], other, OPENAI)) == 3


def test_what_is_denied_for_its_findings_is_offered() -> None:
    rule = "name: shut, effect: deny, reason: No., when: {any_of: [PERSON]}"
    assert "qwen" in offered(read(rule), [LOCAL], CALLER, OPENAI)


def test_a_model_is_offered_in_the_families_that_its_upstreams_speak() -> None:
    vectors = upstream("vectors", EXTERNAL, "embed", families=frozenset({Family.EMBEDDINGS}))
    claude = upstream("claude", EXTERNAL, "claude-1", families=frozenset({Family.MESSAGES}))
    every = [vectors, claude]
    assert offered(read(), every, CALLER, OPENAI) == {}  # embeddings stay on the premises
    anywhere = read(more="handling: {embeddings: any}\n")
    assert offered(anywhere, every, CALLER, OPENAI) == {"embed": "vectors"}
    assert offered(anywhere, every, CALLER, [Family.MESSAGES]) == {"claude-1": "claude"}


_UPSTREAMS = [
    upstream("cloud", EXTERNAL, "a", "x-1"),
    upstream("local", ON_PREM, "a", "bb"),
    upstream("cloud-2", EXTERNAL, "bb", "claude", families=frozenset({Family.EMBEDDINGS})),
]
_CALLERS = st.builds(
    Subject, tenant=st.sampled_from(["a", "bb", "z"]), principal=st.just("me"),
    roles=st.frozensets(st.sampled_from(["a", "bb"])), tags=st.frozensets(st.just("z")),
)  # fmt: skip


@given(policies(), _CALLERS)
def test_a_model_is_offered_exactly_where_an_empty_request_goes_through(
    rules: Policy, caller: Subject
) -> None:
    found = offered(rules, _UPSTREAMS, caller, OPENAI)
    for model in ("a", "bb", "x-1", "claude", "unknown"):
        through = []
        for family in OPENAI:
            facts = RequestFacts(
                tenant=caller.tenant, family=family, model=model, roles=caller.roles,
                tags=caller.tags,
            )  # fmt: skip
            try:
                through += decide(rules, facts, candidates(_UPSTREAMS, model, family)).candidates
            except GatewayError:
                continue
        assert (model in found) == bool(through)
        assert not through or found[model] == through[0].name
