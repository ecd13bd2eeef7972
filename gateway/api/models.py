"""`GET /v1/models` and `/v1/models/{id}`: what the configuration names; asks no upstream."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import orjson
from fastapi import APIRouter, Depends, Request, Response

from gateway.api.errors import error_response
from gateway.errors import NotFound
from gateway.routing.candidates import configured_models
from gateway.settings import Upstream
from gateway.types import Subject

Authenticate = Callable[[Mapping[str, str]], Subject]


def models_router(upstreams: tuple[Upstream, ...], authenticate: Authenticate) -> APIRouter:
    """`GET /v1/models` and `/v1/models/{id}`: what the configuration names; asks no upstream."""
    router = APIRouter(include_in_schema=False)
    listed = {
        model: {"id": model, "object": "model", "created": 0, "owned_by": owner}
        for model, owner in configured_models(upstreams)
    }

    def known_caller(request: Request) -> Subject:
        return authenticate(dict(request.headers))

    @router.get("/v1/models")
    async def models(_: Subject = Depends(known_caller)) -> Response:
        """Every configured model."""
        body = orjson.dumps({"object": "list", "data": list(listed.values())})
        return Response(body, media_type="application/json")

    @router.get("/v1/models/{model:path}")
    async def model(model: str, request: Request, _: Subject = Depends(known_caller)) -> Response:
        """One configured model."""
        found = listed.get(model)
        if found is None:
            missing = NotFound(
                "No such model is configured.", code="model_not_found", param="model"
            )
            return error_response(missing, request.headers)
        return Response(orjson.dumps(found), media_type="application/json")

    return router
