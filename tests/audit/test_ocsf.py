"""OCSF events against a part of the official schema: see `tests/vectors/make_ocsf.py`."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.audit.facts import EventType
from gateway.audit.record import accepted, canonical
from gateway.audit.sinks import ocsf
from tests.audit.test_record import EVENT_ID, FACTS, TS, full

SCHEMA: dict[str, Any] = orjson.loads(
    (Path(__file__).parent.parent / "vectors" / "ocsf.json").read_bytes()
)
TYPES: dict[str, type] = {
    "integer_t": int,
    "long_t": int,
    "timestamp_t": int,
    "boolean_t": bool,
    "object": dict,
}
FULL: dict[str, Any] = orjson.loads(canonical(full()))
ACCEPTED: dict[str, Any] = orjson.loads(canonical(accepted(FACTS, event_id=EVENT_ID, ts=TS)))


def wrong(value: Any, said: dict[str, Any], path: str = "") -> list[str]:
    """What the schema says against an event or an object."""
    attributes = said["attributes"]
    found = [f"{path}{name}: unknown" for name in value if name not in attributes]
    found += [
        f"{path}{name}: missing"
        for name, one in attributes.items()
        if one["requirement"] == "required" and name not in value
    ]
    for kind, names in said["constraints"].items():
        there = sum(name in value for name in names)
        if there == 0 or (kind == "just_one" and there > 1):
            found.append(f"{path}: {kind}")
    for name, member in value.items():
        if name in attributes:
            found += _wrong_member(member, attributes[name], f"{path}{name}")
    return found


def _wrong_member(member: Any, said: dict[str, Any], path: str) -> list[str]:
    if said["array"] != isinstance(member, list):
        return [f"{path}: array"]
    found: list[str] = []
    for one in member if said["array"] else [member]:
        name = said["type"]
        if name in SCHEMA["objects"] and isinstance(one, dict):
            found += wrong(one, SCHEMA["objects"][name], f"{path}.")
        elif type(one) is not TYPES.get(name, str):
            found.append(f"{path}: type")
        elif said["enum"] and type(one) is int and one not in said["enum"]:
            found.append(f"{path}: enum")
    return found


@pytest.mark.parametrize("record", [FULL, ACCEPTED], ids=["full", "accepted"])
def test_events_of_requests_are_of_the_official_schema(record: dict[str, Any]):
    event = ocsf.event(7, record)
    assert wrong(event, SCHEMA["event"]) == []
    assert event["type_uid"] == 100 * event["class_uid"] + event["activity_id"]
    assert {"ai_model", "message_context", "dst_endpoint"} <= set(event)


@pytest.mark.parametrize("kind", list(EventType))
def test_events_of_every_type_are_of_the_official_schema(kind: EventType):
    for target in ("", "x"):
        record = {**FULL, "type": kind.value, "target": target}
        assert wrong(ocsf.event(0, record), SCHEMA["event"]) == []
    bare = {name: ACCEPTED[name] for name in ("v", "event_id", "ts", "actor_kind", "authn")}
    assert wrong(ocsf.event(0, {**bare, "type": kind.value}), SCHEMA["event"]) == []


def test_what_is_of_aggregates_is_not_said_of_a_single_event():
    """`duration`, `count` and the two ends of a period are of events that stand for several."""
    event = ocsf.event(0, FULL)
    assert FULL["latency_ms"]["total"] > 0
    assert not {"duration", "count", "start_time", "end_time"} & set(event)
    assert event["unmapped"]["cloakroom"]["latency_ms"] == FULL["latency_ms"]


def _set(*path: str, to: Any) -> Callable[[dict[str, Any]], None]:
    def change(event: dict[str, Any]) -> None:
        for name in path[:-1]:
            event = event[name]
        event[path[-1]] = to

    return change


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_set("colour", to="red"), ["colour: unknown"]),
        (_set("severity_id", to=50), ["severity_id: enum"]),
        (_set("time", to="now"), ["time: type"]),
        (_set("message_context", "total_tokens", to="3"), ["message_context.total_tokens: type"]),
        (_set("metadata", "profiles", to="x"), ["metadata.profiles: array"]),
        (_set("metadata", "product", to={"version": "1"}), ["metadata.product.: at_least_one"]),
        (_set("api", to={}), ["api.operation: missing"]),
        (_set("actor", to={"user": {"nick": "x"}}), ["actor.user.nick: unknown"]),
        (lambda event: event.pop("src_endpoint"), ["src_endpoint: missing"]),
    ],
)
def test_the_check_sees_what_is_wrong(change: Callable[[dict[str, Any]], None], told: list[str]):
    event = copy.deepcopy(ocsf.event(0, FULL))
    change(event)
    assert set(told) <= set(wrong(event, SCHEMA["event"]))
