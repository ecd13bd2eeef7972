"""Very much text at once: read to its end, or refused at the deadline; never taken for clean."""

from __future__ import annotations

import pytest

from gateway.detection.cache import CachedDetector
from gateway.detection.coreference import with_mentions
from gateway.detection.presidio import PresidioDetector
from gateway.detection.segments import findings, segments
from gateway.detection.tagger.classifier import load
from gateway.errors import DetectionUnavailable
from gateway.settings import Detection
from gateway.types import Leaf, LeafKind
from tests.waiting import AMPLE_S

MILLION = 1_000_000
LEAVES = 100_000
MAIL = "kim@example.org"


def test_ten_million_signs_in_one_line_are_read_to_the_end():
    detector = PresidioDetector(Detection(timeout_s=AMPLE_S))
    text = "x" * 5 * MILLION + " " + MAIL + " " + "lorem ipsum " * (5 * MILLION // 12)
    assert [text[one.start : one.end] for one in detector.analyze(text, "t")] == [MAIL]


@pytest.mark.parametrize("profile", ["patterns", "fast"])
@pytest.mark.parametrize("piece", ["a@b.com ", "Anna Schmidt ", "a\u200b"])
async def test_what_takes_too_long_is_no_clean_text(profile: str, piece: str):
    classifiers = [] if profile == "patterns" else [load(profile)]
    settings = Detection(profile=profile, timeout_s=0.05)
    detector = PresidioDetector(settings, classifiers=classifiers)
    with pytest.raises(DetectionUnavailable, match="in time"):
        await detector.detect([piece * (MILLION // len(piece))], "t")
    await detector.aclose()


async def test_a_hundred_thousand_leaves():
    leaves = [
        Leaf(("messages", at, "content"), f"a{at % 50}", LeafKind.PROSE, "user")
        for at in range(LEAVES)
    ]
    leaves[77_777] = Leaf(("messages", 77_777, "content"), MAIL, LeafKind.PROSE, "user")
    inner = PresidioDetector(Detection(timeout_s=AMPLE_S))
    detector = CachedDetector(inner, b"k" * 32, 1_000)
    read = segments(leaves)
    spans = await detector.detect([one.text for one in read], "t")
    found = with_mentions(leaves, findings(leaves, read, spans))
    assert [(one.leaf, one.start, one.end) for one in found] == [(77_777, 0, len(MAIL))]
    await inner.aclose()
