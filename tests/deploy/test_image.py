"""The image, built by the Containerfile's own commands and run as it says: see `image.py`."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.audit.signing import make_signing_keys
from gateway.identity.keys import add_key
from tests.deploy import image
from tests.deploy.containerfile import FILE

BASE = os.environ.get("IMAGE_BASE", "")
WHEELS = os.environ.get("IMAGE_WHEELS", "")
pytestmark = [
    pytest.mark.rolling,
    pytest.mark.skipif(not (BASE and WHEELS), reason="no root to build in: make test-container"),
]
USER = 10001
PATIENCE_S = 120.0
RETRIES = 20
CONFIG = """
version: 1
listen: {host: 127.0.0.1, port: 0}
auth: {mode: keys, keys_file: /run/secrets/cloakroom/keys.yaml}
upstreams: [{name: loopback, kind: loopback, class: on_prem}]
audit:
  url: sqlite:////var/lib/cloakroom/cloakroom.db
  signing_key_file: /run/secrets/cloakroom/signing.key
secrets: {master_key: "${file:/run/secrets/cloakroom/master.key}"}
"""


@pytest.fixture(scope="module")
def built() -> Iterator[image.Stage]:
    folder = Path(tempfile.mkdtemp(dir=os.environ.get("IMAGE_FOLDER")))
    folder.chmod(0o755)
    stage = image.build(Path(BASE), Path(WHEELS), folder)
    for name in ("run/secrets/cloakroom", "var/lib/evidence"):  # as an engine makes what it mounts
        (stage.root / name).mkdir(parents=True)
    yield stage
    shutil.rmtree(folder)


class Pod:
    """Folders as Kubernetes mounts them, and commands that run with them."""

    def __init__(self, stage: image.Stage, folder: Path) -> None:
        self.stage = stage
        self.state, self.tmp = folder / "state", folder / "tmp"
        self.evidence = folder / "evidence"
        self.config, self.secrets = folder / "config", folder / "secrets"
        for one in (self.state, self.tmp, self.evidence, self.config, self.secrets):
            one.mkdir()
        for one in (self.state, self.evidence):
            os.chown(one, USER, USER)
        self.tmp.chmod(0o1777)
        (self.config / "cloakroom.yaml").write_text(CONFIG, encoding="utf-8")
        (self.secrets / "master.key").write_text("00" * 32)
        make_signing_keys(self.secrets / "signing.key")
        self.key = add_key(self.secrets / "keys.yaml", bytes(32), "app", "acme", []).text
        for file in self.secrets.iterdir():
            os.chown(file, 0, USER)
            file.chmod(0o440)

    def start(self, *command: str, **environ: str):  # -> a context manager with the process
        writable = {
            "/var/lib/cloakroom": self.state, "/tmp": self.tmp, "/var/lib/evidence": self.evidence,
        }  # fmt: skip
        readable = {"/etc/cloakroom": self.config, "/run/secrets/cloakroom": self.secrets}
        return image.running(self.stage, list(command), writable, readable, environ)

    def run(self, *command: str, **environ: str) -> tuple[int, str]:
        with self.start(*command, **environ) as process:
            out, err = process.communicate(timeout=PATIENCE_S)
            return process.returncode, out + err

    def written(self) -> dict[str, set[str]]:
        folders = {"state": self.state, "tmp": self.tmp}
        return {
            name: {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
            for name, folder in folders.items()
        }


@pytest.fixture
def pod(built: image.Stage, tmp_path: Path) -> Pod:
    return Pod(built, tmp_path)


def test_the_same_sources_give_the_same_wheel_to_the_byte(built: image.Stage, tmp_path: Path):
    source = built.root.parent / "build" / "source"
    (theirs,) = (source / "dist").glob("*.whl")
    (epoch,) = re.findall(r"SOURCE_DATE_EPOCH=(\d+)", FILE.read_text(encoding="utf-8"))
    # Elsewhere, by another user's hatchling, with files that were touched since.
    again = tmp_path / "again"
    shutil.copytree(source, again, copy_function=shutil.copy, ignore=lambda *_: {"dist"})
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=again, env={**os.environ, "SOURCE_DATE_EPOCH": epoch, "TZ": "Asia/Tokyo"},
        umask=0o077, check=True, capture_output=True,
    )  # fmt: skip
    (ours,) = tmp_path.glob("*.whl")
    assert (
        hashlib.sha256(ours.read_bytes()).digest() == hashlib.sha256(theirs.read_bytes()).digest()
    )
    with zipfile.ZipFile(theirs) as wheel:
        for name in wheel.namelist():
            if name.startswith("gateway/") and not name.startswith("gateway/shipped_policies/"):
                assert wheel.read(name) == (source / name).read_bytes(), name


def test_the_environment_has_no_installer_and_nothing_of_the_build(built: image.Stage):
    (packages,) = (built.root / "opt" / "cloakroom" / "lib").glob("python3.*/site-packages")
    names = {path.name for path in packages.iterdir()}
    assert {"gateway", "onnxruntime", "opentelemetry"} <= names
    assert not {"pip", "wheel", "hatchling"} & names
    assert not list((built.root / "opt" / "cloakroom" / "bin").glob("pip*"))


def test_nothing_that_is_mounted_can_be_written_but_what_is_said(pod: Pod):
    places = "/opt/cloakroom/x /etc/cloakroom/x /run/secrets/cloakroom/x /etc/x /usr/x /x"
    code, _ = pod.run("sh", "-c", f"for f in {places}; do touch $f 2>/dev/null && exit 9; done; :")
    assert code == 0
    code, said = pod.run("sh", "-c", "id -u; touch /tmp/x /var/lib/cloakroom/x && echo written")
    assert said.split() == [str(USER), "written"]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_it_serves_as_nobody_special_on_a_read_only_root(pod: Pod, workers: str):
    with pod.start("cloakroom", "serve", "--json", "--workers", workers) as process:
        url = listening(process)
        health = ["/opt/cloakroom/bin/python", "-I", "/opt/cloakroom/health.py"]
        asked = [pod.run(*health, CLOAKROOM_HEALTH_URL=f"{url}/readyz")[0]]
        while asked[-1] != 0 and len(asked) < RETRIES:  # a worker may still be reading its models
            asked += [pod.run(*health, CLOAKROOM_HEALTH_URL=f"{url}/readyz")[0]]
        assert asked[-1] == 0
        body = {"model": "m", "messages": [{"role": "user", "content": "I am anna@example.com"}]}
        request = urllib.request.Request(
            f"{url}/v1/chat/completions", json.dumps(body).encode(),
            {"authorization": f"Bearer {pod.key}", "content-type": "application/json"},
        )  # fmt: skip
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            assert b"anna@example.com" in answer.read()
        process.terminate()
        assert process.wait(PATIENCE_S) == 0
    written = pod.written()
    assert {name.split("-")[0] for name in written["state"]} == {"cloakroom.db"}
    assert written["tmp"] == set()


def listening(process: subprocess.Popen[str]) -> str:
    said = ""
    assert process.stdout is not None
    for line in process.stdout:
        said += line
        if line.startswith("}"):
            return str(json.loads(said)["url"])
    raise AssertionError(said + (process.stderr.read() if process.stderr else ""))


def test_the_canary_of_helm_test_does_not_come_out(pod: Pod):
    program = ["/opt/cloakroom/bin/python", "-I", "/opt/cloakroom/canary.py"]
    code, said = pod.run(*program, "--config", "/etc/cloakroom/cloakroom.yaml")
    assert code == 0, said
    assert "the model was sent placeholders alone" in said


def test_the_jobs_of_the_chart_do_their_work(pod: Pod):
    code, said = pod.run("cloakroom", "audit", "migrate")
    assert code == 0, said
    code, said = pod.run("cloakroom", "audit", "prune")
    assert code == 0, said
    code, said = pod.run(
        "/opt/cloakroom/bin/python", "-I", "/opt/cloakroom/evidence.py", "/var/lib/evidence"
    )
    assert code == 0, said
    (pack,) = pod.evidence.iterdir()
    assert (pack / "verify.py").is_file()


def test_the_start_says_what_is_wrong_and_ends(pod: Pod):
    (pod.config / "cloakroom.yaml").write_text("version: 1\nbogus: 1\n", encoding="utf-8")
    code, said = pod.run("cloakroom", "serve")
    assert code != 0
    assert "bogus" in said
