"""What the Containerfile promises, read off it, and the health check that it names."""

from __future__ import annotations

import http.server
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.deploy.containerfile import FILE, ROOT, copied, ignores, instructions, stages

BUILD, FINAL = stages(FILE.read_text(encoding="utf-8"))
IGNORED = FILE.with_name("Containerfile.dockerignore").read_text(encoding="utf-8")
HEALTH = ROOT / "deploy" / "container" / "health.py"


def test_both_stages_have_the_same_base_whose_digest_can_be_named():
    assert {instructions(stage, "FROM")[0].split()[0] for stage in (BUILD, FINAL)} == {"${PYTHON}"}
    (default,) = re.findall(r"^ARG PYTHON=(\S+)$", FILE.read_text(encoding="utf-8"), re.MULTILINE)
    assert re.fullmatch(r"docker\.io/library/python:3\.\d+-slim-[a-z]+", default)


def test_the_last_stage_runs_as_a_user_that_is_not_root_and_has_a_number():
    assert instructions(FINAL, "USER") == ["10001:10001"]
    assert [one.name for one in FINAL].index("USER") > [one.name for one in FINAL].index("RUN")


def test_every_install_from_an_index_wants_hashes_and_compiles_nothing():
    installs = [
        command
        for text in instructions(BUILD, "RUN")
        for command in re.split(r"&&", text)
        if " install " in command
    ]
    assert len(installs) == 3
    for command in installs:
        locked = "--require-hashes" in command and "--only-binary=:all:" in command
        assert locked or "--no-index" in command, command
        assert "--no-deps" in command


def test_the_last_stage_installs_nothing_and_drops_the_installers():
    commands = " ".join(instructions(FINAL, "RUN"))
    assert " install --" not in commands.replace("install -d", "")
    assert not re.search(r"\b(apt|apt-get|apk|curl|wget|gcc|make)\b", commands)
    assert "pip uninstall --quiet --yes --root-user-action=ignore setuptools wheel pip" in commands


def test_the_last_stage_takes_over_the_environment_alone():
    assert instructions(FINAL, "COPY") == ["--from=build /opt/cloakroom /opt/cloakroom"]
    assert not instructions(FINAL, "ADD")
    assert "python -m venv --without-pip /opt/cloakroom" in " ".join(instructions(BUILD, "RUN"))


def test_the_telemetry_of_the_onnx_runtime_is_off():
    assert "ORT_DISABLE_TELEMETRY=1" in " ".join(instructions(FINAL, "ENV")).split()


def test_what_is_copied_is_there_and_is_not_ignored():
    sources = copied(BUILD)
    assert {"gateway", "policies", "deploy/container/requirements.txt"} <= set(sources)
    for source in sources:
        assert (ROOT / source).exists(), source
        assert not ignores(IGNORED, source), source


@pytest.mark.parametrize(
    "path",
    [
        ".git/config", ".venv/bin/python", "tests/fakes.py", "cloakroom.key", "cloakroom.db",
        "gateway/cloakroom.db-wal", "policies/master.key", "gateway/__pycache__/app.pyc",
        "deploy/compose/secrets/master.key", "helm/cloakroom/values.yaml", "gateway/tls.pem",
    ],
)  # fmt: skip
def test_what_is_not_needed_stays_out_of_the_build(path: str):
    assert ignores(IGNORED, path)


def test_nothing_else_says_what_is_ignored():
    # Docker and Podman look beside the Containerfile first, then at the top.
    assert not {".containerignore", ".dockerignore"} & {path.name for path in ROOT.iterdir()}


def locked(path: str) -> dict[str, str]:
    """The packages of a lock, with their versions; each has hashes."""
    text = (ROOT / path).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[a-z0-9])", text)[1:]
    assert all("--hash=sha256:" in entry for entry in entries)
    return dict(re.findall(r"^([a-z0-9.-]+)(?:\[[a-z,]+\])?==(\S+)", text, re.MULTILINE))


def test_what_builds_the_wheel_has_the_versions_that_the_tests_have():
    built = locked("deploy/container/build.txt")
    assert "hatchling" in built
    assert built.items() <= locked("requirements-dev.lock").items()


def test_the_image_has_what_an_install_has_and_the_exporter_of_spans():
    image, install = locked("deploy/container/requirements.txt"), locked("requirements.lock")
    assert install.items() <= image.items()
    assert image.items() <= locked("requirements-dev.lock").items()
    assert "opentelemetry-exporter-otlp-proto-http" in image.keys() - install.keys()


# --- the health check -----------------------------------------------------------------------------


@contextmanager
def answering(status: int) -> Iterator[int]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/readyz" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def health(url: str) -> int:
    environ = {"CLOAKROOM_HEALTH_URL": url, "http_proxy": "http://127.0.0.1:1"}
    command = [sys.executable, "-I", str(HEALTH)]
    return subprocess.run(command, env=environ, check=False, timeout=120).returncode


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1), (404, 1), (301, 1)])
def test_only_a_gateway_that_is_ready_is_healthy(status: int, code: int):
    with answering(status) as port:
        assert health(f"http://127.0.0.1:{port}/readyz") == code


def test_nobody_who_answers_is_not_healthy():
    with answering(200) as port:
        pass
    assert health(f"http://127.0.0.1:{port}/readyz") == 1


def test_the_image_asks_by_that_file():
    (check,) = instructions(FINAL, "HEALTHCHECK")
    assert '"/opt/cloakroom/health.py"' in check


def test_every_program_of_the_folder_is_in_the_image():
    (words,) = (text.split() for text in instructions(BUILD, "COPY") if "health.py" in text)
    assert words[-1] == "/opt/cloakroom/"
    assert {ROOT / word for word in words[:-1]} == set(HEALTH.parent.glob("*.py"))
