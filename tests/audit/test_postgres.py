"""The log on PostgreSQL: restarts in mid-load, roles that may do no more than they should."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url
from typer.testing import CliRunner

from gateway.audit import opening
from gateway.audit.postgres.backend import GRACE_S, PostgresBackend
from gateway.audit.postgres.sql import CONNECT_S
from gateway.audit.reading import open_log
from gateway.audit.signing import make_signing_keys
from gateway.audit.sinks.sql import Books
from gateway.audit.sql import Raw, discard
from gateway.audit.store import SqlAuditStore
from gateway.cli import audit
from gateway.errors import AuditUnavailable, ConfigError
from tests.audit import pg
from tests.audit.test_store_both import (
    MASTER,
    Log,
    begin,
    by_request,
    check,
    count,
    end,
    leaves,
)  # fmt: skip
from tests.waiting import eventually

pytestmark = pytest.mark.skipif(bool(pg.reason_to_skip()), reason=pg.reason_to_skip() or "-")


async def test_transactions_see_what_stands_whatever_the_default_of_the_server(log: Log):
    backend = PostgresBackend(log.url, 5.0)
    connection = backend.connect_as("cloakroom_writer")
    Raw(connection).execute("SET default_transaction_isolation = 'serializable'")
    with backend.transaction(connection) as raw:
        level = raw.execute("SHOW transaction_isolation").fetchone()
    discard(connection)
    assert level == ("read committed",)


def test_a_writer_may_be_gone_for_longer_than_it_takes_to_find_that_out():
    options = inspect.signature(SqlAuditStore.__init__).parameters
    notices_s = options["reconcile_s"].default + options["probe_s"].default + CONNECT_S
    assert notices_s < GRACE_S


async def test_records_without_a_leaf_are_told_by_verify(log: Log):
    async with log.store() as store:
        await begin(store, "req_1")
        await eventually(lambda: leaves(log) == count(log))
    store = SqlAuditStore(log.url, MASTER)  # it gives out no leaves
    await store.start()
    await begin(store, "req_2")
    await store.aclose()
    done = await asyncio.to_thread(CliRunner().invoke, audit.app, ["verify", "--url", log.url])
    assert done.exit_code == 0, done.output
    assert "Not in the tree yet: 1 records" in done.output


# --- faults ---------------------------------------------------------------------------------------


@pytest.mark.skipif(pg.programs() is None, reason="a server that is not ours is not restarted")
@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_a_restart_in_mid_load(tmp_path: Path, mode: str):
    """What was acknowledged is there, once; what was refused has a closing record if it is."""
    key_file = tmp_path / "signing.key"
    with pg.server() as own, pg.fresh(own.url) as url:
        opening.migrate(url)
        log = Log(url, make_signing_keys(key_file), key_file)
        async with log.store(probe_s=0.1, reconcile_s=0.2) as store:
            acknowledged: set[str] = set()
            stopping = asyncio.Event()

            async def load(name: str) -> None:
                number = 0
                while not stopping.is_set():
                    number += 1
                    try:
                        await begin(store, f"req_{name}_{number}")
                        acknowledged.add(f"req_{name}_{number}")
                        await end(store, f"req_{name}_{number}")
                    except AuditUnavailable:
                        await asyncio.sleep(0)

            loads = [asyncio.create_task(load(f"w{n}")) for n in range(4)]
            await eventually(lambda: len(acknowledged) > 100)
            await asyncio.to_thread(own.stop, mode)
            await eventually(lambda: not store.ready)
            before = len(acknowledged)
            await asyncio.to_thread(own.start)
            await eventually(lambda: store.ready and len(acknowledged) > before + 100)
            stopping.set()
            await asyncio.gather(*loads)
            await store.reconcile()
            await eventually(lambda: leaves(log) == count(log))
        found = by_request(check(log))
        assert acknowledged <= set(found)
        for kinds in found.values():
            assert len(kinds) == 2
            assert kinds[0] == "request.accepted"


async def test_a_session_that_is_ended_is_made_anew(log: Log):
    async with log.store(probe_s=0.05, reconcile_s=3600) as store:
        await begin(store, "req_1")
        pg.query(
            log.url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'cloakroom'",
        )
        with pytest.raises(AuditUnavailable):
            await begin(store, "req_2")
        await begin(store, "req_3")
        await end(store, "req_1")
        assert store.ready
        await eventually(lambda: leaves(log) == count(log))
    found = by_request(check(log))
    assert set(found) == {"req_1", "req_3"}


async def test_a_commit_of_unknown_outcome_is_settled(log: Log):
    """The rows are there, but the answer was lost with the connection."""
    async with log.store(probe_s=0.05, reconcile_s=3600) as store:
        await begin(store, "req_1")
        backend: Any = store._writer._ledger.backend
        backend.check = _fail_once(backend)
        with pytest.raises(AuditUnavailable):
            await begin(store, "req_2")
        await end(store, "req_1")
        await eventually(lambda: leaves(log) == count(log) and store.ready)
    found = by_request(check(log))
    assert found["req_2"] == ["request.accepted", "request.outcome_unknown"]
    assert found["req_1"] == ["request.accepted", "request.completed"]


def _fail_once(backend: Any) -> Any:
    before = backend.check

    def fail() -> None:
        backend.check = before
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    return fail


async def test_a_writer_without_a_session_is_not_taken_for_dead_at_once(log: Log):
    async with log.store(reconcile_s=3600) as one, log.store(reconcile_s=3600) as two:
        backend: Any = two._writer._ledger.backend
        backend.grace_s = 3600.0
        await begin(one, "req_1")
        ledger: Any = one._writer._ledger
        # On the thread that owns the connection.
        await asyncio.wrap_future(one._writer.call(ledger.disconnect))
        assert await two.reconcile() == 0
        await end(one, "req_1")
        assert await two.reconcile() == 0
        await begin(one, "req_2")
        await asyncio.wrap_future(one._writer.call(ledger.disconnect))
        backend.grace_s = 0.0
        async with asyncio.timeout(120):  # the server takes a moment to see that it is gone
            while not await two.reconcile():
                pass
        await eventually(lambda: leaves(log) == count(log))
    assert by_request(check(log))["req_2"] == ["request.accepted", "request.outcome_unknown"]


# --- rights ---------------------------------------------------------------------------------------


def attempt(url: str, role: str, statement: str) -> str:
    """What becomes of a statement: "" where it is done, else the class of the error."""
    with psycopg.connect(url, autocommit=True) as connection:
        if role:
            connection.execute(f"SET ROLE {role}")
        try:
            connection.execute(statement)
        except psycopg.Error as error:
            return type(error).__name__
    return ""


DENIED = "InsufficientPrivilege"
OWNER = ""
PRUNE = "SELECT audit_prune(0, '2026-01-01T00:00:00.000000Z', 'e')"


@pytest.mark.parametrize(
    ("role", "statement", "outcome"),
    [
        *(
            (role, statement, DENIED)
            for role in ("cloakroom_writer", "cloakroom_sequencer", "cloakroom_retention",
                         "cloakroom_reviewer", "cloakroom_console", OWNER)
            for statement in (
                "UPDATE audit_records SET tenant = 'x'",
                "DELETE FROM audit_records",
                "TRUNCATE audit_records CASCADE",
                "UPDATE audit_leaves SET leaf_index = leaf_index + 1000",
                "DELETE FROM audit_leaves",
                "DELETE FROM audit_tiles",
                "UPDATE audit_tree SET size = 0",
                "DELETE FROM audit_checkpoints",
                "DELETE FROM audit_log_keys",
                "DELETE FROM audit_pruned",
                "UPDATE audit_writers SET last_seq = 0",
            )
        ),
        ("cloakroom_writer", "SELECT body FROM audit_records", DENIED),
        ("cloakroom_writer", "SELECT nonce FROM audit_nonces", DENIED),
        ("cloakroom_writer", "INSERT INTO audit_leaves VALUES (9, 'e')", DENIED),
        ("cloakroom_writer", "INSERT INTO audit_checkpoints VALUES (9, 'e', 'n')", DENIED),
        ("cloakroom_writer", "UPDATE audit_meta SET version = 9", DENIED),
        ("cloakroom_writer", "UPDATE audit_meta SET probes = 1", ""),
        ("cloakroom_sequencer", "SELECT body FROM audit_records", ""),
        ("cloakroom_sequencer", "INSERT INTO audit_open VALUES ('r', 'e', 'w')", DENIED),
        ("cloakroom_reviewer", "SELECT body FROM audit_records", ""),
        ("cloakroom_reviewer", "SELECT nonce FROM audit_nonces", DENIED),
        ("cloakroom_reviewer", "DELETE FROM audit_open", DENIED),
        ("cloakroom_console", "SELECT body FROM audit_records", ""),
        ("cloakroom_console", "SELECT nonce FROM audit_nonces", DENIED),
        ("cloakroom_console", "SELECT sealed FROM vault_items", DENIED),
        ("cloakroom_console", "SELECT sealed FROM audit_capsules", DENIED),
        ("cloakroom_console", "SELECT wrapped FROM audit_subject_keys", DENIED),
        ("cloakroom_console", "SELECT salt FROM audit_key_epochs", DENIED),
        ("cloakroom_console", "SELECT kind, expires FROM audit_capsules", ""),
        ("cloakroom_console", "SELECT blind, released FROM audit_holds", ""),
        ("cloakroom_console", "SELECT reason FROM audit_holds", DENIED),
        ("cloakroom_console", "SELECT * FROM console_unsealed('none')", ""),
        ("cloakroom_reviewer", "SELECT * FROM console_unsealed('none')", DENIED),
        ("cloakroom_console", "DELETE FROM console_sessions", ""),
        *(
            (role, f"SELECT * FROM {table}", DENIED)
            for role in ("cloakroom_writer", "cloakroom_sequencer", "cloakroom_retention",
                         "cloakroom_reviewer")
            for table in ("console_accounts", "console_sessions", "console_unmasks",
                          "console_feedback", "console_searches")
        ),
        ("cloakroom_retention", "DELETE FROM console_feedback WHERE tenant = 'x'", ""),
        ("cloakroom_retention", "SELECT sealed FROM console_feedback", DENIED),
        ("cloakroom_retention", "UPDATE console_unmasks SET reason = '' WHERE tenant = 'x'", ""),
        ("cloakroom_retention", "SELECT reason FROM console_unmasks", DENIED),
        ("cloakroom_retention", "UPDATE console_unmasks SET state = 'approved'", DENIED),
        *((role, PRUNE, DENIED) for role in ("cloakroom_writer", "cloakroom_sequencer",
                                             "cloakroom_reviewer")),
        ("cloakroom_retention", PRUNE, ""),
    ],
)  # fmt: skip
def test_rights(filled: Log, role: str, statement: str, outcome: str):
    assert attempt(filled.url, role, statement) == outcome


@pytest.fixture(scope="module")
def filled(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Log]:
    key_file = tmp_path_factory.mktemp("keys") / "signing.key"
    with pg.fresh(server) as url:
        opening.migrate(url)
        log = Log(url, make_signing_keys(key_file), key_file)

        async def fill() -> None:
            async with log.store() as store:
                await asyncio.gather(*(begin(store, f"req_{n}") for n in range(300)))

        asyncio.run(fill())
        # a trigger for rows says nothing where there are none
        pg.query(url, "INSERT INTO audit_pruned VALUES (-1, 'ts', 'e')")
        yield log


async def test_retention_takes_a_prefix_and_nothing_else(log: Log):
    async with log.store() as store:
        for kind in (begin, end):
            await asyncio.gather(*(kind(store, f"req_{n}") for n in range(300)))
        await begin(store, "req_open")
    role = "cloakroom_retention"
    at = "'2026-01-01T00:00:00.000000Z', 'event'"
    with open_log(log.url) as reader:
        before = reader.size
        subtrees = [reader.subtree(8, 0), reader.subtree(8, 1)]
    for first_kept in (255, -256, 1024):
        assert attempt(log.url, role, f"SELECT audit_prune({first_kept}, {at})") != ""
    assert count(log) == before
    assert attempt(log.url, role, f"SELECT audit_prune(512, {at})") == ""
    assert count(log) == before - 512
    with open_log(log.url) as reader:
        assert reader.pruned_below == 512
        assert reader.size == before
        assert [row.leaf_index for row in reader.rows(0)] == list(range(512, before))
        assert [reader.subtree(8, 0), reader.subtree(8, 1)] == subtrees
        assert len(reader.subtree(9, 0)) == 32
    assert attempt(log.url, OWNER, "DELETE FROM audit_records") == DENIED
    async with log.store() as store:
        await end(store, "req_open")


async def test_a_password_in_the_url_is_not_shown(server: str):
    url = "postgresql://somebody:hunter2@127.0.0.1:1/none"
    store = SqlAuditStore(url, MASTER, busy_s=1)
    with pytest.raises(ConfigError) as caught:
        await store.start()
    assert "hunter2" not in str(caught.value) + repr(store) + store.place


@pytest.mark.parametrize("rest", ["u:hunter2@h:hunter2/db", "u:hunter2@[::1/db"])
def test_a_url_that_cannot_be_read_is_not_shown(rest: str):
    with pytest.raises(ConfigError, match="is not an SQLAlchemy URL") as caught:
        SqlAuditStore(f"postgresql://{rest}", MASTER)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("opening_", [Books, open_log, opening.migrate])
def test_a_log_of_another_schema_is_named_without_the_password(log: Log, opening_):
    pg.query(log.url, "UPDATE audit_meta SET version = 99")
    url = make_url(log.url).set(password="hunter2").render_as_string(hide_password=False)
    with pytest.raises(ConfigError, match="schema 99") as caught:
        opening_(url)
    assert "hunter2" not in str(caught.value)
