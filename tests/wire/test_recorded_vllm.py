"""Streams that a real vLLM sent, replayed: restored whole, however the network cuts them.

`tests/vllm/record.py` made the recordings; the folder's name is the version of the server.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import cache
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.masking.matcher import Matcher
from gateway.masking.newdata import PlainFilter
from gateway.masking.restore import Restoration, Restorer, Tally
from gateway.masking.sinks import SinkRule
from gateway.wire.answers import AnswerContext, AnswerFacts, TextFilter, TextPlace
from gateway.wire.families import CODECS
from gateway.wire.family import Codec
from gateway.wire.sse import EventReader
from tests.vllm.families import EVERY, Way, events
from tests.vllm.record import MASKED, VECTORS

VALUES = {"PERSON_7K2QX9": 'Zoë "Z" Müller\\', "EMAIL_ADDRESS_3F8M1A": "zoe@example.com"}
RULES = Restoration(VALUES, Matcher(VALUES), SinkRule({}))
SAID = MASKED
for _token, _value in VALUES.items():
    SAID = SAID.replace(f"<{_token}>", _value)

STREAMING = {codec.endpoint: codec for codec in CODECS if codec.stream is not None}
RECORDED = [
    file
    for file in sorted(VECTORS.glob("*/*.sse"))
    if EVERY[file.stem.split("-")[0]].path in STREAMING
]
TOOLS = [file for file in RECORDED if file.stem.endswith("-tool")]
TEXTS = [file for file in RECORDED if file not in TOOLS]


def name(file: Path) -> str:
    return f"{file.parent.name}/{file.stem}"


def way_of(file: Path) -> Way:
    return EVERY[file.stem.split("-")[0]]


def reader_of(file: Path) -> Callable[[dict[str, Any]], str]:
    """What reads the piece of text out of an event."""
    return way_of(file).piece_tool if file in TOOLS else way_of(file).piece


def is_json(file: Path) -> bool:
    """Messages have no other way to make a model say something."""
    return file.stem == "messages-text"


def new_filter(place: TextPlace) -> TextFilter:
    return PlainFilter(Restorer(RULES, Tally(), is_json=place.is_json))


def replayed(codec: Codec, file: Path, pieces: Iterable[bytes]) -> tuple[bytes, AnswerFacts]:
    """What the client is sent for the pieces of a recording."""
    facts = AnswerFacts()
    context = AnswerContext(
        model="asked", request_id="req_1", created=1_700_000_000, json_content=is_json(file),
        wants_usage=True, new_filter=new_filter, restored=lambda text: text,
    )  # fmt: skip
    assert codec.stream is not None
    stream = codec.stream(context, facts)
    reader, out = EventReader(), b""
    for piece in pieces:
        for data in reader.feed(piece):
            is_last = stream.take(data)
            out += stream.give()
            if is_last:
                return out + stream.last(), facts
    raise AssertionError("the stream has no last event")


@cache
def whole(file: Path) -> tuple[bytes, AnswerFacts]:
    return replayed(STREAMING[way_of(file).path], file, [file.read_bytes()])


def said(file: Path, raw: bytes) -> list[str]:
    """The texts of an answer, one per choice, or the arguments of its tool call."""
    read = reader_of(file)
    texts: dict[int, str] = {}
    for event in events(raw):
        choices = event.get("choices") or [{}]
        place = choices[0].get("index", 0)
        texts[place] = texts.get(place, "") + read(event)
    return [texts[place] for place in sorted(texts)]


def kinds(raw: bytes) -> list[Any]:
    """The types of events, in order; how many of one kind follow each other is not told."""
    return [kind for kind, _ in groupby(event.get("type") for event in events(raw))]


def test_every_family_that_streams_is_recorded() -> None:
    assert {way_of(file).path for file in RECORDED} == set(STREAMING)


@pytest.mark.parametrize("file", RECORDED, ids=name)
def test_the_recordings_hold_placeholders_in_pieces(file: Path) -> None:
    """Else these tests would say nothing."""
    raw, read = file.read_bytes(), reader_of(file)
    for event in events(raw):
        assert not any(token in read(event) for token in VALUES)
    for text in said(file, raw):
        assert (json.loads(text)["said"] if text.startswith("{") else text) == MASKED


@pytest.mark.parametrize("file", TEXTS, ids=name)
def test_texts_are_restored(file: Path) -> None:
    given_texts = said(file, whole(file)[0])

    assert len(given_texts) == (2 if file.stem.endswith("-two") else 1)
    for text in given_texts:
        assert (json.loads(text)["said"] if is_json(file) else text) == SAID


@pytest.mark.parametrize("file", TOOLS, ids=name)
def test_arguments_of_tools_are_restored(file: Path) -> None:
    assert [json.loads(text) for text in said(file, whole(file)[0])] == [{"said": SAID}]


@pytest.mark.parametrize("file", RECORDED, ids=name)
def test_events_keep_their_order_and_no_placeholder_is_left(file: Path) -> None:
    """Nor in those that say the text again at the end."""
    raw = whole(file)[0]

    assert kinds(raw) == kinds(file.read_bytes())
    for token in VALUES:
        assert token.encode() not in raw
    assert raw.endswith(b"\n\n")


@pytest.mark.parametrize("file", RECORDED, ids=name)
def test_what_is_kept_for_the_record(file: Path) -> None:
    facts = whole(file)[1]
    theirs = [usage for event in events(file.read_bytes()) if (usage := _usage(event))][-1]

    into = (
        "prompt_tokens",
        "input_tokens",
        "cache_creation_input_tokens",
        "cache_read_input_tokens",
    )
    assert facts.usage["in"] == sum(theirs.get(key, 0) for key in into) > 20
    assert facts.usage["out"] == theirs.get("completion_tokens", theirs.get("output_tokens"))
    assert facts.model_served == "tiny"
    assert facts.finish_reasons


def _usage(event: dict[str, Any]) -> dict[str, Any]:
    holder = event.get("response", event)
    return holder.get("usage") or {}


@pytest.mark.parametrize("size", [1, 3, 1_000])
@pytest.mark.parametrize("file", RECORDED, ids=name)
def test_pieces_of_one_size_change_nothing(file: Path, size: int) -> None:
    raw = file.read_bytes()
    pieces = (raw[at : at + size] for at in range(0, len(raw), size))

    assert replayed(STREAMING[way_of(file).path], file, pieces) == whole(file)


@given(data=st.data())
def test_any_cut_changes_nothing(data: st.DataObject) -> None:
    file = data.draw(st.sampled_from(RECORDED), label="file")
    raw = file.read_bytes()
    places = st.integers(min_value=0, max_value=len(raw))
    cuts = [0, *sorted(data.draw(st.lists(places, max_size=8), label="cuts")), len(raw)]
    pieces = [raw[start:end] for start, end in pairwise(cuts)]

    assert replayed(STREAMING[way_of(file).path], file, pieces) == whole(file)
