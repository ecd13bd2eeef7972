"""What a finding of the classifier must look like to count. Pure.

The classifier reads numbers and rare words in any context, and a number alone says little: a
date needs a form of dates, an age a word of age, an identifier something that calls it one. A
name in lower case counts where the sentence has no capitals, or where it can hardly be anything
else. What is turned down here is still found by the recognizers of structured types, where they
know it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from gateway.detection.structured.demonyms import DEMONYMS
from gateway.detection.tagger.tokens import Tokens

NAME_BITS: Final = 0b11  # given name, surname
TOWN_BITS: Final = 0b1100
COUNTRY_BIT: Final = 0b1000
STREET_BIT: Final = 0b1_0000
WORD_BIT: Final = 0b10_0000_0000  # a word of a dictionary, or made as words are
USUAL_BITS: Final = 0b1111_0000_0000_0000  # in one of four groups of languages
COMMON_BITS: Final = USUAL_BITS | WORD_BIT
EVERYDAY_BIT: Final = 0b1000_0000_0000  # among the most frequent words of a language

_EVEN, _LIKELY, _RATHER, _SURE = 0.6, 0.7, 0.9, 0.95
_ALMOST_SURE, _CERTAIN, _NEVER = 0.98, 0.99, 2.0

_CALENDAR = re.compile(
    r"\b(?:jan|feb|fev|fév|mär|mar|maa|mrt|apr|abr|avr|mai|may|mag|mayo|mei|jun|juin|giu|jul|juil|lug|aug|"
    r"ago|août|aou|sep|set|oct|okt|ott|out|nov|dec|dez|déc|dic|gen|ene|"
    r"mon|tue|wed|thu|fri|sat|sun|(?:mo|di|mi|do|fr|sa|so)\b|dienst|mittw|freit|sonn|"
    r"lun|mar|mer|jeu|ven|sam|dim|mié|jue|vie|sáb|dom|gio|sab|maa|din|woe|don|vri|zat|zon|seg|ter|qua|qui|sex|"
    r"q[1-4]|winter|spring|summer|autumn|fall|frühjahr|frühling|sommer|herbst|printemps|été|automne|"
    r"hiver|primavera|verano|otoño|invierno|estate|autunno|inverno|lente|zomer|herfst|verão|outono|"
    r"christmas|easter|weihnacht|ostern|noël|pâques|navidad|natale|pasqua|kerst|pasen|natal|páscoa|"
    r"century|jahrhundert|siècle|siglo|secolo|eeuw|século)",
    re.IGNORECASE,
)  # fmt: skip
_SHORT_WORDS: Final = frozenset("mai mar may set ago fall sat sun sex ter dom out ott".split())
"""In lower case these are other words, too."""
_DATE = re.compile(
    r"(?<!\d)(?<!\d\.)\d{1,4}(?P<s>[-/.]) ?\d{1,2}(?P=s) ?\d{1,4}(?!\d|\.\d)"
    r"|(?<!\d)\d{1,2}/\d{2,4}(?!\d)|(?<!\d)\d{1,2} ?[:h] ?\d{2}(?!\d)"
    r"|(?<![\d.])[0-3]?\d\.[01]?\d\.(?!\d)"
    r"|\d{1,2}\.\d{2} (?:Uhr|uur|h)\b|\b\d{1,2} ?(?:[ap]\.?m|Uhr|uur|h)\b"
)
_YEAR = re.compile(r"(?<![\d.,$€£])(?:1[5-9]\d\d|20[0-4]\d)(?![\d.,]?\d)|['’]\d\d\b")
_NUMBERED = re.compile(r"[a-zA-Z]\d{4}")  # p1984, which is no year
_YEAR_FIELD = re.compile(
    r"(?:year|date|born|birth|jahr|año|anio|ann[eé]e|anno|jaar|ano)\W{1,5}\Z", re.IGNORECASE
)
_AGE = re.compile(
    r"\b(?:age[ds]?|aging|year|yr|yo\b|y/o|month|week|old|jahr|jähr|alter|alt\b|monat|ans?\b|âge|mois|"
    r"año|años|edad|meses?|anni|anno|età|mesi|jaar|jarig|leeftijd|maand|anos?|idade|ann[oi])",
    re.IGNORECASE,
)
_YEARS = re.compile(
    r"\D{0,24}?(?:1[01])?\d{1,2}(?:[.,]\d)?(?!\d)\D{0,24}|[^\W\d_]+(?:[ -][^\W\d_]+){0,4}"
)
_FIELD = re.compile(r"""[:=]\s*['"]?\Z""")
_CUE = re.compile(
    r"(?:\b(?:no|nos|nr|nrs|num|número|numéro|numero|number|\w*nummer|n\.?[º°]|id|ids|ref|reference|referenz|"
    r"case|file|docket|account|acct|konto|cuenta|conto|compte|rekening|customer|kunde|client|"
    r"cliente|patient|paciente|member|mitglied|policy|police|póliza|polizza|apólice|polis|licen[cs]e|"
    r"passport|pass|reisepass|pasaporte|passaporte|passaporto|paspoort|personal|employee|"
    r"registration|reg|matrícula|matricola|aktenzeichen|az|dossier|expediente|processo|zaak|"
    r"tel|phone|fax|telefon|telefono|teléfono|telefone|gsm|mobile|handy|nhc|cipa|nass|dni|nie|nif|"
    r"col|colegiado|mrn|nhs|ssn|sin|tin|vat|ust|iva|steuer|bsn|cpf|cnpj|rg|cc|application|applications)"
    r"\w*|[#№])[\s.:)º°#-]{0,4}['(]?\Z",
    re.IGNORECASE,
)
# A name on a social network, but no decorator, rule or package of a program.
_HANDLE = re.compile(
    r"(?<![\w./@-])(?<!\n)@\w{3,30}(?![\w(/.@{-]|\n *(?:def|class|async|public|private))"
)
_NOT_ID = re.compile(
    r"(?=\d*[a-fA-F])[0-9a-fA-F]{7,}|[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|v?\d+(?:\.\d+)+|0x[0-9a-fA-F]+"
    r"|[\d.,]+ ?[%€$£]|\d{1,3}(?:,\d{3})+|\d+[.,]\d+"
)
_POSTCODE = re.compile(r"(?:[A-Z]{1,2}-?)?\d[\d\s.-]{2,9}")
_POSTAL = re.compile(
    r"\b(?:C\.?P\b\.?|C\.?A\.?P\b\.?|CEP|PLZ|post\w*|c[oó]digo\s+postal|zip)(?: ?code)?\W{0,4}\Z",
    re.IGNORECASE,
)
_TOWN = re.compile(r"[.,]?[ \t]{1,2}[^\W\d_a-z][^\W\d_]{2,}")
_CALL = re.compile(r"\w\(\d+\)")
_WORD = re.compile(r"[^\W\d_]{3}")
_LETTERS = re.compile(r"[^\W\d_]{2}")
_CODE_BEFORE = frozenset("._$/\\@-")
_CODE_AFTER = frozenset("_([{=/\\$")
_SENTENCE = re.compile(r"[.!?\n:;>\"«“(|]\s*")
_REACH = 160  # code points back to where a sentence may begin


def is_plausible(
    text: str,
    tokens: Tokens,
    part: tuple[int, int],
    entity_type: str,
    score: float,
    bits: Callable[[int], int],
) -> bool:
    """Whether the tokens `part` of a text can be an entity of the type.

    `bits` gives the bits of a token in the lexicon.
    """
    start, end = tokens.starts[part[0]], tokens.ends[part[1] - 1]
    value = text[start:end]
    match entity_type:
        case "NRP":
            found = score >= _RATHER or not _is_ordinary(value, map(bits, range(*part)))
        case "DATE_TIME":
            found = _is_date(text, start, end, score)
        case "AGE":
            found = _is_age(text, start, end, score)
        case "ID":
            found = _is_identifier(text, start, value)
        case "ADDRESS":
            has_street = any(bits(at) & STREET_BIT for at in range(*part))
            is_usual = not value.islower() or score >= _RATHER
            found = has_street or (is_usual and any(map(str.isdigit, value)))
            found = found and _WORD.search(value) is not None and not _CALL.search(value)
        case "LOCATION" if _POSTCODE.fullmatch(value):
            found = _is_postcode(text, start, end)
        case _:
            found = _is_name(text, start, end, part, score, bits)
    return found


def _is_ordinary(value: str, bits: Iterable[int]) -> bool:
    """Whether words are in lower case, usual in a language, and no nationality of the lists."""
    if not value.islower() or value in DEMONYMS:
        return False
    return all(one & COMMON_BITS and not one & COUNTRY_BIT for one in bits)


def _is_postcode(text: str, start: int, end: int) -> bool:
    """Whether a number stands where a postcode does: behind its name, or before a town's."""
    if _POSTAL.search(text, max(0, start - 24), start):
        return True
    return _TOWN.match(text, end) is not None


def _is_date(text: str, start: int, end: int, score: float) -> bool:
    value = text[start:end]
    if _NUMBERED.fullmatch(value):
        return False
    if value in _SHORT_WORDS:
        return score >= _ALMOST_SURE
    if _CALENDAR.search(value) or _DATE.search(value):
        return True
    if _YEAR.search(text, start, end):  # which sees the sign before it
        if value.isdigit() and _is_program(_line(text, start, end)):
            return _YEAR_FIELD.search(text, max(0, start - 16), start) is not None
        return score >= 0.8 or any(map(str.isalpha, value))
    return value.isalpha() and score >= _ALMOST_SURE


def _is_age(text: str, start: int, end: int, score: float) -> bool:
    """Whether it is a number of years beside a word of age, or one where only an age can stand."""
    if _YEARS.fullmatch(text, start, end) is None:
        return False
    if _AGE.search(text, max(0, start - 16), end + 16):
        return True
    is_field = _FIELD.search(text, max(0, start - 4), start) is not None
    return score >= _RATHER and not is_field and not _is_machine_made(text, start, end)


def _is_identifier(text: str, start: int, value: str) -> bool:
    if _HANDLE.match(text, start if value.startswith("@") else max(0, start - 1)):
        return True
    digits = sum(sign.isdigit() for sign in value)
    if digits < 4 or len(value) > 40 or _NOT_ID.fullmatch(value):
        return False
    line = text.rfind("\n", 0, start) + 1
    return _CUE.search(text, max(line, start - 32), start) is not None


def _is_name(
    text: str,
    start: int,
    end: int,
    part: tuple[int, int],
    score: float,
    bits: Callable[[int], int],
) -> bool:
    value = text[start:end]
    single = part[1] - part[0] == 1
    if not _is_written_as_name(text, start, end, value) or (
        single and _is_in_code(text, start, end)
    ):
        return False
    if any(sign.isdigit() for sign in value) and score < _SURE:
        return False
    known = [bits(at) for at in range(*part)]
    is_name = any(one & (NAME_BITS | TOWN_BITS) for one in known)
    is_common = all(one & COMMON_BITS for one in known)
    opens = _opens_sentence(text, start)
    if single and known[0] & EVERYDAY_BIT and (opens or value.islower()):
        needed = _ALMOST_SURE  # there is a town for nearly each of them: We, Do, The
    elif value.islower():
        needed = _needed_in_lower_case(text, start, end, is_name=is_name, is_common=is_common)
    elif not single:
        needed = _RATHER if is_common and opens and value[1:].islower() else 0.0
    elif is_common:
        needed = _needed_of_word(known[0], is_name=is_name, opens=opens)
    elif not is_name and _is_machine_made(text, start, end):
        needed = _ALMOST_SURE
    else:
        needed = 0.0
    return score >= needed


def _is_written_as_name(text: str, start: int, end: int, value: str) -> bool:
    """Whether signs and letters are those of a name, and what is around is none of a program's."""
    if value in _NO_NAMES or _LICENCE.search(text, max(0, start - 16), start):
        return False
    if 2 * sum(sign.isalpha() for sign in value) < len(value):
        return False
    if text[start - 1 : start] == "-" and not text[max(0, start - 2) : start - 1].isalnum():
        return False  # a switch of a command
    return _LETTERS.search(value) is not None or not _is_machine_made(text, start, end)


def _needed_of_word(bits: int, *, is_name: bool, opens: bool) -> float:
    """How sure a word with a capital must be a name that is in a dictionary, or often used."""
    if is_name:
        return _LIKELY if opens or bits & WORD_BIT else 0.0
    if bits & USUAL_BITS:
        return _SURE if opens else _RATHER
    return _RATHER if opens else _EVEN


def _needed_in_lower_case(
    text: str, start: int, end: int, *, is_name: bool, is_common: bool
) -> float:
    if not is_name and _is_machine_made(text, start, end):
        return _NEVER
    if len(text) <= _MESSAGE and not _is_well_written(text, start, end):
        return _LIKELY if is_name or not is_common else _SURE
    if any(map(str.isupper, _line(text, start, end))):  # as chat often does not
        if is_common:
            return _CERTAIN if is_name else _NEVER
        return _SURE if is_name else _CERTAIN
    if is_name and not is_common:
        return _LIKELY
    return _SURE if is_common and not is_name else _RATHER


def _is_well_written(text: str, start: int, end: int) -> bool:
    """Whether a sentence begins with a capital and ends with a stop, as talk often does not."""
    begin = _sentence_start(text, start, _FULL_STOP)
    while begin < start and not text[begin].isalpha():
        begin += 1
    return text[begin].isupper() and _STOP.match(text, end) is not None


_FULL_STOP = re.compile(r"[.!?]\s|\n")
_STOP = re.compile(r"[^.!?\n]{0,160}[.!?:](?![.!?])")
_NO_NAMES: Final = frozenset(
    "I ABN BIC BSB BSN CLABE CNPJ CPF CURP CVC CVV DNI DOI EAN EIN IBAN IFSC IMEI IMSI ISBN ISSN "
    "ITIN KVK MRN NHS NIE NIF NINO NIR OTP PAN PESEL PIN PUK RFC RUT SIREN SIRET SKU SSN SWIFT TAN "
    "TFN UUID VAT VIN".split()
)
"""English I, and what numbers are called, some of which are names too."""
_LICENCE = re.compile(r"""licen[cs]es?["']?\s?[:=]\s?["']?\Z""", re.IGNORECASE)  # of a package: MIT
_MESSAGE: Final = 280  # code points up to which a text may be a message, written as one talks


def _is_in_code(text: str, start: int, end: int) -> bool:
    """Whether a word touches signs as in a path, a call or an attribute."""
    before = text[start - 1 : start] if start else ""
    after, next_one = text[end : end + 1], text[end + 1 : end + 2]
    if before in _CODE_BEFORE and before and not text[max(0, start - 2) : start - 1].isspace():
        return before != "-" or not text[max(0, start - 2) : start - 1].isalpha()
    if after and after in _CODE_AFTER:
        return after != "/" or next_one.islower()
    return after == "." and next_one.isalnum()


_HUMP = re.compile(r"(?!(?:Ma?c|De|Di|Da|Van|La|Le|O)[A-Z])[^\W\d_]*[a-zß-ÿ][A-ZÀ-Þ]")


def _is_machine_made(text: str, start: int, end: int) -> bool:
    """Whether a word is written as in a program, or stands in a line of one or of a log."""
    if _HUMP.match(text, start, end):
        return True
    line = _line(text, start, end)
    if _is_program(line):
        return True
    odd = sum(sign in _SIGNS or sign.isdigit() for sign in line)
    return odd * 3 > len(line)


def _is_program(line: str) -> bool:
    """Whether a line is full of signs as programs are."""
    return sum(sign in _SIGNS for sign in line) * 12 > len(line)


def _line(text: str, start: int, end: int) -> str:
    """The line, as far as it is looked at."""
    first = max(text.rfind("\n", 0, start) + 1, start - _REACH)
    last = text.find("\n", end, end + _REACH)
    return text[first : last if last >= 0 else end + _REACH]


_SIGNS = frozenset("{}[]<>=;|\\_$#*&^~`@+%")


def _sentence_start(text: str, at: int, ends: re.Pattern[str] = _SENTENCE) -> int:
    begin = max(0, at - _REACH)
    found = begin
    for match in ends.finditer(text, begin, at):
        found = match.end()
    return found


def _opens_sentence(text: str, start: int) -> bool:
    return not text[_sentence_start(text, start) : start].strip()
