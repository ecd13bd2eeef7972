"""Open lines come back as they were accepted, whatever they have in common."""

from __future__ import annotations

import sys
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.facts import (
    Accepted,
    Actor,
    ActorKind,
    AuthMethod,
    Commitment,
    ContextFacts,
    DetectionFacts,
    Origin,
    PolicyFacts,
    TransformFacts,
)
from gateway.batches.openlines import OpenLines
from gateway.types import Effect, Family, UpstreamClass

TYPES = st.sampled_from(["PERSON", "EMAIL_ADDRESS", "IBAN"])
WORDS = st.sampled_from(["", "a", "b-1"])
CLASSES = st.sampled_from([None, *UpstreamClass])


@st.composite
def accepted(draw: Any) -> Accepted:
    entities = draw(st.dictionaries(TYPES, st.integers(1, 9), max_size=3))
    detection = DetectionFacts(
        engine="presidio",
        languages=draw(st.sampled_from([(), ("de",), ("de", "en")])),
        ms=draw(st.integers(0, 5)),
        entities=entities,
        bands=draw(st.sampled_from([None, {name: (n, 0, 0) for name, n in entities.items()}])),
    )
    transform = TransformFacts(
        operators=dict.fromkeys(entities, "replace"), placeholders_issued=len(entities)
    )
    context = ContextFacts(
        family=draw(st.sampled_from(Family)),
        offered=draw(st.sampled_from([(), (("a", UpstreamClass.ON_PREM),)])),
    )
    policy = PolicyFacts(id="p", sha256="0" * 64, action=draw(st.sampled_from(Effect)))
    return Accepted(
        request_id=draw(st.sampled_from(["req_1", "req_2"])),
        tenant="acme",
        actor=Actor(kind=ActorKind.CLIENT, method=AuthMethod.API_KEY, ref="ab"),
        origin=Origin(build="1"),
        endpoint="/v1/chat/completions",
        operation="chat",
        stream=False,
        model_requested=draw(WORDS),
        upstream_class=draw(CLASSES),
        context=draw(st.sampled_from([None, context])),
        policy=draw(st.sampled_from([None, policy])),
        detection=draw(st.sampled_from([None, detection])),
        transform=draw(st.sampled_from([None, transform])),
        masked_request=draw(st.sampled_from([None, Commitment("1" * 64, "2" * 64)])),
    )


@given(st.lists(accepted(), max_size=12), st.integers(1, 12))
def test_they_come_back_as_they_were(lines: list[Accepted], count: int) -> None:
    """Facts of all kinds, present or absent, in any order."""
    held = OpenLines()
    for one in lines:
        held.add(one)

    assert len(held) == len(lines)
    assert held.last(count) == lines[-count:]


@given(st.lists(accepted(), min_size=1, max_size=6), st.data())
def test_those_whose_record_failed_stay(lines: list[Accepted], data: Any) -> None:
    """The others are forgotten."""
    held = OpenLines()
    for one in lines:
        held.add(one)
    count = data.draw(st.integers(1, len(lines)))
    keeping = data.draw(st.lists(st.booleans(), min_size=count, max_size=count))
    held.drop(count, keeping)

    kept = [one for one, stays in zip(lines[-count:], keeping, strict=True) if stays]
    assert held.last(99) == [*lines[:-count], *kept]


def test_a_line_takes_little_memory() -> None:
    """Of what all lines have in common there is one copy."""
    held = OpenLines()
    for number in range(100):
        detection = DetectionFacts(
            engine="presidio", ms=number, entities={"PERSON": 1}, bands={"PERSON": (0, 0, 1)}
        )
        held.add(
            Accepted(
                request_id=f"req_{number:024x}",
                tenant="acme",
                actor=Actor(kind=ActorKind.CLIENT, method=AuthMethod.API_KEY, ref="ab"),
                origin=Origin(build="1"),
                endpoint="/v1/chat/completions",
                operation="chat",
                stream=False,
                model_requested="m",
                detection=detection,
                masked_request=Commitment(f"{number:064x}", f"{number:064x}"),
            )
        )

    assert len(held._patterns) == 1
    assert max(map(sys.getsizeof, held._lines)) < 400
