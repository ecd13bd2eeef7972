"""Alembic's environment: revisions run on the connection that `run.upgrade` was given."""

from __future__ import annotations

from alembic import context

context.configure(
    connection=context.config.attributes["connection"], version_table="audit_revision"
)
# The transaction is that of the caller, which Alembic leaves alone.
context.run_migrations()
