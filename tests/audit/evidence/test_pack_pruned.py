"""A pack of a log whose first records retention took holds, on both databases."""

from __future__ import annotations

import re
from pathlib import Path

import orjson
import pytest

from gateway.audit import retention
from gateway.audit.content.store import open_content
from gateway.audit.evidence.pack import write_pack
from gateway.audit.reading import open_log
from tests.audit.content.kept import LATER, MASTER, signing
from tests.audit.evidence.packs import inputs, verify
from tests.audit.test_retention import fill, say_so

BELOW = 512


@pytest.fixture
def url(empty_url: str, tmp_path: Path) -> str:
    """More than 600 records, signed at 300, at 601 or so and at the end; then 512 are taken."""
    grown(empty_url, tmp_path)
    return empty_url


def grown(url: str, folder: Path) -> None:
    for first, pairs in ((0, 150), (200, 125), (400, 40)):
        fill(url, folder, first=first, pairs=pairs)
    with open_content(url, MASTER) as content:
        plan = retention.plan(content, LATER)
        assert plan.below == BELOW
        list(retention.prune(content, plan, say_so(url, plan.below)))
    fill(url, folder, first=600, pairs=3)


def test_the_rest_and_a_period_hold(url: str, tmp_path: Path):
    signer = signing(tmp_path).keys.ed25519
    with open_log(url) as log:
        sizes = [one.size for one in log.checkpoints()]
        assert min(sizes) < BELOW < max(sizes)
        rows = list(log.rows(0))
        since = orjson.loads(rows[60].body)["ts"]
        until = orjson.loads(rows[70].body)["ts"]
        periods = {
            "rest": {},
            "start": {"until": until},
            "period": {"since": since, "until": until},
        }
        for name, bounds in periods.items():
            folder = tmp_path / name
            made = write_pack(log, folder, inputs(signer=signer, **bounds), lambda done, of: None)
            assert made["records"] > 0
            assert (made["pruned_below"], made["pruned_by"]) == (BELOW, log.pruned_by)
            taken = [int(one) for one in re.findall(r"^([0-9]+)$", notes(folder), re.MULTILINE)]
            assert min(taken) >= BELOW
            code, said = verify(folder, own=True)
            assert code == 0, said
            here = "in this pack" if name == "rest" else "not in this pack"
            assert f"below {BELOW}; record {log.pruned_by}, {here}, says so" in said
        assert made["first_leaf"] > BELOW
    assert (
        len((tmp_path / "rest" / "records.jsonl").read_bytes().splitlines()) == max(sizes) - BELOW
    )


def notes(folder: Path) -> str:
    return (folder / "checkpoints.txt").read_text()
