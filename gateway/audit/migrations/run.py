"""Runs the migrations in a transaction that the caller has begun."""

from __future__ import annotations

from pathlib import Path

from gateway.audit.sql import Db, version

FIRST = "0001"
"""The revision of schema 1, which was made without a record of revisions."""

_PATH = "SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true)"
"""Functions that run as the owner take their path from here: what a caller may make, a temporary
table above all, must not stand in the way of ours (PostgreSQL's manual, CREATE FUNCTION)."""


def upgrade(connection: Db, revision: str = "head") -> None:
    """Bring the tables up to this version of Cloakroom, or only to an earlier revision.

    Each revision says itself, in `audit_meta`, which schema it leads to.
    """
    # Here, because a log that is up to date does not need them: they take a while to load.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    folder = str(Path(__file__).parent)
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.attributes["connection"] = connection
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_PATH)
    if version(connection) == 1:
        command.stamp(config, FIRST)
    command.upgrade(config, revision)
