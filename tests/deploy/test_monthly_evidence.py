"""The job that writes a month's evidence: which month, once, and never half of it."""

from __future__ import annotations

import datetime
import importlib.util
import sys
from pathlib import Path

import pytest

from tests.deploy.containerfile import ROOT

FILE = ROOT / "deploy" / "container" / "evidence.py"
_spec = importlib.util.spec_from_file_location("monthly", FILE)
assert _spec is not None
assert _spec.loader is not None
monthly = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(monthly)

PROGRAM = """
import pathlib, sys
arguments = sys.argv[1:]
out = pathlib.Path(arguments[arguments.index("--out") + 1])
out.mkdir()
(out / "arguments").write_text(" ".join(arguments))
sys.exit(int(CODE))
"""


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands for `cloakroom`, and ends with 0 until it is told otherwise."""
    path = tmp_path / "program.py"
    path.write_text(PROGRAM.replace("CODE", "0"), encoding="utf-8")
    monkeypatch.setattr(monthly, "CLOAKROOM", [sys.executable, str(path)])
    return path


@pytest.mark.parametrize(
    ("today", "since", "until"),
    [
        ("2026-11-01", "2026-10-01", "2026-11-01"),
        ("2026-11-30", "2026-10-01", "2026-11-01"),
        ("2027-01-01", "2026-12-01", "2027-01-01"),
        ("2028-03-31", "2028-02-01", "2028-03-01"),
    ],
)
def test_it_is_the_month_that_has_ended(today: str, since: str, until: str):
    assert monthly.month_before(day(today)) == (day(since), day(until))


def test_a_pack_is_written_for_its_month_once(tmp_path: Path, program: Path):
    folder = tmp_path / "packs"
    folder.mkdir()
    for today in ("2026-11-01", "2026-11-02"):
        assert monthly.main(folder, ["--about", "about.yaml"], day(today)) == 0
        assert [path.name for path in folder.iterdir()] == ["2026-10"]
        said = (folder / "2026-10" / "arguments").read_text(encoding="utf-8")
        assert said.startswith("audit evidence --out ")
        assert said.endswith("--from 2026-10-01 --to 2026-11-01 --about about.yaml")


def test_what_fails_leaves_nothing_under_the_months_name_and_can_be_tried_again(
    tmp_path: Path, program: Path
):
    folder = tmp_path / "packs"
    folder.mkdir()
    program.write_text(PROGRAM.replace("CODE", "1"), encoding="utf-8")
    assert monthly.main(folder, [], day("2026-11-01")) == 1
    assert not (folder / "2026-10").exists()
    program.write_text(PROGRAM.replace("CODE", "0"), encoding="utf-8")
    assert monthly.main(folder, [], day("2026-11-01")) == 0
    assert [path.name for path in folder.iterdir()] == ["2026-10"]
