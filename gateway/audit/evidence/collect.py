"""What the records of a period say together: who got what, what was denied, what went wrong. Pure.

Memory does not grow with the log: names beyond a bound are counted as one, and lists are cut,
with how much was left out. Everything that is taken in is of a record's closed grammar.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from gateway.audit.facts import EventType
from gateway.audit.verdict import Row
from gateway.operator_kinds import KEEP
from gateway.types import Effect

MOST_NAMES: Final = 5_000  # different keys of one table
MOST_LISTED: Final = 5_000  # entries of one list
MOST_OPEN: Final = 50_000  # accepted requests whose end is awaited
OTHERS: Final = "(others)"
UNKNOWN: Final = "unknown"

_OVERSIGHT: Final = (
    "policy.", "config.", "key.", "vault.", "unmask.", "feedback.", "audit.", "erasure.", "hold.",
    "retention.", "admin.", "apikey.", "process.", "sequencer.", "selftest.", "sink.",
)  # fmt: skip
_TROUBLE: Final = {
    EventType.REQUEST_OUTCOME_UNKNOWN, EventType.DETECTION_FAILED, EventType.STREAM_TRUNCATED,
    EventType.POLICY_REJECTED, EventType.SELFTEST_FAILED, EventType.APIKEY_USED_AFTER_REVOKE,
    EventType.ADMIN_LOGIN_FAILED, EventType.CONFIG_REJECTED,
}  # fmt: skip
_OF_THE_LOG: Final = {
    EventType.KEY_CREATED, EventType.SEQUENCER_LEADER, EventType.SELFTEST_FAILED,
    EventType.REQUEST_OUTCOME_UNKNOWN,
}  # fmt: skip
"""What the log adds of itself when it opens, before records that were made earlier and waited."""
_IN_FORCE: Final = {EventType.POLICY_LOADED, EventType.POLICY_CHANGED}
_ANSWERS: Final = ("restored", "unrestored", "damaged", "foreign", "blocked_sinks")


class Flow(NamedTuple):
    """Findings of one type that went to one upstream under one operator."""

    entity_type: str
    upstream: str
    upstream_class: str
    operator: str


class Facts(NamedTuple):
    """What the records say of who processes what an upstream is sent. None was not configured."""

    processor: str | None = None
    country: str | None = None
    dpa_ref: str | None = None
    retention_days: int | None = None


class Way(NamedTuple):
    """Which upstream a request was to go to, and which one served it or was asked last."""

    planned: str
    planned_class: str
    served: str
    served_class: str


@dataclass(slots=True)
class Listed:
    """A list that is cut at a bound; `count` says how many there were."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    count: int = 0

    def add(self, entry: dict[str, Any]) -> None:
        """One more."""
        self.count += 1
        if len(self.entries) < MOST_LISTED:
            self.entries.append(entry)

    def document(self) -> dict[str, Any]:
        """For JSON: the entries, and how many more there were."""
        return {"count": self.count, "listed": self.entries}


@dataclass(slots=True)
class Recipient:
    """An upstream to which requests went. Times are those of the first and the last of them."""

    upstream_class: str
    requests: int = 0
    first: str = ""
    last: str = ""
    models: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    facts: Counter[Facts] = field(default_factory=Counter)
    retried: int = 0
    shortened: int = 0


@dataclass(slots=True)
class _Writer:
    seq: int
    leaf_hash: bytes
    ts: str
    index: int
    clock: str = ""  # the latest time that a later record must not be before
    started: bool = False
    stopping: bool = False


class _Open(NamedTuple):
    """A request that was accepted, and has not ended."""

    upstream: str
    upstream_class: str
    flows: list[tuple[Flow, int]]


@dataclass(slots=True)
class Collected:
    """The sums. Take rows in with `add`, in leaf order; call `finish` once."""

    records: int = 0
    first_ts: str = ""
    last_ts: str = ""
    types: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    denied: Counter[str] = field(default_factory=Counter)
    denied_types: Counter[str] = field(default_factory=Counter)
    recipients: dict[str, Recipient] = field(default_factory=dict)
    findings: Counter[Flow] = field(default_factory=Counter)
    requests: Counter[Flow] = field(default_factory=Counter)
    ways: Counter[Way] = field(default_factory=Counter)
    operations: Counter[str] = field(default_factory=Counter)
    tenants: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    unsupported: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    new_data: Counter[str] = field(default_factory=Counter)
    builds: Counter[str] = field(default_factory=Counter)
    configs: Counter[str] = field(default_factory=Counter)
    detectors: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    policies: dict[str, dict[str, Any]] = field(default_factory=dict)
    shadowed: int = 0
    unmasked: int = 0
    oversight: Listed = field(default_factory=Listed)
    trouble: Listed = field(default_factory=Listed)
    gaps: Listed = field(default_factory=Listed)
    degraded: Listed = field(default_factory=Listed)
    unstopped: Listed = field(default_factory=Listed)
    clock: Listed = field(default_factory=Listed)
    _writers: dict[str, _Writer] = field(default_factory=dict)
    _open: OrderedDict[str, _Open] = field(default_factory=OrderedDict)
    _sinks: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, row: Row, record: Mapping[str, Any]) -> None:
        """Take in the next record."""
        kind, ts = str(record["type"]), str(record["ts"])
        self.records += 1
        self.first_ts = min(self.first_ts or ts, ts)
        self.last_ts = max(self.last_ts, ts)
        self.types[kind] += 1
        _count(self.builds, str(record.get("build", "")) or UNKNOWN)
        _count(self.configs, str(record.get("config_sha256", "")) or UNKNOWN)
        self._chain(row, kind, ts)
        where = {"leaf": row.leaf_index, "ts": ts, "type": kind}
        if kind in _TROUBLE:
            names = ("request_id", "upstream_id", "target", "error_code")
            self.trouble.add(where | {name: record[name] for name in names if name in record})
        if kind.startswith("request."):
            self._request(kind, ts, record)
        elif kind.startswith(_OVERSIGHT):
            if kind in _IN_FORCE and record.get("target"):
                self._in_force(str(record["target"]), "", ts)
            names = ("target", "tenant", "actor_kind", "actor_ref")
            self.oversight.add(where | {name: record[name] for name in names if name in record})
        if kind in {EventType.SINK_DEGRADED, EventType.SINK_RECOVERED}:
            self._sink(kind, str(record.get("target", "")), where)

    def finish(self) -> None:
        """The end of the period: what is still open is listed as such."""
        for sink, since in sorted(self._sinks.items()):
            self.degraded.add(
                {"sink": sink, "from": since["ts"], "leaf": since["leaf"], "to": None}
            )
        for writer_id, one in self._writers.items():
            if one.started and not one.stopping:
                self.unstopped.add({"writer": writer_id, "last_leaf": one.index, "last": one.ts})

    def _chain(self, row: Row, kind: str, ts: str) -> None:
        before = self._writers.get(row.writer_id)
        now = _Writer(row.writer_seq, row.leaf_hash, ts, row.leaf_index)
        if before is not None:
            now.started, now.stopping = before.started, before.stopping
            whole = row.writer_seq == before.seq + 1 and row.prev_writer_hash == before.leaf_hash
            if not whole:
                lost = row.writer_seq - before.seq - 1
                self.gaps.add(
                    {"leaf": row.leaf_index, "ts": ts, "writer": row.writer_id, "missing": lost}
                )
            if ts < before.clock:
                entry = {"leaf": row.leaf_index, "from": before.clock, "to": ts}
                self.clock.add(entry | {"writer": row.writer_id})
            now.ts, now.clock = max(ts, before.ts), before.clock
        if kind not in _OF_THE_LOG:
            now.clock = max(ts, now.clock)
        now.started |= kind == EventType.PROCESS_STARTED
        now.stopping |= kind == EventType.PROCESS_STOPPING
        self._writers[row.writer_id] = now

    def _sink(self, kind: str, sink: str, where: dict[str, Any]) -> None:
        if kind == EventType.SINK_DEGRADED:
            self._sinks.setdefault(sink, where)
            return
        since = self._sinks.pop(sink, None)
        begun = {"from": since["ts"], "leaf": since["leaf"]} if since else {"from": None}
        self.degraded.add({"sink": sink, **begun, "to": where["ts"]})

    def _request(self, kind: str, ts: str, record: Mapping[str, Any]) -> None:
        policy = record.get("policy") or {}
        detection = record.get("detection") or {}
        self._versions(record, policy, detection)
        if kind == EventType.REQUEST_ACCEPTED:
            _count(self.operations, str(record.get("operation", "")) or UNKNOWN)
            _count(self.tenants, str(record.get("tenant", "")) or UNKNOWN)
            for name in detection.get("languages", ()):
                _count(self.languages, name)
            for name in detection.get("unsupported_languages", ()):
                _count(self.unsupported, name)
            self.shadowed += policy.get("shadow") is True
            self.unmasked += policy.get("action") == Effect.ALLOW
            flows = flows_of(record)
            upstream = self._sent(ts, record, flows)
            where = str(record.get("upstream_class", "")) or UNKNOWN
            self._open[str(record["request_id"])] = _Open(upstream, where, flows)
            if len(self._open) > MOST_OPEN:
                self._open.popitem(last=False)
            return
        outcome = str(record.get("outcome", ""))
        self.outcomes[outcome] += 1
        if kind == EventType.REQUEST_DENIED:
            rules = policy.get("rule_ids") or ()
            reason = policy.get("reason_code") or (rules[-1] if rules else "")
            _count(self.denied, str(reason or record.get("error_code") or UNKNOWN))
            for name, found in detection.get("entities", {}).items():
                _count(self.denied_types, name, found)
            return
        self._ended(outcome, ts, record)

    def _ended(self, outcome: str, ts: str, record: Mapping[str, Any]) -> None:
        upstream = str(record.get("upstream_id", ""))
        accepted = self._open.pop(str(record["request_id"]), None)
        if accepted and upstream and upstream != accepted.upstream:  # another candidate served it
            flows = [(one._replace(upstream=upstream), found) for one, found in accepted.flows]
            self._sent(ts, record, flows)
        if accepted and upstream:
            served = str(record.get("upstream_class", "")) or accepted.upstream_class
            self._way(Way(accepted.upstream, accepted.upstream_class, upstream, served))
        recipient = self.recipients.get(upstream)
        if recipient is not None:
            recipient.outcomes[outcome] += 1
            routing = record.get("routing") or {}
            recipient.retried += routing.get("attempts", 0) > 1
            recipient.shortened += routing.get("dropped_turns", 0) > 0
            if record.get("model_served"):
                _count(recipient.models, str(record["model_served"]))
        transform = record.get("transform") or {}
        for name in _ANSWERS:
            self.answers[name] += transform.get(name, 0)
        for name, found in (transform.get("new_data") or {}).items():
            _count(self.new_data, name, found)

    def _way(self, way: Way) -> None:
        known = way in self.ways or len(self.ways) < MOST_NAMES
        self.ways[way if known else Way(OTHERS, OTHERS, OTHERS, OTHERS)] += 1

    def _sent(self, ts: str, record: Mapping[str, Any], flows: list[tuple[Flow, int]]) -> str:
        """Count what went to an upstream; its name."""
        upstream = str(record.get("upstream_id", "")) or UNKNOWN
        known = upstream in self.recipients or len(self.recipients) < MOST_NAMES
        recipient = self.recipients.setdefault(
            upstream if known else OTHERS, Recipient(str(record.get("upstream_class", UNKNOWN)))
        )
        recipient.requests += 1
        recipient.first = min(recipient.first or ts, ts)
        recipient.last = max(recipient.last, ts)
        routing = record.get("routing") or {}
        facts = Facts(**{name: routing.get(name) for name in Facts._fields})
        if facts in recipient.facts or len(recipient.facts) < MOST_NAMES:
            recipient.facts[facts] += 1
        for flow, found in flows:
            kept = flow in self.findings or len(self.findings) < MOST_NAMES
            key = flow if kept else Flow(OTHERS, OTHERS, OTHERS, OTHERS)
            self.findings[key] += found
            self.requests[key] += 1
        return upstream

    def _versions(
        self, record: Mapping[str, Any], policy: Mapping[str, Any], detection: Mapping[str, Any]
    ) -> None:
        if detection:
            profile = str(detection.get("profile", ""))
            engines = "+".join(detection.get("engines", ()))
            key = (profile, str(detection.get("classifier_sha256", "")), engines)
            if key in self.detectors or len(self.detectors) < MOST_NAMES:
                self.detectors[key] += 1
        if policy.get("sha256"):
            seen = self._in_force(str(policy["sha256"]), str(policy.get("id", "")), record["ts"])
            seen["requests"] += record["type"] != EventType.REQUEST_ACCEPTED

    def _in_force(self, digest: str, name: str, ts: str) -> dict[str, Any]:
        """What is noted of a policy, by its digest."""
        key = digest if digest in self.policies or len(self.policies) < MOST_NAMES else OTHERS
        seen = self.policies.setdefault(key, {"id": name, "first": ts, "last": ts, "requests": 0})
        seen["id"] = seen["id"] or name
        seen["last"] = max(seen["last"], ts)
        return seen


def flows_of(record: Mapping[str, Any]) -> list[tuple[Flow, int]]:
    """What of each type went out, and how much: under the operator that was used, else the one
    that was meant. What policy let through, or only watched, went out as it was.
    """
    policy = record.get("policy") or {}
    detection = record.get("detection") or {}
    used = (record.get("transform") or {}).get("operators", {})
    meant = policy.get("operators") or {}
    as_it_was = policy.get("shadow") is True or policy.get("action") == Effect.ALLOW
    upstream = str(record.get("upstream_id", "")) or UNKNOWN
    upstream_class = str(record.get("upstream_class", UNKNOWN))
    found: list[tuple[Flow, int]] = []
    for name, count in sorted(detection.get("entities", {}).items()):
        operator = KEEP if as_it_was else used.get(name) or meant.get(name) or UNKNOWN
        found.append((Flow(name, upstream, upstream_class, operator), count))
    return found


def _count(counter: Counter[str], name: str, by: int = 1) -> None:
    counter[name if name in counter or len(counter) < MOST_NAMES else OTHERS] += by
