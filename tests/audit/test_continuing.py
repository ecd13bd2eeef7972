"""A gateway opens no log that its newest checkpoint does not vouch for, on either database."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from gateway.audit import opening
from gateway.audit.checkpoint import Checkpoint, SigningKeys, sign
from gateway.audit.checkpointing import Signing
from gateway.audit.continuing import check_continues
from gateway.audit.merkle import Frontier
from gateway.audit.reading import open_log
from gateway.audit.signing import make_signing_keys
from gateway.audit.sql import Raw
from gateway.audit.sqlite import sql as sqlite
from gateway.audit.store import SqlAuditStore
from gateway.errors import ConfigError
from tests.audit import pg
from tests.audit.logs import ORIGIN, attack, bodies, make_log, new_keys
from tests.audit.test_store_both import MASTER, Log, begin, check, end


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param(
            "postgresql",
            marks=pytest.mark.skipif(bool(pg.reason_to_skip()), reason=pg.reason_to_skip() or "-"),
        ),
    ]
)
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Log]:
    """A log of 300 requests that is signed to its end."""
    key_file = tmp_path / "signing.key"
    keys = make_signing_keys(key_file)
    if request.param == "sqlite":
        made = Log(f"sqlite:///{tmp_path / 'audit.db'}", keys, key_file)
        asyncio.run(fill(made))
        yield made
        return
    with pg.fresh(request.getfixturevalue("server")) as url:
        opening.migrate(url)
        made = Log(url, keys, key_file)
        asyncio.run(fill(made))
        yield made


async def fill(log: Log) -> None:
    async with log.store() as store:
        await asyncio.gather(*(begin(store, f"req_{n}") for n in range(300)))
        await asyncio.gather(*(end(store, f"req_{n}") for n in range(300)))


def change(log: Log, *statements: str) -> None:
    """As somebody who owns the database, past its triggers."""
    if not log.is_postgres:
        connection = attack(Path(log.url.removeprefix("sqlite:///")))
        for one in statements:
            connection.execute(one)
        connection.close()
        return
    with psycopg.connect(log.url, autocommit=True) as owner:
        owner.execute("SET session_replication_role = replica")
        for one in statements:
            owner.execute(one)


def facts(log: Log) -> tuple[int, int, int]:
    """What a start would change: the tree, the records, the checkpoints."""
    with open_log(log.url) as reader:
        records = reader._one("SELECT count(*) FROM audit_records")
        return reader.size, records, len(list(reader.checkpoints()))


async def test_a_whole_log_is_opened(log: Log):
    async with log.store() as store:
        await begin(store, "req_after")
        assert store.ready
    check(log)


async def test_records_behind_the_newest_checkpoint_are_no_reason_to_refuse(log: Log):
    change(log, "DELETE FROM audit_checkpoints WHERE size > 0")
    async with log.store() as store:
        assert store.ready
    check(log)


NULL_HASHES = {"sqlite": "zeroblob(32)", "postgresql": "decode(repeat('00', 32), 'hex')"}


@pytest.mark.parametrize(
    ("statements", "reason"),
    [
        (["DELETE FROM audit_leaves WHERE leaf_index >= 590"], "hashes of its tree are missing"),
        (["DELETE FROM audit_tiles"], "hashes of its tree are missing"),
        (["UPDATE audit_tree SET size = 0, frontier = {empty}"], "records are missing at its end"),
        (["UPDATE audit_records SET leaf_hash = {zero} WHERE seq > 590"], "its records are others"),
        (["UPDATE audit_tiles SET hashes = {zero}"], "hashes of its tree are missing"),
        (["UPDATE audit_checkpoints SET note = 'x'"], "damaged, or not signed"),
        (["UPDATE audit_checkpoints SET note = note || 'x'"], "damaged, or not signed"),
        (
            ["UPDATE audit_checkpoints SET size = size + 1 WHERE size > 500"],
            "in the place of another",
        ),
        (["UPDATE audit_meta SET origin = 'example.org/other'"], "damaged, or not signed"),
    ],
)
async def test_another_log_is_refused_and_left_as_it_is(
    log: Log, statements: list[str], reason: str
):
    zero = NULL_HASHES["postgresql" if log.is_postgres else "sqlite"]
    empty = "''" if log.is_postgres else "x''"
    change(log, *(one.format(zero=zero, empty=empty) for one in statements))
    before = facts(log)
    store = SqlAuditStore(log.url, MASTER, Signing(log.keys))
    with pytest.raises(ConfigError) as refused:
        await store.start()
    (problem,) = refused.value.problems
    assert reason in problem.message
    assert problem.message.startswith("the audit log is not the one that its newest checkpoint")
    assert "cloakroom audit verify" in problem.hint
    assert facts(log) == before
    assert not store.ready


async def test_without_keys_of_ones_own_those_of_the_log_count(log: Log):
    store = SqlAuditStore(log.url, MASTER)
    await store.start()
    await store.aclose()
    if log.is_postgres:  # there, who does not sign reads nothing: the sequencer of others does
        return
    change(log, "UPDATE audit_records SET leaf_hash = zeroblob(32) WHERE seq > 590")
    with pytest.raises(ConfigError, match="its records are others"):
        await SqlAuditStore(log.url, MASTER).start()


# --- whose signature counts -----------------------------------------------------------------------


def opened(file: Path, own: SigningKeys | None) -> None:
    with sqlite.make_engine(file, 1.0).connect() as connection:
        check_continues(Raw(connection), "here", own)


def test_a_stranger_signs_nothing(tmp_path: Path):
    log = make_log(tmp_path / "audit.db", bodies(40), [40])
    opened(log.file, log.keys)
    opened(log.file, new_keys())  # keys that take over: those of the log count as well
    strange = sign(Checkpoint(ORIGIN, 40, Frontier().root()), [new_keys()], 1)
    connection = attack(log.file)
    connection.execute("UPDATE audit_checkpoints SET note = ?", (strange,))
    connection.close()
    for own in (log.keys, new_keys(), None):
        with pytest.raises(ConfigError, match="not signed by a key of the log"):
            opened(log.file, own)


def test_an_empty_log_and_one_without_a_checkpoint_are_opened(tmp_path: Path):
    for name, records, sizes in (("a", 0, [0]), ("b", 0, []), ("c", 40, []), ("d", 40, [0])):
        opened(make_log(tmp_path / name, bodies(records), sizes).file, None)


class Moving:
    """A database in which another process signs between the first readings."""

    def __init__(self, connection: sqlite3.Connection, act: Callable[[], None]) -> None:
        self._connection, self._act, self._readings = connection, act, 0
        self.for_update = ""

    def execute(self, statement: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
        if "audit_log_keys" in statement:
            self._readings += 1
            if self._readings == 1:
                self._act()
        return self._connection.execute(statement, values)


def test_a_checkpoint_that_another_process_replaced_meanwhile_is_looked_at_anew(tmp_path: Path):
    """Retention takes what it takes to check the old one, once there is a newer one."""
    log = make_log(tmp_path / "audit.db", bodies(620), [100, 600])
    connection = attack(log.file)
    connection.execute("DELETE FROM audit_checkpoints WHERE size = 600")

    def sign_and_prune() -> None:
        connection.execute("INSERT INTO audit_checkpoints VALUES (600, 'ts', ?)", (log.notes[600],))
        connection.execute("DELETE FROM audit_records WHERE seq <= 512")
        connection.execute("DELETE FROM audit_leaves WHERE leaf_index < 512")

    check_continues(Moving(connection, sign_and_prune), "here", log.keys)  # type: ignore[arg-type]
    connection.execute("DELETE FROM audit_checkpoints WHERE size = 600")
    with pytest.raises(ConfigError, match="hashes of its tree are missing"):
        check_continues(Moving(connection, lambda: None), "here", log.keys)  # type: ignore[arg-type]
    connection.close()
