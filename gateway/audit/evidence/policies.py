"""Keeps the files of a policy in the log's database, under the digest that records name."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from gateway.audit import sql
from gateway.audit.opening import make_backend
from gateway.audit.postgres.backend import PostgresBackend
from gateway.audit.reading import PolicyFile
from gateway.errors import AuditUnavailable

_WRITER = "cloakroom_writer"


def keep_policy(url: str, sha256: str, files: Sequence[PolicyFile], *, busy_s: float = 5.0) -> None:
    """Keep the files, in the order in which they were digested; once is enough.

    Blocks. The log must have its tables already.

    Raises:
        ConfigError: the URL names no log, or its schema is not of this version.
        AuditUnavailable: it cannot be written.
    """
    backend = make_backend(url, busy_s)
    text = orjson.dumps([{"name": one.name, "text": one.text} for one in files]).decode()
    statement = (
        "INSERT INTO audit_policies (sha256, text) VALUES (?, ?) ON CONFLICT (sha256) DO NOTHING"
    )
    try:
        with sql.faults():
            if isinstance(backend, PostgresBackend):
                connection = backend.connect_as(_WRITER)
            else:
                connection = backend.connect("", first=False)
            try:
                with backend.transaction(connection) as raw:
                    raw.execute(statement, (sha256, text))
            finally:
                connection.close()
    except sql.DatabaseFault:
        raise AuditUnavailable("The audit log cannot be written.") from None
