"""What each role may do to the audit tables on PostgreSQL, and the triggers behind it.

    cloakroom_writer     adds records, and keeps the list of open requests
    cloakroom_sequencer  gives leaves and signs; never touches a record
    cloakroom_retention  deletes, and only a prefix of the log, by `audit_prune`
    cloakroom_reviewer   reads

    cloakroom_console    keeps the accounts of the console, and reads what a reviewer reads

A login gets what it is a member of. Whoever migrates owns the tables and is a member of them all.
No statement holds a percent sign, which the driver would take for a parameter.
"""

from __future__ import annotations

from typing import Final

NAMES: Final = (
    "cloakroom_writer",
    "cloakroom_sequencer",
    "cloakroom_retention",
    "cloakroom_reviewer",
)
CONSOLE: Final = "cloakroom_console"
_TABLES: Final = (
    "audit_records", "audit_nonces", "audit_open", "audit_meta", "audit_leaves", "audit_tree",
    "audit_tiles", "audit_writers", "audit_checkpoints", "audit_log_keys", "audit_anchors",
    "audit_cursors", "audit_pruned", "audit_policies",
)  # fmt: skip
READABLE: Final = tuple(one for one in _TABLES if one != "audit_nonces")
"""What a reviewer reads."""


def role_made(name: str) -> str:
    """Makes a role where there is none, and whoever migrates its member."""
    return (
        f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{name}') "
        f"THEN CREATE ROLE {name} NOLOGIN; END IF; "
        f"IF NOT pg_has_role(current_user, '{name}', 'MEMBER') "
        f"THEN GRANT {name} TO CURRENT_USER; END IF; END $$"
    )


def schema_opened(name: str) -> str:
    """Lets a role into the schema: those other than public let nobody in by themselves."""
    return (
        "DO $$ BEGIN EXECUTE 'GRANT USAGE ON SCHEMA ' || quote_ident(current_schema()) || "
        f"' TO {name}'; END $$"
    )


ROLES: Final = tuple(map(role_made, NAMES))

FUNCTIONS: Final = (
    """CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'the audit log is insert-only' USING ERRCODE = 'insufficient_privilege';
    END $$""",
    """CREATE FUNCTION audit_unclosed()
    RETURNS TABLE (request_id text, writer_id text, body text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
        SELECT o.request_id, o.writer_id, r.body FROM audit_open o
        JOIN audit_records r ON r.event_id = o.event_id
    $$""",
    # Below a multiple of 256, of which a checkpoint is signed: what proofs need stays in the tiles.
    """CREATE FUNCTION audit_prune(first_kept bigint, at text, event text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    DECLARE taken bigint;
    BEGIN
        IF mod(first_kept, 256) <> 0 OR first_kept < 0
            OR first_kept > coalesce((SELECT max(c.size) FROM audit_checkpoints c), 0)
            OR EXISTS (SELECT 1 FROM audit_open o JOIN audit_leaves l ON l.event_id = o.event_id
                       WHERE l.leaf_index < first_kept) THEN
            RAISE EXCEPTION 'no such prefix can be taken' USING ERRCODE = 'check_violation';
        END IF;
        INSERT INTO audit_pruned (below, ts, event_id) VALUES (first_kept, at, event);
        DELETE FROM audit_nonces n USING audit_leaves l
            WHERE n.event_id = l.event_id AND l.leaf_index < first_kept;
        DELETE FROM audit_records r USING audit_leaves l
            WHERE r.event_id = l.event_id AND l.leaf_index < first_kept;
        GET DIAGNOSTICS taken = ROW_COUNT;
        DELETE FROM audit_leaves WHERE leaf_index < first_kept;
        RETURN taken;
    END $$""",
)


def _guard(table: str, act: str, when: str = "") -> str:
    condition = f"WHEN ({when}) " if when else ""
    return (
        f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} FOR EACH ROW "
        f"{condition}EXECUTE FUNCTION audit_refuse()"
    )


_PREFIX_ONLY: Final = (
    """CREATE FUNCTION audit_prefix_only() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path FROM CURRENT AS $$
    BEGIN
        IF EXISTS (SELECT 1 FROM audit_leaves l WHERE l.event_id = OLD.event_id
                   AND l.leaf_index < (SELECT max(p.below) FROM audit_pruned p)) THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'the audit log is insert-only' USING ERRCODE = 'insufficient_privilege';
    END $$""",
    *(
        f"CREATE TRIGGER {table}_prefix_only BEFORE DELETE ON {table} FOR EACH ROW "
        "EXECUTE FUNCTION audit_prefix_only()"
        for table in ("audit_records", "audit_leaves")
    ),
)

TRIGGERS: Final = (
    *_PREFIX_ONLY,
    _guard("audit_records", "UPDATE"),
    _guard("audit_leaves", "UPDATE"),
    _guard("audit_tree", "UPDATE", "NEW.size < OLD.size"),
    _guard("audit_tree", "DELETE"),
    _guard(
        "audit_tiles",
        "UPDATE",
        "NEW.level <> OLD.level OR NEW.tile_index <> OLD.tile_index OR "
        "substr(NEW.hashes, 1, length(OLD.hashes)) <> OLD.hashes",
    ),
    _guard("audit_tiles", "DELETE"),
    _guard("audit_writers", "UPDATE", "NEW.last_seq < OLD.last_seq"),
    _guard("audit_writers", "DELETE"),
    _guard("audit_checkpoints", "UPDATE", "NEW.size <> OLD.size OR NEW.ts < OLD.ts"),
    _guard("audit_checkpoints", "DELETE"),
    _guard("audit_log_keys", "UPDATE", "NEW.key_id <> OLD.key_id OR NEW.public <> OLD.public"),
    _guard("audit_log_keys", "DELETE"),
    _guard("audit_pruned", "UPDATE"),
    _guard("audit_pruned", "DELETE"),
    *(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
        for table in _TABLES
    ),
)

GRANTS: Final = (
    f"REVOKE ALL ON {', '.join(_TABLES)} FROM PUBLIC",
    "REVOKE ALL ON FUNCTION audit_unclosed(), audit_prune(bigint, text, text), "
    "audit_prefix_only() FROM PUBLIC",
    *map(schema_opened, NAMES),
    "GRANT INSERT ON audit_records, audit_nonces, audit_writers, audit_policies "
    "TO cloakroom_writer",
    "GRANT INSERT, DELETE, SELECT ON audit_open TO cloakroom_writer",
    "GRANT SELECT (writer_id, writer_seq, leaf_hash) ON audit_records TO cloakroom_writer",
    "GRANT SELECT (sha256) ON audit_policies TO cloakroom_writer",
    "GRANT SELECT, UPDATE (probes) ON audit_meta TO cloakroom_writer",
    "GRANT EXECUTE ON FUNCTION audit_unclosed() TO cloakroom_writer",
    "GRANT SELECT ON audit_records, audit_meta, audit_pruned TO cloakroom_sequencer",
    "GRANT SELECT, INSERT ON audit_leaves TO cloakroom_sequencer",
    "GRANT SELECT, UPDATE ON audit_tree TO cloakroom_sequencer",
    "GRANT SELECT, INSERT, UPDATE ON audit_tiles, audit_writers, audit_checkpoints, "
    "audit_log_keys, audit_anchors, audit_cursors TO cloakroom_sequencer",
    "GRANT UPDATE (origin) ON audit_meta TO cloakroom_sequencer",
    "GRANT EXECUTE ON FUNCTION audit_prune(bigint, text, text) TO cloakroom_retention",
    "GRANT SELECT ON audit_records, audit_leaves, audit_meta, audit_tree, audit_checkpoints, "
    "audit_pruned TO cloakroom_retention",
    f"GRANT SELECT ON {', '.join(READABLE)} TO cloakroom_reviewer",
)
