"""A user's own recognizers: where they come from, what is refused, how they fail."""

from __future__ import annotations

import asyncio
import sys
import threading
from importlib.metadata import EntryPoint
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from presidio_analyzer import EntityRecognizer, Pattern, PatternRecognizer, RecognizerResult

from gateway.detection.plugins import known as plugins
from gateway.detection.plugins.known import (
    code_recognizers,
    has_code,
    known_recognizers,
    usable_predefined,
)
from gateway.detection.presidio import SHORT_WITH_CLASSIFIER, PresidioDetector
from gateway.detection.worker import SHORT_CODE_POINTS
from gateway.errors import ConfigError, DetectionUnavailable
from gateway.settings import Detection, ListEntry
from gateway.types import Span
from tests.waiting import AMPLE_S


class Words(EntityRecognizer):
    """Finds the word Falcon."""

    def __init__(self) -> None:
        super().__init__(["PROJECT"], supported_language="de")

    def load(self) -> None:
        pass

    def analyze(self, text, entities, nlp_artifacts) -> list[RecognizerResult]:
        at = text.find("Falcon")
        return [RecognizerResult("PROJECT", at, at + 6, 0.9)] if at >= 0 else []


class Raises(Words):
    def __init__(self) -> None:
        raise RuntimeError("secret")


NOT_ONE = object


def found(text: str, settings: Detection) -> list[tuple[str, str]]:
    detector = PresidioDetector(settings, known_recognizers(settings))
    spans = detector.analyze(text, "t")
    return [(one.entity_type, text[one.start : one.end]) for one in spans]


def problems(settings: Detection) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        known_recognizers(settings)
    return [str(one) for one in caught.value.problems]


@pytest.fixture
def module(monkeypatch) -> str:
    """The name under which this module can be imported."""
    monkeypatch.setitem(sys.modules, "own_recognizers", sys.modules[__name__])
    return "own_recognizers"


# ---------------------------------------------------------------- code


def test_from_a_module(module: str):
    [one] = code_recognizers([f"{module}:Words"])
    assert isinstance(one, Words)
    assert has_code(Detection(recognizer_modules=(f"{module}:Words",)))
    assert not has_code(Detection(predefined=("UuidRecognizer",)))


def test_from_an_installed_package(module: str, monkeypatch):
    entry = EntryPoint("words", f"{module}:Words", plugins.GROUP)
    monkeypatch.setattr(plugins, "entry_points", lambda group: [entry] if group else [])
    assert has_code(Detection())
    [one] = code_recognizers([])
    assert isinstance(one, Words)


def test_all_problems_at_once_and_no_words_of_theirs(module: str):
    paths = ("no_such_module:X", f"{module}:Missing", f"{module}:Raises", f"{module}:NOT_ONE")
    with pytest.raises(ConfigError) as caught:
        code_recognizers(paths)
    told = [str(one) for one in caught.value.problems]
    told += problems(Detection(predefined=("UsSnnRecognizer",)))
    assert [line.split(": ", 1)[1] for line in told] == [
        "detection.recognizer_modules[0]: cannot be made (ModuleNotFoundError)",
        "detection.recognizer_modules[1]: cannot be made (AttributeError)",
        "detection.recognizer_modules[2]: cannot be made (RuntimeError)",
        "detection.recognizer_modules[3]: is not a Presidio EntityRecognizer",
        "detection.predefined[0]: Presidio has no recognizer of this name\n"
        "    hint: did you mean UsSsnRecognizer?",
    ]


# ---------------------------------------------------------------- by name


def test_a_predefined_recognizer():
    assert found("00:1B:44:11:3A:B7", Detection(predefined=("MacAddressRecognizer",)))
    text = "bc 123e4567-e89b-12d3-a456-426614174000"
    assert found(text, Detection()) == []
    assert ("UUID", text[3:]) in found(text, Detection(predefined=("UuidRecognizer",)))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("EmailRecognizer", "needs the network"),
        ("AzureAILanguageRecognizer", "remote service"),
        ("AzureHealthDeidRecognizer", "remote service"),
        ("BasicLangExtractRecognizer", "language model"),
        ("GLiNERRecognizer", "needs a model"),
        ("SpacyRecognizer", "needs a model"),
        ("ZaPhoneNumberRecognizer", "no recognizer of this name"),
        ("EntityRecognizer", "no recognizer of this name"),
        ("Pattern", "no recognizer of this name"),
    ],
)
def test_a_predefined_recognizer_that_is_refused(name: str, reason: str):
    [told] = problems(Detection(predefined=(name,)))
    assert reason in told


def test_every_usable_recognizer_can_be_made():
    names = usable_predefined()
    assert len(names) > 50
    settings = Detection(predefined=names)
    detector = PresidioDetector(settings, known_recognizers(settings))
    assert detector.analyze("no data here", "t") == ()


# ---------------------------------------------------------------- files

GOOD = """\
supported_languages: [en, de]
recognizers:
  - MacAddressRecognizer
  - name: UuidRecognizer
    supported_languages:
      - language: en
        context: [identifier]
    type: predefined
  - name: ours
    class_name: UsPassportRecognizer
    enabled: false
    type: predefined
  - name: Depot
    supported_language: de
    patterns:
      - {name: depot (weak), regex: '(\\bQ-[a-z]{5}\\b)', score: 0.1}
    context: [depot, shelf]
    supported_entity: DEPOT
  - name: Titles
    supported_entity: TITLE
    deny_list: [Mr., Dr., Prof.]
    score_thresholds: {default: 0.5}
"""


def test_a_file_of_presidio(tmp_path: Path):
    file = tmp_path / "own.yaml"
    file.write_text(GOOD)
    settings = Detection(recognizer_files=(file,))
    made = known_recognizers(settings)
    assert sorted((one.name, one.supported_language) for one in made) == [
        ("Depot", "de"),
        ("MacAddressRecognizer", "en"),
        ("Titles", "de"),
        ("Titles", "en"),
        ("UuidRecognizer", "en"),
    ]
    assert found("depot Q-abcde", settings) == [("DEPOT", "Q-abcde")]
    assert found("about Q-abcde", settings) == []
    assert found("the Dr. said", settings) == [("TITLE", "Dr")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("recognizers: []\n", ":1: recognizers: must not be empty"),
        ("a: 1\n", ':1: a: unknown key'),
        ("recognizers:\n  - name: x\n    patern: []\n", ":3: recognizers[0].patern: unknown key"),
        ("recognizers:\n  - {name: x, supported_entity: X, type: custom}\n", ":2: recognizers[0]"),
        (
            "recognizers:\n  - name: x\n    supported_entity: X\n    patterns:\n"
            "      - {name: p, score: 1, regex: '(canary'}\n",
            ":5: recognizers[0].patterns[0].regex: must be a valid regular expression",
        ),
        (
            "recognizers:\n  - name: x\n    supported_entity: X\n    patterns:\n"
            "      - {name: p, score: 2, regex: a}\n",
            ":5: recognizers[0].patterns[0].score",
        ),
        ("recognizers:\n  - UsSnnRecognizer\n", "did you mean UsSsnRecognizer"),
        ("recognizers:\n  - {name: EmailRecognizer}\n", ":2: recognizers[0]: needs the network"),
        (
            "recognizers:\n  - {name: MacAddressRecognizer, type: predefined, deny_list: [a]}\n",
            "has no patterns and no deny_list",
        ),
        ("recognizers: [\n", "not well-formed"),
    ],
)  # fmt: skip
def test_a_file_that_is_wrong(tmp_path: Path, text: str, expected: str):
    file = tmp_path / "own.yaml"
    file.write_text(text)
    told = "\n".join(problems(Detection(recognizer_files=(file,))))
    assert expected in told
    assert "canary" not in told


# ---------------------------------------------------------------- offenders

RUNAWAY = r"(a|aa)+$"
BAIT = "a" * 60 + "!"


class Overridden(PatternRecognizer):
    """Calls Presidio's own pattern loop in a way of its own, with other flags."""

    def analyze(self, text, entities, nlp_artifacts=None, regex_flags=None) -> Any:
        return super().analyze(text, entities, nlp_artifacts, regex_flags=2)


@pytest.mark.parametrize("kind", [PatternRecognizer, Overridden])
def test_a_runaway_pattern_is_bounded_and_never_clean(kind: type[PatternRecognizer]):
    bad = kind(supported_entity="X", patterns=[Pattern("bad", RUNAWAY, 0.5)])
    hasty = PresidioDetector(Detection(timeout_s=0.1), extra_recognizers=[bad])
    with pytest.raises(DetectionUnavailable, match="in time"):
        hasty.analyze(BAIT, "t")
    patient = PresidioDetector(Detection(timeout_s=AMPLE_S), extra_recognizers=[bad])
    assert patient.analyze("nothing", "t") == ()


def test_a_runaway_pattern_of_a_file(tmp_path: Path):
    file = tmp_path / "own.yaml"
    file.write_text(
        "recognizers:\n  - name: x\n    supported_entity: X\n"
        f"    patterns: [{{name: p, score: 1, regex: '{RUNAWAY}'}}]\n"
    )
    settings = Detection(recognizer_files=(file,), timeout_s=0.1)
    with pytest.raises(DetectionUnavailable, match="in time"):
        PresidioDetector(settings, known_recognizers(settings)).analyze(BAIT, "t")


async def turns_of_the_loop(seconds: float) -> int:
    """How often the event loop has its turn while a pattern runs away for so long."""
    bad = PatternRecognizer(supported_entity="X", patterns=[Pattern("bad", RUNAWAY, 0.5)])
    detector = PresidioDetector(Detection(timeout_s=seconds), extra_recognizers=[bad])
    call = asyncio.create_task(detector.detect([BAIT], "t"))
    turns = 0
    while not call.done():
        await asyncio.sleep(0.001)
        turns += 1
    with pytest.raises(DetectionUnavailable, match="in time"):
        await call
    await detector.aclose()
    return turns


async def test_a_runaway_pattern_leaves_the_event_loop_alone():
    # What blocks the loop blocks it for as long as it is let; what is slow needs only more time.
    for seconds in (0.2, 2.0, 20.0):
        if await turns_of_the_loop(seconds) > 5:
            return
    pytest.fail("the event loop stood still")


class Hangs(Words):
    """Waits for ever for a text that says so."""

    def __init__(self) -> None:
        super().__init__()
        self.release = threading.Event()

    def analyze(self, text, entities, nlp_artifacts) -> list[RecognizerResult]:
        if text == "hang":
            self.release.wait(AMPLE_S)
        return super().analyze(text, entities, nlp_artifacts)


async def test_a_hanging_recognizer_ends_at_the_deadline():
    hangs = Hangs()
    detector = PresidioDetector(Detection(timeout_s=0.2), extra_recognizers=[hangs])
    with pytest.raises(DetectionUnavailable):
        await detector.detect(["hang"], "t")
    hangs.release.set()
    await detector.aclose()


async def test_a_hanging_recognizer_blocks_nobody():
    hangs = Hangs()
    detector = PresidioDetector(Detection(timeout_s=AMPLE_S), extra_recognizers=[hangs])
    stuck = asyncio.create_task(detector.detect(["hang"], "t"))
    fine = await detector.detect(["a Falcon"], "t")
    assert [span.entity_type for span in fine[0]] == ["PROJECT"]
    assert not stuck.done()
    hangs.release.set()
    assert await stuck == [()]
    await detector.aclose()


class Answers(Words):
    """Gives one result, whatever the text."""

    def __init__(self, result: RecognizerResult) -> None:
        super().__init__()
        self.result = result

    def analyze(self, text, entities, nlp_artifacts) -> list[RecognizerResult]:
        return [self.result]


@pytest.mark.parametrize(
    "result",
    [
        RecognizerResult("PROJECT", 0, 6, 0.9),
        RecognizerResult("PROJECT", -1, 2, 0.9),
        RecognizerResult("PROJECT", 2, 2, 0.9),
        RecognizerResult("PROJECT", 0, 2, float("nan")),
        RecognizerResult("PROJECT", 0, 2, 1.5),
        RecognizerResult("a word of the text", 0, 2, 0.9),
    ],
)
def test_a_result_that_cannot_be_one_fails_closed(result: RecognizerResult):
    detector = PresidioDetector(Detection(), extra_recognizers=[Answers(result)])
    with pytest.raises(DetectionUnavailable):
        detector.analyze("abcde", "t")


def test_a_recognizer_that_would_not_run_is_refused():
    class Odd(Words):
        def __init__(self) -> None:
            super().__init__()
            self.supported_entities = ["lower case"]

    with pytest.raises(ValueError, match="entity types"):
        PresidioDetector(Detection(), extra_recognizers=[Odd()])
    twice = Words()
    with pytest.raises(ValueError, match="twice"):
        PresidioDetector(Detection(), extra_recognizers=[twice, twice])


# ---------------------------------------------------------------- classifiers beside them


class Names:
    """Holds Anna for a person."""

    entity_types = frozenset({"PERSON"})

    def classify(self, texts) -> list[list[Span]]:
        return [
            [Span(at, at + 4, "PERSON", 0.9, "names")] if (at := text.find("Anna")) >= 0 else []
            for text in texts
        ]


class FromEntities(Words):
    """Hands on the entities of the artifacts, as Presidio's own NLP recognizers do."""

    def analyze(self, text, entities, nlp_artifacts) -> list[RecognizerResult]:
        return [
            RecognizerResult("PROJECT", one.start_char, one.end_char, 1.0)
            for one in nlp_artifacts.entities
            if one.label_ == "PERSON"
        ]


def test_recognizers_see_what_classifiers_found():
    alone = PresidioDetector(Detection(), classifiers=[Names()])
    assert [one.recognizer for one in alone.analyze("ask Anna", "t")] == ["names"]
    both = PresidioDetector(Detection(), [FromEntities()], [Names()])
    assert [one.entity_type for one in both.analyze("ask Anna", "t")] == ["PROJECT"]
    assert {"PERSON", "PROJECT"} <= both.entity_types


async def test_what_is_found_does_not_depend_on_the_batch():
    detector = PresidioDetector(Detection(), [Words()], [Names()])
    texts = ["Anna", "", "Falcon a@b.com", "nothing", "Ａnna and An\u200bna", "Anna" * 300]
    together = await detector.detect(texts, "t")
    assert list(together) == [detector.analyze(text, "t") for text in texts]
    assert list(await detector.detect(texts[::-1], "t")) == list(together)[::-1]
    await detector.aclose()


FRAGMENTS = st.sampled_from(
    ["Anna", "Falcon", "a@b.com", "4111 1111 1111 1111", "\u200b", "Ａ", "%41", " ", "x", "\n", "1"]
)


@given(st.lists(st.lists(FRAGMENTS, max_size=6).map("".join), max_size=5))
def test_a_batch_is_no_more_than_its_texts(texts: list[str]):
    together = MIXED._scan([(text, "t") for text in texts])
    assert together == [MIXED._scan([(text, "t")])[0] for text in texts]
    for text, spans in zip(texts, together, strict=True):
        assert all(0 <= one.start < one.end <= len(text) for one in spans)
        assert all(a.end <= b.start for a, b in pairwise(spans))


MIXED = PresidioDetector(Detection(), [Words()], [Names()])


@pytest.mark.parametrize(
    ("settings", "classifiers", "expected"),
    [
        (Detection(), [], SHORT_CODE_POINTS),
        (Detection(profile="fast"), [Names()], SHORT_WITH_CLASSIFIER["fast"]),
        (Detection(profile="accurate"), [Names()], 0),
        (Detection(deny=(ListEntry(text="a", entity_type="A"),)), [], SHORT_CODE_POINTS),
        (Detection(deny=(ListEntry(pattern="a", entity_type="A"),)), [], 0),
        (Detection(allow=(ListEntry(pattern="a"),)), [], 0),
    ],
)
def test_others_regexes_never_run_on_the_event_loop(settings, classifiers, expected: int):
    assert PresidioDetector(settings, (), classifiers)._worker._here == expected
    assert PresidioDetector(settings, [Words()], classifiers)._worker._here == 0
