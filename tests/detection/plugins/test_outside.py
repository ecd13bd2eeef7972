"""Recognizers in code run in a process that is killed when it must be."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from gateway.detection.plugins import outside as outside_module
from gateway.detection.plugins.outside import OutsideRecognizers, Text
from gateway.detection.presidio import PresidioDetector
from gateway.detection.tokenclassifier import IncompleteRead
from gateway.detection.worker import until
from gateway.errors import ConfigError, DetectionUnavailable
from gateway.settings import Detection
from gateway.types import Span
from tests.waiting import AMPLE_S

HERE = "tests.detection.outside_recognizers:"

ENDLESS = ("hang", "runaway")


class Outside(OutsideRecognizers):
    """Waits as long as it takes, except for a text that never ends."""

    def _read(self, batch: Sequence[Text]) -> list[list[Span]]:
        is_endless = any(text in ENDLESS for text, _ in batch)
        self._patience = 0.2 if is_endless else AMPLE_S
        return super()._read(batch)


@pytest.fixture(scope="module", autouse=True)
def _any_time_to_start() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outside_module, "_START_S", AMPLE_S)
        yield


@pytest.fixture(scope="module")
def outside() -> Iterator[OutsideRecognizers]:
    made = Outside([HERE + "Words"])
    yield made
    made.close()


def read(outside: OutsideRecognizers, *texts: str) -> list[list[tuple[int, int]]]:
    return [
        [(one.start, one.end) for one in spans]
        for spans in outside.read([(text, ()) for text in texts])
    ]


def test_reads_in_another_process(outside: OutsideRecognizers, capfd: Any):
    assert outside.entity_types == {"PROJECT"}
    assert read(outside, "a Falcon", "", "no", "\ud800 Falcon") == [[(2, 8)], [], [], [(2, 8)]]
    assert read(outside) == []
    big = "Falcon " * 100_000
    assert len(read(outside, big)[0]) == 100_000
    assert capfd.readouterr() == ("", ""), "what it prints goes nowhere"


def test_sees_what_classifiers_found(outside: OutsideRecognizers):
    name = Span(4, 8, "PERSON", 0.9, "names")
    [[one]] = outside.read([("ask Anna", [name])])
    assert (one.start, one.end, one.entity_type, one.recognizer) == (4, 8, "PROJECT", "Words")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("raise", IncompleteRead),
        ("exit", IncompleteRead),
        ("nonsense", IncompleteRead),
        ("die", IncompleteRead),
        ("hang", TimeoutError),
        ("runaway", TimeoutError),
    ],
)
def test_an_offender_is_bounded_and_the_next_text_is_read(
    outside: OutsideRecognizers, text: str, error: type[Exception]
):
    with pytest.raises(error):
        read(outside, "a Falcon", text)
    assert read(outside, "a Falcon") == [[(2, 8)]]


def test_the_deadline_of_the_call_counts(outside: OutsideRecognizers):
    with until(0.0), pytest.raises(TimeoutError):
        read(outside, "a Falcon")
    assert read(outside, "a Falcon") == [[(2, 8)]]


async def test_an_offender_spoils_no_other_call():
    made = Outside([HERE + "Words"])
    detector = PresidioDetector(Detection(timeout_s=AMPLE_S), outside=made)
    assert "PROJECT" in detector.entity_types
    first, bad, good = await asyncio.gather(
        *(detector.detect([text], "t") for text in ("x Falcon", "runaway", "a@b.com Falcon")),
        return_exceptions=True,
    )
    assert isinstance(bad, DetectionUnavailable)
    assert [one.entity_type for one in first[0]] == ["PROJECT"]
    assert [one.entity_type for one in good[0]] == ["EMAIL_ADDRESS", "PROJECT"]
    await detector.aclose()
    with pytest.raises(DetectionUnavailable):
        await detector.detect(["a Falcon"], "t")


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("no_such_module:X", "cannot be made (ModuleNotFoundError)"),
        (HERE + "Unmade", "cannot be made (RuntimeError)"),
        (HERE + "Odd", "entity types must be like"),
        (HERE + "Endless", "does not start"),
    ],
)
def test_what_cannot_be_used_is_told_at_the_start(path: str, told: str):
    with pytest.raises(ConfigError) as caught:
        OutsideRecognizers([path])
    assert told in str(caught.value)
    assert "canary" not in str(caught.value)


def test_nothing_is_read_when_closed():
    made = OutsideRecognizers([HERE + "Words"])
    made.close()
    with pytest.raises(IncompleteRead):
        read(made, "a")
