"""Schema 8: what people ask for and say at the console: unmaskings, feedback, saved searches."""

from __future__ import annotations

from alembic import op

from gateway.audit.migrations.grants import CONSOLE

revision = "0008"
down_revision = "0007"

_CLAIM = "claim {text} NOT NULL, claimed_by {text} NOT NULL, claimed {real} NOT NULL"
# The schemas whose code works on these tables as well. Each later revision sets it: to the last but
# one where it only adds to them, to its own where it does not.
_SERVES = "ALTER TABLE audit_meta ADD COLUMN serves {int} NOT NULL DEFAULT 8"
_TABLES = (
    _SERVES,
    "CREATE TABLE console_unmasks (unmask_id {text} NOT NULL PRIMARY KEY, tenant {text} NOT NULL, "
    "request_id {text} NOT NULL, event_id {text} NOT NULL, kinds {text} NOT NULL, "
    "code {text} NOT NULL, ticket {text} NOT NULL, reason {bytes} NOT NULL, "
    "requested_by {text} NOT NULL, requested {real} NOT NULL, state {text} NOT NULL, "
    "decided_by {text} NOT NULL, decided {real} NOT NULL, expires {real} NOT NULL, "
    f"views {{int}} NOT NULL, {_CLAIM}, CHECK (decided_by <> requested_by))",
    "CREATE INDEX console_unmasks_state ON console_unmasks (state, requested)",
    "CREATE INDEX console_unmasks_request ON console_unmasks (request_id)",
    "CREATE TABLE console_feedback (feedback_id {text} NOT NULL PRIMARY KEY, "
    "tenant {text} NOT NULL, event_id {text} NOT NULL, verdict {text} NOT NULL, "
    "entity_type {text} NOT NULL, blind {bytes} NOT NULL, sealed {bytes} NOT NULL, "
    "given_by {text} NOT NULL, given {real} NOT NULL, state {text} NOT NULL, "
    "decided_by {text} NOT NULL, decided {real} NOT NULL, expires {real} NOT NULL, "
    f"{_CLAIM}, CHECK (decided_by <> given_by))",
    "CREATE INDEX console_feedback_state ON console_feedback (state, given)",
    "CREATE INDEX console_feedback_blind ON console_feedback (blind)",
    "CREATE TABLE console_searches (id {text} NOT NULL PRIMARY KEY, name {text} NOT NULL, "
    "title {text} NOT NULL, filter {text} NOT NULL, created {real} NOT NULL, UNIQUE (name, title))",
)
_SQLITE = {"bytes": "BLOB", "text": "TEXT", "real": "REAL", "int": "INTEGER"}
_POSTGRESQL = {
    "bytes": "bytea",
    "text": 'text COLLATE "C"',
    "real": "double precision",
    "int": "bigint",
}
# The console reads sealed texts through this alone: those of a request that somebody else has
# approved, until it expires by the server's clock.
_UNSEALED = """CREATE FUNCTION console_unsealed(which text)
    RETURNS TABLE (request_id text, event_id text, kind text, tenant text, complete integer,
        sealed bytea, wrapped bytea, epoch integer, salt bytea, nonce bytea)
    LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
        SELECT c.request_id, c.event_id, c.kind, c.tenant, c.complete, c.sealed, k.wrapped,
            e.epoch, e.salt, n.nonce
        FROM console_unmasks u
        JOIN audit_capsules c ON c.request_id = u.request_id AND c.tenant = u.tenant
            AND c.kind = ANY (string_to_array(u.kinds, ' '))
        JOIN audit_subject_keys k ON k.request_id = c.request_id
        JOIN audit_key_epochs e ON e.epoch = k.epoch
        LEFT JOIN audit_nonces n ON n.event_id = c.event_id AND n.kind = c.kind
        WHERE u.unmask_id = which AND u.state = 'approved' AND u.decided_by <> ''
            AND u.expires > extract(epoch FROM clock_timestamp())
            AND c.expires >=
                to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
        ORDER BY c.capsule_id
    $$"""
_NAMES = "console_unmasks, console_feedback, console_searches"
_GRANTS = (
    f"REVOKE ALL ON {_NAMES} FROM PUBLIC",
    f"GRANT SELECT, INSERT, UPDATE, DELETE ON {_NAMES} TO {CONSOLE}",
    # which texts are kept, and until when, without the texts
    "GRANT SELECT (request_id, event_id, kind, tenant, expires, complete) ON audit_capsules "
    f"TO {CONSOLE}",
    # and whose feedback has to stay, without the reasons
    f"GRANT SELECT (tenant, blind, request_id, released) ON audit_holds TO {CONSOLE}",
    "GRANT SELECT (blind, tenant, event_id), DELETE ON console_feedback TO cloakroom_retention",
    "GRANT SELECT (request_id, tenant), UPDATE (reason) ON console_unmasks TO cloakroom_retention",
    "REVOKE ALL ON FUNCTION console_unsealed(text) FROM PUBLIC",
    f"GRANT EXECUTE ON FUNCTION console_unsealed(text) TO {CONSOLE}",
)


def upgrade() -> None:
    """Make the tables, and on PostgreSQL say what the console may do to them, and read."""
    run = op.get_bind().exec_driver_sql
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in _TABLES:
        run(statement.format(**(_SQLITE if is_sqlite else _POSTGRESQL)))
    if not is_sqlite:
        run(_UNSEALED)
        for statement in _GRANTS:
            run(statement)
    run("UPDATE audit_meta SET version = 8")
