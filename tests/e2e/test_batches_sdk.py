"""Files and batches with the official `openai` client against a running gateway."""

from __future__ import annotations

import http.client
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.e2e import batch_server
from tests.e2e.world import Gateway, config_for, free_port, wait_until

MAIL = "jane.roe@example.com"
CHAT = "/v1/chat/completions"
LOOPBACK = """\
version: 1
policies: [mask-all]
upstreams: [{name: local, kind: loopback, class: on_prem}]
detection: {profile: patterns, timeout_s: 120}
audit: {url: "sqlite:///audit.db"}
"""


@pytest.fixture(scope="module")
def loopback(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    gateway = Gateway(tmp_path_factory.mktemp("loopback"), LOOPBACK)
    gateway.start()
    yield gateway
    gateway.stop()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gateway, Path, int]]:
    """A gateway before a server whose files can be looked at."""
    folder, port = tmp_path_factory.mktemp("served"), free_port()
    config = config_for(port, more="detection: {profile: patterns, timeout_s: 120}\n")
    with batch_server.serving(folder / "server", port):
        gateway = Gateway(folder, config)
        gateway.start()
        yield gateway, folder / "server", port
        gateway.stop()


def client(gateway: Gateway) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="any", max_retries=0)


def line(custom_id: str, body: dict[str, Any], url: str = CHAT) -> bytes:
    made = {"custom_id": custom_id, "method": "POST", "url": url, "body": body}
    return json.dumps(made).encode() + b"\n"


def chat(text: str) -> dict[str, Any]:
    return {"model": "any", "messages": [{"role": "user", "content": text}]}


def run(sdk: openai.OpenAI, data: bytes, url: Any = CHAT) -> list[dict[str, Any]]:
    """Upload, start, poll, download; the results in the order of their custom ids."""
    file = sdk.files.create(file=("jane.roe.jsonl", data), purpose="batch")
    assert (file.filename, file.bytes, file.purpose) == ("jane.roe.jsonl", len(data), "batch")
    batch = sdk.batches.create(
        input_file_id=file.id, endpoint=url, completion_window="24h", metadata={"who": MAIL}
    )
    for _ in range(5):
        if batch.status == "completed":
            break
        batch = sdk.batches.retrieve(batch.id)
    assert batch.status == "completed"
    assert batch.metadata == {"who": MAIL}
    assert batch.output_file_id is not None
    results = [json.loads(one) for one in sdk.files.content(batch.output_file_id).text.splitlines()]
    return sorted(results, key=lambda one: str(one["custom_id"]))


def test_a_round_trip_through_the_embedded_upstream(loopback: Gateway) -> None:
    """What the README shows."""
    with client(loopback) as sdk:
        results = run(sdk, line(MAIL, chat(f"Write to {MAIL}.")) + line("b", chat("hello")))

    assert [one["custom_id"] for one in results] == ["b", MAIL]
    said = [one["response"]["body"]["choices"][0]["message"]["content"] for one in results]
    assert said == ["I received: hello", f"I received: Write to {MAIL}."]


@pytest.mark.parametrize(
    ("url", "body"),
    [
        ("/v1/responses", {"model": "any", "input": f"Write to {MAIL}."}),
        ("/v1/completions", {"model": "any", "prompt": f"Write to {MAIL}."}),
        ("/v1/embeddings", {"model": "any", "input": f"Write to {MAIL}."}),
    ],
)
def test_every_endpoint_that_a_batch_can_have(
    loopback: Gateway, url: str, body: dict[str, Any]
) -> None:
    """Each restored by its own family's rules."""
    with client(loopback) as sdk:
        (one,) = run(sdk, line("a", body, url), url)

    assert one["response"]["status_code"] == 200
    if url != "/v1/embeddings":
        assert MAIL in json.dumps(one["response"]["body"])


async def test_the_asynchronous_client(loopback: Gateway) -> None:
    """Lists page by page, and deletes."""
    url = f"{loopback.url}/v1"
    async with openai.AsyncOpenAI(base_url=url, api_key="any", max_retries=0) as sdk:
        files = [
            await sdk.files.create(file=("f.jsonl", line("a", chat("hi"))), purpose="batch")
            for _ in range(3)
        ]
        ids = [one.id async for one in sdk.files.list(limit=2, purpose="batch")]
        assert ids[:3] == [one.id for one in reversed(files)]
        oldest = [one.id async for one in sdk.files.list(limit=2, order="asc", purpose="batch")]
        assert oldest == ids[::-1]
        batch = await sdk.batches.create(
            input_file_id=files[0].id, endpoint=CHAT, completion_window="24h"
        )
        cancelled = await sdk.batches.cancel(batch.id)
        assert cancelled.status == "cancelling"
        async for one in sdk.batches.list(limit=1):
            assert one.id == batch.id
            break
        for file in files:
            assert (await sdk.files.delete(file.id)).deleted
            with pytest.raises(openai.NotFoundError):
                await sdk.files.retrieve(file.id)


@pytest.mark.parametrize(
    ("data", "purpose", "status", "code"),
    [
        (line("a", chat("hi")), "fine-tune", 400, "unsupported_purpose"),
        (b"", "batch", 400, "empty_file"),
        (line("a", chat("hi")) * 2, "batch", 400, "duplicate_custom_id"),
        (b"canary", "batch", 400, "invalid_json"),
        (line("a", chat("hi") | {"stream": True}), "batch", 400, "invalid_line"),
        (b"x" * 10_000_001, "batch", 413, "line_too_large"),
        (line("canary", chat("hi"), "/v1/moderations") + b"\n" * 3_000_000, "batch", 400,
         "invalid_line"),
    ],
)  # fmt: skip
def test_what_is_refused(
    loopback: Gateway, data: bytes, purpose: Any, status: int, code: str
) -> None:
    """In the envelope, without an echo, though much of the upload may still be on its way."""
    with client(loopback) as sdk, pytest.raises(openai.APIStatusError) as caught:
        sdk.files.create(file=("f.jsonl", data), purpose=purpose)

    assert (caught.value.status_code, caught.value.code) == (status, code)
    assert "canary" not in str(caught.value)


def test_who_is_not_known_uploads_nothing(tmp_path: Path) -> None:
    """401."""
    config = LOOPBACK + "auth: {mode: keys, keys_file: keys.yaml}\n"
    (tmp_path / "keys.yaml").write_text("version: 1\nkeys: []\n")
    gateway = Gateway(tmp_path, config)
    gateway.start()
    try:
        for method, path in (
            ("POST", "/v1/files"), ("GET", "/v1/files"), ("GET", "/v1/files/x"),
            ("GET", "/v1/files/x/content"), ("POST", "/v1/batches"), ("GET", "/v1/batches/x"),
        ):  # fmt: skip
            assert gateway.send(method, path, b"{}" if method == "POST" else None)[0] == 401
    finally:
        gateway.stop()


def test_nothing_of_the_text_is_at_the_server_or_in_a_file(
    served: tuple[Gateway, Path, int],
) -> None:
    """Neither values, custom ids, metadata nor the file's name; and all is on record."""
    gateway, folder, _ = served
    with client(gateway) as sdk:
        results = run(sdk, b"".join(line(f"{n}-{MAIL}", chat(f"{n} {MAIL}")) for n in range(40)))
    texts = {
        one["custom_id"]: one["response"]["body"]["choices"][0]["message"]["content"]
        for one in results
    }
    assert texts == {f"{n}-{MAIL}": f"{n} {MAIL}" for n in range(40)}

    files = [path for path in gateway.folder.rglob("*") if path.is_file()]
    assert folder / "file-1" in files
    for path in files:
        assert b"jane.roe" not in path.read_bytes(), path
    types = [record["type"] for record in gateway.records() if record.get("request_id")]
    assert types.count("request.accepted") == types.count("request.completed") == 42


def test_an_upload_that_is_cut_off_leaves_no_file(served: tuple[Gateway, Path, int]) -> None:
    """The server's is cut off as well, and the records say that the client has gone."""
    gateway, _, port = served
    before = batch_server.state(port)
    assert before is not None
    head = (
        b'--b\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
        b'--b\r\ncontent-disposition: form-data; name="file"; filename="f"\r\n\r\n'
    )
    lines = b"".join(line(str(n), chat(f"{n} {MAIL}")) for n in range(200))
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=120)
    connection.putrequest("POST", "/v1/files")
    connection.putheader("content-type", "multipart/form-data; boundary=b")
    connection.putheader("content-length", str(10 * len(lines)))
    connection.endheaders()
    connection.send(head + lines)

    def seen(key: str) -> bool:
        now = batch_server.state(port)
        return now is not None and now[key] > before[key]

    wait_until(lambda: seen("bytes"), "the first lines at the server")
    connection.close()
    wait_until(lambda: seen("cut"), "the server's upload to be cut off")

    after = batch_server.state(port)
    assert after is not None
    assert after["files"] == before["files"]

    def closed() -> bool:
        types = [record["type"] for record in gateway.records() if record.get("request_id")]
        aborted = types.count("request.aborted")
        ended = aborted + types.count("request.completed")
        return aborted > 0 and types.count("request.accepted") == ended

    wait_until(closed, "the records of all lines to be closed")
    with sqlite3.connect(gateway.folder / "audit.db") as database:
        wait_until(lambda: kept(database) == 43, "the vault to be rid of the lines")


def kept(database: sqlite3.Connection) -> int:
    """Of the batch of the test before: 40 lines, two files, one batch; nothing of what was cut."""
    rows: int = database.execute("SELECT count(*) FROM vault_items").fetchone()[0]
    return rows


def test_a_gateway_that_is_killed_in_mid_upload(tmp_path: Path) -> None:
    """The server has no file, the next start closes the records, and the same upload goes through;
    what was downloaded half can be downloaded again."""
    port = free_port()
    gateway = Gateway(
        tmp_path, config_for(port, more="detection: {profile: patterns, timeout_s: 120}\n")
    )
    lines = b"".join(line(str(n), chat(f"{n} {MAIL}")) for n in range(300))
    with batch_server.serving(tmp_path / "server", port):
        gateway.start()
        try:
            connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=120)
            connection.putrequest("POST", "/v1/files")
            connection.putheader("content-type", "multipart/form-data; boundary=b")
            connection.putheader("content-length", str(10 * len(lines)))
            connection.endheaders()
            connection.send(
                b'--b\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--b\r\n'
                b'content-disposition: form-data; name="file"; filename="f"\r\n\r\n' + lines
            )
            wait_until(lambda: (batch_server.state(port) or {})["bytes"] > 0, "the first lines")
            gateway.kill()
            connection.close()
            wait_until(lambda: (batch_server.state(port) or {})["cut"] > 0, "the cut")
            assert (batch_server.state(port) or {})["files"] == []

            gateway.start()
            with client(gateway) as sdk:
                assert list(sdk.files.list()) == []
                results = run(sdk, lines)
                assert len(results) == 300
                kill_in_mid_download(gateway, sdk)

            def closed() -> bool:
                types = [one["type"] for one in gateway.records() if one.get("request_id")]
                accepted = types.count("request.accepted")
                return types.count("request.outcome_unknown") > 0 and accepted * 2 == len(types)

            wait_until(closed, "the records of all lines to be closed")
        finally:
            gateway.stop()


def kill_in_mid_download(gateway: Gateway, sdk: openai.OpenAI) -> None:
    """And read the same file again."""
    (batch,) = list(sdk.batches.list())
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=120)
    connection.request("GET", f"/v1/files/{batch.output_file_id}/content")
    response = connection.getresponse()
    assert response.status == 200
    response.read(100)
    gateway.kill()
    connection.close()
    gateway.start()
    assert batch.output_file_id is not None
    assert sdk.files.content(batch.output_file_id).text.count(MAIL) == 300
