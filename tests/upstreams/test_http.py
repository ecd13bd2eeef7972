"""Upstreams over HTTP against a real server on the loopback interface."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import ssl
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.errors import ConfigError, RequestError, UpstreamFailed
from gateway.masking.mask import MaskingKeys, mask
from gateway.routing.candidates import mapped_model
from gateway.settings import Limits, Secret
from gateway.settings import Upstream as Settings
from gateway.types import DEFAULT_USE, Decision, Effect, Family, Parsed, UpstreamClass
from gateway.upstreams import http
from gateway.upstreams.http import HttpUpstream
from gateway.upstreams.openai import OpenAIKind, openai_upstream
from tests.upstreams.server import ANSWER, CANARY, Masked, ok
from tests.waiting import AMPLE


@pytest.fixture
async def make() -> AsyncIterator[Callable[..., HttpUpstream]]:
    made: list[HttpUpstream] = []

    def build(url: str, limits: Limits = AMPLE, **settings: Any) -> HttpUpstream:
        upstream = openai_upstream(config(url, **settings), limits)
        made.append(upstream)
        return upstream

    yield build
    for upstream in made:
        await upstream.aclose()


def config(url: str, **settings: Any) -> Settings:
    return Settings(
        **{
            "name": "one", "kind": "openai", "upstream_class": UpstreamClass.EXTERNAL,
            "base_url": url, **settings,
        }
    )  # fmt: skip


async def read(reply: Any) -> bytes:
    try:
        return b"".join([chunk async for chunk in reply.chunks()])
    finally:
        await reply.aclose()


async def send(upstream: HttpUpstream, request: Masked | None = None, **kw: Any) -> Any:
    return await upstream.send(request or Masked(), "req-1", **kw)  # type: ignore[arg-type]


async def failure(upstream: HttpUpstream, request: Masked | None = None) -> UpstreamFailed:
    with pytest.raises(UpstreamFailed) as caught:
        await read(await send(upstream, request))
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None
    shown = "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))
    assert CANARY not in shown
    return error


# --- answers ------------------------------------------------------------------------------------


async def test_the_body_goes_out_as_it_is_and_the_answer_comes_back(serve, make):
    server = await serve(ok)
    reply = await send(make(server.url))
    assert not reply.is_stream
    assert orjson.loads(await read(reply)) == ANSWER
    assert server.seen[0].path == "/v1/chat/completions"
    assert server.seen[0].body == Masked().body


async def test_a_trailing_slash_of_the_base_url_makes_no_difference(serve, make):
    server = await serve(ok)
    await read(await send(make(server.url + "/")))
    assert server.seen[0].path == "/v1/chat/completions"


async def test_the_headers_are_exactly_the_allow_list(serve, make):
    server = await serve(ok)
    upstream = make(
        server.url, api_key=Secret("sk-1"), forward_headers=("X-Team", "openai-organization")
    )
    client = {"x-team": "blue", "cookie": CANARY, "x-other": CANARY, "authorization": CANARY}
    await read(await send(upstream, headers=client))
    sent = {name.lower(): value for name, value in server.seen[0].headers.items()}
    assert sent.pop("host").startswith("127.0.0.1:")
    assert sent.pop("content-length") == str(len(Masked().body))
    assert sent.pop("user-agent").startswith("cloakroom/")
    assert sent == {
        "accept": "application/json",
        "accept-encoding": "identity",
        "authorization": "Bearer sk-1",
        "content-type": "application/json",
        "x-request-id": "req-1",
        "x-team": "blue",
    }


@pytest.mark.parametrize("where", UpstreamClass)
async def test_only_a_server_on_the_premises_learns_of_the_trace(serve, make, where):
    server = await serve(ok)
    upstream = make(server.url, upstream_class=where)
    theirs = {"traceparent": "00-theirs", "tracestate": "a=b", "baggage": "c=d"}
    await read(await send(upstream, headers=theirs, traceparent="00-ours"))
    seen = {key.lower(): value for key, value in server.seen[0].headers.items()}
    assert seen.get("traceparent") == ("00-ours" if where is UpstreamClass.ON_PREM else None)
    assert not {"tracestate", "baggage"} & set(seen)


async def test_a_forwarded_header_must_be_printable(serve, make):
    server = await serve(ok)
    with pytest.raises(RequestError) as caught:
        await send(make(server.url, forward_headers=("x-team",)), headers={"x-team": "a\r\nb: c"})
    assert caught.value.param == "x-team"
    assert server.seen == []


async def test_the_model_is_mapped_by_the_first_glob(serve, make):
    server = await serve(ok)
    await read(await send(make(server.url, model_map={"gpt*": "llama", "*": "other"})))
    assert orjson.loads(server.seen[0].body)["model"] == "llama"


async def test_a_real_masked_request(serve, make):
    document: dict[str, Any] = {"model": "gpt-4o", "messages": [], "stream": False}
    parsed = Parsed(
        family=Family.CHAT,
        document=document,
        leaves=(),
        model="gpt-4o",
        stream=False,
        wants_usage=False,
        has_media=False,
        json_answer=False,
        identities=(),
        fields={},
        opening=b"",
    )
    decision = Decision(
        Effect.MASK, UpstreamClass.EXTERNAL, (), {}, DEFAULT_USE, (), "", "policy", "digest"
    )
    masked = mask(
        parsed,
        (),
        decision,
        MaskingKeys(b"s" * 32, b"h" * 32, b"t" * 32),
        path="/chat/completions",
        entity_types=frozenset(),
    )
    server = await serve(ok)
    await read(await make(server.url, model_map={"gpt-*": "llama"}).send(masked, "req-1"))
    assert server.seen[0].path == "/v1/chat/completions"
    assert orjson.loads(server.seen[0].body) == document | {"model": "llama"}


@pytest.mark.parametrize(
    ("model", "mapped"), [("gpt-4o", "a"), ("claude", "b"), ("GPT-4o", "GPT-4o"), ("x", "x")]
)
def test_mapped_model(model: str, mapped: str):
    assert mapped_model(model, {"gpt-*": "a", "cl*": "b", "gpt-4o": "c"}) == mapped


async def test_a_stream_arrives_in_full(serve, make):
    events = [f"data: {i} ä\n\n".encode() for i in range(50)]

    async def stream(request: web.Request) -> web.StreamResponse:
        assert request.headers["accept"] == "text/event-stream"
        response = web.StreamResponse(headers={"content-type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        for event in events:
            await response.write(event)
        return response

    server = await serve(stream)
    reply = await send(make(server.url), Masked(stream=True))
    assert reply.is_stream
    assert await read(reply) == b"".join(events)


async def test_connections_are_reused(serve, make):
    server = await serve(ok)
    upstream = make(server.url)
    for _ in range(3):
        await read(await send(upstream))
    assert len({seen.peer for seen in server.seen}) == 1


async def test_closing_in_the_middle_of_a_stream_closes_the_connection(serve, make):
    gone = asyncio.Event()

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        transport = request.transport
        assert transport is not None
        try:
            while not transport.is_closing():
                await response.write(b"data: x\n\n")
                await asyncio.sleep(0)  # a write gives no turn to the client, which is here as well
        except ConnectionError:
            pass
        gone.set()
        return response

    server = await serve(endless)
    reply = await send(make(server.url), Masked(stream=True))
    async for _ in reply.chunks():
        break
    await reply.aclose()
    await reply.aclose()
    await asyncio.wait_for(gone.wait(), 120)


# --- failures -----------------------------------------------------------------------------------

STATUSES = [
    (400, {}, "upstream_rejected", 400),
    (401, {}, "upstream_auth", 502),
    (403, {}, "upstream_auth", 502),
    (404, {}, "upstream_model_not_found", 404),
    (407, {}, "upstream_auth", 502),
    (408, {}, "upstream_timeout", 504),
    (413, {}, "upstream_context_too_long", 413),
    (422, {}, "upstream_rejected", 400),
    (429, {}, "upstream_rate_limited", 429),
    (500, {}, "upstream_error", 502),
    (503, {}, "upstream_error", 502),
    (529, {}, "upstream_overloaded", 503),
    (204, {}, "upstream_invalid", 502),
    (301, {"location": "/elsewhere"}, "upstream_invalid", 502),
    (307, {"location": "/elsewhere"}, "upstream_invalid", 502),
]


@pytest.mark.parametrize(("theirs", "headers", "code", "status"), STATUSES)
async def test_a_status_becomes_our_own_error(serve, make, theirs, headers, code, status):
    async def answer(_request: web.Request) -> web.StreamResponse:
        text = orjson.dumps({"error": {"message": CANARY, "code": CANARY}}).decode()
        return web.Response(status=theirs, headers=headers, text=text, reason=CANARY)

    server = await serve(answer)
    error = await failure(make(server.url))
    assert (error.code, error.status) == (code, status)
    assert len(server.seen) == 1  # no redirect was followed, nothing was tried again


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7), ("0", 0), ("99999", None), ("-1", None), (CANARY, None), ("1.5", None), ("٣", None)],
)
@pytest.mark.parametrize("theirs", [429, 529])
async def test_retry_after_is_a_small_integer_or_nothing(serve, make, theirs, header, seconds):
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=theirs, headers={"retry-after": header})

    server = await serve(answer)
    assert (await failure(make(server.url))).retry_after == seconds


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"error":{"code":"context_length_exceeded","message":"x"}}', "context_length_exceeded"),
        (b'{"error":{"code":"other"}}', "upstream_rejected"),
        (b'{"error":"context_length_exceeded"}', "upstream_rejected"),
        (b'["context_length_exceeded"]', "upstream_rejected"),
        (
            b'{"type":"error","error":{"type":"invalid_request_error",'
            b'"message":"prompt is too long: 208310 tokens > 200000 maximum"}}',
            "context_length_exceeded",
        ),
        (
            b'{"error":{"message":"This model\'s maximum context length is 4096 tokens. However,'
            b' you requested 5000 tokens","code":400}}',
            "context_length_exceeded",
        ),
        (b'{"error":{"message":"a prompt is too long","code":400}}', "upstream_rejected"),
        (b'{"error":{"message":["prompt is too long"]}}', "upstream_rejected"),
        (b"not json " + CANARY.encode(), "upstream_rejected"),
        (b" " * (http.MAX_ERROR_BYTES + 1), "upstream_rejected"),
    ],
)
async def test_of_an_error_body_only_that_the_context_is_too_long_is_read(serve, make, body, code):
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=400, body=body)

    server = await serve(answer)
    assert (await failure(make(server.url))).code == code


@pytest.mark.parametrize("kind", ["text/html", "application/octet-stream", "application/jsonl"])
async def test_another_content_type_is_invalid(serve, make, kind):
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=CANARY.encode(), content_type=kind)

    server = await serve(answer)
    assert (await failure(make(server.url))).code == "upstream_invalid"


async def test_an_empty_answer_is_invalid(serve, make):
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"", content_type="application/json")

    server = await serve(answer)
    assert (await failure(make(server.url))).code == "upstream_invalid"


@pytest.mark.parametrize("chunked", [False, True])
async def test_an_answer_that_is_too_large_is_invalid(serve, make, monkeypatch, chunked):
    monkeypatch.setattr(http, "MAX_ANSWER_BYTES", 1000)

    async def answer(_request: web.Request) -> web.StreamResponse:
        response = web.Response(body=b" " * 1001, content_type="application/json")
        if chunked:
            response.enable_chunked_encoding()
        return response

    server = await serve(answer)
    assert (await failure(make(server.url))).code == "upstream_invalid"


async def test_a_slow_first_byte_times_out(serve, make):
    async def never(_request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    server = await serve(never)
    error = await failure(make(server.url, replace(AMPLE, first_byte_s=0.05)))
    assert (error.code, error.status) == ("upstream_timeout", 504)


async def test_headers_without_a_body_time_out_as_well(serve, make):
    async def headers_only(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        await asyncio.Event().wait()
        return response

    server = await serve(headers_only)
    error = await failure(make(server.url, replace(AMPLE, first_byte_s=0.05)), Masked(stream=True))
    assert error.code == "upstream_timeout"


async def test_a_pause_in_the_middle_times_out(serve, make):
    async def pause(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"data: 1\n\n")
        await asyncio.Event().wait()
        return response

    server = await serve(pause)
    error = await failure(make(server.url, replace(AMPLE, idle_s=0.05)), Masked(stream=True))
    assert error.code == "upstream_timeout"


# --- servers that break the protocol ------------------------------------------------------------


@pytest.fixture
async def raw() -> AsyncIterator[Callable[..., Awaitable[SimpleNamespace]]]:
    """A server that answers the n-th request of each connection with given bytes, then closes."""
    servers: list[asyncio.Server] = []

    async def start(script: Callable[[int, int], bytes | None]) -> SimpleNamespace:
        state = SimpleNamespace(connections=0, requests=0, url="")

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connection, state.connections, nth = state.connections, state.connections + 1, 0
            try:
                while True:
                    head = await reader.readuntil(b"\r\n\r\n")
                    size = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
                    await reader.readexactly(size)
                    state.requests += 1
                    answer = script(connection, nth)
                    nth += 1
                    if answer is None:
                        return
                    writer.write(answer)
                    await writer.drain()
                    if b"content-length: 2\r\n" not in answer:
                        return
            except (asyncio.IncompleteReadError, ConnectionError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        servers.append(server)
        state.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        return state

    yield start
    for server in servers:
        server.close()
        await server.wait_closed()


GOOD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (HEAD + b"content-length: 99\r\n\r\n{" + CANARY.encode(), "upstream_truncated"),
        (HEAD + b"transfer-encoding: chunked\r\n\r\n1\r\n{\r\n", "upstream_truncated"),
        (HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\n", "upstream_invalid"),
        (HEAD, "upstream_truncated"),
        (None, "upstream_truncated"),
        (CANARY.encode() + b" is not HTTP\r\n\r\n", "upstream_invalid"),
        (b"HTTP/1.1 200 OK\r\n" + CANARY.encode() + b"\r\n\r\n", "upstream_invalid"),
    ],
)
async def test_a_broken_answer(raw, make, answer, code):
    server = await raw(lambda _connection, _nth: answer)
    assert (await failure(make(server.url))).code == code
    assert server.requests == 1


async def test_a_connection_that_went_stale_is_replaced_once(raw, make):
    server = await raw(lambda connection, nth: GOOD if connection != 0 or nth == 0 else None)
    upstream = make(server.url)
    assert await read(await send(upstream)) == b"{}"
    assert await read(await send(upstream)) == b"{}"
    assert (server.connections, server.requests) == (2, 3)


async def test_the_second_try_is_the_last(raw, make):
    server = await raw(lambda connection, nth: GOOD if (connection, nth) == (0, 0) else None)
    upstream = make(server.url)
    await read(await send(upstream))
    assert (await failure(upstream)).code == "upstream_truncated"
    assert server.requests == 3


@pytest.mark.parametrize("begun", [b"H", b"HTTP/1.1 2", b"HTTP/1.1 200 OK\r\n", HEAD])
async def test_an_answer_that_had_begun_is_never_asked_for_again(raw, make, begun):
    server = await raw(lambda _connection, nth: GOOD if nth == 0 else begun)
    upstream = make(server.url)
    await read(await send(upstream))
    assert (await failure(upstream)).code in {"upstream_truncated", "upstream_invalid"}
    assert server.requests == 2


async def test_nobody_listens(make):
    server = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    error = await failure(make(f"http://127.0.0.1:{port}/v1"))
    assert (error.code, error.status) == ("upstream_unreachable", 502)


# --- proxies and TLS ----------------------------------------------------------------------------


async def test_the_proxy_of_the_configuration_is_used(serve, make):
    proxy = await serve(ok)
    upstream = make("http://model.invalid/v1", proxy_url=proxy.url.removesuffix("/v1"))
    assert orjson.loads(await read(await send(upstream))) == ANSWER
    assert proxy.seen[0].headers["host"] == "model.invalid"


async def test_the_proxy_of_the_environment_is_not_used(serve, make, monkeypatch):
    server, proxy = await serve(ok), await serve(ok)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, proxy.url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    await read(await send(make(server.url)))
    assert (len(server.seen), len(proxy.seen)) == (1, 0)


CA_USAGE = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True)
class Pki:
    """A certificate authority with a server's and a client's certificate, as PEM files."""

    ca: Path
    server: tuple[Path, Path]
    client: tuple[Path, Path]


@pytest.fixture(scope="module")
def pki(tmp_path_factory) -> Pki:
    folder = tmp_path_factory.mktemp("pki")
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
    now = datetime.datetime.now(datetime.UTC)

    def issue(name: str, usage: x509.ObjectIdentifier | None) -> tuple[Path, Path]:
        key = ca_key if usage is None else ec.generate_private_key(ec.SECP256R1())
        builder = (
            x509.CertificateBuilder()
            .subject_name(
                ca_name
                if usage is None
                else x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
            )
            .issuer_name(ca_name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(usage is None, None), critical=True)
            # Python 3.13 verifies strictly (RFC 5280): both key identifiers, and the CA's usage
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), False
            )
        )
        address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        if usage is not None:
            builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        else:
            builder = builder.add_extension(CA_USAGE, critical=True)
        certificate = builder.sign(ca_key, hashes.SHA256())
        paths = folder / f"{name}.pem", folder / f"{name}.key.pem"
        paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        paths[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return paths

    return Pki(
        issue("ca", None)[0],
        issue("server", ExtendedKeyUsageOID.SERVER_AUTH),
        issue("client", ExtendedKeyUsageOID.CLIENT_AUTH),
    )


def server_tls(pki: Pki, *, ask: bool = False) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=pki.ca)
    context.load_cert_chain(*pki.server)
    context.verify_mode = ssl.CERT_REQUIRED if ask else ssl.CERT_NONE
    return context


async def test_ca_file_is_trusted(serve, make, pki):
    server = await serve(ok, server_tls(pki))
    assert orjson.loads(await read(await send(make(server.url, ca_file=pki.ca)))) == ANSWER


async def test_an_unknown_authority_is_not_trusted(serve, make, pki):
    server = await serve(ok, server_tls(pki))
    assert (await failure(make(server.url))).code == "upstream_unreachable"
    assert server.seen == []


@pytest.mark.parametrize(
    ("host", "name", "is_trusted"),
    [
        ("127.0.0.1", None, True), ("localhost", None, False),
        ("localhost", "127.0.0.1", True), ("127.0.0.1", "vllm.example", False),
    ],
)  # fmt: skip
async def test_a_certificate_is_held_against_the_name_that_is_given(
    host: str, name: str | None, is_trusted: bool, serve, pki
):
    server = await serve(ok, server_tls(pki))
    settings = config(server.url.replace("127.0.0.1", host), ca_file=pki.ca)
    upstream = HttpUpstream(settings, AMPLE, OpenAIKind(None), name)
    if is_trusted:
        assert orjson.loads(await read(await send(upstream))) == ANSWER
    else:
        assert (await failure(upstream)).code == "upstream_unreachable"
    await upstream.aclose()


async def test_the_client_certificate_is_shown(serve, make, pki):
    server = await serve(ok, server_tls(pki, ask=True))
    cert, key = pki.client
    upstream = make(server.url, ca_file=pki.ca, client_cert_file=cert, client_key_file=key)
    await read(await send(upstream))
    assert (("commonName", "client"),) in server.seen[0].certificate["subject"]


async def test_without_the_client_certificate_there_is_no_answer(serve, make, pki):
    server = await serve(ok, server_tls(pki, ask=True))
    error = await failure(make(server.url, ca_file=pki.ca))
    assert error.code in {"upstream_unreachable", "upstream_truncated"}
    assert server.seen == []


# --- configuration ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "settings"),
    [
        ("base_url", {"url": ""}),
        ("base_url", {"url": "ftp://host/v1"}),
        ("base_url", {"url": "http://user:secret@host/v1"}),
        ("base_url", {"url": "http://host/v1?key=secret"}),
        ("proxy_url", {"url": "http://h", "proxy_url": "socks5://h"}),
        ("ca_file", {"url": "https://h", "ca_file": Path("/nonexistent.pem")}),
        ("client_cert_file", {"url": "https://h", "client_cert_file": Path("/nonexistent.pem")}),
        ("forward_headers", {"url": "http://h", "forward_headers": ("X-Ok", "Authorization")}),
    ],
)
def test_unusable_settings_are_named(key, settings):
    with pytest.raises(ConfigError) as caught:
        openai_upstream(config(**settings), AMPLE)
    assert caught.value.problems[0].key == f"upstreams.one.{key}"
    assert "secret" not in str(caught.value)
