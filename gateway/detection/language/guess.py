"""In what language a text is written, guessed from its script and its function words. Pure."""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import cache
from heapq import nlargest
from operator import itemgetter

from gateway.detection.language.words import ENDINGS, FUNCTION_WORDS, LETTERS

SUPPORTED: frozenset[str] = frozenset({"en", "de", "fr", "es", "it", "nl", "pt"})
"""The languages that the detector was made for."""

_SAMPLE = 2_000
# Parts of addresses, identifiers and paths are no words of a language.
_WORD = re.compile(r"(?<![\w@./+#-])[^\W\d_]+(?![\w@/(=]|[.:-]\w)")
_SCRIPTS = {
    "cyrillic": re.compile("[\u0400-\u052f]"),
    "arabic": re.compile("[\u0600-\u06ff\u0750-\u077f]"),
    "he": re.compile("[\u0590-\u05ff]"),
    "han": re.compile("[\u3040-\u30ff\u3400-\u9fff]"),
    "ko": re.compile("[\uac00-\ud7a3\u1100-\u11ff]"),
    "hi": re.compile("[\u0900-\u097f]"),
    "th": re.compile("[\u0e00-\u0e7f]"),
    "el": re.compile("[\u0370-\u03ff\u1f00-\u1fff]"),
}
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")
_DENSE = frozenset({"han", "ko", "th"})  # scripts of which few signs say much
_KANA = re.compile("[\u3040-\u30ff]")
_UKRAINIAN, _RUSSIAN = re.compile("[іїєґІЇЄҐ]"), re.compile("[ыэъёЫЭЪЁ]")
_BULGARIAN = re.compile("[ъЪ]")
_ONLY_RUSSIAN = re.compile("[ыэЫЭ]")
_PERSIAN = re.compile("[پچژگ]")
_URDU = re.compile("[ٹڈڑںے]")

_MIN_LETTERS = 8
_MIN_SCORE = 1.2
_MARGIN = 1.2
_SIBLINGS = ({"da", "no"}, {"cs", "sk"}, {"es", "pt"}, {"sv", "no"})


@cache
def _weights() -> dict[str, list[tuple[str, float]]]:
    """Per word, the languages that have it and what it counts for each."""
    owners: dict[str, list[str]] = {}
    for name, words in FUNCTION_WORDS.items():
        for word in dict.fromkeys(words.split()):
            owners.setdefault(word, []).append(name)
    return {
        word: [(name, _weight(word, len(names))) for name in names]
        for word, names in owners.items()
    }


def _weight(word: str, owners: int) -> float:
    weight = math.pow(owners, -1.2) + 0.15
    return weight / 2 if len(word) == 1 else weight


def language(text: str) -> str | None:
    """The ISO 639-1 code of the language of a text; None where it is too short or unclear.

    Only its beginning is read. Text in another script than Latin is of the language that is most
    often written in it.
    """
    sample = text[:_SAMPLE]
    if not sample.isascii():
        other = _by_script(sample)
        if other is not None:
            return other
    return _by_words(sample)


def _by_script(sample: str) -> str | None:
    counts = {name: len(script.findall(sample)) for name, script in _SCRIPTS.items()}
    name, count = max(counts.items(), key=lambda item: item[1])
    weight = 3 if name in _DENSE else 1
    if count * weight < _MIN_LETTERS or count * weight * 2 < len(_LATIN.findall(sample)):
        return None
    if name == "han":
        return "ja" if len(_KANA.findall(sample)) * 20 > count else "zh"
    if name == "cyrillic":
        return _cyrillic(sample, count)
    if name == "arabic":
        if len(_URDU.findall(sample)) * 40 > count:
            return "ur"
        return "fa" if len(_PERSIAN.findall(sample)) * 60 > count else "ar"
    return name


def _cyrillic(sample: str, count: int) -> str:
    if len(_UKRAINIAN.findall(sample)) > len(_RUSSIAN.findall(sample)):
        return "uk"
    is_bulgarian = len(_BULGARIAN.findall(sample)) * 100 > count
    return "bg" if is_bulgarian and not _ONLY_RUSSIAN.search(sample) else "ru"


def _by_words(sample: str) -> str | None:
    lower = sample.lower()
    scores: dict[str, float] = dict.fromkeys(FUNCTION_WORDS, 0.0)
    weights = _weights()
    for word, count in Counter(_WORD.findall(lower)).items():
        for name, weight in weights.get(word, ()):
            # The same word again says less than another one.
            scores[name] += weight * min(count, 3)
    if not sample.isascii():
        for name, letters in LETTERS.items():
            scores[name] += 0.5 * min(sum(map(lower.count, letters)), 6)
    for name, endings in ENDINGS.items():
        scores[name] += 0.3 * min(sum(map(lower.count, endings)), 4)
    (first, score), (second, next_score) = nlargest(2, scores.items(), key=itemgetter(1))
    if score < _MIN_SCORE:
        return None
    are_siblings = any({first, second} <= family for family in _SIBLINGS)
    needed = next_score if are_siblings else next_score * _MARGIN
    return first if score > needed else None
