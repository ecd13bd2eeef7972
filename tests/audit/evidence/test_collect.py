"""What the records of a period come to: compared with what really went out, and with each fault."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.audit.chain import Head, extend, head_of
from gateway.audit.evidence import collect
from gateway.audit.evidence.about import About, PolicyRule, Processor
from gateway.audit.evidence.collect import MOST_LISTED, OTHERS, Collected, Listed
from gateway.audit.evidence.dpia import dpia_inputs
from gateway.audit.evidence.outages import outages
from gateway.audit.evidence.quality import Recall
from gateway.audit.evidence.ropa import recipients_csv, record_of_processing
from gateway.audit.evidence.routes import routes
from gateway.audit.evidence.tables import markdown
from gateway.audit.facts import EventType
from gateway.audit.reading import LogRow
from gateway.audit.record import canonical, timestamp
from gateway.errors import PolicyDenied
from gateway.types import UpstreamClass
from tests.fakes import ScriptedUpstream
from tests.test_pipeline import World, echo

POLICY = """\
version: 1
id: test
rules:
  - {name: no-cards, when: {any_of: [CREDIT_CARD]}, effect: deny, reason: "No cards."}
  - {name: abroad, when: {upstream_class: external}, effect: mask, operators: {PERSON: redact}}
  - {name: rest, effect: mask}
"""


def rows(bodies: Iterable[bytes], writer: str = "w1") -> list[tuple[LogRow, dict[str, Any]]]:
    head, found = Head(), []
    for index, body in enumerate(bodies):
        links = extend(head, [body], bytes(32), writer)
        head = head_of(links, head)
        one = links[0]
        row = LogRow(
            index, f"e{index}", body, one.leaf_hash, writer, one.writer_seq, one.prev_writer_hash,
            one.mac, index + 1,
        )  # fmt: skip
        found.append((row, orjson.loads(body)))
    return found


def collected(some: Iterable[tuple[LogRow, dict[str, Any]]]) -> Collected:
    seen = Collected()
    for row, record in some:
        seen.add(row, record)
    seen.finish()
    return seen


def event(number: int, kind: EventType, **fields: Any) -> bytes:
    record = {"type": kind.value, "ts": timestamp(number * 1_000_000), "build": "1.0", **fields}
    return orjson.dumps(record, option=orjson.OPT_SORT_KEYS)


# --- a scripted run -----------------------------------------------------------------------------


@pytest.fixture
async def run(tmp_path: Path) -> tuple[World, ScriptedUpstream]:
    """Three requests to the own model, two of them with a name; two abroad; three refused."""
    world = World(tmp_path, policy=POLICY)
    abroad = ScriptedUpstream(echo, world.order, "abroad", UpstreamClass.EXTERNAL)
    (own,) = world.pipeline.settings.upstreams
    named = replace(own, name="abroad", upstream_class=UpstreamClass.EXTERNAL, models=("far",))
    settings = replace(world.pipeline.settings, upstreams=(own, named))
    upstreams = {"fake": world.upstream, "abroad": abroad}
    world.pipeline = replace(world.pipeline, settings=settings, upstreams=upstreams)
    await world.ask("I am Anna Schmidt.")
    await world.ask("Anna Schmidt wrote to Anna Schmidt.", stream=True)
    await world.ask("Nobody.")
    await world.ask("For Anna Schmidt.", model="far")
    await world.ask("Nothing.", model="far")
    for _ in range(3):
        with suppress(PolicyDenied):
            await world.ask("4111111111111111 of Anna Schmidt", model="far")
    return world, abroad


def seen_by(world: World) -> Collected:
    return collected(rows(canonical(record) for record in world.sink.records))


async def test_the_record_of_processing_is_what_went_out(run: tuple[World, ScriptedUpstream]):
    world, abroad = run
    seen = seen_by(world)
    about = About(controller="Example AG", processors={"abroad": Processor("Acme", "US")})
    rule = PolicyRule("test", "no-cards", "deny", ("CREDIT_CARD", "IBAN"))
    report = record_of_processing(seen, about, [rule], 0)
    recipients = {one["upstream"]: one for one in report.data["recipients"]}

    assert {name: one["requests"] for name, one in recipients.items()} == {
        "fake": len(world.upstream.sent),
        "abroad": len(abroad.sent),
    }
    assert recipients["fake"]["types"] == {"PERSON": {"replace": 3}}
    assert recipients["abroad"]["types"] == {"PERSON": {"redact": 1}}
    assert sum(body.body.count(b"[PERSON]") for body in abroad.sent) == 1
    assert sum(body.body.count(b"<PERSON_") for body in world.upstream.sent) == 3
    assert recipients["abroad"]["third_party"]
    assert not recipients["fake"]["third_party"]
    assert (recipients["abroad"]["processor"], recipients["abroad"]["country"]) == ("Acme", "US")
    assert recipients["fake"]["processor"] is None
    assert recipients["fake"]["outcomes"] == {"completed": 3}
    assert {
        one["entity_type"]: (one["found_and_sent"], one["found_and_denied"], one["named_by_policy"])
        for one in report.data["categories"]
    } == {"CREDIT_CARD": (0, 3, True), "IBAN": (0, 0, True), "PERSON": (4, 3, False)}
    text = markdown(report)
    assert "| Controller | Example AG |" in text
    assert "| abroad | external | Acme | US | not stated | 2 | 0 |" in text
    assert "Anna" not in text


async def test_the_flows_are_those_that_happened(run: tuple[World, ScriptedUpstream]):
    recall = Recall("PERSON", 100, 0.8, 0.7, 0.9, 0.7, 0.5, "news")
    report = dpia_inputs(seen_by(run[0]), {"PERSON": recall}, measured=False)
    assert [
        (one["upstream"], one["operator"], one["findings"], one["requests"])
        for one in report.data["flows"]
    ] == [("abroad", "redact", 1, 1), ("fake", "replace", 3, 2)]
    (risk,) = report.data["residual"]["types"]
    assert risk["found"] == 4
    assert risk["missed"]["estimate"] == pytest.approx(4 * 0.2 / 0.8)
    assert risk["missed"]["least"] == pytest.approx(4 * 0.1 / 0.9)
    assert risk["missed"]["most"] == pytest.approx(4 * 0.3 / 0.7)
    assert sum(report.data["denied"]["by_reason"].values()) == 3
    text = markdown(report)
    assert "| PERSON | 4 | 80.0 % | 70.0 % to 90.0 % | 50.0 % (news) | 1 (0 to 2) |" in text
    assert "is not the one that was measured" in text


@pytest.mark.parametrize("how", ["allow", "shadow"])
async def test_what_went_out_as_it_was_counts_as_unmasked(tmp_path: Path, how: str):
    text = "version: 1\nid: test\n"
    if how == "allow":
        text += "rules:\n  - {name: all, effect: unsafe_allow, reason: all}\n"
    else:
        text += "shadow: true\nrules:\n  - {name: all, effect: mask}\n"
    world = World(tmp_path, policy=text)
    await world.ask("I am Anna Schmidt.")
    assert b"Anna Schmidt" in world.upstream.sent[0].body
    seen = seen_by(world)
    (one,) = record_of_processing(seen, About(), [], 0).data["recipients"]
    assert one["types"] == {"PERSON": {"keep": 1}}
    assert one["findings_unmasked"] == 1
    assert (seen.unmasked, seen.shadowed) == ((1, 0) if how == "allow" else (0, 1))


def request(kind: str, upstream: str, number: int = 1, **more: Any) -> bytes:
    return event(
        number, EventType(f"request.{kind}"), request_id=f"r{number}", upstream_id=upstream,
        detection={"entities": {"PERSON": 2}}, transform={"operators": {"PERSON": "hash"}},
        **{"upstream_class": "external", **more},
    )  # fmt: skip


def test_another_candidate_that_served_a_request_is_a_recipient_too():
    bodies = [request("accepted", "one"), request("completed", "two", outcome="completed")]
    seen = collected(rows(bodies))
    assert {name: one.requests for name, one in seen.recipients.items()} == {"one": 1, "two": 1}
    assert {flow.upstream: found for flow, found in seen.findings.items()} == {"one": 2, "two": 2}


# --- who processed what ---------------------------------------------------------------------------

OWN = {"processor": "own", "country": "DE", "retention_days": 0}
CLOUD = {"processor": "cloud-inc", "country": "US", "dpa_ref": "DPA/7", "retention_days": 30}


def routed() -> Collected:
    """One answered at home, one that had to go on to a cloud, one after its contract changed."""
    home = {"upstream_class": "on_prem"}
    changed = {**CLOUD, "dpa_ref": "DPA/8"}
    bodies = [
        request("accepted", "home", 1, **home, routing=OWN),
        request(
            "completed", "home", 1, **home, routing={**OWN, "attempts": 1}, outcome="completed"
        ),
        request("accepted", "home", 2, **home, routing=OWN),
        request(
            "completed", "cloud", 2, routing={**CLOUD, "attempts": 3, "dropped_turns": 2},
            outcome="completed",
        ),
        request("accepted", "cloud", 3, routing=changed),
        request("failed", "cloud", 3, routing={**changed, "attempts": 3}, outcome="failed"),
        request("accepted", "plain", 4),
    ]  # fmt: skip
    return collected(rows(bodies))


def test_who_processed_what_is_as_it_was_configured_then():
    report = routes(routed())
    found = {one["upstream"]: one for one in report.data["recipients"]}
    assert [(one["dpa_ref"], one["requests"]) for one in found["cloud"]["facts"]] == [
        ("DPA/7", 1), ("DPA/8", 1),
    ]  # fmt: skip
    assert found["home"]["facts"] == [{**OWN, "dpa_ref": None, "requests": 2}]
    assert found["plain"]["facts"][0]["processor"] is None
    assert found["cloud"]["asked_more_than_one_server"] == 2
    assert found["cloud"]["sent_without_oldest_turns"] == 1
    text = markdown(report)
    assert "| cloud | external | cloud-inc | US | DPA/8 | 30 days | 1 |" in text
    assert "| plain | external | not stated | not stated | not stated | not stated | 1 |" in text


def test_each_way_is_counted_and_those_that_left_the_premises_are_said():
    report = routes(routed())
    assert [tuple(one.values()) for one in report.data["ways"]] == [
        ("cloud", "external", "cloud", "external", 1),
        ("home", "on_prem", "cloud", "external", 1),
        ("home", "on_prem", "home", "on_prem", 1),
    ]
    assert report.data["left_the_premises"] == 1
    assert "were served elsewhere: 1." in markdown(report)


def test_ways_beyond_a_bound_are_counted_together(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(collect, "MOST_NAMES", 1)
    assert sum(routed().ways.values()) == 3
    assert len(routed().ways) == 2
    assert all(len(one.facts) <= 1 for one in routed().recipients.values())


def test_recipients_are_as_people_said_and_else_as_it_was_configured():
    about = About(processors={"cloud": Processor("Cloud Inc.", safeguards="SCC")})
    report = record_of_processing(routed(), about, [], 0)
    found = {one["upstream"]: one for one in report.data["recipients"]}
    named = ("processor", "country", "contract", "retention")
    assert [found["cloud"][name] for name in named] == [
        "Cloud Inc.", "US", "DPA/7; DPA/8", "30 days",
    ]  # fmt: skip
    assert [found["home"][name] for name in named] == ["own", "DE", None, "0 days"]
    assert found["cloud"]["on_record"]["processor"] == "cloud-inc"
    assert found["plain"]["on_record"] == {}


def test_recipients_stand_in_a_table_for_spreadsheets():
    about = About(controller="=cmd()", purposes=("Support", "Sales"), data_subjects=("customers",))
    told = recipients_csv(record_of_processing(routed(), about, [], 0))
    lines = list(csv.DictReader(told.splitlines()))
    assert [one["upstream"] for one in lines] == ["cloud", "home", "plain"]
    cloud = lines[0]
    assert (cloud["country"], cloud["contract"], cloud["third_party"]) == (
        "US", "DPA/7; DPA/8", "True",
    )  # fmt: skip
    assert cloud["purposes"] == "Support; Sales"
    assert cloud["categories"] == "PERSON"
    assert cloud["controller"] == "'=cmd()"
    assert lines[2]["processor"] == ""


def test_names_beyond_a_bound_are_counted_together(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(collect, "MOST_NAMES", 2)
    seen = collected(rows(request("accepted", f"u{number}", number) for number in range(5)))
    assert {name: one.requests for name, one in seen.recipients.items()} == {
        "u0": 1, "u1": 1, OTHERS: 3,
    }  # fmt: skip
    assert sum(seen.findings.values()) == 10
    assert len(seen.findings) == 3


def test_lists_are_cut_and_say_so():
    listed = Listed()
    for number in range(MOST_LISTED + 2):
        listed.add({"leaf": number})
    document = listed.document()
    assert document["count"] == MOST_LISTED + 2
    assert len(document["listed"]) == MOST_LISTED


# --- faults -------------------------------------------------------------------------------------


def found(seen: Collected, name: str) -> list[dict[str, Any]]:
    report = outages(seen, Listed(), Listed(), 0)
    markdown(report)
    listed = report.data[name]
    assert listed["count"] == len(listed["listed"])
    return list(listed["listed"])


def some_events(count: int) -> list[bytes]:
    return [event(number, EventType.AUDIT_VIEWED) for number in range(count)]


def test_a_whole_log_has_no_faults():
    seen = collected(rows(some_events(5)))
    names = ("chain_gaps", "trouble", "sinks_degraded", "without_stop", "clock_back")
    assert [found(seen, name) for name in names] == [[], [], [], [], []]


def test_a_record_that_is_missing_from_a_chain_is_a_gap():
    some = rows(some_events(6))
    (gap,) = found(collected(some[:2] + some[4:]), "chain_gaps")
    assert (gap["leaf"], gap["missing"], gap["writer"]) == (4, 2, "w1")


def test_a_record_that_was_exchanged_is_a_gap_of_nothing():
    some, other = rows(some_events(6)), rows([*some_events(2), b'{"type":"x","ts":""}'])
    (gap,) = found(collected([*some[:2], (other[2][0], some[2][1]), *some[3:]]), "chain_gaps")
    assert (gap["leaf"], gap["missing"]) == (3, 0)


def test_sinks_that_fell_behind_have_times():
    bodies = [
        event(1, EventType.SINK_DEGRADED, target="a"),
        event(2, EventType.SINK_DEGRADED, target="b"),
        event(3, EventType.SINK_RECOVERED, target="a"),
        event(4, EventType.SINK_RECOVERED, target="c"),
    ]
    at = [timestamp(number * 1_000_000) for number in range(5)]
    listed = found(collected(rows(bodies)), "sinks_degraded")
    assert [(one["sink"], one["from"], one["to"]) for one in listed] == [
        ("a", at[1], at[3]), ("c", None, at[4]), ("b", at[2], None),
    ]  # fmt: skip


def test_a_process_without_a_stop_is_listed():
    started = [event(1, EventType.PROCESS_STARTED), event(2, EventType.AUDIT_VIEWED)]
    stopped = [event(1, EventType.PROCESS_STARTED), event(2, EventType.PROCESS_STOPPING)]
    seen = collected([*rows(started, "killed"), *rows(stopped, "ended"), *rows(started[1:], "cli")])
    assert [one["writer"] for one in found(seen, "without_stop")] == ["killed"]


def test_a_clock_that_went_back_is_listed_once():
    bodies = [event(number, EventType.AUDIT_VIEWED) for number in (10, 4, 11)]
    (one,) = found(collected(rows(bodies)), "clock_back")
    assert (one["from"], one["to"]) == (timestamp(10_000_000), timestamp(4_000_000))


@pytest.mark.parametrize(
    ("kinds", "listed"),
    [
        # what the log adds when it opens comes before the record that it was opened for
        ([(5, "key.created"), (5, "key.created"), (4, "apikey.created")], []),
        ([(5, "request.outcome_unknown"), (4, "apikey.created"), (6, "audit.viewed")], []),
        ([(5, "sequencer.leader"), (4, "audit.viewed"), (3, "audit.viewed")], [(4, 3)]),
        ([(6, "audit.viewed"), (7, "key.created"), (5, "audit.viewed")], [(6, 5)]),
        ([(6, "audit.viewed"), (2, "key.created"), (7, "audit.viewed")], [(6, 2)]),
    ],
)
def test_records_that_waited_for_the_log_to_open_turn_no_clock_back(
    kinds: list[tuple[int, str]], listed: list[tuple[int, int]]
):
    bodies = [event(at, EventType(kind), request_id="r", target="t") for at, kind in kinds]
    back = [(one["from"], one["to"]) for one in found(collected(rows(bodies)), "clock_back")]
    assert back == [(timestamp(a * 1_000_000), timestamp(b * 1_000_000)) for a, b in listed]


@pytest.mark.parametrize(
    "kind",
    [EventType.REQUEST_OUTCOME_UNKNOWN, EventType.POLICY_REJECTED, EventType.SELFTEST_FAILED],
)
def test_trouble_is_listed_with_its_leaf(kind: EventType):
    fields = {"request_id": "r"} if kind.startswith("request.") else {"target": "t"}
    bodies = [*some_events(2), event(9, kind, **fields)]
    (one,) = found(collected(rows(bodies)), "trouble")
    assert (one["leaf"], one["type"]) == (2, kind.value)


def test_what_people_did_is_listed_for_reviewers():
    bodies = [event(1, EventType.APIKEY_CREATED, target="app"), request("accepted", "u", 2)]
    seen = collected(rows(bodies))
    assert [(one["type"], one["target"]) for one in seen.oversight.entries] == [
        ("apikey.created", "app")
    ]
