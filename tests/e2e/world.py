"""A real gateway process and a real model server to talk to: what the end-to-end tests stand on."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import secrets
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from gateway.upstreams.echo import responses

ROOT = Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 240.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def last_user(body: dict[str, Any]) -> str:
    for message in reversed(body["messages"]):
        if message["role"] in ("user", "tool"):
            content = message["content"]
            return content if isinstance(content, str) else "".join(p["text"] for p in content)
    return ""


class ModelServer:
    """An OpenAI-compatible server on loopback that remembers every byte it was sent.

    The model's name chooses the behaviour: `echo` answers with the last user message, `tool`
    calls the first tool with it, `reject` echoes the prompt in an error, `garbage` answers no
    JSON, `cut` breaks a stream off, `hang` never ends its stream, `crash` closes at once.
    """

    def __init__(self) -> None:
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.stored: dict[str, str] = {}
        self.closed = threading.Event()
        self.port = free_port()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._started = threading.Event()

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(raw) for _, raw in self.received]

    @property
    def text(self) -> str:
        """Everything that ever arrived, headers included."""
        return "\n".join(f"{headers} {raw.decode()}" for headers, raw in self.received)

    def start(self) -> None:
        self._thread.start()
        assert self._started.wait(START_TIMEOUT_S)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(120)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_post("/v1/completions", self._completion)
        app.router.add_post("/v1/embeddings", self._embeddings)
        app.router.add_post("/v1/responses", self._responses)
        app.router.add_route("*", "/v1/responses/{id}", self._stored)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        self._loop.run_until_complete(runner.setup())
        self._loop.run_until_complete(web.TCPSite(runner, "127.0.0.1", self.port).start())
        self._started.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        self.received.append((dict(request.headers), raw))
        body = json.loads(raw)
        kind = body["model"].split("-")[0]
        if kind == "reject":
            return web.json_response({"error": {"message": raw.decode()}}, status=400)
        if kind == "garbage":
            return web.Response(body=b"<html>" + raw, content_type="application/json")
        if kind == "crash":
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if body.get("stream"):
            return await self._stream(request, body, kind)
        return web.json_response({"choices": [self._choice(body, kind)], "usage": USAGE})

    async def _responses(self, request: web.Request) -> web.StreamResponse:
        """Whatever the model's name, the echo of our own loopback upstream.

        What it is to store it does, and quotes when a later request goes on with it.
        """
        raw = await request.read()
        self.received.append((dict(request.headers), raw))
        body = json.loads(raw)
        previous = body.get("previous_response_id")
        if previous is not None and previous not in self.stored:
            return web.json_response({"error": {"message": raw.decode()}}, status=404)
        if previous is not None:
            body["input"] = f"{self.stored[previous]} {body['input']}"
        name = secrets.token_hex(16)
        if body.get("store") is not False:
            self.stored[f"resp_{name}"] = body["input"]
        if not body.get("stream"):
            return web.json_response(responses.whole(body, name, 1_700_000_000))
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for at, block in enumerate(responses.events(body, name, 1_700_000_000)):
            if body["model"] == "cut" and at == 9:
                assert request.transport is not None
                request.transport.close()
                break
            await response.write(block)
        return response

    async def _stored(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["id"]
        if name not in self.stored:
            return web.json_response({"error": {"message": name}}, status=404)
        if request.method == "DELETE":
            del self.stored[name]
            return web.json_response({"id": name, "object": "response", "deleted": True})
        body = {"model": "echo", "input": self.stored[name]}
        number = name.removeprefix("resp_")
        return web.json_response(responses.whole(body, number, 1_700_000_000))

    async def _completion(self, request: web.Request) -> web.StreamResponse:
        """Each prompt, as a whole or two characters at a time."""
        raw = await request.read()
        self.received.append((dict(request.headers), raw))
        body = json.loads(raw)
        prompts = [body["prompt"]] if isinstance(body["prompt"], str) else body["prompt"]
        if not body.get("stream"):
            choices = [
                {"index": index, "text": prompt, "finish_reason": "stop"}
                for index, prompt in enumerate(prompts)
            ]
            return web.json_response({"choices": choices, "usage": USAGE})
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for index, prompt in enumerate(prompts):
            pieces = [(prompt[at : at + 2], None) for at in range(0, len(prompt), 2)]
            for text, reason in [*pieces, ("", "stop")]:
                choice = {"index": index, "text": text, "finish_reason": reason}
                await self._event(response, {"choices": [choice]})
        await self._event(response, {"choices": [], "usage": USAGE})
        await response.write(b"data: [DONE]\n\n")
        return response

    async def _embeddings(self, request: web.Request) -> web.StreamResponse:
        """A vector of one figure and the number of the input, as figures or packed."""
        raw = await request.read()
        self.received.append((dict(request.headers), raw))
        body = json.loads(raw)
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        vectors: list[Any] = [[0.5, float(index)] for index in range(len(texts))]
        if body.get("encoding_format") == "base64":
            vectors = [base64.b64encode(struct.pack("<2f", *one)).decode() for one in vectors]
        data = [{"index": index, "embedding": one} for index, one in enumerate(vectors)]
        usage = {"prompt_tokens": 11, "total_tokens": 11}
        return web.json_response({"data": data, "usage": usage, "echo": raw.decode()})

    def _choice(self, body: dict[str, Any], kind: str) -> dict[str, Any]:
        text = last_user(body)
        if kind == "tool" and body["messages"][-1]["role"] == "user":
            function = {
                "name": body["tools"][0]["function"]["name"],
                "arguments": json.dumps({"to": text}),
            }
            call = {"id": "call_1", "type": "function", "function": function}
            message = {"role": "assistant", "content": None, "tool_calls": [call]}
            return {"index": 0, "message": message, "finish_reason": "tool_calls"}
        message = {"role": "assistant", "content": text}
        return {"index": 0, "message": message, "finish_reason": "stop"}

    async def _stream(
        self, request: web.Request, body: dict[str, Any], kind: str
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        message = self._choice(body, kind)["message"]
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
        if message.get("tool_calls"):
            call = message["tool_calls"][0]
            arguments = call["function"]["arguments"]
            empty = {**call, "index": 0, "function": {**call["function"], "arguments": ""}}
            deltas = [{"role": "assistant", "tool_calls": [empty]}]
            deltas += [
                {"tool_calls": [{"index": 0, "function": {"arguments": arguments[at : at + 3]}}]}
                for at in range(0, len(arguments), 3)
            ]
        else:
            text = message["content"]
            deltas += [{"content": text[at : at + 2]} for at in range(0, len(text), 2)]
        try:
            for number, delta in enumerate(deltas):
                if kind == "cut" and number == len(deltas) // 2:
                    assert request.transport is not None
                    request.transport.close()
                    return response
                await self._event(response, {"choices": [{"index": 0, "delta": delta}]})
            while kind == "hang":
                await asyncio.sleep(0.05)
                await self._event(response, {"choices": [{"index": 0, "delta": {"content": "."}}]})
        except (ConnectionError, asyncio.CancelledError):
            self.closed.set()
            raise
        reason = "tool_calls" if message.get("tool_calls") else "stop"
        last = {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}
        await self._event(response, last)
        if (body.get("stream_options") or {}).get("include_usage"):
            await self._event(response, {"choices": [], "usage": USAGE})
        await response.write(b"data: [DONE]\n\n")
        return response

    async def _event(self, response: web.StreamResponse, event: dict[str, Any]) -> None:
        await response.write(b"data: " + json.dumps(event).encode() + b"\n\n")


USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}


class Gateway:
    """`cloakroom serve` as an operator runs it: a process of its own, on its own files."""

    def __init__(self, folder: Path, config: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.config = folder / "cloakroom.yaml"
        self.config.write_text(config)
        self.log = folder / "gateway.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "gateway", "serve", "--config", str(self.config)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--port", str(self.port)],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )
        wait_until(self._is_ready, "the gateway to be ready")

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()
        return self.get("/readyz")[0] == 200

    def kill(self) -> None:
        """As a crash does it."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(120)

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(120)

    def get(self, path: str) -> tuple[int, str]:
        return self.send("GET", path, None)[:2]

    def post(
        self, body: bytes, headers: dict[str, str] | None = None
    ) -> tuple[int, str, dict[str, str]]:
        return self.send("POST", "/v1/chat/completions", body, headers)

    def send(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str] | None = None
    ) -> tuple[int, str, dict[str, str]]:
        every = {"content-type": "application/json", **(headers or {})}
        request = urllib.request.Request(self.url + path, body, every, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as response:
                return response.status, response.read().decode(), dict(response.headers)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode(), dict(error.headers)
        except (urllib.error.URLError, ConnectionError):
            return 0, "", {}

    def records(self) -> list[dict[str, Any]]:
        """The audit log, newest first, as the command line shows it."""
        command = [sys.executable, "-m", "gateway", "audit", "list", "--limit", "1000", "--json"]
        shown = subprocess.run(
            [*command, "--config", str(self.config)],
            capture_output=True,
            check=True,
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        listed = json.loads(shown.stdout)
        return list(listed["records"] if isinstance(listed, dict) else listed)


def wait_until(condition: Any, what: str) -> None:
    """Poll with a generous bound; the failure says what was waited for."""
    deadline = time.monotonic() + START_TIMEOUT_S
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"timed out waiting for {what}"
        pause.wait(0.05)


def config_for(
    model_port: int, policy: str = "mask-all", more: str = "", upstreams: str = ""
) -> str:
    if "detection:" not in more:
        more += "detection: {timeout_s: 120}\n"
    return f"""\
version: 1
policies: [{policy}]
upstreams:
  - name: cloud
    kind: openai
    class: external
    base_url: "http://127.0.0.1:{model_port}/v1"
    api_key: upstream-key
    models: ["*"]
    forward_headers: [x-team]
{upstreams}limits: {{connect_s: 120, first_byte_s: 120, idle_s: 120}}
audit: {{url: "sqlite:///audit.db"}}
{more}"""


@contextmanager
def running(
    folder: Path, policy: str = "mask-all", more: str = "", upstreams: str = ""
) -> Iterator[tuple[Gateway, ModelServer]]:
    model = ModelServer()
    model.start()
    gateway = Gateway(folder, config_for(model.port, policy, more, upstreams))
    try:
        gateway.start()
        yield gateway, model
    finally:
        gateway.stop()
        model.stop()
