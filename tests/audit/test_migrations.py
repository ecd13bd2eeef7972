"""Logs of earlier versions are brought up to date; newer ones, and unready ones, are refused."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.audit import opening, sql
from gateway.audit.migrations.versions import r0001_records
from gateway.audit.reading import open_log
from gateway.audit.record import leaf_hash
from gateway.audit.store import SqlAuditStore
from gateway.cli.main import app
from gateway.errors import ConfigError
from tests.audit import pg
from tests.audit.test_store_both import MASTER, begin

needs_pg = pytest.mark.skipif(bool(pg.reason_to_skip()), reason=pg.reason_to_skip() or "-")


def old_log(file: Path, count: int) -> None:
    """A log as schema 1 had it, with records of two writers in turn."""
    connection = sqlite3.connect(file)
    for statement in (*r0001_records._SQLITE, *r0001_records._INDEXES):
        connection.execute(statement)
    rows = []
    for n in range(count):
        body = f'{{"n":{n}}}'
        writer = "ab"[n % 2] * 32
        digest = leaf_hash(body.encode())
        rows.append((f"event{n}", "policy.loaded", "ts", "", writer, n // 2 + 1, digest, body))
    connection.executemany(
        "INSERT INTO audit_records (event_id, type, ts, tenant, writer_id, writer_seq, leaf_hash,"
        " prev_writer_hash, mac, body) VALUES (?, ?, ?, ?, ?, ?, ?, x'', x'', ?)",
        rows,
    )
    connection.commit()
    connection.close()


@pytest.mark.parametrize("count", [0, 1, 1000, 2500])
async def test_records_of_a_log_without_a_tree_get_their_leaves(tmp_path: Path, count: int):
    file = tmp_path / "audit.db"
    old_log(file, count)
    store = SqlAuditStore(f"sqlite:///{file}", MASTER)
    await store.start()
    await begin(store, "req_new")
    await store.aclose()
    with open_log(f"sqlite:///{file}") as log:
        rows = list(log.rows(0))
        assert [row.leaf_index for row in rows] == list(range(count + 1))
        assert [row.body for row in rows[:-1]] == [f'{{"n":{n}}}'.encode() for n in range(count)]
        if count >= 1024:
            assert log.subtree(8, 1) == log.subtree(8, 1) != log.subtree(8, 0)


async def test_what_an_older_version_wrote_meanwhile_gets_leaves_first(tmp_path: Path):
    file = tmp_path / "audit.db"
    old_log(file, 3)
    store = SqlAuditStore(f"sqlite:///{file}", MASTER)
    await store.start()
    connection = sqlite3.connect(file)
    connection.execute(
        "INSERT INTO audit_records SELECT NULL, 'late', NULL, type, ts, tenant, 'c', 1, leaf_hash,"
        " prev_writer_hash, mac, body FROM audit_records WHERE seq = 1"
    )
    connection.commit()
    connection.close()
    await begin(store, "req_new")
    await store.aclose()
    with open_log(f"sqlite:///{file}") as log:
        assert log.leaf_of("late") == 3
        assert log.size == 5


def test_the_old_log_is_read_by_those_who_list_and_refused_to_those_who_prove(tmp_path: Path):
    file = tmp_path / "audit.db"
    old_log(file, 3)
    with pytest.raises(ConfigError, match="audit migrate"):
        open_log(f"sqlite:///{file}")


def test_the_command_migrates_a_file(tmp_path: Path):
    file = tmp_path / "audit.db"
    old_log(file, 3)
    url = f"sqlite:///{file}"
    first = CliRunner().invoke(app, ["audit", "migrate", "--url", url])
    assert (first.exit_code, "up to date now" in first.output) == (0, True)
    second = CliRunner().invoke(app, ["audit", "migrate", "--url", url])
    assert (second.exit_code, "nothing to do" in second.output) == (0, True)
    with open_log(url) as log:
        assert log.size == 3


def test_what_is_no_database_is_not_migrated(tmp_path: Path):
    file = tmp_path / "audit.db"
    file.write_bytes(b"no database" * 100)
    with pytest.raises(ConfigError, match="cannot be migrated"):
        opening.migrate(f"sqlite:///{file}")


@needs_pg
async def test_postgresql_is_never_migrated_at_start(server: str):
    with pg.fresh(server) as url:
        with pytest.raises(ConfigError, match="cloakroom audit migrate"):
            await SqlAuditStore(url, MASTER).start()
        assert pg.query(url, "SELECT to_regclass('audit_meta')") == [(None,)]
        assert opening.migrate(url)
        assert not opening.migrate(url)
        store = SqlAuditStore(url, MASTER)
        await store.start()
        await store.aclose()


@needs_pg
@pytest.mark.parametrize(
    ("version", "hint"), [(1, "cloakroom audit migrate"), (sql.SCHEMA + 1, "newer")]
)
async def test_another_schema_on_postgresql_is_refused(server: str, version: int, hint: str):
    with pg.fresh(server) as url:
        opening.migrate(url)
        pg.query(url, f"UPDATE audit_meta SET version = {version}, serves = {version}")
        with pytest.raises(ConfigError, match=hint):
            await SqlAuditStore(url, MASTER).start()
        with pytest.raises(ConfigError, match=hint):
            open_log(url)


@needs_pg
def test_a_password_stands_in_no_message(server: str):
    url = "postgresql://somebody:hunter2@127.0.0.1:1/none"
    with pytest.raises(ConfigError) as caught:
        opening.migrate(url)
    assert "hunter2" not in str(caught.value)


def columns(rows: list[Any]) -> set[tuple[str, str]]:
    return {(table, column) for table, column in rows if table.startswith("audit_")}


@needs_pg
def test_both_databases_have_the_same_tables(server: str, tmp_path: Path):
    file = tmp_path / "audit.db"
    opening.migrate(f"sqlite:///{file}")
    connection = sqlite3.connect(file)
    ours = columns(
        connection.execute(
            "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c"
            " WHERE t.type = 'table'"
        ).fetchall()
    )
    connection.close()
    with pg.fresh(server) as url:
        opening.migrate(url)
        theirs = columns(
            pg.query(
                url,
                "SELECT table_name, column_name FROM information_schema.columns"
                " WHERE table_schema = current_schema()",
            )
        )
    assert ours == theirs
    assert len(ours) > 40


def next_schema(url: str, serves: int, version: int = sql.SCHEMA + 1) -> None:
    """The tables as a later version has migrated them, which did no more than add to them."""
    said = f"UPDATE audit_meta SET version = {version}, serves = {serves}"
    if url.startswith("postgresql"):
        pg.query(url, said)
        return
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        connection.execute(said)
    connection.close()


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=needs_pg)])
async def test_gateways_work_on_what_the_next_version_only_added_to(
    database: str, server: str, tmp_path: Path
):
    """As while gateways are replaced one after another, and after a release was taken back."""
    with pg.fresh(server) as made:
        url = made if database == "postgresql" else f"sqlite:///{tmp_path / 'audit.db'}"
        opening.migrate(url)
        next_schema(url, serves=sql.SCHEMA)
        assert not opening.migrate(url)
        store = SqlAuditStore(url, MASTER)
        await store.start()
        await begin(store, "req_1")
        await store.aclose()
        with open_log(url) as log:
            assert log.count()
        next_schema(url, serves=sql.SCHEMA + 1)
        with pytest.raises(ConfigError, match="use the newer Cloakroom"):
            await SqlAuditStore(url, MASTER).start()
        next_schema(url, serves=sql.SCHEMA, version=sql.SCHEMA + 2)
        with pytest.raises(ConfigError, match="use the newer Cloakroom"):
            open_log(url)


@needs_pg
def test_what_runs_as_the_owner_looks_at_temporary_tables_last(server: str):
    with pg.fresh(server) as url:
        opening.migrate(url)
        owned = pg.query(
            url,
            "SELECT proname, proconfig FROM pg_proc WHERE prosecdef "
            "AND pronamespace = current_schema()::regnamespace",
        )
        assert owned
        for name, said in owned:
            (path,) = [one for one in said or [] if one.startswith("search_path=")]
            assert path.endswith(", pg_temp"), name


def test_every_later_revision_says_which_versions_its_tables_do_for():
    folder = Path(r0001_records.__file__).parent
    later = [file for file in folder.glob("r0*.py") if file.stem[1:5] >= "0008"]
    assert later
    assert all("serves" in file.read_text(encoding="utf-8") for file in later)
