"""PostgreSQL itself keeps what must stay, whoever calls it, and lets go of what has expired."""

from __future__ import annotations

import asyncio

import psycopg
import pytest
from sqlalchemy import create_engine

from gateway.audit import opening
from gateway.audit.content.store import open_content
from gateway.audit.migrations.run import upgrade
from gateway.audit.postgres.sql import address
from gateway.audit.reading import open_log
from gateway.audit.sinks.sql import STATE, Books
from gateway.audit.sql import SCHEMA
from gateway.errors import ConfigError
from gateway.expiring import Expirer
from tests.audit import pg
from tests.audit.content.kept import EARLIER, LATER, MASTER, TENANT, exchange, store
from tests.audit.test_retention import fill, requests, taken
from tests.audit.test_store_both import Log

ANNA, BERT = "anna@example.com", "bert@example.com"
RETENTION, WRITER = "cloakroom_retention", "cloakroom_writer"
CONTENT = ("audit_capsules", "audit_subject_keys", "audit_subject_index")
PRUNE = "SELECT audit_prune({0}, '2026-01-01T00:00:00.000000Z', 'e')"


@pytest.fixture
def url(log: Log) -> str:
    return log.url


@pytest.fixture
def filled(url: str, tmp_path) -> str:
    fill(url, tmp_path)
    return url


def call(url: str, role: str, statement: str) -> object:
    """What a statement gives to a role: its first value, or the class of the error."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"SET ROLE {role}")
        try:
            cursor = connection.execute(statement)
            return cursor.fetchone()[0] if cursor.description else ""
        except psycopg.Error as error:
            return type(error).__name__


def number(url: str, query: str) -> int:
    return pg.query(url, f"SELECT count(*) FROM {query}")[0][0]


# --- pruning --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "held",
    [
        {"request_id": "r020"},
        {"tenant": TENANT},
        {"tenant": ""},
        {"tenant": TENANT, "subjects": [("EMAIL_ADDRESS", ANNA)]},
    ],
)
def test_the_function_takes_nothing_that_is_on_hold(filled: str, held):
    with open_content(filled, MASTER) as content:
        (hold_id,) = content.hold(reason="case", **held)
        assert call(filled, RETENTION, PRUNE.format(256)) == "CheckViolation"
        assert "r000" in requests(filled)
        content.release(hold_id)
        assert call(filled, RETENTION, PRUNE.format(256)) == 256


def test_a_hold_on_what_comes_later_is_in_nobodys_way(filled: str):
    assert requests(filled)["r150"] > 256
    with open_content(filled, MASTER) as content:
        content.hold(reason="case", request_id="r150")
    assert call(filled, RETENTION, PRUNE.format(512)) == "CheckViolation"
    assert call(filled, RETENTION, PRUNE.format(256)) == 256


@pytest.mark.parametrize(
    ("cursors", "outcome"),
    [
        ([("jsonl:x", 512)], 512),
        ([("jsonl:x", 511)], "CheckViolation"),
        ([("jsonl:x", 600), ("syslog:y", 0)], "CheckViolation"),
        ([("jsonl:x", 600), ("jsonl:x" + STATE, 0)], 512),
    ],
)
def test_the_function_waits_for_every_sink(filled: str, cursors, outcome):
    books = Books(filled)
    for name, leaf in cursors:
        books.move(name, leaf)
    books.close()
    assert call(filled, RETENTION, PRUNE.format(512)) == outcome


def test_content_goes_with_its_records(filled: str):
    assert number(filled, "audit_subject_keys") == 310
    assert call(filled, RETENTION, PRUNE.format(256)) == 256
    left = len({one for one, leaf in requests(filled).items() if leaf >= 256})
    for table in CONTENT:
        (count,) = pg.query(filled, f"SELECT count(DISTINCT request_id) FROM {table}")[0]
        # one request may stand on both sides of the edge: its content is gone, a record is left
        assert left - 1 <= count <= left


def test_a_hold_waits_for_a_prune_that_is_under_way(filled: str):
    """So that nobody is told that something is on hold which is about to go."""
    insert = "INSERT INTO audit_holds VALUES ('h', '', NULL, NULL, 'case', 'ts', NULL)"
    with psycopg.connect(filled) as pruning, psycopg.connect(filled, autocommit=True) as holding:
        pruning.execute(PRUNE.format(256))
        holding.execute("SET lock_timeout = '50ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            holding.execute(insert)
        pruning.rollback()
        holding.execute(insert)
    assert call(filled, RETENTION, PRUNE.format(256)) == "CheckViolation"


# --- what is on hold is deleted by nobody ---------------------------------------------------------


@pytest.mark.parametrize("table", [*CONTENT, "audit_nonces"])
@pytest.mark.parametrize(
    "held", [{"request_id": "r1"}, {"tenant": TENANT, "subjects": [("EMAIL_ADDRESS", ANNA)]}]
)
def test_content_on_hold_is_not_deleted_by_hand(url: str, table: str, held):
    exchange(url, "r1", ANNA, BERT, text=b"text")
    exchange(url, "r2", BERT, text=b"text")
    before = number(url, table)
    with open_content(url, MASTER) as content:
        (hold_id,) = content.hold(reason="case", **held)
        assert call(url, RETENTION, f"DELETE FROM {table}") == "CheckViolation"
        assert number(url, table) == before
        content.erase(TENANT, ["r2"])  # which is on no hold
        assert 0 < number(url, table) < before
        content.release(hold_id)
    assert call(url, RETENTION, f"DELETE FROM {table}") == ""
    assert number(url, table) == 0


# --- expiry ---------------------------------------------------------------------------------------


def left(url: str) -> set[str]:
    found = [{row[0] for row in pg.query(url, f"SELECT request_id FROM {one}")} for one in CONTENT]
    assert found[0] == found[1] == found[2]
    return found[0]


@pytest.mark.parametrize("role", [WRITER, RETENTION])
def test_what_has_expired_goes_and_no_record(url: str, role: str):
    exchange(url, "r1", ANNA, text=b"text", expires=EARLIER)
    exchange(url, "r2", ANNA, text=b"text", expires=LATER)
    before = number(url, "audit_records"), number(url, "audit_nonces")
    assert call(url, role, "SELECT audit_expire(10)") == 1
    assert call(url, role, "SELECT audit_expire(10)") == 0
    assert left(url) == {"r2"}
    assert (number(url, "audit_records"), number(url, "audit_nonces")) == before


@pytest.mark.parametrize("role", ["cloakroom_sequencer", "cloakroom_reviewer"])
def test_others_do_not_make_it_expire(url: str, role: str):
    assert call(url, role, "SELECT audit_expire(10)") == "InsufficientPrivilege"


@pytest.mark.parametrize("table", [*CONTENT, "audit_records", "audit_nonces"])
def test_the_writer_deletes_nothing_by_itself(url: str, table: str):
    assert call(url, WRITER, f"DELETE FROM {table}") == "InsufficientPrivilege"


def test_what_is_on_hold_does_not_expire(url: str):
    for name, emails in (("r1", [ANNA]), ("r2", [BERT]), ("r3", [])):
        exchange(url, name, *emails, text=b"text", expires=EARLIER)
    with open_content(url, MASTER) as content:
        content.hold(reason="case", tenant=TENANT, subjects=[("EMAIL_ADDRESS", ANNA)])
        (on_request,) = content.hold(reason="case", request_id="r3")
        assert call(url, WRITER, "SELECT audit_expire(10)") == 1
        assert number(url, "audit_subject_keys WHERE request_id = 'r1'") == 1
        content.release(on_request)
        assert content.expire() == 1
    assert left(url) == {"r1"}


def test_no_more_than_so_many_at_once(url: str):
    for name in ("r1", "r2", "r3"):
        exchange(url, name, ANNA, text=b"text", expires=EARLIER)
    assert call(url, WRITER, "SELECT audit_expire(2)") == 2
    assert len(left(url)) == 1


def test_the_gateway_deletes_what_has_expired(url: str):
    exchange(url, "r1", ANNA, text=b"text", expires=EARLIER)
    exchange(url, "r2", ANNA, text=b"text", expires=LATER)
    assert Expirer(url, MASTER).expire() == 1
    assert left(url) == {"r2"}


# --- from schema 3 --------------------------------------------------------------------------------


def test_a_log_of_schema_3_is_brought_up_to_date_with_all_it_holds(server: str, tmp_path):
    with pg.fresh(server) as url:
        engine = create_engine(address(url))
        with engine.begin() as connection:
            upgrade(connection, "0003")
        engine.dispose()
        assert pg.query(url, "SELECT version FROM audit_meta") == [(3,)]
        with pytest.raises(ConfigError, match="cloakroom audit migrate"):
            asyncio.run(store(url).start())
        with pytest.raises(ConfigError, match="cloakroom audit migrate"):
            open_content(url, MASTER)
        pg.query(
            url, f"UPDATE audit_meta SET version = {SCHEMA}"
        )  # what writes is the same as before
        fill(url, tmp_path)
        exchange(url, "old", BERT, text=b"text", expires=EARLIER)
        pg.query(url, "UPDATE audit_meta SET version = 3")
        before = contents(url)
        with open_content_of_old(url) as content:
            content.hold(reason="case", request_id="r150")
        assert opening.migrate(url)
        assert contents(url) == before
        assert call(url, RETENTION, PRUNE.format(512)) == "CheckViolation"
        assert Expirer(url, MASTER).expire() == 1
        with open_content(url, MASTER) as content:
            assert taken(content).below == 256
        with open_log(url) as log:
            assert next(iter(log.rows(0))).leaf_index == 256


def contents(url: str) -> dict[str, int]:
    return {
        table: number(url, table)
        for table in ("audit_records", "audit_leaves", "audit_nonces", *CONTENT)
    }


def open_content_of_old(url: str):
    """As an old version opened it."""
    pg.query(url, f"UPDATE audit_meta SET version = {SCHEMA}")
    content = open_content(url, MASTER)
    pg.query(url, "UPDATE audit_meta SET version = 3")
    return content
