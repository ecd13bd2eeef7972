"""Schema 6: on PostgreSQL, whoever sees to retention may give up a sink that holds records back."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Let the cursor of a sink go; on SQLite nothing but the number changes."""
    run = op.get_bind().exec_driver_sql
    if op.get_bind().dialect.name != "sqlite":
        run("GRANT DELETE ON audit_cursors TO cloakroom_retention")
    run("UPDATE audit_meta SET version = 6")
