"""Logins on PostgreSQL that may do too little: what the gateway, its readiness and doctor say."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url
from typer.testing import CliRunner

from gateway.audit.checkpointing import Signing
from gateway.audit.postgres.backend import PostgresBackend
from gateway.audit.postgres.faults import explain
from gateway.audit.postgres.sql import LEAD
from gateway.audit.sql import DatabaseFault
from gateway.audit.store import LATE_S, SEQUENCER_FAILS_S, SqlAuditStore
from gateway.cli import audit, checks
from gateway.cli.checks import Status
from gateway.errors import ConfigError
from gateway.settings import Audit
from tests.audit import pg
from tests.audit.test_store_both import MASTER, Log, begin, count, leaves
from tests.waiting import eventually

pytestmark = pytest.mark.skipif(bool(pg.reason_to_skip()), reason=pg.reason_to_skip() or "-")

PASSWORD = "hunter2hunter2"
REVIEWER = "cloakroom_reviewer"


@contextmanager
def login(url: str, *roles: str) -> Iterator[tuple[str, str]]:
    """A login that is a member of these roles: its name, and the URL of the log with it."""
    name = f"login_{secrets.token_hex(6)}"
    pg.query(url, f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'")
    schema = pg.query(url, "SELECT current_schema()")[0][0]
    pg.query(url, f"GRANT USAGE ON SCHEMA {schema} TO {name}")
    for role in roles:
        pg.query(url, f"GRANT {role} TO {name}")
    try:
        yield name, named(url, name)
    finally:
        pg.query(url, f"DROP OWNED BY {name}")
        pg.query(url, f"DROP ROLE {name}")


def named(url: str, user: str, **other: Any) -> str:
    changed = make_url(url).set(username=user, password=PASSWORD, **other)
    return changed.render_as_string(hide_password=False)


async def test_a_login_that_only_writes_is_warned_of_until_it_may_sign(log: Log):
    ahead = 0.0
    with login(log.url, "cloakroom_writer") as (name, url):
        signing = Signing(log.keys)
        store = SqlAuditStore(url, MASTER, signing, monotonic=lambda: time.monotonic() + ahead)
        await store.start()
        try:
            await begin(store, "req_1")
            assert store.ready
            ahead = -SEQUENCER_FAILS_S  # however long this test has taken
            assert store.warnings() == ()
            ahead = SEQUENCER_FAILS_S
            await eventually(lambda: store.warnings() == ("audit_sequencer",))
            assert (store.ready, leaves(log)) == (True, 0)
            pg.query(log.url, f"GRANT cloakroom_sequencer TO {name}")
            await eventually(lambda: store.warnings() == ())
            await eventually(lambda: leaves(log) == count(log))
        finally:
            await store.aclose()


async def test_one_that_signs_is_not_warned_of(log: Log):
    async with log.store(monotonic=lambda: time.monotonic() + 1e6) as store:
        await begin(store, "req_1")
        await eventually(lambda: leaves(log) == count(log))
        assert store.warnings() == ()


async def test_records_that_wait_for_another_leader_are_warned_of(log: Log):
    ahead = 0.0
    signing = Signing(log.keys, wall=lambda: time.time() + ahead)
    store = SqlAuditStore(log.url, MASTER, signing, watch_s=0.05)
    with psycopg.connect(log.url, autocommit=True) as other:
        assert other.execute(LEAD).fetchone() == (True,)  # and then it does nothing
        await store.start()
        try:
            await begin(store, "req_1")
            ahead = LATE_S * 2
            await eventually(lambda: store.warnings() == ("audit_sequencer",))
            assert (store.ready, leaves(log)) == (True, 0)
            other.close()
            await eventually(lambda: store.warnings() == ())
            await eventually(lambda: leaves(log) == count(log))
        finally:
            await store.aclose()


async def test_late_is_what_waits_and_is_older_than_what_was_signed(log: Log):
    early, far = "2000-01-01T00:00:00.000000Z", "2999-01-01T00:00:00.000000Z"
    backend = PostgresBackend(log.url, 5.0)
    assert not backend.is_late(far)  # an empty log
    async with log.store() as store:
        await begin(store, "req_1")
    assert not backend.is_late(far)  # all have their leaves
    silent = SqlAuditStore(log.url, MASTER)
    await silent.start()
    await begin(silent, "req_2")
    await silent.aclose()
    assert backend.is_late(far)
    assert not backend.is_late(early)


# --- doctor ---------------------------------------------------------------------------------------


async def doctor(url: str, key_file: Path | None) -> checks.Check:
    settings: Any = SimpleNamespace(
        audit=Audit(url=url, signing_key_file=key_file), master_key=MASTER
    )
    return await checks.audit(settings)


async def test_doctor_names_the_missing_role_and_what_to_run(log: Log):
    with login(log.url, "cloakroom_writer") as (name, url):
        found = await doctor(url, log.key_file)
        assert found.status is Status.FAILED
        assert "no member of cloakroom_sequencer" in found.seen
        assert f"GRANT cloakroom_sequencer TO {name}" in found.advice
        statement = found.advice.partition("run: ")[2]
        pg.query(log.url, statement)
        assert (await doctor(url, log.key_file)).status is Status.OK


async def test_doctor_names_the_writing_role_first(log: Log):
    with login(log.url, "cloakroom_sequencer") as (_, url):
        found = await doctor(url, log.key_file)
    assert found.status is Status.FAILED
    assert "InsufficientPrivilege" in found.seen
    assert "GRANT cloakroom_writer" in found.advice
    assert PASSWORD not in found.seen + found.advice


async def test_doctor_says_what_makes_the_signing_keys(log: Log, tmp_path: Path):
    found = await doctor(log.url, tmp_path / "none.key")
    assert found.status is Status.FAILED
    assert "run `cloakroom audit migrate`, which makes it" in found.advice


async def test_the_role_that_was_refused_is_the_one_that_is_named(log: Log):
    with login(log.url, "cloakroom_writer") as (_, url), pytest.raises(DatabaseFault) as caught:
        PostgresBackend(url, 5.0).is_late("")
    assert "GRANT cloakroom_sequencer" in explain(caught.value, REVIEWER)


# --- what readers are told ------------------------------------------------------------------------


def listed(url: str) -> str:
    done = CliRunner().invoke(audit.app, ["list", "--url", url])
    assert done.exit_code == 2
    assert PASSWORD not in done.output
    assert "cloakroom serve" not in done.output
    return done.output


def test_a_reader_without_a_server_is_told(log: Log):
    assert "There is no connection" in listed(named(log.url, "nobody", host="127.0.0.1", port=1))


def test_a_reader_that_the_server_refuses_is_told(log: Log):
    assert "refuses the login" in listed(named(log.url, "no_such_login"))


def test_a_reader_without_a_role_is_told(log: Log):
    with login(log.url) as (_, url):
        assert f"GRANT {REVIEWER}" in listed(url)


def test_a_reader_without_tables_is_told(server: str):
    with pg.fresh(server) as url:
        assert "run `cloakroom audit migrate`" in listed(url)


async def test_a_writer_without_a_server_is_told(log: Log):
    url = named(log.url, "nobody", host="127.0.0.1", port=1)
    with pytest.raises(ConfigError, match="opened for writing") as caught:
        await SqlAuditStore(url, MASTER).start()
    (problem,) = caught.value.problems
    assert problem.hint.startswith("There is no connection")
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (psycopg.errors.UndefinedTable("x"), "No tables"),
        (psycopg.errors.InvalidParameterValue("x"), "has no role cloakroom_reviewer"),
        (psycopg.errors.UndefinedObject("x"), "has no role cloakroom_reviewer"),
        (psycopg.errors.InsufficientPrivilege("x"), "lacks a role"),
        (psycopg.errors.DiskFull("x"), "failed (DiskFull)"),
        (ValueError("x"), ""),
    ],
)
def test_classes_of_failures(error: Exception, words: str):
    told = explain(error, REVIEWER)
    assert words in told
    assert bool(told) is bool(words)
