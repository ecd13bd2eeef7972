"""What must stay, as PostgreSQL itself sees to it: SQL functions and triggers.

    audit_prune   takes a prefix of the log, but nothing that is on hold, open or not yet delivered
    audit_expire  deletes content that has outlived its days by the server's clock
    audit_held    refuses a statement that deletes content or nonces on hold, whoever sends it

Each of them keeps holds from being set until its transaction ends, and then reads them: a hold is
either seen, or comes after. No statement holds a percent sign, which the driver would take for a
parameter.
"""

from __future__ import annotations

from typing import Final

_IN_FORCE: Final = "EXISTS (SELECT 1 FROM audit_holds WHERE released IS NULL)"
_WAIT: Final = "LOCK TABLE audit_holds IN SHARE MODE"
_HELD: Final = (
    "EXISTS (SELECT 1 FROM audit_holds h WHERE h.released IS NULL "
    "AND (h.tenant = '' OR h.tenant = {0}.tenant) "
    "AND (h.request_id IS NULL OR h.request_id = {0}.request_id) "
    "AND (h.blind IS NULL OR {1} EXISTS (SELECT 1 FROM audit_subject_index s "
    "WHERE s.blind = h.blind AND s.request_id = {0}.request_id)))"
)
_DEFINER: Final = "SECURITY DEFINER SET search_path FROM CURRENT"
_CONTENT: Final = ("audit_capsules", "audit_subject_keys", "audit_subject_index")
_REFUSED: Final = "ERRCODE = 'check_violation'"

_PRUNE: Final = f"""CREATE OR REPLACE FUNCTION audit_prune(first_kept bigint, at text, event text)
    RETURNS bigint LANGUAGE plpgsql {_DEFINER} AS $$
    DECLARE taken bigint;
    BEGIN
        {_WAIT};
        IF mod(first_kept, 256) <> 0 OR first_kept < 0
            OR first_kept > coalesce((SELECT max(c.size) FROM audit_checkpoints c), 0)
            OR EXISTS (SELECT 1 FROM audit_open o JOIN audit_leaves l ON l.event_id = o.event_id
                       WHERE l.leaf_index < first_kept) THEN
            RAISE EXCEPTION 'no such prefix can be taken' USING {_REFUSED};
        END IF;
        IF {_IN_FORCE} AND EXISTS (
            SELECT 1 FROM audit_leaves l JOIN audit_records r ON r.event_id = l.event_id
            WHERE l.leaf_index < first_kept AND {_HELD.format("r", "")}) THEN
            RAISE EXCEPTION 'a legal hold is in the way' USING {_REFUSED};
        END IF;
        IF EXISTS (SELECT 1 FROM audit_cursors c WHERE right(c.sink, 9) <> '#degraded'
                   AND c.leaf_index < first_kept) THEN
            RAISE EXCEPTION 'a sink has not got it yet' USING {_REFUSED};
        END IF;
        {{content}}
        INSERT INTO audit_pruned (below, ts, event_id) VALUES (first_kept, at, event);
        DELETE FROM audit_nonces n USING audit_leaves l
            WHERE n.event_id = l.event_id AND l.leaf_index < first_kept;
        DELETE FROM audit_records r USING audit_leaves l
            WHERE r.event_id = l.event_id AND l.leaf_index < first_kept;
        GET DIAGNOSTICS taken = ROW_COUNT;
        DELETE FROM audit_leaves WHERE leaf_index < first_kept;
        RETURN taken;
    END $$""".format(
    content="\n        ".join(
        f"DELETE FROM {table} c USING audit_records r, audit_leaves l "
        "WHERE c.request_id = r.request_id AND r.event_id = l.event_id "
        "AND l.leaf_index < first_kept;"
        for table in _CONTENT
    )
)
# The time is the server's own: a writer that names another one deletes nothing before its time.
_EXPIRE: Final = f"""CREATE FUNCTION audit_expire(most integer) RETURNS bigint
    LANGUAGE plpgsql {_DEFINER} AS $$
    DECLARE
        at text := to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
        found text[];
    BEGIN
        PERFORM pg_advisory_xact_lock(
            hashtextextended('cloakroom-expire:' || current_schema(), 0));
        {_WAIT};
        SELECT array_agg(e.request_id) INTO found FROM (
            SELECT k.request_id FROM audit_subject_keys k
                WHERE k.expires < at AND NOT {_HELD.format("k", "")}
            UNION SELECT i.request_id FROM audit_subject_index i
                WHERE i.expires < at AND NOT {_HELD.format("i", "")}
            LIMIT most) e;
        {" ".join(f"DELETE FROM {table} WHERE request_id = ANY (found);" for table in _CONTENT)}
        RETURN coalesce(cardinality(found), 0);
    END $$"""


def _guard(table: str, rows: str, held: str) -> tuple[str, str]:
    """A function and its trigger, which look at what a statement has deleted, as a whole."""
    return (
        f"""CREATE FUNCTION {table}_held() RETURNS trigger LANGUAGE plpgsql {_DEFINER} AS $$
        BEGIN
            {_WAIT};
            IF {_IN_FORCE} AND EXISTS (SELECT 1 FROM {rows} WHERE {held}) THEN
                RAISE EXCEPTION 'a legal hold is in the way' USING {_REFUSED};
            END IF;
            RETURN NULL;
        END $$""",
        f"CREATE TRIGGER {table}_on_hold AFTER DELETE ON {table} REFERENCING OLD TABLE AS gone "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_held()",
    )


_GUARDS: Final = (
    _guard("audit_capsules", "gone g", _HELD.format("g", "")),
    _guard("audit_subject_keys", "gone g", _HELD.format("g", "")),
    # A row that is gone itself is what the hold was on.
    _guard("audit_subject_index", "gone g", _HELD.format("g", "h.blind = g.blind OR")),
    _guard(
        "audit_nonces",
        "gone g JOIN audit_records r ON r.event_id = g.event_id",
        _HELD.format("r", ""),
    ),
)

FUNCTIONS: Final = (_PRUNE, _EXPIRE, *(function for function, _ in _GUARDS))
TRIGGERS: Final = tuple(trigger for _, trigger in _GUARDS)
GRANTS: Final = (
    f"REVOKE ALL ON FUNCTION audit_expire(integer), "
    f"{', '.join(f'{one}_held()' for one in (*_CONTENT, 'audit_nonces'))} FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION audit_expire(integer) TO cloakroom_writer, cloakroom_retention",
)
