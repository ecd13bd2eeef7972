"""The runtime of the models keeps to itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
HOLDING = """
import os
from gateway.detection.tagger import runtime
names = {os.readlink(f"/proc/self/fd/{one}") for one in os.listdir("/proc/self/fd")
         if os.path.exists(f"/proc/self/fd/{one}")} if os.path.isdir("/proc/self/fd") else set()
print([name for name in names if "onnxruntime" in name or name.startswith("socket:")])
"""


def test_it_sends_nothing_and_leaves_nothing(tmp_path: Path):
    """No identifier of the machine, no cache of events, no connection.

    The environment is bare: on a build server the runtime would be silent by itself.
    """
    done = subprocess.run(
        [sys.executable, "-c", HOLDING],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": str(tmp_path),
            "XDG_CACHE_HOME": str(tmp_path),
            "TMPDIR": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr
    assert list(tmp_path.iterdir()) == []
