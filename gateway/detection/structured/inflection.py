"""The forms of nouns and adjectives of seven languages, by their endings. Pure.

More forms than a word has do no harm: they are only looked up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

_ENDINGS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = MappingProxyType(
    {
        "en": (("y", "y ys ies"), ("man", "man men"), ("", " s")),
        "de": (("", " e en er es em in innen n s"),),
        "nl": (("", " e en s"),),
        "fr": (
            ("teur", "teur teurs trice trices"),
            ("eur", "eur eurs euse euses"),
            ("eux", "eux euse euses"),
            ("if", "if ifs ive ives"),
            ("al", "al ale ales aux"),
            ("er", "er ers ère ères"),
            ("ec", "ec ecs ecque ecques"),
            ("c", "c cs que ques"),
            ("n", "n ns ne nes nne nnes"),
            ("", " s e es"),
        ),
        "es": (
            ("o", "o a os as"),
            ("és", "és esa eses esas"),
            ("án", "án ana anes anas"),
            ("ón", "ón ona ones onas"),
            ("ín", "ín ina ines inas"),
            ("uz", "uz uza uces uzas"),
            ("or", "or ora ores oras"),
            ("ol", "ol ola oles olas"),
            ("z", "z za ces zas"),
            ("", " s es"),
        ),
        "it": (
            ("tore", "tore tori trice trici"),
            ("co", "co ca ci chi che"),
            ("go", "go ga gi ghi ghe"),
            ("io", "io ia i ie"),
            ("o", "o a i e"),
            ("ta", "ta ti te"),
            ("a", "a i e"),
            ("e", "e i a essa esse"),
        ),
        "pt": (
            ("ão", "ão ã ães ãos ãs ões ona"),
            ("o", "o a os as"),
            ("ês", "ês esa eses esas"),
            ("or", "or ora ores oras"),
            ("ol", "ol ola óis olas"),
            ("eu", "eu eia eus eias"),
            ("al", "al ais"),
            ("", " s es"),
        ),
    }
)


def forms(language: str, words: Iterable[str]) -> frozenset[str]:
    """All forms of words that are given as a dictionary has them.

    Raises:
        KeyError: no endings are known of the language.
    """
    return frozenset(form for word in words for form in _forms(_ENDINGS[language], word))


def _forms(endings: Iterable[tuple[str, str]], word: str) -> list[str]:
    for ending, others in endings:
        if word.endswith(ending):
            stem = word[: len(word) - len(ending)]
            return [word, *(stem + other for other in others.split(" "))]
    return [word]
