"""A PostgreSQL for tests, each log in a schema of its own.

`CLOAKROOM_TEST_PG` names a server by URL. Without it one is started: that of the package
`pgserver`, or the one whose programs are on the path. PostgreSQL does not run as root, so that
a server started by root runs as `postgres` or `nobody`.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

PATIENCE_S = "240"  # for a server to start or to end
URL = os.environ.get("CLOAKROOM_TEST_PG", "")


def programs() -> Path | None:
    """The folder of initdb, pg_ctl and postgres."""
    package = find_spec("pgserver")  # not imported: we need none of its code
    if package is not None and package.origin is not None:
        return Path(package.origin).parent / "pginstall" / "bin"
    found = shutil.which("pg_ctl")
    return Path(found).parent if found else None


def reason_to_skip() -> str:
    """Why there can be no PostgreSQL here, "" where there can."""
    if URL or programs() is not None:
        return ""
    return "no PostgreSQL: set CLOAKROOM_TEST_PG, or install pgserver or postgresql"


class Server:
    """A server of our own, which may be restarted and killed."""

    def __init__(self, folder: Path) -> None:
        found = programs()
        assert found is not None
        self._programs = found
        self.folder = folder
        self._data = folder / "data"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"postgresql://tester@127.0.0.1:{self.port}/postgres"
        self._user: int | None = None
        if os.geteuid() == 0:
            names = [one.pw_name for one in pwd.getpwall()]
            user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
            self._user = user.pw_uid
            os.chown(folder, user.pw_uid, user.pw_gid)
        self._run(
            "initdb", "-D", str(self._data), "-U", "tester", "-A", "trust", "-N", "-E", "UTF8"
        )

    def start(self) -> None:
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
            f"{self.folder} -c max_connections=60 -c shared_buffers=32MB"
        )
        self._ctl("start", "-w", "-o", options, "-l", str(self.folder / "log"))

    def stop(self, mode: str = "fast") -> None:
        self._ctl("stop", "-w", "-m", mode)

    def _ctl(self, *arguments: str) -> None:
        self._run("pg_ctl", "-D", str(self._data), "-t", PATIENCE_S, *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self._programs / program), *arguments],
            check=True,
            cwd=self.folder,
            user=self._user,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C"},
        )


@contextmanager
def server() -> Iterator[Server]:
    """A server of our own, stopped and removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="cloakroom-pg-"))
    folder.chmod(0o755)
    try:
        one = Server(folder)
        one.start()
        try:
            yield one
        finally:
            one.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def fresh(url: str) -> Iterator[str]:
    """A URL of the server that leads to an empty schema of its own."""
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
    try:
        yield f"{url}?options={quote(f'-csearch_path={name}')}"
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"DROP SCHEMA {name} CASCADE")


def query(url: str, statement: str) -> list[tuple[Any, ...]]:
    """The rows of a statement."""
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


@contextmanager
def any_server() -> Iterator[str]:
    """The URL of the server that is named, or else of one of our own."""
    if URL:
        yield URL
    else:
        with server() as own:
            yield own.url
