"""A detector that remembers what it has read, so that history is not scanned again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b

from gateway.errors import DetectionUnavailable
from gateway.ports import Detector
from gateway.types import Span

_DIGEST_BYTES = 32
_MAX_KEY_BYTES = 64  # of BLAKE2b, RFC 7693


class CachedDetector:
    """Least-recently-used cache in front of a detector, for use by one event loop.

    It holds keyed digests and spans, never text. The tenant is part of the digest, so how fast
    an answer comes tells one tenant nothing about the texts of another.
    """

    def __init__(self, detector: Detector, key: bytes, entries: int) -> None:
        """`key` is 16 to 64 bytes; `entries` bounds the number of texts remembered (0: none).

        Raises:
            ValueError: the key is too short or too long.
        """
        if not 16 <= len(key) <= _MAX_KEY_BYTES:
            raise ValueError("the cache key must have 16 to 64 bytes")
        self._detector = detector
        self._key = key
        self._entries = max(entries, 0)
        self._cache: OrderedDict[bytes, tuple[Span, ...]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._cache)

    async def detect(self, texts: Sequence[str], tenant: str) -> Sequence[tuple[Span, ...]]:
        """The spans of each text; texts seen before, twice, or empty cost nothing.

        Raises:
            DetectionUnavailable: the detector behind it could not read a new text.
        """
        digests = [self._digest(text, tenant) if text else b"" for text in texts]
        known: dict[bytes, tuple[Span, ...]] = {b"": ()}
        missing: dict[bytes, str] = {}
        for digest, text in zip(digests, texts, strict=True):
            if digest in known or digest in missing:
                continue
            spans = self._cache.get(digest)
            if spans is None:
                missing[digest] = text
            else:
                self._cache.move_to_end(digest)
                known[digest] = spans
        if missing:
            found = await self._detector.detect(tuple(missing.values()), tenant)
            if len(found) != len(missing):
                raise DetectionUnavailable("The detector did not answer for every text.")
            for digest, spans in zip(missing, found, strict=True):
                known[digest] = spans
                self._remember(digest, spans)
        return [known[digest] for digest in digests]

    def _digest(self, text: str, tenant: str) -> bytes:
        owner = tenant.encode("utf-8", "surrogatepass")
        state = blake2b(len(owner).to_bytes(8, "big"), key=self._key, digest_size=_DIGEST_BYTES)
        state.update(owner)
        state.update(text.encode("utf-8", "surrogatepass"))
        return state.digest()

    def _remember(self, digest: bytes, spans: tuple[Span, ...]) -> None:
        if not self._entries:
            return
        self._cache[digest] = spans
        self._cache.move_to_end(digest)
        while len(self._cache) > self._entries:
            self._cache.popitem(last=False)
