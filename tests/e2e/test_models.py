"""The list of models by the official clients: what policy lets the caller use, and no more."""

from __future__ import annotations

from collections.abc import Iterator

import anthropic
import openai
import pytest

from tests.e2e.world import Gateway

CONFIG = """\
version: 1
policies: [own.yaml]
auth: {mode: none, tags: [office-paris]}
upstreams:
  - {name: cloud, kind: loopback, class: external, models: [gpt-a, shared, claude-a]}
  - {name: vllm, kind: loopback, class: on_prem, models: [shared, qwen], families: [chat]}
audit: {url: "sqlite:///audit.db"}
"""
POLICY = """\
version: 1
id: own
rules:
  - name: shared-stays-home
    effect: route
    to: on_prem
    when: {models: [shared]}
  - {name: not-in-paris, effect: deny, reason: No., when: {models: [gpt-*], tags: [office-paris]}}
  - {name: rest, effect: mask}
"""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("models")
    (folder / "own.yaml").write_text(POLICY)
    made = Gateway(folder, CONFIG)
    made.start()
    yield made
    made.stop()


def test_openai(gateway: Gateway) -> None:
    """What is denied is not listed, and a model belongs to the upstream that it would go to."""
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="any", max_retries=0) as client:
        listed = {model.id: model.owned_by for model in client.models.list()}
        one = client.models.retrieve("qwen")
        with pytest.raises(openai.NotFoundError) as caught:
            client.models.retrieve("gpt-a")
        with pytest.raises(openai.PermissionDeniedError):
            client.chat.completions.create(
                model="gpt-a", messages=[{"role": "user", "content": "hi"}]
            )

    assert listed == {"shared": "vllm", "claude-a": "cloud", "qwen": "vllm"}
    assert (one.id, one.object) == ("qwen", "model")
    assert caught.value.code == "model_not_found"


def test_anthropic(gateway: Gateway) -> None:
    """Only what can be asked for messages; page by page."""
    with anthropic.Anthropic(base_url=gateway.url, api_key="any", max_retries=0) as client:
        listed = [model.id for model in client.models.list(limit=1)]
        one = client.models.retrieve("claude-a")
        for missing in ("qwen", "shared", "gpt-a"):
            with pytest.raises(anthropic.NotFoundError):
                client.models.retrieve(missing)

    assert listed == ["claude-a"]
    assert (one.type, one.display_name) == ("model", "claude-a")
