"""A user's recognizers that are code, in a process of their own that can be stopped.

Code may block for ever, or hold the interpreter's lock in a runaway `re`, and then no thread of
this process would run again, not even the one that watches the clock. So such recognizers read in
a child process: when it takes too long it is killed and another one started. What it prints goes
nowhere, since careless code prints text.

Messages are JSON behind four bytes of length, on the child's standard input and output.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from gateway.detection.tokenclassifier import IncompleteRead
from gateway.detection.worker import PATIENCE_S, SLOWEST_RATE, time_left
from gateway.errors import ConfigError, Problem
from gateway.types import Span

LATE, FAILED = "late", "failed"
_MODULE = "gateway.detection.plugins.outside_process"
# A user's code may load the ONNX runtime, which calls its maker unless this is set before.
_ENVIRONMENT = {"PYTHONIOENCODING": "utf-8:backslashreplace", "ORT_DISABLE_TELEMETRY": "1"}
_START_S = 60.0
_HEADER_BYTES = 4

Text = tuple[str, Sequence[Span]]
"""A text and what classifiers found in it."""


class _Child:
    """One run of the child process."""

    def __init__(self, modules: Sequence[str]) -> None:
        path = os.pathsep.join(entry for entry in sys.path if entry)
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", _MODULE, *modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **_ENVIRONMENT, "PYTHONPATH": path},
        )
        if self._process.stdin is None or self._process.stdout is None:
            raise OSError("no pipes")
        self._in = self._process.stdin.fileno()
        self._out = self._process.stdout.fileno()
        os.set_blocking(self._in, False)
        os.set_blocking(self._out, False)

    def send(self, message: Any, deadline: float) -> None:
        """Raises `TimeoutError`, or `OSError` where the child has gone."""
        body = json.dumps(message).encode()
        left = memoryview(len(body).to_bytes(_HEADER_BYTES, "big") + body)
        while left:
            _wait(self._in, select.POLLOUT, deadline)
            left = left[os.write(self._in, left) :]

    def receive(self, deadline: float) -> Any:
        """Raises `TimeoutError`, `OSError` where the child has gone, `ValueError` for nonsense."""
        size = int.from_bytes(self._read(_HEADER_BYTES, deadline), "big")
        return json.loads(self._read(size, deadline))

    def _read(self, size: int, deadline: float) -> bytes:
        pieces = bytearray()
        while len(pieces) < size:
            _wait(self._out, select.POLLIN, deadline)
            piece = os.read(self._out, size - len(pieces))
            if not piece:
                raise OSError("the child process has gone")
            pieces += piece
        return bytes(pieces)

    def end(self) -> None:
        """Kill the process and let go of its pipes."""
        self._process.kill()
        with self._process:
            pass


def _wait(descriptor: int, event: int, deadline: float) -> None:
    poll = select.poll()
    poll.register(descriptor, event)
    left = deadline - time.monotonic()
    if left <= 0 or not poll.poll(left * 1000):
        raise TimeoutError


class OutsideRecognizers:
    """The recognizers of some modules, and of installed packages, read in a child process."""

    def __init__(self, modules: Sequence[str], patience_s: float = PATIENCE_S) -> None:
        """`modules` as `package.module:ClassName`.

        Raises:
            ConfigError: one cannot be used; all problems.
        """
        self._modules = tuple(modules)
        self._patience = patience_s
        self._lock = threading.Lock()
        self._is_closed = False
        self._child: _Child | None = None
        hello = self._start(time.monotonic() + _START_S)
        if problems := [Problem(*one) for one in hello.get("problems", ())]:
            self.close()
            raise ConfigError(problems)
        self.entity_types: frozenset[str] = frozenset(hello["entity_types"])

    def read(self, batch: Sequence[Text]) -> list[list[Span]]:
        """What the recognizers find in each text.

        Raises:
            TimeoutError: they took longer than the call has left, or than texts of this length
                may take.
            IncompleteRead: one of them failed, or the process died.
        """
        if not self._lock.acquire(timeout=time_left()):
            raise TimeoutError
        try:
            return self._read(batch)
        finally:
            self._lock.release()

    def close(self) -> None:
        """End the child process."""
        self._is_closed = True
        self._end()

    def _start(self, deadline: float) -> dict[str, Any]:
        try:
            self._child = child = _Child(self._modules)
            hello: dict[str, Any] = child.receive(deadline)
        except (OSError, ValueError) as error:  # a TimeoutError is an OSError
            self._end()
            said = "does not start in time" if isinstance(error, TimeoutError) else "does not start"
            message = f"the process for recognizers in code {said}"
            problem = Problem("configuration", 0, "detection.recognizer_modules", message)
        else:
            return hello
        raise ConfigError([problem])

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.end()

    def _read(self, batch: Sequence[Text]) -> list[list[Span]]:
        if self._is_closed:
            raise IncompleteRead("the recognizers are closed")
        if self._child is None:
            with suppress(ConfigError):
                self._start(time.monotonic() + time_left())
        child = self._child
        if child is None:
            raise IncompleteRead("the process for recognizers does not start")
        size = sum(len(text) for text, _ in batch)
        seconds = min(time_left(), self._patience + size / SLOWEST_RATE)
        deadline = time.monotonic() + seconds
        message = {
            "seconds": seconds * 0.9,  # so that what can stop in time does, and need not be killed
            "texts": [[text, [_packed(one) for one in spans]] for text, spans in batch],
        }
        failure: Exception
        try:
            child.send(message, deadline)
            answer = child.receive(deadline)
        except TimeoutError:
            failure = TimeoutError()
        except (OSError, ValueError):
            failure = IncompleteRead("the process for recognizers has died")
        else:
            return _checked(answer, batch)
        self._end()
        raise failure


def _packed(span: Span) -> list[Any]:
    return [span.start, span.end, span.entity_type, span.score, span.recognizer]


def _checked(answer: Any, batch: Sequence[Text]) -> list[list[Span]]:
    if answer.get("error") == LATE:
        raise TimeoutError
    found = answer.get("found")
    if found is None or len(found) != len(batch):
        raise IncompleteRead("a recognizer failed")
    spans = [[Span(*one) for one in of_text] for of_text in found]
    for (text, _), of_text in zip(batch, spans, strict=True):
        if any(not 0 <= one.start < one.end <= len(text) for one in of_text):
            raise IncompleteRead("a recognizer gave a result that cannot be one")
    return spans
