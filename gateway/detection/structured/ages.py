"""Ages of people, in figures and in words. Pure.

A number is an age beside a unit that says so ("years old", "jährig"), beside a label, or behind
somebody whose age it is; in words it begins at its unit, so that a text is not searched for
number words. Words that are an age by themselves ("octogenarian", "trentenaire") count, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from gateway.detection.structured import scan
from gateway.detection.structured.context import Reading
from gateway.detection.structured.kinds import LABELS
from gateway.detection.structured.labels import hits
from gateway.detection.structured.places import starts
from gateway.detection.views.spoken_words import AND, HUNDREDS, LANGUAGES, NUMBERS
from gateway.types import Span

_NUMBER = r"(?:1[0-2]\d|\d{1,2})"
_UNIT = (
    r"(?:(?:[ ]?[-–][ ]?|[ ])(?:year|yr|month)s?[ -]?old|[ ](?:years?|yrs?)[ ]of[ ]age"
    r"|[ ]?(?:y\.?/?o\.?|yo)(?!\w)|[ ]jahre?n?[ ](?:alt(?:e[nrms]?)?|jung)(?!\w)|[- ]?jährig\w{0,2}"
    r"|[ ]años[ ]de[ ]edad|[ ]ans[ ]révolus|[ ]anni[ ]d['’]età|[ ]anni[ ]di[ ]età"
    r"|[ ]jaar[ ]oude?|[ -]?jarige?|[ ]anos[ ]de[ ]idade)"
)
_AGE = re.compile(
    rf"{_NUMBER}{_UNIT}"
    r"(?:[ ](?:and|und|et|y)[ ]\d{1,2}[ ](?:months?|monate|mois|meses))?(?!\w)",
    re.IGNORECASE,
)
_AGED = re.compile(
    r"[\"']?[ ]?(?:[:=][ ]?|(?:of|is|de|di|von)[ ])?[\"']?"
    rf"({_NUMBER}(?:[ ](?:years?|jahren?|ans|años|anni|jaar|anos|meses|mois|months|monate)(?!\w))?)"
    r"(?![\w%]|[.,:/-]\d|[ ]?(?:percent|minutes?|days?|weeks?|hours?|seconds?|items?))",
    re.IGNORECASE,
)
_PERSON = re.compile(
    r"(?<![^\W_])(?:hombre|mujer|varón|varon|paciente|niñ[oa]|joven|señora?|anciana?|lactante|"
    r"femme|homme|patiente?|fille|garçon|enfant|uomo|donna|bambin[oa]|ragazz[oa]|homem|mulher|"
    r"menin[oa]|idos[oa]|man|vrouw|meisje|jongen|patiënte?|mann|frau|kind|mädchen|junge|"
    r"(?:il|elle|qui)[ ]a|tiene|tengo|tenía|ha|ho|tenho|tem|tinha|avait|ai|ben|is|aveva|compie|"
    r"âgée?|cumple|cumplió|completa|completou|fez|a[ ](?=los[ ]))"
    r"[ ,]{0,2}"
    r"(?:(?:de|di|van|von|aged|los|à)[ ])?\Z",
    re.IGNORECASE,
)
_YEARS: Final = r"[ ](?:años|ans|anni|anos|jaar)(?!\w|[ ]de[ ](?!edad|idade))"
_OF_YEARS = re.compile(_NUMBER + _YEARS, re.IGNORECASE)
_NAME_BEFORE = re.compile(r"(?<!\w)[A-ZÀ-Þ][^\W\d_]+,[ ](?:(?:de|di)[ ])?\Z")
_CLAUSE_ENDS = re.compile(r"[,.;)\n]|\Z")
_NOT_BEFORE_AGE = frozenset(".,$€£/-_")

_UNIT_STEMS: Final = ("year", "jahr", "ans", "años", "anni", "jaar", "anos")
_UNIT_PREFIXES: Final = frozenset(_UNIT_STEMS)
_JOINED_STEMS: Final = ("jährig", "jarig")
_SPOKEN_UNIT = re.compile(rf"{_UNIT}(?!\w)", re.IGNORECASE)
_SPOKEN_YEARS = re.compile(_YEARS, re.IGNORECASE)
_WORDS_BEFORE = re.compile(r"(?<!\w)[^\W\d_]+(?:[ -][^\W\d_]+){0,4}\Z")
_WORD = re.compile(r"[^\W\d_]+")
_REACH: Final = 48  # code points of a number in words
_VALUES: Final = frozenset(word for words in NUMBERS.values() for word in words)
_PARTS: Final = (
    _VALUES
    | frozenset(part for word in _VALUES for part in word.split("-"))
    | frozenset(word for language in LANGUAGES for word in HUNDREDS[language])
) - frozenset({"a", "o", "oh"})
_ARTICLES: Final = frozenset("un una une uno um uma ein een one".split())
_BETWEEN: Final = frozenset(word for language in LANGUAGES for word in AND[language])

_DECADE_PREFIXES: Final = frozenset(
    "sexa sept octo nona quad quin cent tren quar soix vent cinq sess sett otta nova vein trei "
    "cuar cinc twen thir fort fift sixt seve eigh nine".split()
)
_OF_A_DECADE = re.compile(
    r"(?<!\w)(?:(?:sexa|septua|octo|nona|quadra|quinqua)(?:genarians?|génaires?|genari[aoei]s?"
    r"|genári[ao]s?)|centenarians?|(?:trent|quarant|cinquant|soixant)enaires?"
    r"|(?:vent|trent|quarant|cinquant|sessant|settant|ottant|novant)[a-zé]{0,8}enn[ei]"
    r"|(?:veint|treint)añer[oa]s?|(?:cuar|cincu)ent(?:ón|ona|ones|onas)"
    r"|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)-somethings?)(?!\w)",
    re.IGNORECASE,
)


def ages(reading: Reading) -> Iterator[Span]:
    """Ages of people, the unit included where it stands behind the number."""
    if reading.has_digit:
        yield from _in_figures(reading)
    yield from _in_words(reading)
    if not reading.prefixes.isdisjoint(_DECADE_PREFIXES):
        for match in _OF_A_DECADE.finditer(reading.text):
            yield Span(match.start(), match.end(), "AGE", 0.7, "age_decade")


def _in_figures(reading: Reading) -> Iterator[Span]:
    text = reading.text
    for start, end in scan.words(reading):
        if end - start > 16 or text[start - 1 : start] in _NOT_BEFORE_AGE:
            continue
        match = _AGE.match(text, start)
        if match is not None:
            yield Span(start, match.end(), "AGE", 0.75, "age")
            continue
        match = _OF_YEARS.match(text, start)
        if match is not None and _is_somebodys(text, start, match.end()):
            yield Span(start, match.end(), "AGE", 0.65, "age_person")
    labels = hits(LABELS, reading)
    if "age" in labels.kinds:
        for hit in labels.all:
            match = _AGED.match(text, hit.end) if hit.kind == "age" else None
            if match is not None:
                yield Span(match.start(1), match.end(1), "AGE", 0.75, "age_label")


def _is_somebodys(text: str, start: int, end: int) -> bool:
    """Whether years belong to a person: to one said before, or set off behind a name."""
    if _PERSON.search(text, max(0, start - 20), start):
        return True
    is_set_off = _CLAUSE_ENDS.match(text, end) is not None
    return is_set_off and _NAME_BEFORE.search(text, max(0, start - 32), start) is not None


def _in_words(reading: Reading) -> Iterator[Span]:
    text, lower = reading.text, reading.lower
    if not reading.prefixes.isdisjoint(_UNIT_PREFIXES):
        for at in starts(lower, _UNIT_STEMS):
            sure = _SPOKEN_UNIT.match(text, at - 1)
            unit = sure or _SPOKEN_YEARS.match(text, at - 1)
            start = _number_before(lower, at - 1) if unit is not None else -1
            if start >= 0 and unit and (sure or _is_somebodys(text, start, unit.end())):
                yield Span(start, unit.end(), "AGE", 0.75 if sure else 0.65, "age_words")
    for at in starts(lower, _JOINED_STEMS):
        start = _number_before(lower, at)
        # "Neunzehnjährige" is a person, "dreijährige Lehre" none.
        if start >= 0 and text[start].isupper():
            match = _WORD.match(text, start)
            yield Span(start, match.end() if match else at, "AGE", 0.7, "age_words")


def _number_before(lower: str, end: int) -> int:
    """Where a number in words begins that ends at a place; -1 where there is none."""
    words = _WORDS_BEFORE.search(lower, max(0, end - _REACH), end)
    if words is None:
        return -1
    found = -1
    for word in reversed(list(_WORD.finditer(lower, words.start(), end))):
        if word[0] in _PARTS and (found < 0 or word[0] not in _ARTICLES):
            found = word.start()
        elif found < 0 or word[0] not in _BETWEEN:
            break
    return found


ENTITY_TYPES = frozenset({"AGE"})
