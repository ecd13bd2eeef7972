"""Where findings of several types overlap, the operator that tells least has its way."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detection.segments import Segment, findings
from gateway.detection.spans import disjoint
from gateway.exchange import band_counts, count_entities
from gateway.masking.mask import MaskedRequest, mask
from gateway.masking.strictest import strictest, type_of
from gateway.operator_kinds import exposure
from gateway.types import Decision, Finding, Leaf, OperatorUse, Span
from gateway.wire.chat import parse
from tests.masking.test_mask import KEYS, decision

# One letter for each place, none of which a placeholder has: what is left is what was sent.
TEXT = "".join(map(chr, range(0x3B1, 0x3B1 + 24)))
USES = {
    "KEPT": "keep",
    "HASHED": "hash",
    "REPLACED": "replace",
    "ALSO_REPLACED": "replace",
    "REDACTED": "redact",
}
DECIDED = decision(**USES)


def found_at(spans: Sequence[Span], leaf: int = 0) -> list[Finding]:
    """The findings of a leaf that is read by itself."""
    leaves = [Leaf(("x",), "")] * leaf + [Leaf(("x",), TEXT)]
    read = [Segment(TEXT, ((leaf, 0, 0, len(TEXT)),))]
    return findings(leaves, read, [disjoint(spans)])


def masked(found: Sequence[Finding], *texts: str, chosen: Decision = DECIDED) -> MaskedRequest:
    messages = [{"role": "user", "content": text} for text in texts or (TEXT,)]
    parsed = parse({"model": "m", "messages": messages})
    shifted = [index for index, leaf in enumerate(parsed.leaves) if leaf.text in (texts or (TEXT,))]
    placed = [
        Finding(
            shifted[one.leaf], one.start, one.end, one.entity_type, one.score, one.recognizer,
            one.whole, one.parts,
        )
        for one in found
    ]  # fmt: skip
    return mask(
        parsed, placed, chosen, KEYS, path="/chat/completions", entity_types=frozenset(USES)
    )


def sent(request: MaskedRequest) -> list[str]:
    return [one["content"] for one in orjson.loads(request.body)["messages"]]


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        (("KEPT",), "KEPT"),
        (("KEPT", "HASHED"), "HASHED"),
        (("HASHED", "KEPT", "REPLACED"), "REPLACED"),
        (("REPLACED", "ALSO_REPLACED"), "REPLACED"),
        (("ALSO_REPLACED", "REPLACED"), "ALSO_REPLACED"),
        (("REPLACED", "REDACTED", "HASHED"), "REDACTED"),
    ],
)
def test_the_operator_that_tells_least_wins_and_the_first_of_equals(
    types: tuple[str, ...], expected: str
):
    assert strictest(types, DECIDED.operator_for) == expected


def test_what_is_kept_hides_nothing_that_is_not():
    """As an organisation's name that a person's is in."""
    spans = [Span(2, 12, "KEPT", 1.0, "a"), Span(4, 8, "REPLACED", 0.5, "b")]
    (text,) = sent(masked(found_at(spans)))
    assert text.startswith(TEXT[:2] + "<REPLACED_")
    assert text.endswith(">" + TEXT[12:])


def test_what_is_kept_and_hides_nothing_is_sent():
    spans = [Span(2, 12, "KEPT", 1.0, "a"), Span(4, 8, "KEPT", 0.5, "b")]
    assert sent(masked(found_at(spans))) == [TEXT]


def test_the_surer_type_does_not_weaken_the_operator_of_what_is_in_it():
    spans = [Span(2, 12, "HASHED", 1.0, "a"), Span(4, 8, "REDACTED", 0.5, "b")]
    assert sent(masked(found_at(spans))) == [f"{TEXT[:2]}[REDACTED]{TEXT[12:]}"]


def test_a_value_inside_another_is_masked_wherever_it_stands():
    spans = [Span(2, 12, "REPLACED", 1.0, "a"), Span(4, 8, "REDACTED", 0.5, "b")]
    found = found_at(spans)
    assert sent(masked(found, TEXT, f"say {TEXT[4:8]}!"))[1] == "say [REDACTED]!"


def test_a_value_of_two_types_has_the_operator_that_tells_least_everywhere():
    first, second = Span(2, 12, "REPLACED", 1.0, "a"), Span(2, 12, "REDACTED", 1.0, "b")
    found = [*found_at([first]), *found_at([second], leaf=1)]
    assert sent(masked(found, TEXT, f"{TEXT} ", f"say {TEXT[2:12]}!"))[2] == "say [REDACTED]!"


def test_a_digits_only_value_in_another_is_masked_where_it_is_a_number():
    text = "abc 4512 def"
    whole = Span(0, 12, "KEPT", 1.0, "a")
    part = Span(4, 8, "REDACTED", 0.5, "b")
    messages = [
        {"role": "user", "content": text},
        {"role": "tool", "tool_call_id": "1", "content": '{"pin": 4512}'},
    ]
    parsed = parse({"model": "m", "messages": messages})
    at = next(index for index, leaf in enumerate(parsed.leaves) if leaf.text == text)
    (one,) = disjoint([whole, part])
    found = Finding(at, one.start, one.end, one.entity_type, one.score, "r", True, one.parts)
    made = mask(parsed, [found], DECIDED, KEYS, path="/x", entity_types=frozenset(USES))
    assert sent(made)[1] == '{"pin": "[REDACTED]"}'


SPANS = st.builds(
    lambda start, size, kind, score: Span(start, min(start + size, len(TEXT)), kind, score, "r"),
    st.integers(0, len(TEXT) - 1),
    st.integers(1, 10),
    st.sampled_from(sorted(USES)),
    st.sampled_from([0.4, 0.6, 1.0]),
)


def exposures(found: Sequence[Finding]) -> list[int]:
    """How much is told of each place of the text."""
    told = [exposure("keep")] * len(TEXT)
    for one in found:
        use: OperatorUse = DECIDED.operator_for(type_of(one, DECIDED.operator_for))
        for at in range(one.start, one.end):
            told[at] = min(told[at], exposure(use.name))
    return told


@given(st.lists(SPANS, max_size=6), SPANS)
def test_one_more_finding_never_sends_more(spans: list[Span], more: Span):
    before, after = found_at(spans), found_at([*spans, more])
    assert all(new <= old for new, old in zip(exposures(after), exposures(before), strict=True))
    left = set(sent(masked(after))[0]) & set(TEXT)
    assert left <= set(sent(masked(before))[0])


@given(st.lists(SPANS, max_size=6), SPANS)
def test_policy_sees_each_type_as_if_it_were_alone(spans: list[Span], more: Span):
    """So that no finding of another type takes one away from what a rule counts."""
    leaves = [Leaf(("x",), TEXT)]
    alone = {
        kind: len(disjoint([one for one in [*spans, more] if one.entity_type == kind]))
        for kind in USES
    }
    found = found_at([*spans, more])
    assert count_entities(leaves, found) == {kind: n for kind, n in alone.items() if n}
    assert {kind: sum(n) for kind, n in band_counts(leaves, found).items()} == {
        kind: n for kind, n in alone.items() if n
    }
