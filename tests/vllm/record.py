"""Records what a real vLLM streams, for the tests that do without one.

    VLLM_PYTHON=$PWD/.venv-vllm/bin/python .venv/bin/python -m tests.vllm.record

Writes `tests/vectors/vllm/<version>/<family>-<what>.sse`, the bodies as they came. The texts hold
placeholders as the gateway makes them, which the server streams in pieces.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any, Final

from tests.e2e.world import ROOT
from tests.vllm.families import EVERY, Way
from tests.vllm.servers import DECODER, Vllm, make_models

VECTORS: Final = ROOT / "tests" / "vectors" / "vllm"
MASKED: Final = 'Dear <PERSON_7K2QX9>, is "<EMAIL_ADDRESS_3F8M1A>" yours? 10 > 9 <PERSON_7K2QX9>.'
"""What the model was made to say, and to call its tool with."""

_MORE: Final[dict[str, dict[str, Any]]] = {
    "chat": {"seed": 1, "stream_options": {"include_usage": True}},
    "completions": {"seed": 1, "stream_options": {"include_usage": True}},
    "responses": {"seed": 1},
    "messages": {},
}


def bodies() -> dict[str, tuple[Way, dict[str, Any]]]:
    """The requests, by the name of the file that keeps the answer."""
    made: dict[str, tuple[Way, dict[str, Any]]] = {}
    for name, way in EVERY.items():
        more = {"model": "tiny", "stream": True, **_MORE[name]}
        made[f"{name}-text"] = (way, {**way.ask(MASKED), **more})
        if way.ask_tool is not None:
            made[f"{name}-tool"] = (way, {**way.ask_tool(MASKED), **more})
        if name in ("chat", "completions"):
            made[f"{name}-two"] = (way, {**way.ask(MASKED), **more, "n": 2})
    return made


def record(server: Vllm) -> None:
    """Ask a server for everything, and keep what it says."""
    version = json.loads(server.get("/version")[1])["version"]
    folder = VECTORS / version
    folder.mkdir(parents=True, exist_ok=True)
    for name, (way, body) in bodies().items():
        status, raw = server.post(way.path, body)
        assert status == 200, f"{name}: {raw.decode()}"
        (folder / f"{name}.sse").write_bytes(raw)


def main() -> None:
    """Start a server, record, stop it."""
    with tempfile.TemporaryDirectory() as folder:
        make_models(Path(folder))
        server = Vllm(Path(folder) / "decoder", "tiny", DECODER, 2_048)
        try:
            server.start()
            server.wait()
            record(server)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
