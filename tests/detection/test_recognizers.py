"""Our recognizers in a Presidio engine of anybody's find what the detector finds with them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from presidio_analyzer.nlp_engine import NlpArtifacts

from gateway.detection.nlp import ClassifierEngine, WordContextEnhancer, reading_of
from gateway.detection.recognizers import ClassifierRecognizer, recognizers
from gateway.detection.structured.context import Reading
from gateway.types import Span

TEXTS = [
    "",
    "mail a.b@example.com or ring +49 30 901820",
    "My name is Anna Schneider, card 4111 1111 1111 1111, SSN 078-05-1120",
    "NHS number 943 476 5919, DNI 12345678Z; key sk-proj-abcdefghijklmnop1234",
    "Ber\u200blin and nothing",
]


class Capitals:
    """Holds every word in capitals for a person, and counts how often it is asked."""

    entity_types = frozenset({"PERSON"})

    def __init__(self) -> None:
        self.calls = 0

    def classify(self, texts: Sequence[str]) -> list[list[Span]]:
        self.calls += 1
        return [
            [Span(a, b, "PERSON", 0.9, "classifier") for a, b in Reading(text).words()
             if text[a:b].isupper()]
            for text in texts
        ]  # fmt: skip


def engine(classifiers: Sequence[Capitals] = ()) -> AnalyzerEngine:
    return AnalyzerEngine(
        registry=RecognizerRegistry(
            recognizers=recognizers("en", classifiers), supported_languages=["en"]
        ),
        nlp_engine=ClassifierEngine(["en"], classifiers),
        supported_languages=["en"],
        context_aware_enhancer=WordContextEnhancer(),
    )


def directly(text: str, classifiers: Sequence[Capitals] = ()) -> set[tuple[int, int, str]]:
    found = set()
    for one in recognizers("en", classifiers):
        found |= {(x.start, x.end, x.entity_type) for x in one.analyze(text, [], None)}
    return found


@pytest.mark.parametrize("text", TEXTS)
def test_the_engine_adds_and_loses_nothing(text: str):
    through = {(x.start, x.end, x.entity_type) for x in engine().analyze(text, "en")}
    everything = directly(text)
    assert through <= everything
    for start, end, kind in everything - through:  # Presidio drops what another one contains
        assert any(a <= start and end <= b and kind == k for a, b, k in through)
    assert bool(through) == bool(everything)


def test_some_of_the_texts_hold_something():
    assert sum(bool(directly(text)) for text in TEXTS) == 3


def test_entities_narrow_what_is_found():
    kinds = {x.entity_type for x in engine().analyze(TEXTS[1], "en", entities=["EMAIL_ADDRESS"])}
    assert kinds == {"EMAIL_ADDRESS"}


def test_a_classifier_runs_once_for_a_text_and_once_for_a_batch():
    names = Capitals()
    found = engine([names]).analyze("ask ANNA", "en")
    assert [(x.start, x.end, x.entity_type) for x in found] == [(4, 8, "PERSON")]
    assert names.calls == 1
    batch = list(ClassifierEngine(["en"], [names]).process_batch(["ask ANNA", "x", "BOB"], "en"))
    assert names.calls == 2
    assert [artifacts.spans for _, artifacts in batch] == names.classify(["ask ANNA", "x", "BOB"])
    assert [one.text for one in batch[0][1].entities] == ["ANNA"]


def test_artifacts_of_another_engine_or_text_are_no_reading_of_ours():
    other = NlpArtifacts([], [], [], [], None, "en")
    assert reading_of("abc", other).text == "abc"
    assert reading_of("abc", None).text == "abc"
    mine = ClassifierEngine(["en"]).process_text("xyz", "en")
    assert reading_of("abc", mine).text == "abc"
    assert reading_of("xyz", mine) is mine.reading


def test_a_classifier_recognizer_asks_where_artifacts_are_not_ours():
    names = Capitals()
    recognizer = ClassifierRecognizer([names])
    other = NlpArtifacts([], [], [], [], None, "en")
    assert [x.entity_type for x in recognizer.analyze("BOB", [], other)] == ["PERSON"]
    assert names.calls == 1
