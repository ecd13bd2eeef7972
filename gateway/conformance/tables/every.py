"""The tables of all endpoints, in the order of the documentation. Pure data."""

from __future__ import annotations

from typing import Final

from gateway.conformance.tables import chat, completions, embeddings, messages, responses

TABLES: Final = (
    chat.TABLE,
    responses.TABLE,
    messages.TABLE,
    messages.COUNT_TABLE,
    completions.TABLE,
    embeddings.TABLE,
)
