"""The conformance matrix holds in every cell, and no place of a family is without a row."""

from __future__ import annotations

import ast
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway import wire
from gateway.conformance.opening import matrix_runner
from gateway.conformance.running import OPERATORS, Runner
from gateway.conformance.tables.every import TABLES
from gateway.settings import Audit, Detection, Settings
from gateway.wire.families import CODECS


@pytest.fixture
async def runner(tmp_path: Path) -> AsyncIterator[Runner]:
    settings = Settings(
        upstreams=(), policies=(), audit=Audit(url="sqlite://"), master_key=b"k" * 32,
        detection=Detection(profile="patterns"),
    )  # fmt: skip
    async with matrix_runner(settings) as runner:
        yield runner


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.codec.endpoint)
async def test_every_cell_holds(runner: Runner, table, operator: str):
    cells = await runner.cells(table, [operator])
    assert [one for one in cells if one.fault] == []
    assert len(cells) > len(table.requests)


def test_every_table_is_that_of_an_endpoint():
    assert {table.codec for table in TABLES} <= set(CODECS)


# --- no place without a row -----------------------------------------------------------------------

WIRE = Path(wire.__file__).parent
FAMILY_FILES = sorted({file for table in TABLES for file in WIRE.glob(f"{table.codec.family}*.py")})
READS = {"prose", "identifier", "word", "anything", "member", "schema", "described", "model"}
GIVES = {"new_filter", "restored", "add", "_put"}


def places(file: Path) -> set[int]:
    """The lines on which a family hands a text of a request or an answer over."""
    calls = (node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call))
    return {
        call.lineno
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.func.attr in READS | GIVES
    }


def test_the_places_of_a_family_are_seen():
    assert len(places(WIRE / "chat.py")) > 30
    assert len(places(WIRE / "chat_answer.py")) > 3


async def test_no_place_is_without_a_row(runner: Runner):
    """A family that gains a field gains a row, or this fails and names the line."""
    files = {str(file): places(file) for file in FAMILY_FILES}
    reached: dict[str, set[int]] = {name: set() for name in files}

    def trace(frame, event, _):
        lines = reached.get(frame.f_code.co_filename)
        if lines is None:
            return None
        lines.add(frame.f_lineno)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        for table in TABLES:
            await runner.cells(table, ["replace"])
    finally:
        sys.settrace(before)
    missed = [
        f"{Path(name).name}:{line}"
        for name, lines in files.items()
        for line in sorted(lines - reached[name])
    ]
    assert missed == []
