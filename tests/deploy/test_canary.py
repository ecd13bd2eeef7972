"""The canary of `helm test`, against real gateways: they mask, refuse, or leak."""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from gateway.identity.keys import add_key
from tests.deploy.containerfile import ROOT

FILE = ROOT / "deploy" / "container" / "canary.py"
_spec = importlib.util.spec_from_file_location("canary", FILE)
assert _spec is not None
assert _spec.loader is not None
canary = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(canary)

MASKS = "{name: rest, effect: mask}"
REFUSES = "{name: none, effect: deny, reason: Nothing leaves.}"
LEAKS = "{name: open, effect: mask, operators: {EMAIL_ADDRESS: keep}}"
VALUE = "canary.a1b2c3d4e5f6@example.org"


# --- what it looks for ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "found"),
    [
        (b'{"content": "write to <EMAIL_ADDRESS_7K2QX9>"}', []),
        (VALUE.encode(), ["as it is", "without spaces"]),
        (VALUE.upper().encode(), ["as it is", "without spaces"]),
        (b"GET /?q=" + quote(VALUE, safe="").encode(), ["percent-encoded"]),
        (VALUE.encode().hex().encode(), ["in hexadecimal"]),
        (VALUE[::-1].encode(), ["backwards"]),
        (base64.b64encode(b"x: " + VALUE.encode() + b"."), ["in base64"]),
        (base64.b64encode(b"xy: " + VALUE.encode()), ["in base64"]),
        (base64.b64encode(b"xyz: " + VALUE.encode()), ["in base64"]),
    ],
)
def test_a_value_is_found_in_other_forms_too(seen: bytes, found: list[str]):
    assert canary.traces(VALUE, seen) == found


def test_no_two_canaries_are_alike():
    assert len({canary.canaries()[0] for _ in range(20)}) == 20


def test_what_decides_of_masking_is_that_of_the_release(tmp_path: Path):
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "ours.yaml").write_text("", encoding="utf-8")
    config = {
        "policies": ["gdpr", "policies/ours.yaml"],
        "detection": {"profile": "accurate"},
        "upstreams": [{"name": "cloud", "api_key": "${file:/run/secrets/key}"}],
        "auth": {"mode": "keys"},
        "secrets": {"master_key": "${file:/run/secrets/master.key}"},
        "audit": {"url": "postgresql://cloakroom_gateway@db/cloakroom"},
    }
    made = canary.scratch(config, tmp_path, 4711, tmp_path / "scratch")
    assert made["policies"] == ["gdpr", str(tmp_path / "policies" / "ours.yaml")]
    assert made["detection"] == config["detection"]
    assert made["upstreams"][0]["class"] == "external"
    assert made["audit"] == {"url": f"sqlite:///{tmp_path}/scratch/scratch.db"}
    assert not {"auth", "secrets", "listen"} & set(made)


# --- with gateways --------------------------------------------------------------------------------


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(FILE), *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


def written(folder: Path, rule: str, rest: str = "") -> Path:
    policy = folder / "policies" / "ours.yaml"
    policy.parent.mkdir()
    policy.write_text(f"version: 1\nid: ours\nrules: [{rule}]\n", encoding="utf-8")
    path = folder / "cloakroom.yaml"
    path.write_text(f"version: 1\npolicies: [policies/ours.yaml]\n{rest}", encoding="utf-8")
    return path


@pytest.mark.rolling
@pytest.mark.parametrize(
    ("rule", "code", "said"),
    [
        (MASKS, 0, "stream: the model was sent placeholders alone; all came back to the caller"),
        (REFUSES, 0, "stream: policy refused it (policy_denied); the model was sent nothing"),
        (LEAKS, 1, "IT CAME OUT: the model was sent the canary as it is"),
        ("{name: wrong}", 2, "cannot tell: a gateway does not start with this configuration"),
    ],
)
def test_a_gateway_with_the_policies_of_a_release(tmp_path: Path, rule: str, code: int, said: str):
    done = run("--config", str(written(tmp_path, rule)))
    assert said in done.stdout + done.stderr
    assert done.returncode == code


@contextmanager
def serving(config: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "gateway", "serve", "--port", "0", "--config", str(config)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        (address,) = re.findall(r"listens on (\S+)", process.stdout.readline())
        try:
            yield address
        finally:
            process.send_signal(signal.SIGTERM)


@pytest.mark.rolling
@pytest.mark.parametrize(("rule", "code"), [(MASKS, 0), (LEAKS, 1)])
def test_the_gateway_that_runs_and_its_callers_key(tmp_path: Path, rule: str, code: int):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "master.key").write_text("00" * 32)
    given = add_key(tmp_path / "keys.yaml", bytes(32), "canary", "canary", [])
    (tmp_path / "caller").write_text(given.text)
    upstream = {"name": "canary", "kind": "openai", "class": "on_prem", "models": [canary.MODEL]}
    rest = {
        "upstreams": [upstream | {"base_url": f"http://127.0.0.1:{port}/v1"}],
        "auth": {"mode": "keys", "keys_file": "keys.yaml"},
        "audit": {"url": f"sqlite:///{tmp_path}/log.db"},
        "secrets": {"master_key": "${file:master.key}"},
    }
    config = written(tmp_path, rule, "".join(f"{k}: {json.dumps(v)}\n" for k, v in rest.items()))
    with serving(config) as address:
        at = ["--gateway", address, "--port", str(port)]
        done = run(*at, CANARY_KEY_FILE=str(tmp_path / "caller"))
        assert done.returncode == code, done.stderr
        without_a_key = run(*at)
        assert without_a_key.returncode == 2
        assert "401" in without_a_key.stderr
    assert run(*at).returncode == 2  # nobody is there any more
    assert given.text not in done.stdout + done.stderr
