"""The fuzzer, for one short round."""

from __future__ import annotations

from tests.bench.fuzz_families import run


def test_nothing_is_found_in_a_short_round():
    counts = run(0, 7, examples=60)

    assert counts["sent"] > 20
    assert counts["streamed"] > 20
