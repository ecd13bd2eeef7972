"""Before a gateway is ready it masks a canary and puts it back, in every family that it serves.

With the detector that is configured and a policy that masks everything. Nothing is recorded,
counted or sent: the upstream of this is the echo inside the gateway. What did not work is tried
again: a model that detection asks may have been slow, or not there yet.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from gateway import telemetry
from gateway.answering import Answering
from gateway.audit.record import NONCE_BYTES
from gateway.background import beside
from gateway.errors import GatewayError
from gateway.exchange import Caller, Preview, Progress
from gateway.masking.carrying import Asked
from gateway.pipeline import Pipeline
from gateway.policy.model import Policy
from gateway.sending import events, whole
from gateway.settings import Upstream as UpstreamSettings
from gateway.types import Family, NewData, Subject, UpstreamClass
from gateway.upstreams.loopback import LoopbackUpstream
from gateway.wire.families import CHAT, COMPLETIONS, EMBEDDINGS, MESSAGES, RESPONSES
from gateway.wire.family import Codec

CANARIES: Final = (
    "kanari.quill@example.com",
    "DE89 3704 0044 0532 0130 00",
    "4111 1111 1111 1111",
    "+49 30 2345 6789",
)
"""Values of several types: an operator may have let one of them pass."""

AGAIN_S: Final = 15.0  # between two tries, until all works

_TEXT: Final = "Write to {}, pay to {} or by card {}, or call {}."
_TEXTS: Final = frozenset({"content", "delta", "text"})
_ECHO: Final = UpstreamSettings(
    name="selftest", kind="loopback", upstream_class=UpstreamClass.ON_PREM
)
_CODECS: Final[Mapping[Family, Codec]] = {
    one.family: one for one in (CHAT, RESPONSES, MESSAGES, COMPLETIONS, EMBEDDINGS)
}


@dataclass(frozen=True, slots=True)
class Failure:
    """What did not work: a family, and `not_found`, `left`, `not_restored` or an error's code."""

    family: str
    reason: str


async def selftest(pipeline: Pipeline, policy: Policy) -> list[Failure]:
    """What does not work of the families that are configured; `policy` masks everything."""
    families = {family for one in pipeline.settings.upstreams for family in one.families}
    settings = replace(pipeline.settings, upstreams=(_ECHO,))
    trying = replace(pipeline, settings=settings, upstreams={}, policy=lambda: policy, states=None)
    found: list[Failure] = []
    for family in sorted(families):
        try:
            reason = await _tried(trying, _CODECS[family])
        except GatewayError as error:
            reason = error.code
        except Exception as error:
            telemetry.log("selftest_error", logging.ERROR, exc_info=error)
            reason = "internal_error"
        if reason:
            found.append(Failure(family.value, reason))
    return found


@asynccontextmanager
async def until_passed(attempt: Callable[[], Awaitable[bool]]) -> AsyncIterator[None]:
    """Tries once before the block; while it runs, again and again until that has passed."""

    async def again() -> None:
        passed = False
        while not passed:
            await asyncio.sleep(AGAIN_S)
            passed = await attempt()

    if await attempt():
        yield
        return
    async with beside(again()):
        yield


async def _tried(pipeline: Pipeline, codec: Codec) -> str:
    """Why a family does not work; "" where it does. Raises `GatewayError`."""
    text = _TEXT.format(*CANARIES)
    plain = _body(codec.family, text)
    bodies = [plain] if codec.stream is None else [plain, plain | {"stream": True}]
    for body in bodies:
        caller = Caller(Subject("default", "selftest"), f"req_{secrets.token_hex(12)}")
        preview = await pipeline.preview(orjson.dumps(body), caller, codec)
        if preview.masked is None or not preview.findings:
            return "not_found"
        left, surfaces = preview.masked.body.decode(), preview.masked.restoration.surfaces
        if not surfaces or any(one in left for one in surfaces.values()):
            return "left"
        if codec is EMBEDDINGS:  # there is no text in its answers
            continue
        if text not in await _answer(pipeline, codec, caller, preview):
            return "not_restored"
    return ""


def _body(family: Family, text: str) -> dict[str, Any]:
    """A request with a text, as each family has it."""
    messages = [{"role": "user", "content": text}]
    own: Mapping[Family, dict[str, Any]] = {
        Family.CHAT: {"messages": messages},
        Family.RESPONSES: {"input": text, "store": False},
        Family.MESSAGES: {"messages": messages, "max_tokens": 256},
        Family.COMPLETIONS: {"prompt": text},
        Family.EMBEDDINGS: {"input": text},
    }
    return {"model": "selftest"} | own[family]


async def _answer(pipeline: Pipeline, codec: Codec, caller: Caller, preview: Preview) -> str:
    """The echo of a masked request as a client would read it: all of its text in one."""
    parsed, masked = preview.parsed, preview.masked
    if masked is None:
        return ""
    rules = replace(preview.decision.answers, new_data=NewData.KEEP)
    asked = Asked(
        parsed.model, parsed.json_answer, parsed.wants_usage, masked.restoration, rules,
        document=parsed.document,
    )  # fmt: skip
    progress = Progress(bytes(NONCE_BYTES), time.monotonic())
    reply = await LoopbackUpstream(_ECHO).send(masked, caller.request_id)
    if not parsed.stream or codec.stream is None:
        answer = await whole(reply, progress)
        return _text(await pipeline.restored(answer, codec, asked, caller, progress))
    answering = Answering(
        asked, caller, progress, pipeline.detector, lambda *_: None, seal=lambda _: ""
    )
    stream = codec.stream(answering.context(), progress.facts)
    blocks = [block async for block in events(reply, stream, answering, progress)]
    lines = b"".join([*blocks, stream.last()]).splitlines()
    data = [line.removeprefix(b"data: ") for line in lines if line.startswith(b"data: {")]
    return "".join(_text(orjson.loads(one)) for one in data)


def _text(document: Any) -> str:
    """The texts of an answer, or of an event, in order, without its ids and names."""
    if isinstance(document, list):
        return "".join(map(_text, document))
    if not isinstance(document, dict):
        return ""
    return "".join(
        (child if key in _TEXTS else "") if isinstance(child, str) else _text(child)
        for key, child in document.items()
    )
