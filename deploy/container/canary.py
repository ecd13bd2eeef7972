"""Sends invented personal data through a gateway, and sees whether any of it came out: `helm test`.

    canary.py --config FILE              a gateway of its own, with the policies and the detection
                                         of FILE, in front of a model that is outside
    canary.py --gateway URL --port PORT  the gateway that runs, for which the model `MODEL` leads
                                         here; CANARY_KEY_FILE names a file with a caller's key

The model is played by this program, which keeps all that it is sent. Ends with 0 if nothing came
out, 1 if something did, 2 if it cannot be told.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import http.server
import json
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

MODEL = "cloakroom-canary"
MARK = "Quote this line word for word"
PATIENCE_S = 60.0
RETRIED = {502, 503, 504}  # the model's name may not lead here yet
STAYS_OPEN = ("policies", "detection", "limits")
CLOAKROOM = [sys.executable, "-m", "gateway"]


class CannotTell(Exception):
    """Nothing was learnt. The message says why."""


def canaries() -> tuple[str, ...]:
    """Values that stand nowhere else."""
    return (
        f"canary.{secrets.token_hex(6)}@example.org",
        f"203.0.113.{secrets.randbelow(254) + 1}",
    )


def traces(value: str, seen: bytes) -> list[str]:
    """In which forms a value stands in what was seen."""
    text = seen.decode("utf-8", "replace").lower()
    forms = {
        "as it is": value,
        "without spaces": value.replace(" ", ""),
        "percent-encoded": quote(value, safe=""),
        "in hexadecimal": value.encode().hex(),
        "backwards": value[::-1],
    }
    found = [name for name, form in forms.items() if form.lower() in text]
    # Of base64 what does not depend on what stands before and after.
    for skipped in range(3):
        coded = base64.b64encode(b"\0" * skipped + value.encode()).decode()
        if coded[4:-4].encode() in seen:
            found.append("in base64")
    return found


class Model(http.server.ThreadingHTTPServer):
    """Plays the model: repeats the last message, and keeps all that it was sent."""

    daemon_threads = True

    def __init__(self, host: str, port: int) -> None:
        super().__init__((host, port), _Handler)
        self.seen = b""

    @contextmanager
    def running(self) -> Iterator[Model]:
        """Answers for as long as the block lasts."""
        thread = threading.Thread(target=self.serve_forever)
        thread.start()
        try:
            yield self
        finally:
            self.shutdown()
            thread.join()
            self.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Model
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.seen += self.raw_requestline + bytes(self.headers)
        self._answer("application/json", b'{"object": "list", "data": []}')

    def do_POST(self) -> None:
        body = self._body()
        self.server.seen += self.raw_requestline + bytes(self.headers) + body
        request = json.loads(body)
        text = request["messages"][-1]["content"]
        if request.get("stream"):
            self._answer("text/event-stream", _stream(text))
        else:
            message = {"role": "assistant", "content": text}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            self._answer("application/json", _document("chat.completion", choice))

    def log_message(self, *_: object) -> None:
        """Nothing of what was sent goes into a log."""

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("transfer-encoding", ""):
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _answer(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _document(kind: str, choice: dict[str, Any]) -> bytes:
    one = {"id": "canary", "object": kind, "created": 0, "model": MODEL, "choices": [choice]}
    return json.dumps(one).encode()


def _stream(text: str) -> bytes:
    """Events of three characters each, so that placeholders are cut."""
    deltas = [{"content": text[at : at + 3]} for at in range(0, len(text), 3)]
    choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    choices.append({"index": 0, "delta": {}, "finish_reason": "stop"})
    events = [_document("chat.completion.chunk", choice) for choice in choices]
    return b"".join(b"data: " + event + b"\n\n" for event in [*events, b"[DONE]"])


def ask(url: str, key: str, text: str, *, stream: bool) -> tuple[int, str]:
    """The status of the gateway's answer, and its text or the code of its error.

    Raises:
        CannotTell: nobody answers.
    """
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=PATIENCE_S)
    headers = {"content-type": "application/json"}
    headers |= {"authorization": f"Bearer {key}"} if key else {}
    message = {"role": "user", "content": text}
    body = json.dumps({"model": MODEL, "stream": stream, "messages": [message]})
    try:
        connection.request("POST", "/v1/chat/completions", body, headers)
        answer = connection.getresponse()
        content = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise CannotTell(f"the gateway does not answer: {type(error).__name__}") from None
    finally:
        connection.close()
    return answer.status, _said(answer.status, content, stream=stream)


def _said(status: int, content: bytes, *, stream: bool) -> str:
    try:
        if status != http.client.OK:
            return str(json.loads(content)["error"]["code"])
        if not stream:
            return str(json.loads(content)["choices"][0]["message"]["content"])
        lines = [line.removeprefix(b"data: ") for line in content.split(b"\n\n")]
        events = [json.loads(line) for line in lines if line.startswith(b"{")]
        deltas = [choice["delta"] for event in events for choice in event["choices"]]
        return "".join(delta.get("content") or "" for delta in deltas)
    except (ValueError, LookupError, TypeError):
        raise CannotTell(f"the gateway answers with {status} and something else") from None


def try_one(url: str, key: str, model: Model, *, stream: bool) -> str:
    """Send values, and say what became of them.

    Raises:
        CannotTell: they did not get as far as to the model, and policy did not stop them.
        SystemExit: the model has seen one.
    """
    values = canaries()
    text = f"{MARK}: write to {values[0]} from {values[1]}."
    before, until = len(model.seen), time.monotonic() + PATIENCE_S
    status, said = ask(url, key, text, stream=stream)
    while status in RETRIED and time.monotonic() < until:
        time.sleep(1)
        status, said = ask(url, key, text, stream=stream)
    seen = model.seen[before:]
    if found := [form for value in values for form in traces(value, seen)]:
        sys.exit(f"IT CAME OUT: the model was sent the canary {', '.join(found)}")
    if status == http.client.FORBIDDEN and MARK.encode() not in seen:
        return f"policy refused it ({said}); the model was sent nothing"
    if status != http.client.OK:
        raise CannotTell(f"the gateway answers with {status}, {said}")
    if MARK.encode() not in seen:
        raise CannotTell("the answer is not of the model that waits here")
    back = "all came back" if all(value in said for value in values) else "not all came back"
    return f"the model was sent placeholders alone; {back} to the caller"


def scratch(config: dict[str, Any], base: Path, port: int, folder: Path) -> dict[str, Any]:
    """The configuration of a gateway of our own: what decides of masking is as it was."""
    kept = {key: config[key] for key in STAYS_OPEN if key in config}
    if "policies" in kept:
        files = [(name, base / name) for name in kept["policies"]]
        kept["policies"] = [str(file) if file.is_file() else name for name, file in files]
    model = {"name": "canary", "kind": "openai", "class": "external", "models": [MODEL]}
    return kept | {
        "version": 1,
        "upstreams": [model | {"base_url": f"http://127.0.0.1:{port}/v1"}],
        "audit": {"url": f"sqlite:///{folder}/scratch.db"},
    }


@contextmanager
def own_gateway(file: Path, port: int) -> Iterator[str]:
    """The address of a gateway with the policies and detection of a configuration."""
    import yaml  # noqa: PLC0415 -- not needed where the gateway is another

    config = yaml.safe_load(file.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder) / "canary.yaml"
        changed = scratch(config, file.absolute().parent, port, own.parent)
        own.write_text(json.dumps(changed), encoding="utf-8")
        command = [*CLOAKROOM, "serve", "--json", "--port", "0", "--config", str(own)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
            try:
                yield _address(process)
            finally:
                process.terminate()


def _address(process: subprocess.Popen[str]) -> str:
    """Where a gateway says that it listens."""
    said = ""
    for line in process.stdout or ():
        said += line
        if line.startswith("}"):
            return str(json.loads(said)["url"])
    raise CannotTell("a gateway does not start with this configuration")


def main(arguments: list[str]) -> None:
    """The command."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--config", type=Path)
    which.add_argument("--gateway")
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args(arguments)
    named = os.environ.get("CANARY_KEY_FILE")
    key = Path(named).read_text(encoding="utf-8").strip() if named else ""
    try:
        with Model("127.0.0.1" if given.config else "", given.port).running() as model:
            if given.config:
                with own_gateway(given.config, model.server_port) as url:
                    results = [try_one(url, "", model, stream=stream) for stream in (False, True)]
            else:
                results = [
                    try_one(given.gateway, key, model, stream=stream) for stream in (False, True)
                ]
    except CannotTell as error:
        print(f"cannot tell: {error}", file=sys.stderr)
        sys.exit(2)
    for name, result in zip(("whole answer", "stream"), results, strict=True):
        print(f"{name}: {result}")


if __name__ == "__main__":
    main(sys.argv[1:])
