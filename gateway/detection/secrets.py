"""Credentials: by their issuer's prefix, by what they are called, whole key blocks. Pure."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

from gateway.detection.context import Reading
from gateway.detection.patterns import Finder, Rule
from gateway.types import Span

_EDGE = r"(?<![A-Za-z0-9_])"

# One alternative per issuer, from their own documentation of token formats.
_PREFIXED = (
    r"sk-(?:ant-|proj-|svcacct-|admin-|or-v1-|lf-)?[A-Za-z0-9_-]{16,250}",
    r"gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{20,255}",
    r"gl(?:pat|ptt|dt|rt|soat|cbt|agent)-[A-Za-z0-9_-]{16,100}",
    r"xox[abeoprs]-[A-Za-z0-9-]{10,250}|xapp-\d-[A-Za-z0-9-]{10,250}",
    r"(?:AKIA|ASIA|ABIA|ACCA|AROA|AIDA)[A-Z0-9]{16}(?![A-Za-z0-9])",
    r"AIza[A-Za-z0-9_-]{30,45}|ya29\.[A-Za-z0-9_-]{20,250}|GOCSPX-[A-Za-z0-9_-]{20,40}",
    r"hf_[A-Za-z0-9]{20,60}|npm_[A-Za-z0-9]{30,60}|pypi-[A-Za-z0-9_-]{16,250}",
    r"(?:sk|rk|pk|whsec)_(?:live|test)_[A-Za-z0-9]{10,120}|whsec_[A-Za-z0-9+/=]{20,80}",
    r"SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64}|key-[0-9a-f]{32}",
    r"do[opr]_v1_[0-9a-f]{40,80}|dckr_pat_[A-Za-z0-9_-]{20,60}|dapi[0-9a-f]{32}",
    r"gsk_[A-Za-z0-9]{30,80}|r8_[A-Za-z0-9]{30,60}|pplx-[A-Za-z0-9]{30,80}|xai-[A-Za-z0-9]{40,120}",
    r"sq0(?:atp|csp)-[A-Za-z0-9_-]{20,60}|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{30,40}",
    r"(?:hvs|hvb|hvr)\.[A-Za-z0-9_-]{20,250}|lin_api_[A-Za-z0-9]{30,60}|ntn_[A-Za-z0-9]{30,60}",
    r"AC[0-9a-f]{32}(?![0-9A-Za-z])|nvapi-[A-Za-z0-9_-]{40,90}|EAAC[A-Za-z0-9]{30,250}",
)
_NEEDS = (
    "sk-", "gh", "github_pat_",
    "gl", "xox", "xapp-", "akia", "asia", "abia", "acca", "aroa", "aida", "aiza",
    "ya29.", "gocspx-", "hf_", "npm_", "pypi-", "_live_", "_test_", "whsec_", "sg.", "key-",
    "_v1_", "dckr_pat_", "dapi", "gsk_", "r8_", "pplx-", "xai-", "sq0", "shp", "hvs.", "hvb.",
    "hvr.", "lin_api_", "ntn_", "ac", "nvapi-", "eaac",
)  # fmt: skip

RULES = (
    Rule(
        name="api_key",
        entity_type="API_KEY",
        pattern=re.compile(_EDGE + "(?:" + "|".join(_PREFIXED) + ")"),
        score=0.95,
        needs=_NEEDS,
    ),
    Rule(
        name="jwt",
        entity_type="JWT",
        # JSON Web Token, RFC 7519: three base64url parts, the first two of them JSON objects.
        pattern=re.compile(
            r"(?<![\w.-])ey[A-Za-z0-9_-]{8,4096}\.ey[A-Za-z0-9_-]{4,8192}\.[A-Za-z0-9_-]{0,2048}"
        ),
        score=0.95,
        needs=("ey",),
    ),
    Rule(
        name="connection_string",
        entity_type="CONNECTION_STRING",
        pattern=re.compile(
            r"(?<!\w)[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s:/@?#<>\"']{0,128}:[^\s/@<>\"']{1,256}@"
            r"[^\s<>\"']{1,1000}"
        ),
        score=0.98,
        needs=("://",),
    ),
)

_PEM_BEGIN = re.compile(r"-----BEGIN ([A-Z0-9 ]{0,40})PRIVATE KEY( BLOCK)?-----")
_PEM_LIMIT = 16_384  # a key of 16384 bits takes about 12700 signs


def private_keys(reading: Reading) -> Iterator[Span]:
    """PEM private keys (RFC 7468), the whole block; one without an end reaches far."""
    text = reading.text
    at = 0
    while (begin := _PEM_BEGIN.search(text, at)) is not None:
        marker = f"-----END {begin[1]}PRIVATE KEY{begin[2] or ''}-----"
        found = text.find(marker, begin.end())
        end = found + len(marker) if found >= 0 else min(len(text), begin.end() + _PEM_LIMIT)
        yield Span(begin.start(), end, "PRIVATE_KEY", 1.0, "pem")
        at = end


_NAMED = re.compile(
    r"(?:pass(?:word|wd|phrase|code|wort)|passwd|pwd|kennwort|contraseña|mot de passe|secret|token|"
    r"api[ _-]?key|access[ _-]?key|private[ _-]?key|auth[ _-]?key|credentials?)"
    r"(?:[ _-]?(?:key|id|token|value))?[\"'`*]{0,3}"
    r"(?:\s{0,3}(?:=>|:=|[:=])\s{0,3}|\s(?:is|ist|lautet|was)[: ]\s{0,2})"
    r"(\"[^\"\n]{3,200}\"|'[^'\n]{3,200}'|`[^`\n]{3,200}`|[^\s\"'`<>]{4,300})",
    re.IGNORECASE,
)
_BEARER = re.compile(r"(?<!\w)(?:Bearer|Basic)\s{1,2}([A-Za-z0-9._~+/=-]{12,4096})")
_NAMES = (
    "pass", "pwd", "kennwort", "contraseña", "secret", "token", "key", "credential",
)  # fmt: skip
_STRONG_NAMES = ("pass", "pwd", "kennwort", "contraseña")
_PLACEHOLDERS = frozenset(
    "none null true false required optional string changeme undefined your yours the and not "
    "incorrect correct wrong invalid valid expired missing empty weak strong too".split()
)
_ENTROPY = 2.5  # bits per sign: words and repeats lie below, random values of 8 signs above


def named_secrets(reading: Reading) -> Iterator[Span]:
    """Values that are called a password, a secret, a token or a key where they stand.

    The value alone is the span. A password may be any value that is not a common word; a token
    or key must look random: a digit or mixed case, and Shannon entropy above `_ENTROPY`.
    """
    if any(name in reading.lower for name in _NAMES):
        for match in _NAMED.finditer(reading.text):
            start, end = match.span(1)
            if match[1][0] in "\"'`":
                start, end = start + 1, end - 1
            else:
                end = start + len(reading.text[start:end].rstrip(".,;:)]}"))
            value = reading.text[start:end]
            strong = match[0].lower().startswith(_STRONG_NAMES)
            if value and _is_secret(value, strong):
                yield Span(start, end, "SECRET", 0.85, "named_secret")
    if "bearer" in reading.lower or "basic" in reading.lower:
        for match in _BEARER.finditer(reading.text):
            if _is_random(match[1]):
                yield Span(match.start(1), match.end(1), "SECRET", 0.9, "bearer")


def _is_secret(value: str, strong: bool) -> bool:
    if value.lower() in _PLACEHOLDERS or value.startswith(
        ("${", "{{", "<", "$(", "os.", "process.")
    ):
        return False
    if strong:
        return not value.isalpha() or len(value) > 7
    return _is_random(value)


def _is_random(value: str) -> bool:
    mixed = any(sign.isdigit() for sign in value) or (
        value.lower() != value and value.upper() != value and not value.istitle()
    )
    return len(value) >= 8 and mixed and entropy(value) >= _ENTROPY


def entropy(value: str) -> float:
    """Shannon entropy of the signs of a value, in bits per sign."""
    size = len(value)
    return -sum(n / size * math.log2(n / size) for n in Counter(value).values())


FINDERS: tuple[Finder, ...] = (private_keys, named_secrets)
ENTITY_TYPES = frozenset({"API_KEY", "SECRET", "JWT", "PRIVATE_KEY", "CONNECTION_STRING"})
