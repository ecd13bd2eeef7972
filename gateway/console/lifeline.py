"""A request's way in time, as its closing record tells it: stages one after the other. Pure.

The record holds how long detection took, the upstream's first and last byte after it was asked,
and the whole. What is left is the gateway's own: policy, masking, the record that comes first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

WIDTH: Final = 560
_LEAST: Final = 1.5  # what is not nothing can be seen


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage: when it began and how long it took, in milliseconds, and where its bar stands."""

    name: str
    start: int
    ms: int
    x: float
    width: float
    series: int


@dataclass(frozen=True, slots=True)
class Lifeline:
    """The stages of `total` milliseconds, and what else is known, as words and values."""

    total: int
    stages: tuple[Stage, ...]
    facts: tuple[tuple[str, str], ...]


def lifeline(records: Sequence[Mapping[str, Any]]) -> Lifeline | None:
    """The way of the request that these records are of; None where none of them tells it."""
    closing = next((one for one in records if one.get("latency_ms")), None)
    if closing is None:
        return None
    spent = closing["latency_ms"]
    total = _ms(spent, "total")
    if not total:
        return None
    sent = bool(closing.get("upstream_id"))
    upstream = min(_ms(spent, "upstream"), total) if sent else 0
    before = total - upstream
    detect = min(_ms(spent, "detect"), before)
    first = min(_ms(spent, "upstream_ttft"), upstream)
    pieces = (
        ("Detection", detect),
        ("Policy, masking, record, and what else is the gateway's", before - detect),
        ("Until the upstream's first byte", first),
        ("From the first byte to the last", upstream - first),
    )
    return Lifeline(total, tuple(_stages(pieces, total)), tuple(_facts(closing, first, upstream)))


def _ms(spent: Mapping[str, Any], name: str) -> int:
    value = spent.get(name, 0)
    return max(0, value) if isinstance(value, int) else 0


def _stages(pieces: Sequence[tuple[str, int]], total: int) -> list[Stage]:
    made, at = [], 0
    for series, (name, ms) in enumerate(pieces):
        if ms:
            x, width = WIDTH * at / total, max(_LEAST, WIDTH * ms / total)
            made.append(
                Stage(name, at, ms, round(min(x, WIDTH - width), 2), round(width, 2), series)
            )
        at += ms
    return made


def _facts(closing: Mapping[str, Any], first: int, upstream: int) -> list[tuple[str, str]]:
    usage, routing = closing.get("usage") or {}, closing.get("routing") or {}
    offered = (closing.get("context") or {}).get("offered") or ()
    found: list[tuple[str, str]] = []
    if offered:
        found.append(("Candidates", ", ".join(f"{name} ({sort})" for name, sort in offered)))
    if routing.get("attempts") is not None:
        found.append(("Servers asked", str(routing["attempts"])))
    if routing.get("dropped_turns"):
        found.append(("Turns left out, as all were too long", str(routing["dropped_turns"])))
    if usage.get("input"):
        cached = f", of which {usage['cached']:,} were cached" if usage.get("cached") else ""
        found.append(("Tokens in", f"{usage['input']:,}{cached}"))
    if usage.get("output"):
        speed = _speed(usage["output"], first, upstream)
        found.append(("Tokens out", f"{usage['output']:,}{speed}"))
    if closing.get("finish_reasons"):
        found.append(("Ended by", ", ".join(map(str, closing["finish_reasons"]))))
    return found


def _speed(tokens: int, first: int, upstream: int) -> str:
    """Tokens in a second, from the first one on. An answer that came all at once has no speed."""
    streaming = upstream - first
    if tokens < 2 or streaming <= 0:
        return ""
    return f", {1000 * (tokens - 1) / streaming:,.1f} a second after the first"
