"""Legacy completions and embeddings by the official `openai` client, sync and async."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.e2e.test_openai_sdk import TEXT, nothing_left
from tests.e2e.world import Gateway, ModelServer, config_for

World = tuple[Gateway, ModelServer]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The external upstream comes first, and the one on the premises serves all as well."""
    model = ModelServer()
    model.start()
    local = (
        "  - {name: local, kind: openai, class: on_prem, models: ['*'], families: [embeddings],"
        f" base_url: 'http://127.0.0.1:{model.port}/v1', api_key: local-key}}\n"
    )
    gateway = Gateway(tmp_path_factory.mktemp("sdk"), config_for(model.port, upstreams=local))
    try:
        gateway.start()
        yield gateway, model
    finally:
        gateway.stop()
        model.stop()


@pytest.fixture
def client(world: World) -> Iterator[openai.OpenAI]:
    world[1].received.clear()
    with openai.OpenAI(base_url=f"{world[0].url}/v1", api_key="any", max_retries=0) as made:
        yield made


def test_each_prompt_comes_back_and_nothing_planted_reaches_the_model(
    world: World, client: openai.OpenAI
) -> None:
    answer = client.completions.create(model="echo", prompt=[TEXT, "b"], suffix=TEXT, user="jane")

    assert [choice.text for choice in answer.choices] == [TEXT, "b"]
    assert [choice.index for choice in answer.choices] == [0, 1]
    assert answer.object == "text_completion"
    assert answer.usage is not None
    assert answer.usage.total_tokens == 18
    nothing_left(world[1])
    assert world[1].bodies[0]["user"] != "jane"
    assert world[1].received[0][0]["Authorization"] == "Bearer upstream-key"


def test_streamed(world: World, client: openai.OpenAI) -> None:
    chunks = list(
        client.completions.create(
            model="echo", prompt=[TEXT, TEXT], stream=True, stream_options={"include_usage": True}
        )
    )

    for index in range(2):
        choices = [one for chunk in chunks for one in chunk.choices if one.index == index]
        assert "".join(one.text for one in choices) == TEXT
        assert choices[-1].finish_reason == "stop"
    assert chunks[-1].usage is not None
    nothing_left(world[1])


async def test_asynchronously(world: World) -> None:
    world[1].received.clear()
    async with openai.AsyncOpenAI(base_url=f"{world[0].url}/v1", api_key="any") as client:
        whole = await client.completions.create(model="echo", prompt=TEXT)
        stream = await client.completions.create(model="echo", prompt=TEXT, stream=True)
        streamed = "".join([chunk.choices[0].text async for chunk in stream])
        vector = await client.embeddings.create(model="echo", input=TEXT)

    assert whole.choices[0].text == streamed == TEXT
    assert vector.data[0].embedding == [0.5, 0.0]
    nothing_left(world[1])


@pytest.mark.parametrize("fields", [{}, {"encoding_format": "float"}, {"dimensions": 2}])
def test_embeddings_are_made_on_the_premises(
    world: World, client: openai.OpenAI, fields: dict[str, Any]
) -> None:
    """The client asks for packed vectors by itself, and for figures where it is told to."""
    answer = client.embeddings.create(model="echo", input=[TEXT, "b"], **fields)

    assert [one.embedding for one in answer.data] == [[0.5, 0.0], [0.5, 1.0]]
    assert answer.usage.prompt_tokens == 11
    nothing_left(world[1])
    headers, _ = world[1].received[0]
    assert headers["Authorization"] == "Bearer local-key"


def test_a_value_has_one_placeholder_in_what_is_indexed_and_searched_for(
    world: World, client: openai.OpenAI
) -> None:
    client.embeddings.create(model="echo", input="Contract of jane.roe@example.com")
    client.embeddings.create(model="echo", input=["What did jane.roe@example.com sign?"])
    indexed, searched = (body["input"] for body in world[1].bodies)
    (placeholder,) = [word for word in indexed.split() if word.startswith("<EMAIL")]
    assert placeholder in searched[0]


def test_embeddings_without_an_upstream_on_the_premises_are_denied(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path, config_for(1))
    gateway.start()
    try:
        with (
            openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="any", max_retries=0) as client,
            pytest.raises(openai.PermissionDeniedError) as caught,
        ):
            client.embeddings.create(model="echo", input="a")
        (denied,) = [one for one in gateway.records() if one["type"] == "request.denied"]
    finally:
        gateway.stop()
    assert caught.value.code == "policy_denied"
    assert "premises" in caught.value.message
    assert denied["operation"] == "embeddings"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"prompt": [1, 2]}, "unsupported_parameter"),
        ({"prompt": "a", "echo": True}, "unsupported_parameter"),
        ({"prompt": "a", "logprobs": 0}, "unsupported_parameter"),
    ],
)
def test_what_is_refused_never_leaves(
    world: World, client: openai.OpenAI, fields: dict[str, Any], code: str
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.completions.create(model="echo", **fields)
    with pytest.raises(openai.BadRequestError):
        client.embeddings.create(model="echo", input=[[1, 2]])
    assert caught.value.code == code
    assert world[1].received == []
