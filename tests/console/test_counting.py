"""Rows are counted once each, in whatever order they appear, and whoever reads them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.console import counting
from gateway.console.accounts import Role
from gateway.console.counting import Counting
from gateway.errors import AuditUnavailable
from tests.audit.logs import START_MS
from tests.console.conftest import World

TODAY = "2026-09-21"
NOW = START_MS / 1000


@dataclass
class Rows:
    """A log: the day and the tenant of each row, every other one without an outcome."""

    rows: dict[int, str] = field(default_factory=dict)
    fails: bool = False
    asked: list[tuple[int, int]] = field(default_factory=list)

    @contextmanager
    def opened(self, _: str) -> Iterator[Rows]:
        if self.fails:
            raise AuditUnavailable("It cannot be read.")
        yield self

    def ends(self) -> tuple[int, int]:
        return (min(self.rows), max(self.rows)) if self.rows else (1, 0)

    def closings(self, low: int, high: int) -> tuple[str, list[tuple[int, str]]]:
        self.asked.append((low, high))
        there = [one for one in sorted(self.rows) if low <= one <= high]
        found = [(one, self.body(one)) for one in reversed(there) if one % 2]
        return (self.ts(there[0]) if there else "", found)

    def ts(self, seq: int) -> str:
        return f"{self.rows[seq]}T10:00:00.000000Z"

    def body(self, seq: int) -> str:
        tenant = "acme" if seq % 3 else "globex"
        return json.dumps({"ts": self.ts(seq), "tenant": tenant, "outcome": "completed"})

    def counted(self, tenant: str | None = None) -> int:
        ours = {None: (0, 1, 2), "acme": (1, 2), "globex": (0,)}[tenant]
        return len([one for one in self.rows if one % 2 and one % 3 in ours])


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> Rows:
    made = Rows(dict.fromkeys(range(1, 101), TODAY))
    small(monkeypatch, made)
    return made


def small(patch: pytest.MonkeyPatch, made: Rows) -> None:
    patch.setattr(counting, "open_search", made.opened)
    patch.setattr(counting, "SLICE", 10)
    patch.setattr(counting, "_PAUSE_S", 0.0)
    patch.setattr(counting, "_AGAIN", 8)


def everybody(_: str) -> bool:
    return True


def requests(made: Counting, sees: Callable[[str], bool] = everybody) -> int:
    return sum(one.requests for one in made.read(sees).days.values())


def test_a_view_reads_the_newest_and_a_thread_the_rest(rows: Rows):
    later: list[Callable[[], None]] = []
    made = Counting("", lambda: NOW, later.append)
    first = made.read(everybody)
    assert first.back_to == f"{TODAY}T10:00:00.000000Z"
    assert first.days[TODAY].requests == 10
    assert made.read(everybody).back_to
    assert len(later) == 1
    later[0]()
    last = made.read(everybody)
    assert (last.back_to, last.whole, last.days[TODAY].requests) == ("", True, 50)
    assert len(later) == 1


def test_what_is_older_than_two_weeks_is_not_read(rows: Rows):
    for number in range(1, 71):
        rows.rows[number] = "2026-08-01"
    made = Counting("", lambda: NOW, lambda work: work())
    made.read(everybody)
    assert requests(made) == 15
    assert min(low for low, _ in rows.asked) == 61


def test_more_than_can_be_read_is_said(rows: Rows, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(counting, "MOST_ROWS", 50)
    made = Counting("", lambda: NOW, lambda work: work())
    made.read(everybody)
    last = made.read(everybody)
    assert (last.whole, last.back_to, last.days[TODAY].requests) == (False, "", 25)


def test_a_log_that_fails_in_between_is_read_on_by_the_next_view(rows: Rows):
    later: list[Callable[[], None]] = []
    made = Counting("", lambda: NOW, later.append)
    made.read(everybody)
    rows.fails = True
    later.pop()()
    with pytest.raises(AuditUnavailable):
        made.read(everybody)
    rows.fails = False
    made.read(everybody)
    later.pop()()
    assert requests(made) == 50


def test_a_row_that_is_no_record_is_left_out(rows: Rows, monkeypatch: pytest.MonkeyPatch):
    broken = iter(['{"outcome":', '{"outcome": "x"}', "[1]", '{"outcome": 1, "ts": 2}'])
    whole = rows.body
    monkeypatch.setattr(rows, "body", lambda seq: next(broken, whole(99)))
    made = Counting("", lambda: NOW, lambda work: work())
    made.read(everybody)
    assert made.read(everybody).days[TODAY].requests == 46


@given(
    st.lists(
        st.one_of(
            st.sets(st.integers(0, 7), min_size=1),  # rows that appear, above the newest
            st.just("view"),
            st.just("thread"),
        ),
        max_size=30,
    ),
    st.integers(0, 60),
)
def test_every_row_is_counted_once(steps: list[set[int] | str], before: int):
    with pytest.MonkeyPatch.context() as patch:
        made = Rows(dict.fromkeys(range(1, before + 1), TODAY))
        small(patch, made)
        later: list[Callable[[], None]] = []
        tally = Counting("", lambda: NOW, later.append)
        top = before
        for step in steps:
            if step == "view":
                tally.read(everybody)
            elif step == "thread":
                while later:
                    later.pop()()
            else:
                assert isinstance(step, set)
                # Some numbers below the newest appear later, as of transactions that take longer.
                late = [one for one in range(max(1, top - 6), top) if one not in made.rows]
                made.rows.update(dict.fromkeys(late, TODAY))
                made.rows.update(dict.fromkeys((top + 1 + one for one in step), TODAY))
                top = max(made.rows)
                if not late:
                    tally.read(everybody)
        made.rows.update(dict.fromkeys(range(max(1, top - 6), top + 1), TODAY))
        tally.read(everybody)
        while later:
            later.pop()()
        assert requests(tally) == made.counted()
        assert requests(tally, lambda one: one == "acme") == made.counted("acme")


async def test_a_page_that_still_counts_says_so(filled: World, monkeypatch: pytest.MonkeyPatch):
    filled.clock.now = NOW
    filled.account("anna", Role.AUDITOR)
    browser = await filled.browser("anna")
    with monkeypatch.context() as patch:
        patch.setattr(counting, "SLICE", 10)
        patch.setattr(filled.desk.counting, "_start", lambda work: None)
        for path in ("/console", "/console/flow"):
            answer = await browser.get(path)
            assert "Still counting: so far back to 2026-09-21" in answer.words
