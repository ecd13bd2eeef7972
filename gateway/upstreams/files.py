"""Files of requests and batches of any server with the OpenAI API, over HTTP."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import orjson

from gateway.errors import UpstreamFailed
from gateway.ports import MaskedLine
from gateway.routing.candidates import mapped_model
from gateway.upstreams import failures
from gateway.upstreams.http import JSON, Call, HttpReply, HttpUpstream

FILE_NAME: Final = "batch.jsonl"  # the caller's own may say something

AZURE_URLS: Final = {"/v1/chat/completions": "/chat/completions"}
AZURE_ENDPOINTS: Final = {**AZURE_URLS, "/v1/responses": "/chat/completions"}
"""What Azure calls the endpoints, in lines and where a batch is started: it looks at the lines."""

_ID: Final = re.compile(r"[A-Za-z0-9_\-]{1,128}")
_TEXTS: Final = frozenset(
    {JSON, "application/octet-stream", "application/jsonl", "application/x-ndjson"}
    | {"application/json-lines", "application/jsonlines", "application/binary", "text/plain"}
)


@dataclass(frozen=True, slots=True)
class HttpFiles:
    """Implements `ports.FileStore`, on the connections of an upstream.

    `urls` and `endpoints` are the server's own names of endpoints, in lines and where a batch is
    started.
    """

    upstream: HttpUpstream
    model_map: Mapping[str, str]
    urls: Mapping[str, str] = field(default_factory=dict)
    endpoints: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The upstream's name in the configuration."""
        return self.upstream.name

    async def upload(
        self,
        lines: AsyncIterator[MaskedLine],
        expires_s: int | None,
        request_id: str,
        headers: Mapping[str, str],
    ) -> dict[str, Any]:
        """Send the lines on as they come; the file exists only once the last has gone out."""
        boundary = secrets.token_hex(16)
        outbound = self.upstream.headers(request_id, headers)
        outbound["content-type"] = f"multipart/form-data; boundary={boundary}"
        body = _form(boundary, self._written(lines), expires_s)
        try:
            return await self._asked("/files", Call("", outbound, body))
        except UpstreamFailed as error:
            failure = error
        if failure.code == "upstream_not_found":
            message = "The upstream takes no files of requests."
            failure = UpstreamFailed(message, code="batches_not_served", status=404)
        raise failure from None

    async def file(
        self, file_id: str, request_id: str, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        """What there is to know of a file."""
        return await self._ask("GET", f"/files/{_checked(file_id)}", request_id, headers)

    async def delete(self, file_id: str, request_id: str, headers: Mapping[str, str]) -> None:
        """Delete a file."""
        await self._ask("DELETE", f"/files/{_checked(file_id)}", request_id, headers)

    async def content(self, file_id: str, request_id: str, headers: Mapping[str, str]) -> HttpReply:
        """The content of a file, of any size."""
        outbound = self.upstream.headers(request_id, headers) | {"accept": "*/*"}
        path = f"/files/{_checked(file_id)}/content"
        call = Call("", outbound, method="GET", types=_TEXTS, endless=True)
        return await self._send(path, call)

    async def start(
        self, batch: Mapping[str, Any], request_id: str, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        """Start a batch."""
        endpoint = self.endpoints.get(batch["endpoint"], batch["endpoint"])
        body = orjson.dumps({**batch, "endpoint": endpoint})
        return await self._ask("POST", "/batches", request_id, headers, body)

    async def batch(
        self, batch_id: str, request_id: str, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        """How far a batch is."""
        return await self._ask("GET", f"/batches/{_checked(batch_id)}", request_id, headers)

    async def cancel(
        self, batch_id: str, request_id: str, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        """Cancel a batch."""
        path = f"/batches/{_checked(batch_id)}/cancel"
        return await self._ask("POST", path, request_id, headers)

    async def _written(self, lines: AsyncIterator[MaskedLine]) -> AsyncIterator[bytes]:
        async for line in lines:
            request = line.request
            model = mapped_model(request.model, self.model_map)
            if model != request.model:
                request = request.with_fields(model=model)
            url = self.urls.get(line.endpoint, line.endpoint)
            said = {"custom_id": line.custom_id, "method": "POST", "url": url}
            yield orjson.dumps({**said, "body": orjson.Fragment(request.body)}) + b"\n"

    async def _ask(
        self,
        method: str,
        path: str,
        request_id: str,
        headers: Mapping[str, str],
        body: bytes = b"",
    ) -> dict[str, Any]:
        outbound = self.upstream.headers(request_id, headers)
        if body:
            outbound["content-type"] = JSON
        return await self._asked(path, Call("", outbound, body, method=method))

    async def _asked(self, path: str, call: Call) -> dict[str, Any]:
        reply = await self._send(path, call)
        try:
            raw = b"".join([piece async for piece in reply.chunks()])
        finally:
            await reply.aclose()
        try:
            answer = orjson.loads(raw)
        except orjson.JSONDecodeError:
            answer = None
        if not isinstance(answer, dict):
            raise failures.invalid()
        return answer

    async def _send(self, path: str, call: Call) -> HttpReply:
        place, query = self.upstream.target(path)
        try:
            return await self.upstream.client.send(replace(call, path=place, query=query))
        except UpstreamFailed as error:
            failure = error
        if failure.code == "upstream_model_not_found":  # what a 404 means elsewhere
            failure = UpstreamFailed(
                "The upstream has no such file or batch.", code="upstream_not_found", status=404
            )
        raise failure from None


async def _form(
    boundary: str, lines: AsyncIterator[bytes], expires_s: int | None
) -> AsyncIterator[bytes]:
    """A form with the file. Without its last line a form has not ended, and makes no file."""
    fields = {"purpose": "batch"}
    if expires_s is not None:
        fields["expires_after[anchor]"] = "created_at"
        fields["expires_after[seconds]"] = str(expires_s)
    head = "".join(
        f'--{boundary}\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    head += f'--{boundary}\r\ncontent-disposition: form-data; name="file"; filename="{FILE_NAME}"'
    yield head.encode() + b"\r\ncontent-type: application/jsonl\r\n\r\n"
    async for line in lines:
        yield line
    yield f"\r\n--{boundary}--\r\n".encode()


def _checked(name: str) -> str:
    """An id of the upstream's, which stands in a path."""
    if not _ID.fullmatch(name):
        raise failures.invalid()
    return name
