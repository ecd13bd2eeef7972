"""The child process of `outside`: reads texts with a user's recognizers until its input ends."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from typing import Any, BinaryIO

from gateway.detection.plugins.known import code_recognizers
from gateway.detection.plugins.outside import FAILED, LATE
from gateway.detection.plugins.plugged import Plugged
from gateway.detection.structured.context import Reading
from gateway.detection.worker import until
from gateway.errors import ConfigError
from gateway.types import Span


def _send(out: BinaryIO, message: Any) -> None:
    body = json.dumps(message).encode()
    out.write(len(body).to_bytes(4, "big") + body)
    out.flush()


def _receive(source: BinaryIO) -> Any:
    header = source.read(4)
    return json.loads(source.read(int.from_bytes(header, "big"))) if len(header) == 4 else None


def _answer(plugged: Plugged, message: Any) -> dict[str, Any]:
    try:
        with until(time.monotonic() + message["seconds"]):
            found = [
                [
                    [one.start, one.end, one.entity_type, one.score, one.recognizer]
                    for one in plugged.read(Reading(text), [Span(*name) for name in names]).spans
                ]
                for text, names in message["texts"]
            ]
    except (Exception, SystemExit) as error:  # somebody else's code: it may raise anything
        return {"error": LATE if isinstance(error, TimeoutError) else FAILED}
    return {"found": found}


def main(modules: Sequence[str]) -> None:
    """Say what there is, then answer message by message."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what recognizers print goes nowhere
    source = sys.stdin.buffer
    try:
        plugged = Plugged(code_recognizers(modules))
    except ConfigError as error:
        problems = [[one.file, one.line, one.key, one.message, one.hint] for one in error.problems]
        _send(out, {"problems": problems})
        return
    except ValueError as error:  # our own constant words
        key = "detection.recognizer_modules"
        _send(out, {"problems": [["configuration", 0, key, str(error), ""]]})
        return
    _send(out, {"entity_types": sorted(plugged.entity_types)})
    while (message := _receive(source)) is not None:
        _send(out, _answer(plugged, message))


if __name__ == "__main__":
    main(sys.argv[1:])
