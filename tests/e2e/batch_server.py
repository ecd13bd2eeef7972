"""A server with the OpenAI API for files and batches: what it was sent stands in files on its disk.

    python -m tests.e2e.batch_server PORT FOLDER

It answers a line with its last message. `GET /state` says what it has seen: uploads begun, ended
and cut off, and the bytes of the line that it is reading. A process of its own, so that the
gateway's memory is the gateway's alone.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

ROOT = Path(__file__).resolve().parents[2]


class BatchServer:
    """Files are kept as they come; a batch is done the second time that somebody asks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.batches: dict[str, dict[str, Any]] = {}
        self.asked: dict[str, int] = {}
        self.state: dict[str, int] = {"begun": 0, "ended": 0, "cut": 0, "bytes": 0}

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/v1/files", self.upload)
        app.router.add_get("/v1/files/{id}", self.file)
        app.router.add_delete("/v1/files/{id}", self.delete)
        app.router.add_get("/v1/files/{id}/content", self.content)
        app.router.add_post("/v1/batches", self.start)
        app.router.add_get("/v1/batches/{id}", self.batch)
        app.router.add_post("/v1/batches/{id}/cancel", self.batch)
        app.router.add_get("/state", self.seen)
        return app

    async def seen(self, _: web.Request) -> web.StreamResponse:
        files = sorted(path.name for path in self.folder.glob("file-*"))
        return web.json_response({**self.state, "files": files})

    async def upload(self, request: web.Request) -> web.StreamResponse:
        self.state["begun"] += 1
        part = self.folder / f"part-{self.state['begun']}"
        name = f"file-{self.state['begun']}"
        try:
            async for field in await request.multipart():
                if getattr(field, "name", "") != "file":
                    await field.read()
                    continue
                with part.open("wb") as file:
                    while piece := await field.read_chunk(65536):
                        file.write(piece)
                        self.state["bytes"] += len(piece)
        except (Exception, asyncio.CancelledError):
            self.state["cut"] += 1
            raise
        part.rename(self.folder / name)
        self.state["ended"] += 1
        return web.json_response(self._told(name))

    def _told(self, name: str) -> dict[str, Any]:
        size = (self.folder / name).stat().st_size
        return {
            "id": name, "object": "file", "bytes": size, "created_at": 1, "filename": "b.jsonl",
            "purpose": "batch", "status": "processed",
        }  # fmt: skip

    def _path(self, request: web.Request) -> Path:
        path = self.folder / request.match_info["id"]
        if not path.exists():
            raise web.HTTPNotFound
        return path

    async def file(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(self._told(self._path(request).name))

    async def delete(self, request: web.Request) -> web.StreamResponse:
        path = self._path(request)
        path.unlink()
        return web.json_response({"id": path.name, "object": "file", "deleted": True})

    async def content(self, request: web.Request) -> web.StreamResponse:
        path = self._path(request)
        response = web.StreamResponse(headers={"content-type": "application/octet-stream"})
        await response.prepare(request)
        with path.open("rb") as file:
            while piece := file.read(65536):
                await response.write(piece)
        return response

    async def start(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        name = f"batch_{len(self.batches) + 1}"
        source = self.folder / asked["input_file_id"]
        output = self.folder / f"file-out-{len(self.batches) + 1}"
        with source.open("rb") as lines, output.open("wb") as file:
            for line in filter(None, (one.strip() for one in lines)):
                file.write(result(orjson.loads(line)))
        self.batches[name] = {
            "id": name, "object": "batch", "created_at": 1, "status": "in_progress",
            "endpoint": asked["endpoint"], "completion_window": asked["completion_window"],
            "input_file_id": asked["input_file_id"], "output_file_id": None,
            "_output": output.name,
        }  # fmt: skip
        return web.json_response(self.batches[name])

    async def batch(self, request: web.Request) -> web.StreamResponse:
        found = self.batches.get(request.match_info["id"])
        if found is None:
            raise web.HTTPNotFound
        self.asked[found["id"]] = self.asked.get(found["id"], 0) + 1
        if self.asked[found["id"]] > 1:
            found |= {"status": "completed", "output_file_id": found["_output"]}
        return web.json_response(found)


def result(line: dict[str, Any]) -> bytes:
    """The answer to one line: its last message."""
    text = line["body"]["messages"][-1]["content"]
    choice = {"index": 0, "finish_reason": "stop", "message": {"content": text}}
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    body = {"id": "c", "choices": [choice], "usage": usage}
    response = {"status_code": 200, "request_id": "r", "body": body}
    made = {"id": "batch_req", "custom_id": line["custom_id"], "response": response, "error": None}
    return orjson.dumps(made) + b"\n"


@contextmanager
def serving(folder: Path, port: int) -> Iterator[None]:
    """The server as a process of its own."""
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "tests.e2e.batch_server", str(port), str(folder)]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        deadline = time.monotonic() + 120
        while state(port) is None:
            assert process.poll() is None
            assert time.monotonic() < deadline
        yield
    finally:
        process.kill()
        process.wait(120)


def state(port: int) -> dict[str, Any] | None:
    """What the server has seen; None while it does not answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/state", timeout=120) as response:
            found: dict[str, Any] = json.loads(response.read())
            return found
    except OSError:
        return None


if __name__ == "__main__":
    web.run_app(
        BatchServer(Path(sys.argv[2])).app(),
        host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None,
    )  # fmt: skip
