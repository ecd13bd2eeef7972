"""Schema 7: the accounts of the console, and who is signed in."""

from __future__ import annotations

from alembic import op

from gateway.audit.migrations.grants import CONSOLE, READABLE, role_made, schema_opened

revision = "0007"
down_revision = "0006"

_TABLES = (
    "CREATE TABLE console_accounts (name {text} NOT NULL PRIMARY KEY, password {text} NOT NULL, "
    "roles {text} NOT NULL, tenants {text} NOT NULL, stamp {text} NOT NULL, created {real} "
    "NOT NULL, failures {int} NOT NULL, locked_until {real} NOT NULL)",
    "CREATE TABLE console_sessions (token {bytes} NOT NULL PRIMARY KEY, name {text} NOT NULL, "
    "stamp {text} NOT NULL, created {real} NOT NULL, seen {real} NOT NULL)",
    "CREATE INDEX console_sessions_name ON console_sessions (name)",
)
_SQLITE = {"bytes": "BLOB", "text": "TEXT", "real": "REAL", "int": "INTEGER"}
_POSTGRESQL = {
    "bytes": "bytea",
    "text": 'text COLLATE "C"',
    "real": "double precision",
    "int": "bigint",
}
_GRANTS = (
    role_made(CONSOLE),
    schema_opened(CONSOLE),
    "REVOKE ALL ON console_accounts, console_sessions FROM PUBLIC",
    f"GRANT SELECT, INSERT, UPDATE, DELETE ON console_accounts, console_sessions TO {CONSOLE}",
    f"GRANT SELECT ON {', '.join(READABLE)} TO {CONSOLE}",
)


def upgrade() -> None:
    """Make the tables, and on PostgreSQL the role that may use them."""
    run = op.get_bind().exec_driver_sql
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in _TABLES:
        run(statement.format(**(_SQLITE if is_sqlite else _POSTGRESQL)))
    if not is_sqlite:
        for statement in _GRANTS:
            run(statement)
    run("UPDATE audit_meta SET version = 7")
