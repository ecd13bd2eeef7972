"""Two PostgreSQL servers, one the synchronous standby of the other, and a switch before them.

The switch is what a virtual address or a proxy is in production: clients know its port only.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.audit import pg

WAIT_S = 120.0
_CHUNK = 65536


class Standby(pg.Server):
    """A copy of a running server that follows it, by way of a port."""

    def __init__(self, folder: Path, primary_port: int) -> None:
        self._primary_port = primary_port
        super().__init__(folder)

    def _run(self, program: str, *arguments: str) -> None:
        if program != "initdb":
            super()._run(program, *arguments)
            return
        where = ("-h", "127.0.0.1", "-p", str(self._primary_port), "-U", "tester")
        super()._run("pg_basebackup", "-D", str(self._data), *where, "-R", "-c", "fast")

    def promote(self) -> None:
        """Follow nobody any more."""
        self._ctl("promote", "-w")


def family(server: pg.Server) -> list[int]:
    """The server's first process, and those that it made."""
    first = int((server.folder / "data" / "postmaster.pid").read_text().split()[0])
    children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
    return [first, *map(int, children)]


def kill(server: pg.Server) -> None:
    """As a machine that is switched off: all at once, and nothing is said to anybody."""
    os.kill(family(server)[0], signal.SIGSTOP)  # it makes no more of them
    for process in reversed(family(server)):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


class Switch:
    """A port of ours that leads to one server, or to another."""

    def __init__(self, port: int) -> None:
        self.port = 0
        self._target = port
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._up.wait(WAIT_S)

    def move(self, port: int = 0) -> None:
        """Lead to another server, 0: to none. What was connected is cut off."""
        asyncio.run_coroutine_threadsafe(self._move(port), self._loop).result(WAIT_S)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(WAIT_S)

    def _run(self) -> None:
        self._loop.run_until_complete(self._listen())
        self._up.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._end())
        self._loop.close()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _end(self) -> None:
        self._server.close()
        await self._move(0)
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _move(self, port: int) -> None:
        self._target = port
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        there: asyncio.StreamWriter | None = None
        try:
            back, there = await asyncio.open_connection("127.0.0.1", self._target)
            self._writers.add(there)
            await asyncio.gather(_pump(reader, there), _pump(back, writer))
        except OSError:
            writer.transport.abort()
        finally:
            for one in (writer, there):
                if one is not None:
                    self._writers.discard(one)
                    one.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(_CHUNK):
        writer.write(piece)
        await writer.drain()
    writer.close()


def reason_to_skip() -> str:
    """Why there can be no pair here, "" where there can."""
    programs = pg.programs()
    if programs is None:
        return "no programs of PostgreSQL"
    if not (programs / "pg_basebackup").exists():
        return "no pg_basebackup"
    return "" if Path("/proc/self").exists() else "no /proc"


class Pair:
    """A primary that waits for its standby, the line between them, and a switch for clients."""

    def __init__(self, primary: pg.Server, standby: Standby, line: Switch, switch: Switch) -> None:
        self.primary, self.standby, self.line, self.switch = primary, standby, line, switch
        self.url = f"postgresql://tester@127.0.0.1:{switch.port}/postgres"

    def is_in_step(self) -> bool:
        """Whether the primary waits for the standby before it says that something is durable."""
        states = pg.query(self.primary.url, "SELECT sync_state FROM pg_stat_replication")
        return states == [("sync",)]


@contextmanager
def pair() -> Iterator[Pair]:
    """A pair of its own, gone at the end."""
    home = Path(tempfile.mkdtemp(prefix="cloakroom-pair-"))
    home.chmod(0o755)
    folders = [home / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir(mode=0o755)
    started: list[pg.Server] = []
    switches: list[Switch] = []
    try:
        primary = pg.Server(folders[0])
        primary.start()
        started.append(primary)
        switches += [Switch(primary.port), Switch(primary.port)]
        standby = Standby(folders[1], switches[0].port)
        standby.start()
        started.append(standby)
        # Only now, so that the standby, once it is promoted, waits for nobody.
        pg.query(primary.url, "ALTER SYSTEM SET synchronous_standby_names = '*'")
        pg.query(primary.url, "SELECT pg_reload_conf()")
        yield Pair(primary, standby, *switches)
    finally:
        for switch in switches:
            switch.close()
        for server in started:
            with suppress(OSError, ValueError):  # it may be dead
                kill(server)
        shutil.rmtree(home, ignore_errors=True)
