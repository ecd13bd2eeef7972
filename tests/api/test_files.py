"""The endpoints of files and batches, as ASGI applications: what goes out when something breaks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import orjson
import pytest
from starlette.routing import Route

from gateway.api import files
from gateway.api.exchanges import InFlight
from gateway.errors import AuthenticationError
from gateway.types import Subject
from tests.batches.world import ANNA, CHAT, World, jsonl, line

HEAD = (
    b'--b\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
    b'--b\r\ncontent-disposition: form-data; name="file"; filename="f"\r\n\r\n'
)
END = b"\r\n--b--\r\n"
TWO = jsonl(line("a", "I am Anna Schmidt."), line("b"))
FORM = ("content-type", "multipart/form-data; boundary=b")


class Client:
    """Sends what it is told to, and notes what comes."""

    def __init__(self, world: World) -> None:
        self.in_flight = InFlight(4)
        self.routes: list[Route] = files.batch_routes(
            lambda: nullcontext(world.parts), self.subject, self.in_flight
        )
        self.sent: list[Any] = []
        self.drained = 0

    @staticmethod
    def subject(headers: Any) -> Subject:
        if "authorization" in headers:
            raise AuthenticationError("Who is that?")
        return ANNA.subject

    async def ask(
        self,
        method: str,
        path: str,
        pieces: Sequence[bytes | None] = (b"",),
        *headers: tuple[str, str],
        query: str = "",
        gone_after: int = 0,
    ) -> tuple[int, bytes]:
        """The status and the body; a piece that is None is a client that goes away."""
        left, self.sent = list(pieces), []
        gone = asyncio.Event()

        async def receive() -> dict[str, Any]:
            if not left:
                await gone.wait()
                return {"type": "http.disconnect"}
            piece = left.pop(0)
            if piece is None:
                return {"type": "http.disconnect"}
            self.drained += len(piece)
            return {"type": "http.request", "body": piece, "more_body": bool(left)}

        async def send(message: Any) -> None:
            self.sent.append(message)
            if gone_after and len(self.sent) >= gone_after:
                gone.set()
                await asyncio.Event().wait()

        scope: dict[str, Any] = {
            "type": "http", "method": method, "path": path, "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers],
        }  # fmt: skip
        for route in self.routes:
            match, child = route.matches(scope)
            if match.value == 2:  # full
                await route.endpoint(scope | child, receive, send)
                break
        if not self.sent:
            return 0, b""
        return self.sent[0]["status"], b"".join(one.get("body", b"") for one in self.sent[1:])

    @property
    def ended(self) -> bool:
        return bool(self.sent) and self.sent[-1].get("more_body", False) is False


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def client(world: World) -> Client:
    return Client(world)


async def output(world: World) -> str:
    return str((await world.done(TWO))["output_file_id"])


@pytest.mark.parametrize("size", [1, 13, 100_000])
async def test_an_upload_in_any_pieces(world: World, client: Client, size: int) -> None:
    """Gives the same lines."""
    raw = HEAD + TWO + END
    pieces = [raw[at : at + size] for at in range(0, len(raw), size)]
    status, body = await client.ask("POST", "/v1/files", pieces, FORM)

    assert status == 200
    assert orjson.loads(body)["bytes"] == len(TWO)
    assert len(world.files.sent) == 2
    assert client.in_flight.count == 0


async def test_an_upload_whose_client_goes_away(world: World, client: Client) -> None:
    """Is closed as aborted, and answered by nothing."""
    status, _ = await client.ask("POST", "/v1/files", [HEAD + TWO, None], FORM)

    assert status == 0
    assert world.files.count == 0
    assert set(world.sink.types) == {"request.accepted", "request.aborted"}
    assert client.in_flight.count == 0


async def test_an_upload_that_breaks_off(world: World, client: Client) -> None:
    """A body that ends before its form does is no upload."""
    status, body = await client.ask("POST", "/v1/files", [HEAD + TWO], FORM)

    assert (status, orjson.loads(body)["error"]["code"]) == (400, "invalid_form")
    assert world.files.count == 0


async def test_an_upload_that_pauses(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is not waited for."""
    monkeypatch.setattr(files, "IDLE_S", 0.01)
    waiting = asyncio.Event()
    body = files._Body(waiting.wait)  # type: ignore[arg-type, return-value]
    with pytest.raises(files.RequestError) as caught:
        await anext(aiter(body.chunks()))
    assert (caught.value.code, caught.value.status) == ("body_timeout", 408)
    await body.drop()  # nor for its rest


async def test_the_rest_of_a_refused_upload_is_taken_in(client: Client) -> None:
    """So that its client sees why."""
    pieces = [HEAD + b"canary\n", *[b"x" * 1000] * 50]
    status, body = await client.ask("POST", "/v1/files", pieces, FORM)

    assert (status, orjson.loads(body)["error"]["code"]) == (400, "invalid_json")
    assert b"canary" not in body
    assert client.drained == sum(map(len, pieces))


async def test_what_is_no_form(client: Client) -> None:
    """415."""
    status, _ = await client.ask("POST", "/v1/files", [b"{}"], ("content-type", "application/json"))
    assert status == 415


async def test_who_is_not_known(client: Client) -> None:
    """Reaches nothing."""
    for route in client.routes:
        (method,) = (route.methods or set()) - {"HEAD"}
        path = route.path.replace("{id}", "x")
        status, _ = await client.ask(method, path, [b""], ("authorization", "Bearer x"))
        assert status == 401


async def test_a_download(world: World, client: Client) -> None:
    """Whole, as lines."""
    file_id = await output(world)
    status, body = await client.ask("GET", f"/v1/files/{file_id}/content")

    assert status == 200
    assert [orjson.loads(one)["custom_id"] for one in body.splitlines()] == ["b", "a"]
    assert (b"content-type", b"application/jsonl") in client.sent[0]["headers"]
    assert client.ended


async def test_an_empty_download(world: World, client: Client) -> None:
    """Is one all the same."""
    file_id = await output(world)
    world.files.downloads = []
    assert await client.ask("GET", f"/v1/files/{file_id}/content") == (200, b"")
    assert client.ended


async def test_a_download_that_breaks_before_its_first_line(world: World, client: Client) -> None:
    """Can still be an error."""
    file_id = await output(world)
    world.files.downloads = [b"no json\n"]
    status, body = await client.ask("GET", f"/v1/files/{file_id}/content")
    assert (status, orjson.loads(body)["error"]["code"]) == (502, "upstream_invalid")


async def test_a_download_that_breaks_later_does_not_end(world: World, client: Client) -> None:
    """What came is not taken for the whole: the body is left open, and the server cuts it off."""
    file_id = await output(world)
    raw = b"".join(
        orjson.dumps({"custom_id": f"line-{n:08d}", "error": {"code": "x"}}) + b"\n" for n in (1, 2)
    )
    world.files.downloads = [raw, b"no json\n"]
    status, body = await client.ask("GET", f"/v1/files/{file_id}/content")

    assert status == 200
    assert len(body.splitlines()) == 1
    assert not client.ended
    assert world.sink.types[-1] == "request.failed"


async def test_a_download_whose_client_goes_away(world: World, client: Client) -> None:
    """Is closed as aborted while it is still being sent."""
    file_id = await output(world)
    await client.ask("GET", f"/v1/files/{file_id}/content", gone_after=2)
    assert world.sink.types[-1] == "request.aborted"
    assert client.in_flight.count == 0


async def test_the_other_endpoints(world: World, client: Client) -> None:
    """Each answers in JSON."""
    file = await world.upload(TWO)
    start = {"input_file_id": file["id"], "endpoint": CHAT, "completion_window": "24h"}
    kind = ("content-type", "application/json")
    status, body = await client.ask("POST", "/v1/batches", [orjson.dumps(start)], kind)
    batch = orjson.loads(body)
    assert (status, batch["object"]) == (200, "batch")
    for method, path, told in (
        ("POST", f"/v1/batches/{batch['id']}/cancel", "batch"),
        ("GET", "/v1/files", "list"),
        ("GET", f"/v1/files/{file['id']}", "file"),
        ("GET", "/v1/batches", "list"),
        ("GET", f"/v1/batches/{batch['id']}", "batch"),
        ("DELETE", f"/v1/files/{file['id']}", "file"),
    ):
        status, body = await client.ask(method, path)
        assert (status, orjson.loads(body)["object"]) == (200, told), path


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=-1", "limit=10001", "limit=x", "limit=٣", "order=up"]
)
async def test_a_query_that_is_none(client: Client, query: str) -> None:
    """400."""
    assert (await client.ask("GET", "/v1/files", query=query))[0] == 400


async def test_a_fault_of_ours(world: World, client: Client) -> None:
    """500, without a word of it."""

    def fails(*_: Any) -> Any:
        raise ValueError("canary")

    world.files.file = fails  # type: ignore[method-assign]
    file = await world.upload(TWO)
    status, body = await client.ask("GET", f"/v1/files/{file['id']}")
    assert status == 500
    assert b"canary" not in body
