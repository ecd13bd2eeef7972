"""Who may read a file of keys, and who does."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from gateway.audit.signing import make_signing_keys
from gateway.keyfiles import is_exposed
from tests.deploy.containerfile import ROOT

SERVICE, OWN_GROUP = 10001, 10002


def file(mode: int, user: int, group: int) -> os.stat_result:
    return os.stat_result((0o100000 | mode, 1, 1, 1, user, group, 0, 0, 0, 0))


@pytest.mark.parametrize(
    ("mode", "owner", "group", "exposed"),
    [
        # its own
        (0o600, SERVICE, OWN_GROUP, False),
        (0o400, SERVICE, OWN_GROUP, False),
        (0o400, 0, 0, False),
        # lent by root, to be read
        (0o440, 0, OWN_GROUP, False),
        (0o640, 0, OWN_GROUP, False),
        # open by mistake
        (0o440, SERVICE, OWN_GROUP, True),
        (0o640, SERVICE, OWN_GROUP, True),
        (0o440, 4711, OWN_GROUP, True),
        (0o440, 0, 0, True),
        (0o440, 0, 4711, True),
        (0o460, 0, OWN_GROUP, True),
        (0o450, 0, OWN_GROUP, True),
        (0o444, 0, OWN_GROUP, True),
        (0o404, 0, OWN_GROUP, True),
        (0o644, 0, OWN_GROUP, True),
        (0o602, SERVICE, OWN_GROUP, True),
    ],
)
def test_root_alone_lends_a_file_and_only_to_a_group_of_the_process(
    mode: int, owner: int, group: int, exposed: bool
):
    assert is_exposed(file(mode, owner, group), SERVICE, {SERVICE, OWN_GROUP, 0}) is exposed


def test_root_itself_borrows_nothing():
    assert is_exposed(file(0o440, 0, OWN_GROUP), 0, {0, OWN_GROUP})


# The modules are read before the user changes: others may not read the checkout.
AS_A_SERVICE = f"""
import os, sys
from pathlib import Path
from gateway.audit.signing import load_signing_keys
from gateway.errors import ConfigError
os.setgroups([{OWN_GROUP}]), os.setgid({SERVICE}), os.setuid({SERVICE})
try:
    load_signing_keys(Path(sys.argv[1]))
except ConfigError:
    sys.exit(7)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
@pytest.mark.parametrize(("mode", "code"), [(0o440, 0), (0o444, 7)])
def test_signing_keys_of_a_secret_are_read_where_they_are(mode: int, code: int):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = Path(folder) / "signing.key"
        make_signing_keys(path)
        os.chown(path, 0, OWN_GROUP)
        path.chmod(mode)
        command = [sys.executable, "-c", AS_A_SERVICE, str(path)]
        assert subprocess.run(command, cwd=ROOT, check=False, timeout=120).returncode == code
