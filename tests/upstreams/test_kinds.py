"""What only one kind of server has: its paths, its headers, its errors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any, get_args

import orjson
import pytest
from aiohttp import web
from anthropic.types.anthropic_beta_param import AnthropicBetaParam
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import ConfigError, UpstreamFailed
from gateway.fleet import HTTP_UPSTREAMS, make_upstream
from gateway.settings import FAMILIES_OF_KIND, KNOWN_BETAS, Secret
from gateway.settings import Upstream as Settings
from gateway.types import Family, UpstreamClass
from gateway.upstreams.anthropic import VERSION, AnthropicKind, allowed_betas
from gateway.upstreams.azure import AzureKind
from tests.upstreams.server import ANSWER, CANARY, Masked, Server, ok
from tests.waiting import AMPLE

PATHS = {
    Family.CHAT: "/chat/completions",
    Family.RESPONSES: "/responses",
    Family.MESSAGES: "/messages",
    Family.COMPLETIONS: "/completions",
    Family.EMBEDDINGS: "/embeddings",
}
DATED = {"api_version": "2024-10-21"}
QUERY = "?api-version=2024-10-21"
Serve = Callable[..., Awaitable[Server]]


async def asked(
    serve: Serve, kind: str, base: str = "", path: str = "/messages", **more: Any
) -> tuple[Server, Mapping[str, str]]:
    """A server that was sent one request, and the headers of it that the kind sets."""
    server = await serve(ok)
    client = more.pop("client", {})
    model = more.pop("model", "m-1")
    root = server.url.removesuffix("/v1")
    settings = Settings(
        name="u", kind=kind, upstream_class=UpstreamClass.EXTERNAL, base_url=root + base,
        api_key=Secret("sk-1"), **more,
    )  # fmt: skip
    upstream = make_upstream(settings, AMPLE)
    body = orjson.dumps({"model": model, "messages": []})
    try:
        reply = await upstream.send(Masked(body, path, model=model), "req-1", client)  # type: ignore[arg-type]
        answer = b"".join([chunk async for chunk in reply.chunks()])
        await reply.aclose()
    finally:
        await upstream.aclose()
    assert orjson.loads(answer) == ANSWER
    assert server.seen[0].body == body
    sent = {name.lower(): value for name, value in server.seen[0].headers.items()}
    assert sent.pop("x-request-id") == "req-1"
    assert sent.pop("user-agent").startswith("cloakroom/")
    for name in ("host", "content-length", "content-type", "accept", "accept-encoding"):
        del sent[name]
    return server, sent


@pytest.mark.parametrize(
    ("kind", "more", "base", "family", "target"),
    [
        ("openai", {}, "/v1", Family.CHAT, "/v1/chat/completions"),
        ("openai", {}, "/v1", Family.COMPLETIONS, "/v1/completions"),
        ("openai", {}, "/v1", Family.EMBEDDINGS, "/v1/embeddings"),
        ("openai", {}, "/v1", Family.RESPONSES, "/v1/responses"),
        ("openai", {}, "/v1", Family.MESSAGES, "/v1/messages"),  # of a vLLM
        ("anthropic", {}, "", Family.MESSAGES, "/v1/messages"),
        ("anthropic", {}, "/", Family.MESSAGES, "/v1/messages"),
        ("anthropic", {}, "/v1/", Family.MESSAGES, "/v1/messages"),
        ("anthropic", {}, "/proxy", Family.MESSAGES, "/proxy/v1/messages"),
        ("azure_openai", {}, "", Family.CHAT, "/openai/v1/chat/completions"),
        ("azure_openai", {}, "/openai/v1/", Family.RESPONSES, "/openai/v1/responses"),
        ("azure_openai", {}, "", Family.EMBEDDINGS, "/openai/v1/embeddings"),
        ("azure_openai", DATED, "", Family.CHAT,
         f"/openai/deployments/m-1/chat/completions{QUERY}"),
        ("azure_openai", DATED, "", Family.COMPLETIONS,
         f"/openai/deployments/m-1/completions{QUERY}"),
        ("azure_openai", DATED, "", Family.EMBEDDINGS,
         f"/openai/deployments/m-1/embeddings{QUERY}"),
        ("azure_openai", DATED, "", Family.RESPONSES, f"/openai/responses{QUERY}"),
    ],
)  # fmt: skip
async def test_where_each_family_is_asked(
    serve: Serve, kind: str, more: dict[str, str], base: str, family: Family, target: str
) -> None:
    server, _ = await asked(serve, kind, base, PATHS[family], **more)
    assert [one.target for one in server.seen] == [target]


async def test_the_deployment_is_the_upstreams_name_for_the_model(serve: Serve) -> None:
    server = await serve(ok)
    settings = Settings(
        name="u", kind="azure_openai", upstream_class=UpstreamClass.EXTERNAL, **DATED,
        base_url=server.url.removesuffix("/v1"), model_map={"gpt-*": "prod-gpt"},
    )  # fmt: skip
    upstream = make_upstream(settings, AMPLE)
    reply = await upstream.send(Masked(model="gpt-4o"), "req-1", {})  # type: ignore[arg-type]
    await reply.aclose()
    await upstream.aclose()
    assert server.seen[0].path == "/openai/deployments/prod-gpt/chat/completions"
    assert orjson.loads(server.seen[0].body)["model"] == "prod-gpt"


@pytest.mark.parametrize("model", ["", ".", "..", "a/b", "a/../../b", "a?b", "a#b", "a%2fb", "a b"])
def test_a_model_that_is_no_deployment_is_not_asked_for(model: str) -> None:
    with pytest.raises(UpstreamFailed) as caught:
        AzureKind(None, "2024-10-21").target("/chat/completions", model)
    assert (caught.value.code, caught.value.status) == ("upstream_model_not_found", 404)
    assert model in ("", ".", "..") or model not in caught.value.message


CLIENT = {
    "Authorization": f"Bearer {CANARY}", "x-api-key": CANARY, "api-key": CANARY, "cookie": CANARY,
    "anthropic-version": CANARY, "anthropic-beta": CANARY, "x-stainless-lang": "python",
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "headers"),
    [
        ("openai", {"authorization": "Bearer sk-1"}),
        ("azure_openai", {"api-key": "sk-1"}),
        ("anthropic", {"x-api-key": "sk-1", "anthropic-version": VERSION}),
    ],
)
async def test_nothing_of_the_callers_headers_goes_out(
    serve: Serve, kind: str, headers: dict[str, str]
) -> None:
    _, sent = await asked(serve, kind, client=CLIENT)
    assert sent == headers


async def test_the_version_and_the_betas_of_the_caller(serve: Serve) -> None:
    client = {
        "Anthropic-Version": "2024-01-01",
        "Anthropic-Beta": f"context-1m-2025-08-07, mcp-client-2025-04-04,{CANARY},,x\ty",
    }
    _, sent = await asked(serve, "anthropic", client=client)
    assert sent["anthropic-version"] == "2024-01-01"
    assert sent["anthropic-beta"] == "context-1m-2025-08-07"
    _, sent = await asked(serve, "anthropic", client=client, forward_betas=("mcp-*",))
    assert sent["anthropic-beta"] == "mcp-client-2025-04-04"
    _, sent = await asked(serve, "anthropic", client=client, forward_betas=())
    assert "anthropic-beta" not in sent


@pytest.mark.parametrize(
    "version", ["", "2023-06-1", "2023-06-01x", "x2023-06-01", "٢٠٢٣-٠٦-٠١", "2023-06-01\r\na: b"]
)
def test_what_is_no_version_is_replaced(version: str) -> None:
    sent = AnthropicKind(None, ()).headers({"anthropic-version": version})
    assert sent == {"anthropic-version": VERSION}


@given(st.text() | st.lists(st.text("ab-*, \r\n1", max_size=6)).map(",".join))
def test_betas_are_words_that_a_pattern_allows(header: str) -> None:
    found = allowed_betas(header, ("*",))
    assert len(set(found)) == len(found)
    assert all(one in header and one.isascii() and one.isprintable() for one in found)
    assert not any(" " in one or "," in one for one in found)
    assert allowed_betas(header, ()) == ()
    assert set(allowed_betas(header, ("a*",))) == {one for one in found if one.startswith("a")}


def test_known_betas_are_told_apart_by_their_names() -> None:
    header = "context-management-2025-06-27,files-api-2025-04-14,mcp-client-2025-04-04"
    assert allowed_betas(header, KNOWN_BETAS) == ("context-management-2025-06-27",)


NOT_IN_THE_CLIENT = {"fine-grained-tool-streaming-*"}


def test_known_betas_are_those_of_the_official_client() -> None:
    """One that brings tools, blocks or endpoints of its own is not among them."""
    words, literal = get_args(AnthropicBetaParam)
    assert words is str
    client = get_args(literal)
    for pattern in set(KNOWN_BETAS) - NOT_IN_THE_CLIENT:
        assert any(fnmatchcase(one, pattern) for one in client), pattern
    sent = allowed_betas(",".join(client), KNOWN_BETAS)
    assert not [one for one in sent if one.startswith(("mcp-", "code-", "files-", "skills-"))]


ENVELOPE = {"type": "error", "request_id": "req_x"}


@pytest.mark.parametrize(
    ("theirs", "kind", "code", "status"),
    [
        (400, "invalid_request_error", "upstream_rejected", 400),
        (401, "authentication_error", "upstream_auth", 502),
        (402, "billing_error", "upstream_rejected", 400),
        (403, "permission_error", "upstream_auth", 502),
        (404, "not_found_error", "upstream_model_not_found", 404),
        (413, "request_too_large", "upstream_context_too_long", 413),
        (429, "rate_limit_error", "upstream_rate_limited", 429),
        (500, "api_error", "upstream_error", 502),
        (504, "timeout_error", "upstream_error", 502),
        (529, "overloaded_error", "upstream_overloaded", 503),
    ],
)
async def test_anthropics_errors_become_our_own(
    serve: Serve, theirs: int, kind: str, code: str, status: int
) -> None:
    async def refuse(_: web.Request) -> web.StreamResponse:
        error = {"type": kind, "message": CANARY}
        return web.json_response(ENVELOPE | {"error": error}, status=theirs)

    server = await serve(refuse)
    settings = Settings(
        name="u", kind="anthropic", upstream_class=UpstreamClass.EXTERNAL,
        base_url=server.url, api_key=Secret("sk-1"),
    )  # fmt: skip
    upstream = make_upstream(settings, AMPLE)
    with pytest.raises(UpstreamFailed) as caught:
        await upstream.send(Masked(path="/messages"), "req-1", {})  # type: ignore[arg-type]
    await upstream.aclose()
    assert (caught.value.code, caught.value.status) == (code, status)
    assert CANARY not in repr(vars(caught.value)) + str(caught.value)


def test_every_kind_of_the_configuration_can_be_made() -> None:
    assert set(HTTP_UPSTREAMS) | {"loopback", "vllm"} == set(FAMILIES_OF_KIND)


@pytest.mark.parametrize("kind", HTTP_UPSTREAMS)
def test_a_key_does_not_show_and_unusable_settings_are_named(kind: str) -> None:
    settings = Settings(
        name="one", kind=kind, upstream_class=UpstreamClass.EXTERNAL, base_url="ftp://h",
        api_key=Secret(CANARY),
    )  # fmt: skip
    with pytest.raises(ConfigError) as caught:
        make_upstream(settings, AMPLE)
    assert caught.value.problems[0].key == "upstreams.one.base_url"
    assert CANARY not in repr(AnthropicKind(Secret(CANARY), ())) + repr(
        AzureKind(Secret(CANARY), "")
    )
