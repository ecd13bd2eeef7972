"""Schema 2: the Merkle tree, checkpoints and keys; on PostgreSQL also roles and what they may."""

from __future__ import annotations

from alembic import op

from gateway.audit.migrations.grants import FUNCTIONS, GRANTS, ROLES, TRIGGERS

revision = "0002"
down_revision = "0001"

_TABLES = (
    "CREATE TABLE audit_leaves (leaf_index {int8} PRIMARY KEY NOT NULL, "
    "event_id {text} NOT NULL UNIQUE)",
    "CREATE TABLE audit_tree (size bigint NOT NULL, frontier {bytes} NOT NULL, "
    "last_seq bigint NOT NULL)",
    "CREATE TABLE audit_tiles (level integer NOT NULL, tile_index bigint NOT NULL, "
    "hashes {bytes} NOT NULL, PRIMARY KEY (level, tile_index))",
    "CREATE TABLE audit_writers (writer_id {text} PRIMARY KEY NOT NULL, last_seq bigint NOT NULL, "
    "last_hash {bytes} NOT NULL)",
    "CREATE TABLE audit_checkpoints (size {int8} PRIMARY KEY NOT NULL, ts {text} NOT NULL, "
    "note text NOT NULL)",
    "CREATE TABLE audit_log_keys (key_id {text} PRIMARY KEY NOT NULL, name text NOT NULL, "
    "algorithm text NOT NULL, public {bytes} NOT NULL, since {text} NOT NULL, until {text})",
    "CREATE TABLE audit_anchors (anchor {text} NOT NULL, size bigint NOT NULL, ts {text} NOT NULL, "
    "PRIMARY KEY (anchor, size))",
    "CREATE TABLE audit_cursors (sink {text} PRIMARY KEY NOT NULL, leaf_index bigint NOT NULL)",
    "CREATE TABLE audit_pruned (below {int8} PRIMARY KEY NOT NULL, ts {text} NOT NULL, "
    "event_id {text} NOT NULL)",
    "CREATE TABLE audit_policies (sha256 {text} PRIMARY KEY NOT NULL, text text NOT NULL)",
    "ALTER TABLE audit_meta ADD COLUMN origin text",
)
_EMPTY = "INSERT INTO audit_tree (size, frontier, last_seq) VALUES (0, {empty}, 0)"
_SQLITE = {"int8": "INTEGER", "bytes": "BLOB", "text": "TEXT", "empty": "x''"}
_POSTGRESQL = {
    "int8": "bigint",
    "bytes": "bytea",
    "text": 'text COLLATE "C"',
    "empty": "''::bytea",
}
_APPEND_ONLY = (
    ("audit_records", "DELETE", "NOT EXISTS (SELECT 1 FROM audit_leaves l, audit_pruned p "
     "WHERE l.event_id = OLD.event_id AND l.leaf_index < p.below)"),
    ("audit_leaves", "UPDATE", "1"),
    ("audit_leaves", "DELETE", "OLD.leaf_index >= "
     "coalesce((SELECT max(below) FROM audit_pruned), 0)"),
    ("audit_tree", "UPDATE", "NEW.size < OLD.size OR NEW.last_seq < OLD.last_seq"),
    ("audit_tree", "DELETE", "1"),
    ("audit_tiles", "UPDATE", "NEW.level <> OLD.level OR NEW.tile_index <> OLD.tile_index OR "
     "substr(NEW.hashes, 1, length(OLD.hashes)) <> OLD.hashes"),
    ("audit_tiles", "DELETE", "1"),
    ("audit_checkpoints", "UPDATE", "NEW.size <> OLD.size OR NEW.ts < OLD.ts"),
    ("audit_checkpoints", "DELETE", "1"),
    ("audit_log_keys", "UPDATE", "NEW.key_id <> OLD.key_id OR NEW.public <> OLD.public"),
    ("audit_log_keys", "DELETE", "1"),
    ("audit_pruned", "UPDATE", "1"),
    ("audit_pruned", "DELETE", "1"),
)  # fmt: skip
"""What may not be done to which table, and when, on SQLite."""


def upgrade() -> None:
    """Make the tables and what guards them."""
    run = op.get_bind().exec_driver_sql
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    words = _SQLITE if is_sqlite else _POSTGRESQL
    for statement in (*_TABLES, _EMPTY):
        run(statement.format(**words))
    if is_sqlite:
        run("DROP TRIGGER audit_records_no_delete")
        for name, act, when in _APPEND_ONLY:
            run(
                f"CREATE TRIGGER {name}_no_{act.lower()} BEFORE {act} ON {name} WHEN {when} "
                f"BEGIN SELECT RAISE(ABORT, '{name} is insert-only'); END"
            )
    else:
        for statement in (*ROLES, *FUNCTIONS, *TRIGGERS, *GRANTS):
            run(statement)
    run("UPDATE audit_meta SET version = 2")
