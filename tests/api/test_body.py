"""Reading bodies: every bound, and every way to go past it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.api.body import ClientGone, read_body
from gateway.errors import RequestError
from tests.waiting import AMPLE_S

JSON = (b"content-type", b"application/json")
CANARY = "canary-4471"


class Client:
    """An ASGI `receive` over given messages, which never ends where they do."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        self.messages = list(messages)
        self.received = 0

    async def __call__(self) -> dict[str, Any]:
        if self.received == len(self.messages):
            await asyncio.Event().wait()
        self.received += 1
        return self.messages[self.received - 1]


def parts(*bodies: bytes) -> Client:
    last = len(bodies) - 1
    return Client(
        *(
            {"type": "http.request", "body": body, "more_body": at < last}
            for at, body in enumerate(bodies)
        )
    )


async def read(client: Client, *headers: tuple[bytes, bytes], limit: int = 10) -> bytes:
    return await read_body(client, [JSON, *headers], limit, AMPLE_S)


async def refused(client: Client, headers: list[tuple[bytes, bytes]], **kw: Any) -> RequestError:
    with pytest.raises(RequestError) as caught:
        await read_body(client, headers, kw.get("limit", 10), kw.get("timeout_s", AMPLE_S))
    assert CANARY not in str(caught.value)
    return caught.value


@given(bodies=st.lists(st.binary(max_size=4), min_size=1, max_size=6))
async def test_the_body_is_the_sum_of_its_parts(bodies: list[bytes]):
    assert await read(parts(*bodies), limit=24) == b"".join(bodies)


async def test_a_message_without_a_body_is_empty():
    assert await read(Client({"type": "http.request"})) == b""


async def test_exactly_the_limit_is_allowed():
    assert await read(parts(b"12345", b"67890"), (b"content-length", b"10")) == b"1234567890"


@pytest.mark.parametrize("length", [b"11", b"0011", b"9" * 5000])
async def test_a_content_length_over_the_limit_is_refused_and_the_body_drained(length: bytes):
    client = parts(b"1")
    error = await refused(client, [JSON, (b"content-length", length)])
    assert (error.code, error.status) == ("body_too_large", 413)
    assert client.received == 1  # a client that is still sending would miss the answer


async def test_a_body_over_the_limit_is_refused_while_reading():
    client = parts(b"12345", b"678901", b"never kept")
    assert (await refused(client, [JSON])).code == "body_too_large"
    assert client.received == 3


@pytest.mark.parametrize("length", [b"-1", b"1e3", b"", b"1, 1", CANARY.encode(), b"\xb2"])
async def test_a_content_length_must_be_a_number(length: bytes):
    error = await refused(parts(b""), [JSON, (b"content-length", length)])
    assert (error.code, error.status) == ("invalid_content_length", 400)


@pytest.mark.parametrize("encoding", [b"gzip", b"br", b"identity, gzip", b"", CANARY.encode()])
async def test_an_encoded_body_is_refused(encoding: bytes):
    error = await refused(parts(b""), [JSON, (b"content-encoding", encoding)])
    assert (error.code, error.status) == ("unsupported_encoding", 415)


async def test_identity_is_no_encoding():
    assert await read(parts(b"{}"), (b"Content-Encoding", b" Identity ")) == b"{}"


@pytest.mark.parametrize(
    "kind",
    [
        b"application/json",
        b"Application/JSON",
        b"application/json; charset=utf-8",
        b'application/json;charset="UTF-8"',
        b" application/json ; charset=utf8 ",
    ],
)
async def test_json_in_utf_8(kind: bytes):
    assert await read_body(parts(b"{}"), [(b"content-type", kind)], 10, 5.0) == b"{}"


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [JSON, JSON],
        [(b"content-type", b"text/plain")],
        [(b"content-type", b"application/jsonp")],
        [(b"content-type", b"application/json; charset=latin-1")],
        [(b"content-type", b"application/json; boundary=x")],
        [(b"content-type", CANARY.encode())],
    ],
)
async def test_anything_else_is_refused(headers: list[tuple[bytes, bytes]]):
    error = await refused(parts(b"{}"), headers)
    assert (error.code, error.status) == ("unsupported_media_type", 415)


async def test_a_slow_body_times_out():
    client = Client({"type": "http.request", "body": b"1", "more_body": True})
    error = await refused(client, [JSON], timeout_s=0.01)
    assert (error.code, error.status) == ("body_timeout", 408)


async def test_a_client_that_leaves():
    client = Client(
        {"type": "http.request", "body": b"1", "more_body": True}, {"type": "http.disconnect"}
    )
    with pytest.raises(ClientGone):
        await read(client)
