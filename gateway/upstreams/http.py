"""Servers over HTTP/1.1 with a keep-alive pool: what all kinds of upstreams have in common.

What leaves is an allow-list: the masked body and the headers named here and by the kind. What
comes back is bytes and a type; an answer that is not 200 becomes an `UpstreamFailed` in our own
words.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Final, Protocol

import aiohttp

from gateway.errors import RequestError
from gateway.routing.candidates import target_model
from gateway.settings import Limits
from gateway.settings import Upstream as UpstreamSettings
from gateway.types import UpstreamClass
from gateway.upstreams import connecting, failures
from gateway.upstreams.idling import Idling
from gateway.upstreams.pacing import Paced
from gateway.version import __version__

if TYPE_CHECKING:
    from gateway.masking.mask import MaskedRequest

MAX_ANSWER_BYTES: Final = 64 * 2**20  # of an answer that is not a stream, decompressed
MAX_ERROR_BYTES: Final = 64 * 2**10  # of an error answer, read so that the connection stays usable

STREAM: Final = "text/event-stream"
JSON: Final = "application/json"
_HEADER_VALUE: Final = re.compile(r"[\t\x20-\x7e]{0,8192}")


class Kind(Protocol):
    """How one kind of server is spoken to, beside what all have in common."""

    def target(self, path: str, model: str) -> tuple[str, Mapping[str, str]]:
        """The path below the base URL and the query for an endpoint of an API family.

        Raises:
            UpstreamFailed: the model's name cannot stand in a path of this server.
        """
        ...

    def headers(self, client: Mapping[str, str]) -> Mapping[str, str]:
        """The headers that only this kind has: the credentials, and what follows from the
        client's own headers, whose names are in small letters."""
        ...


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it goes out. `types` are the content types that an answer may have.

    A body in pieces goes out as they come. The body of an answer that is `endless` may be of any
    size; streams of events always may.
    """

    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | AsyncIterable[bytes] = field(default=b"", repr=False)
    method: str = "POST"
    query: Mapping[str, str] = field(default_factory=dict)
    types: frozenset[str] = frozenset({JSON, STREAM})
    endless: bool = False


class HttpUpstream:
    """Implements `ports.Upstream`. One per configured server; the pool belongs to one loop.

    Raises:
        ConfigError: the URL, a certificate file or a forwarded header's name is not usable.
    """

    def __init__(
        self,
        settings: UpstreamSettings,
        limits: Limits,
        kind: Kind,
        server_name: str | None = None,
    ) -> None:
        self._settings = settings
        self._kind = kind
        self._forward = connecting.forwardable(settings)
        self.client = HttpClient(settings, limits, server_name)

    @property
    def name(self) -> str:
        """The name in the configuration."""
        return self._settings.name

    @property
    def upstream_class(self) -> UpstreamClass:
        """Who runs the server."""
        return self._settings.upstream_class

    async def send(
        self,
        request: MaskedRequest,
        request_id: str,
        headers: Mapping[str, str] | None = None,
        traceparent: str = "",
    ) -> HttpReply:
        """Send the request and wait for the first byte of the answer's body.

        Of `headers`, the client's own, only those named in `forward_headers` are sent on, and
        those that the kind reads. `traceparent` is told to servers on the premises alone.

        Raises:
            UpstreamFailed: no connection in `connect_s`, no first byte in `first_byte_s`, or
                any status but 200 with a JSON or event-stream body.
            RequestError: a header to be forwarded holds more than printable ASCII.
        """
        model = target_model(self._settings, request.model)
        if model != request.model:
            request = request.with_fields(model=model)
        path, query = self._kind.target(request.path, model)
        outbound = self.headers(request_id, headers or {})
        outbound |= {"content-type": JSON, "accept": STREAM if request.stream else JSON}
        if traceparent and self.upstream_class is UpstreamClass.ON_PREM:
            outbound["traceparent"] = traceparent
        return await self.client.send(Call(path, outbound, request.body, query=query))

    def target(self, path: str) -> tuple[str, Mapping[str, str]]:
        """Where an endpoint of no model stands: the path below the base URL, and the query."""
        return self._kind.target(path, "")

    def headers(self, request_id: str, client: Mapping[str, str]) -> dict[str, str]:
        """The headers of every request to this server. Raises `RequestError` as `send`."""
        lowered = {name.lower(): value for name, value in client.items()}
        headers = {
            "accept": JSON,
            "accept-encoding": "identity",
            "user-agent": f"cloakroom/{__version__}",
            "x-request-id": request_id,
        }
        headers.update(self._kind.headers(lowered))
        for name, value in lowered.items():
            if name in self._forward:
                if not _HEADER_VALUE.fullmatch(value):
                    raise RequestError("A header holds more than printable ASCII.", param=name)
                headers[name] = value
        return headers

    async def aclose(self) -> None:
        """Close the connection pool."""
        await self.client.aclose()


class HttpClient:
    """The connections to one server. Raises `ConfigError` as `HttpUpstream`.

    `server_name` is what its certificate is held against, where that is not the URL's host.
    """

    def __init__(
        self, settings: UpstreamSettings, limits: Limits, server_name: str | None = None
    ) -> None:
        self._limits = limits
        self._server_name = server_name
        self._base = connecting.base_url(settings)
        self._proxy = connecting.proxy_url(settings)
        self._ssl = connecting.ssl_context(settings)
        self._sessions: dict[bool, aiohttp.ClientSession] = {}  # made inside the running loop

    async def send(self, call: Call) -> HttpReply:
        """Send a request and wait for the first byte of the answer's body.

        Raises:
            UpstreamFailed: as `HttpUpstream.send`.
        """
        # Caught here, raised below: outside the handler, the error drags no cause along.
        try:
            async with asyncio.timeout(self._limits.first_byte_s) as timeout:
                if isinstance(call.body, bytes):
                    return await self._exchange(call, call.body)
                return await self._upload(call, Paced(call.body, timeout, self._limits))
        except (aiohttp.ClientError, OSError) as error:
            failure = failures.of_transport(error)
        raise failure

    async def aclose(self) -> None:
        """Close the connection pool."""
        while self._sessions:
            _, session = self._sessions.popitem()
            await session.close()

    async def _upload(self, call: Call, body: Paced) -> HttpReply:
        try:
            reply = await self._exchange(call, body)
        finally:
            body.let_go()
        if not body.has_ended:  # an answer to what it cannot know yet
            await reply.aclose()
            raise failures.invalid()
        return reply

    async def _exchange(self, call: Call, body: bytes | Paced) -> HttpReply:
        trace = SimpleNamespace(reused=False)
        try:
            response = await self._request(call, body, trace)
        except aiohttp.ServerDisconnectedError as error:
            # A server may close an idle connection in the very moment in which we reuse it
            # (RFC 9112, section 9.3.1). Only that case is tried again, once: the connection had
            # served before, and it ended without one byte of an answer (with some, the client
            # hands over the half-read head instead of a text). The second try opens a
            # connection of its own, which cannot be stale. A body that comes in pieces has
            # been used up.
            is_stale = trace.reused and isinstance(error.message, str)
            if not (is_stale and isinstance(body, bytes)):
                raise
            response = await self._request(call, body, trace, fresh=True)
        try:
            return await self._accept(response, call)
        except BaseException:  # cancelled as well: an unread answer must not return to the pool
            response.close()
            raise

    async def _request(
        self, call: Call, body: bytes | Paced, trace: SimpleNamespace, *, fresh: bool = False
    ) -> aiohttp.ClientResponse:
        url = self._base.joinpath(*call.path.strip("/").split("/"))
        return await self._session(fresh=fresh).request(
            call.method,
            url.with_query(call.query) if call.query else url,
            data=body or None,
            headers=call.headers,
            allow_redirects=False,
            proxy=self._proxy,
            server_hostname=self._server_name,
            trace_request_ctx=trace,
        )

    async def _accept(self, response: aiohttp.ClientResponse, call: Call) -> HttpReply:
        if response.status != 200:
            body = await _drain(response)
            raise failures.of_status(response.status, response.headers.get("retry-after"), body)
        if response.content_type not in call.types:
            raise failures.invalid()
        is_stream = response.content_type == STREAM
        is_bounded = not (is_stream or call.endless)
        if is_bounded and (response.content_length or 0) > MAX_ANSWER_BYTES:
            raise failures.invalid()
        first = await response.content.readany()
        if not first and not call.endless:
            raise failures.invalid()
        return HttpReply(response, first, self._limits.idle_s, is_bounded=is_bounded)

    def _session(self, *, fresh: bool) -> aiohttp.ClientSession:
        """The session with the pool, or the one whose every request has its own connection."""
        session = self._sessions.get(fresh)
        if session is None:
            tracing = aiohttp.TraceConfig()
            tracing.on_connection_reuseconn.append(_note_reuse)
            connect_s = self._limits.connect_s
            session = self._sessions[fresh] = aiohttp.ClientSession(
                # in-flight requests are bounded at the door; a second queue would only hide it
                connector=aiohttp.TCPConnector(limit=0, ssl=self._ssl, force_close=fresh),
                timeout=aiohttp.ClientTimeout(
                    total=None, connect=connect_s, sock_connect=connect_s
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                trace_configs=[tracing],
            )
        return session


class HttpReply:
    """Implements `ports.Reply` over an answer whose first bytes have arrived."""

    def __init__(
        self, response: aiohttp.ClientResponse, first: bytes, idle_s: float, *, is_bounded: bool
    ) -> None:
        self._response = response
        self._first = first
        self._idling = Idling(response.content, idle_s, asyncio.get_running_loop())
        self._is_bounded = is_bounded

    @property
    def is_stream(self) -> bool:
        """Whether the content type is `text/event-stream`."""
        return self._response.content_type == STREAM

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body, as it arrives.

        Raises:
            UpstreamFailed: it broke off, paused for more than `idle_s`, or, where its size is
                bounded, is larger than `MAX_ANSWER_BYTES`.
        """
        chunk, size = self._first, 0
        while chunk:
            size += len(chunk)
            if self._is_bounded and size > MAX_ANSWER_BYTES:
                await self.aclose()
                raise failures.invalid()
            yield chunk
            chunk = await self._next()

    async def aclose(self) -> None:
        """Let go of the connection: a fully read answer's returns to the pool, others close."""
        self._idling.let_go()
        self._response.close()

    async def _next(self) -> bytes:
        try:
            return await self._idling.next()
        except (aiohttp.ClientError, OSError) as error:
            failure = failures.of_body(error)
        await self.aclose()
        raise failure


async def _note_reuse(
    _session: aiohttp.ClientSession,
    context: SimpleNamespace,
    _params: aiohttp.TraceConnectionReuseconnParams,
) -> None:
    context.trace_request_ctx.reused = True


async def _drain(response: aiohttp.ClientResponse) -> bytes:
    """An error answer's body, at most `MAX_ERROR_BYTES`; b"" where it is longer or broken."""
    body = b""
    try:
        while chunk := await response.content.readany():
            body += chunk
            if len(body) > MAX_ERROR_BYTES:
                response.close()
                return b""
    except aiohttp.ClientError:
        return b""  # the status is known, and it decides
    return body
