"""The sinks alone, on real files and a real TLS server: nothing is lost, half or silent."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import orjson
import pytest

from gateway.audit.facts import EventType
from gateway.audit.record import leaf_hash
from gateway.audit.sinks import ocsf, syslog
from gateway.audit.sinks.base import SinkFault, line_of
from gateway.audit.sinks.folder import FolderSink, put_once
from gateway.audit.sinks.jsonl import JsonlSink
from gateway.audit.sinks.syslog import Server, SyslogSink
from tests.waiting import AMPLE_S

from .logs import bodies
from .pki import Pki, SyslogServer, free_port, make_pki, unframed


@dataclass(frozen=True)
class Row:
    leaf_index: int
    event_id: str
    body: bytes


@dataclass(frozen=True)
class Note:
    size: int
    ts: str
    note: str


def rows(count: int, start: int = 0) -> list[Row]:
    return [
        Row(index, orjson.loads(body)["event_id"], body)
        for index, body in enumerate(bodies(start + count))
    ][start:]


def indexes(file: Path) -> list[int]:
    return [orjson.loads(line)["leaf_index"] for line in file.read_bytes().splitlines()]


@contextmanager
def no_room_above(size: int) -> Iterator[None]:
    """Files of this process may not grow beyond `size` bytes: a full disk, for our purpose."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


# --- a line ------------------------------------------------------------------------------------


def test_a_line_holds_the_canonical_form_byte_by_byte():
    (row,) = rows(1, start=3)
    line = line_of(row)
    record = line.removeprefix(b'{"leaf_index":3,"record":').removesuffix(b"}\n")
    assert leaf_hash(record) == leaf_hash(row.body)
    assert orjson.loads(line)["record"]["event_id"] == row.event_id


# --- JSON lines --------------------------------------------------------------------------------


def test_lines_are_appended_and_private(tmp_path: Path):
    file = tmp_path / "a.jsonl"
    sink = JsonlSink(file)
    sink.deliver(rows(3))
    sink.close()
    sink.deliver(rows(2, start=3))
    assert file.read_bytes() == b"".join(map(line_of, rows(5)))
    assert file.stat().st_mode & 0o777 == 0o600
    sink.close()


def test_a_probe_changes_nothing(tmp_path: Path):
    file = tmp_path / "a.jsonl"
    file.write_bytes(b'{"leaf_in')
    JsonlSink(file).probe()
    assert file.read_bytes() == b'{"leaf_in'


@pytest.mark.parametrize("cut", [1, 10, 200])
def test_a_line_that_a_crash_cut_off_is_taken_back(tmp_path: Path, cut: int):
    file = tmp_path / "a.jsonl"
    file.write_bytes(b"".join(map(line_of, rows(3)))[:-cut])
    sink = JsonlSink(file)
    sink.deliver(rows(1, start=2))
    sink.close()
    assert indexes(file) == [0, 1, 2]


def test_a_file_that_is_one_half_line_is_emptied(tmp_path: Path):
    file = tmp_path / "a.jsonl"
    file.write_bytes(b"x" * 200_000)  # more than is read at a time
    sink = JsonlSink(file)
    sink.deliver(rows(1))
    sink.close()
    assert indexes(file) == [0]


def test_a_full_disk_leaves_whole_lines_and_says_so(tmp_path: Path):
    file = tmp_path / "a.jsonl"
    sink = JsonlSink(file)
    sink.deliver(rows(2))
    whole = file.read_bytes()
    with no_room_above(len(whole) + 100), pytest.raises(SinkFault, match=r"^EFBIG$"):
        sink.deliver(rows(2, start=2))
    assert file.read_bytes() == whole
    sink.deliver(rows(2, start=2))
    sink.close()
    assert indexes(file) == [0, 1, 2, 3]


def test_a_full_file_is_set_aside_under_the_next_number(tmp_path: Path):
    file = tmp_path / "a.jsonl"
    sink = JsonlSink(file, rotate_bytes=len(b"".join(map(line_of, rows(2)))) + 100)
    for start in range(5):
        sink.deliver(rows(1, start=start))
    sink.close()
    assert indexes(tmp_path / "a.jsonl.000001") == [0, 1]
    assert indexes(tmp_path / "a.jsonl.000002") == [2, 3]
    assert indexes(file) == [4]


@pytest.mark.parametrize("gone", [True, False])
def test_a_file_that_somebody_else_moved_is_made_anew(tmp_path: Path, gone: bool):
    file = tmp_path / "a.jsonl"
    sink = JsonlSink(file)
    sink.deliver(rows(1))
    file.unlink() if gone else file.rename(tmp_path / "old")
    sink.deliver(rows(1, start=1))
    sink.close()
    assert indexes(file) == [1]


def test_a_file_that_was_emptied_in_place_goes_on(tmp_path: Path):
    file = tmp_path / "a.jsonl"
    sink = JsonlSink(file)
    sink.deliver(rows(2))
    os.truncate(file, 0)
    sink.deliver(rows(1, start=2))
    sink.close()
    assert indexes(file) == [2]


@pytest.mark.parametrize("sink", [JsonlSink, FolderSink])
def test_what_cannot_be_written_is_a_fault_without_a_path(tmp_path: Path, sink):
    (tmp_path / "file").write_bytes(b"")
    broken = sink(tmp_path / "file" / "below")
    for act in (broken.probe, lambda: broken.deliver(rows(1))):
        with pytest.raises(SinkFault) as caught:
            act()
        assert caught.value.code == "ENOTDIR"


# --- a folder ----------------------------------------------------------------------------------


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def test_a_folder_gets_files_that_never_change(tmp_path: Path):
    sink = FolderSink(tmp_path)
    (tmp_path / ".0123456789abcdef.part").write_bytes(b"left by a crash")
    sink.probe()
    sink.deliver(rows(3))
    sink.deliver(rows(2, start=3))
    sink.checkpoint(Note(5, "", "a note\n"))
    sink.checkpoint(Note(5, "", "another note of the same tree\n"))
    assert names(tmp_path) == [
        f"checkpoint-{5:020d}.txt",
        f"records-{0:020d}-{2:020d}.jsonl",
        f"records-{3:020d}-{4:020d}.jsonl",
    ]
    assert indexes(tmp_path / names(tmp_path)[2]) == [3, 4]
    assert (tmp_path / names(tmp_path)[0]).read_text() == "a note\n"
    assert (tmp_path / names(tmp_path)[1]).stat().st_mode & 0o777 == 0o400


def test_the_same_records_again_change_nothing_and_other_ones_are_refused(tmp_path: Path):
    sink = FolderSink(tmp_path)
    sink.deliver(rows(2))
    (file,) = tmp_path.iterdir()
    before = file.stat().st_mtime_ns
    sink.deliver(rows(2))
    assert file.stat().st_mtime_ns == before
    other = [replace(one, body=one.body.replace(b"acme", b"evil")) for one in rows(2)]
    other = [replace(one, body=one.body.replace(b"globex", b"evil")) for one in other]
    with pytest.raises(SinkFault, match=r"^changed$"):
        sink.deliver(other)


def test_a_full_disk_leaves_no_file_of_that_name(tmp_path: Path):
    with no_room_above(100), pytest.raises(SinkFault, match=r"^EFBIG$"):
        FolderSink(tmp_path).deliver(rows(2))
    assert names(tmp_path) == []


def test_one_of_two_that_put_a_file_at_once_stays(tmp_path: Path):
    put_once(tmp_path / "a", b"first")
    put_once(tmp_path / "a", b"second")
    assert (tmp_path / "a").read_bytes() == b"first"


# --- syslog ------------------------------------------------------------------------------------


def sink_to(pki: Pki, port: int, *, answers_end: bool = True) -> SyslogSink:
    server = Server("127.0.0.1", port, pki.ca, *pki.client, answers_end, timeout_s=AMPLE_S)
    return SyslogSink(server, hostname="gateway-1")


def test_a_message_is_of_rfc_5424():
    (row,) = rows(1)
    ts = orjson.loads(row.body)["ts"]
    head = f"<110>1 {ts} host cloakroom - request.accepted - "
    assert syslog.message(row, "host") == head.encode() + line_of(row).removesuffix(b"\n")


def test_every_type_of_event_fits_into_the_msgid():
    assert max(len(one.value) for one in EventType) <= 32  # RFC 5424, section 6


def test_messages_are_counted_in_bytes():
    assert unframed(syslog.frame(b"abc") + syslog.frame(b"12 de")) == [b"abc", b"12 de"]


def test_a_server_gets_every_record_and_answers_the_end(pki: Pki):
    with SyslogServer(pki) as server:
        sink = sink_to(pki, server.port)
        sink.probe()
        sink.deliver(rows(1000))
        sink.deliver(rows(1, start=1000))
    assert server.received == [syslog.message(one, "gateway-1") for one in rows(1001)]


def test_a_server_that_never_answers_the_end_is_told_by_name(pki: Pki):
    with SyslogServer(pki, ways=("mute",)) as server, pytest.raises(SinkFault) as caught:
        sink_to(pki, server.port).deliver(rows(1))
    assert caught.value.code == "end_unanswered"


def test_a_server_that_need_not_answer_the_end_has_to_read_up_to_it(pki: Pki):
    with SyslogServer(pki, ways=("mute", "good")) as server:
        sink = sink_to(pki, server.port, answers_end=False)
        sink.deliver(rows(200))
        sink.deliver(rows(1, start=200))
    assert server.received == [syslog.message(one, "gateway-1") for one in rows(201)]


@pytest.mark.parametrize("count", [0, 1, 200])
@pytest.mark.parametrize("way", ["reset", "deaf"])
def test_a_server_that_reads_nothing_has_taken_nothing(pki: Pki, way: str, count: int):
    """Not even where it need not answer: whichever of the two ends comes first."""
    with SyslogServer(pki, ways=(way,) * 20) as server:
        sink = sink_to(pki, server.port, answers_end=False)
        for _ in range(20):
            with pytest.raises(SinkFault):
                sink.deliver(rows(count))


@pytest.mark.parametrize("way", ["mute", "reset"])
def test_a_connection_that_the_server_does_not_end_in_order_counts_for_nothing(pki: Pki, way: str):
    with SyslogServer(pki, ways=(way, "good")) as server:
        sink = sink_to(pki, server.port)
        with pytest.raises(SinkFault):
            sink.deliver(rows(200))
        sink.deliver(rows(200))
    expected = [syslog.message(one, "gateway-1") for one in rows(200)]
    assert server.received == expected * (2 if way == "mute" else 1)


def test_a_server_that_is_down_comes_back(pki: Pki):
    port = free_port()
    sink = sink_to(pki, port)
    with pytest.raises(SinkFault, match=r"^ECONNREFUSED$"):
        sink.deliver(rows(1))
    with SyslogServer(pki, port) as server:
        sink.deliver(rows(1))
    assert len(server.received) == 1


def test_a_server_of_another_authority_gets_nothing(pki: Pki, tmp_path: Path):
    other = make_pki(tmp_path)
    refused = pytest.raises(SinkFault, match=r"^certificate_refused$")
    with SyslogServer(other) as server, refused:
        sink_to(pki, server.port).deliver(rows(1))
    assert server.received == []


def test_a_client_without_a_certificate_is_refused_and_told(pki: Pki):
    with SyslogServer(pki) as server, pytest.raises(SinkFault):
        SyslogSink(Server("127.0.0.1", server.port, pki.ca, timeout_s=AMPLE_S)).deliver(rows(1))
    assert server.received == []


# --- OCSF --------------------------------------------------------------------------------------


def test_an_event_has_what_its_class_requires(tmp_path: Path):
    sink = JsonlSink(tmp_path / "o.jsonl", line=ocsf.line_of)
    sink.deliver(rows(2))
    sink.close()
    accepted, completed = map(orjson.loads, (tmp_path / "o.jsonl").read_bytes().splitlines())
    for one, row in ((accepted, rows(2)[0]), (completed, rows(2)[1])):
        assert one["type_uid"] == one["class_uid"] * 100 + one["activity_id"] == 600301
        assert one["category_uid"] == 6
        assert one["metadata"]["version"] == "1.9.0"
        assert one["metadata"]["uid"] == row.event_id
        assert one["metadata"]["sequence"] == row.leaf_index
        assert one["metadata"]["product"]["vendor_name"] == "Cloakroom"
        assert {"user"} == set(one["actor"])
        assert one["src_endpoint"]["name"] == "client"
        assert one["api"]["operation"] == "chat"
        assert one["ai_model"] == {"ai_provider": "openai", "name": "gpt-x"}
    assert accepted["status_id"] == 0
    assert completed["status_id"] == 1
    assert completed["time"] - accepted["time"] == 1000


def test_nothing_of_a_record_is_lost():
    (row,) = rows(1)
    record = orjson.loads(row.body)
    text = orjson.dumps(ocsf.event(0, record)).decode()
    for name in ("policy", "detection", "commit", "authn", "config_sha256", "endpoint"):
        if name in record:
            assert orjson.dumps(record[name]).decode() in text


@pytest.mark.parametrize("kind", list(EventType))
def test_every_type_of_record_has_an_event(kind: EventType):
    record = orjson.loads(rows(1)[0].body) | {"type": kind.value, "target": "x"}
    one = ocsf.event(0, record)
    assert one["severity_id"] in (1, 2, 3, 4)
    assert one["status_id"] in (0, 1, 2)
    assert ("activity_name" in one) is (one["activity_id"] == 99)
    assert one["resources"] == [{"name": "x"}]


def test_tables_name_only_types_that_exist():
    known = {one.value for one in EventType}
    assert set(ocsf.SEVERITIES) | ocsf.FAILURES <= known


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"type": 1}', b'"text canary"'])
def test_what_is_no_record_is_refused_without_its_words(body: bytes):
    row = Row(0, "", body)
    for form in (ocsf.line_of, lambda one: syslog.message(one, "h")):
        with pytest.raises(SinkFault, match=r"^record_unreadable$"):
            form(row)
