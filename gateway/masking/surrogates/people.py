"""Stand-ins for people: a first name and a surname from the lists, in the form of the value. Pure.

No name is reserved for fiction: what makes a stand-in nobody's name is that first name and
surname are drawn apart, each from some hundred.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from gateway.masking.surrogates import names
from gateway.masking.surrogates.draw import Draw, cased

_MAX_WORDS: Final = 8
_MAX_PARTS: Final = 4  # of a word with hyphens: the pools are finite
_TITLES_OF_MEN: Final = frozenset(
    "mr mister herr herrn hr sr señor senor don m monsieur signor sig senhor meneer dhr heer sir "
    "lord dott".split()
)
_TITLES_OF_WOMEN: Final = frozenset(
    "mrs ms miss madam frau fr fräulein sra señora srta señorita doña dña mme madame mlle "
    "mademoiselle signora signorina sig.ra sig.na dott.ssa dottoressa senhora dona d.ª mevrouw "
    "mevr mw dra lady dame".split()
)
_TITLES: Final = frozenset(
    "dr prof professor professeur profesor doctor docteur doutor dottor ing dipl dipl.-ing "
    "dipl.-kfm mag med phil rer nat h.c jur habil rev hon capt eng enga lic arq drs ir mgr abg avv "
    "maître me univ mx pd".split()
)
_SUFFIXES: Final = frozenset(
    "jr sr ii iii iv phd ph.d md m.d esq msc m.sc bsc b.sc mba ma ba llm ll.m fils filho júnior "
    "junior cpa rn".split()
)
_PARTICLES: Final = frozenset(
    "van von der den de del della di da do dos das du des la le el los las ten ter te zu zum zur "
    "vom am op het 't in y e i und af av bin ibn al ben d' degli dei lo mac san".split()
)
_AMBIGUOUS_TITLES: Final = {"m": "fr", "me": "fr", "fr": "de", "d.ª": "pt"}
_WORD = re.compile(r"[^\W\d_]+(?:[-'’.][^\W\d_]+)*\.?,?", re.UNICODE)
_INITIALS = re.compile(r"[^\W\d_](?:\.?-?[^\W\d_])?(?:\.[^\W\d_])*\.?")
_POSSESSIVE = re.compile(r"['’]s?\Z")

FIRST: Final = "first"
LAST: Final = "last"


@dataclass(slots=True)
class Token:
    """A word of a name, with what it is: title, suffix, particle, initial, first, last or name."""

    core: str = field(repr=False)
    kind: str
    comma: bool = False
    dot: bool = False


def person(
    draw: Draw, surface: str, keep: frozenset[str], language: str
) -> tuple[str, tuple[tuple[str, str], ...]] | None:
    """A name for a name, and which word stands for which; None where the value is no name."""
    tokens = _tokens(surface, language)
    if tokens is None:
        return None
    _give_roles(tokens, language)
    named = [token for token in tokens if token.kind in (FIRST, LAST)]
    if not named:
        return None
    gender = ""
    if "gender" in keep or "format" in keep:
        gender = _gender_by_title(tokens)
    if "gender" in keep and not gender:
        gender = _gender_by_name(named, language)
    source = _Source(draw, gender, _language(surface, keep, language), keep, surface)
    if "format" in keep:
        return _in_form(tokens, source)
    return _first_last(tokens, named, source)


# ---------------------------------------------------------------- what the words are


def _tokens(surface: str, language: str) -> list[Token] | None:
    words = surface.split()
    if not 1 <= len(words) <= _MAX_WORDS:
        return None
    tokens = []
    for index, word in enumerate(words):
        bare = _POSSESSIVE.sub("", word.rstrip(","))
        if not _WORD.fullmatch(bare) and not _INITIALS.fullmatch(bare):
            return None
        if bare.count("-") >= _MAX_PARTS:
            return None
        dot = bare.endswith(".")
        core = bare.rstrip(".")
        kind = _kind(core, index, len(words), language)
        tokens.append(Token(core, kind, word.endswith(","), dot))
    return tokens


def _kind(core: str, index: int, count: int, language: str) -> str:
    lower = core.lower()
    if count > 1 and index == count - 1 and lower in _SUFFIXES and index > 0:
        return "suffix"
    wanted = _AMBIGUOUS_TITLES.get(lower)
    title = lower in _TITLES_OF_MEN or lower in _TITLES_OF_WOMEN or lower in _TITLES
    if title and index < count - 1 and wanted in (None, language[:2]):
        return "title"
    if lower in _PARTICLES and core != core.capitalize() and count > 1:
        return "particle"
    # 王 is a name: initials are letters that have two cases
    if core.isupper() and _INITIALS.fullmatch(core) and ("." in core or len(core) == 1):
        return "initial"
    return "name"


def _give_roles(tokens: list[Token], language: str) -> None:
    """First name or surname: by a comma, by capitals, by place, by the list of first names."""
    named = [token for token in tokens if token.kind == "name"]
    if not named:
        return
    commas = [index for index, token in enumerate(tokens) if token.comma]
    behind = tokens[commas[0] + 1 :] if commas else []
    if any(token.kind in ("name", "initial") for token in behind):
        for index, token in enumerate(tokens):
            if token.kind == "name":
                token.kind = LAST if index <= commas[0] else FIRST
        return
    if len(named) == 1:
        named[0].kind = _role_alone(tokens, named[0])
        return
    shouted = [len(token.core) > 1 and token.core.isupper() for token in named]
    if any(shouted) and not all(shouted):
        for token, loud in zip(named, shouted, strict=True):
            token.kind = LAST if loud else FIRST
        return
    named[-1].kind = LAST
    for token in named[:-1]:
        token.kind = FIRST
    second = named[-2]
    two_surnames = language[:2] in ("es", "pt") and len(named) >= 3
    if two_surnames and not (len(named) == 3 and names.is_first_name(second.core)):
        second.kind = LAST


def _role_alone(tokens: list[Token], token: Token) -> str:
    at = next(index for index, one in enumerate(tokens) if one is token)
    if any(one.kind in ("title", "initial", "particle") for one in tokens[:at]):
        return LAST
    if any(one.kind == "initial" for one in tokens[at + 1 :]):
        return FIRST
    return FIRST if names.is_first_name(token.core) else LAST


def _gender_by_title(tokens: list[Token]) -> str:
    for token in tokens:
        if token.kind == "title":
            title = token.core.lower()
            if title in _TITLES_OF_WOMEN:
                return names.FEMALE
            if title in _TITLES_OF_MEN:
                return names.MALE
    return ""


def _gender_by_name(named: list[Token], language: str) -> str:
    for token in named:
        if token.kind == FIRST:
            for part in token.core.split("-"):
                gender = names.gender_of(part, language[:2])
                if gender:
                    return gender
    return ""


def _language(surface: str, keep: frozenset[str], language: str) -> str:
    """The language to draw from, where that is kept: the one given, or that of the letters."""
    if "locale" not in keep:
        return ""
    if language[:2] in names.LANGUAGES:
        return language[:2]
    lower = surface.lower()
    for signs, guess in (("äöüß", "de"), ("ñ", "es"), ("ãõ", "pt"), ("çêèœ", "fr"), ("òùì", "it")):
        if any(sign in lower for sign in signs):
            return guess
    return ""


# ---------------------------------------------------------------- drawing


class _Source:
    """Names of one language and gender, none of them twice and none of the value's own."""

    __slots__ = ("_accents", "_draw", "_gender", "_language", "_used")

    def __init__(
        self, draw: Draw, gender: str, language: str, keep: frozenset[str], surface: str
    ) -> None:
        self._draw = draw
        self._gender = gender
        self._language = language or draw.pick(names.LANGUAGES)
        self._accents = "locale" in keep and bool(language)
        self._used = {names.plain(word) for word in re.findall(r"[^\W\d_]+", surface)}

    def name(self, role: str) -> str:
        """A new name in lower case: a first name or a surname."""
        pool = (
            names.first_names(self._language, self._gender, accents=self._accents)
            if role == FIRST
            else names.surnames(self._language, accents=self._accents)
        )
        while True:  # a value has few words, the pools hold hundreds
            word = self._draw.pick(pool)
            if names.plain(word) not in self._used:
                self._used.add(names.plain(word))
                return word

    def like(self, core: str, role: str) -> str:
        """A new name with as many hyphened parts, in the same capitals."""
        new = "-".join(self.name(role) for _ in core.split("-"))
        return cased(new, core)

    def initials(self, core: str) -> str:
        """Other initials with the same signs between them."""
        letters = []
        for sign in core:
            new = sign
            while sign.isalpha() and names.plain(new) == names.plain(sign):
                new = self._draw.pick("ABCDEFGHIJKLMNOPRSTVW")
            letters.append(new)
        return "".join(letters)


def _in_form(tokens: list[Token], source: _Source) -> tuple[str, tuple[tuple[str, str], ...]]:
    words, parts = [], []
    for token in tokens:
        new = token.core
        if token.kind in (FIRST, LAST):
            new = source.like(token.core, token.kind)
            parts.append((new, token.core))
        elif token.kind == "initial":
            new = source.initials(token.core)
        dot = "." if token.dot and token.kind not in (FIRST, LAST, "particle") else ""
        words.append(new + dot + ("," if token.comma and token is not tokens[-1] else ""))
    return " ".join(words).replace("'", "").replace("’", ""), tuple(parts)


def _first_last(
    tokens: list[Token], named: list[Token], source: _Source
) -> tuple[str, tuple[tuple[str, str], ...]]:
    """`First Last`, or one word for one word."""
    words = [token for token in tokens if token.kind in (FIRST, LAST, "initial", "particle")]
    if len(words) == 1:
        new = source.name(named[0].kind).capitalize()
        return new, ((new, named[0].core),)
    first, last = source.name(FIRST).capitalize(), source.name(LAST).capitalize()
    text = f"{first} {last}"
    if len(words) != 2 or len(named) != 2 or named[0].kind == named[1].kind:
        return text, ()
    by_role = {FIRST: first, LAST: last}
    pairs = sorted(
        ((by_role[one.kind], one.core) for one in named), key=lambda pair: pair[0] != first
    )
    return text, tuple(pairs)
