"""`cloakroom trace` through a real vLLM: its tokens, and what else the model could have said."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from gateway.cli.trace import app
from gateway.tracing.tokenizer import Encode
from tests.vllm.servers import KEY, Vllm, run_python

pytestmark = pytest.mark.vllm

TEXT = "Write to anna.schneider@example.com, please."
CONFIG = """\
version: 1
upstreams:
  - {{name: home, kind: vllm, class: on_prem, models: [tiny], replicas: ["{url}"],
     api_key: {key}}}
"""


CUT = """\
import json, pathlib, sys
from gateway.tracing.tokenizer import open_tokenizer
print(json.dumps(open_tokenizer(pathlib.Path(sys.argv[1]))(sys.stdin.read())))
"""


def cut_there(folder: Path) -> Encode:
    """The tokenizer of a model's folder, in vLLM's environment, which has the library."""

    def encode(text: str) -> list[tuple[int, int, int]]:
        return [tuple(one) for one in orjson.loads(run_python("-c", CUT, str(folder), given=text))]

    return encode


def test_every_token_is_shown(decoder: Vllm, tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gateway.cli.trace.open_tokenizer", cut_there)
    monkeypatch.setattr("gateway.cli.trace.telemetry.install", lambda **_: None)
    config = tmp_path / "cloakroom.yaml"
    config.write_text(CONFIG.format(url=f"{decoder.url}/v1", key=KEY))
    asked = {
        "model": "tiny", "max_tokens": 8, "messages": [{"role": "user", "content": TEXT}],
    }  # fmt: skip
    options = ["--json", "--config", str(config), "--tokenizer", str(decoder.model)]
    done = CliRunner().invoke(app, options, input=orjson.dumps(asked).decode())
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
    (cut,) = seen["cuts"]
    assert "".join(one["text"] for one in cut["before"]) == TEXT
    written = [one["text"] for one in cut["before"] if one["of"]]
    assert len(written) > 3
    assert "anna.schneider@example.com" in "".join(written)
    assert seen["same_tokenizer"]
    served = [one["number"] for one in seen["tokens"] if one["of"]]
    assert [one["number"] for one in cut["after"] if one["of"]] == served
    assert seen["usage"]["answer tokens"] == len(seen["said"])
    assert seen["route"]["served by"] == "home"
