"""Values that stand beside their label, in the form that the label asks for. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from gateway.detection.structured import checksums
from gateway.detection.structured.context import Reading
from gateway.detection.structured.kinds import KINDS, LABELS, Kind
from gateway.detection.structured.labels import Hit, hits, is_firm, value_start
from gateway.types import Span

_END = r"(?![A-Za-z0-9_@]|[-.,/]\d)"
_ID = r"(?=[A-Za-z._/-]{0,12}\d)[A-Za-z0-9](?:[A-Za-z0-9_]|[-/.](?=[A-Za-z0-9])){2,31}"
_UUID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_SPACED = r"\d{2,9}(?:[ \u00a0]\d{1,9}){1,4}(?![ ]?[-/.:]?\d)"

FORMS: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "id": re.compile(rf"(?:{_UUID}|{_SPACED}|{_ID}){_END}"),
        "account": re.compile(
            r"(?:\d{4}(?:[ -]?\d{2,4}){1,6}|[A-Z0-9]{0,4}\d[\d-]{4,20}\d)" + _END
        ),
        "iban": re.compile(r"(?!)"),  # patterns.ibans reads them
        "ssn": re.compile(
            r"(?:[Xx*#•]{3}[- ]?[Xx*#•]{2}[- ]?\d{4}|\d{3}[- .]?\d{2}[- .]?\d{4}|\d{4})" + _END
        ),
        "nine": re.compile(r"\d{9}" + _END),
        "sort": re.compile(r"(?:\d{2}[- ]\d{2}[- ]\d{2}|\d{3}[- ]?\d{3}(?:[ ]?\d{2})?)" + _END),
        "bic": re.compile(r"[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?(?!\w)"),
        "zip": re.compile(
            r"(?:\d{5}-\d{3,4}|\d{4}[ ]?[A-Z]{2}(?![a-z])|[A-Z]{1,2}\d[A-Z\d]?[ ]?\d[A-Z]{2}"
            r"|[A-Z]\d[A-Z][ -]?\d[A-Z]\d|\d{3}[ ]\d{2}"
            r"|\d{2}-\d{3}|\d{4}-\d{3}|\d{3}-\d{4}|\d{4,6})"
            r"(?![\w]|[-.,]\d)"
        ),
        "plate": re.compile(
            r"(?=[A-ZÄÖÜ0-9 -]{0,8}\d)(?=[\d -]{0,8}[A-ZÄÖÜ])"
            r"[A-ZÄÖÜ0-9]{1,4}(?:[ -]?[A-ZÄÖÜ0-9]{1,4}){1,3}(?![\w-])"
        ),
        "vin": re.compile(r"[A-HJ-NPR-Za-hj-npr-z0-9]{17}(?!\w)"),
        "imei": re.compile(r"\d{2}[- ]?\d{6}[- ]?\d{6}[- ]?\d{1,2}(?!\w)|[0-9A-F]{14,16}(?!\w)"),
        "iccid": re.compile(r"89\d{15,18}[0-9Ff]?(?!\w)"),
        "imsi": re.compile(r"\d{14,15}(?!\w)"),
        "case": re.compile(
            r"(?:\d{1,4}[ ](?:[A-Z][A-Za-z]{0,4}[ ]){1,2}\d{1,6}/\d{2,4}"
            r"|[IVX]{1,4}[ ](?:[A-Z]{1,4}[ ]){1,2}(?:\([A-Z]{1,4}\)[ ])?\d{1,6}/\d{2,4}"
            rf"|\d:\d\d-[a-z]{{2}}-\d{{3,6}}(?:-[A-Z]{{1,4}}){{0,3}}|{_ID}){_END}"
        ),
        "user": re.compile(r"@?[A-Za-z0-9](?:[\w]|[.-](?=\w)){2,38}(?![\w@(\[]|[.:]\w|://|\s*\()"),
    }
)
_NOT_A_VALUE = re.compile(
    r"(?:19|20)\d\d|(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:\d\d){1,2}"
    r"|\d{1,3}(?:\.\d{1,3}){3}|\d{1,3}[-–]\d{1,3}|\d+\.\d{1,2}|0x[0-9a-fA-F]+|\d+(?:st|nd|rd|th|ms|kb|mb|gb|px|em|k|m)"
    r"|(?:rfc|iso|utf|sha|md|base|int|uint|float|http|ipv?)-?\d+",
    re.IGNORECASE,
)
_UNIT = re.compile(
    r"[ ]?(?:%|€|\$|£|eur|usd|gbp|chf|euros?|dollars?|years?|months?|days?|hours?|minutes?|"
    r"seconds?|jahren?|monaten?|tagen?|stunden?|ans|mois|jours|años|meses|días|anni|mesi|giorni|jaar|"
    r"maanden|dagen|anos|dias|times|items?|users?|people|persons?|records?|rows?|bytes?)\b",
    re.IGNORECASE,
)
_HASH = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_PREFIXED = re.compile(
    r"(?<![A-Za-z0-9_-])(?:(MRN|PAT|PT|PID)|(EMP|STAFF|EMPL)|(CUST?|CLI|KD|KDNR|MBR)|(INS|POL|HPN|NH)"
    r"|(NID)|(CASE|FILE|CLM|INC|ACC|ACCT|REF|DOS|TKT|SUBJ|STU)|(DL)|(USR|UID))"
    r"[-_#]([A-Z0-9]{1,4}[-_])?\d{4,12}(?:-\d{1,4})?(?![A-Za-z0-9_-])"
)
_PREFIX_END = re.compile(r"[A-Z][-_#](?=[A-Z\d])")
_LONGEST_PREFIX, _LONGEST_NUMBER = 5, 24
_PREFIXED_TYPES = (
    "MEDICAL_RECORD", "EMPLOYEE_ID", "CUSTOMER_ID", "HEALTH_ID", "NATIONAL_ID", "ID",
    "DRIVER_LICENSE", "CUSTOMER_ID",
)  # fmt: skip
_LIST = re.compile(r"(?:\s?[,;&]\s?|\s(?:and|und|et|y|e|ed|en)\s)(?:(?:and|und|et|y|e|en)\s)?")
_PATH = frozenset("/-=?_.")
_DIGIT = re.compile(r"[0-9]")
_MAX_LIST = 64
_STRONG, _WEAK, _LOOSE = 0.8, 0.65, 0.5
_NOT_A_USER = frozenset(
    "name names id ids user users login logout none null true false undefined string required "
    "optional page account accounts password passwords profile email mail error default group "
    "groups agent input data type settings the and for with not this that your root admin guest "
    "test example self value key token interface experience guide manual story stories role roles "
    "session sessions request requests list service services model object class table field "
    "set specified given fields can will should must may has have had was are were who "
    "from into info about after "
    "before when where while bot bots api apis app apps "
    "str int float bool bytes dict list any text char varchar uuid optional".split()
)


def labelled(reading: Reading) -> Iterator[Span]:
    """Values of every kind of the table, straight after a label of theirs."""
    seen: set[tuple[str, int]] = set()
    for hit in hits(LABELS, reading).all:
        kind = KINDS.get(hit.kind)
        if kind is not None and (hit.kind, hit.end) not in seen:
            seen.add((hit.kind, hit.end))
            yield from _read(reading, hit, kind)
    if reading.has_digit:
        yield from _prefixed(reading.text)


def _prefixed(text: str) -> Iterator[Span]:
    """Numbers with a prefix, each looked for only where a prefix may end."""
    done = 0
    for end in _PREFIX_END.finditer(text):
        start = max(done, end.start() + 1 - _LONGEST_PREFIX)
        match = _PREFIXED.search(text, start, end.end() + _LONGEST_NUMBER)
        if match is not None and match.start() <= end.start():
            done = match.end()
            kind = next(at for at in range(len(_PREFIXED_TYPES)) if match[at + 1] is not None)
            yield Span(*match.span(), _PREFIXED_TYPES[kind], _WEAK, "prefixed_id")


def _read(reading: Reading, hit: Hit, kind: Kind) -> Iterator[Span]:
    text = reading.text
    if text[hit.start - 1 : hit.start] == "/" and text[hit.end : hit.end + 1] in _PATH:
        return
    if kind.form == "user":
        yield from _user(reading, hit, kind)
        return
    if kind.form != "bic" and not _DIGIT.search(reading.text, hit.end, hit.end + 64):
        return
    at = value_start(reading, hit)
    for _ in range(_MAX_LIST):
        match = FORMS[kind.form].match(reading.text, at)
        if match is None or match.end() - at > 48:
            return
        score = _score(reading, hit, kind, at, match[0])
        if not score:
            return
        yield Span(at, match.end(), kind.entity_type, score, kind.name)
        joint = _LIST.match(reading.text, match.end())
        if joint is None or kind.form not in ("id", "case"):
            return
        at = joint.end()


def _score(reading: Reading, hit: Hit, kind: Kind, at: int, value: str) -> float:
    """How sure a labelled value is; 0 for what is a date, an amount, a hash or a word."""
    if _is_something_else(reading, kind, at, value):
        return 0.0
    digits = sum(sign.isdigit() for sign in value)
    firm = is_firm(reading, hit, at)
    if hit.end - hit.start < 3 and not firm and not _is_file_number(reading, hit, value):
        return 0.0
    if digits < _least_digits(kind, value, firm=firm) or len(value) < 4:
        return 0.0
    if kind.strong or (firm and digits >= 4):
        return _STRONG
    return _WEAK if firm else _LOOSE


def _is_file_number(reading: Reading, hit: Hit, value: str) -> bool:
    """Whether a short label with a full stop stands before a number and its year: "Az. 1/21"."""
    return reading.text.startswith(".", hit.end) and "/" in value


def _is_something_else(reading: Reading, kind: Kind, at: int, value: str) -> bool:
    if kind.form == "bic":
        return not checksums.is_bic_country(value)
    if kind.form != "sort" and _NOT_A_VALUE.fullmatch(value):
        return True
    if len(value) >= 20 and _HASH.fullmatch(value) and not value.isdigit():
        return True
    return _UNIT.match(reading.text, at + len(value)) is not None


def _least_digits(kind: Kind, value: str, *, firm: bool) -> int:
    """How many digits a value needs to be believed, by how clear its label is."""
    if kind.form in ("id", "case", "account"):
        if not kind.strong:
            return 4 if firm else 6
        return 3 if firm or "/" in value else 5
    if kind.form == "zip" and value.isdigit():
        return 4 if firm else 5
    return 0


def _user(reading: Reading, hit: Hit, kind: Kind) -> Iterator[Span]:
    at = _USER_GAP.match(reading.text, hit.end)
    if at is None:
        return
    match = FORMS["user"].match(reading.text, at.end())
    if match is None:
        return
    value = match[0].lstrip("@").lower()
    weak = kind.name == "platform" or reading.lower[hit.start : hit.end] in ("user", "users", "usr")
    if weak and match[0][0] != "@" and (value.replace("_", "").isalpha()):
        return
    quoted = reading.text[at.end() - 1] in "\"'`"
    if value in _NOT_A_USER or ((value.isalpha() or quoted) and not _is_only(reading, match)):
        return
    if not quoted and _ATTRIBUTE.match(match[0]):
        return
    if value.replace(".", "").isdigit() and len(value) < 4:
        return
    yield Span(match.start(), match.end(), "USERNAME", 0.7, "username")


_ATTRIBUTE = re.compile(
    r"[a-z]{1,2}\.[a-z]|(?:self|this|request|req|res|config|os|props|state|form|event|ctx|data|params|"
    r"input|options|opts|args|kwargs|settings|env)\."
)
_USER_GAP = re.compile(
    r"[\"'`*]{0,3}[ \t]{0,2}(?::=|=>|[:=]|\s(?:is|ist|lautet|est|es|é|è)\s|\s(?=@))"
    r"[ \t]{0,2}[\"'`*]{0,3}"
)
_VALUE_END = re.compile(r"[\"'`*]{0,3}[ \t]*(?:[,;.)}\]|<\r\n&]|\Z)")


def _is_only(reading: Reading, match: re.Match[str]) -> bool:
    """Whether a word stands alone behind its label, as in a form, not at a sentence's start."""
    return _VALUE_END.match(reading.text, match.end()) is not None
