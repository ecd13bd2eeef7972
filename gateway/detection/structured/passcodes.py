"""Short codes and phrases that open something: PIN, card check codes, one-time codes. Pure.

Such a code is a few digits like any others, so only its label tells; a label alone is enough where
it has no other meaning, else a sign or a verb must stand between. Passwords without a sign before
them are told by what they are made of, recovery phrases (BIP 39) by the number of their words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.detection.structured.context import Reading
from gateway.detection.structured.kinds import LABELS
from gateway.detection.structured.labels import Hit, hits
from gateway.detection.structured.secrets import entropy
from gateway.types import Span

_IS = r"is|ist|lautet|war|was|est|es|era|é|è"
_LINK = re.compile(
    r"(?:[ ._-]?(?:code|value|number|no|nr|nummer|numéro|número|numero|zahl)\b\.?)?[\"'`*\]]{0,3}"
    rf"(?P<sign>\s{{0,3}}(?:=>|:=|[:=#])\s{{0,3}}|[ ](?:{_IS})[ :]{{1,2}})?[ ]?[\"'`*]{{0,3}}",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"(?:[A-Z]-)?(?:\d{3}[ -]\d{3}|\d{3,8})(?!\w|[.,:/-]\d|[ ]?(?:%|€|\$|£|bytes?|ms|px|mm)|-\w)"
)
_CARD_CHECK = (
    "cvv", "cvc", "csc", "cryptogramme", "kartenprüfnummer", "prüfziffer", "card verification",
    "security code", "sicherheitscode", "code de sécurité", "código de seguridad",
    "codice di sicurezza", "código de segurança", "beveiligingscode",
)  # fmt: skip
"""What may be followed by three digits only."""
# Words with another meaning: of electronics and of geometry.
_OTHERWISE = frozenset(("pin", "tan"))


def passcodes(reading: Reading) -> Iterator[Span]:
    """PIN, check codes of cards, one-time codes and codes of doors, straight after their label."""
    labels = hits(LABELS, reading)
    if "passcode" not in labels.kinds:
        return
    for hit in labels.all:
        if hit.kind == "passcode":
            yield from _code(reading, hit)


def _code(reading: Reading, hit: Hit) -> Iterator[Span]:
    text = reading.text
    link = _LINK.match(text, hit.end)
    code = _CODE.match(text, link.end()) if link is not None and link.end() > hit.end else None
    if code is None or link is None:
        return
    word = reading.lower[hit.start : hit.end]
    size = sum(map(str.isdigit, code[0]))
    if size < 4 and not word.startswith(_CARD_CHECK):
        return
    if word in _OTHERWISE and (size > 6 or (word == "tan" and text[hit.start] != "T")):
        return
    yield Span(code.start(), code.end(), "SECRET", 0.8 if link["sign"] else 0.65, "passcode")


# ---------------------------------------------------------------- without a sign before them

_BARE = re.compile(r"[ ]([^\s\"'`<>]{6,64})")
_STRONG_SIGN = re.compile(r"[!#$%&*?@^~€§+]")
_ADDRESS = re.compile(r"[^@]+@[\w.-]+\.\w+|\w+://")
_FORMAT = ("$", "%", "{", "@", "*", "#", "&", "?")
_KEY = re.compile(r"[A-Z2-7]{16,64}|[0-9a-f]{24,128}|[A-Za-z0-9_-]{20,128}")
_RANDOM_BITS = 3.0


def bare_secrets(reading: Reading) -> Iterator[Span]:
    """Passwords and keys behind their label and one space: "password Herbst#24"."""
    labels = hits(LABELS, reading)
    if labels.kinds.isdisjoint(("password", "short_password", "token")):
        return
    for hit in labels.all:
        match = _BARE.match(reading.text, hit.end) if hit.kind in _JUDGES else None
        if match is not None:
            value = match[1].rstrip(".,;:)]}")
            if _JUDGES[hit.kind](value):
                start = match.start(1)
                yield Span(start, start + len(value), "SECRET", 0.7, "bare_secret")


def _is_password(value: str) -> bool:
    """Whether a word has letters, digits and a sign that no word of a text has."""
    return (
        len(value) >= 6
        and any(map(str.isdigit, value))
        and any(map(str.isalpha, value))
        and _STRONG_SIGN.search(value) is not None
        and not value.startswith(_FORMAT)
        and not any(sign in value for sign in "(){}[]=\\/|")
        and _ADDRESS.match(value) is None
    )


def _is_key(value: str) -> bool:
    """Whether a word is letters and digits in no order: too mixed for a name in code."""
    digits = sum(map(str.isdigit, value))
    least = 2 if value.isupper() else 4
    return (
        _KEY.fullmatch(value) is not None
        and least <= digits < len(value)
        and entropy(value) >= _RANDOM_BITS
    )


_JUDGES = {"password": _is_password, "short_password": _is_password, "token": _is_key}

_ELEMENT = re.compile(r"[\w.-]{0,20}>([^<>\s]{4,200})</")


def element_secrets(reading: Reading) -> Iterator[Span]:
    """Passwords and keys that are all that an element of XML holds: "<password>...</"."""
    text = reading.text
    if "</" not in text:
        return
    for hit in hits(LABELS, reading).all:
        if hit.kind in _JUDGES and text[hit.start - 1 : hit.start] in ("<", ":", "_", "-"):
            match = _ELEMENT.match(text, hit.end)
            if match is not None and (hit.kind != "token" or _is_key(match[1])):
                yield Span(*match.span(1), "SECRET", 0.8, "element_secret")


# ---------------------------------------------------------------- recovery phrases

_ORDINAL = r"(?:\d{1,2}[.):]?[ ])?"
_PHRASE = re.compile(
    r"[\"'`*]{0,3}\s{0,2}(?:[:=-]|is|ist|lautet|est|es|é|è)\s{0,3}[\"'`*]{0,3}"
    rf"({_ORDINAL}[a-zà-ÿ]{{3,8}}(?:[ ,\n]{{1,2}}{_ORDINAL}[a-zà-ÿ]{{3,8}}){{11,23}})(?![\w-])"
)
_LETTERS = re.compile(r"[a-zà-ÿ]+")
# Words of sentences that are in no list of such words.
_OF_SENTENCES = frozenset(
    "the and you your with for are not must should which when where then them they this was were "
    "der die das und ist sie nicht mit für auf les des une est vous dans los las una que por con "
    "del della che per non van het een niet voor uma não para você".split()
)


def recovery_phrases(reading: Reading) -> Iterator[Span]:
    """The twelve to twenty-four words that open a wallet, behind what they are called."""
    labels = hits(LABELS, reading)
    if "recovery_phrase" not in labels.kinds:
        return
    for hit in labels.all:
        match = _PHRASE.match(reading.text, hit.end) if hit.kind == "recovery_phrase" else None
        if match is not None and _OF_SENTENCES.isdisjoint(_LETTERS.findall(match[1])):
            yield Span(*match.span(1), "SECRET", 0.9, "recovery_phrase")


FINDERS = (passcodes, bare_secrets, element_secrets, recovery_phrases)
ENTITY_TYPES = frozenset({"SECRET"})
