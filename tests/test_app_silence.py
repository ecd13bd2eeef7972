"""What the framework would tell of requests by itself, to whatever listens in the process."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CANARY = "zoe-canary"

# A listener of the process, and requests with a canary wherever a framework could pick it up.
LISTENING = f"""
import os, sys
from opentelemetry import trace
from fastapi import FastAPI
from fastapi.testclient import TestClient
from gateway.app import create_app
from gateway.config import load

heard = []

class Span(trace.NonRecordingSpan):
    def __init__(self): super().__init__(trace.INVALID_SPAN_CONTEXT)
    def is_recording(self): return True
    def set_attribute(self, key, value): heard.append((key, value))
    def set_attributes(self, attributes): heard.extend(attributes.items())
    def update_name(self, name): heard.append(name)
    def record_exception(self, exception, *args, **kwargs): heard.append(str(exception))

class Tracer(trace.Tracer):
    def start_span(self, name, *args, attributes=None, **kwargs):
        heard.append((name, dict(attributes or {{}})))
        return Span()
    def start_as_current_span(self, name, *args, attributes=None, **kwargs):
        return trace.use_span(self.start_span(name, attributes=attributes))

class Provider(trace.TracerProvider):
    def get_tracer(self, *args, **kwargs): return Tracer()

trace.set_tracer_provider(Provider())
made = {{"ours": lambda: create_app(load(None, os.environ)), "plain": FastAPI}}[sys.argv[1]]
with TestClient(made(), raise_server_exceptions=False) as client:
    client.get("/v1/{CANARY}?q={CANARY}")
    body = {{"model": "{CANARY}", "messages": [{{"role": "user", "content": "{CANARY}"}}]}}
    client.post("/v1/chat/completions?q={CANARY}", json=body, headers={{"x-a": "{CANARY}"}})
print(len(heard), "{CANARY}" in repr(heard))
"""


@pytest.mark.parametrize(("app", "hears"), [("ours", "0 False"), ("plain", "True")])
def test_a_listener_of_the_process_hears_nothing_of_requests(tmp_path: Path, app: str, hears: str):
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "FASTAPI_OTEL_AUTO_CONFIGURE": "true"}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(LISTENING), app],
        cwd=tmp_path, env=environ, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith(hears)
