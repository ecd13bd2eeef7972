"""`GET /v1/models` and `/v1/models/{id}`: what the caller may use of what is configured.

No upstream is asked. The list has the form of the API that the caller speaks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

import orjson
from fastapi import APIRouter, Depends, Request, Response

from gateway.api.dialects import is_anthropic
from gateway.api.errors import error_response
from gateway.errors import NotFound, RequestError
from gateway.types import Family, Subject

Authenticate = Callable[[Mapping[str, str]], Subject]
Offered = Callable[[Subject, Collection[Family]], Mapping[str, str]]
"""The models of a caller in some API families, each with its upstream."""

_MOST_LISTED: Final = 1000
_OF_ANTHROPIC: Final = (Family.MESSAGES,)
_OF_OPENAI: Final = tuple(one for one in Family if one is not Family.MESSAGES)
_UNKNOWN_TIME: Final = "1970-01-01T00:00:00Z"


def models_router(offered: Offered, authenticate: Authenticate) -> APIRouter:
    """The two endpoints."""
    router = APIRouter(include_in_schema=False)

    def known_caller(request: Request) -> Subject:
        return authenticate(dict(request.headers))

    @router.get("/v1/models")
    async def models(request: Request, caller: Subject = Depends(known_caller)) -> Response:
        """Every model that the caller may use."""
        if is_anthropic(request.headers):
            listed = _page(tuple(offered(caller, _OF_ANTHROPIC)), request.query_params)
        else:
            found = offered(caller, _OF_OPENAI)
            listed = {"object": "list", "data": [_openai(*one) for one in found.items()]}
        return _json(listed)

    @router.get("/v1/models/{model:path}")
    async def model(
        model: str, request: Request, caller: Subject = Depends(known_caller)
    ) -> Response:
        """One of them."""
        found = offered(caller, _OF_ANTHROPIC if is_anthropic(request.headers) else _OF_OPENAI)
        if model not in found:
            missing = NotFound(
                "There is no such model, or policy does not let you use it.",
                code="model_not_found",
                param="model",
            )
            return error_response(missing, request.headers)
        shown = _anthropic(model) if is_anthropic(request.headers) else _openai(model, found[model])
        return _json(shown)

    return router


def _json(document: Mapping[str, Any]) -> Response:
    return Response(orjson.dumps(document), media_type="application/json")


def _openai(model: str, owner: str) -> dict[str, Any]:
    return {"id": model, "object": "model", "created": 0, "owned_by": owner}


def _anthropic(model: str) -> dict[str, Any]:
    return {
        "type": "model",
        "id": model,
        "display_name": model,
        "created_at": _UNKNOWN_TIME,
        "lifecycle": "active",
    }


def _page(models: tuple[str, ...], query: Mapping[str, str]) -> dict[str, Any]:
    """A page of Anthropic's list: all there are, up to `limit`, behind or before a model.

    Raises:
        RequestError: the limit is no number from 1 to 1000.
    """
    limit = query.get("limit", str(_MOST_LISTED))
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:5]) <= _MOST_LISTED):
        raise RequestError(f"`limit` must be a number from 1 to {_MOST_LISTED}.", param="limit")
    after, before = query.get("after_id", ""), query.get("before_id", "")
    size = int(limit)
    if before in models:
        left = models[: models.index(before)]
        shown = left[-size:]
    else:
        left = models[models.index(after) + 1 :] if after in models else models
        shown = left[:size]
    return {
        "data": [_anthropic(one) for one in shown],
        "has_more": len(left) > len(shown),
        "first_id": shown[0] if shown else None,
        "last_id": shown[-1] if shown else None,
    }
