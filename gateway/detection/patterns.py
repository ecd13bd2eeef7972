"""Recognizers as a table: pattern, checksum, context. Pure.

A `Rule` is a regex whose matches are read by a judge. Every regex is built so that it looks at
each sign of the text a bounded number of times: no nested repeats, and every repeat that may
overlap the one after it has an upper bound.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gateway.detection import checksums
from gateway.detection.context import Context, Reading, context
from gateway.types import Span

Finder = Callable[[Reading], Iterator[Span]]
"""A recognizer that is a function of the whole text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row of the table.

    A match scores `score`, or `context_score` where a context word stands near; 0 is no finding.
    `check` turns a match down (False) or lets it stand. The rule is tried only if the text holds
    one of `needs` (lower case) and, with `digits`, a digit. `group` is the part that is masked.
    """

    name: str
    entity_type: str
    pattern: re.Pattern[str]
    score: float
    context: Context | None = None
    context_score: float = 0.0
    check: Callable[[str], bool] | None = None
    needs: tuple[str, ...] = ()
    digits: bool = False
    group: int = 0


def find(rule: Rule, reading: Reading) -> Iterator[Span]:
    """The matches of one rule that score above 0."""
    if rule.digits and not reading.has_digit:
        return
    if rule.needs and not any(need in reading.lower for need in rule.needs):
        return
    if not rule.score and (rule.context is None or not rule.context.anywhere(reading)):
        return
    for match in rule.pattern.finditer(reading.text):
        start, end = match.span(rule.group)
        if start >= end or (rule.check is not None and not rule.check(match[rule.group])):
            continue
        score = rule.score
        if rule.context is not None and rule.context_score > score:
            score = rule.context_score if rule.context.near(reading, start, end) else score
        if score > 0:
            yield Span(start, end, rule.entity_type, score, rule.name)


# ---------------------------------------------------------------- e-mail

_LOCAL_BACKWARDS = re.compile(r"[\w!#$%&'*+/=?^`{|}~-][\w.!#$%&'*+/=?^`{|}~-]{0,127}")
_QUOTED_BACKWARDS = re.compile(r'"[^"\n]{1,64}"')
_DOMAIN = re.compile(
    r"(?:\w(?:[\w-]{0,61}\w)?[.。．])+(?=[\w-]{2,63}(?![\w-]))(?:xn--[\w-]{1,59}|[^\W\d_]{2,63})"
    r"|\[[0-9A-Fa-f:.IPv]{3,45}\]"
)
_RETINA = re.compile(r"[1-4]x\.(?:png|jpe?g|gif|webp|svg)", re.IGNORECASE)
_MAX_DOMAIN = 255  # RFC 1035, section 2.3.4


def emails(reading: Reading) -> Iterator[Span]:
    """E-mail addresses (RFC 5321, RFC 6531), of any top-level domain, real or reserved."""
    text = reading.text
    at = text.find("@")
    while at >= 0:
        left = text[max(0, at - 128) : at][::-1]
        local = _LOCAL_BACKWARDS.match(left) or _QUOTED_BACKWARDS.match(left)
        if local is not None:
            domain = _DOMAIN.match(text, at + 1, at + 1 + _MAX_DOMAIN)
            if domain is not None and not _RETINA.match(domain[0]):
                start = at - _own_length(local[0][::-1])
                yield Span(start, domain.end(), "EMAIL_ADDRESS", 0.9, "email")
        at = text.find("@", at + 1)


def _own_length(local: str) -> int:
    """The length of a local part without the query or quote it may be glued to."""
    last = re.split(r"[?&]", local)[-1]
    bare = re.sub(r"^[A-Za-z_-]{1,24}=(?=.)", "", last).lstrip(".'`=/|{}~")
    return len(bare) or len(local)


# ---------------------------------------------------------------- IBAN

_IBAN_HEAD = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?=[ .-]?[A-Za-z0-9])")
_IBAN_BODY = re.compile(r"(?:[ .-]?[A-Za-z0-9]){11,29}(?![A-Za-z0-9])")
_IBAN_WORDS = context(
    ["iban", "bank account", "account", "konto", "bankverbindung", "compte", "cuenta", "conto",
     "conta", "rekening", "transfer", "überweisung", "virement", "payee", "sepa", "bic"]
)  # fmt: skip


def ibans(reading: Reading) -> Iterator[Span]:
    """IBANs (ISO 13616) in any grouping and letter case.

    A wrong checksum still counts where the shape leaves little doubt or a context word is near.
    """
    if not reading.has_digit:
        return
    text = reading.text
    for head in _IBAN_HEAD.finditer(text):
        length = checksums.IBAN_LENGTHS.get(head[0][:2].upper())
        if length is None:
            continue
        start, end = head.start(), _after(text, head.end(), length - 4)
        if end is None:
            continue
        value = re.sub(r"[ .-]", "", text[start:end])
        if checksums.iban(value):
            yield Span(start, end, "IBAN", 1.0, "iban")
        elif sum(sign.isdigit() for sign in value) * 2 > length:
            near = _IBAN_WORDS is not None and _IBAN_WORDS.near(reading, start, end)
            yield Span(start, end, "IBAN", 0.8 if near else 0.5, "iban_shape")


def _after(text: str, at: int, count: int) -> int | None:
    """The offset after `count` letters or digits with single separators, at a word's end."""
    while count:
        if at < len(text) and text[at] in " .-":
            at += 1
        if at >= len(text) or not (text[at].isascii() and text[at].isalnum()):
            return None
        at += 1
        count -= 1
    ends = at == len(text) or not (text[at].isascii() and text[at].isalnum())
    return at if ends else None


# ---------------------------------------------------------------- network addresses

_IPV6 = re.compile(
    r"(?<![\w:.])(?=[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:])[0-9A-Fa-f:]{2,39}(?:(?<=:)\d{1,3}(?:\.\d{1,3}){3})?"
    r"(?:%\w{1,15})?(?:/\d{1,3})?(?![\w:]|\.\d)"
)
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IPV4 = re.compile(
    rf"(?<![\w.])(?:{_OCTET}\.){{3}}{_OCTET}(?:/(?:3[0-2]|[12]?\d)(?!\d))?(?!\w|\.\d)"
)
_VERSION = re.compile(r"(?:version|release|build|firmware|\bv)[\s.:=]{0,3}$", re.IGNORECASE)


def ip_addresses(reading: Reading) -> Iterator[Span]:
    """IPv4 and IPv6 addresses (RFC 4291 text forms) and networks in CIDR notation."""
    text = reading.text
    if reading.has_digit and "." in text:
        for match in _IPV4.finditer(text):
            start = match.start()
            score = 0.3 if _VERSION.search(text[max(0, start - 12) : start]) else 0.95
            yield Span(start, match.end(), "IP_ADDRESS", score, "ipv4")
    if "::" in text or text.count(":") >= 6:
        for match in _IPV6.finditer(text):
            if _is_ipv6(match[0]):
                yield Span(match.start(), match.end(), "IP_ADDRESS", 0.95, "ipv6")


def _is_ipv6(value: str) -> bool:
    address = value.partition("/")[0].partition("%")[0]
    if address in ("::", ":") or not any(sign.isdigit() for sign in address):
        return False
    try:
        ipaddress.IPv6Address(address)
    except ValueError:
        return False
    return True


# ---------------------------------------------------------------- dates

_MONTH = (
    "jan(?:uary|uar|vier|eiro)?|feb(?:ruary|ruar)?|février|febbraio|febrero|fevereiro|februari|"
    "mar(?:ch|s|zo|ço)?|märz|maart|apr(?:il|ile)?|avril|abril|mai|may|maggio|mayo|maio|mei|"
    "june?|juni|juin|giugno|junio|junho|july?|juli|juillet|luglio|julio|julho|"
    "aug(?:ust|ustus)?|août|agosto|sep(?:t|tember|tembre|tiembre)?|setembro|settembre|"
    "oct(?:ober|obre)?|okt(?:ober)?|ottobre|octubre|outubro|nov(?:ember|embre|iembre|embro)?|"
    "dec(?:ember)?|dez(?:ember|embro)?|décembre|dicembre|diciembre|gennaio|enero|januari"
)
_DATES = (
    (re.compile(r"(?<![\w.,/-])(?:19|20)\d\d([-/.])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12]\d|3[01])"
                r"(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?(?![\w/-])"), 0.6),
    (re.compile(r"(?<![\w.,/-])(?:0?[1-9]|[12]\d|3[01])([-/.])(?:0?[1-9]|[12]\d|3[01])\1"
                r"(?:(?:19|20)\d\d|\d\d)(?![\w/-]|[.,]\d)"), 0.6),
    (re.compile(rf"(?<!\w)(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th|er|º|\.)?(?:\s|-|\sof\s|\sde\s)"
                rf"(?:{_MONTH})\.?,?(?:\s|-|\sde\s)(?:19|20)\d\d(?!\w)", re.IGNORECASE), 0.6),
    (re.compile(rf"(?<!\w)(?=[^\W\d_]{{3,9}}\.?\s\d)(?:{_MONTH})\.?\s(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?,?\s"
                r"(?:19|20)\d\d(?!\w)", re.IGNORECASE), 0.6),
)  # fmt: skip
_BIRTH = context(
    ["born", "birth", "birthday", "birthdate", "date of birth", "dob", "d.o.b", "geboren", "geb",
     "geburtsdatum", "geburtstag", "né", "née", "naissance", "nacido", "nacida", "nacimiento",
     "nato", "nata", "nascita", "nascido", "nascida", "nascimento", "geboortedatum"]
)  # fmt: skip


def dates(reading: Reading) -> Iterator[Span]:
    """Explicit calendar dates: DATE_OF_BIRTH beside a word of birth, else DATE_TIME."""
    if not reading.has_digit:
        return
    born = _BIRTH is not None and _BIRTH.anywhere(reading)
    for pattern, score in _DATES:
        for match in pattern.finditer(reading.text):
            start, end = match.span()
            if born and _BIRTH is not None and _BIRTH.near(reading, start, end):
                yield Span(start, end, "DATE_OF_BIRTH", 0.9, "date")
            else:
                yield Span(start, end, "DATE_TIME", score, "date")


# ---------------------------------------------------------------- the table

_ID = r"[A-Za-z0-9](?:[A-Za-z0-9]|[-/.](?=[A-Za-z0-9])){2,23}"
_NUMBER = r"(?:\s{0,2}(?:number|no\.?|nr\.?|num\.?|id|#|nummer))?(?:\s{0,2}(?:is|:|#|=|-))?\s{0,2}"


def _labelled(words: str) -> re.Pattern[str]:
    """An identifier straight after the words that say what it is; it must hold a digit."""
    return re.compile(
        rf"(?<!\w)(?:{words}){_NUMBER}(?=[A-Za-z-]{{0,8}}\d)({_ID})(?!\w)", re.IGNORECASE
    )


RULES = (
    Rule(
        name="us_ssn",
        entity_type="US_SSN",
        pattern=re.compile(
            r"(?<![\w-])(?!000|666|9)\d{3}([- .])(?!00)\d{2}\1(?!0000)\d{4}(?![\w-])"
        ),
        score=0.9,
        digits=True,
    ),
    Rule(
        name="us_ssn_context",
        entity_type="US_SSN",
        pattern=re.compile(r"(?<![\w-])\d{3}[- .]?\d{2}[- .]?\d{4}(?![\w-])"),
        score=0.0,
        context=context(["ssn", "ssns", "social security", "soc sec", "social sec"]),
        context_score=0.9,
        digits=True,
    ),
    Rule(
        name="mac",
        entity_type="MAC_ADDRESS",
        pattern=re.compile(
            r"(?<![\w:-])[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}(?![\w:-])"
            r"|(?<![\w.])[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}(?![\w.])"
        ),
        score=0.95,
        check=lambda value: len(set(re.sub(r"[:.-]", "", value))) > 1,
        digits=True,
    ),
    Rule(
        name="url",
        entity_type="URL",
        pattern=re.compile(
            r"(?<!\w)[A-Za-z][A-Za-z0-9+.-]{1,15}://"
            r"(?:[^\s/@?#<>\"']{1,256}@[^\s<>\"']{1,2000}|[^\s?#<>\"'@]{1,500}\?[^\s<>\"']{1,2000})"
        ),
        score=0.92,
        needs=("://",),
    ),
    Rule(
        name="bitcoin",
        entity_type="CRYPTO",
        pattern=re.compile(r"(?<!\w)[13][a-km-zA-HJ-NP-Z1-9]{25,34}(?!\w)"),
        score=0.95,
        check=checksums.base58check,
        digits=True,
    ),
    Rule(
        name="bitcoin_segwit",
        entity_type="CRYPTO",
        pattern=re.compile(r"(?<!\w)(?:bc|tb)1[02-9ac-hj-np-z]{11,71}(?!\w)", re.IGNORECASE),
        score=0.95,
        check=checksums.bech32,
        needs=("bc1", "tb1"),
    ),
    Rule(
        name="ethereum",
        entity_type="CRYPTO",
        pattern=re.compile(r"(?<!\w)0x[0-9A-Fa-f]{40}(?!\w)"),
        score=0.9,
        needs=("0x",),
    ),
    Rule(
        name="medical_record",
        entity_type="MEDICAL_RECORD",
        pattern=_labelled(
            r"mrn|medical\s(?:record|file|chart)|patient\s?(?:id|no\.?|number|#|nr\.?|record)|"
            r"hospital\s(?:number|id)|chart\s(?:number|no\.?)|patientennummer|patienten-?(?:id|nr\.?)|"
            r"fallnummer|numéro de dossier|historia clínica|cartella clinica"
        ),
        score=0.8,
        needs=("mrn", "medical", "patient", "hospital", "chart", "fallnummer", "dossier",
               "historia", "cartella"),
        digits=True,
        group=1,
    ),
    Rule(
        name="health_id",
        entity_type="HEALTH_ID",
        pattern=_labelled(
            r"(?:health\s)?insurance\s(?:id|no\.?|number|policy|member)|health\s(?:id|plan|card)|"
            r"member(?:ship)?\s?(?:id|no\.?|number|#)|subscriber\s?(?:id|no\.?|number|#)|"
            r"policy\s?(?:id|no\.?|number|#)|medicaid|beneficiary|ehic|"
            r"(?:kranken)?versicherten(?:nummer|-?nr\.?)|versicherungsnummer|carte vitale|"
            r"tarjeta sanitaria|tessera sanitaria"
        ),
        score=0.75,
        needs=("insurance", "health", "member", "subscriber", "policy", "medicaid", "beneficiary",
               "ehic", "versicher", "vitale", "sanitaria"),
        digits=True,
        group=1,
    ),
)  # fmt: skip
"""The rows that are a regex and little else."""

FINDERS: tuple[Finder, ...] = (emails, ibans, ip_addresses, dates)
"""The recognizers of this file that are functions."""

ENTITY_TYPES = frozenset(rule.entity_type for rule in RULES) | {
    "EMAIL_ADDRESS",
    "IBAN",
    "IP_ADDRESS",
    "DATE_TIME",
    "DATE_OF_BIRTH",
}
