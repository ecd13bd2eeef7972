"""A sex or gender, where it says something of one person: beside its label, beside an age. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.detection.structured import scan
from gateway.detection.structured.context import Reading
from gateway.types import Span

_PEOPLE = (
    "man|woman|boy|girl|male|female|gentleman|lady|mann|frau|junge|mädchen|homme|femme|garçon|"
    "fille|fillette|hombre|mujer|var[oó]n|hembra|niñ[oa]|uomo|donna|bambin[oa]|ragazz[oa]|homem|"
    "mulher|menin[oa]|vrouw|jongen|meisje"
)
_SEXES = (
    "männlich|weiblich|divers|masculin|féminin|masculin[oa]|femenin[oa]|feminin[oa]|maschi(?:o|le)|"
    "femmin(?:a|ile)|mannelijk|vrouwelijk|non-binary|nonbinary|transgender|intersex"
)
_LABELLED = re.compile(
    r"(?<![^\W_])(?:sexo?|gender|g[eé]nero|geschlecht|sexe|sesso|geslacht)"
    r"[\"'`*]{0,3}[ ]?[:=][ \t]{0,3}[\"'`*]{0,3}"
    rf"(?P<value>[mfhvwdx]|{_PEOPLE}|{_SEXES})(?![\w(\[]|[-.'’/](?=\w))",
    re.IGNORECASE,
)
_YEARS = re.compile(
    r"\d{1,3}[ -]?(?:years?|yrs?|months?|días|meses|años|ans|mois|jahren?|monaten?|anni|mesi|jaar|"
    r"maanden|anos)(?!\w)",
    re.IGNORECASE,
)
_BEFORE_AGE = re.compile(
    rf"(?<![^\W_])(?P<value>{_PEOPLE})[ ,]{{1,2}}"
    r"(?:(?:aged|age|of|de|di|van|von|im[ ]Alter[ ]von)[ ])?\Z",
    re.IGNORECASE,
)
_AFTER_AGE = re.compile(
    r"\d{1,3}(?:[ -](?:year|month|week|day)s?[- ]old|[ -]?jährige[rsn]?|[ ]?y/?o)[ ]"
    rf"(?:[^\W\d_]{{3,14}}[ ])?(?P<value>{_PEOPLE})(?!\w)",
    re.IGNORECASE,
)
_MAY_BE_AGE = re.compile(r"\d{1,3}[ -]?[ymwdja]", re.IGNORECASE)  # how both of them begin
_REACH = 32  # code points back from an age to the word before it
_CUES = ("sex", "gender", "género", "genero", "geschlecht", "sesso", "geslacht")


def genders(reading: Reading) -> Iterator[Span]:
    """The words or letters that say it."""
    text, lower = reading.text, reading.lower
    for cue in _CUES:
        at = lower.find(cue)
        while at >= 0:
            labelled = _LABELLED.match(text, at)
            if labelled is not None:
                yield Span(*labelled.span("value"), "GENDER", 0.75, "gender_label")
            at = lower.find(cue, at + len(cue))
    if not reading.has_digit:
        return
    for start, _ in scan.words(reading):
        if not _MAY_BE_AGE.match(text, start):
            continue
        beside = _AFTER_AGE.match(text, start)
        if beside is None and _YEARS.match(text, start):
            beside = _BEFORE_AGE.search(text, max(0, start - _REACH), start)
        if beside is not None:
            yield Span(*beside.span("value"), "GENDER", 0.65, "gender_aged")


ENTITY_TYPES = frozenset({"GENDER"})
