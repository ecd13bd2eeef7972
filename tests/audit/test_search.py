"""Searching a real log: what fits is found, all of it, once, and in order."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.audit import search as module
from gateway.audit.reading import open_log
from gateway.audit.search import Misfiled, Query, Searcher, open_search
from gateway.audit.stats import read_stats
from gateway.errors import AuditUnavailable, ConfigError
from tests.audit.logs import Log, attack, bodies, make_log

SIZE = 400
RECORDS: list[dict[str, Any]] = [orjson.loads(body) for body in bodies(SIZE)]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Log:
    return make_log(tmp_path_factory.mktemp("original") / "audit.db", bodies(SIZE), [SIZE])


@pytest.fixture
def log(original: Log, tmp_path: Path) -> Log:
    file = tmp_path / "audit.db"
    shutil.copy(original.file, file)
    return replace(original, file=file)


def everything(log: Searcher, query: Query, limit: int, scan: int) -> list[dict[str, Any]]:
    """All pages behind one another."""
    found: list[dict[str, Any]] = []
    before: int | None = None
    while True:
        page = log.page(query, limit=limit, before=before, scan=scan)
        assert len(page.records) <= limit
        assert page.scanned <= scan
        found += page.records
        before = page.before
        if before is None:
            return found


def at(number: int) -> str:
    """The time of a record."""
    return str(RECORDS[number]["ts"])


QUERIES: dict[str, tuple[Query, Callable[[dict[str, Any]], bool]]] = {
    "all": (Query(), lambda one: True),
    "tenant": (Query(tenant="globex"), lambda one: one["tenant"] == "globex"),
    "type": (Query(type="request.accepted"), lambda one: one["type"] == "request.accepted"),
    "request": (Query(request_id="req_7"), lambda one: one["request_id"] == "req_7"),
    "actor reference": (Query(actor="ab" * 16), lambda one: True),
    "actor key": (Query(actor="app-1"), lambda one: True),
    "another's reference": (Query(actor="cd" * 16), lambda one: False),
    "entity": (Query(entity_type="PERSON"), lambda one: True),
    "no entity": (Query(entity_type="IBAN_CODE"), lambda one: False),
    "rule": (Query(rule="r2"), lambda one: True),
    "part of a rule": (Query(rule="r"), lambda one: False),
    "policy id": (Query(policy="base"), lambda one: True),
    "policy digest": (Query(policy="d" * 64), lambda one: True),
    "a rule is no policy": (Query(policy="r1"), lambda one: False),
    "model": (Query(model="rare"), lambda one: one["model_requested"] == "rare"),
    "a policy is no model": (Query(model="base"), lambda one: False),
    "upstream": (Query(upstream="openai"), lambda one: True),
    "outcome": (Query(outcome="completed"), lambda one: one.get("outcome") == "completed"),
    "since": (Query(since=at(350)), lambda one: one["ts"] >= at(350)),
    "until": (Query(until=at(3)), lambda one: one["ts"] < at(3)),
    "between": (Query(since=at(10), until=at(20)), lambda one: at(10) <= one["ts"] < at(20)),
    "before all": (Query(until="2001-01-01T00:00:00.000000Z"), lambda one: False),
    "after all": (Query(since="2101-01-01T00:00:00.000000Z"), lambda one: False),
    "much at once": (
        Query(tenant="acme", model="rare", outcome="completed", since=at(15), rule="r1"),
        lambda one: (
            one["tenant"] == "acme" and one["model_requested"] == "rare"
            and one.get("outcome") == "completed" and one["ts"] >= at(15)
        ),
    ),
    "what no record can hold": (Query(tenant='a"b', model="%' OR 1=1 --"), lambda one: False),
}  # fmt: skip


@pytest.mark.parametrize(("limit", "scan"), [(1000, 1000), (7, 1000), (1000, 13), (3, 5)])
@pytest.mark.parametrize("name", QUERIES)
def test_every_record_that_fits_is_found_once(original: Log, name: str, limit: int, scan: int):
    query, fits = QUERIES[name]
    expected = [one for one in reversed(RECORDS) if fits(one)]
    with open_search(original.url) as log:
        found = everything(log, query, limit, scan)
    assert [one["event_id"] for one in found] == [one["event_id"] for one in expected]
    for one in found:
        assert RECORDS[one["leaf_index"]]["event_id"] == one["event_id"]
        assert one["seq"] == one["leaf_index"] + 1


def test_numbers_need_not_follow_the_clock(tmp_path: Path):
    """A clock that jumped back an hour: the time range decides, not the order of writing."""
    records = bodies(100)
    file = tmp_path / "audit.db"
    log = make_log(file, records[60:] + records[:60], [100])
    with open_search(log.url) as opened:
        for query in (Query(until=at(30)), Query(since=at(30)), Query(since=at(30), until=at(70))):
            found = everything(opened, query, 1000, 1000)
            expected = [one for one in RECORDS[:100] if query.matches(one)]
            assert len(found) == len(expected) > 0
            assert {one["event_id"] for one in found} == {one["event_id"] for one in expected}


def test_a_page_looks_at_few_rows_where_an_index_leads(original: Log):
    with open_search(original.url) as log:
        assert log.page(Query(request_id="req_3"), limit=2).scanned <= module.SCAN
        page = log.page(Query(model="never seen"), scan=50)
        assert page.scanned == 50
        assert page.records == []
        assert page.before == SIZE - 50 + 1


def test_an_empty_log_has_nothing(tmp_path: Path):
    log = make_log(tmp_path / "audit.db", [], [])
    with open_search(log.url) as opened:
        for query in (Query(), Query(since=at(1)), Query(tenant="acme")):
            page = opened.page(query)
            assert (page.records, page.before) == ([], None)
        assert list(opened.misfiled()) == []


# --- records that searches would miss -----------------------------------------------------------


def misfiled(log: Log) -> list[Misfiled]:
    with open_search(log.url) as opened:
        return [one for one in opened.misfiled() if isinstance(one, Misfiled)]


def test_records_stand_where_they_belong(original: Log):
    assert misfiled(original) == []
    with open_search(original.url) as log:
        assert list(log.misfiled()) == [SIZE]


@pytest.mark.parametrize(
    "change",
    [
        "tenant = 'globe'", "tenant = ''", "tenant = 'acme\"'", "type = 'request.denied'",
        "ts = '2020-01-01T00:00:00.000000Z'", "request_id = 'req_0'", "request_id = NULL",
    ],
)  # fmt: skip
def test_a_column_that_says_otherwise_than_the_record_is_seen(log: Log, change: str):
    connection = attack(log.file)
    connection.execute("DROP INDEX audit_records_one_end")
    connection.execute(f"UPDATE audit_records SET {change} WHERE seq = 124")
    connection.close()
    assert misfiled(log) == [Misfiled(124, RECORDS[123]["event_id"], 123)]


def test_a_record_outside_of_the_tree_is_seen(log: Log):
    connection = attack(log.file)
    connection.execute("DELETE FROM audit_leaves WHERE leaf_index = 399")
    connection.close()
    assert misfiled(log) == [Misfiled(400, RECORDS[399]["event_id"], None)]


# --- figures, and reading without a trace -------------------------------------------------------


def test_figures_add_up(original: Log):
    found = read_stats(original.url)
    assert (found.records, found.leaves, found.unsigned) == (SIZE, SIZE, 0)
    assert found.types == {"request.accepted": 200, "request.completed": 200}
    assert found.outcomes == {"completed": 200}
    assert found.tenants == {"acme": 320, "globex": 80}
    assert sum(found.days.values()) == SIZE
    assert found.days.keys() == {one["ts"][:10] for one in RECORDS}
    assert found.size_bytes == original.file.stat().st_size
    assert found.bytes_per_record == round(found.size_bytes / SIZE)


def test_figures_of_an_empty_log(tmp_path: Path):
    found = read_stats(make_log(tmp_path / "audit.db", [], []).url)
    assert (found.records, found.checkpoint_ts, found.bytes_per_record) == (0, "", 0)


def held(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        one.name: (one.read_bytes(), one.stat().st_mtime_ns)
        for one in folder.iterdir()
        if not one.name.endswith("-shm")  # an index into the log of writes, made anew at will
    }


def test_reading_changes_no_file_not_even_what_a_crash_left(log: Log, tmp_path: Path):
    connection = attack(log.file)
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute("UPDATE audit_meta SET probes = probes + 1")
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    for suffix in ("", "-wal"):
        shutil.copy(log.file.with_name(log.file.name + suffix), crashed)
    connection.close()
    before = held(crashed)
    assert len(before["audit.db-wal"][0]) > 0
    url = f"sqlite:///{crashed / 'audit.db'}"
    for _ in range(2):
        with open_log(url) as reader:
            assert reader.size == SIZE
            assert len(list(reader.rows(0))) == SIZE
        with open_search(url) as opened:
            assert len(opened.page(Query()).records) == 50
        assert read_stats(url).records == SIZE
    assert held(crashed) == before


def test_a_copy_of_an_earlier_version_can_be_read_as_it_is(log: Log):
    """An auditor's copy is not migrated: that would change it."""
    for version, fits in ((2, True), (1, False), (99, False)):
        connection = attack(log.file)
        connection.execute(f"UPDATE audit_meta SET version = {version}")
        connection.close()
        if fits:
            with open_log(log.url) as reader:
                assert reader.size == SIZE
        else:
            with pytest.raises(ConfigError):
                open_log(log.url)


def test_what_cannot_be_read_is_said(tmp_path: Path):
    for opener in (open_search, open_log):
        with pytest.raises(AuditUnavailable):
            opener(f"sqlite:///{tmp_path / 'none.db'}")
        with pytest.raises(ConfigError):
            opener("mysql://host/database")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "noise.db").write_bytes(b"noise" * 1000)
    with pytest.raises(AuditUnavailable):
        open_search(f"sqlite:///{tmp_path / 'noise.db'}")
