"""What a failure of PostgreSQL means for whoever runs the gateway, told by its class alone.

The server's own words are never passed on: they may name users, hosts and values.
"""

from __future__ import annotations

from collections.abc import Iterator

import psycopg

from gateway.audit.migrations.grants import CONSOLE, NAMES
from gateway.audit.sql import DatabaseFault

MIGRATE = "cloakroom audit migrate"
NO_LOG = "no audit log"
_REFUSED_LOGIN = "The server refuses the login: check user, password, database and pg_hba.conf."
_NO_CONNECTION = "There is no connection to the server: check host, port and that it runs."
_NO_ROLE = "The login lacks a role: as the owner of the tables run GRANT {role} TO the login."
_NO_TABLES = f"No tables are to be seen there: run `{MIGRATE}`."


def explain(error: BaseException, role: str) -> str:
    """What has to be done about a failure; "" where it is not one of PostgreSQL.

    The error that is raised in the end hides what the driver raised, but still knows it.

    Args:
        error: what was caught.
        role: the role that was needed, where the failure does not tell.
    """
    for one in _chain(error):
        if isinstance(one, psycopg.Error):
            return _of_driver(one, role)
        if isinstance(one, DatabaseFault) and str(one) == NO_LOG:
            return _NO_TABLES
    return ""


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and those that it followed from, the driver's own among them."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _of_driver(error: psycopg.Error, role: str) -> str:
    if isinstance(error, psycopg.errors.UndefinedTable):
        return _NO_TABLES
    if isinstance(error, psycopg.errors.InvalidParameterValue | psycopg.errors.UndefinedObject):
        return f"The server has no role {role}: run `{MIGRATE}`."  # what SET ROLE says
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        refused = (one for one in (*NAMES, CONSOLE) if f'"{one}"' in str(error))  # by SET ROLE
        return _NO_ROLE.format(role=next(refused, role))
    if isinstance(error, psycopg.OperationalError) and error.sqlstate is None:
        # Without a session there is no code, only the text; servers keep the word in it.
        return _REFUSED_LOGIN if "FATAL:" in str(error) else _NO_CONNECTION
    return f"The server failed ({type(error).__name__}): see its own log."
