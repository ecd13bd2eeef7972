"""Embeddings: every place of requests; their answers hold figures alone. Pure data."""

from __future__ import annotations

from typing import Final

from gateway.conformance.model import PROSE, Expect, RequestRow, Table
from gateway.wire.families import EMBEDDINGS

_REQUESTS: Final = (
    RequestRow("input", {"input": f"Dear {PROSE}, hello."}),
    RequestRow("input[]", {"input": ["a", PROSE]}),
    RequestRow("input of token ids", {"input": [[1, 2]], "new": PROSE}, Expect.REFUSED),
    RequestRow("messages", {"messages": [{"role": "user", "content": PROSE}]}, Expect.REFUSED),
    RequestRow("encoding_format", {"encoding_format": PROSE}),
    RequestRow("input_type", {"input_type": PROSE}),
    RequestRow("user", {"user": PROSE}, Expect.HASHED),
    RequestRow("beside a long number", {"dimensions": 20_000_000_000_001, "new": PROSE}),
    RequestRow("a figure's place", {"dimensions": PROSE}),
    RequestRow("a field that nobody named", {"new": [{"a": PROSE}]}),
    RequestRow("cache_salt", {"cache_salt": PROSE}, Expect.REFUSED),
    RequestRow("priority", {"priority": PROSE}, Expect.REFUSED),
)

TABLE: Final = Table(
    EMBEDDINGS,
    {"model": "m", "input": PROSE},
    "/input",
    "",
    tuple(
        RequestRow(row.place, {"input": "Hello.", **row.overlay}, row.expect) for row in _REQUESTS
    ),
    (),
)
