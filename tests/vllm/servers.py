"""Real vLLM servers on loopback, and a wire-tap between them and the gateway."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.e2e.world import ROOT, free_port

START_TIMEOUT_S = 400.0  # importing PyTorch and vLLM takes a minute of CPU, and more on a busy host
STOP_TIMEOUT_S = 60.0
KEY = "vllm-key"

# Privacy first; the rest makes a server of texts start quickly on a CPU, and in a container.
ENVIRONMENT = {
    "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1", "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1", "VLLM_LOGGING_LEVEL": "DEBUG", "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind", "VLLM_CPU_CI_ENV": "1", "TORCHDYNAMO_DISABLE": "1",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0", "OMP_NUM_THREADS": "1",
}  # fmt: skip
EVERY = (
    "--max-model-len", "{length}", "--enforce-eager", "--dtype", "float32",
    "--distributed-executor-backend", "uni", "--api-key", KEY,
)  # fmt: skip
DECODER = (
    *EVERY, "--load-format", "dummy", "--block-size", "32", "--enable-prompt-tokens-details",
    "--enable-auto-tool-choice", "--tool-call-parser", "hermes",
    # what an operator must not do: only so can a test see what would be in such a log
    "--enable-log-requests",
)  # fmt: skip
EMBEDDER = (*EVERY, "--load-format", "dummy", "--runner", "pooling", "--convert", "embed")
OPEN = {"VLLM_SERVER_DEV_MODE": "1", "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "1"}
"""What an operator must not do either: only so can a test see that `doctor` notices."""
CLASSIFIER = (*EVERY, "--runner", "pooling", "--load-format", "safetensors")


def run_python(*arguments: str, given: str = "") -> str:
    """Run the Python of vLLM's environment, which `VLLM_PYTHON` names; what it prints."""
    done = subprocess.run(
        [os.environ["VLLM_PYTHON"], *arguments],
        input=given.encode(),
        capture_output=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, **ENVIRONMENT, "VLLM_LOGGING_LEVEL": "ERROR"},
    )
    assert done.returncode == 0, done.stderr.decode()[-4_000:]
    return done.stdout.decode()


def make_models(folder: Path) -> None:
    """The folders `decoder` and `classifier`."""
    run_python("-m", "tests.vllm.make_model", str(folder))


class Vllm:
    """One server, a process of vLLM's environment."""

    def __init__(
        self,
        model: Path,
        name: str,
        options: tuple[str, ...],
        length: int,
        environment: Mapping[str, str] = ENVIRONMENT,
    ) -> None:
        self.name = name
        self.model = model
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = model.parent / f"{name}.log"
        self._options = [one.format(length=length) for one in options]
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin to start; `wait` tells when it is up."""
        command = [os.environ["VLLM_PYTHON"], "-m", "vllm.entrypoints.openai.api_server"]
        where = ["--host", "127.0.0.1", "--port", str(self.port)]
        what = ["--model", str(self.model), "--served-model-name", self.name]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [*command, *where, *what, *self._options],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.model.parent,
                env={**os.environ, **self._environment},
                start_new_session=True,
            )

    def wait(self) -> None:
        """Until it is up; the failure shows the end of its log."""
        process = self._process
        assert process is not None
        pause = threading.Event()
        for _ in range(int(START_TIMEOUT_S / 0.25)):
            assert process.poll() is None, self.told()[-4_000:]
            if self.is_up():
                return
            pause.wait(0.25)
        raise AssertionError(f"{self.name} is not up in time: {self.told()[-4_000:]}")

    def stop(self) -> None:
        """End it as an operator does; what does not end in time is killed."""
        process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait(STOP_TIMEOUT_S)

    def kill(self) -> None:
        """As a crash does it."""
        assert self._process is not None
        os.killpg(self._process.pid, 9)
        self._process.wait(STOP_TIMEOUT_S)

    def is_up(self) -> bool:
        try:
            return self.get("/health")[0] == 200
        except OSError:
            return False

    def told(self) -> str:
        """All that it has logged."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def get(self, path: str) -> tuple[int, bytes]:
        return self._ask(urllib.request.Request(self.url + path))

    def post(self, path: str, body: dict[str, Any]) -> tuple[int, bytes]:
        """As a client would without a gateway."""
        headers = {"content-type": "application/json", "authorization": f"Bearer {KEY}"}
        return self._ask(
            urllib.request.Request(self.url + path, json.dumps(body).encode(), headers)
        )

    def metric(self, name: str) -> float:
        """The sum of a metric over its labels."""
        text = self.get("/metrics")[1].decode()
        lines = re.findall(rf"^{re.escape(name)}(?:{{[^}}]*}})? (\S+)$", text, re.MULTILINE)
        assert lines, f"there is no {name}"
        return sum(map(float, lines))

    def _ask(self, request: urllib.request.Request) -> tuple[int, bytes]:
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()


class Tap:
    """Hands bytes on in both directions, unread, and remembers those that went to the server."""

    def __init__(self, port: int) -> None:
        self.seen = bytearray()
        self._target = ("127.0.0.1", port)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        # closing alone does not wake a thread that waits in accept()
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join(120)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            server = socket.create_connection(self._target)
            for source, sink, keeps in ((client, server, True), (server, client, False)):
                arguments = (source, sink, keeps)
                threading.Thread(target=self._hand_on, args=arguments, daemon=True).start()

    def _hand_on(self, source: socket.socket, sink: socket.socket, keeps: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                if keeps:
                    self.seen += data
                sink.sendall(data)
        for one in (source, sink):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        if keeps:
            source.close()
            sink.close()
