"""The words that dictionaries have: those in lower case, and German nouns.

Frequency lists do not say whether a word is a name; a dictionary writes names with a capital and
words without. German writes nouns with one, too: a noun is told by forms that a name has not, by
its plural or its dative ("Laibe", "Salzen").

Source: the dictionaries of simplemma (MIT), which map forms to what they are forms of.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final

from gateway.detection.tagger.wordfeatures import folded

_WORD: Final = re.compile(r"[^\W\d_]{2,}")
_OF_NAMES: Final = ("", "s", "es", "ens", "sche")  # what forms of German names end in
_CAPITALS: Final = frozenset({"de"})  # where nouns have them


@cache
def dictionary(language: str) -> Mapping[str, bool]:
    """The words of a language, folded, and whether the dictionary has several forms of each."""
    from simplemma.strategies.dictionaries.dictionary_factory import (  # noqa: PLC0415 - training
        DefaultDictionaryFactory,
    )

    entries = DefaultDictionaryFactory().get_dictionary(language)
    return listed(((_text(form), _text(of)) for form, of in entries.items()), language)


def listed(entries: Iterable[tuple[str, str]], language: str) -> dict[str, bool]:
    """The words among a language's forms, each given with what it is a form of. Pure."""
    forms: defaultdict[str, set[str]] = defaultdict(set)
    for form, of in entries:
        if _WORD.fullmatch(form) and _WORD.fullmatch(of):
            forms[of] |= {form, of}
    found: dict[str, bool] = {}
    for of, several in forms.items():
        is_noun = language in _CAPITALS and of.istitle() and _has_forms_of_nouns(of, several)
        for form in several:
            if form.islower() or (is_noun and form.istitle()):
                word = folded(form)
                found[word] = found.get(word, False) or len(several) > 1
    return found


def _has_forms_of_nouns(word: str, forms: Iterable[str]) -> bool:
    return not {word + ending for ending in _OF_NAMES}.issuperset(forms)


def _text(entry: str | bytes) -> str:
    """An entry as text: large dictionaries hold bytes."""
    return entry if isinstance(entry, str) else entry.decode()
