"""Opens a pipeline of its own for the conformance matrix, thrown away afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from gateway.app import open_parts
from gateway.conformance.filling import CANARY, CANARY_NAME
from gateway.conformance.running import UPSTREAM, Runner
from gateway.policy.shipped import shipped_policy
from gateway.settings import Audit, ListEntry, Settings


@asynccontextmanager
async def matrix_runner(settings: Settings) -> AsyncIterator[Runner]:
    """The parts as configured, but with a detector that finds the canary for sure, one policy,
    and a log that is thrown away."""
    deny = tuple(ListEntry(text=one, entity_type="PERSON") for one in (CANARY, CANARY_NAME))
    detection = replace(settings.detection, profile="patterns", engines=(), deny=deny)
    with tempfile.TemporaryDirectory(prefix="cloakroom-matrix-") as folder:
        parts = open_parts(
            replace(
                settings,
                upstreams=(UPSTREAM,),
                policies=(shipped_policy("mask-all"),),
                audit=Audit(url=f"sqlite:///{Path(folder) / 'cloakroom.db'}"),
                detection=detection,
            )
        )
        try:
            await parts.store.start()
            yield Runner(parts.pipeline)
        finally:
            await parts.aclose()
