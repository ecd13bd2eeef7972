"""The conformance matrix holds in every cell, and no place of a family is without a row."""

from __future__ import annotations

import ast
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway import wire
from gateway.conformance.model import Expect, Table
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


# Operators differ in masking alone: of the large tables a token, a stand-in, a one-way operator and
# none are enough here. `cloakroom doctor --matrix` runs them all.
SOME = ("replace", "surrogate", "hash", "keep")
RUNS = [
    pytest.param(table, operator, id=f"{table.codec.endpoint} {operator}")
    for table in TABLES
    for operator in (OPERATORS if len(table.requests) < 200 else SOME)
]


@pytest.mark.parametrize(("table", "operator"), RUNS)
async def test_every_cell_holds(runner: Runner, table: Table, operator: str):
    cells = await runner.cells(table, [operator])
    assert [one for one in cells if one.fault] == []
    assert len(cells) >= len(table.requests)


def test_every_endpoint_has_a_table():
    assert [table.codec for table in TABLES] == list(CODECS)


def test_no_two_rows_have_one_name():
    for table in TABLES:
        for rows in (table.requests, table.answers):
            assert len({row.place for row in rows}) == len(rows)


# --- what is wrong is found -----------------------------------------------------------------------


def with_codec(table: Table, **parts: Any) -> Table:
    return replace(table, codec=replace(table.codec, **parts))


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.codec.endpoint)
async def test_a_family_that_overlooks_a_text_fails(runner: Runner, table: Table):
    def parse(document):
        parsed = table.codec.parse(document)
        return replace(parsed, leaves=[one for one in parsed.leaves if one.kind == "model"])

    cells = await runner.cells(with_codec(table, parse=parse), ["replace"])
    rows = {row.place: row.expect for row in table.requests}
    due = [one for one in cells if not one.is_answer and rows[one.place] is Expect.MASKED]
    assert len(due) > 5
    assert all(one.fault == "the canary left" for one in due)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.codec.endpoint)
async def test_a_family_that_changes_what_it_should_not_fails(runner: Runner, table: Table):
    def parse(document):
        return table.codec.parse({**document, "more": 1})

    cells = await runner.cells(with_codec(table, parse=parse), ["replace"])
    rows = {row.place: row.expect for row in table.requests}
    for one in cells:
        if not one.is_answer and rows[one.place] is not Expect.REFUSED:
            assert one.fault.startswith("changed"), one


class Untouched:
    """An answer that comes back as the upstream gave it."""

    def __init__(self, document, *_):
        self._document = document

    def give(self):
        return self._document


@pytest.mark.parametrize(
    "table", [table for table in TABLES if table.answers], ids=lambda table: table.codec.endpoint
)
async def test_a_family_that_does_not_restore_fails(runner: Runner, table: Table):
    cells = await runner.cells(with_codec(table, whole=Untouched), ["replace"])
    masked = {row.place for row in table.answers if row.stays_masked}
    due = [one for one in cells if one.is_answer and not one.streamed and one.place not in masked]
    assert due
    assert all(one.fault for one in due)


# --- no place without a row -----------------------------------------------------------------------

WIRE = Path(wire.__file__).parent
FAMILY_FILES = sorted({file for table in TABLES for file in WIRE.glob(f"{table.codec.family}*.py")})
# A table's reader asks for all kinds of places in one place: its rows follow from the table.
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
