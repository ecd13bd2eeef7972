"""Searching, counting and verifying on PostgreSQL: the same log gives the same answers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import psycopg
import pytest

from gateway.audit.chain import writer_key
from gateway.audit.postgres import sql as postgres
from gateway.audit.reading import open_log
from gateway.audit.search import Misfiled, Query, open_search
from gateway.audit.stats import read_stats
from gateway.audit.verdict import Kind, Report
from gateway.audit.verify import verify_log
from tests.audit import pg
from tests.audit.logs import MASTER, Log, bodies, make_log
from tests.audit.test_search import QUERIES, everything

SIZE = 300
TABLES = (
    "audit_records", "audit_leaves", "audit_tiles", "audit_checkpoints", "audit_log_keys",
)  # fmt: skip

pytestmark = pytest.mark.skipif(bool(pg.reason_to_skip()), reason=pg.reason_to_skip() or "-")


@pytest.fixture(scope="module")
def sqlite_log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    file = tmp_path_factory.mktemp("sqlite") / "audit.db"
    return make_log(file, bodies(SIZE), range(50, SIZE + 1, 50))


@pytest.fixture
def url(server: str, sqlite_log: Log) -> Iterator[str]:
    """A log in PostgreSQL that holds the rows of the one in SQLite."""
    with pg.fresh(server) as found:
        postgres.migrate(found)
        copy(sqlite_log, found)
        yield found


def copy(log: Log, url: str) -> None:
    source = sqlite3.connect(log.file)
    with psycopg.connect(url) as target:
        target.execute("SET session_replication_role = replica")  # no triggers
        for table in TABLES:
            rows = source.execute(f"SELECT * FROM {table}").fetchall()
            marks = ", ".join(["%s"] * len(rows[0]))
            target.cursor().executemany(
                f"INSERT INTO {table} OVERRIDING SYSTEM VALUE VALUES ({marks})", rows
            )
        tree = source.execute("SELECT size, frontier, last_seq FROM audit_tree").fetchone()
        target.execute("UPDATE audit_tree SET size = %s, frontier = %s, last_seq = %s", tree)
        origin = source.execute("SELECT origin FROM audit_meta").fetchone()
        target.execute("UPDATE audit_meta SET origin = %s", origin)
    source.close()


def attack(url: str, statement: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(statement)


def check(url: str, log: Log) -> Report:
    with open_log(url) as reader:
        return verify_log(
            reader.rows(0, reader.size),
            reader.checkpoints(),
            log.public,
            size=reader.size,
            origin=reader.origin,
            hashes=reader.subtree,
            mac_keys=lambda writer: writer_key(MASTER, writer),
        )


def test_every_query_finds_the_same(url: str, sqlite_log: Log):
    with open_search(url) as here, open_search(sqlite_log.url) as there:
        for query, _ in QUERIES.values():
            for limit, scan in ((1000, 1000), (7, 100)):
                found = everything(here, query, limit, scan)
                assert found == everything(there, query, limit, scan)
        assert [one for one in here.misfiled() if isinstance(one, Misfiled)] == []


def test_figures_are_the_same(url: str, sqlite_log: Log):
    here, there = read_stats(url), read_stats(sqlite_log.url)
    assert (here.types, here.tenants, here.days) == (there.types, there.tenants, there.days)
    assert here.checkpoint_ts == there.checkpoint_ts
    assert here.size_bytes > 0


def test_it_holds_and_tampering_is_found(url: str, sqlite_log: Log):
    assert check(url, sqlite_log) == check(sqlite_log.url, sqlite_log)
    assert check(url, sqlite_log).holds
    attack(url, "UPDATE audit_records SET body = replace(body, 'chat', 'chot') WHERE seq = 126")
    assert check(url, sqlite_log).first_bad == 125
    attack(url, "DELETE FROM audit_records WHERE seq = 100")
    report = check(url, sqlite_log)
    assert report.first_bad == 99
    assert {one.kind for one in report.faults} >= {Kind.BODY, Kind.MISSING}


def test_a_column_that_was_changed_is_seen(url: str):
    attack(url, "UPDATE audit_records SET tenant = 'nobody' WHERE seq = 7")
    with open_search(url) as log:
        (found,) = (one for one in log.misfiled() if isinstance(one, Misfiled))
        assert (found.seq, found.leaf_index) == (7, 6)
        assert len(log.page(Query(), limit=10).records) == 10


def test_what_reads_cannot_write(url: str):
    with open_search(url) as log, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        log._raw.execute("DELETE FROM audit_open")
