"""The cache remembers spans under keyed digests, per tenant."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from gateway.detection.cache import CachedDetector
from gateway.errors import DetectionUnavailable
from gateway.types import Span

KEY = b"k" * 32


class Counting:
    """Finds the first sign of each text, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[tuple[str, ...], str]] = []
        self.short = False
        self.fail = False

    async def detect(self, texts: Sequence[str], tenant: str) -> Sequence[tuple[Span, ...]]:
        self.asked.append((tuple(texts), tenant))
        if self.fail:
            raise DetectionUnavailable("no")
        found = [(Span(0, 1, text[0], 1.0, "r"),) for text in texts]
        return found[1:] if self.short else found


def kinds(found: Sequence[tuple[Span, ...]]) -> list[str]:
    return [spans[0].entity_type if spans else "" for spans in found]


async def test_answers_in_order_and_asks_once():
    inner = Counting()
    cached = CachedDetector(inner, KEY, 10)
    assert kinds(await cached.detect(["a", "", "b", "a"], "t")) == ["a", "", "b", "a"]
    assert kinds(await cached.detect(["b", "c", "a"], "t")) == ["b", "c", "a"]
    assert inner.asked == [(("a", "b"), "t"), (("c",), "t")]


async def test_tenants_share_nothing():
    inner = Counting()
    cached = CachedDetector(inner, KEY, 10)
    await cached.detect(["a"], "t")
    await cached.detect(["a"], "u")
    assert [tenant for _, tenant in inner.asked] == ["t", "u"]


async def test_tenant_and_text_do_not_run_together():
    inner = Counting()
    cached = CachedDetector(inner, KEY, 10)
    await cached.detect(["bc"], "a")
    await cached.detect(["c"], "ab")
    assert len(inner.asked) == 2


async def test_least_recently_used_goes_first():
    inner = Counting()
    cached = CachedDetector(inner, KEY, 2)
    for text in ("a", "b", "a", "c", "a", "b"):
        await cached.detect([text], "t")
    assert [texts for texts, _ in inner.asked] == [("a",), ("b",), ("c",), ("b",)]
    assert len(cached) == 2


async def test_no_entries_still_answers():
    cached = CachedDetector(Counting(), KEY, 0)
    assert kinds(await cached.detect(["a", "a"], "t")) == ["a", "a"]
    assert len(cached) == 0


async def test_a_failure_is_not_remembered():
    inner = Counting()
    inner.fail = True
    cached = CachedDetector(inner, KEY, 10)
    with pytest.raises(DetectionUnavailable):
        await cached.detect(["a"], "t")
    inner.fail = False
    assert kinds(await cached.detect(["a"], "t")) == ["a"]


async def test_too_few_answers_are_a_failure():
    inner = Counting()
    inner.short = True
    with pytest.raises(DetectionUnavailable):
        await CachedDetector(inner, KEY, 10).detect(["a", "b"], "t")


async def test_no_text_is_kept():
    cached = CachedDetector(Counting(), KEY, 10)
    await cached.detect(["canary-text"], "canary-tenant")
    assert "canary" not in repr(vars(cached))


@pytest.mark.parametrize("key", [b"", b"short", b"x" * 65])
def test_key_length(key: bytes):
    with pytest.raises(ValueError, match="16 to 64"):
        CachedDetector(Counting(), key, 1)


def test_lone_surrogates_have_a_digest():
    cached = CachedDetector(Counting(), KEY, 1)
    assert cached._digest("\ud800", "t") != cached._digest("\ud801", "t")
