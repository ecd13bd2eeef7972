"""Presidio as a peer."""

from __future__ import annotations

import socket

import pytest

from gateway.evaluation.presidio import PresidioAlone


async def test_presidio_alone_needs_no_network(monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise AssertionError("the network was touched")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    text = "Write to anna@example.com, card 4111 1111 1111 1111."
    found, nothing = await PresidioAlone().detect([text, "Nothing here."])
    kinds = {(one.entity_type, text[one.start : one.end]) for one in found}
    assert ("EMAIL_ADDRESS", "anna@example.com") in kinds
    assert ("CREDIT_CARD", "4111 1111 1111 1111") in kinds
    assert nothing == []
