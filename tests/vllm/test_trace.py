"""`cloakroom trace` through a real vLLM: its tokens, and what else the model could have said."""

from __future__ import annotations

import orjson
import pytest
from typer.testing import CliRunner

from gateway.cli.trace import app
from tests.vllm.servers import KEY, Vllm

pytestmark = pytest.mark.vllm

TEXT = "Write to anna.schneider@example.com, please."
CONFIG = """\
version: 1
upstreams:
  - {{name: home, kind: vllm, class: on_prem, models: [tiny], replicas: ["{url}"],
     api_key: {key}}}
"""


def test_every_token_is_shown(decoder: Vllm, tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gateway.cli.trace.telemetry.install", lambda **_: None)
    config = tmp_path / "cloakroom.yaml"
    config.write_text(CONFIG.format(url=f"{decoder.url}/v1", key=KEY))
    asked = {
        "model": "tiny", "max_tokens": 8, "messages": [{"role": "user", "content": TEXT}],
    }  # fmt: skip
    done = CliRunner().invoke(
        app, ["--json", "--config", str(config)], input=orjson.dumps(asked).decode()
    )
    assert done.exit_code == 0, done.output
    seen = orjson.loads(done.stdout)

    pieces = [one for one in seen["tokens"] if one["of"]]
    assert len(pieces) > 3
    assert "".join(one["text"] for one in pieces).strip().startswith("<EMAIL_ADDRESS_")
    assert all(isinstance(one["number"], int) for one in seen["tokens"])
    assert 1 <= len(seen["said"]) <= 8
    for one in seen["said"]:
        assert len(one["candidates"]) >= 5
        assert 0 < sum(each["probability"] for each in one["candidates"]) <= 1.001
    assert seen["usage"]["answer tokens"] == len(seen["said"])
    assert seen["route"]["served by"] == "home"
