"""What is in the wheel, and what is not."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from email.parser import HeaderParser
from pathlib import Path

import pytest

from gateway.version import __version__

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("dist")
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr.decode()
    (path,) = folder.iterdir()
    return zipfile.ZipFile(path)


def test_the_package_is_complete(wheel: zipfile.ZipFile):
    names = set(wheel.namelist())
    sources = {path.relative_to(ROOT).as_posix() for path in (ROOT / "gateway").rglob("*.py")}
    assert sources <= names
    assert len(sources) > 20


def test_the_policies_are_shipped(wheel: zipfile.ZipFile):
    shipped = {name for name in wheel.namelist() if name.startswith("gateway/shipped_policies/")}
    here = {path.name for path in (ROOT / "policies").glob("*.yaml")}
    assert here
    assert {f"gateway/shipped_policies/{name}" for name in here} <= shipped


def test_nothing_else_is_shipped(wheel: zipfile.ZipFile):
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert tops == {"gateway", f"cloakroom-{__version__}.dist-info"}
    for name in wheel.namelist():
        assert not name.endswith((".key", ".db", ".pem", ".pyc")), name
        assert "conftest" not in name


def test_the_metadata(wheel: zipfile.ZipFile):
    text = wheel.read(f"cloakroom-{__version__}.dist-info/METADATA").decode()
    metadata = HeaderParser().parsestr(text)
    assert metadata["Name"] == "cloakroom"
    assert metadata["Version"] == __version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == "<3.14,>=3.11"
    entry_points = wheel.read(f"cloakroom-{__version__}.dist-info/entry_points.txt").decode()
    assert "cloakroom = gateway.cli.main:main" in entry_points


def test_the_licence_is_the_apache_licence(wheel: zipfile.ZipFile):
    text = wheel.read(f"cloakroom-{__version__}.dist-info/licenses/LICENSE").decode()
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text
