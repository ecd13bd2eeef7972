"""Records: what they hold, what they refuse, and their byte form."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.facts import (
    TERMINAL,
    UNRECORDABLE,
    Accepted,
    Actor,
    ActorKind,
    AuthMethod,
    Closed,
    Commitment,
    ContextFacts,
    DetectionFacts,
    EventType,
    FinishReason,
    Latency,
    Origin,
    Outcome,
    PolicyFacts,
    TransformFacts,
    Usage,
    finish_reason,
    model_name,
)
from gateway.audit.record import (
    AuditRecord,
    RunningCommitment,
    accepted,
    canonical,
    closed,
    commitment,
    event,
    leaf_hash,
    outcome_unknown,
    timestamp,
    uuid7,
)
from gateway.audit.routing import RoutingFacts
from gateway.types import Effect, Family, UpstreamClass

EVENT_ID = uuid7(1_700_000_000_000, bytes(10))
TS = "2026-11-23T09:30:00.000001Z"
NONCE = bytes(range(32))

ACTOR = Actor(kind=ActorKind.CLIENT, method=AuthMethod.API_KEY, ref="ab" * 16, key_id="app-1")
ORIGIN = Origin(config_sha256="c" * 64, build="0.1.0")
POLICY = PolicyFacts(
    id="mask-all",
    sha256="d" * 64,
    action=Effect.MASK,
    rule_ids=("r.1",),
    reason_code="rule",
    operators={"PERSON": "fpe"},
)
CONTEXT = ContextFacts(
    family=Family.CHAT,
    roles=("clerk",),
    tags=("hr",),
    has_media=True,
    hosted_tools=("web_search",),
    offered=(("cloud", UpstreamClass.EXTERNAL), ("local:1", UpstreamClass.ON_PREM)),
)
DETECTION = DetectionFacts(
    engine="presidio",
    profile="fast",
    classifier_sha256="e" * 64,
    engines=("spacy",),
    languages=("de", "fi"),
    unsupported_languages=("fi",),
    ms=3,
    segments=2,
    bytes=99,
    entities={"PERSON": 2},
    bands={"PERSON": (0, 1, 1)},
)
TRANSFORM = TransformFacts(operators={"PERSON": "replace"}, placeholders_issued=1)
FACTS = Accepted(
    request_id="req_1",
    tenant="acme",
    actor=ACTOR,
    origin=ORIGIN,
    endpoint="/v1/chat/completions",
    operation="chat",
    stream=True,
    model_requested="org/model-1",
    parent_id="req_0",
    conversation_ref="ef" * 16,
    upstream_id="cloud",
    upstream_class=UpstreamClass.EXTERNAL,
    context=CONTEXT,
    policy=POLICY,
    detection=DETECTION,
    transform=TRANSFORM,
    masked_request=commitment(NONCE, b"masked"),
)
END = Closed(
    outcome=Outcome.COMPLETED,
    http_status=200,
    model_served="org/model-1-2026",
    routing=RoutingFacts(
        processor="cloud-inc",
        country="IE",
        dpa_ref="DPA-7",
        retention_days=30,
        attempts=2,
        dropped_turns=1,
    ),
    finish_reasons=(FinishReason.STOP,),
    transform=replace(TRANSFORM, restored=1),
    usage=Usage(input=10, output=5, cached=4),
    latency_ms=Latency(detect=3, upstream_ttft=40, upstream=90, total=99),
    masked_response=commitment(NONCE, b"answer"),
)


def full() -> AuditRecord:
    return closed(FACTS, END, event_id=EVENT_ID, ts=TS)


# --- what a record holds --------------------------------------------------------------------------


def test_the_accepted_record_holds_what_is_known_before_sending():
    document = json.loads(canonical(accepted(FACTS, event_id=EVENT_ID, ts=TS)))
    assert document == {
        "v": 1,
        "event_id": EVENT_ID,
        "type": "request.accepted",
        "ts": TS,
        "request_id": "req_1",
        "parent_id": "req_0",
        "conversation_ref": "ef" * 16,
        "tenant": "acme",
        "actor_ref": "ab" * 16,
        "actor_kind": "client",
        "authn": {"method": "api_key", "key_id": "app-1"},
        "config_sha256": "c" * 64,
        "build": "0.1.0",
        "endpoint": "/v1/chat/completions",
        "operation": "chat",
        "stream": True,
        "model_requested": "org/model-1",
        "upstream_id": "cloud",
        "upstream_class": "external",
        "context": {
            "family": "chat",
            "roles": ["clerk"],
            "tags": ["hr"],
            "has_media": True,
            "has_unknown_fields": False,
            "hosted_tools": ["web_search"],
            "offered": [["cloud", "external"], ["local:1", "on_prem"]],
        },
        "policy": {
            "id": "mask-all",
            "sha256": "d" * 64,
            "action": "mask",
            "rule_ids": ["r.1"],
            "reason_code": "rule",
            "operators": {"PERSON": "fpe"},
        },
        "detection": {
            "engine": "presidio",
            "profile": "fast",
            "classifier_sha256": "e" * 64,
            "engines": ["spacy"],
            "languages": ["de", "fi"],
            "unsupported_languages": ["fi"],
            "ms": 3,
            "segments": 2,
            "bytes": 99,
            "entities": {"PERSON": 2},
            "bands": {"PERSON": [0, 1, 1]},
        },
        "transform": {
            "operators": {"PERSON": "replace"},
            "placeholders_issued": 1,
            "restored": 0,
            "unrestored": 0,
            "damaged": 0,
            "foreign": 0,
            "blocked_sinks": 0,
        },
        "commit": {"masked_request": hmac.digest(NONCE, b"masked", "sha256").hex()},
    }


def test_the_closing_record_can_be_read_alone():
    document = json.loads(canonical(full()))
    assert document["type"] == "request.completed"
    assert document["policy"]["id"] == "mask-all"
    assert document["outcome"] == "completed"
    assert document["http_status"] == 200
    assert document["finish_reasons"] == ["stop"]
    assert document["transform"]["restored"] == 1
    assert document["usage"] == {"input": 10, "output": 5, "cached": 4}
    assert document["latency_ms"]["total"] == 99
    assert set(document["commit"]) == {"masked_request", "masked_response"}


def test_what_is_not_known_is_not_written():
    policy = replace(POLICY, operators=None)
    facts = replace(FACTS, context=None, policy=policy, detection=replace(DETECTION, bands=None))
    document = json.loads(canonical(accepted(facts, event_id=EVENT_ID, ts=TS)))
    assert "context" not in document
    assert "operators" not in document["policy"]
    assert "bands" not in document["detection"]


@pytest.mark.parametrize("shadow", [True, False])
def test_a_policy_in_shadow_is_named_as_one(shadow: bool):
    facts = replace(FACTS, policy=replace(POLICY, shadow=shadow))
    document = json.loads(canonical(accepted(facts, event_id=EVENT_ID, ts=TS)))
    assert document["policy"].get("shadow") == (True if shadow else None)


def test_nothing_found_is_known():
    found = replace(DETECTION, entities={}, bands={})
    facts = replace(FACTS, policy=replace(POLICY, operators={}), detection=found)
    document = json.loads(canonical(accepted(facts, event_id=EVENT_ID, ts=TS)))
    assert document["detection"]["bands"] == {}
    assert document["policy"]["operators"] == {}


def test_a_closing_record_names_the_upstream_that_served():
    end = replace(END, upstream_id="second", upstream_class=UpstreamClass.ON_PREM)
    record = closed(FACTS, end, event_id=EVENT_ID, ts=TS)
    assert (record.upstream_id, record.upstream_class) == ("second", UpstreamClass.ON_PREM)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_has_its_type(outcome: Outcome):
    record = closed(FACTS, replace(END, outcome=outcome), event_id=EVENT_ID, ts=TS)
    assert record.type is TERMINAL[outcome]
    assert record.type.value == f"request.{outcome.value}"


def test_nonces_are_not_part_of_the_canonical_form_nor_of_a_repr():
    record = full()
    assert NONCE.hex().encode() not in canonical(record)
    assert NONCE.hex() not in repr(record)


def test_outcome_unknown_takes_over_what_names_the_request():
    stored = json.loads(canonical(accepted(FACTS, event_id=EVENT_ID, ts=TS)))
    record = outcome_unknown(stored, event_id=uuid7(5, bytes(10)), ts=TS)
    assert record.type is EventType.REQUEST_OUTCOME_UNKNOWN
    assert record.actor.kind is ActorKind.SYSTEM
    for name in ("request_id", "tenant", "endpoint", "model_requested", "upstream_id"):
        assert getattr(record, name) == getattr(FACTS, name)


def test_outcome_unknown_refuses_what_is_no_record():
    with pytest.raises(ValueError, match="tenant"):
        outcome_unknown({"request_id": "r", "tenant": "a b"}, event_id=EVENT_ID, ts=TS)


def test_an_event_is_not_of_a_request():
    made = event(EventType.APIKEY_CREATED, event_id=EVENT_ID, ts=TS, actor=ACTOR, origin=ORIGIN)
    assert json.loads(canonical(made))["type"] == "apikey.created"
    with pytest.raises(ValueError, match="request_id"):
        event(EventType.REQUEST_ACCEPTED, event_id=EVENT_ID, ts=TS, actor=ACTOR, origin=ORIGIN)


# --- what it refuses ------------------------------------------------------------------------------

# Every place in a record where a string can stand.
STRING_SLOTS: dict[str, Callable[[Any], object]] = {
    **{
        name: (lambda text, name=name: replace(full(), **{name: text}))
        for name in (
            "event_id", "ts", "request_id", "parent_id", "conversation_ref", "tenant", "target",
            "endpoint", "operation", "model_requested", "model_served", "upstream_id", "error_code",
        )
    },
    "actor.ref": lambda text: replace(ACTOR, ref=text),
    "actor.key_id": lambda text: replace(ACTOR, key_id=text),
    "origin.config": lambda text: replace(ORIGIN, config_sha256=text),
    "origin.build": lambda text: replace(ORIGIN, build=text),
    "policy.id": lambda text: replace(POLICY, id=text),
    "policy.sha256": lambda text: replace(POLICY, sha256=text),
    "policy.rule": lambda text: replace(POLICY, rule_ids=(text,)),
    "policy.reason": lambda text: replace(POLICY, reason_code=text),
    "policy.entity": lambda text: replace(POLICY, operators={text: "replace"}),
    "policy.operator": lambda text: replace(POLICY, operators={"PERSON": text}),
    "context.role": lambda text: replace(CONTEXT, roles=(text,)),
    "context.tag": lambda text: replace(CONTEXT, tags=(text,)),
    "context.tool": lambda text: replace(CONTEXT, hosted_tools=(text,)),
    "context.offered": lambda text: replace(CONTEXT, offered=((text, UpstreamClass.EXTERNAL),)),
    "detection.engine": lambda text: replace(DETECTION, engine=text),
    "detection.profile": lambda text: replace(DETECTION, profile=text),
    "detection.classifier": lambda text: replace(DETECTION, classifier_sha256=text),
    "detection.spoken": lambda text: replace(DETECTION, languages=(text,)),
    "detection.unsupported": lambda text: replace(DETECTION, unsupported_languages=(text,)),
    "detection.engines": lambda text: replace(DETECTION, engines=(text,)),
    "detection.entity": lambda text: replace(DETECTION, entities={text: 1}, bands=None),
    "transform.entity": lambda text: replace(TRANSFORM, operators={text: "replace"}),
    "transform.operator": lambda text: replace(TRANSFORM, operators={"PERSON": text}),
    "commit.digest": lambda text: Commitment(text, "0" * 64),
    "commit.nonce": lambda text: Commitment("0" * 64, text),
}  # fmt: skip
ENUM_SLOTS: dict[str, Callable[[Any], object]] = {
    "type": lambda value: replace(full(), type=value),
    "outcome": lambda value: replace(full(), outcome=value),
    "upstream_class": lambda value: replace(full(), upstream_class=value),
    "finish_reasons": lambda value: replace(full(), finish_reasons=(value,)),
    "actor.kind": lambda value: replace(ACTOR, kind=value),
    "actor.method": lambda value: replace(ACTOR, method=value),
    "policy.action": lambda value: replace(POLICY, action=value),
    "policy.shadow": lambda value: replace(POLICY, shadow=value),
    "context.family": lambda value: replace(CONTEXT, family=value),
    "context.media": lambda value: replace(CONTEXT, has_media=value),
    "context.unknown": lambda value: replace(CONTEXT, has_unknown_fields=value),
    "context.class": lambda value: replace(CONTEXT, offered=(("cloud", value),)),
    "context.pair": lambda value: replace(CONTEXT, offered=(value,)),
    "context": lambda value: replace(full(), context=value),
    "actor": lambda value: replace(full(), actor=value),
    "policy": lambda value: replace(full(), policy=value),
    "stream": lambda value: replace(full(), stream=value),
}
COUNT_SLOTS: dict[str, Callable[[Any], object]] = {
    "detection.ms": lambda value: replace(DETECTION, ms=value),
    "detection.entities": lambda value: replace(DETECTION, entities={"PERSON": value}, bands=None),
    "detection.bands": lambda value: replace(DETECTION, bands={"PERSON": (0, value, 1)}),
    "transform.damaged": lambda value: replace(TRANSFORM, damaged=value),
    "usage.input": lambda value: Usage(input=value),
    "latency.total": lambda value: Latency(total=value),
    "http_status": lambda value: replace(full(), http_status=value),
}

# Text as people write it: it has a space, or a letter that is not ASCII, or an @, within reach.
PROSE = st.one_of(
    st.text(min_size=1).filter(lambda text: not text.isascii()),
    st.lists(st.text(alphabet="abcdefgh", min_size=1), min_size=2).map(" ".join),
    st.emails(),
    st.sampled_from(["a\nb", "x\0", '"', "{}", "O'Neill", "<b>", "PERSON\n", "a\u2028b", " "]),
    st.text(alphabet="abc-", min_size=129),
)


@pytest.mark.parametrize("slot", [*STRING_SLOTS, *ENUM_SLOTS])
@given(text=PROSE)
def test_no_free_text_enters(slot: str, text: str):
    """Wherever text is put, it is refused, and the refusal does not quote it."""
    make = STRING_SLOTS.get(slot) or ENUM_SLOTS[slot]
    with pytest.raises(ValueError) as caught:  # noqa: PT011 -- what matters is what it must not say
        make(text)
    with pytest.raises(ValueError) as other:  # noqa: PT011
        make("\N{PILCROW SIGN}")
    assert str(caught.value) == str(other.value)
    assert "\N{PILCROW SIGN}" not in str(other.value)


@pytest.mark.parametrize("slot", list(ENUM_SLOTS))
def test_an_enum_is_an_enum_and_not_its_text(slot: str):
    with pytest.raises(ValueError, match="audit record"):
        ENUM_SLOTS[slot]("mask")


@pytest.mark.parametrize("slot", list(COUNT_SLOTS))
@pytest.mark.parametrize("value", [-1, 1.0, True, 2**53, "1", None, float("nan")])
def test_a_count_is_a_small_whole_number(slot: str, value: object):
    if slot == "http_status" and value is None:
        return  # optional
    with pytest.raises(ValueError, match="audit record"):
        COUNT_SLOTS[slot](value)


@pytest.mark.parametrize("status", [0, 99, 600])
def test_a_status_is_an_http_status(status: int):
    with pytest.raises(ValueError, match="http_status"):
        replace(full(), http_status=status)


def test_lists_are_bounded():
    with pytest.raises(ValueError, match="short"):
        replace(POLICY, rule_ids=tuple("r" for _ in range(257)))
    with pytest.raises(ValueError, match="many"):
        replace(DETECTION, entities={f"T{i}": 1 for i in range(257)}, bands=None)
    with pytest.raises(ValueError, match="many"):
        replace(POLICY, operators={f"T{i}": "keep" for i in range(257)})
    for name in ("roles", "tags", "hosted_tools"):
        with pytest.raises(ValueError, match="short"):
            replace(CONTEXT, **{name: ("a",) * 257})
    with pytest.raises(ValueError, match="short"):
        replace(CONTEXT, offered=(("a", UpstreamClass.EXTERNAL),) * 257)
    with pytest.raises(ValueError, match="short"):
        replace(full(), finish_reasons=[FinishReason.STOP])


@pytest.mark.parametrize(
    "bands",
    [
        {},
        {"PERSON": (0, 0, 1)},
        {"PERSON": (0, 0, 3)},
        {"PERSON": (1, 1)},
        {"PERSON": (0, 1, 1, 0)},
        {"PERSON": [0, 1, 1]},
        {"PERSON": (3, -1, 0)},
        {"PERSON": (0, 1, 1), "IBAN": (0, 0, 0)},
        {"IBAN": (0, 1, 1)},
    ],
)
def test_bands_add_up_to_what_was_found(bands: dict[str, Any]):
    with pytest.raises(ValueError, match=r"detection\.bands"):
        replace(DETECTION, bands=bands)


def test_a_record_cannot_be_changed_afterwards():
    entities = {"PERSON": 1}
    facts = DetectionFacts(engine="e", entities=entities)
    entities["free text"] = 1
    assert dict(facts.entities) == {"PERSON": 1}
    with pytest.raises(TypeError):
        facts.entities["x"] = 1  # type: ignore[index]


def test_every_field_of_a_record_is_checked():
    """A field added to the schema must be added to a check, or this fails."""
    nothing = object()
    for one in fields(AuditRecord):
        with pytest.raises(ValueError, match="audit record"):
            replace(full(), **{one.name: nothing})


@given(text=st.text(min_size=6), body=st.binary())
def test_content_leaves_no_trace(text: str, body: bytes):
    """Of what was committed to, no six characters in a row stand in the record."""
    secret = text.encode("utf-8", "surrogatepass") + body
    facts = replace(FACTS, masked_request=commitment(NONCE, secret))
    without = replace(FACTS, masked_request=commitment(NONCE, b""))
    data = canonical(accepted(facts, event_id=EVENT_ID, ts=TS))
    plain = canonical(accepted(without, event_id=EVENT_ID, ts=TS))
    digest = hmac.digest(NONCE, secret, "sha256").hex().encode()
    grams = {secret[i : i + 6] for i in range(len(secret) - 5)}
    assert not any(gram in data for gram in grams if gram not in plain and gram not in digest)
    assert len(data) == len(plain)


@pytest.mark.parametrize(
    ("word", "expected"),
    [("stop", FinishReason.STOP), ("tool_calls", FinishReason.TOOL_CALLS), ("Jo Doe", "other")],
)
def test_finish_reasons_are_folded(word: str, expected: str):
    assert finish_reason(word) == expected


def test_a_model_name_is_a_name():
    assert model_name("org/model-1:free") == "org/model-1:free"
    assert model_name("please tell bob@example.org") == UNRECORDABLE


# --- canonical form, hashes, ids ------------------------------------------------------------------


def test_the_canonical_form_is_sorted_compact_and_stable():
    data = canonical(full())
    document = json.loads(data)
    again = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert data == again.encode()
    assert canonical(full()) == data
    assert b" " not in data
    assert b"null" not in data


TYPES = st.from_regex(r"[A-Z][A-Z0-9_]{0,9}", fullmatch=True)


@given(
    entities=st.dictionaries(TYPES, st.integers(0, 2**53 - 1), max_size=8),
    rules=st.lists(st.from_regex(r"[A-Za-z0-9._:/+-]{0,20}", fullmatch=True), max_size=5),
)
def test_the_canonical_form_does_not_depend_on_insertion_order(
    entities: dict[str, int], rules: list[str]
):
    turned = dict(reversed(entities.items()))
    one = replace(full(), detection=replace(DETECTION, entities=entities, bands=None))
    two = replace(full(), detection=replace(DETECTION, entities=turned, bands=None))
    policy = replace(POLICY, rule_ids=tuple(rules))
    data = canonical(replace(one, policy=policy))
    assert data == canonical(replace(two, policy=policy))
    # RFC 8785 sorts by UTF-16 code units, which for ASCII is what Python sorts by.
    plain = json.dumps(json.loads(data), sort_keys=True, separators=(",", ":"))
    assert data == plain.encode()
    assert data.isascii()


def test_leaf_hashes_are_those_of_rfc_6962():
    """Vectors: SHA-256 of a zero byte, and of a zero byte before the data (RFC 6962, 2.1)."""
    empty = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert leaf_hash(b"").hex() == empty
    known = "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
    assert leaf_hash(b"L123456").hex() == known
    assert leaf_hash(b"x") == hashlib.sha256(b"\0x").digest()


def test_hmac_commitment_is_that_of_rfc_4231():
    """The construction, on test case 1 of RFC 4231 padded to our nonce: HMAC zero-pads its key."""
    nonce = b"\x0b" * 20 + bytes(12)
    expected = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    assert commitment(nonce, b"Hi There").digest == expected


@given(pieces=st.lists(st.binary(max_size=9)))
def test_a_running_commitment_is_that_of_the_whole(pieces: list[bytes]):
    running = RunningCommitment(NONCE)
    for piece in pieces:
        running.update(piece)
    assert running.value() == commitment(NONCE, b"".join(pieces))


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_nonce_has_32_bytes(size: int):
    with pytest.raises(ValueError, match="32 bytes"):
        commitment(bytes(size), b"")
    with pytest.raises(ValueError, match="32 bytes"):
        RunningCommitment(bytes(size))


def test_uuid7_is_that_of_rfc_9562():
    """The example of RFC 9562, appendix A.6."""
    random = bytes.fromhex("0cc3" + "18c4dc0c0c07398f")
    assert uuid7(0x017F22E279B0, random) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


@given(ms=st.integers(0, 2**48 - 1), random=st.binary(min_size=10, max_size=10))
def test_uuid7_parses_and_sorts_by_time(ms: int, random: bytes):
    parsed = uuid.UUID(uuid7(ms, random))
    assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
    assert parsed.int >> 80 == ms


@pytest.mark.parametrize(("ms", "size"), [(-1, 10), (2**48, 10), (0, 9), (0, 11)])
def test_uuid7_refuses_what_does_not_fit(ms: int, size: int):
    with pytest.raises(ValueError, match="version 7"):
        uuid7(ms, bytes(size))


def test_timestamps_are_exact_to_the_microsecond():
    assert timestamp(0) == "1970-01-01T00:00:00.000000Z"
    assert timestamp(1_795_426_200_000_001) == "2026-11-23T09:30:00.000001Z"
