"""Credentials by prefix, by name and by shape."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detection.spans import disjoint
from gateway.detection.structured import secret_prefixes
from gateway.detection.structured.context import Reading
from gateway.detection.structured.secrets import FINDERS, entropy, issued_tokens


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
        "AKIAIOSFODNNQEXAMPLE",
        f"AIza{TAIL}",
        f"hf_{TAIL}",
        f"npm_{TAIL}",
        "sk_" + f"live_{TAIL}",
        "SG." + TAIL[:22] + "." + TAIL,
        f"dapi{HEX[:32]}",
        f"gsk_{TAIL}",
        f"shpat_{HEX[:32]}",
        f"hvs.{TAIL}",
        f"sgp_{HEX[:16]}_{HEX[:40]}",
        f"bkua_{HEX[:40]}",
        f"LTAI{TAIL[:20]}",
        f"AKID{TAIL[:32]}",
        f"phc_{TAIL}a1b2c3d4e",
        f"re_{TAIL[:8]}_{TAIL[:24]}",
        f"waka_{HEX[:8]}-{HEX[:4]}-{HEX[:4]}-{HEX[:4]}-{HEX[:12]}",
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


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("mot de passe : Chien!88", "Chien!88"),
        ("contraseña: Gato_1987", "Gato_1987"),
        ("la password è Gatto1987", "Gatto1987"),
        ("wachtwoord: Fiets123", "Fiets123"),
        ("Le mot de passe du wifi est Soleil!42", "Soleil!42"),
        ("la contraseña del wifi es Playa_2023", "Playa_2023"),
        ("PGPASSWORD=tr0ub4dor psql -h x", "tr0ub4dor"),
        ("SECRET_KEY_BASE=9f8e7d6c5b4a3f2e1d0c", "9f8e7d6c5b4a3f2e1d0c"),
        ("a senha é Gato1987", "Gato1987"),
        ("my password for the portal is hunter22", "hunter22"),
        ("DB_PASSWORD=kj3h4k5j3h", "kj3h4k5j3h"),
        ('dbPass: "GElNLLykbl",', "GElNLLykbl"),
        ("X-Api-Key: 9f8e7d6c5b4a3f2e1d0c", "9f8e7d6c5b4a3f2e1d0c"),
        ("Cookie: sessionid=38afes7a8h2k1l9m3n4b", "38afes7a8h2k1l9m3n4b"),
        ("curl -u admin:s3cr3tPass https://h/", "s3cr3tPass"),
        ("mysql -u root -pS3cret99 db", "S3cret99"),
        ("CREATE USER 'a'@'%' IDENTIFIED BY 'bJ#BvNBvc9O5'", "bJ#BvNBvc9O5"),
        ("Authorization: Basic YWRtaW46c2VjcmV0UGFzcw==", "YWRtaW46c2VjcmV0UGFzcw=="),
    ],
)
def test_secrets_by_name_and_place(text: str, value: str):
    assert ("SECRET", value) in secrets(text)


def test_a_secret_key_beside_its_id():
    key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    assert ("SECRET", key) in secrets(f"AKIAIOSFODNN7EXAMPLE\n{key}\n")
    assert secrets(key) == []


@pytest.mark.parametrize(
    "text",
    [
        "Server=tcp:db.acme.net,1433;Database=x;User ID=sa;Password=Abc12345;",
        "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=abcd1234efgh==;",
        "mongodb+srv://u:p4ss@cluster0.mongodb.net/db",
    ],
)
def test_connection_strings(text: str):
    assert secrets(text) == [("CONNECTION_STRING", text)]


@pytest.mark.parametrize(
    "text",
    [
        "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
        "etag: 123e4567-e89b-12d3-a456-426614174000",
        "sha512-oxVKWgYbLzqZ2b3fNT4m1zBkLmr5zC0hM3xKJ8sQ7iJm1w2v9b0Xn4yq5Y7kq9cW1m2n3b4v5c6x7z8A==",
        "Ok(value) => Token::Number(value), tokens: 12345678",
        "function(h){return{token:713,p:null&d[2]}}",
        "const token = await getToken(user.id);",
        "password: string; password = request.password",
        "TypeError: pwd: expected bytes",
        "username, password = proxy_auth",
        "password: OAuthFlowPassword | None = None",
        "secret: SecretValue1 = Field(x)",
        "basic auth123456 is not hidden",
        "http://${USER}:${PASS}@host/",
    ],
)
def test_leaves_code_alone(text: str):
    assert secrets(text) == []


@given(st.sampled_from(secret_prefixes.PREFIXES.strip().splitlines()), st.data())
def test_every_issuers_token_is_found_whole(row: str, data: st.DataObject):
    source = row.split("; ", 1)[1]
    token = data.draw(st.from_regex(re.compile(source, re.ASCII), fullmatch=True))
    spans = [span for span in issued_tokens(Reading(f"use {token} now")) if span.end > 4]
    telling = any(map(str.isdigit, token))
    assert not telling or len(token) < 14 or spans[0].start == 4


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("spring.datasource.password=aB3dE5fG7h", [("SECRET", "aB3dE5fG7h")]),
        ("sasl.secret: aB3dE5fG7h,", [("SECRET", "aB3dE5fG7h")]),
        ("self.password = build_password(user)", []),
        ("form.password = ${DB_PASSWORD}", []),
        ("app.token=placeholder", []),
    ],
)
def test_keys_of_properties(text: str, expected: list[tuple[str, str]]):
    assert secrets(text) == expected
