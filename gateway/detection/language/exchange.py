"""In which languages the texts of a request are written, as far as that is clear.

Only texts that are new cost anything: like the cache of spans, this one holds keyed digests and
answers, never text.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

from gateway.detection.language.guess import SUPPORTED, language
from gateway.detection.language.words import FUNCTION_WORDS

SHORTEST: Final = 60
"""Code points of Latin script below which a text is not clear; other letters count threefold."""

_SAMPLE = 2_000  # code points that are looked at at the beginning, in the middle and at the end
_OTHER_LETTER = re.compile("[\u0370-\u1dff\u2c00-\ud7ff\uf900-\ufdff\ufe70-\uffef]")
# Latin letters that none of our languages has; French has œ.
_OTHER_LATIN = re.compile("[\u0100-\u0151\u0154-\u024f\u00c5\u00c6\u00d8\u00e5\u00e6\u00f8]")
_DIGEST_BYTES = 32
_WORD = re.compile(r"[^\W\d_]{2,}")
_MIN_WORDS, _MIN_SHARE = 2, 0.1
_ONE_IN = 100  # code points: more of its letters than in names in another language's text
_LARGE = 65_536  # code points of new text from which the work leaves the event loop

_KNOWN_WORDS: Final = frozenset(
    word for name, words in FUNCTION_WORDS.items() if name in SUPPORTED for word in words.split()
)
_WORDS: Final = {
    name: frozenset(words.split()) - _KNOWN_WORDS
    for name, words in FUNCTION_WORDS.items()
    if name not in SUPPORTED
}
RECOGNIZED: Final = (
    SUPPORTED
    | {*FUNCTION_WORDS}
    | frozenset({"ar", "bg", "el", "fa", "he", "hi", "ja", "ko", "ru", "th", "uk", "ur", "zh"})
)
"""Every language that can be told."""


def samples(text: str) -> tuple[str, ...]:
    """What is looked at of a text: all of it, or three stretches of a long one."""
    if len(text) <= 3 * _SAMPLE:
        return tuple(text[at : at + _SAMPLE] for at in range(0, len(text), _SAMPLE))
    middle = (len(text) - _SAMPLE) // 2
    return text[:_SAMPLE], text[middle : middle + _SAMPLE], text[-_SAMPLE:]


def languages(text: str) -> frozenset[str]:
    """The languages of a text; none where it is too short or unclear."""
    found = {_language(sample) for sample in samples(text) if _is_long(sample)}
    return frozenset(one for one in found if one is not None)


def _is_long(text: str) -> bool:
    if len(text) >= SHORTEST:
        return True
    return not text.isascii() and 3 * len(_OTHER_LETTER.findall(text)) >= SHORTEST


def _language(sample: str) -> str | None:
    """As `language`, but code, tables and lists are not taken for a language of few words.

    A wrong guess among the languages that are known costs nothing, another one keeps a request
    from being sent.
    """
    found = language(sample)
    if found is None or found not in _WORDS:
        return found
    if len(_OTHER_LATIN.findall(sample)) * _ONE_IN > len(sample):
        return found
    words = _WORD.findall(sample.lower())
    own = [word for word in words if word in _WORDS[found]]
    is_prose = len(set(own)) >= _MIN_WORDS and len(own) >= _MIN_SHARE * len(words)
    return found if is_prose else None


class LanguageReader:
    """Knows the languages of texts that it has seen. For use by one event loop."""

    def __init__(self, key: bytes, entries: int) -> None:
        """`key` is 16 to 64 bytes; `entries` bounds the number of texts remembered (0: none).

        Raises:
            ValueError: the key is too short or too long.
        """
        if not 16 <= len(key) <= 64:
            raise ValueError("the cache key must have 16 to 64 bytes")
        self._key = key
        self._entries = max(entries, 0)
        self._cache: OrderedDict[bytes, frozenset[str]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._cache)

    async def read(self, texts: Sequence[str], tenant: str) -> frozenset[str]:
        """The languages of all texts together, as ISO 639-1 codes."""
        found: set[str] = set()
        missing: dict[bytes, str] = {}
        for text in texts:
            if not _is_long(text):
                continue
            digest = self._digest(text, tenant)
            known = self._cache.get(digest)
            if known is None:
                missing[digest] = text
            else:
                self._cache.move_to_end(digest)
                found |= known
        if missing:
            read = await _all(list(missing.values()))
            for digest, one in zip(missing, read, strict=True):
                found |= one
                self._remember(digest, one)
        return frozenset(found)

    def _digest(self, text: str, tenant: str) -> bytes:
        state = blake2b(key=self._key, digest_size=_DIGEST_BYTES)
        for part in (tenant, *samples(text)):
            data = part.encode("utf-8", "surrogatepass")
            state.update(len(data).to_bytes(8, "big") + data)
        return state.digest()

    def _remember(self, digest: bytes, found: frozenset[str]) -> None:
        if not self._entries:
            return
        self._cache[digest] = found
        while len(self._cache) > self._entries:
            self._cache.popitem(last=False)


async def _all(texts: Sequence[str]) -> list[frozenset[str]]:
    if sum(map(len, texts)) < _LARGE:
        return [languages(text) for text in texts]
    return await asyncio.to_thread(lambda: [languages(text) for text in texts])
