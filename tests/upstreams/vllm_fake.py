"""A vLLM server's stand-in: its endpoints, with a prefix cache by salt, and faults on demand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

METRICS = """\
# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{{engine="0",model_name="tiny"}} {running}
# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting{{engine="0",model_name="tiny"}} {waiting}
vllm:num_requests_waiting_by_reason{{engine="0",model_name="tiny",reason="capacity"}} 9.0
# TYPE vllm:kv_cache_usage_perc gauge
vllm:kv_cache_usage_perc{{engine="0",model_name="tiny"}} {cache}
"""


@dataclass
class FakeVllm:
    """Answers `Hello.`; a test sets how it is, and sees what it was asked.

    `ill` gives the status of some paths; `closes` are paths at which it breaks the connection off.
    `adapters` are told with the model as their parent. A message's tokens are its words.
    """

    name: str = "fake"
    running: str = "0.0"
    waiting: str = "0.0"
    cache: str = "0.0"
    root: str = "/models/tiny"
    longest: int = 2_048
    adapters: tuple[str, ...] = ()
    ill: dict[str, int] = field(default_factory=dict)
    closes: set[str] = field(default_factory=set)
    cuts_streams: bool = False
    asked: Counter[str] = field(default_factory=Counter)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    cached: dict[str, list[Any]] = field(default_factory=dict)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._handle)
        return app

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.asked[request.path] += 1
        raw = await request.read()
        if request.path in self.closes:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if request.path in self.ill:
            error = {"message": f"Bad: {raw.decode()}", "type": "BadRequestError"}
            return web.json_response({"error": error}, status=self.ill[request.path])
        match request.path:
            case "/health":
                return web.Response()
            case "/metrics":
                values = {"running": self.running, "waiting": self.waiting, "cache": self.cache}
                return web.Response(text=METRICS.format(**values))
            case "/v1/models":
                return web.json_response({"object": "list", "data": self._models()})
            case "/tokenize" | "/v1/messages/count_tokens":
                return self._counted(request.path, orjson.loads(raw))
            case "/v1/chat/completions" | "/v1/messages" | "/v1/responses":
                self.headers.append(
                    {name.lower(): value for name, value in request.headers.items()}
                )
                return await self._answered(request, orjson.loads(raw))
        return web.json_response({"error": {"message": "Not Found"}}, status=404)

    def _models(self) -> list[dict[str, Any]]:
        base = {"id": "tiny", "root": self.root, "parent": None, "max_model_len": self.longest}
        own = [{"id": name, "root": f"/loras/{name}", "parent": "tiny"} for name in self.adapters]
        return [base, *own]

    def _counted(self, path: str, body: dict[str, Any]) -> web.Response:
        said = [str(one.get("content", "")) for one in body.get("messages", [])] or [body["prompt"]]
        count = sum(len(one.split()) for one in said)
        key = "count" if path == "/tokenize" else "input_tokens"
        return web.json_response({key: count, "max_model_len": self.longest, "tokens": []})

    async def _answered(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        self.bodies.append(body)
        if body["model"] not in ("tiny", *self.adapters):
            text = f"The model `{body['model']}` does not exist. Valid aliases: secret-lora"
            return web.json_response({"error": {"message": text}}, status=404)
        hits = self._hits(body)
        if body.get("stream"):
            return await self._streamed(request)
        message = {"role": "assistant", "content": "Hello."}
        usage = {
            "prompt_tokens": 8, "completion_tokens": 2, "total_tokens": 10,
            "prompt_tokens_details": {"cached_tokens": hits},
        }  # fmt: skip
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return web.json_response({"model": "tiny", "choices": [choice], "usage": usage})

    def _hits(self, body: dict[str, Any]) -> int:
        """How many messages of the prompt stood there before, under the same salt."""
        key = f"{body.get('cache_salt')} {body['model']}"
        before = self.cached.get(key, [])
        said = body.get("messages") or body["input"]
        self.cached[key] = said
        same = 0
        for one, other in zip(before, said, strict=False):
            if one != other:
                break
            same += 1
        return same

    async def _streamed(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for text in ("Hel", "lo."):
            choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
            event = orjson.dumps({"model": "tiny", "choices": [choice]})
            await response.write(b"data: " + event + b"\n\n")
            if self.cuts_streams:
                assert request.transport is not None
                request.transport.abort()
                return response
        choice = {"index": 0, "delta": {}, "finish_reason": "stop"}
        event = orjson.dumps({"model": "tiny", "choices": [choice]})
        await response.write(b"data: " + event + b"\n\ndata: [DONE]\n\n")
        return response
