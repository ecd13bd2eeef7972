"""Any OpenAI-compatible server, over HTTP/1.1 with a keep-alive pool.

What leaves is an allow-list: the masked body and the headers named in `_headers`. What comes
back is bytes and a type; an answer that is not 200 becomes an `UpstreamFailed` in our own words.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Mapping
from fnmatch import fnmatchcase
from types import SimpleNamespace
from typing import TYPE_CHECKING, Final

import aiohttp
from yarl import URL

from gateway.errors import ConfigError, Problem, RequestError
from gateway.settings import Limits
from gateway.settings import Upstream as UpstreamSettings
from gateway.types import UpstreamClass
from gateway.upstreams import failures
from gateway.version import __version__

if TYPE_CHECKING:
    from gateway.masking.mask import MaskedRequest

MAX_ANSWER_BYTES: Final = 64 * 2**20  # of an answer that is not a stream, decompressed
MAX_ERROR_BYTES: Final = 64 * 2**10  # of an error answer, read so that the connection stays usable

_STREAM: Final = "text/event-stream"
_JSON: Final = "application/json"
_HEADER_VALUE: Final = re.compile(r"[\t\x20-\x7e]{0,8192}")
# Set by us, or about the connection and not the request: `forward_headers` cannot name them.
_RESERVED: Final = frozenset(
    {"accept", "accept-encoding", "authorization", "connection", "content-encoding"}
    | {"content-length", "content-type", "cookie", "expect", "host", "keep-alive"}
    | {"proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade", "user-agent"}
    | {"x-request-id"}
)


class OpenAIUpstream:
    """Implements `ports.Upstream`. One per configured server; the pool belongs to one loop.

    Raises:
        ConfigError: the URL, a certificate file or a forwarded header's name is not usable.
    """

    def __init__(self, settings: UpstreamSettings, limits: Limits) -> None:
        self._settings = settings
        self._limits = limits
        self._base = _base_url(settings)
        self._proxy = _proxy_url(settings)
        self._ssl = _ssl_context(settings)
        self._forward = _forwardable(settings)
        self._sessions: dict[bool, aiohttp.ClientSession] = {}  # made inside the running loop

    @property
    def name(self) -> str:
        """The name in the configuration."""
        return self._settings.name

    @property
    def upstream_class(self) -> UpstreamClass:
        """Who runs the server."""
        return self._settings.upstream_class

    async def send(
        self, request: MaskedRequest, request_id: str, headers: Mapping[str, str] | None = None
    ) -> HttpReply:
        """Send the request and wait for the first byte of the answer's body.

        Of `headers`, the client's own, only those named in `forward_headers` are sent on.

        Raises:
            UpstreamFailed: no connection in `connect_s`, no first byte in `first_byte_s`, or
                any status but 200 with a JSON or event-stream body.
            RequestError: a header to be forwarded holds more than printable ASCII.
        """
        model = mapped_model(request.model, self._settings.model_map)
        if model != request.model:
            request = request.with_fields(model=model)
        outbound = self._headers(request, request_id, headers or {})
        # Caught here, raised below: outside the handler, the error drags no cause along.
        try:
            async with asyncio.timeout(self._limits.first_byte_s):
                return await self._exchange(request, outbound)
        except (aiohttp.ClientError, OSError) as error:
            failure = failures.of_transport(error)
        raise failure

    async def aclose(self) -> None:
        """Close the connection pool."""
        while self._sessions:
            _, session = self._sessions.popitem()
            await session.close()

    def _headers(
        self, request: MaskedRequest, request_id: str, client: Mapping[str, str]
    ) -> dict[str, str]:
        headers = {
            "content-type": _JSON,
            "accept": _STREAM if request.stream else _JSON,
            "accept-encoding": "identity",
            "user-agent": f"cloakroom/{__version__}",
            "x-request-id": request_id,
        }
        if self._settings.api_key is not None:
            headers["authorization"] = f"Bearer {self._settings.api_key.value}"
        for name, value in client.items():
            if (lowered := name.lower()) in self._forward:
                if not _HEADER_VALUE.fullmatch(value):
                    raise RequestError("A header holds more than printable ASCII.", param=lowered)
                headers[lowered] = value
        return headers

    async def _exchange(self, request: MaskedRequest, headers: Mapping[str, str]) -> HttpReply:
        trace = SimpleNamespace(reused=False)
        try:
            response = await self._post(request, headers, trace)
        except aiohttp.ServerDisconnectedError as error:
            # A server may close an idle connection in the very moment in which we reuse it
            # (RFC 9112, section 9.3.1). Only that case is tried again, once: the connection had
            # served before, and it ended without one byte of an answer (with some, the client
            # hands over the half-read head instead of a text). The second try opens a
            # connection of its own, which cannot be stale.
            if not (trace.reused and isinstance(error.message, str)):
                raise
            response = await self._post(request, headers, trace, fresh=True)
        try:
            return await self._accept(response)
        except BaseException:  # cancelled as well: an unread answer must not return to the pool
            response.close()
            raise

    async def _post(
        self,
        request: MaskedRequest,
        headers: Mapping[str, str],
        trace: SimpleNamespace,
        *,
        fresh: bool = False,
    ) -> aiohttp.ClientResponse:
        return await self._session(fresh=fresh).post(
            self._base.joinpath(*request.path.strip("/").split("/")),
            data=request.body,
            headers=headers,
            allow_redirects=False,
            proxy=self._proxy,
            trace_request_ctx=trace,
        )

    async def _accept(self, response: aiohttp.ClientResponse) -> HttpReply:
        if response.status != 200:
            body = await _drain(response)
            raise failures.of_status(response.status, response.headers.get("retry-after"), body)
        is_stream = response.content_type == _STREAM
        if not is_stream and response.content_type != _JSON:
            raise failures.invalid()
        if not is_stream and (response.content_length or 0) > MAX_ANSWER_BYTES:
            raise failures.invalid()
        first = await response.content.readany()
        if not first:
            raise failures.invalid()
        return HttpReply(response, first, is_stream, self._limits.idle_s)

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
        self, response: aiohttp.ClientResponse, first: bytes, is_stream: bool, idle_s: float
    ) -> None:
        self._response = response
        self._first = first
        self._is_stream = is_stream
        self._idle_s = idle_s

    @property
    def is_stream(self) -> bool:
        """Whether the content type is `text/event-stream`."""
        return self._is_stream

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body, as it arrives.

        Raises:
            UpstreamFailed: it broke off, paused for more than `idle_s`, or, where it is not a
                stream, is larger than `MAX_ANSWER_BYTES`.
        """
        chunk, size = self._first, 0
        while chunk:
            size += len(chunk)
            if not self._is_stream and size > MAX_ANSWER_BYTES:
                await self.aclose()
                raise failures.invalid()
            yield chunk
            chunk = await self._next()

    async def aclose(self) -> None:
        """Let go of the connection: a fully read answer's returns to the pool, others close."""
        self._response.close()

    async def _next(self) -> bytes:
        try:
            async with asyncio.timeout(self._idle_s):
                return await self._response.content.readany()
        except (aiohttp.ClientError, OSError) as error:
            failure = failures.of_body(error)
        await self.aclose()
        raise failure


def mapped_model(model: str, model_map: Mapping[str, str]) -> str:
    """The upstream's name for a model: that of the first glob that matches, else the same."""
    for pattern, target in model_map.items():
        if fnmatchcase(model, pattern):
            return target
    return model


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


def _base_url(settings: UpstreamSettings) -> URL:
    url = _url(settings.base_url)
    plain = url is not None and not (url.query_string or url.fragment or url.user or url.password)
    if url is None or not plain:
        raise _unusable(settings, "base_url", "is not a plain http:// or https:// URL")
    return url


def _proxy_url(settings: UpstreamSettings) -> URL | None:
    if settings.proxy_url is None:
        return None
    url = _url(settings.proxy_url)
    if url is None:
        raise _unusable(settings, "proxy_url", "is not an http:// or https:// URL")
    return url


def _url(text: str) -> URL | None:
    try:
        url = URL(text)
    except ValueError:
        return None
    return url if url.scheme in {"http", "https"} and url.host else None


def _ssl_context(settings: UpstreamSettings) -> ssl.SSLContext:
    """TLS 1.2 or later; with `ca_file`, that authority and no other is trusted."""
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
    except (OSError, ssl.SSLError):
        raise _unusable(settings, "ca_file", "is not a readable PEM file") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.client_cert_file is not None:
        try:
            context.load_cert_chain(settings.client_cert_file, settings.client_key_file)
        except (OSError, ssl.SSLError):
            message = "is not a readable PEM certificate with its key"
            raise _unusable(settings, "client_cert_file", message) from None
    return context


def _forwardable(settings: UpstreamSettings) -> frozenset[str]:
    names = frozenset(name.lower() for name in settings.forward_headers)
    if reserved := sorted(names & _RESERVED):
        message = f"cannot name {', '.join(reserved)}: the gateway sets it"
        raise _unusable(settings, "forward_headers", message)
    return names


def _unusable(settings: UpstreamSettings, key: str, message: str) -> ConfigError:
    where = f"upstreams.{settings.name}.{key}"
    return ConfigError([Problem(file="", line=0, key=where, message=message)])
