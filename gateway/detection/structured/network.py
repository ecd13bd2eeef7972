"""IP addresses, networks and hardware addresses. Pure.

Each search begins at a rare sign (a colon with hex digits and another colon, a word with three
dots) and the exact pattern is matched there only.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from gateway.detection.structured import scan
from gateway.detection.structured.context import Reading
from gateway.detection.structured.kinds import LABELS
from gateway.detection.structured.labels import hits, touches
from gateway.types import Span

_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IPV4 = re.compile(
    rf"(?<![\w.])(?:{_OCTET}\.){{3}}{_OCTET}(?:/(?:3[0-2]|[12]?\d)(?!\d))?(?!\w|\.\d)"
)
# As packet dumps write it, with the port behind another dot.
_IPV4_PORT = re.compile(rf"(?<![\w.])(?:{_OCTET}\.){{3}}{_OCTET}(?=\.\d{{1,5}}(?!\w|\.\w))")
_DUMPS = frozenset("tcp udp icmp tcpdump netstat established flags proto".split())
_VERSION = re.compile(r"(?:version|release|build|firmware|\bv)[\s.:=]{0,3}\Z", re.IGNORECASE)
_NOBODYS = re.compile(r"0\.|127\.0\.0\.1|255\.255\.")
_V6_HINT = re.compile(r":[0-9A-Fa-f]{0,4}:")
_V6_LEFT = re.compile(r"[0-9A-Fa-f:]{0,39}\Z")
_IPV6_BEHIND = re.compile(
    r"(?=[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:])[0-9A-Fa-f:]{2,39}(?:(?<=:)\d{1,3}(?:\.\d{1,3}){3})?"
    r"(?:%\w{1,15})?(?:/\d{1,3})?(?![\w:]|\.\d)"
)
_IPV6 = re.compile(r"(?<![\w:.])" + _IPV6_BEHIND.pattern)
_NAME = re.compile(r"(?<![\w:.])(?=\w{0,22}[G-Zg-z])[A-Za-z_]\w{0,23}:\Z")
_GROUPS = re.compile(r"[0-9A-Fa-f]{3,4}(?![0-9A-Fa-f])")


def ip_addresses(reading: Reading) -> Iterator[Span]:
    """IPv4 and IPv6 addresses (RFC 4291 text forms) and networks in CIDR notation.

    What is nobody's address scores low: loopback, unspecified, net masks, version numbers.
    """
    text = reading.text
    if reading.has_digit and "." in text:
        for start, end in scan.words(reading):
            if end - start >= 7 and text.count(".", start, end) >= 3:
                for match in _IPV4.finditer(text, start, min(len(text), end + 1)):
                    yield _ipv4(reading, match)
        if not _DUMPS.isdisjoint(reading.vocabulary):
            for match in _IPV4_PORT.finditer(text):
                yield Span(match.start(), match.end(), "IP_ADDRESS", 0.8, "ipv4_port")
    done = 0
    for hint in _V6_HINT.finditer(text):
        if hint.start() < done:
            continue
        left = _V6_LEFT.search(text, max(done, hint.start() - 39), hint.start())
        first = left.start() if left is not None else hint.start()
        whole = _IPV6.match(text, first) or _named_ipv6(text, hint.start() + 1)
        if whole is not None:
            done = whole.end()
            if _is_ipv6(whole[0]):
                yield Span(whole.start(), whole.end(), "IP_ADDRESS", 0.95, "ipv6")


def _named_ipv6(text: str, at: int) -> re.Match[str] | None:
    """An address right behind a name and a colon, as in "ip:2001:db8::1"."""
    if _NAME.search(text, max(0, at - 26), at) is None:
        return None
    match = _IPV6_BEHIND.match(text, at)
    return match if match is not None and len(_GROUPS.findall(match[0])) >= 2 else None


def _ipv4(reading: Reading, match: re.Match[str]) -> Span:
    start = match.start()
    labels = hits(LABELS, reading)
    denied = "negative" in labels.kinds and any(
        hit.kind == "negative" and touches(reading, hit, start) for hit in labels.before(start)
    )
    score = 0.95
    if denied or _VERSION.search(reading.text, max(0, start - 12), start):
        score = 0.3
    elif _NOBODYS.match(match[0]) or (
        _is_like_version(match[0]) and not _ABOUT.search(reading.text, max(0, start - 48), start)
    ):
        score = 0.35
    return Span(start, match.end(), "IP_ADDRESS", score, "ipv4")


_ABOUT = re.compile(
    r"(?<![A-Za-z])(?:ips?|ipv4|addr|host|server|dns|ping|network|adresse|dirección|indirizzo|from|"
    r"client|gateway|router|login|logged|subnet|nameserver)",
    re.IGNORECASE,
)


def _is_like_version(value: str) -> bool:
    if "/" in value:
        return False
    octets = [int(octet) for octet in value.split(".")]
    return octets[0] < 10 and max(octets) < 32 and len(set(octets)) > 1


def _is_ipv6(value: str) -> bool:
    address = value.partition("/")[0].partition("%")[0]
    if len(address) < 6 or not any(sign.isdigit() for sign in address):
        return False
    try:
        ipaddress.IPv6Address(address)
    except ValueError:
        return False
    return True


# A name and a colon right before an address.
_NAMED = "".join(
    f"|(?<=(?<![A-Za-z])(?i:{name}):)"
    for name in "mac hwaddr ether addr address bssid src dst client".split()
)
_PAIR = r"[0-9A-Fa-f]{2}"
_GROUP = r"[0-9A-Fa-f]{4}"
# What to look for, how far behind it the address begins, and the address.
_MACS = (
    (
        re.compile(rf":{_PAIR}:"),
        2,
        re.compile(
            rf"(?:(?<![\w:-]){_NAMED}){_PAIR}(?::{_PAIR}){{5}}(?:(?::{_PAIR}){{2}})?(?![\w:-])"
        ),
    ),
    (
        re.compile(rf"-{_PAIR}-"),
        2,
        re.compile(rf"(?<![\w:-]){_PAIR}(?:-{_PAIR}){{5}}(?:(?:-{_PAIR}){{2}})?(?![\w:-])"),
    ),
    (
        re.compile(rf"\.{_GROUP}\."),
        4,
        re.compile(rf"(?<![\w.]){_GROUP}\.{_GROUP}\.{_GROUP}(?![\w.])"),
    ),
)


def macs(reading: Reading) -> Iterator[Span]:
    """Hardware addresses (IEEE EUI-48 and EUI-64) with colons, hyphens or in groups of four."""
    text = reading.text
    for hint, width, exact in _MACS:
        for found in hint.finditer(text):
            for first in (found.start() - width, found.start() + 1):
                match = exact.match(text, first) if first >= 0 else None
                if match is not None and len(set(re.sub(r"[:.-]", "", match[0]))) > 1:
                    yield Span(match.start(), match.end(), "MAC_ADDRESS", 0.95, "mac")


ENTITY_TYPES = frozenset({"IP_ADDRESS", "MAC_ADDRESS"})
