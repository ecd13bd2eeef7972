"""The figures for many texts, on few."""

from __future__ import annotations

from tests.bench.restore_many import run


def test_every_text_comes_back():
    """With stand-ins and numbers of the same format, streamed, in prose and in JSON."""
    figures = run(60)

    assert figures.texts >= 60
    assert figures.wrong == figures.wrong_in_json == 0
    assert figures.restored > figures.tokens > 100
    assert set(figures.operators) == {"surrogate", "fpe", "replace"}
