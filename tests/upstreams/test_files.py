"""Files and batches over HTTP, against a real server on the loopback interface."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import pytest
from aiohttp import web

from gateway.errors import UpstreamFailed
from gateway.ports import MaskedLine
from gateway.settings import Limits, Secret
from gateway.settings import Upstream as Settings
from gateway.types import UpstreamClass
from gateway.upstreams.azure import azure_upstream
from gateway.upstreams.files import AZURE_ENDPOINTS, AZURE_URLS, HttpFiles
from gateway.upstreams.openai import openai_upstream
from tests.upstreams.test_http import CANARY, Masked
from tests.waiting import AMPLE


@dataclass
class Server:
    """Keeps what it was sent; `answer` is given to everything but a download."""

    answer: dict[str, Any] = field(default_factory=lambda: {"id": "file-1"})
    status: int = 200
    content: bytes = b"{}\n"
    content_type: str = "application/octet-stream"
    hangs: bool = False
    early: bool = False  # whether uploads are answered before they are read
    seen: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    broken: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    pieces: int = 0
    url: str = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if self.early:
            return web.json_response(self.answer, status=self.status)
        body = b""
        try:
            async for piece in request.content.iter_any():
                body += piece
                self.pieces += 1
                self.arrived.set()
        except Exception:
            self.broken.set()
            raise
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.seen.append((request.method, request.path, headers, body))
        if self.hangs:
            await asyncio.Event().wait()
        if request.path.endswith("/content"):
            return web.Response(body=self.content, headers={"content-type": self.content_type})
        return web.json_response(self.answer, status=self.status)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", made.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    yield made
    await runner.cleanup()


@pytest.fixture
async def files(server: Server) -> AsyncIterator[HttpFiles]:
    made = build(server)
    yield made
    await made.upstream.aclose()


def build(server: Server, limits: Limits = AMPLE) -> HttpFiles:
    model_map = {"gpt*": "llama"}
    settings = Settings(
        name="one", kind="openai", upstream_class=UpstreamClass.EXTERNAL, base_url=server.url,
        api_key=Secret("sk-1"), forward_headers=("x-team",), model_map=model_map,
    )  # fmt: skip
    return HttpFiles(openai_upstream(settings, limits), model_map)


def line(number: int) -> MaskedLine:
    return MaskedLine(f"l{number}", "/v1/chat/completions", Masked())  # type: ignore[arg-type]


async def lines(count: int) -> AsyncIterator[MaskedLine]:
    for number in range(count):
        yield line(number)


async def failure(call: Any) -> UpstreamFailed:
    with pytest.raises(UpstreamFailed) as caught:
        await call
    assert CANARY not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("expires_s", [None, 3600])
async def test_an_upload(server: Server, files: HttpFiles, expires_s: int | None) -> None:
    """A form with the purpose first, the lines under our names, and their models mapped."""
    answer = await files.upload(lines(3), expires_s, "req_1", {"x-team": "blue", "cookie": CANARY})

    assert answer == {"id": "file-1"}
    method, path, headers, body = server.seen[0]
    assert (method, path) == ("POST", "/v1/files")
    assert headers["authorization"] == "Bearer sk-1"
    assert (headers["x-team"], headers["x-request-id"]) == ("blue", "req_1")
    assert CANARY not in str(headers)
    boundary = headers["content-type"].removeprefix("multipart/form-data; boundary=")
    parts = body.decode().split(f"--{boundary}")
    assert parts[-1] == "--\r\n"
    heads, values = zip(*(part.split("\r\n\r\n") for part in parts[1:-1]), strict=True)
    names = [head.split('name="')[1].split('"')[0] for head in heads]
    expiry = ["expires_after[anchor]", "expires_after[seconds]"] if expires_s else []
    assert names == ["purpose", *expiry, "file"]
    assert list(values[:-1]) == ["batch\r\n", *(["created_at\r\n", "3600\r\n"] if expiry else [])]
    assert [orjson.loads(one) for one in values[-1].split("\n")[:-2]] == [
        {"custom_id": f"l{number}", "method": "POST", "url": "/v1/chat/completions",
         "body": {"model": "llama", "messages": []}}
        for number in range(3)
    ]  # fmt: skip


async def test_lines_go_out_as_they_are_made(server: Server, files: HttpFiles) -> None:
    """The server has the first before the last is there."""

    async def waiting() -> AsyncIterator[MaskedLine]:
        for number in range(3):
            server.arrived.clear()
            yield line(number)
            await server.arrived.wait()

    await files.upload(waiting(), None, "req_1", {})
    assert server.pieces > 2


async def test_a_server_that_does_not_answer_an_upload(server: Server) -> None:
    """504, once the limit for the first byte is over."""
    server.hangs = True
    files = build(server, replace(AMPLE, first_byte_s=0.1))
    error = await failure(files.upload(lines(1), None, "req_1", {}))
    await files.upstream.aclose()

    assert (error.code, error.status) == ("upstream_timeout", 504)


@pytest.mark.parametrize("error", [ValueError(CANARY), asyncio.CancelledError()])
async def test_an_upload_that_is_left_does_not_end(
    server: Server, files: HttpFiles, error: BaseException
) -> None:
    """The connection closes before the form does, so that the server has no file."""
    sent = asyncio.Event()
    gate = asyncio.Event()

    async def cut() -> AsyncIterator[MaskedLine]:
        yield line(1)
        sent.set()
        await gate.wait()
        raise error

    task = asyncio.ensure_future(files.upload(cut(), None, "req_1", {}))
    await sent.wait()
    if isinstance(error, asyncio.CancelledError):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    else:
        gate.set()
        await failure(task)

    await asyncio.wait_for(server.broken.wait(), 120)
    assert server.seen == []


@pytest.mark.parametrize(
    ("status", "code"), [(200, "upstream_invalid"), (401, "upstream_auth"), (500, "upstream_error")]
)
async def test_an_answer_before_the_last_line_is_a_failure(
    server: Server, files: HttpFiles, status: int, code: str
) -> None:
    """Even one that says that all is well."""
    server.early, server.status = True, status
    gate = asyncio.Event()

    async def waiting() -> AsyncIterator[MaskedLine]:
        yield line(1)
        await gate.wait()

    assert (await failure(files.upload(waiting(), None, "req_1", {}))).code == code


CALLS: list[tuple[Callable[[HttpFiles], Any], str, str]] = [
    (lambda files: files.file("file-1", "r", {}), "GET", "/v1/files/file-1"),
    (lambda files: files.delete("file-1", "r", {}), "DELETE", "/v1/files/file-1"),
    (lambda files: files.batch("batch_1", "r", {}), "GET", "/v1/batches/batch_1"),
    (lambda files: files.cancel("batch_1", "r", {}), "POST", "/v1/batches/batch_1/cancel"),
    (lambda files: files.start({"endpoint": "/v1/x"}, "r", {}), "POST", "/v1/batches"),
]


@pytest.mark.parametrize(("call", "method", "path"), CALLS)
async def test_the_other_calls(
    server: Server, files: HttpFiles, call: Callable[[HttpFiles], Any], method: str, path: str
) -> None:
    """Each at its path, with the key."""
    await call(files)

    assert server.seen[0][:2] == (method, path)
    assert server.seen[0][2]["authorization"] == "Bearer sk-1"


@pytest.mark.parametrize(
    ("endpoint", "url", "started"),
    [
        ("/v1/chat/completions", "/chat/completions", "/chat/completions"),
        ("/v1/responses", "/v1/responses", "/chat/completions"),
        ("/v1/embeddings", "/v1/embeddings", "/v1/embeddings"),
    ],
)
async def test_azure_has_names_of_its_own(
    server: Server, endpoint: str, url: str, started: str
) -> None:
    """For paths and for endpoints, in lines and where a batch is started."""
    settings = Settings(
        name="one", kind="azure_openai", upstream_class=UpstreamClass.EXTERNAL,
        base_url=server.url.removesuffix("/v1"), api_key=Secret("k"), api_version="2025-03-01",
    )  # fmt: skip
    files = HttpFiles(azure_upstream(settings, AMPLE), {}, AZURE_URLS, AZURE_ENDPOINTS)

    async def one() -> AsyncIterator[MaskedLine]:
        yield MaskedLine("l1", endpoint, Masked())  # type: ignore[arg-type]

    await files.upload(one(), None, "r", {})
    await files.start({"endpoint": endpoint}, "r", {})
    await files.file("file-1", "r", {})
    await files.upstream.aclose()

    assert [path for _, path, _, _ in server.seen] == [
        "/openai/files", "/openai/batches", "/openai/files/file-1",
    ]  # fmt: skip
    assert f'"url":"{url}"'.encode() in server.seen[0][3]
    assert orjson.loads(server.seen[1][3]) == {"endpoint": started}
    assert all(headers["api-key"] == "k" for _, _, headers, _ in server.seen)


async def test_a_server_without_files(server: Server, files: HttpFiles) -> None:
    """Is told apart from one that has lost a file."""
    server.status = 404
    error = await failure(files.upload(lines(1), None, "r", {}))
    assert (error.code, error.status) == ("batches_not_served", 404)


@pytest.mark.parametrize(("call", "method", "path"), CALLS)
async def test_what_is_not_there(
    server: Server, files: HttpFiles, call: Callable[[HttpFiles], Any], method: str, path: str
) -> None:
    """404, in words of our own."""
    server.status, server.answer = 404, {"error": {"message": CANARY}}

    error = await failure(call(files))
    assert (error.code, error.status) == ("upstream_not_found", 404)


async def test_an_id_that_could_change_the_path_is_refused(
    server: Server, files: HttpFiles
) -> None:
    """Whoever made it."""
    for name in ("", "a/b", "..", "a?b", "a%2fb", "x" * 129):
        with pytest.raises(UpstreamFailed):
            await files.file(name, "r", {})
        with pytest.raises(UpstreamFailed):
            await files.content(name, "r", {})
    assert server.seen == []


async def test_an_answer_that_is_no_object_is_invalid(server: Server, files: HttpFiles) -> None:
    """502."""
    server.answer = []  # type: ignore[assignment]
    assert (await failure(files.file("file-1", "r", {}))).code == "upstream_invalid"


@pytest.mark.parametrize("content", [b"", b"{}\n" * 100_000])
async def test_a_download(server: Server, files: HttpFiles, content: bytes) -> None:
    """Of any size, none included."""
    server.content = content
    reply = await files.content("file-1", "r", {})
    assert b"".join([piece async for piece in reply.chunks()]) == content
    await reply.aclose()


async def test_a_page_is_no_content(server: Server, files: HttpFiles) -> None:
    """502."""
    server.content_type = "text/html"
    assert (await failure(files.content("file-1", "r", {}))).code == "upstream_invalid"
