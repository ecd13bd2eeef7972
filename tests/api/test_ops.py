"""The endpoints for operators, over real ASGI."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from fastapi import FastAPI

from gateway.api.ops import ops_router


async def get(path: str, **checks: bool) -> tuple[int, dict[str, str], bytes]:
    app = FastAPI(openapi_url=None)
    app.include_router(ops_router({name: lambda ok=ok: ok for name, ok in checks.items()}))
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [],
        "server": ("gateway", 80),
        "client": ("127.0.0.1", 1),
    }
    await app(scope, receive, send)  # type: ignore[arg-type]
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(m.get("body", b"") for m in sent[1:])


async def test_alive_whatever_the_checks_say():
    status, _, body = await get("/livez", audit=False)
    assert (status, orjson.loads(body)) == (200, {"status": "alive"})


async def test_ready_when_every_check_passes():
    status, headers, body = await get("/readyz", audit=True, policy=True)
    assert status == 200
    assert headers["cache-control"] == "no-store"
    assert orjson.loads(body) == {"status": "ready", "checks": {"audit": "ok", "policy": "ok"}}


@pytest.mark.parametrize("failing", ["audit", "policy", "detector", "draining"])
async def test_not_ready_when_one_fails(failing: str):
    checks = dict.fromkeys(("audit", "policy", "detector", "draining"), True) | {failing: False}
    status, _, body = await get("/readyz", **checks)
    assert status == 503
    assert orjson.loads(body)["checks"] == {
        name: "ok" if ok else "failed" for name, ok in checks.items()
    }


async def test_metrics_are_in_prometheus_text_format():
    status, headers, body = await get("/metrics")
    assert status == 200
    assert headers["content-type"].startswith("text/plain; version=")
    assert b"cloakroom_in_flight" in body
