"""`cloakroom detector`: annotate, evaluate, bench."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli.detector import app
from gateway.evaluation import bench as benches

EMAIL = "anna.schneider@example.com"
TEXT = f"Write to {EMAIL} in Würzburg."
EMAIL_SPAN = {"start": 9, "end": 9 + len(EMAIL), "label": "EMAIL_ADDRESS"}
CITY_SPAN = {"start": len(TEXT) - 9, "end": len(TEXT) - 1, "label": "ORGANIZATION"}
LINES = [
    {"text": TEXT, "spans": [EMAIL_SPAN], "lang": "en", "source": "own", "n": 1},
    {"text": TEXT, "spans": [EMAIL_SPAN, CITY_SPAN], "lang": None},
    {"text": "Nothing here.", "spans": []},
]
RUN = ("--profile", "patterns")


@pytest.fixture(autouse=True)
def _apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CLOAKROOM_CONFIG", raising=False)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return put(tmp_path / "own.jsonl", LINES)


def put(path: Path, lines: list) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def detector(*arguments: object, code: int = 0, **more: object) -> Result:
    done = CliRunner().invoke(app, [str(one) for one in arguments], **more)  # type: ignore[arg-type]
    assert done.exit_code == code, (done.output, done.exception)
    return done


def test_annotate(tmp_path: Path, corpus: Path):
    out = tmp_path / "out.jsonl.gz"
    done = detector("annotate", "--in", corpus, "--out", out, "--json", *RUN)
    written = [json.loads(line) for line in gzip.decompress(out.read_bytes()).splitlines()]
    for line, source in zip(written, LINES, strict=True):
        found = line.pop("findings")
        assert line == source
        kinds = [(one["start"], one["end"], one["label"]) for one in found]
        wanted = (9, 9 + len(EMAIL), "EMAIL_ADDRESS")
        assert (wanted in kinds) == (EMAIL in source["text"])
        for one in found:
            assert set(one) == {"start", "end", "label", "entity_type", "score", "recognizer"}
    summary = json.loads(done.stdout)
    assert summary["texts"] == 3
    assert summary["labels"]["EMAIL_ADDRESS"] == 2
    assert sorted(one.name for one in tmp_path.iterdir()) == ["out.jsonl.gz", "own.jsonl"]


def test_annotate_in_a_pipe(corpus: Path):
    source = corpus.read_bytes()
    done = detector("annotate", "--in", "-", "--out", "-", "--json", *RUN, input=source)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["text"] for line in lines] == [line["text"] for line in LINES]
    assert json.loads(done.stderr)["texts"] == 3


def test_a_wrong_file_is_refused_and_nothing_is_written(tmp_path: Path):
    bad = put(tmp_path / "bad.jsonl", [{"text": EMAIL, "spans": [{"start": 0, "end": 999}]}])
    out = tmp_path / "out.jsonl"
    done = detector("annotate", "--in", bad, "--out", out, code=2)
    assert "bad.jsonl:1: spans[0]: start and end" in done.stderr
    assert EMAIL not in done.output
    assert not out.exists()


def test_evaluate(corpus: Path):
    (system,) = json.loads(detector("evaluate", corpus, "--json", *RUN).stdout)["systems"]
    assert system["system"] == "cloakroom"
    shown = system["corpora"]["own"]
    assert shown["texts"] == 3
    assert shown["types"]["EMAIL_ADDRESS"]["exact"]["recall_counts"] == [2, 2]
    assert shown["types"]["ORGANIZATION"]["exact"]["recall_counts"] == [0, 1]
    assert set(shown["languages"]) == {"en", "-"}
    assert system["latency"]["texts"] == 3


def test_evaluate_for_people(corpus: Path):
    shown = detector("evaluate", corpus, *RUN).output
    assert "By type" in shown
    assert "EMAIL_ADDRESS" in shown
    assert "CPU ms per 1,000 tokens" in shown
    assert EMAIL not in shown


def test_types_narrow_what_counts(corpus: Path):
    done = detector("evaluate", corpus, "--types", "EMAIL_ADDRESS", "--json", *RUN)
    (system,) = json.loads(done.stdout)["systems"]
    assert system["total"]["exact"]["recall_counts"] == [2, 2]
    assert set(system["corpora"]["own"]["types"]) == {"EMAIL_ADDRESS"}


def test_entity_types_may_stand_where_labels_do(tmp_path: Path):
    spans = [{"start": 5, "end": 13, "label": "MEDICAL_RECORD"}]
    own = put(tmp_path / "own.jsonl", [{"text": "MRN: 12345678", "spans": spans}])
    done = detector("evaluate", own, "--types", "MEDICAL_RECORD", "--json", *RUN)
    (system,) = json.loads(done.stdout)["systems"]
    assert system["total"]["exact"]["recall_counts"] == [1, 1]


def test_findings_in_the_files_are_scored_as_they_are(tmp_path: Path):
    line = {"text": TEXT, "spans": [EMAIL_SPAN], "findings": [{**EMAIL_SPAN, "start": 10}]}
    path = put(tmp_path / "peer.jsonl", [line])
    (system,) = json.loads(detector("evaluate", path, "--annotated", "--json").stdout)["systems"]
    assert system["system"] == "annotated"
    assert system["latency"] is None
    assert system["total"]["exact"]["recall_counts"] == [0, 1]
    assert system["total"]["overlap"]["recall_counts"] == [1, 1]


def test_what_was_annotated_scores_as_when_it_is_measured(tmp_path: Path, corpus: Path):
    out = tmp_path / "own.jsonl.gz"
    detector("annotate", "--in", corpus, "--out", out, *RUN)
    (given,) = json.loads(detector("evaluate", out, "--annotated", "--json").stdout)["systems"]
    (run,) = json.loads(detector("evaluate", corpus, "--json", *RUN).stdout)["systems"]
    assert given["corpora"] == run["corpora"]


def test_beside_presidio(corpus: Path):
    done = detector("evaluate", corpus, "--against", "presidio", "--json", *RUN)
    systems = json.loads(done.stdout)["systems"]
    assert [one["system"] for one in systems] == ["cloakroom", "presidio"]
    assert systems[1]["total"]["exact"]["recall_counts"] == [2, 3]


def test_reports(tmp_path: Path, corpus: Path):
    page, text = tmp_path / "r.html", tmp_path / "r.txt"
    detector("evaluate", corpus, "--report", page, "--text", text, "--context", 3, *RUN)
    assert '<mark class="missed">Würzburg</mark>' in page.read_text(encoding="utf-8")
    assert "2: in [[Würzburg]]." in text.read_text(encoding="utf-8")


def test_no_examples_no_text(tmp_path: Path, corpus: Path):
    page = tmp_path / "r.html"
    detector("evaluate", corpus, "--report", page, "--examples", 0, *RUN)
    assert "Würzburg" not in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("gate", "code"),
    [
        (("--min-recall", 0.6), 0),
        (("--min-recall", 0.7), 1),
        (("--min-f2", 0.7), 0),
        (("--min-f2", 0.8), 1),
        (("--min-recall", 0.86, "--by", "characters"), 0),
        (("--min-recall", 0.87, "--by", "characters"), 1),
    ],
)
def test_gates(tmp_path: Path, gate: tuple, code: int):
    # 2 of 3 marks, 52 of 60 characters, no false finding: so F2 is 5·⅔ / (4 + ⅔) = 0.714
    lines = [{**line, "findings": [EMAIL_SPAN] if line["spans"] else []} for line in LINES]
    path = put(tmp_path / "given.jsonl", lines)
    done = detector("evaluate", path, "--annotated", "--json", *gate, code=code)
    assert bool(json.loads(done.stdout)["below"]) == bool(code)
    assert ("below" in done.stderr) == bool(code)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--types", "CAR"), "no file has the label CAR"),
        (("--fold", "cars"), "--fold: must be none, or some of: places"),
        (("--profile", "slow"), "--profile: must be one of: "),
        (("--annotated",), "own.jsonl:1: findings: must be a list of spans"),
        (("--config", "absent.yaml"), "absent.yaml"),
        (("--report", "absent/r.html", *RUN), "cannot be written"),
    ],
)
def test_mistakes_of_the_caller(corpus: Path, arguments: tuple, said: str):
    assert said in detector("evaluate", corpus, *arguments, code=2).stderr


def test_the_operators_settings_count(tmp_path: Path, corpus: Path):
    config = tmp_path / "c.yaml"
    config.write_text(
        "version: 1\nupstreams:\n  - {name: l, kind: loopback, class: on_prem}\n"
        "detection:\n  profile: patterns\n  deny:\n"
        "    - {text: Würzburg, entity_type: ORGANIZATION}\n",
        encoding="utf-8",
    )
    done = detector("evaluate", corpus, "--config", config, "--json")
    (system,) = json.loads(done.stdout)["systems"]
    assert system["total"]["exact"]["recall_counts"] == [3, 3]


def test_files_of_one_name_are_told_apart(tmp_path: Path, corpus: Path):
    (tmp_path / "b").mkdir()
    other = put(tmp_path / "b" / "own.jsonl", LINES[:1])
    done = detector("evaluate", corpus, other, "--json", *RUN)
    (system,) = json.loads(done.stdout)["systems"]
    assert set(system["corpora"]) == {str(corpus), str(other)}


def test_bench(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(benches, "ROUNDS", 1)
    monkeypatch.setattr(benches, "CURVE", (1, 2))
    shown = json.loads(detector("bench", "--tokens", 50, "--json", *RUN).stdout)
    assert shown["tokens"] == 50
    assert {"views", "rest"} < set(shown["stages"])
    people = detector("bench", "--tokens", 50, *RUN).output
    assert "CPU ms per 1,000 tokens" in people
    assert "views" in people
