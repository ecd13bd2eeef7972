"""Stand-ins for addresses of the network: hosts, mail, web, hardware and accounts. Pure."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from gateway.masking.surrogates import names
from gateway.masking.surrogates.draw import Draw

DOMAINS: Final = ("example.com", "example.net", "example.org")
"""Reserved for examples: RFC 2606, section 3; RFC 6761, section 6.5 (with all names below)."""

_BLOCKS: Final = ("192.0.2.", "198.51.100.", "203.0.113.")
"""TEST-NET-1 to 3: RFC 5737."""

_V6_BLOCK: Final = int(ipaddress.IPv6Address("2001:db8::"))
"""The documentation prefix, a /32: RFC 3849."""

_MAC_BLOCK: Final = "00005e0053"
"""Unicast addresses for documentation: RFC 9542, once RFC 7042."""

_LONGEST_MAIL: Final = 254
"""Signs of an address: RFC 5321, section 4.5.3.1.3."""

_TLD_LANGUAGES: Final = {"de": "de", "at": "de", "ch": "de", "fr": "fr", "es": "es", "mx": "es",
                         "it": "it", "nl": "nl", "pt": "pt", "br": "pt", "uk": "en", "us": "en",
                         "ie": "en", "au": "en"}  # fmt: skip
_WORDS: Final = """
acorn alder amber anchor aspen atlas basil beacon birch bramble brook cedar clover comet copper
coral cypress delta ember falcon fern fjord garnet harbor hazel heron indigo juniper kestrel lagoon
larch linden lotus maple meadow nimbus onyx orchid osprey pebble pine quartz raven reef saffron
sorrel spruce sumac thistle topaz tundra walnut willow zephyr
""".split()


def domain_language(host: str) -> str:
    """The language that a host's country suggests, or nothing."""
    return _TLD_LANGUAGES.get(host.rpartition(".")[2].lower(), "")


def email(draw: Draw, surface: str, keep: frozenset[str], language: str) -> str | None:
    """A drawn name at a domain for examples; with `format` in the shape of the local part."""
    local, at, host = surface.strip().rpartition("@")
    if (
        len(surface) > _LONGEST_MAIL
        or not at
        or not re.fullmatch(r"[^\s@<>\"'\\]{1,64}", local)
        or "." not in host
    ):
        return None
    first, last = _name(draw, surface, keep, language or domain_language(host))
    domain = draw.pick(DOMAINS)
    if "format" not in keep:
        return f"{first}.{last}@{domain}"
    new = f"{_local(draw, local, first, last)}@{domain}"
    return new.upper() if surface.isupper() else new


def _name(draw: Draw, surface: str, keep: frozenset[str], language: str) -> tuple[str, str]:
    known = language[:2] in names.LANGUAGES and "locale" in keep
    source = language[:2] if known else draw.pick(names.LANGUAGES)
    own = set(re.findall("[a-z]+", names.plain(surface)))
    gender = ""
    if "gender" in keep:
        genders = [
            names.gender_of(word, language) for word in re.findall("[a-z]+", surface.lower())
        ]
        gender = next(filter(None, genders), "")
    words = []
    for pool in (names.first_names(source, gender), names.surnames(source)):
        word = draw.pick(pool)
        while word in own or any(part in word for part in own if len(part) > 3):
            word = draw.pick(pool)
        words.append(word)
    return words[0], words[1]


def _local(draw: Draw, local: str, first: str, last: str) -> str:
    """The local part in the shape of another: words, initials, digits, separators, capitals."""
    runs = re.findall(r"[^\W\d_]+|\d+|[._+\-]|.", local)
    words = [run for run in runs if run[0].isalpha()]
    if not words:
        words = ["x"]
        runs = ["x", *runs]
    fill = [first, last] if len(words) > 1 else [last]
    if len(words) == 1 and not names.is_first_name(words[0]) and len(words[0]) > 4:
        fill = [first[0] + last]
    out = []
    at = 0
    for run in runs:
        if run[0].isalpha():
            word = fill[at % len(fill)] if at < 2 else draw.pick(_WORDS)
            word = word[0] if len(run) == 1 and len(words) > 1 else word
            out.append(word.upper() if run.isupper() else _capital(word, run))
            at += 1
        elif run.isdigit():
            out.append(draw.digits(len(run)))
        else:
            out.append(run if run in "._+-" else "-")
    return "".join(out)


def _capital(word: str, run: str) -> str:
    return word.capitalize() if run[0].isupper() else word


def username(draw: Draw, surface: str, keep: frozenset[str]) -> str | None:
    """An account name with `example` in it, so that it is hardly anybody's."""
    text = surface.strip()
    bare = text.removeprefix("@")
    if not re.fullmatch(r"[\w.+\-]{2,64}", bare):
        return None
    new = f"example_{draw.pick(_WORDS)}{draw.digits(3)}"
    if "format" not in keep:
        return new
    mark = next((sign for sign in bare if sign in "._-"), "" if bare.isalnum() else "_")
    new = new.replace("_", mark)
    return ("@" if text.startswith("@") else "") + (new.upper() if bare.isupper() else new)


def url(draw: Draw, surface: str, keep: frozenset[str]) -> str | None:
    """An address below a domain for examples; with `format` as many steps of path, and a query."""
    match = re.fullmatch(
        r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]{1,15})://)?(?:[^\s/@]*@)?(?P<www>www\.)?"
        r"(?P<host>[^\s/?#:@]+)(?P<port>:\d{1,5})?(?P<path>/[^\s?#]*)?(?P<query>\?[^\s#]*)?"
        r"(?P<part>#\S*)?",
        surface.strip(),
        re.IGNORECASE,
    )
    if match is None or not ("." in match["host"] or match["scheme"]):
        return None
    host = f"{_label(draw)}.{draw.pick(DOMAINS)}"
    if "format" not in keep:
        return f"https://{host}/"
    scheme = (match["scheme"] or "").lower()
    known = scheme if scheme in ("http", "https", "ftp", "ws", "wss", "sftp", "ssh", "git") else ""
    front = f"{known or 'https'}://" if scheme else ""
    steps = (match["path"] or "").split("/")
    path = "/".join(_label(draw) if step else "" for step in steps[:8])
    query = f"?q={_label(draw)}" if match["query"] else ""
    port = ":8080" if match["port"] else ""
    return f"{front}{(match['www'] or '').lower()}{host}{port}{path}{query}"


def _label(draw: Draw) -> str:
    return f"{draw.pick(_WORDS)}{draw.digits(3)}"


def ip_address(draw: Draw, surface: str, keep: frozenset[str]) -> str | None:
    """An address for documentation, of the same version; a network only where one so small fits."""
    text = surface.strip().strip("[]")
    bare, slash, suffix = text.partition("/")
    try:
        address = ipaddress.ip_address(bare.partition("%")[0])
        bits = int(suffix) if slash else address.max_prefixlen
    except ValueError:
        return None
    smallest = 24 if address.version == 4 else 32
    if not smallest <= bits <= address.max_prefixlen:
        return None
    if address.version == 4:
        new: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.IPv4Address(
            f"{draw.pick(_BLOCKS)}{1 + draw.below(254)}"
        )
    else:
        low = (draw.below(1 << 32) << 64) | draw.below(1 << 62)
        new = ipaddress.IPv6Address(_V6_BLOCK | low)
    if slash and bits < address.max_prefixlen:
        new = ipaddress.ip_network(f"{new}/{bits}", strict=False).network_address
    if "format" not in keep:
        return str(new)
    shown = str(new)
    if address.version == 6 and bare == address.exploded:
        shown = new.exploded
    shown = shown.upper() if bare.isupper() else shown
    shown += f"/{bits}" if slash else ""
    return f"[{shown}]" if surface.strip().startswith("[") else shown


def mac_address(draw: Draw, surface: str, keep: frozenset[str]) -> str | None:
    """One of the 256 hardware addresses for documentation."""
    text = surface.strip()
    if not re.fullmatch(
        r"(?:[0-9A-Fa-f]{2}([:\-]?)){5}[0-9A-Fa-f]{2}|(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}", text
    ):
        return None
    new = f"{_MAC_BLOCK}{draw.below(256):02x}"
    if "format" not in keep:
        return ":".join(new[at : at + 2] for at in range(0, 12, 2))
    fill = iter(new.upper() if re.search("[A-F]", text) else new)
    return "".join(next(fill) if sign.isalnum() else sign for sign in text)
