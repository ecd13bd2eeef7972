"""Embeddings from a real vLLM: vectors of masked text, as the server makes them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.e2e.world import Gateway
from tests.vllm.servers import Tap, Vllm

pytestmark = pytest.mark.vllm

PATH = "/v1/embeddings"
MAIL = "jane.roe@example.com"
TEXTS = [f"About the contract write to {MAIL}", "Nobody is named here."]


def made(status: int, raw: bytes | str) -> list[dict[str, Any]]:
    assert status == 200, raw
    data: list[dict[str, Any]] = json.loads(raw)["data"]
    return data


def last_body(tap: Tap) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(bytes(tap.seen).rpartition(b"\r\n\r\n")[2])
    return body


def test_vectors_are_of_the_masked_text(gateway: Gateway, embedder_tap: Tap, embedder: Vllm):
    """Figure for figure those that the server gives for what left, and not those of the text."""
    asked = {"model": "vectors", "input": TEXTS, "encoding_format": "float"}
    ours = made(*gateway.send("POST", PATH, json.dumps(asked).encode())[:2])
    sent = last_body(embedder_tap)
    theirs, unmasked = made(*embedder.post(PATH, sent)), made(*embedder.post(PATH, asked))

    assert re.search(r"<EMAIL_ADDRESS_[0-9A-Z]{6}>", sent["input"][0])
    assert sent["input"][1] == TEXTS[1]
    assert MAIL.encode() not in embedder_tap.seen
    for place in range(2):
        assert ours[place]["index"] == place
        assert ours[place]["embedding"] == pytest.approx(theirs[place]["embedding"], abs=1e-4)
    assert ours[0]["embedding"] != pytest.approx(unmasked[0]["embedding"], abs=1e-2)


def test_the_same_value_has_the_same_vector_later(
    gateway: Gateway, embedder_tap: Tap, embedder: Vllm
):
    """What is searched for finds what was indexed."""
    inputs = []
    for text in (TEXTS[0], [TEXTS[0]]):
        body = json.dumps({"model": "vectors", "input": text}).encode()
        made(*gateway.send("POST", PATH, body)[:2])
        sent = last_body(embedder_tap)["input"]
        inputs.append(sent if isinstance(sent, str) else sent[0])

    assert inputs[0] == inputs[1]
