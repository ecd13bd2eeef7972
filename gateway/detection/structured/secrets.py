"""Credentials: by their issuer's prefix, by what they are called, whole key blocks. Pure."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

from gateway.detection.structured.context import Reading
from gateway.detection.structured.kinds import LABELS
from gateway.detection.structured.labels import hits
from gateway.detection.structured.patterns import Finder
from gateway.detection.structured.secret_prefixes import PREFIXES
from gateway.types import Span

_MIN_TOKEN = 14
_SOURCES = [line.split("; ", 1)[1] for line in PREFIXES.strip().splitlines()]
_ISSUED = re.compile(r"(?<![A-Za-z0-9_])(?:" + "|".join(_SOURCES) + ")")
# JSON Web Token, RFC 7519: three base64url parts, the first two of them JSON objects.
_JWT = re.compile(
    r"(?<![\w.-])ey[A-Za-z0-9_-]{8,4096}\.ey[A-Za-z0-9_-]{4,8192}(?:\.[A-Za-z0-9_-]{0,2048}){1,3}"
)


def issued_tokens(reading: Reading) -> Iterator[Span]:
    """Tokens with their issuer's prefix, and JSON Web Tokens; in words of `_MIN_TOKEN` signs on."""
    text = reading.text
    at = 0
    for word in text.split():
        if len(word) < _MIN_TOKEN:
            continue
        start = text.find(word, at)
        at = start + len(word)
        # A part without digits is a token only if it has letters of both cases.
        if not word.islower() or any(map(str.isdigit, word)):
            for match in _ISSUED.finditer(text, start, at):
                if _is_token(match[0]):
                    yield Span(match.start(), match.end(), "API_KEY", 0.95, "api_key")
        if "ey" in word:
            for match in _JWT.finditer(text, start, at):
                yield Span(match.start(), match.end(), "JWT", 0.95, "jwt")


def _is_token(value: str) -> bool:
    """Whether a prefixed value is more than words and hyphens."""
    if any(map(str.isdigit, value)) or _AWS_ID.fullmatch(value):
        return True
    return value.lower() != value != value.upper() and not _WORDS.fullmatch(value)


_USER_PASSWORD = re.compile(
    r"://[^\s:/@?#<>\"'{}$]{0,128}:(?![^@\s]{0,64}[{}$])[^\s/@<>\"']{1,256}@[^\s<>\"'`,;)]{1,1000}"
)
_SCHEME = re.compile(r"(?<![A-Za-z0-9])[A-Za-z][A-Za-z0-9+.-]{1,20}\Z")
_KEYED = re.compile(
    r"(?<![A-Za-z0-9_])(?:Server|Data Source|Host|AccountName|DefaultEndpointsProtocol|Endpoint|"
    r"Driver|User ID|Uid)=[^\s;\"']{1,200};(?:[^;\n\"']{1,200}=[^;\n\"']{0,300};?){0,12}",
    re.IGNORECASE,
)
_KEYED_SECRET = re.compile(r"(?:Password|Pwd|AccountKey|SharedAccessKey)=[^;]{4,}", re.IGNORECASE)


def connection_strings(reading: Reading) -> Iterator[Span]:
    """URLs with user and password (RFC 3986), and strings of keys and values with a password."""
    text = reading.text
    at = text.find("://")
    while at >= 0:
        rest = _USER_PASSWORD.match(text, at)
        scheme = _SCHEME.search(text, max(0, at - 21), at) if rest is not None else None
        if rest is not None and scheme is not None:
            yield Span(scheme.start(), rest.end(), "CONNECTION_STRING", 0.98, "connection_string")
        at = text.find("://", at + 3)
    if ";" in text and "=" in text and not _KEY_NAMES.isdisjoint(reading.vocabulary):
        for match in _KEYED.finditer(text):
            if _KEYED_SECRET.search(match[0]):
                yield Span(*match.span(), "CONNECTION_STRING", 0.95, "connection_keys")


_KEY_NAMES = frozenset("password pwd accountkey sharedaccesskey account shared".split())

_PEM_BEGIN = re.compile(r"-----BEGIN ([A-Z0-9 ]{0,40})PRIVATE KEY( BLOCK)?-----")
_SSH2_BEGIN = re.compile(r"---- BEGIN SSH2 (?:ENCRYPTED )?PRIVATE KEY ----")
_PUTTY = re.compile(r"PuTTY-User-Key-File-\d: [^\0]{0,4096}?Private-MAC: [0-9a-f]{40,64}")
_PEM_LIMIT = 16_384  # a key of 16384 bits takes about 12700 signs


def private_keys(reading: Reading) -> Iterator[Span]:
    """PEM private keys (RFC 7468), the whole block; one without an end reaches far.

    Also OpenPGP (RFC 9580), SSH2 (RFC 4716) and PuTTY key files.
    """
    text = reading.text
    at = 0
    while (begin := _PEM_BEGIN.search(text, at)) is not None:
        marker = f"-----END {begin[1]}PRIVATE KEY{begin[2] or ''}-----"
        limit = begin.end() + 4 * _PEM_LIMIT
        found = text.find(marker, begin.end(), limit)
        end = found + len(marker) if found >= 0 else min(len(text), begin.end() + _PEM_LIMIT)
        yield Span(begin.start(), end, "PRIVATE_KEY", 1.0, "pem")
        at = end
    for begin in _SSH2_BEGIN.finditer(text):
        found = text.find("---- END SSH2", begin.end(), begin.end() + _PEM_LIMIT)
        end = text.find("\n", found) if found >= 0 else begin.end() + _PEM_LIMIT
        yield Span(begin.start(), end if 0 <= end < len(text) else len(text), "PRIVATE_KEY", 1.0,
                   "ssh2")  # fmt: skip
    if "PuTTY-User-Key-File" in text:
        for match in _PUTTY.finditer(text):
            yield Span(*match.span(), "PRIVATE_KEY", 1.0, "putty")


# ---------------------------------------------------------------- secrets by name

_VALUE = r"(\"[^\"\n]{3,200}\"|'[^'\n]{3,200}'|`[^`\n]{3,200}`|[^\s\"'`<>]{4,300})"
_IS = r"is|ist|lautet|was|war|est|es|é|è|are|era|sind"
_TAIL = re.compile(
    r"(?:[ _-]?(?:key|id|token|value|hash|base64|base|\d{1,2}))?[\"'`*\]]{0,3}"
    r"(?:[ ](?:for|to|of|on|für|zum|zur|von|vom|de|du|des|del|della|para|pour|per|di|voor|van|do|"
    r"da)[ ]"
    rf"(?:[^\s:=]{{1,20}}[ ]){{1,4}}?(?=(?:{_IS})[ :]))?"
    rf"(?:\s{{0,3}}(?:=>|:=|[:=])\s{{0,3}}|\s?(?<=[\s*])(?:{_IS})[: ]\s{{0,2}})" + _VALUE,
    re.IGNORECASE,
)
_SHORT_TAIL = re.compile(rf"[\"']?\s?(?::=|=>|[:=])\s?{_VALUE}")
_SQL_TAIL = re.compile(r"\s{1,3}(?:BY\s{1,3}|VALUES\s{1,3})?('[^'\n]{3,200}')", re.IGNORECASE)
# "spring.datasource.password=...": a key of a properties file, told from code by its random value.
_PROPERTY_WORDS = frozenset("password passwd pwd secret token key apikey".split())
_PROPERTY = re.compile(
    r"(?<=\w)[.](?:password|passwd|pwd|secret|token|api[-_]?key|secret[-_]?key|access[-_]?key)"
    r"[ ]?[=:][ ]?([^\s\"'`<>]{8,200})",
    re.IGNORECASE,
)
_BEARER = re.compile(
    r"(?<!\w)(?:Bearer|Basic|Token|ApiKey|Digest|Negotiate)\s{1,2}([A-Za-z0-9._~+/=-]{12,4096})"
)
_CURL = re.compile(
    r"\bcurl\b[^\n]{0,200}?\s(?:-u|--user)[ =]?[\"']?[\w.@+-]{1,64}:([^\s\"']{3,100})"
)
_FLAG = re.compile(
    r"(?:mysql|mysqldump|psql|sshpass|mongo(?:sh|dump)?|redis-cli|docker login|az login|htpasswd)\b"
    r"[^\n]{0,120}?\s(?:-p|-a|--password[ =]|-p[ =])[\"']?([^\s\"'-][^\s\"']{3,100})"
)
_SET_COOKIE = re.compile(
    r"cookie[\"']?\s?[:=]\s?[\"']?(?:[\w.-]{1,64}=[^;\s\"']{0,512};\s?){0,8}[\w.-]{1,64}=([^;\s\"']{12,512})",
    re.IGNORECASE,
)
_AWS_SECRET = re.compile(r"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
_AWS_ID = re.compile(r"(?<![A-Za-z0-9])A(?:KI|SI)A[A-Z0-9]{16}(?![A-Za-z0-9])")
_PLACEHOLDERS = frozenset(
    "none null true false required optional string changeme undefined your yours the and not "
    "incorrect correct wrong invalid valid expired missing empty weak strong too str int bool "
    "bytes self this value example password passwort secret token redacted hidden unknown default "
    "falsch richtig abgelaufen vergessen leer ungültig sicher zu nicht incorrecta correcta "
    "inválida caducada oublié incorrect expiré vide sbagliata errata scaduta onjuist verlopen "
    "incorreta expirada very also only still now never always case-sensitive important "
    "specified expected provided given supplied entered typed displayed accepted rejected "
    "configured protected generated unchanged plaintext disabled enabled needed mandatory used "
    "sent shown visible known available safe secure compromised leaked stored "
    "encrypted hashed reset changed updated".split()
)
_ENTROPY = 2.5  # bits per sign: words and repeats lie below, random values of 8 signs above
_DYNAMIC = ("${", "{{", "<", "$(", "os.", "process.", "getenv", "env.", "config.", "self.", "%(",
            "settings.", "request.", "args.", "params.", "this.", "ENV[", "$", "{", "@", "...",
            "***", "xxx", ":", "•", "*", "[", "(")  # fmt: skip
_CALL = re.compile(r"[\w.]+\(|[a-z_]+(?:\.[a-z_]+)+\)?$|[A-Za-z_]+\[|[\w-]*,$")


def named_secrets(reading: Reading) -> Iterator[Span]:
    """Values that are called a password, a secret, a token or a key where they stand.

    The value alone is the span. A password may be any value that is not a common word; a token
    or key must look random: a digit or mixed case, and Shannon entropy above `_ENTROPY`.
    """
    text = reading.text
    labels = hits(LABELS, reading)
    for hit in labels.all:
        tail = _TAILS.get(hit.kind)
        match = tail.match(text, hit.end) if tail is not None else None
        if match is not None:
            yield from _value(text, match, hit.kind)
    if not _PROPERTY_WORDS.isdisjoint(reading.vocabulary):
        yield from _properties(text)
    if "auth_scheme" in labels.kinds:
        for match in _BEARER.finditer(text):
            if _is_random(match[1]):
                yield Span(match.start(1), match.end(1), "SECRET", 0.9, "bearer")
    if "command" in labels.kinds:
        for pattern in (_CURL, _FLAG, _SET_COOKIE):
            for match in pattern.finditer(text):
                if not match[1].startswith(_DYNAMIC):
                    yield Span(match.start(1), match.end(1), "SECRET", 0.85, "command_secret")
    if "AKIA" in text or "ASIA" in text:
        yield from _aws_secrets(text)


def _properties(text: str) -> Iterator[Span]:
    for match in _PROPERTY.finditer(text):
        value = match[1].rstrip(".,;)]}")
        if _is_random(value) and not value.startswith(_DYNAMIC) and not _CALL.match(value):
            start = match.start(1)
            yield Span(start, start + len(value), "SECRET", 0.85, "property_secret")


_TAILS = {
    "password": _TAIL,
    "token": _TAIL,
    "short_password": _SHORT_TAIL,
    "sql_password": _SQL_TAIL,
}


def _value(text: str, match: re.Match[str], kind: str) -> Iterator[Span]:
    start, end = match.span(1)
    quoted = text[start] in "\"'`"
    if quoted:
        start, end = start + 1, end - 1
    else:
        if kind == "token":
            end = start + len(_CUT.split(text[start:end], 1)[0])
        end = start + len(text[start:end].rstrip(".,;:)]}"))
    value = text[start:end]
    if not value or (not quoted and _is_code(text, match.start(), start, end)):
        return
    if (
        _is_short_secret(value)
        if kind == "short_password"
        else _is_secret(value, kind in ("password", "sql_password"), quoted)
    ):
        yield Span(start, end, "SECRET", 0.85, "named_secret")


_VARIABLE = re.compile(r"[a-z]+(?:_[a-z]+)+")


def _is_code(text: str, after: int, start: int, end: int) -> bool:
    """Whether a value is a type ("password: Secret | None") or a variable ("= proxy_auth")."""
    if text.startswith((" | ", " = "), end):
        return text[start].isalpha() and ":" in text[after:start]
    return text[after:start] == " = " and _VARIABLE.fullmatch(text, start, end) is not None


def _is_short_secret(value: str) -> bool:
    if value.lower() in _PLACEHOLDERS or value.startswith(_DYNAMIC) or _CALL.match(value):
        return False
    if len(value) < 6 or " " in value or value.isdigit() or _WORDS.fullmatch(value):
        return False
    plain = value.isalpha() and (value.islower() or value.isupper() or value.istitle())
    return not plain and entropy(value) >= _ENTROPY


def _is_secret(value: str, strong: bool, quoted: bool) -> bool:
    lower = value.lower()
    if lower in _PLACEHOLDERS or (" " in value and lower.split(" ", 1)[0] in _PLACEHOLDERS):
        return False
    if value.startswith(_DYNAMIC) or (not quoted and _CALL.match(value)):
        return False
    if strong:
        if quoted and " " in value.strip() and not any(map(str.isdigit, value)):
            return False  # a message about passwords, not one of them
        return not value.isalpha() or len(value) > 7
    return _is_random(value)


def _is_random(value: str) -> bool:
    if " " in value.strip():
        return False
    mixed = any(sign.isdigit() for sign in value) or (
        value.lower() != value and value.upper() != value and not value.istitle()
    )
    if _WORDS.fullmatch(value) or value.isdigit():
        return False
    return len(value) >= 8 and mixed and entropy(value) >= _ENTROPY


_CUT = re.compile(r"[,;&)}\]|]")
# Names of things in code: words with few digits, joined by signs or humps.
_WORDS = re.compile(
    r"[A-Z]?[a-z]{2,}(?:[_.\-/:]?[A-Z]?[a-z]{2,}){0,12}\d{0,3}(?:\(\))?|[A-Z]{2,}(?:[_-][A-Z]{2,}){1,8}\d?"
)


def _aws_secrets(text: str) -> Iterator[Span]:
    """Secret access keys within some lines of their key id."""
    for key in _AWS_ID.finditer(text):
        for match in _AWS_SECRET.finditer(text, max(0, key.start() - 200), key.end() + 300):
            value = match[0]
            if any(map(str.isdigit, value)) and value.lower() != value != value.upper():
                yield Span(*match.span(), "SECRET", 0.9, "aws_secret")


def entropy(value: str) -> float:
    """Shannon entropy of the signs of a value, in bits per sign."""
    size = len(value)
    return -sum(n / size * math.log2(n / size) for n in Counter(value).values())


FINDERS: tuple[Finder, ...] = (issued_tokens, connection_strings, private_keys, named_secrets)
ENTITY_TYPES = frozenset({"API_KEY", "SECRET", "JWT", "PRIVATE_KEY", "CONNECTION_STRING"})
