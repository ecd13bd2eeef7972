"""A record that cannot be written down: its request fails closed, and the others go on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest
from fastapi.testclient import TestClient

from gateway.app import create_app
from gateway.audit import store
from gateway.audit.reading import open_log
from gateway.audit.record import AuditRecord
from gateway.config import load
from gateway.masking.mask import MaskedRequest
from gateway.ports import Reply, Upstream
from tests.audit.test_store_both import by_request

CANARY = "canary.zebra@example.com"
BAD = "bad"


class NoText:
    """As an enum that nobody told the formatter of; its name must not get out."""

    def __repr__(self) -> str:
        return CANARY


@dataclass
class Counting:
    """The real upstream; counts what is sent, by the model's name."""

    real: Upstream
    sent: list[str] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    async def send(self, request: MaskedRequest, *more: Any) -> Reply:
        self.sent.append(request.model)
        return await self.real.send(request, *more)


@dataclass
class World:
    client: TestClient
    upstream: Counting
    url: str

    def ask(self, model: str, **fields: Any) -> Any:
        body = {"model": model, "messages": [{"role": "user", "content": CANARY}], **fields}
        return self.client.post("/v1/chat/completions", json=body)

    def kinds(self, request_id: str) -> list[str]:
        with open_log(self.url) as log:
            return by_request(list(log.rows(0))).get(request_id, [])


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    file = tmp_path / "cloakroom.yaml"
    file.write_text(
        "version: 1\nupstreams: [{name: l, kind: loopback, class: on_prem}]\n"
        "detection: {profile: patterns}\naudit: {url: 'sqlite:///audit.db'}\n"
    )
    settings = load(file, {})
    made: list[Counting] = []

    def wrap(real: Upstream) -> Counting:
        made.append(Counting(real))
        return made[-1]

    with TestClient(create_app(settings, wrap_upstream=wrap)) as client:
        yield World(client, made[0], settings.audit.url)


@pytest.fixture
def spoil(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Make records of a type and a model such that the formatter raises."""

    def put(kind: str, model: str) -> None:
        real = store.canonical

        def canonical(record: AuditRecord) -> bytes:
            if record.type == kind and record.model_requested == model:
                object.__setattr__(record, "upstream_class", NoText())
            return real(record)

        monkeypatch.setattr(store, "canonical", canonical)

    return put


def eventually(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(2400):
        if condition():
            return
        pause.wait(0.05)
    raise AssertionError("it did not come about")


def test_an_accepted_record_that_cannot_be_written_lets_nothing_out(
    world: World, spoil: Any, capfd: pytest.CaptureFixture[str]
):
    spoil("request.accepted", BAD)
    for number in range(3):
        answer = world.ask(BAD, stream=bool(number % 2))
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "audit_unavailable")
        assert world.kinds(answer.headers["x-request-id"]) == []
        assert world.ask("good").status_code == 200
    assert world.upstream.sent == ["good"] * 3
    assert world.client.get("/readyz").status_code == 200
    assert "canary" not in "".join(capfd.readouterr())


@pytest.mark.parametrize("stream", [False, True])
def test_a_closing_record_that_cannot_be_written_withholds_the_end_and_is_made_good(
    world: World, spoil: Any, capfd: pytest.CaptureFixture[str], stream: bool
):
    spoil("request.completed", BAD)
    answer = world.ask(BAD, stream=stream)
    if stream:
        assert "[DONE]" not in answer.text
        last = orjson.loads(answer.text.strip().split("\n\n")[-1].removeprefix("data: "))
        assert last["error"]["code"] == "audit_unavailable"
    else:
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "audit_unavailable")
        assert CANARY not in answer.text
    assert world.ask("good").status_code == 200
    request_id = answer.headers["x-request-id"]
    expected = ["request.accepted", "request.outcome_unknown"]
    eventually(lambda: world.kinds(request_id) == expected)
    assert world.client.get("/readyz").status_code == 200
    assert "canary" not in "".join(capfd.readouterr())
