"""Schema 3: capsules, their keys, the blind index and legal holds, which all may be erased."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

_TABLES = (
    "CREATE TABLE audit_key_epochs (epoch {int4} PRIMARY KEY NOT NULL, salt {bytes} NOT NULL, "
    "since {text} NOT NULL)",
    # The key is no row id on SQLite: rows are added at the end and never moved by later ones.
    "CREATE TABLE audit_subject_keys (request_id {text} PRIMARY KEY NOT NULL, "
    "tenant {text} NOT NULL, epoch integer NOT NULL REFERENCES audit_key_epochs (epoch), "
    "expires {text} NOT NULL, wrapped {bytes} NOT NULL)",
    "CREATE TABLE audit_capsules (capsule_id {serial}, request_id {text} NOT NULL, "
    "event_id {text} NOT NULL, kind text NOT NULL, tenant {text} NOT NULL, "
    "expires {text} NOT NULL, complete integer NOT NULL, sealed {bytes} NOT NULL, "
    "UNIQUE (event_id, kind))",
    "CREATE TABLE audit_subject_index (blind {bytes} NOT NULL, request_id {text} NOT NULL, "
    "tenant {text} NOT NULL, expires {text} NOT NULL, PRIMARY KEY (blind, request_id))",
    "CREATE TABLE audit_holds (hold_id {text} PRIMARY KEY NOT NULL, tenant {text} NOT NULL, "
    "blind {bytes}, request_id {text}, reason text NOT NULL, ts {text} NOT NULL, "
    "released {text})",
    "CREATE INDEX audit_subject_keys_epoch ON audit_subject_keys (epoch, request_id)",
    "CREATE INDEX audit_subject_keys_expires ON audit_subject_keys (expires)",
    "CREATE INDEX audit_capsules_request ON audit_capsules (request_id)",
    "CREATE INDEX audit_subject_index_request ON audit_subject_index (request_id)",
    "CREATE INDEX audit_subject_index_expires ON audit_subject_index (expires)",
)
_SQLITE = {
    "int4": "INTEGER",
    "bytes": "BLOB",
    "text": "TEXT",
    "serial": "INTEGER PRIMARY KEY NOT NULL",
}
_POSTGRESQL = {
    "int4": "integer",
    "bytes": "bytea",
    "text": 'text COLLATE "C"',
    "serial": "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
}
_GUARDS = (
    ("audit_key_epochs", "UPDATE", "1"),
    ("audit_capsules", "UPDATE", "1"),
    ("audit_holds", "DELETE", "1"),
    ("audit_holds", "UPDATE", "OLD.released IS NOT NULL OR NEW.hold_id <> OLD.hold_id "
     "OR NEW.tenant <> OLD.tenant OR NEW.blind IS NOT OLD.blind "
     "OR NEW.request_id IS NOT OLD.request_id OR NEW.reason <> OLD.reason"),
)  # fmt: skip
"""What may not be done to which table, and when, on SQLite."""
_NAMES = "audit_key_epochs, audit_subject_keys, audit_capsules, audit_subject_index, audit_holds"
_GRANTS = (
    f"REVOKE ALL ON {_NAMES} FROM PUBLIC",
    "GRANT INSERT ON audit_subject_keys, audit_capsules, audit_subject_index TO cloakroom_writer",
    "GRANT SELECT (request_id) ON audit_subject_keys TO cloakroom_writer",
    # for ON CONFLICT
    "GRANT SELECT (blind, request_id) ON audit_subject_index TO cloakroom_writer",
    "GRANT SELECT, INSERT ON audit_key_epochs TO cloakroom_writer",
    "GRANT SELECT, DELETE ON audit_capsules, audit_subject_index TO cloakroom_retention",
    "GRANT SELECT, DELETE ON audit_subject_keys TO cloakroom_retention",
    "GRANT UPDATE (epoch, wrapped) ON audit_subject_keys TO cloakroom_retention",
    "GRANT SELECT, INSERT, DELETE ON audit_key_epochs TO cloakroom_retention",
    "GRANT SELECT, INSERT ON audit_holds TO cloakroom_retention",
    "GRANT UPDATE (released) ON audit_holds TO cloakroom_retention",
    "GRANT SELECT, DELETE ON audit_nonces TO cloakroom_retention",
    "GRANT SELECT ON audit_open, audit_cursors TO cloakroom_retention",
    "GRANT SELECT ON audit_holds TO cloakroom_reviewer",
)


def upgrade() -> None:
    """Make the tables, what guards them, and on PostgreSQL what each role may do to them."""
    run = op.get_bind().exec_driver_sql
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    words = _SQLITE if is_sqlite else _POSTGRESQL
    for statement in _TABLES:
        run(statement.format(**words))
    if is_sqlite:
        for name, act, when in _GUARDS:
            run(
                f"CREATE TRIGGER {name}_no_{act.lower()} BEFORE {act} ON {name} WHEN {when} "
                f"BEGIN SELECT RAISE(ABORT, '{name} is not to be changed'); END"
            )
    else:
        for statement in _GRANTS:
            run(statement)
    run("UPDATE audit_meta SET version = 3")
