"""Locks that tell the living from the dead."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.audit.liveness import WriterLocks

ME, OTHER = "a" * 32, "b" * 32

HOLD = """
import sys
from pathlib import Path
from gateway.audit.liveness import WriterLocks
WriterLocks(Path(sys.argv[1])).hold(sys.argv[2])
print("held", flush=True)
sys.stdin.read()
"""


def test_held_is_alive_and_released_is_not(tmp_path: Path):
    mine, other = WriterLocks(tmp_path / "audit.db"), WriterLocks(tmp_path / "audit.db")
    assert not other.is_alive(ME)
    mine.hold(ME)
    assert other.is_alive(ME)
    other.sweep()
    assert other.is_alive(ME)
    mine.release(ME)
    mine.release(ME)
    assert not other.is_alive(ME)
    assert list(mine.folder.iterdir()) == []


def test_a_killed_process_is_dead(tmp_path: Path):
    locks = WriterLocks(tmp_path / "audit.db")
    command = [sys.executable, "-c", HOLD, str(tmp_path / "audit.db"), OTHER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        assert locks.is_alive(OTHER)
        process.send_signal(signal.SIGKILL)
    assert not locks.is_alive(OTHER)
    assert len(list(locks.folder.iterdir())) == 1
    locks.sweep()
    assert list(locks.folder.iterdir()) == []


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 32, "a" * 31])
def test_a_writer_id_is_no_path(tmp_path: Path, name: str):
    with pytest.raises(OSError, match="32 hexadecimal"):
        WriterLocks(tmp_path / "audit.db").is_alive(name)


def test_only_the_owner_may_read_the_locks(tmp_path: Path):
    locks = WriterLocks(tmp_path / "audit.db")
    locks.hold(ME)
    assert locks.folder.stat().st_mode & 0o077 == 0
    locks.release(ME)
