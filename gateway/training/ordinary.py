"""Ordinary words of a language, by their endings: in capitals or rare, they are still no names.

Frequency lists are in lower case and full of names. A word that ends as nouns, verbs and
adjectives are made in its language is hardly one of them; those that lists of names have too are
left out where they are used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_LISTED: Final = 60_000  # words a language

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


def ordinary(language: str) -> list[str]:
    """Frequent words of a language that end as ordinary words do, in lower case.

    Raises:
        KeyError: nothing is known of the language.
    """
    from wordfreq import top_n_list  # noqa: PLC0415 - of the training extra

    wanted = re.compile(rf"[^\W\d_]{{2,}}(?:{_ENDINGS[language]})")
    return [word for word in top_n_list(language, _LISTED) if wanted.fullmatch(word)]
