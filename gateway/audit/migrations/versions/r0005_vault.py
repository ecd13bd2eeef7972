"""Schema 5: the vault, in which each row is sealed for its owner, and may be deleted."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"

_TABLE = (
    "CREATE TABLE vault_items (owner {bytes} NOT NULL, kind {text} NOT NULL, name {text} NOT NULL, "
    "tenant {text} NOT NULL, request_id {text} NOT NULL, created {real} NOT NULL, "
    "expires {real} NOT NULL, sealed {bytes} NOT NULL, PRIMARY KEY (owner, kind, name))"
)
_INDEXES = (
    "CREATE INDEX vault_items_expires ON vault_items (expires)",
    "CREATE INDEX vault_items_request ON vault_items (request_id)",
)
_SQLITE = {"bytes": "BLOB", "text": "TEXT", "real": "REAL"}
_POSTGRESQL = {"bytes": "bytea", "text": 'text COLLATE "C"', "real": "double precision"}
_GRANTS = (
    "REVOKE ALL ON vault_items FROM PUBLIC",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON vault_items TO cloakroom_writer",
    "GRANT SELECT, DELETE ON vault_items TO cloakroom_retention",
)


def upgrade() -> None:
    """Make the table, and on PostgreSQL say what each role may do to it."""
    run = op.get_bind().exec_driver_sql
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    run(_TABLE.format(**(_SQLITE if is_sqlite else _POSTGRESQL)))
    for statement in _INDEXES:
        run(statement)
    if not is_sqlite:
        for statement in _GRANTS:
            run(statement)
    run("UPDATE audit_meta SET version = 5")
