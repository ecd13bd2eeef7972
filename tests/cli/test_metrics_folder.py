"""The folder of several processes' metrics: held while one of them lives, and swept up after."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.cli import metrics_folder as folders
from gateway.cli.metrics_folder import PREFIX, hold, metrics_folder, sweep

ROOT = Path(__file__).parent.parent.parent
HOLDER = (
    "import sys; from gateway.cli.metrics_folder import hold\n"
    "hold(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
)


@pytest.fixture(autouse=True)
def parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def left(parent: Path, *names: str) -> Path:
    """A folder of a gateway that is gone."""
    folder = parent / f"{PREFIX}{len(list(parent.iterdir()))}"
    folder.mkdir()
    for name in names or ("counter_12.db", "gauge_livesum_13.db"):
        (folder / name).write_bytes(b"x")
    return folder


def test_a_folder_is_there_for_the_block_and_gone_after_it(parent: Path):
    with metrics_folder() as folder:
        assert [str(one) for one in parent.iterdir()] == [folder]
        Path(folder, "counter_1.db").write_bytes(b"x")
    assert not list(parent.iterdir())


def test_what_a_killed_gateway_left_is_deleted_at_the_next_start(parent: Path):
    left(parent)
    left(parent, "one.db")
    with metrics_folder() as folder:
        assert [str(one) for one in parent.iterdir()] == [folder]


def test_the_folder_of_a_gateway_that_runs_stays(parent: Path):
    with metrics_folder() as folder:
        Path(folder, "counter_1.db").write_bytes(b"x")
        with metrics_folder() as other:
            assert {str(one) for one in parent.iterdir()} == {folder, other}
        assert os.listdir(folder) == ["counter_1.db"]


def test_a_folder_stays_until_the_last_process_that_holds_it_is_killed(parent: Path):
    folder = left(parent)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        sweep(str(parent))
        assert len(list(folder.iterdir())) == 2
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=120)
    sweep(str(parent))
    assert not folder.exists()


def other_name(parent: Path) -> Path:
    return left(parent).rename(parent / "cloakroom-metrics-1")


def other_file(parent: Path) -> Path:
    return left(parent, "counter_1.db", "notes.txt")


def folder_inside(parent: Path) -> Path:
    folder = left(parent)
    (folder / "inside.db").mkdir()
    return folder


def link_inside(parent: Path) -> Path:
    folder = left(parent)
    (parent / "theirs.db").write_bytes(b"x")
    (folder / "link.db").symlink_to(parent / "theirs.db")
    return folder


def link(parent: Path) -> Path:
    real = left(parent).rename(parent / "elsewhere")
    made = parent / f"{PREFIX}link"
    made.symlink_to(real)
    return made


def file(parent: Path) -> Path:
    made = parent / f"{PREFIX}file"
    made.write_bytes(b"x")
    return made


@pytest.mark.parametrize(
    "make", [other_name, other_file, folder_inside, link_inside, link, file],
    ids=lambda make: make.__name__,
)  # fmt: skip
def test_what_is_not_surely_ours_is_left_as_it_is(parent: Path, make: Callable[[Path], Path]):
    make(parent)
    before = sorted(parent.rglob("*"))
    gone = left(parent)
    sweep(str(parent))
    assert sorted(parent.rglob("*")) == before
    assert not gone.exists()


def test_the_folder_of_another_user_is_left(parent: Path, monkeypatch: pytest.MonkeyPatch):
    folder = left(parent)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    sweep(str(parent))
    assert len(list(folder.iterdir())) == 2


def test_where_there_are_no_locks_nothing_is_swept(parent: Path, monkeypatch: pytest.MonkeyPatch):
    def fails(*_: Any) -> None:
        raise OSError

    folder = left(parent)
    monkeypatch.setattr(fcntl, "flock", fails)
    with metrics_folder() as made:
        assert Path(made).is_dir()
        assert len(list(folder.iterdir())) == 2


def test_a_folder_that_was_swept_before_it_was_held_is_made_anew(
    parent: Path, monkeypatch: pytest.MonkeyPatch
):
    """Before it is opened, and between that and the lock."""
    swept: list[str] = []

    def late(folder: str) -> int:
        if not swept:
            swept.append(folder)
            os.rmdir(folder)
        held = hold(folder)
        if len(swept) == 1:
            swept.append(folder)
            os.rmdir(folder)
        return held

    monkeypatch.setattr(folders, "hold", late)
    with metrics_folder() as made:
        assert len(swept) == 2
        assert made not in swept
        assert [str(one) for one in parent.iterdir()] == [made]


def test_a_parent_that_cannot_be_read_is_no_failure(parent: Path):
    sweep(str(parent / "none"))
