"""Compound words of German and Dutch, by their parts: nearly all of them are no names.

A word that is two words of its language written as one is a noun or an adjective ("Stickstoff",
"kunstmest"), unless its second part is what names of towns, people and institutions end in
("Feldbach", "Goldschmidt", "Volksbank"). A word that is the second part of several is a noun too.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Container, Sequence
from types import MappingProxyType
from typing import Final

_SHORTEST: Final = 4  # letters of a part
_PARTS: Final = 80_000  # of the most frequent words may be parts
_SEVERAL: Final = 3  # compounds that a noun ends

_NAME_ENDS: Final = MappingProxyType(
    {
        "de": "berge?r?|bach|bächle|stein|felde?r?|manns?|hausene?r?|häuser|heime?r?|hof|höfe?r?|"
        "burge?r?|dorf|dörfer|wald|wälder|tal|thal|au|aue|furt|furter|brück|brücken|kirchen?|"
        "kirchner|stadt|städt|see|seen|ort|lande?|länder|hagen|haven|born|brunn|brunnen|weiler|"
        "ingen|inger|schmidt|schmied|me[iy]er|ma[iy]er|müller|bauer|huber|hardt?|wart|wig|helm|"
        "hold|mund|bert|fried|rich|sohn|strasse|allee|gasse|platz|weg|allgäu|inseln?|park|kreis|"
        "viertel|bank|banken|kasse|gericht|gerichts|amt|amts|ministerium|ministeriums|museum|"
        "museums|verein|vereins|verband|verbands|partei|institut|instituts|universität|schule|"
        "akademie|theater|zeitung|nachrichten|post|blatt|werk|werke|gesellschaft|behörde|polizei|"
        "agentur|kirche|klinik|klinikum|stiftung|rat|rats|gewerkschaft|bahn|liga|club|klub",
        "nl": "berg|bergen|dam|dijk|veen|huis|huizen|hoven|hof|straat|laan|plein|gracht|kerk|beek|"
        "broek|donk|zand|mans?|sma|stra|sen|son|stad|dorp|land|landen|eiland|eilanden|meer|haven|"
        "polder|bos|park|wijk|weg|brug|burg|heim|heem|drecht|voort|horst|loo|lo|wolde|woude|"
        "bank|rechtbank|gerecht|ministerie|museum|vereniging|bond|partij|instituut|universiteit|"
        "school|academie|schouwburg|krant|blad|post|dienst|raad|politie|kliniek|ziekenhuis|"
        "stichting|maatschappij|liga|club",
    }
)  # fmt: skip


def compounds(language: str, words: Sequence[str], names: Container[str]) -> set[str]:
    """Of a language's words, most frequent first, the compounds and the nouns that end them. Pure.

    `names`: words of lists of names, which are no parts; a language without such compounds has
    none.
    """
    if language not in _NAME_ENDS:
        return set()
    known = frozenset(words)
    parts = {word for word in words[:_PARTS] if len(word) >= _SHORTEST and word not in names}
    like_names = re.compile(rf".*(?:{_NAME_ENDS[language]})")
    ends: defaultdict[str, set[str]] = defaultdict(set)
    found: set[str] = set()
    for word in words:
        if word in names:
            continue
        for at in range(_SHORTEST, len(word) - _SHORTEST + 1):
            first, second = word[:at], word[at:]
            if second in known and any(stem in parts for stem in _stems(first)):
                ends[second].add(first)
                if second in parts and not like_names.fullmatch(word):
                    found.add(word)
    return found | {
        word for word, before in ends.items() if len(before) >= _SEVERAL and word not in names
    }


def _stems(part: str) -> tuple[str, ...]:
    """What a first part may be: as it stands, without what joins it, or with an end it lost."""
    return part, part.removesuffix("s"), part.removesuffix("en"), part.removesuffix("n"), part + "e"
