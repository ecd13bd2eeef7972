"""URLs, with and without a scheme. Pure.

A URL that carries something personal (user information, a query, an e-mail address, a profile)
is surer than a plain one. URLs of standards, licences and package registries say nothing about
anybody and are left alone. Syntax: RFC 3986; reserved names: RFC 2606.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.detection.structured.context import Reading
from gateway.types import Span

_MAX = 2048
_SCHEME = re.compile(r"(?<![A-Za-z0-9])[A-Za-z][A-Za-z0-9+.-]{1,15}\Z")
_REST = re.compile(rf"[^\s<>\"'`|^{{}}\\\u3000-\u303f\uff00-\uffef]{{1,{_MAX}}}")
_PLAIN_SCHEMES = frozenset("http https ftp ftps sftp ws wss ssh git rtsp rtmp smb ldap".split())
_AUTHORITY = re.compile(r"(?:[^\s/@?#]{1,256}@)?(\[[0-9A-Fa-f:.]{2,45}\]|[^\s/?#:@]{1,253})")
_HOST = re.compile(r"(?=.*[A-Za-z0-9])[\w.-]+|\[[0-9A-Fa-f:.]+\]")
_TAIL = ".,;:!?*_~"
_PAIRS = {")": "(", "]": "["}

_PERSONAL = re.compile(
    r"//[^/\s@]+@|\?[^\s=]{0,64}.|[\w.+-]@[\w-]|%40"
    r"|/(?:users?|u|profiles?|people|person|members?|accounts?|customers?|patients?|in|author|"
    r"employees?|benutzer|~[\w.-]+|@[\w.-]+)(?:/|=)[\w.@%-]+|/~\w|/@\w"
    r"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    re.IGNORECASE,
)
_SOCIAL = re.compile(
    r"(?:[\w-]+\.)?(?:twitter|x|facebook|instagram|linkedin|tiktok|snapchat|pinterest|reddit|"
    r"youtube|medium|t|vk|xing|flickr|twitch|soundcloud|patreon|onlyfans|wa|paypal|venmo)"
    r"\.(?:com|me|tv|ru|de|net)/\S",
    re.IGNORECASE,
)
_NOBODYS = re.compile(
    r"(?:[\w-]+\.)*(?:localhost|w3\.org|ietf\.org|rfc-editor\.org|iana\.org|json-schema\.org|"
    r"schema\.org|xmlsoap\.org|openxmlformats\.org|purl\.org|xml\.org|oasis-open\.org|unicode\.org|"
    r"opensource\.org|spdx\.org|creativecommons\.org|gnu\.org|apache\.org|npmjs\.(?:org|com)|"
    r"yarnpkg\.com|pypi\.org|pythonhosted\.org|crates\.io|rubygems\.org|maven\.org|golang\.org|"
    r"pkg\.go\.dev|packagist\.org|nuget\.org|debian\.org|ubuntu\.com|python\.org|readthedocs\.io|"
    r"readthedocs\.org|schemas\.microsoft\.com|schemas\.android\.com|img\.shields\.io|ns\.adobe\.com|"
    r"java\.sun\.com|doi\.org|semver\.org|keepachangelog\.com|127\.0\.0\.1|0\.0\.0\.0|\[::1?\])",
    re.IGNORECASE,
)


def urls(reading: Reading) -> Iterator[Span]:
    """URLs with a scheme, and host names that are written as web addresses."""
    text = reading.text
    at = text.find("://")
    while at >= 0:
        scheme = _SCHEME.search(text, max(0, at - 16), at)
        rest = _REST.match(text, at + 3) if scheme is not None else None
        if rest is None or scheme is None:
            at = text.find("://", at + 3)
            continue
        start, end = scheme.start(), _trimmed(text, at + 3, rest.end())
        score = _score(scheme[0].lower(), text[at + 3 : end])
        if score:
            yield Span(start, end, "URL", score, "url")
        at = text.find("://", max(end, at + 3))
    if "." in text:
        yield from _bare(text)


def _trimmed(text: str, start: int, end: int) -> int:
    """The end of a URL without the punctuation of the sentence around it."""
    while end > start:
        last = text[end - 1]
        if last in _TAIL or (
            last in _PAIRS and text.count(last, start, end) > text.count(_PAIRS[last], start, end)
        ):
            end -= 1
        else:
            break
    return end


def _score(scheme: str, rest: str) -> float:
    authority = _AUTHORITY.match(rest)
    host = authority[1] if authority is not None else ""
    if not _HOST.fullmatch(host):
        return 0.0
    if _PERSONAL.search("//" + rest):
        return 0.96 if host[-1].isdigit() else 0.92
    is_public = "." in host or ":" in host
    if scheme not in _PLAIN_SCHEMES or _NOBODYS.fullmatch(host) or not is_public:
        return 0.0
    if host[-1] == "]" or host[-1].isdigit():
        return 0.96  # more than the address of its host
    return 0.8 if _SOCIAL.match(rest) else 0.6


_SECOND = (
    r"(?:com?|org|net|edu|gov|ac|or|ne)\.(?:uk|au|nz|za|jp|kr|in|br|mx|ar|co|tr|il|sg|hk|cn|tw|pl|"
    r"ua|id|my|th|at|pe|ve|eg|ng|ke|pk|bd)"
)
_GENERIC = (
    "com|org|net|edu|gov|mil|info|biz|eu|shop|online|store|site|website|blog|studio|agency|xyz|club"
)
_NATIONAL = (
    "de|fr|es|it|nl|pt|at|ch|be|uk|us|ca|au|ie|lu|dk|se|no|fi|pl|cz|hu|ro|gr|br|mx|ar|cl|jp|ru|ua|"
    "tr|in|cn|kr|io|ai|co|me|tv|app|dev|tech|cloud|gg|ly|gl|be|cat|berlin|wien|london|paris|nyc"
)
_DOMAIN = re.compile(rf"\.(?:{_SECOND}|{_GENERIC}|{_NATIONAL})(?![\w@-]|\.\w)")
_LABELS = re.compile(r"(?<![\w@./\\:#$-])(?:[^\W_][\w-]{0,62}\.){0,5}[^\W_][\w-]{0,62}\Z", re.I)
_PORT_PATH = re.compile(r"(?::\d{2,5})?(?:[/?#][^\s<>\"'`|^{}\\\])]{0,1024})?")
# Endings that stand for an address without a path; others are names of files or of attributes.
_ALONE = re.compile(
    rf"\.(?:{_SECOND}|com|org|net|edu|gov|mil|biz|eu|de|fr|nl|es|it|br|dk|cz|hu|ro|ie|fi|gr|mx|cl|jp|"
    r"cn|ua|uk|se|lu)",
    re.IGNORECASE,
)
_ALONE_LONG = re.compile(r"\.(?:pl|pt|ch|at|ru|tr|kr|ar|info|au|ca)", re.IGNORECASE)
_CODE_HOSTS = re.compile(
    r"(?:[\w-]+\.)*(?:github|gitlab|bitbucket|golang|gopkg|k8s|googleapis|azurecr|docker|ghcr|gcr|mcr|ecr|quay|"
    r"example|java|asp|ado|vb|javax|sun|apache|springframework|eclipse|w3|mozilla|node|vue|next|"
    r"socket|three|chart|express)\.(?:com|org|net|in|io|dev)",
    re.IGNORECASE,
)


def _bare(text: str) -> Iterator[Span]:
    """Host names without a scheme: "www." before them, a path behind, or a telling ending."""
    done = 0
    for ending in _DOMAIN.finditer(text):
        if ending.start() < done:
            continue
        left = _LABELS.search(text, max(done, ending.start() - 120), ending.start())
        if left is None:
            continue
        start = left.start()
        rest = _PORT_PATH.match(text, ending.end())
        end = rest.end() if rest is not None else ending.end()
        end = max(_trimmed(text, start, end), ending.end())
        done = end
        host = text[start : ending.end()]
        is_web = host.lower().startswith("www.")
        if not is_web and not _is_address(text, host, ending, end):
            continue
        path = text[ending.end() : end]
        personal = _PERSONAL.search("//" + host + path) or _SOCIAL.match(host + path)
        yield Span(start, end, "URL", 0.8 if personal else 0.6, "url_bare")


def _is_address(text: str, host: str, ending: re.Match[str], end: int) -> bool:
    follows = text[end : end + 1]
    if follows in ("(", "[", "=", "_") or _CODE_HOSTS.fullmatch(host) or not host.islower():
        return False
    if end > ending.end() + 1 and text[ending.end()] == "/":
        return True
    name = host[: host.rindex(ending[0])]
    if len(name) < 2 or name.replace(".", "").isdigit():
        return False
    if _ALONE.fullmatch(ending[0]) is not None:
        return len(name) > 2 or ending[0] in (".com", ".de", ".fr")
    return "." in name and _ALONE_LONG.fullmatch(ending[0]) is not None and "-" in name


ENTITY_TYPES = frozenset({"URL"})
