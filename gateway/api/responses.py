"""`GET` and `DELETE /v1/responses/{id}`: answers that their provider stores, once more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from starlette.routing import Route

from gateway.api.exchanges import Authenticate, InFlight, Using
from gateway.api.files import Asked, Endpoint
from gateway.api.replies import unless_gone
from gateway.errors import NotFound, RequestError
from gateway.exchange import Caller
from gateway.retrieving import StoredAnswers

_PATH: Final = "/v1/responses/{id}"

_Work: TypeAlias = Callable[[StoredAnswers, str, Caller], Awaitable[bytes]]


def response_routes(
    using: Using[StoredAnswers], authenticate: Authenticate, in_flight: InFlight
) -> list[Route]:
    """The endpoints of stored answers."""

    def route(method: str, work: _Work) -> Route:
        async def give(answers: StoredAnswers, asked: Asked) -> None:
            await asked.reply.whole(await work(answers, asked.id, asked.caller))

        async def handle(answers: StoredAnswers, asked: Asked) -> None:
            if asked.query.get("stream", "false") != "false":
                message = "A stored response is given as a whole: leave `stream` out."
                raise RequestError(message, code="unsupported_parameter", param="stream")
            await unless_gone(asked.receive, give(answers, asked))

        endpoint = Endpoint(using, handle, authenticate, in_flight)
        return Route(_PATH, endpoint, methods=[method], include_in_schema=False)

    return [
        route("GET", StoredAnswers.get),
        route("DELETE", StoredAnswers.delete),
        Route(
            _PATH,
            Endpoint(using, _not_served, authenticate, in_flight),
            methods=["POST"],
            include_in_schema=False,
        ),
    ]


async def _not_served(_: StoredAnswers, _asked: Asked) -> None:
    """What the API has beside stored answers: `compact`, `input_tokens`."""
    raise NotFound("There is no such endpoint.", code="unknown_endpoint")
