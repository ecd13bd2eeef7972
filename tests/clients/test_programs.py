"""Programs written for a provider run unchanged: the address of the API is all that is set.

Each is a process of its own, with its own client, before a gateway and a server that remembers.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.clients.expected import EXPECTED, RESULT
from tests.e2e.echo_server import serving
from tests.e2e.test_openai_sdk import PLANTED, TEXT
from tests.e2e.world import Gateway

pytestmark = pytest.mark.clients

HERE = Path(__file__).parent
CONFIG = """\
version: 1
policies: [ours.yaml]
upstreams:
  - name: cloud
    kind: openai
    class: external
    base_url: "http://127.0.0.1:{port}/v1"
    api_key: upstream-key
    models: [gpt-5.2]
    families: [chat, responses, completions]
  - name: claude
    kind: anthropic
    class: external
    base_url: "http://127.0.0.1:{port}"
    api_key: upstream-key
    models: [claude-sonnet-4-6]
  - name: vectors
    kind: openai
    class: on_prem
    base_url: "http://127.0.0.1:{port}/v1"
    api_key: upstream-key
    models: [text-embedding-3-small]
    families: [embeddings]
  - name: keeping
    kind: loopback
    class: on_prem
    models: [our-model]
audit: {{url: "sqlite:///audit.db"}}
"""
POLICY = """\
version: 1
id: ours
handling: {provider_state: on_prem_only}
rules:
  - {name: everything, effect: mask}
"""
Told = dict[str, Any]


def runner(program: str) -> str:
    """What runs a program of that name."""
    if program.startswith("js/"):
        node = shutil.which("node")
        assert node, "no node: install Node.js 20 or newer, with npm"
        assert (HERE / "js" / "node_modules").is_dir(), "no clients: run make test-clients"
        return node
    python = os.environ.get("CLIENTS_PYTHON")
    assert python, "CLIENTS_PYTHON names no python: run make test-clients"
    return python


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Told]]:
    """Runs a program, once, and gives what it told; nothing planted has reached the server."""
    with serving() as server:
        folder = tmp_path_factory.mktemp("clients")
        (folder / "ours.yaml").write_text(POLICY)
        gateway = Gateway(folder, CONFIG.format(port=server.port))
        set_ = {
            "OPENAI_BASE_URL": f"{gateway.url}/v1",
            "OPENAI_API_KEY": "any",
            "ANTHROPIC_BASE_URL": gateway.url,
            "ANTHROPIC_API_KEY": "any",
        }

        @cache
        def ran(program: str) -> tuple[subprocess.CompletedProcess[bytes], str]:
            server.received.clear()
            done = subprocess.run(
                [runner(program), str(HERE / program)],
                input=json.dumps({"text": TEXT, "result": RESULT}).encode(),
                env={**os.environ, **set_},
                capture_output=True,
                check=False,
                timeout=300,
            )
            return done, server.text

        def run(program: str) -> Told:
            done, received = ran(program)
            assert done.returncode == 0, done.stderr.decode()
            assert received
            assert not any(value in received for value in PLANTED)
            lines = done.stdout.decode().splitlines()
            return {name: value for line in lines for name, value in json.loads(line).items()}

        try:
            gateway.start()
            yield run
            log = gateway.log.read_text()
            assert not any(value in log for value in PLANTED)
        finally:
            gateway.stop()


@pytest.mark.parametrize("program", EXPECTED)
def test_all_is_told(told: Callable[[str], Told], program: str) -> None:
    """No feature is lost, and none is told that nothing is expected of."""
    assert list(told(program)) == list(EXPECTED[program])


@pytest.mark.parametrize(
    ("program", "feature"),
    [(program, feature) for program, features in EXPECTED.items() for feature in features],
)
def test_a_feature(told: Callable[[str], Told], program: str, feature: str) -> None:
    """Answers come back restored byte for byte, in the client's own types."""
    assert told(program)[feature] == EXPECTED[program][feature]
