"""Credentials by prefix, by name and by shape."""

from __future__ import annotations

import pytest

from gateway.detection.context import Reading
from gateway.detection.secrets import FINDERS, entropy
from gateway.detection.spans import disjoint


def secrets(text: str) -> list[tuple[str, str]]:
    reading = Reading(text)
    spans = [span for finder in FINDERS for span in finder(reading)]
    return [(span.entity_type, text[span.start : span.end]) for span in disjoint(spans)]


TAIL = "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3z"
HEX = "0123456789abcdef" * 3


@pytest.mark.parametrize(
    "key",
    [
        f"sk-{TAIL}",
        f"sk-ant-api03-{TAIL}",
        f"sk-proj-{TAIL}",
        f"ghp_{TAIL}",
        f"github_pat_{TAIL}",
        f"glpat-{TAIL}",
        "xox" + "b-123456789012-" + TAIL,
        "AKIAIOSFODNN7EXAMPLE",
        f"AIza{TAIL}",
        f"hf_{TAIL}",
        f"npm_{TAIL}",
        "sk_" + f"live_{TAIL}",
        "SG." + TAIL[:22] + "." + TAIL,
        f"dapi{HEX[:32]}",
        f"gsk_{TAIL}",
        f"shpat_{HEX[:32]}",
        f"hvs.{TAIL}",
    ],
)
def test_keys_by_prefix(key: str):
    assert secrets(f"use {key}, please") == [("API_KEY", key)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("password=hunter2!", "hunter2!"),
        ("Password: Tr0ub4dor&3", "Tr0ub4dor&3"),
        ("the password is correcthorse", "correcthorse"),
        ('"client_secret": "a8f5f167f44f4964"', "a8f5f167f44f4964"),
        ("API_KEY='9fK2mQ7xLp4Z'", "9fK2mQ7xLp4Z"),
        ("Authorization: Bearer abcDEF123456789xyz", "abcDEF123456789xyz"),
        ("Kennwort: Sommer2024", "Sommer2024"),
    ],
)
def test_secrets_by_name(text: str, value: str):
    assert secrets(text) == [("SECRET", value)]


@pytest.mark.parametrize(
    "text",
    [
        "password is required",
        "the token is expired",
        "password: null, token: str, password: str = None",
        "max_tokens=1024",
        "password=${DB_PASSWORD}",
        "secret: {{ vault.value }}",
        "a secret meeting; the key is under the mat",
        "task-force, risk-based, desk-top-publishing-software",
        "basic understanding of things",
    ],
)
def test_leaves_alone(text: str):
    assert secrets(text) == []


def test_jwt_and_connection_strings():
    jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-DEF_123"
    assert secrets(f"t {jwt} t") == [("JWT", jwt)]
    url = "postgres://user:pa55@db.local:5432/x"
    assert secrets(f"at {url} now") == [("CONNECTION_STRING", url)]


@pytest.mark.parametrize("kind", ["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "])
def test_private_keys_are_found_whole(kind: str):
    block = f"-----BEGIN {kind}PRIVATE KEY-----\nMIIB\nAAAA\n-----END {kind}PRIVATE KEY-----"
    assert secrets(f"a\n{block}\nb") == [("PRIVATE_KEY", block)]


def test_a_key_without_an_end_reaches_far():
    text = "-----BEGIN PRIVATE KEY-----\nMIIB\nAAAA"
    assert secrets(text) == [("PRIVATE_KEY", text)]


def test_entropy():
    assert entropy("aaaa") == 0
    assert entropy("abcd") == 2
