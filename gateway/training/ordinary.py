"""Ordinary words of a language: in capitals or rare, they are still no names.

Frequency lists are in lower case and full of names. A word is taken for ordinary that ends as
nouns, verbs and adjectives are made in its language, that has many of the forms of a verb or an
adjective beside it, which a name has not, that is put together of two words, or that a dictionary
has with other forms. Those that lists of names have too are left out where they are used.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

from gateway.detection.tagger.wordfeatures import folded
from gateway.training.compounds import compounds
from gateway.training.dictionary import dictionary

_LISTED: Final = 60_000  # words a language that are looked at for their ending
_FORMS_LISTED: Final = 200_000  # words a language that may be forms of each other
_SHORTEST_STEM: Final = 3

_ENDINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "en": "tion|sion|ness|ment|ity|ance|ence|ship|hood|ism|ology|ing|ings|able|ible|ful|less|"
        "ous|ively|ally|ately|ise|ize|ised|ized|ifies|tions|ments|ware|proof|wise",
        "de": "ungs?|ungen|heit|heiten|keit|keiten|schaft|schaften|tionen|tion|täte?n?|nis|nisse|"
        "ismus|linge?|chen|lein|tum|ierung|ieren|iert|lich|liche|lichen|isch|ische|ischen|bare?n?|"
        "sam|haft|zeuge?|werke?|stücke?|gerät|geräte|mittel|stelle|platz|raum|recht|arbeit|dienst",
        "fr": "tion|tions|ments?|euses?|trices?|ités?|ages?|ismes?|ables?|ibles?|ance|ence|eront|"
        "issent|aient|issez|erons|ements?|ures?|iques|ettes?|oirs?",
        "es": "ción|ciones|mientos?|dad|dades|ajes?|ismos?|ables?|ibles?|anza|encia|ancias?|ando|"
        "iendo|amos|aron|ieron|mente|doras?|dores|ería|uras?|ezas?",
        "it": "zione|zioni|menti?|tà|ismi?|abili?|ibili?|anza|anze|enza|enze|ando|endo|arono|"
        "irono|mente|tori|trici|aggio|aggi|ezza|ezze|ature?|evano|avano",
        "nl": "ingen|ing|heid|heden|schap|schappen|lijke?|baar|bare|saam|tie|ties|isme|eren|eerde|"
        "eert|stukken|stuk|werk|middel|middelen|tuig|toestel|plaats|ruimte|erij",
        "pt": "ção|ções|mentos?|dade|dades|agem|agens|ismos?|áveis|ável|íveis|ível|ância|ência|"
        "ando|endo|aram|eram|mente|doras?|dores|eza|ezas|ura|uras",
    }
)  # fmt: skip


_PARADIGMS: Final[Mapping[str, tuple[tuple[int, str], ...]]] = MappingProxyType(
    {
        "en": ((4, "s ed ing er ers e es"),),
        "de": (
            (5, "en e st t te ten end ende enden ung ungen test"),
            (6, "e en em er es ere eren ste sten erer"),
        ),
        "fr": (
            (6, "er ez e es ons ent ait aient ant é ée és ées era eront ais ât"),
            (5, "ir it is issent issait issant i ie issez ira"),
            (6, "re s t ons ez ent ait ant u ue us"),
            (3, "eux euse euses eusement"),
            (3, "if ive ifs ives ivement"),
        ),
        "es": (
            (7, "ar a o as an amos é ó aron aba ando ado ada ados adas ará e en arse arlo arla"),
            (7, "er ir e o es en emos í ió ieron ía ían iendo ido ida idos idas a an erse irse"),
            (5, "o a os as amente ísimo ísima"),
        ),
        "it": (
            (7, "are a o i ano iamo ate ato ata ati ò ava avano ando erà arsi arlo arla arono"),
            (7, "ere ire e o i ono iamo ete ite uto ito uta ita uti iti eva iva endo erà irà"),
            (5, "o a i e amente issimo issima"),
        ),
        "nl": (
            (5, "en t de den te ten end ende er ers ing"),
            (4, "e er ere st ste"),
            (3, "je jes en"),
        ),
        "pt": (
            (7, "ar a o as am amos ei ou aram ava avam ando ado ada ados adas ará e em asse"),
            (7, "er ir e o es em emos eu iu eram iram ia iam endo indo ido ida idos idas a am"),
            (5, "o a os as amente íssimo íssima"),
        ),
    }
)  # fmt: skip
"""For each language how many of some endings a stem must be seen with."""


@cache
def ordinary(language: str, names: frozenset[str]) -> tuple[str, ...]:
    """The ordinary ones of a language's frequent words, in lower case and in order.

    `names`: words of lists of names, which are taken from no dictionary and are no parts.

    Raises:
        KeyError: nothing is known of the language.
    """
    from wordfreq import top_n_list  # noqa: PLC0415 - of the training extra

    wanted = re.compile(rf"[^\W\d_]{{2,}}(?:{_ENDINGS[language]})")
    words = [word for word in top_n_list(language, _FORMS_LISTED) if word.isalpha()]
    found = {word for word in top_n_list(language, _LISTED) if wanted.fullmatch(word)}
    found |= inflected(words, _PARADIGMS[language])
    found |= compounds(language, words, names)
    known = dictionary(language)
    found |= {word for word in words if word not in names and known.get(folded(word))}
    return tuple(sorted(found))


def inflected(words: Iterable[str], paradigms: Iterable[tuple[int, str]]) -> set[str]:
    """The words whose stem is seen with enough endings of a paradigm. Pure."""
    known = list(words)
    found: set[str] = set()
    for least, endings in paradigms:
        seen: defaultdict[str, set[str]] = defaultdict(set)
        for ending in endings.split():
            for word in known:
                if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
                    seen[word[: -len(ending)]].add(ending)
        for stem, with_it in seen.items():
            if len(with_it) >= least:
                found.update(stem + ending for ending in with_it)
    return found
