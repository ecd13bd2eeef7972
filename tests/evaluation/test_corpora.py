"""Files of labelled text: what is read, what is refused and how that is said, what is written."""

from __future__ import annotations

import gzip
import io
import sys
from pathlib import Path

import orjson
import pytest

from gateway.errors import ConfigError
from gateway.evaluation import corpora
from gateway.evaluation.score import Found, Gold
from gateway.types import Span

LINE = {"text": "Ask Anna.", "spans": [{"start": 4, "end": 8, "label": "PERSON"}], "lang": "en"}
SECRET_WORD = "Kassiopeia"


def put(path: Path, *lines: object) -> Path:
    raw = [one if isinstance(one, bytes) else orjson.dumps(one) for one in lines]
    path.write_bytes(b"\n".join(raw) + b"\n")
    return path


def problems(path: Path, *wanted: str) -> list[str]:
    with pytest.raises(ConfigError) as error:
        corpora.read(path, wanted)
    assert SECRET_WORD not in str(error.value)
    return [str(one).removeprefix(str(path)) for one in error.value.problems]


def test_plain_and_compressed(tmp_path: Path):
    plain = put(tmp_path / "a.jsonl", LINE, b"", {**LINE, "lang": None}, {"text": ""})
    packed = tmp_path / "b.jsonl.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    for path in (plain, packed):
        records = corpora.read(path)
        assert [(one.number, one.language) for one in records] == [(1, "en"), (3, "-"), (4, "-")]
    assert corpora.name_of(packed) == "b"


def test_standard_input(monkeypatch: pytest.MonkeyPatch):
    raw = gzip.compress(orjson.dumps(LINE))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
    assert corpora.read(corpora.STANDARD)[0].text == LINE["text"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"text": "Kassiopeia', ":1: is not JSON"),
        (b'{"text": "\\ud800"}', ":1: is not JSON"),
        ([SECRET_WORD], ":1: must be an object"),
        ({"txt": SECRET_WORD}, ":1: text: must be text"),
        ({"text": SECRET_WORD, "lang": 7}, ":1: lang: must be text, null or absent"),
        ({"text": SECRET_WORD}, ":1: spans: must be a list of spans"),
        ({"text": SECRET_WORD, "spans": [1]}, ":1: spans[0]: must be an object"),
        (
            {"text": SECRET_WORD, "spans": [{"start": 0, "end": 99, "label": "ID"}]},
            ":1: spans[0]: start and end must be a stretch of the text, which has 10 code points",
        ),
        (
            {"text": SECRET_WORD, "spans": [{"start": 3, "end": 3, "label": "ID"}]},
            ":1: spans[0]: start and end must be a stretch of the text, which has 10 code points",
        ),
        (
            {"text": SECRET_WORD, "spans": [{"start": True, "end": 3, "label": "ID"}]},
            ":1: spans[0]: start and end must be whole numbers",
        ),
        (
            {"text": SECRET_WORD, "spans": [{"start": 0, "end": 3}]},
            ":1: spans[0].label: must be text",
        ),
        (
            {"text": SECRET_WORD, "spans": [], "findings": [{"start": 0, "end": 3}]},
            ":1: findings[0].label: must be text",
        ),
    ],
)
def test_what_is_refused(tmp_path: Path, line: object, said: str):
    assert problems(put(tmp_path / "x.jsonl", line), "spans") == [said]


def test_all_problems_at_once_up_to_twenty(tmp_path: Path):
    path = put(tmp_path / "x.jsonl", LINE, *[{"text": 1}] * 30)
    said = problems(path)
    assert len(said) == 20
    assert said[0].startswith(":2:")
    assert said[-1].startswith(":21:")


def test_files_that_cannot_be_read(tmp_path: Path):
    assert problems(tmp_path / "absent") == [": cannot be read: No such file or directory"]
    assert problems(put(tmp_path / "empty", b"")) == [": holds no line"]
    torn = tmp_path / "torn.gz"
    torn.write_bytes(gzip.compress(orjson.dumps(LINE))[:-9])
    assert problems(torn) == [": cannot be read: it is not a whole gzip file"]


def test_a_case(tmp_path: Path):
    spans = [
        {"start": 0, "end": 3, "label": "ID", "mask": "NO_MASK"},
        {"start": 4, "end": 8, "label": "PERSON", "mask": "QUASI"},
    ]
    findings = [{"start": 4, "end": 8, "label": "API_KEY"}]
    line = {"text": "Ask Anna.", "spans": spans, "findings": findings}
    (record,) = corpora.read(put(tmp_path / "a", line))
    one = corpora.case("name", record)
    assert one.gold == (Gold(0, 3, "ID", to_mask=False), Gold(4, 8, "PERSON"))
    assert one.found == (Found(4, 8, "SECRET", "API_KEY"),)
    assert corpora.case("name", record, []).found == ()


@pytest.mark.parametrize("entity_type", ["MEDICAL_RECORD", "DE_TAX_ID", "DATE_OF_BIRTH", "JOB"])
def test_what_is_marked_with_an_entity_type_agrees_with_a_finding_of_it(
    tmp_path: Path, entity_type: str
):
    line = {"text": "Ask 4711.", "spans": [{"start": 4, "end": 8, "label": entity_type}]}
    (record,) = corpora.read(put(tmp_path / "a", line))
    found = corpora.findings([Span(4, 8, entity_type, 0.8, "any")])
    one = corpora.case("name", record, found)
    assert [gold.label for gold in one.gold] == [finding.label for finding in one.found]


def test_annotated_keeps_every_field(tmp_path: Path):
    line = {"more": [1, {"a": None}], **LINE}
    (record,) = corpora.read(put(tmp_path / "a", line))
    found = Found(4, 8, "PERSON", "PERSON", 0.5, "names")
    written = orjson.loads(corpora.annotated(record, [found]))
    (finding,) = written.pop("findings")
    assert written == line
    assert finding == {
        "start": 4,
        "end": 8,
        "label": "PERSON",
        "entity_type": "PERSON",
        "score": 0.5,
        "recognizer": "names",
    }


def test_writing_is_atomic_and_repeatable(tmp_path: Path):
    path = tmp_path / "out.jsonl.gz"
    corpora.write(path, b"first")
    first = path.read_bytes()
    corpora.write(path, b"first")
    assert path.read_bytes() == first
    assert gzip.decompress(first) == b"first"
    assert [one.name for one in tmp_path.iterdir()] == ["out.jsonl.gz"]


def test_what_cannot_be_written(tmp_path: Path):
    with pytest.raises(ConfigError, match="cannot be written"):
        corpora.write(tmp_path / "absent" / "out", b"x")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigError, match="cannot be written"):
        corpora.write(tmp_path / "folder", b"x")
    assert [one.name for one in tmp_path.iterdir()] == ["folder"]
