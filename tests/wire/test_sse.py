"""Server-sent events: any framing, any cutting."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import UpstreamFailed
from gateway.wire import sse
from gateway.wire.sse import EventReader

CASES = [
    (b"data: a\n\ndata: b\n\n", [b"a", b"b"]),
    (b"data:a\r\n\r\ndata: b\r\n\r\n", [b"a", b"b"]),
    (b"data: a\rdata: b\r\rdata: c\r\r\n", [b"a\nb", b"c"]),
    (b": comment\n\nevent: x\ndata: a\nid: 1\n\n", [b"a"]),
    (b"data: a\ndata: b\n\n", [b"a\nb"]),
    ("data: é😀\n\n".encode(), ["é😀".encode()]),
    (b"data: a\n", []),
    (b"\n\n\n", []),
    (b"data: \n\n", [b""]),
    (b"data: a\n\n\n", [b"a"]),
    (b"data: a\rdata: b\n\n", [b"a\nb"]),
    (b"data: a\r\n\n", [b"a"]),
]


@pytest.mark.parametrize(("stream", "events"), CASES)
def test_events_whole_and_byte_by_byte(stream: bytes, events: list[bytes]) -> None:
    """Each case at once and in single bytes."""
    slow = EventReader()

    assert EventReader().feed(stream + b"\n")[: len(events)] == events
    assert [event for byte in stream for event in slow.feed(bytes([byte]))][: len(events)] == events


@pytest.mark.parametrize(
    "before", [b"data: a\n", b"data: a", b"da", b"\r", b"id: 1\n", b": b\n", b""]
)
def test_an_event_that_comes_alone_goes_on_with_what_came_before_it(before: bytes) -> None:
    """A chunk that looks like a whole event may be the end of one."""
    chunk = b"data: b\n\n"
    slow, quick = EventReader(), EventReader()

    expected = [event for byte in before + chunk for event in slow.feed(bytes([byte]))]

    assert quick.feed(before) + quick.feed(chunk) == expected
    assert quick.commented() == slow.commented()
    assert quick.feed(chunk) == [b"b"]


@given(st.lists(st.binary(max_size=20), max_size=6), st.integers(1, 9))
def test_any_cutting_gives_the_same_events(payloads: list[bytes], step: int) -> None:
    """A stream of our own making, cut anywhere."""
    clean = [payload.replace(b"\r", b"").replace(b"\n", b"") or b"x" for payload in payloads]
    stream = b"".join(sse.event(payload) for payload in clean)
    reader = EventReader()
    pieces = [stream[at : at + step] for at in range(0, len(stream), step)]

    assert [event for piece in pieces for event in reader.feed(piece)] == clean
    assert reader.empty


def test_an_endless_line_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded."""
    monkeypatch.setattr(sse, "LONGEST_EVENT", 10)

    with pytest.raises(UpstreamFailed):
        EventReader().feed(b"data: " + b"x" * 20)


def test_a_comment_is_noted_and_none_of_it_is_kept() -> None:
    reader = EventReader()
    assert reader.feed(b": the prompt was") == []
    assert not reader.commented()
    assert reader.feed(b" long\n\n") == []
    assert reader.commented()
    assert not reader.commented()
    assert reader.empty
