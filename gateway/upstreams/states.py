"""Answers that any server with the OpenAI API stores, over HTTP."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from gateway.errors import UpstreamFailed
from gateway.upstreams import failures
from gateway.upstreams.http import JSON, Call, HttpReply, HttpUpstream

_ID: Final = re.compile(r"[A-Za-z0-9_\-]{1,256}")


@dataclass(frozen=True, slots=True)
class HttpStates:
    """Implements `ports.StateStore`, on the connections of an upstream."""

    upstream: HttpUpstream

    @property
    def name(self) -> str:
        """The upstream's name in the configuration."""
        return self.upstream.name

    async def stored(self, state_id: str, request_id: str, headers: Mapping[str, str]) -> HttpReply:
        """A stored answer."""
        return await self._send("GET", state_id, request_id, headers)

    async def forget(self, state_id: str, request_id: str, headers: Mapping[str, str]) -> None:
        """Delete a stored answer; what the server says of it does not matter."""
        reply = await self._send("DELETE", state_id, request_id, headers)
        await reply.aclose()

    async def _send(
        self, method: str, state_id: str, request_id: str, headers: Mapping[str, str]
    ) -> HttpReply:
        if not _ID.fullmatch(state_id):
            raise failures.invalid()
        place, query = self.upstream.target(f"/responses/{state_id}")
        outbound = self.upstream.headers(request_id, headers)
        types = frozenset({JSON})
        call = Call(place, outbound, method=method, query=query, types=types)
        try:
            return await self.upstream.client.send(call)
        except UpstreamFailed as error:
            failure = error
        if failure.code == "upstream_model_not_found":  # what a 404 means elsewhere
            failure = not_stored()
        raise failure from None


def not_stored() -> UpstreamFailed:
    """The upstream has it no longer."""
    message = "The upstream stores no such response."
    return UpstreamFailed(message, code="upstream_not_found", status=404)
