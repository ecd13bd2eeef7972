"""A process that delivers a log to a file and is killed, for tests: LOG FILE KILL_AT.

It is killed with SIGKILL after the sink has taken batch KILL_AT, before the cursor moves.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from gateway.audit.reading import open_log
from gateway.audit.sinks.delivery import Delivery
from gateway.audit.sinks.jsonl import JsonlSink
from gateway.audit.sinks.sql import Books


class Deadly(Books):
    moves = 0

    def move(self, sink: str, leaf_index: int) -> None:
        self.moves += 1
        if self.moves == int(sys.argv[3]):
            os.kill(os.getpid(), signal.SIGKILL)
        super().move(sink, leaf_index)


if __name__ == "__main__":
    url = f"sqlite:///{sys.argv[1]}"
    Delivery(
        "jsonl",
        "jsonl",
        JsonlSink(Path(sys.argv[2])),
        open_log=lambda: open_log(url),
        open_cursors=lambda: Deadly(url),
        report=lambda _kind, _name: True,
    ).turn(final=True)
