"""Schema 4: on PostgreSQL, holds and sinks bind whoever calls the functions, and content expires.

SQLite has no functions and no roles: there, nothing but the number changes.
"""

from __future__ import annotations

from alembic import op

from gateway.audit.migrations.keeping import FUNCTIONS, GRANTS, TRIGGERS

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Replace `audit_prune`, make `audit_expire`, and guard what is on hold."""
    run = op.get_bind().exec_driver_sql
    if op.get_bind().dialect.name != "sqlite":
        for statement in (*FUNCTIONS, *TRIGGERS, *GRANTS):
            run(statement)
    run("UPDATE audit_meta SET version = 4")
