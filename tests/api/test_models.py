"""The list of models, in the form of either API."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import orjson
import pytest
from anthropic.types import ModelInfo
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from openai.types import Model

from gateway.api.errors import install_error_handlers
from gateway.api.models import _page, models_router
from gateway.errors import AuthenticationError
from gateway.types import Family, Subject

ANTHROPIC = {"anthropic-version": "2023-06-01"}
CANARY = "canary-4471"


def authenticate(headers: Mapping[str, str]) -> Subject:
    if "x-api-key" not in headers:
        raise AuthenticationError("Who?")
    return Subject(headers["x-api-key"], "me")


def offered(caller: Subject, families: Collection[Family]) -> Mapping[str, str]:
    if caller.tenant == "nobody":
        return {}
    if Family.MESSAGES in families:
        assert set(families) == {Family.MESSAGES}
        return {"claude-1": "a", "org/claude-2": "b"}
    return {"gpt": "cloud", "org/qwen": "local"}


@pytest.fixture
def client() -> TestClient:
    app = FastAPI()
    install_error_handlers(app)
    app.include_router(models_router(offered, authenticate))
    return TestClient(app, headers={"x-api-key": "acme"}, raise_server_exceptions=False)


def test_the_form_of_openai(client: TestClient) -> None:
    listed = client.get("/v1/models").json()
    assert listed == {
        "object": "list",
        "data": [
            {"id": "gpt", "object": "model", "created": 0, "owned_by": "cloud"},
            {"id": "org/qwen", "object": "model", "created": 0, "owned_by": "local"},
        ],
    }
    one = client.get("/v1/models/org/qwen").json()
    assert one == listed["data"][1]
    Model.model_validate(one, strict=True)


def test_the_form_of_anthropic(client: TestClient) -> None:
    listed = client.get("/v1/models", headers=ANTHROPIC).json()
    assert [one["id"] for one in listed["data"]] == ["claude-1", "org/claude-2"]
    assert (listed["has_more"], listed["first_id"], listed["last_id"]) == (
        False, "claude-1", "org/claude-2",
    )  # fmt: skip
    one = client.get("/v1/models/org/claude-2", headers=ANTHROPIC).json()
    assert one == listed["data"][1]
    assert one["type"] == "model"
    assert ModelInfo.model_validate(one).created_at.year == 1970


@pytest.mark.parametrize("headers", [{}, ANTHROPIC])
def test_a_model_that_is_not_offered_is_not_there(
    client: TestClient, headers: dict[str, str]
) -> None:
    for name, key in ((CANARY, "acme"), ("gpt", "nobody"), ("claude-1", "nobody")):
        answer = client.get(f"/v1/models/{name}", headers={**headers, "x-api-key": key})
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "model_not_found"
        assert name not in answer.text
    nothing = client.get("/v1/models", headers={**headers, "x-api-key": "nobody"}).json()
    assert nothing["data"] == []


def test_who_is_not_known_is_told_nothing(client: TestClient) -> None:
    del client.headers["x-api-key"]
    assert client.get("/v1/models").status_code == 401
    assert client.get("/v1/models/gpt").status_code == 401


@pytest.mark.parametrize("limit", ["0", "-1", "x", "1001", "1.5", "٣", "", "9" * 50])
def test_a_limit_is_a_number(client: TestClient, limit: str) -> None:
    answer = client.get("/v1/models", params={"limit": limit}, headers=ANTHROPIC)
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


@given(st.integers(0, 12), st.integers(1, 14))
def test_pages_forwards_and_backwards_give_every_model_once(count: int, limit: int) -> None:
    models = tuple(f"m{number}" for number in range(count))
    for way, edge in (("after_id", "last_id"), ("before_id", "first_id")):
        pages: list[list[str]] = []
        query: dict[str, Any] = {"limit": str(limit)}
        if way == "before_id" and models:
            pages.append([models[-1]])
            query[way] = models[-1]
        while True:
            page = orjson.loads(orjson.dumps(_page(models, query)))
            pages.append([one["id"] for one in page["data"]])
            assert len(pages[-1]) <= limit
            if not page["has_more"]:
                break
            query[way] = page[edge]
        ordered = pages if way == "after_id" else pages[::-1]
        assert [one for some in ordered for one in some] == list(models)
