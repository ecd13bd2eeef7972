"""Sends one request of each family to an upstream, to see which of them it really serves."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import orjson

from gateway.conformance.filling import CANARY, CANARY_NAME, filled, texts_of
from gateway.conformance.model import Table
from gateway.conformance.opening import apart
from gateway.errors import GatewayError
from gateway.exchange import Caller
from gateway.settings import Settings, Upstream
from gateway.types import Subject

_CALLER = Subject("matrix", "matrix")


@dataclass(frozen=True, slots=True)
class Served:
    """Whether an upstream answered at an endpoint; `fault` is "" where it did."""

    upstream: str
    endpoint: str
    milliseconds: int
    fault: str = ""


async def served(settings: Settings, upstream: Upstream, table: Table) -> Served:
    """Ask one upstream at one endpoint, with everything masked, and read its answer."""
    model = next((one for one in upstream.models if "*" not in one and "?" not in one), "")
    begun = time.monotonic()
    fault = "its `models` name none in full" if not model else ""
    if model:
        body = filled({**table.base, "model": model}, CANARY, CANARY_NAME)
        try:
            async with apart(replace(settings, upstreams=(upstream,))) as parts:
                caller = Caller(_CALLER, f"req_matrix_{time.monotonic_ns()}")
                admitted = await parts.pipeline.admit(orjson.dumps(body), caller, table.codec)
                left = texts_of([orjson.loads(admitted.masked.body)]).values()
                if any(one in text for text in left for one in (CANARY, CANARY_NAME)):
                    return Served(upstream.name, table.codec.endpoint, 0, "the canary left")
                await parts.pipeline.complete(admitted)
        except GatewayError as error:
            fault = error.code
    taken = round((time.monotonic() - begun) * 1000)
    return Served(upstream.name, table.codec.endpoint, taken, fault)
