"""Keys end to end: two tenants, no key, a revoked key, and a look-alike from somebody else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.e2e.world import ROOT, Gateway, running, wait_until

MORE = "auth: {mode: keys, keys_file: keys.yaml}\n"
TEXT = "Mail zoe@example.com"


def cloakroom(gateway: Gateway, *arguments: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "gateway", *arguments, "--json", "--config", str(gateway.config)],
        capture_output=True,
        check=True,
        cwd=gateway.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    return json.loads(done.stdout)


def chat(text: str = TEXT) -> bytes:
    return json.dumps({"model": "echo", "messages": [{"role": "user", "content": text}]}).encode()


def test_keys(tmp_path: Path) -> None:
    """Who has no valid key gets nothing; tenants do not share placeholders."""
    (tmp_path / "keys.yaml").write_text("version: 1\nkeys: []\n")
    with running(tmp_path, more=MORE) as (gateway, model):
        keys = [
            cloakroom(gateway, "apikeys", "add", "--tenant", tenant, "--id", tenant)["key"]
            for tenant in ("acme", "bolt")
        ]
        headers = [{"authorization": f"Bearer {key}"} for key in keys]
        wait_until(lambda: gateway.post(chat(), headers[1])[0] == 200, "the keys to be known")
        for path in ("/v1/models", "/v1/chat/completions"):
            method = "GET" if path.endswith("models") else "POST"
            status, text, _ = gateway.send(method, path, chat() if method == "POST" else None)
            assert (status, json.loads(text)["error"]["code"]) == (401, "invalid_api_key")
        model.received.clear()
        for header in headers:
            status, text, _ = gateway.post(chat(), header)
            assert json.loads(text)["choices"][0]["message"]["content"] == TEXT
        placeholders = [body["messages"][0]["content"].split()[-1] for body in model.bodies]
        assert placeholders[0] != placeholders[1]

        # A placeholder of one tenant is inert text for the other: it comes back verbatim.
        stolen = f"What is {placeholders[0]}?"
        status, text, _ = gateway.post(chat(stolen), headers[1])
        assert json.loads(text)["choices"][0]["message"]["content"] == stolen

        cloakroom(gateway, "apikeys", "revoke", "acme")
        wait_until(lambda: gateway.post(chat(), headers[0])[0] == 401, "the key to be revoked")
        assert gateway.post(chat(), headers[1])[0] == 200
        types = [record["type"] for record in gateway.records()]
        assert types.count("apikey.created") == 2
        assert types.count("apikey.revoked") == 1
        tenants = {r["tenant"] for r in gateway.records() if r["type"] == "request.accepted"}
        assert tenants == {"acme", "bolt"}
        for path in tmp_path.iterdir():
            if path.is_file():
                assert keys[0].split("_", 2)[2] not in path.read_bytes().decode("utf-8", "replace")
