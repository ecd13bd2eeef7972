"""Schema 1: records, nonces, open requests."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None

_ENDS = (
    "type IN ('request.denied', 'request.completed', 'request.aborted', 'request.failed',"
    " 'request.outcome_unknown')"
)
_SQLITE = (
    """CREATE TABLE audit_records (
        seq INTEGER NOT NULL PRIMARY KEY,
        event_id TEXT NOT NULL UNIQUE,
        request_id TEXT,
        type TEXT NOT NULL,
        ts TEXT NOT NULL,
        tenant TEXT NOT NULL,
        writer_id TEXT NOT NULL,
        writer_seq INTEGER NOT NULL,
        leaf_hash BLOB NOT NULL,
        prev_writer_hash BLOB NOT NULL,
        mac BLOB NOT NULL,
        body TEXT NOT NULL
    )""",
    """CREATE TABLE audit_nonces (
        event_id TEXT NOT NULL, kind TEXT NOT NULL, nonce BLOB NOT NULL,
        PRIMARY KEY (event_id, kind)
    ) WITHOUT ROWID""",
    """CREATE TABLE audit_open (
        request_id TEXT NOT NULL PRIMARY KEY, event_id TEXT NOT NULL, writer_id TEXT NOT NULL
    ) WITHOUT ROWID""",
    "CREATE TABLE audit_meta (version INTEGER NOT NULL, probes INTEGER NOT NULL)",
    "CREATE TRIGGER audit_records_no_update BEFORE UPDATE ON audit_records "
    "BEGIN SELECT RAISE(ABORT, 'audit_records is insert-only'); END",
    "CREATE TRIGGER audit_records_no_delete BEFORE DELETE ON audit_records "
    "BEGIN SELECT RAISE(ABORT, 'audit_records is insert-only'); END",
    # INSERT OR REPLACE deletes without a delete trigger.
    "CREATE TRIGGER audit_records_no_replace BEFORE INSERT ON audit_records WHEN EXISTS "
    "(SELECT 1 FROM audit_records WHERE seq = NEW.seq OR event_id = NEW.event_id) "
    "BEGIN SELECT RAISE(ABORT, 'audit_records is insert-only'); END",
)
_POSTGRESQL = (
    # Text is compared byte by byte: all of it is ASCII, and times must sort as they are written.
    """CREATE TABLE audit_records (
        seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        event_id text COLLATE "C" NOT NULL UNIQUE,
        request_id text COLLATE "C",
        type text COLLATE "C" NOT NULL,
        ts text COLLATE "C" NOT NULL,
        tenant text COLLATE "C" NOT NULL,
        writer_id text COLLATE "C" NOT NULL,
        writer_seq bigint NOT NULL,
        leaf_hash bytea NOT NULL,
        prev_writer_hash bytea NOT NULL,
        mac bytea NOT NULL,
        body text NOT NULL
    )""",
    """CREATE TABLE audit_nonces (
        event_id text COLLATE "C" NOT NULL, kind text NOT NULL, nonce bytea NOT NULL,
        PRIMARY KEY (event_id, kind)
    )""",
    """CREATE TABLE audit_open (
        request_id text COLLATE "C" PRIMARY KEY,
        event_id text COLLATE "C" NOT NULL,
        writer_id text COLLATE "C" NOT NULL
    )""",
    "CREATE TABLE audit_meta (version integer NOT NULL, probes bigint NOT NULL)",
)
_INDEXES = (
    "CREATE UNIQUE INDEX audit_records_writer ON audit_records (writer_id, writer_seq)",
    "CREATE INDEX audit_records_tenant ON audit_records (tenant, seq)",
    "CREATE INDEX audit_records_type ON audit_records (type, seq)",
    "CREATE INDEX audit_records_request ON audit_records (request_id)",
    f"CREATE UNIQUE INDEX audit_records_one_end ON audit_records (request_id) WHERE {_ENDS}",
    "INSERT INTO audit_meta VALUES (1, 0)",
)


def upgrade() -> None:
    """Make the tables."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in (*(_SQLITE if is_sqlite else _POSTGRESQL), *_INDEXES):
        op.get_bind().exec_driver_sql(statement)
