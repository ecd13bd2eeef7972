"""Answers every error with the envelope of the caller's own API."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from gateway import metrics
from gateway.api.dialects import dialect_for
from gateway.errors import GatewayError, InternalError, NotFound, RequestError

_log = structlog.get_logger()


def error_response(error: GatewayError, headers: Mapping[str, str] | None = None) -> Response:
    """The error in the envelope that a caller with these headers reads, with its status, an id
    where that API's clients look for one, and `retry-after` in seconds where it is known."""
    metrics.error_answered(error.status, error.code)
    dialect = dialect_for(headers or {})
    request_id = f"req_{secrets.token_hex(12)}"
    extra = dict.fromkeys(("x-request-id", *dialect.request_id_headers), request_id)
    if error.retry_after is not None:
        extra["retry-after"] = str(error.retry_after)
    return Response(dialect.envelope(error, request_id), error.status, extra, "application/json")


def install_error_handlers(app: FastAPI) -> None:
    """Answer every error with the envelope, those of the framework included.

    The framework's own answers must not be used: they echo the input or the exception.
    """
    app.add_exception_handler(GatewayError, _gateway_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(Exception, _unexpected)


async def _gateway_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, GatewayError):
        raise TypeError(type(error).__name__)
    return error_response(error, request.headers)


async def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 404:
        message = "There is no such endpoint."
        return error_response(NotFound(message, code="unknown_endpoint"), request.headers)
    if status == 405:
        message = "This endpoint does not know that method."
        refused = RequestError(message, code="method_not_allowed", status=405)
        response = error_response(refused, request.headers)
        allowed = getattr(error, "headers", None) or {}
        response.headers.update({k: v for k, v in allowed.items() if k.lower() == "allow"})
        return response
    if 400 <= status < 500:
        refused = RequestError("The request cannot be served.", status=status)
        return error_response(refused, request.headers)
    return error_response(InternalError("The gateway failed.", status=status), request.headers)


async def _validation_error(request: Request, _error: Exception) -> Response:
    refused = RequestError("The request's parameters are not valid.")
    return error_response(refused, request.headers)


async def _unexpected(request: Request, error: Exception) -> Response:
    _log.error("unexpected_error", exc_info=error)
    return error_response(InternalError("The gateway failed."), request.headers)
