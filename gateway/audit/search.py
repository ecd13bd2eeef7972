"""Searching the audit log, newest first: by time, caller, what was found, what was decided.

A page is read in blocks of rows by `seq`, from the newest down. What the database can tell by an
index or by its bytes, it does: bodies are in canonical form, so that a member stands in them in
one way only, and a search for those bytes leaves few rows to parse. Whether a record matches is
then decided on the parsed record. A page ends when it is full or when `scan` rows were looked at,
whichever comes first, so that no search holds the database for long; `Found.before` goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from gateway.audit import sql
from gateway.audit.reading import OpenLog, connect, readable
from gateway.audit.record import uuid7

BLOCK: Final = 20_000
"""Rows that one statement looks at, at most. A page begins with fewer, for what is found often."""

SCAN: Final = 200_000
"""Rows that one page looks at, at most, unless it is told otherwise."""

_ENDS: Final = "SELECT (SELECT min(seq) FROM audit_records), (SELECT max(seq) FROM audit_records)"
_EDGE: Final = (
    "SELECT min(seq), max(seq) FROM (SELECT seq FROM audit_records "
    "WHERE event_id >= ? AND event_id < ? ORDER BY event_id {order} LIMIT 1000) AS edge"
)
_SLACK: Final = timedelta(hours=2)  # an event id and a time are read from the clock one by one
_MARGIN: Final = 10_000  # rows that may stand before others of a later event id
_FIRST_BLOCK: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What to look for; all of it has to fit. Times are as records write them, `until` exclusive.

    `policy` is an id or a digest, `model` is the requested or the served one, `entity_type` one
    that was found, `rule` one that matched.
    """

    since: str | None = None
    until: str | None = None
    tenant: str | None = None
    type: str | None = None
    request_id: str | None = None
    actor: str | None = None
    entity_type: str | None = None
    rule: str | None = None
    policy: str | None = None
    model: str | None = None
    upstream: str | None = None
    outcome: str | None = None

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Whether a record, as its parsed body, is looked for."""
        policy = record.get("policy") or {}
        found = (record.get("detection") or {}).get("entities") or {}
        moment = str(record.get("ts", ""))
        wanted: tuple[tuple[str | None, tuple[object, ...]], ...] = (
            (self.tenant, (record.get("tenant", ""),)),
            (self.type, (record.get("type"),)),
            (self.request_id, (record.get("request_id"),)),
            (self.actor, (record.get("actor_ref"), (record.get("authn") or {}).get("key_id"))),
            (self.entity_type, tuple(found)),
            (self.rule, tuple(policy.get("rule_ids") or ())),
            (self.policy, (policy.get("id"), policy.get("sha256"))),
            (self.model, (record.get("model_requested"), record.get("model_served"))),
            (self.upstream, (record.get("upstream_id"),)),
            (self.outcome, (record.get("outcome"),)),
        )
        return (
            (self.since is None or moment >= self.since)
            and (self.until is None or moment < self.until)
            and all(value is None or value in held for value, held in wanted)
        )

    def fragments(self) -> list[str]:
        """Texts of which each stands in the canonical form of every record that matches."""
        whole = (
            ('"actor_ref"', '"key_id"', self.actor),
            ('"upstream_id"', "", self.upstream),
            ('"outcome"', "", self.outcome),
        )
        found = [
            f'"{value}"' if other else f'{name}:"{value}"'
            for name, other, value in whole
            if value is not None
        ]
        if self.entity_type is not None:
            found.append(f'"{self.entity_type}":')
        found += [f'"{one}"' for one in (self.rule, self.policy, self.model) if one is not None]
        return found


@dataclass(frozen=True, slots=True)
class Found:
    """A page: records newest first, and where the next one starts; None where there is no more.

    `scanned` is how many rows were looked at, one by one or by index.
    """

    records: list[dict[str, Any]] = field(repr=False)
    before: int | None
    scanned: int


@dataclass(frozen=True, slots=True)
class Misfiled:
    """A record that stands where it does not belong; without a leaf it is not in the tree."""

    seq: int
    event_id: str
    leaf_index: int | None


class Searcher(OpenLog):
    """The records as they are filed, newest first."""

    def __init__(self, connection: sql.Db) -> None:
        super().__init__(connection)
        self._position = "instr" if connection.dialect.name == "sqlite" else "strpos"

    def page(
        self, query: Query, *, limit: int = 50, before: int | None = None, scan: int = SCAN
    ) -> Found:
        """The newest records that match, with a `seq` below `before`: at most `limit`.

        Args:
            query: What to look for.
            limit: How many to return.
            before: `Found.before` of the page before this one.
            scan: How many rows to look at.
        """
        low, high = self._bounds(query)
        high = high if before is None else min(high, before - 1)
        records: list[dict[str, Any]] = []
        scanned, size = 0, _FIRST_BLOCK
        while low <= high and scanned < scan:
            rows, high_next, looked = self._block(query, low, high, min(size, scan - scanned))
            scanned, size = scanned + looked, min(size * 4, BLOCK)
            for seq, body, leaf in rows:
                record = orjson.loads(body)
                if not query.matches(record):
                    continue
                records.append({"seq": seq, "leaf_index": leaf, **record})
                if len(records) == limit:
                    return Found(records, seq if seq > low else None, scanned)
            high = high_next
        return Found(records, high + 1 if low <= high else None, scanned)

    def listed(
        self,
        *,
        limit: int,
        before_seq: int | None = None,
        type_: str | None = None,
        tenant: str | None = None,
        request_id: str | None = None,
    ) -> list[dict[str, Any]]:
        """Records with the fields of their rows, newest first, by what has an index."""
        with readable():
            return sql.select_records(
                self._connection,
                limit=limit,
                before_seq=before_seq,
                type_=type_,
                tenant=tenant,
                request_id=request_id,
            )

    def get(self, name: str) -> list[dict[str, Any]]:
        """The record with this event id, or all records of the request with this id."""
        with readable():
            one = sql.select_one(self._connection, name)
            return [one] if one is not None else sql.select_request(self._connection, name)

    def ends(self) -> tuple[int, int]:
        """The first and the last `seq`; (1, 0) where there is no record."""
        low, high = self._one(_ENDS)
        return (low, high) if low is not None and high is not None else (1, 0)

    def closings(self, low: int, high: int) -> tuple[str, list[tuple[int, str]]]:
        """The time of the first row between two numbers, "" where there is none, and `seq` and
        body of those rows there that say how a request ended."""
        oldest = self._all(
            "SELECT ts FROM audit_records WHERE seq >= ? AND seq <= ? ORDER BY seq LIMIT 1",
            (low, high),
        )
        rows = self._all(
            "SELECT seq, body FROM audit_records WHERE seq >= ? AND seq <= ? "  # noqa: S608 -- ours
            f"AND {self._position}(body, '\"outcome\":') > 0 ORDER BY seq DESC",
            (low, high),
        )
        return str(oldest[0][0]) if oldest else "", [(int(seq), str(body)) for seq, body in rows]

    def misfiled(self) -> Iterator[Misfiled | int]:
        """Records that a search would miss: filed under what their bytes do not say, or leafless.

        The columns that searches go by are no part of the tree, so that a change of one shows in
        no proof. Between them comes the number of rows that were looked at so far.
        """
        low, high = self._one(_ENDS)
        start = low if low is not None else 1
        while high is not None and start <= high:
            end = min(high, start + BLOCK - 1)
            for row in self._all(_misfiled(self._position), (start, end)):
                yield Misfiled(*row)
            start = end + 1
            yield start - low

    def _bounds(self, query: Query) -> tuple[int, int]:
        """The first and the last `seq` that a record in the time range may have.

        Event ids begin with the time, and have an index. Numbers need not follow the clock, but
        do so roughly: the rows at either end of the range, with a margin, say where it is.
        """
        if query.request_id is not None or (query.since is None and query.until is None):
            return self.ends()
        first = "" if query.since is None else _event_id(query.since, -_SLACK)
        last = "g" if query.until is None else _event_id(query.until, _SLACK)
        low, _ = self._one(_EDGE.format(order="ASC"), (first, last))
        _, high = self._one(_EDGE.format(order="DESC"), (first, last))
        if low is None or high is None:
            return 1, 0
        least, most = self.ends()
        return max(least, low - _MARGIN), min(most, high + _MARGIN)

    def _block(
        self, query: Query, low: int, high: int, size: int
    ) -> tuple[list[tuple[int, str, int | None]], int, int]:
        """Candidates among the next rows, how far down they reach, and how many rows those are."""
        floor = self._floor(query, low, high, size)
        conditions, values = ["r.seq >= ?", "r.seq <= ?"], [floor, high]
        parameters: list[object] = list(values)
        for column, value in (
            ("r.request_id", query.request_id),
            ("r.tenant", query.tenant),
            ("r.type", query.type),
        ):
            if value is not None:
                conditions.append(f"{column} = ?")
                parameters.append(value)
        if query.since is not None:
            conditions.append("r.ts >= ?")
            parameters.append(query.since)
        if query.until is not None:
            conditions.append("r.ts < ?")
            parameters.append(query.until)
        for fragment in query.fragments():
            conditions.append(f"{self._position}(r.body, ?) > 0")
            parameters.append(fragment)
        rows = self._all(
            "SELECT r.seq, r.body, l.leaf_index FROM audit_records r "  # noqa: S608 -- ours
            "LEFT JOIN audit_leaves l ON l.event_id = r.event_id WHERE "
            + " AND ".join(conditions)
            + " ORDER BY r.seq DESC",
            tuple(parameters),
        )
        return rows, floor - 1, min(size, high - floor + 1)

    def _floor(self, query: Query, low: int, high: int, size: int) -> int:
        """The lowest `seq` of the next block: of `size` rows, by the index that narrows most."""
        for column, value in (
            ("request_id", query.request_id),
            ("tenant", query.tenant),
            ("type", query.type),
        ):
            if value is not None:
                found = self._all(
                    f"SELECT seq FROM audit_records WHERE {column} = ? "  # noqa: S608 -- ours
                    "AND seq >= ? AND seq <= ? ORDER BY seq DESC LIMIT 1 OFFSET ?",
                    (value, low, high, size - 1),
                )
                return int(found[0][0]) if found else low
        return max(low, high - size + 1)

    def _one(self, statement: str, values: tuple[object, ...] = ()) -> Any:
        return self._all(statement, values)[0]


def open_search(url: str, *, busy_s: float = 5.0) -> Searcher:
    """Open the log at an audit URL for searching.

    Raises:
        ConfigError: the URL names no log, or its schema is not of this version.
        AuditUnavailable: it cannot be read.
    """
    return Searcher(connect(url, busy_s))


def _misfiled(position: str) -> str:
    """Selects rows without a leaf, or of which a column is not what the body says."""
    held = [
        f"{position}(r.body, '\"{name}\":\"' || r.{name} || '\"') = 0"
        for name in ("event_id", "type", "ts")
    ]
    for name, absent in (("tenant", "r.tenant = ''"), ("request_id", "r.request_id IS NULL")):
        held.append(
            f"CASE WHEN {absent} THEN {position}(r.body, '\"{name}\":') > 0 "
            f"ELSE {position}(r.body, '\"{name}\":\"' || r.{name} || '\"') = 0 END"
        )
    return (
        "SELECT r.seq, r.event_id, l.leaf_index FROM audit_records r "  # noqa: S608 -- ours
        "LEFT JOIN audit_leaves l ON l.event_id = r.event_id "
        f"WHERE r.seq >= ? AND r.seq <= ? AND (l.leaf_index IS NULL OR {' OR '.join(held)}) "
        "ORDER BY r.seq"
    )


def _event_id(moment: str, shift: timedelta) -> str:
    """The least event id of a time, moved by `shift`."""
    shifted = datetime.fromisoformat(moment) + shift
    ms = max(0, int(shifted.timestamp() * 1000))
    return uuid7(ms, bytes(10))[:13]
