"""Conversations that the provider stores, with the official client, across a kill."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from tests.e2e.test_auth import cloakroom
from tests.e2e.world import Gateway, ModelServer, running, wait_until

POLICY = """\
version: 1
id: keeps
handling: {provider_state: unsafe_pass}
rules:
  - {name: all, effect: mask}
"""
MORE = "auth: {mode: keys, keys_file: keys.yaml}\n"
FIRST, SECOND = "I am zoe@example.com.", "Mail yan@example.com, not zoe@example.com."
World = tuple[Gateway, ModelServer, list[openai.OpenAI]]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A gateway with callers of two tenants, of the first of which there are two."""
    folder = tmp_path_factory.mktemp("state")
    (folder / "keeps.yaml").write_text(POLICY)
    (folder / "keys.yaml").write_text("version: 1\nkeys: []\n")
    with running(folder, "keeps.yaml", MORE) as (gateway, model):
        clients = []
        for tenant, name in (("acme", "a"), ("acme", "b"), ("bolt", "c")):
            made = cloakroom(gateway, "apikeys", "add", "--tenant", tenant, "--id", name)
            clients.append(
                openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=str(made["key"]), max_retries=0)
            )
        wait_until(lambda: is_known(clients[-1]), "the keys to be known")
        yield gateway, model, clients
        for client in clients:
            client.close()


def is_known(client: openai.OpenAI) -> bool:
    try:
        client.models.list()
    except openai.AuthenticationError:
        return False
    return True


def files(folder: Path) -> bytes:
    return b"".join(one.read_bytes() for one in folder.iterdir() if one.is_file())


def test_a_conversation_goes_on_after_a_kill(world: World) -> None:
    """Values of earlier turns come back, and stand neither at the provider nor in our files."""
    gateway, model, (client, *_) = world
    first = client.responses.create(model="echo", input=FIRST, store=True)
    assert first.output_text.endswith(FIRST)

    gateway.kill()
    gateway.start()

    with client.responses.stream(
        model="echo", input=SECOND, previous_response_id=first.id
    ) as stream:
        second = stream.get_final_response()
    assert second.output_text.endswith(f"{FIRST} {SECOND}")
    assert second.previous_response_id == first.id
    third = client.responses.create(model="echo", input="Who?", previous_response_id=second.id)
    assert third.output_text.endswith(f"{FIRST} {SECOND} Who?")

    assert {one.id for one in (first, second, third)}.isdisjoint(model.stored)
    assert "example.com" not in model.text
    assert b"example.com" not in files(gateway.folder)
    assert client.responses.retrieve(second.id).output_text == second.output_text


def test_nobody_else_can_go_on_with_it_fetch_or_delete_it(world: World) -> None:
    """Another tenant, another principal of the tenant, and whoever knows the provider's id."""
    _, model, (client, *others) = world
    answer = client.responses.create(model="echo", input=FIRST)
    at_provider = list(model.stored)[-1]
    model.received.clear()
    for caller, name in [(one, answer.id) for one in others] + [(client, at_provider)]:
        with pytest.raises(openai.NotFoundError) as caught:
            caller.responses.create(model="echo", input="And?", previous_response_id=name)
        assert caught.value.code == "previous_response_not_found"
        for work in (caller.responses.retrieve, caller.responses.delete):
            with pytest.raises(openai.NotFoundError) as caught:
                work(name)
            assert caught.value.code == "response_not_found"
    assert model.received == []
    assert at_provider in model.stored
    assert client.responses.retrieve(answer.id).output_text.endswith(FIRST)


def test_what_is_deleted_is_gone_at_the_provider_too(world: World) -> None:
    """And the provider's own word for it is not passed on."""
    _, model, (client, *_) = world
    answer = client.responses.create(model="echo", input=FIRST)
    at_provider = list(model.stored)[-1]
    client.responses.delete(answer.id)
    assert at_provider not in model.stored
    for work in (client.responses.retrieve, client.responses.delete):
        with pytest.raises(openai.NotFoundError):
            work(answer.id)

    answer = client.responses.create(model="echo", input=FIRST)
    model.stored.clear()
    with pytest.raises(openai.NotFoundError) as caught:
        client.responses.retrieve(answer.id)
    assert caught.value.code == "response_not_found"


def test_a_stored_answer_is_not_streamed(world: World) -> None:
    """The parameter is named."""
    _, _, (client, *_) = world
    answer = client.responses.create(model="echo", input=FIRST)
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.retrieve(answer.id, stream=True)
    assert caught.value.param == "stream"


def test_what_the_vault_holds_can_be_counted_and_deleted(world: World) -> None:
    """Then the conversation cannot go on."""
    gateway, _, (client, *_) = world
    answer = client.responses.create(model="echo", input=FIRST)
    counted = cloakroom(gateway, "vault", "stats")
    assert [(one["tenant"], one["kind"]) for one in counted] == [("acme", "response")]
    assert cloakroom(gateway, "vault", "purge")["purged"] == 0
    purged = cloakroom(gateway, "vault", "purge", "--tenant", "acme", "--older-than", "0")
    assert purged["purged"] == counted[0]["items"]
    with pytest.raises(openai.NotFoundError):
        client.responses.create(model="echo", input="And?", previous_response_id=answer.id)
