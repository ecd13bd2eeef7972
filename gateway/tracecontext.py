"""W3C Trace Context: which trace an exchange belongs to. Pure.

Of what a caller says, the ids and whether it samples are taken, and nothing else: the values of
`tracestate` and `baggage` are free text, so these go nowhere, neither into a span nor upstream.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

_PARENT = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<parent>[0-9a-f]{16})"
    r"-(?P<flags>[0-9a-f]{2})(?P<more>-.*)?"
)
_SAMPLED = 1


@dataclass(frozen=True, slots=True)
class Trace:
    """The ids of an exchange's spans, in hex: of the whole, and of asking the upstream.

    `parent` is the caller's span, "" where the trace begins here.
    """

    trace_id: str
    whole: str
    call: str
    parent: str = ""
    is_sampled: bool = True

    @property
    def outbound(self) -> str:
        """The header `traceparent` for a server of our own."""
        return f"00-{self.trace_id}-{self.call}-{'01' if self.is_sampled else '00'}"


def begun(header: str, fresh: Callable[[int], bytes], *, always: bool) -> Trace | None:
    """The trace of an exchange, which goes on from the caller's `traceparent`.

    Without a header, or with one that is none, it begins here if `always`. `fresh` gives random
    bytes.
    """
    found = _parsed(header)
    if found is None and not always:
        return None
    trace_id, parent, is_sampled = found or (fresh(16).hex(), "", True)
    return Trace(trace_id, fresh(8).hex(), fresh(8).hex(), parent, is_sampled)


def _parsed(header: str) -> tuple[str, str, bool] | None:
    """The trace, the span and whether it is sampled; None where the header must be ignored."""
    found = _PARENT.fullmatch(header)
    if found is None or found["version"] == "ff":
        return None
    if found["version"] == "00" and found["more"] is not None:
        return None
    if not int(found["trace"], 16) or not int(found["parent"], 16):
        return None
    return found["trace"], found["parent"], bool(int(found["flags"], 16) & _SAMPLED)
