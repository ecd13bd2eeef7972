"""What operators and orchestrators ask: is it alive, is it ready, what are its figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import orjson
from fastapi import APIRouter, Request, Response

from gateway.metrics import render


def ops_router(
    checks: Mapping[str, Callable[[], bool]],
    warnings: Callable[[], Sequence[str]] = tuple,
) -> APIRouter:
    """GET /livez, /readyz and /metrics.

    `checks` are named questions about this process alone ("audit", "policy", "detector",
    "draining"), each answering whether that part is fit to take requests. Upstreams are not
    asked: they come and go, and a gateway that is not ready cannot even say so to its clients.
    `warnings` names what does not keep it from taking requests, but is for somebody to see to.
    """
    router = APIRouter(include_in_schema=False)

    @router.get("/livez")
    async def livez() -> Response:
        """200 as soon as the event loop runs."""
        return _json({"status": "alive"}, 200)

    @router.get("/readyz")
    async def readyz() -> Response:
        """200 when every check passes, else 503; both name each check, and what to see to."""
        passed = {name: check() for name, check in checks.items()}
        ready = all(passed.values())
        results = {name: "ok" if ok else "failed" for name, ok in passed.items()}
        body: dict[str, object] = {"status": "ready" if ready else "not_ready", "checks": results}
        if found := warnings():
            body["warnings"] = list(found)
        return _json(body, 200 if ready else 503)

    @router.get("/metrics")
    async def metrics(request: Request) -> Response:
        """Prometheus' text format, or OpenMetrics, as is asked for."""
        body, content_type = render(request.headers.get("accept", ""))
        return Response(body, headers={"content-type": content_type})

    return router


def _json(body: Mapping[str, object], status: int) -> Response:
    return Response(orjson.dumps(body), status, {"cache-control": "no-store"}, "application/json")
