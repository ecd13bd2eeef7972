"""Answers that a provider stores, so that later requests can go on with them.

A caller never learns under which id a provider stores an answer: it is given one of ours, and the
vault keeps, for its owner alone, which upstream has the answer and what restores it. An id that the
vault does not have is unknown, whoever else may know it.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from gateway.detecting import aside
from gateway.errors import InternalError, NotFound, RequestError
from gateway.exchange import Admitted, Caller
from gateway.masking.carrying import Asked, packed_request, unpacked_request
from gateway.ports import Item, Owner, Vault
from gateway.types import Decision, Family, Json, Parsed

KIND: Final = "response"
_DAY_S: Final = 86_400
_STATE_ID: Final = re.compile(r"[A-Za-z0-9_\-]{1,256}")
_FAMILIES: Final = frozenset({Family.RESPONSES})
_BYTES_PER_VALUE: Final = 100  # about
_NOT_REPEATED: Final = frozenset({"input"})


@dataclass(frozen=True, slots=True)
class Stored:
    """An answer that an upstream stores under `state_id`.

    `scope` names the conversation, so that the same values have the same placeholders in it, and
    `request_id` the request that it is the answer to.
    """

    upstream: str
    state_id: str = field(repr=False)
    scope: bytes = field(repr=False)
    request_id: str
    asked: Asked = field(repr=False)

    def packed(self) -> bytes:
        """All of it; it holds the caller's values."""
        document = {
            name: value for name, value in self.asked.document.items() if name not in _NOT_REPEATED
        }
        said = {
            "upstream": self.upstream,
            "state_id": self.state_id,
            "scope": self.scope.hex(),
            "request_id": self.request_id,
            "asked": packed_request(self.asked),
            "document": document,
        }
        return json.dumps(said, separators=(",", ":")).encode()

    @staticmethod
    def unpacked(kept: bytes) -> Stored:
        """That of which `packed` made this.

        Raises:
            InternalError: `packed` made none such.
        """
        try:
            said: dict[str, Any] = json.loads(kept)
            document: dict[str, Json] = said["document"]
            return Stored(
                upstream=said["upstream"],
                state_id=said["state_id"],
                scope=bytes.fromhex(said["scope"]),
                request_id=said["request_id"],
                asked=replace(unpacked_request(said["asked"]), document=document),
            )
        except (KeyError, TypeError, ValueError):
            raise InternalError("A stored answer cannot be read.") from None


@dataclass(frozen=True, slots=True)
class States:
    """The stored answers of all callers, each under a name of ours, for some days."""

    vault: Vault
    days: int
    clock: Callable[[], float] = time.time

    async def find(self, caller: Caller, name: str) -> Stored | None:
        """What is stored under a name; None where nothing is that is this caller's.

        Raises:
            VaultUnavailable: it cannot be told.
        """
        kept = await self.vault.get(owner(caller), KIND, name)
        return None if kept is None else await aside(len(kept), Stored.unpacked, kept)

    async def keep(self, admitted: Admitted, state_id: str) -> None:
        """Keep what an upstream has stored, where it has.

        Raises:
            VaultUnavailable: it is not kept, so the answer must not go out under its name.
        """
        served = admitted.route.served
        if served is not None and not served.stores_answers:  # whatever it says of itself
            return
        if not admitted.answer_id or not _STATE_ID.fullmatch(state_id):
            return
        request_id = admitted.caller.request_id
        stored = Stored(admitted.upstream, state_id, admitted.scope, request_id, admitted.asked())
        expires = self.clock() + self.days * _DAY_S
        values = len(admitted.masked.restoration.surfaces) * _BYTES_PER_VALUE
        packed = await aside(values, stored.packed)
        item = Item(KIND, admitted.answer_id, packed, expires, request_id)
        await self.vault.put(owner(admitted.caller), [item])

    async def drop(self, caller: Caller, name: str) -> None:
        """Forget what is stored under a name. Raises `VaultUnavailable`."""
        await self.vault.drop(owner(caller), KIND, name)


def owner(caller: Caller) -> Owner:
    """Whose a caller's things are."""
    return Owner(caller.subject.tenant, caller.subject.principal)


def new_name(parsed: Parsed, decision: Decision) -> str:
    """A name of ours for the answer; "" where its provider is not to store it."""
    asks = parsed.family in _FAMILIES and parsed.document.get("store") is not False
    return f"resp_{secrets.token_hex(16)}" if asks and decision.keeps_state else ""


def nothing_stored() -> RequestError:
    """The error for a request that goes on with a stored answer where none is ever stored."""
    return RequestError(
        "The upstreams for this model store no answers: send the whole conversation.",
        code="state_not_stored",
        param="previous_response_id",
    )


def unknown(name: str, code: str) -> NotFound:
    """The error for an answer that is not stored, or not this caller's; `name` is a parameter."""
    return NotFound("There is no such stored response.", code=code, param=name or None)
