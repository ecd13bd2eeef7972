"""How much is in the audit log, of what, since when, and what it takes on the disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.audit import sql
from gateway.audit.facts import TERMINAL
from gateway.audit.reading import connect, readable

_OUTCOMES: Final = {kind.value: outcome.value for outcome, kind in TERMINAL.items()}
_SIZE_SQLITE: Final = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
_SIZE_POSTGRES: Final = (
    "SELECT sum(pg_total_relation_size(oid)) FROM pg_class "
    "WHERE relkind = 'r' AND starts_with(relname, 'audit_')"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """Counts of records, by what they are about; `days` are of UTC.

    `checkpoint_ts` is when the log last signed its tree, "" if never, `unsigned` how many leaves
    are behind that, `size_bytes` what all audit tables and their indexes take.
    """

    records: int
    leaves: int
    types: Mapping[str, int]
    outcomes: Mapping[str, int]
    tenants: Mapping[str, int]
    days: Mapping[str, int]
    checkpoint_size: int
    checkpoint_ts: str
    size_bytes: int

    @property
    def unsigned(self) -> int:
        """Leaves that no checkpoint covers yet."""
        return max(0, self.leaves - self.checkpoint_size)

    @property
    def bytes_per_record(self) -> int:
        """What a record takes on the disk, with all that belongs to it."""
        return round(self.size_bytes / self.records) if self.records else 0


def read_stats(url: str, *, busy_s: float = 60.0) -> Stats:
    """The figures of the log at an audit URL. All records are counted.

    Raises:
        ConfigError: the URL names no log, or its schema is not of this version.
        AuditUnavailable: it cannot be read.
    """
    with connect(url, busy_s) as connection, readable():
        raw = sql.Raw(connection)
        size = _SIZE_SQLITE if connection.dialect.name == "sqlite" else _SIZE_POSTGRES
        types = _grouped(raw, "type")
        latest = _rows(
            raw, "SELECT size, ts FROM audit_checkpoints ORDER BY size DESC, ts DESC LIMIT 1"
        )
        return Stats(
            records=sum(types.values()),
            leaves=int(_rows(raw, "SELECT size FROM audit_tree")[0][0]),
            types=types,
            outcomes={name: types[kind] for kind, name in _OUTCOMES.items() if kind in types},
            tenants=_grouped(raw, "tenant"),
            days=_grouped(raw, "substr(ts, 1, 10)"),
            checkpoint_size=int(latest[0][0]) if latest else 0,
            checkpoint_ts=str(latest[0][1]) if latest else "",
            size_bytes=int(_rows(raw, size)[0][0] or 0),
        )


def _grouped(raw: sql.Raw, by: str) -> dict[str, int]:
    statement = f"SELECT {by}, count(*) FROM audit_records GROUP BY {by} ORDER BY {by}"  # noqa: S608
    rows = _rows(raw, statement)
    return {str(name): int(count) for name, count in rows}


def _rows(raw: sql.Raw, statement: str) -> list[tuple[Any, ...]]:
    return list(raw.execute(statement).fetchall())
