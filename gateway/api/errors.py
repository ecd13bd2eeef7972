"""How errors look to the client: the OpenAI envelope, for every error there is."""

from __future__ import annotations

import orjson
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from gateway.errors import GatewayError, InternalError, NotFound, RequestError

_log = structlog.get_logger()


def openai_envelope(error: GatewayError) -> bytes:
    """`{"error": {"message", "type", "param", "code"}}` in UTF-8, as OpenAI's clients read it."""
    fields = {
        "message": error.message,
        "type": error.kind,
        "param": error.param,
        "code": error.code,
    }
    return orjson.dumps({"error": fields})


def error_response(error: GatewayError) -> Response:
    """The envelope with the error's status, and `retry-after` in seconds where it is known."""
    headers = {} if error.retry_after is None else {"retry-after": str(error.retry_after)}
    return Response(openai_envelope(error), error.status, headers, "application/json")


def install_error_handlers(app: FastAPI) -> None:
    """Answer every error with the envelope, those of the framework included.

    The framework's own answers must not be used: they echo the input or the exception.
    """
    app.add_exception_handler(GatewayError, _gateway_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(Exception, _unexpected)


async def _gateway_error(_request: Request, error: Exception) -> Response:
    if not isinstance(error, GatewayError):
        raise TypeError(type(error).__name__)
    return error_response(error)


async def _http_error(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 404:
        message = "There is no such endpoint."
        return error_response(NotFound(message, code="unknown_endpoint"))
    if status == 405:
        message = "This endpoint does not know that method."
        response = error_response(RequestError(message, code="method_not_allowed", status=405))
        allowed = getattr(error, "headers", None) or {}
        response.headers.update({k: v for k, v in allowed.items() if k.lower() == "allow"})
        return response
    if 400 <= status < 500:
        return error_response(RequestError("The request cannot be served.", status=status))
    return error_response(InternalError("The gateway failed.", status=status))


async def _validation_error(_request: Request, _error: Exception) -> Response:
    return error_response(RequestError("The request's parameters are not valid."))


async def _unexpected(_request: Request, error: Exception) -> Response:
    _log.error("unexpected_error", exc_info=error)
    return error_response(InternalError("The gateway failed."))
