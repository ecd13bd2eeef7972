"""Identifiers of every kind, with valid check digits where the kind has them."""

from __future__ import annotations

import hashlib
import unicodedata
from functools import lru_cache

from gateway.training import national
from gateway.training.data import LANGUAGES, words
from gateway.training.draw import Draw
from gateway.training.people import Person

_FOLD = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "o", "ł": "l", "đ": "d", "æ": "ae"}
)
_HEX = "0123456789abcdef"
_ALNUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


@lru_cache(maxsize=50_000)
def plain(name: str) -> str:
    """A name in lower-case letters of ASCII, as e-mail addresses have it."""
    text = unicodedata.normalize("NFKD", name.lower().translate(_FOLD))
    return "".join(sign for sign in text if "a" <= sign <= "z")


def _account(draw: Draw, one: Person) -> str:
    first, last = plain(one.first) or "info", plain(one.last) or "x"
    number = str(draw.between(1, 99)) if draw.chance(0.5) else str(draw.between(1960, 2012))
    return draw.pick(
        (
            f"{first}.{last}", f"{first}.{last}", f"{first}{last}", f"{first}_{last}",
            f"{first[0]}.{last}", f"{first[0]}{last}", f"{last}.{first}", f"{first}{number}",
            f"{first}.{last}{number}", f"{last}{number}", f"{first}", f"{first}-{last}",
            f"{first[:3]}{last[:4]}{number}",
        )
    )  # fmt: skip


def domain(draw: Draw, lang: str) -> str:
    """A host name."""
    start, end = draw.pick(words("world", "brand_start")), draw.pick(words("world", "brand_end"))
    name = (start + end).lower()
    if draw.chance(0.2):
        name += "-" + plain(draw.pick(words(lang, "sector")))
    return f"{name}.{draw.pick(words(lang, 'domains'))}"


def email(draw: Draw, one: Person, lang: str) -> str:
    """An e-mail address of somebody."""
    host = draw.pick(words("world", "mail_hosts")) if draw.chance(0.5) else domain(draw, lang)
    account = _account(draw, one)
    if draw.chance(0.03):
        account += "+" + draw.pick(("news", "shop", "test", "spam"))
    if draw.chance(0.04):
        account = draw.pick(("info", "kontakt", "contact", "hr", "sales", "office", "support"))
    address = f"{account}@{host}"
    return address.title() if draw.chance(0.01) else address


def username(draw: Draw, one: Person) -> str:
    """A user name."""
    first, last = plain(one.first) or "user", plain(one.last) or "x"
    point = draw.below(100)
    if point < 55:
        return _account(draw, one)
    number = draw.between(1, 9999)
    extra = draw.pick(("xx", "gamer", "dev", "real", "the", "mr", "its", "dark", "x", "cat", "mtb"))
    return draw.pick(
        (
            f"{extra}_{first}", f"{first}_{extra}", f"{first}{extra}{number}", f"{extra}{last}",
            f"{first[0]}{last[:6]}{number}", f"{extra}{number}", f"{last[:5]}{first[0]}",
            f"_{first}_", f"{first.title()}{last.title()}", f"u{number}", f"{extra}-{first}",
        )
    )  # fmt: skip


def phone(draw: Draw, lang: str) -> str:
    """A telephone number in one of the ways in which it is written."""
    if draw.chance(0.12):
        lang = draw.pick(LANGUAGES)
    number = draw.mask(draw.pick(words(lang, "phones")))
    if draw.chance(0.03):
        number += draw.pick((" ext. ", " x", "-")) + draw.digits(2)
    return number


def card(draw: Draw) -> str:
    """A credit card number."""
    start, length = draw.pick(
        (("4", 16), ("4", 16), ("51", 16), ("55", 16), ("2221", 16), ("37", 15), ("34", 15),
         ("6011", 16), ("36", 14), ("3530", 16))
    )  # fmt: skip
    digits = start + draw.digits(length - len(start) - 1)
    digits += national.luhn_digit(digits)
    if draw.chance(0.3):
        return digits
    glue = draw.pick((" ", " ", " ", "-", "."))
    if length == 15:
        return glue.join((digits[:4], digits[4:10], digits[10:]))
    return glue.join(digits[at : at + 4] for at in range(0, length, 4))


def iban(draw: Draw, lang: str) -> str:
    """An IBAN (ISO 13616) with its two check digits."""
    if draw.chance(0.15):
        lang = draw.pick(LANGUAGES)
    country, _, pattern = draw.pick(words(lang, "ibans")).partition(":")
    if country == "FR" and "?" in pattern:
        pattern = pattern.replace("???", "0#?").ljust(23, "#")
    account = draw.mask(pattern)
    number = int("".join(str(int(sign, 36)) for sign in account + country + "00"))
    whole = f"{country}{98 - number % 97:02}{account}"
    if draw.chance(0.55):
        whole = " ".join(whole[at : at + 4] for at in range(0, len(whole), 4))
    return whole.lower() if draw.chance(0.03) else whole


def ip(draw: Draw) -> str:
    """An IPv4 or IPv6 address."""
    if draw.chance(0.2):
        groups = [draw.letters(4, _HEX).lstrip("0") or "0" for _ in range(8)]
        if draw.chance(0.5):
            return ":".join(groups[:3]) + "::" + groups[7]
        return ":".join(groups)
    first = draw.pick((10, 192, 172, draw.between(11, 223)))
    return f"{first}.{draw.below(256)}.{draw.below(256)}.{draw.between(1, 254)}"


def mac(draw: Draw) -> str:
    """A hardware address."""
    parts = [draw.letters(2, _HEX) for _ in range(6)]
    text = draw.pick((":", ":", "-")).join(parts)
    return text.upper() if draw.chance(0.4) else text


def url(draw: Draw, one: Person, lang: str) -> str:
    """A web address, often with somebody's name in it."""
    account = _account(draw, one)
    host = domain(draw, lang)
    return draw.pick(
        (
            f"https://{host}/{account}", f"https://www.{host}/users/{account}", f"http://{host}",
            f"www.{host}", f"https://{host}/profile?id={draw.digits(6)}", f"https://{host}",
            f"https://www.linkedin.com/in/{account}", f"https://github.com/{account}",
            f"https://facebook.com/{account}", f"https://t.co/{draw.letters(10, _ALNUM)}",
            f"https://instagram.com/{account}", f"{host}/{account}", f"https://{account}.{host}",
            f"https://{host}/reset?token={draw.letters(24, _ALNUM)}&user={account}",
        )
    )  # fmt: skip


def password(draw: Draw) -> str:
    """A password."""
    word = draw.pick(words("world", "brand_start")) + draw.pick(words("world", "brand_end"))
    return draw.pick(
        (
            f"{word}{draw.between(1, 9999)}!", f"{word}#{draw.between(10, 99)}",
            draw.letters(draw.between(10, 20), _ALNUM + "!$%&/+?*_-"),
            f"{word.lower()}{draw.between(1950, 2024)}", f"{draw.letters(4, _ALNUM)}-{word}",
            word.replace("o", "0").replace("e", "3") + "$" + draw.digits(2),
        )
    )  # fmt: skip


def api_key(draw: Draw) -> str:
    """A key with a provider's prefix, or a bare one."""
    return draw.pick(
        (
            "sk-" + draw.letters(48, _ALNUM), "sk-proj-" + draw.letters(40, _ALNUM),
            "AKIA" + draw.letters(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
            "ghp_" + draw.letters(36, _ALNUM), 
            "xoxb-" + draw.digits(12) + "-" + draw.letters(24, _ALNUM),
           
            "AIza" + draw.letters(35, _ALNUM), "glpat-" + draw.letters(20, _ALNUM),
            "sk_live_" + draw.letters(24, _ALNUM), draw.letters(40, _HEX), draw.letters(32, _ALNUM),
            "hf_" + draw.letters(34, _ALNUM), "npm_" + draw.letters(36, _ALNUM),
        )
    )  # fmt: skip


def crypto(draw: Draw) -> str:
    """An address of a crypto currency with its checksum."""
    point = draw.below(3)
    if point == 0:
        return "0x" + draw.letters(40, _HEX)
    if point == 1:
        raw = draw.pick((b"\x00", b"\x05")) + bytes(draw.below(256) for _ in range(20))
        raw += hashlib.sha256(hashlib.sha256(raw).digest()).digest()[:4]
        number, text = int.from_bytes(raw, "big"), ""
        while number:
            number, rest = divmod(number, 58)
            text = _BASE58[rest] + text
        return "1" * (len(raw) - len(raw.lstrip(b"\x00"))) + text
    return _segwit([0] + [draw.below(32) for _ in range(32)])


def _segwit(data: list[int]) -> str:
    check = 1
    spread = [3, 3, 0, 2, 3]  # "bc" (BIP 173)
    for word in spread + data + [0] * 6:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ word
        for bit, generator in enumerate(
            (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
        ):
            check ^= generator if top >> bit & 1 else 0
    check ^= 1
    return "bc1" + "".join(
        _BECH32[word] for word in data + [check >> 5 * (5 - at) & 31 for at in range(6)]
    )


def patterned(draw: Draw, name: str, lang: str) -> str:
    """A plate, passport, license, id, mrn or policy_no. Raises KeyError: none of them."""
    lists = words("world" if name in ("id", "mrn", "policy_no") else lang, f"{name}s")
    return draw.mask(draw.pick(lists))
