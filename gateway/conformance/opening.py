"""Opens parts that are thrown away afterwards, for the conformance matrix and other trials."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from gateway.app import Parts, open_parts
from gateway.conformance.filling import CANARY, CANARY_NAME
from gateway.conformance.running import UPSTREAM, Runner
from gateway.policy.shipped import shipped_policy
from gateway.settings import Audit, ListEntry, Settings


@asynccontextmanager
async def thrown_away(settings: Settings) -> AsyncIterator[Parts]:
    """The parts as configured, but with a policy that masks everything, and a log that is thrown
    away."""
    with tempfile.TemporaryDirectory(prefix="cloakroom-") as folder:
        parts = open_parts(
            replace(
                settings,
                policies=(shipped_policy("mask-all"),),
                audit=Audit(url=f"sqlite:///{Path(folder) / 'cloakroom.db'}"),
            )
        )
        try:
            await parts.store.start()
            yield parts
        finally:
            await parts.aclose()


@asynccontextmanager
async def apart(settings: Settings) -> AsyncIterator[Parts]:
    """The parts as configured, but with a detector that finds the canary for sure, a policy that
    masks everything, and a log that is thrown away."""
    deny = tuple(ListEntry(text=one, entity_type="PERSON") for one in (CANARY, CANARY_NAME))
    detection = replace(settings.detection, profile="patterns", engines=(), deny=deny)
    async with thrown_away(replace(settings, detection=detection)) as parts:
        yield parts


@asynccontextmanager
async def matrix_runner(settings: Settings) -> AsyncIterator[Runner]:
    """What runs the matrix, on the parts as configured but for the upstreams."""
    async with apart(replace(settings, upstreams=(UPSTREAM,))) as parts:
        yield Runner(parts.pipeline)
