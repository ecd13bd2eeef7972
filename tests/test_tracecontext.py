"""The caller's trace goes on where its header is one, and nothing else of it is taken."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.tracecontext import begun

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def fresh(size: int) -> bytes:
    return bytes(range(1, size + 1))


@pytest.mark.parametrize(
    ("header", "is_sampled"),
    [
        (f"00-{TRACE}-{SPAN}-01", True),
        (f"00-{TRACE}-{SPAN}-00", False),
        (f"00-{TRACE}-{SPAN}-03", True),
        (f"cc-{TRACE}-{SPAN}-01", True),
        (f"cc-{TRACE}-{SPAN}-01-what-is-to-come", True),
    ],
)
def test_a_trace_goes_on(header: str, is_sampled: bool):
    found = begun(header, fresh, always=False)
    assert found is not None
    assert (found.trace_id, found.parent, found.is_sampled) == (TRACE, SPAN, is_sampled)
    assert found.outbound == f"00-{TRACE}-{found.call}-0{int(is_sampled)}"
    assert SPAN not in found.outbound


@pytest.mark.parametrize(
    "header",
    [
        "",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-01\n",
        f"00-{TRACE}-{SPAN}-01,00-{TRACE}-{SPAN}-01",
    ],
)
def test_what_is_no_header_begins_a_trace_or_none(header: str):
    assert begun(header, fresh, always=False) is None
    found = begun(header, fresh, always=True)
    assert found is not None
    assert found.parent == ""
    assert found.trace_id == fresh(16).hex()


@given(st.text())
def test_whatever_is_sent_only_ids_go_on(header: str):
    found = begun(header, fresh, always=True)
    assert found is not None
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]", found.outbound)
