"""An embedded upstream that answers with what it received: no model, no network.

Through it anyone sees exactly what a model would see. Its streams are deliberately unkind: pieces
of one to seven characters cut through placeholders, and the bytes are cut once more, through
UTF-8 characters and through the framing of the events. Both cuts depend on the content alone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import orjson

from gateway.settings import Upstream as UpstreamSettings
from gateway.types import Json, UpstreamClass
from gateway.upstreams.echo import (
    chat,
    completions,
    count_tokens,
    embeddings,
    messages,
    responses,
)
from gateway.upstreams.echo.common import recut, rejected
from gateway.upstreams.states import not_stored

if TYPE_CHECKING:
    from gateway.masking.mask import MaskedRequest

_STREAM_BYTES: Final = 61  # the longest piece of a stream
_BODY_BYTES: Final = 4093  # the longest piece of any other answer
_STORING: Final = "/responses"
_MOST_STORED: Final = 256
_ECHOES: Final[Mapping[str, Any]] = {
    "/chat/completions": chat,
    "/responses": responses,
    "/messages": messages,
    "/messages/count_tokens": count_tokens,
    "/completions": completions,
    "/embeddings": embeddings,
}


class LoopbackUpstream:
    """Implements `ports.Upstream` for every API family."""

    def __init__(
        self, settings: UpstreamSettings, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._settings = settings
        self._clock = clock
        self.stored: dict[str, bytes] = {}  # id -> answer, the oldest first

    @property
    def name(self) -> str:
        """The name in the configuration."""
        return self._settings.name

    @property
    def upstream_class(self) -> UpstreamClass:
        """The class in the configuration, so that the rules for either class can be tried."""
        return self._settings.upstream_class

    async def send(
        self, request: MaskedRequest, request_id: str, headers: Mapping[str, str] | None = None
    ) -> LoopbackReply:
        """Answer at once.

        Raises:
            UpstreamFailed: the request cannot be echoed.
        """
        body = request.body
        document: dict[str, Json] = orjson.loads(body)
        created = int(self._clock())
        if request.path == _STORING and document.get("store") is not False:
            self._store(echoed(request.path, document, request_id, created))
        if not request.stream:
            answer = orjson.dumps(echoed(request.path, document, request_id, created))
            return LoopbackReply(recut([answer], body, _BODY_BYTES), False)
        events = _echo(request.path).events(document, request_id, created)
        return LoopbackReply(recut(events, body, _STREAM_BYTES), True)

    def _store(self, answer: dict[str, Json]) -> None:
        while len(self.stored) >= _MOST_STORED:
            del self.stored[next(iter(self.stored))]
        self.stored[str(answer["id"])] = orjson.dumps(answer)

    async def aclose(self) -> None:
        """Nothing to close."""


class LoopbackStates:
    """Implements `ports.StateStore`, for as long as the process lasts."""

    def __init__(self, upstream: LoopbackUpstream) -> None:
        self._upstream = upstream

    @property
    def name(self) -> str:
        """The upstream's name in the configuration."""
        return self._upstream.name

    async def stored(
        self, state_id: str, _request_id: str, _headers: Mapping[str, str]
    ) -> LoopbackReply:
        """A stored answer."""
        answer = self._upstream.stored.get(state_id)
        if answer is None:
            raise not_stored()
        return LoopbackReply(recut([answer], answer, _BODY_BYTES), False)

    async def forget(self, state_id: str, _request_id: str, _headers: Mapping[str, str]) -> None:
        """Delete a stored answer."""
        if self._upstream.stored.pop(state_id, None) is None:
            raise not_stored()


class LoopbackReply:
    """Implements `ports.Reply`."""

    def __init__(self, pieces: Iterator[bytes], is_stream: bool) -> None:
        self._pieces = pieces
        self._is_stream = is_stream
        self._closed = False

    @property
    def is_stream(self) -> bool:
        """Whether the request asked for a stream."""
        return self._is_stream

    async def chunks(self) -> AsyncIterator[bytes]:
        """The answer in irregular pieces; others run between any two of them."""
        for piece in self._pieces:
            if self._closed:
                return
            yield piece
            await asyncio.sleep(0)

    async def aclose(self) -> None:
        """End `chunks`."""
        self._closed = True


def echoed(path: str, document: dict[str, Json], request_id: str, created: int) -> dict[str, Json]:
    """The whole answer to a request.

    Raises:
        UpstreamFailed: the request cannot be echoed.
    """
    answer: dict[str, Json] = _echo(path).whole(document, request_id, created)
    return answer


def _echo(path: str) -> Any:
    echo = _ECHOES.get(path)
    if echo is None:
        raise rejected("The loopback upstream does not serve this endpoint.")
    return echo
