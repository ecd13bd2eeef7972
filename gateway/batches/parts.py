"""What files and batches stand on: shared by all requests, and holds nothing of any."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.batches.shelf import Shelf
from gateway.errors import Unavailable
from gateway.exchange import Caller
from gateway.pipeline import Pipeline
from gateway.ports import FileStore, Owner
from gateway.wire.family import Codec


@dataclass(frozen=True, slots=True)
class BatchParts:
    """The pipeline, the upstreams that keep files, and what is kept of these.

    `codecs` are those whose requests a line may hold, by endpoint.
    """

    pipeline: Pipeline
    stores: Mapping[str, FileStore]
    shelf: Shelf
    codecs: Mapping[str, Codec]

    def owner(self, caller: Caller) -> Owner:
        """Whose files they are."""
        return Owner(caller.subject.tenant, caller.subject.principal)

    def store(self, upstream: str) -> FileStore:
        """What keeps the files of an upstream.

        Raises:
            Unavailable: the configuration has it no longer.
        """
        found = self.stores.get(upstream)
        if found is None:
            message = "The upstream that has this is no longer configured."
            raise Unavailable(message, code="upstream_not_configured")
        return found
