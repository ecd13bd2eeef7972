"""The vault in a database: sealed, durable, shared by processes, and closed where it fails."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.audit.store import SqlAuditStore
from gateway.errors import VaultUnavailable
from gateway.ports import Owner
from gateway.vault import sql
from gateway.vault.store import SqlVault
from tests.audit import pg
from tests.audit.test_store_both import begin
from tests.vault.conftest import ANNA, MASTER, Clock, item

CANARY = b"Anna Schmidt, anna.schmidt@example.com"
ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue(f"{request.param}_url")


async def test_it_outlives_its_process_and_serves_others(url: str, clock: Clock):
    first, other = SqlVault(url, MASTER, clock=clock), SqlVault(url, MASTER, clock=clock)
    await first.put(ANNA, [item("a", b"1")])
    assert await other.get(ANNA, "response", "a") == b"1"
    await other.put(ANNA, [item("a", b"2")])
    assert await first.get(ANNA, "response", "a") == b"2"
    await first.aclose()
    await other.aclose()
    again = SqlVault(url, MASTER, clock=clock)
    assert await again.get(ANNA, "response", "a") == b"2"
    await again.aclose()


async def test_what_many_put_at_once_is_all_there(url: str, clock: Clock):
    vault = SqlVault(url, MASTER, clock=clock)
    owners = [Owner("acme", f"p{number % 5}") for number in range(60)]
    puts = (vault.put(one, [item(f"n-{at:02}")]) for at, one in enumerate(owners))
    await asyncio.gather(*puts)
    for number in range(5):
        page = await vault.page(Owner("acme", f"p{number}"), "response", "", "", 100)
        assert [name for name, _ in page] == [f"n-{at:02}" for at in range(number, 60, 5)]
    await vault.aclose()


async def test_the_log_is_written_beside_it(url: str, clock: Clock):
    store, vault = SqlAuditStore(url, MASTER), SqlVault(url, MASTER, clock=clock)
    await store.start()
    work = [begin(store, f"req_{number}") for number in range(20)]
    await asyncio.gather(*work, *(vault.put(ANNA, [item(f"n{at}")]) for at in range(20)))
    assert len(await vault.page(ANNA, "response", "", "", 100)) == 20
    await vault.aclose()
    await store.aclose()


async def test_whoever_stops_waiting_breaks_nothing(url: str, clock: Clock):
    vault = SqlVault(url, MASTER, clock=clock)
    left = asyncio.create_task(vault.put(ANNA, [item("a")]))
    await asyncio.sleep(0)
    left.cancel()
    await vault.put(ANNA, [item("b")])
    assert await vault.get(ANNA, "response", "b") == b"v"
    await vault.aclose()


def rows(url: str, statement: str) -> list[tuple[object, ...]]:
    if url.startswith("postgresql"):
        return pg.query(url, statement)
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


async def test_no_value_and_no_principal_stands_in_the_files(sqlite_url: str, clock: Clock):
    vault = SqlVault(sqlite_url, MASTER, clock=clock)
    owner = Owner("acme", "principal-of-anna")
    await vault.put(owner, [item("a", CANARY * 50), item("b", CANARY)])
    assert await vault.get(owner, "response", "b") == CANARY
    files = list(Path(sqlite_url.removeprefix("sqlite:///")).parent.iterdir())
    held = b"".join(file.read_bytes() for file in files)
    assert b"vault_items" in held
    for secret in (b"Schmidt", b"schmidt@", owner.principal.encode()):
        assert secret not in held
    await vault.aclose()


async def test_no_value_stands_in_the_table(url: str, clock: Clock):
    vault = SqlVault(url, MASTER, clock=clock)
    await vault.put(ANNA, [item("a", CANARY), item("b", CANARY)])
    found = rows(url, "SELECT owner, kind, name, tenant, sealed FROM vault_items")
    assert CANARY not in b"".join(bytes(row[4]) for row in found)
    assert len({bytes(row[4]) for row in found}) == 2  # equal values do not show as equal
    assert {row[1:4] for row in found} == {("response", "a", "acme"), ("response", "b", "acme")}
    assert len(bytes(found[0][0])) == 32
    await vault.aclose()


async def test_deleted_rows_are_overwritten(sqlite_url: str, clock: Clock):
    vault = SqlVault(sqlite_url, MASTER, clock=clock)
    await vault.put(ANNA, [item("a", b"x" * 3000, expires=1500.0)])
    (sealed,) = rows(sqlite_url, "SELECT sealed FROM vault_items")[0]
    part = bytes(sealed)[1000:1040]
    clock.now = 1600.0
    assert await vault.purge(1600.0) == 1
    await vault.aclose()
    files = Path(sqlite_url.removeprefix("sqlite:///")).parent.iterdir()
    assert part not in b"".join(file.read_bytes() for file in files)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE vault_items SET sealed = (SELECT sealed FROM vault_items WHERE name = 'b') "
        "WHERE name = 'a'",
        "UPDATE vault_items SET name = 'c' WHERE name = 'b'; "
        "UPDATE vault_items SET name = 'b' WHERE name = 'a'; "
        "UPDATE vault_items SET name = 'a' WHERE name = 'c'",
        "UPDATE vault_items SET kind = 'response' WHERE name = 'a' AND kind = 'file'; "
        "UPDATE vault_items SET sealed = (SELECT sealed FROM vault_items WHERE name = 'f') "
        "WHERE name = 'a'",
        "UPDATE vault_items SET sealed = substr(sealed, 1, length(sealed) - 1)",
        "UPDATE vault_items SET sealed = substr(sealed, 1, 3)",
    ],
    ids=["value", "name", "kind", "cut", "short"],
)
async def test_a_value_that_was_changed_or_moved_does_not_open(url: str, clock: Clock, change: str):
    vault = SqlVault(url, MASTER, clock=clock)
    await vault.put(ANNA, [item("a", b"1"), item("b", b"2"), item("f", b"3", kind="file")])
    for statement in change.split(";"):
        rows(url, statement)
    with pytest.raises(VaultUnavailable):
        await vault.get(ANNA, "response", "a")
    with pytest.raises(VaultUnavailable):
        await vault.page(ANNA, "response", "", "", 10)
    await vault.aclose()


async def test_with_another_master_key_nothing_is_there(url: str, clock: Clock):
    vault = SqlVault(url, MASTER, clock=clock)
    await vault.put(ANNA, [item("a")])
    await vault.aclose()
    other = SqlVault(url, bytes(32), clock=clock)
    assert await other.get(ANNA, "response", "a") is None
    await other.aclose()


@pytest.mark.parametrize("place", ["sqlite:///{}/none.db", "postgresql://nobody@127.0.0.1:1/none"])
async def test_where_the_database_fails_so_does_everything(tmp_path: Path, place: str):
    vault = SqlVault(place.format(tmp_path), MASTER)
    for work in (
        lambda: vault.put(ANNA, [item("a", CANARY)]),
        lambda: vault.get(ANNA, "response", "a"),
        lambda: vault.page(ANNA, "response", "", "", 1),
        lambda: vault.drop(ANNA, "response", "a"),
        lambda: vault.purge(0.0),
    ):
        with pytest.raises(VaultUnavailable) as caught:
            await work()
        assert caught.value.code == "vault_unavailable"
        assert caught.value.status == 503
        assert "Schmidt" not in repr(caught.value)
    await vault.aclose()
    with pytest.raises(VaultUnavailable):
        await vault.get(ANNA, "response", "a")
    with pytest.raises(VaultUnavailable):
        await vault.put(ANNA, [item("a")])


async def test_of_two_things_put_together_none_stays_where_one_fails(url: str, clock: Clock):
    vault = SqlVault(url, MASTER, clock=clock)
    await vault.put(ANNA, [item("before")])
    broken = replace(item("b"), value="no bytes")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        await vault.put(ANNA, [item("a"), broken])
    names = [name for name, _ in await vault.page(ANNA, "response", "", "", 10)]
    assert names == ["before"]
    await vault.put(ANNA, [item("after")])
    await vault.aclose()


async def test_a_connection_that_was_lost_is_made_anew(postgres_url: str, clock: Clock):
    vault = SqlVault(postgres_url, MASTER, clock=clock)
    await vault.put(ANNA, [item("a")])
    assert await vault.get(ANNA, "response", "a") == b"v"
    pg.query(
        postgres_url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'cloakroom'",
    )
    assert await vault.get(ANNA, "response", "a") == b"v"
    await vault.put(ANNA, [item("b")])
    assert await vault.get(ANNA, "response", "b") == b"v"
    await vault.aclose()


WRITER = """
import asyncio, sys
from gateway.vault.store import SqlVault
from tests.vault.conftest import ANNA, MASTER, item

async def main():
    vault = SqlVault(sys.argv[1], MASTER)
    for number in range(100_000):
        await vault.put(ANNA, [item(f"n-{number}", expires=9e9), item(f"m-{number}", expires=9e9)])
        print(number, flush=True)

asyncio.run(main())
"""


def killed(url: str) -> int:
    """Run the program and kill it in mid-work; how many puts it had been told were durable."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, url],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        assert process.stdout is not None
        assert all(process.stdout.readline() for _ in range(20))
        process.send_signal(signal.SIGKILL)
        return 20 + len(process.stdout.read().split())


async def test_what_was_acknowledged_outlives_a_kill_and_nothing_is_there_by_halves(url: str):
    acknowledged = killed(url)
    vault = SqlVault(url, MASTER)
    names = {name for name, _ in await vault.page(ANNA, "response", "", "", 1_000_000)}
    assert {f"n-{number}" for number in range(acknowledged)} <= names
    assert {name[2:] for name in names if name[0] == "n"} == {
        name[2:] for name in names if name[0] == "m"
    }
    await vault.aclose()


# --- those who look after it ----------------------------------------------------------------------


async def test_what_is_kept_is_counted_and_taken_by_tenant_and_age(url: str, clock: Clock):
    vault = SqlVault(url, MASTER, clock=clock)
    await vault.put(ANNA, [item("a", expires=1500.0), item("f", kind="file")])
    await vault.put(Owner("acme-2", "x"), [item("a", b"long" * 100, expires=1500.0)])
    clock.now = 1100.0
    await vault.put(ANNA, [item("b")])
    with sql.kept(url) as connection:
        found = sql.stats(connection, 1600.0)
        assert [(one.tenant, one.kind, one.items, one.expired) for one in found] == [
            ("acme", "file", 1, 0), ("acme", "response", 2, 1), ("acme-2", "response", 1, 1),
        ]  # fmt: skip
        assert [one.next_expiry for one in found] == [2000.0, 1500.0, 1500.0]
        assert found[2].bytes > 400
        assert sql.purge(connection, 1600.0, tenant="acm") == 0
        assert sql.purge(connection, 1600.0, tenant="acme") == 1
        assert sql.purge(connection, 1600.0, tenant="acme", before=1050.0) == 1
        assert sql.purge(connection, 1600.0, before=1050.0) == 1
        assert sql.purge(connection, 1600.0) == 0
    assert [name for name, _ in await vault.page(ANNA, "response", "", "", 9)] == ["b"]
    await vault.aclose()


async def test_what_a_request_left_is_erased(url: str, clock: Clock):
    vault = SqlVault(url, MASTER, clock=clock)
    left = [replace(item(name), request_id=f"req_{name[0]}") for name in ("a1", "a2", "b1")]
    await vault.put(ANNA, [*left, item("none")])
    await vault.put(Owner("other", "anna"), [replace(item("a3"), request_id="req_a")])
    with sql.kept(url) as connection:
        assert sql.erase(connection, "acme", ["req_a", "req_c"]) == 2
        assert sql.erase(connection, "acme", ["req_a"]) == 0
    assert [name for name, _ in await vault.page(ANNA, "response", "", "", 9)] == ["b1", "none"]
    assert await vault.get(Owner("other", "anna"), "response", "a3") == b"v"
    await vault.put(ANNA, [replace(item("b1"), request_id="req_d")])
    with sql.kept(url) as connection:
        assert sql.erase(connection, "acme", ["req_b", "req_d"]) == 1
    await vault.aclose()


async def test_more_than_one_batch_is_purged(sqlite_url: str, clock: Clock):
    vault = SqlVault(sqlite_url, MASTER, clock=clock)
    many = [item(f"n{number}", expires=1500.0) for number in range(2 * sql.BATCH + 1)]
    await vault.put(ANNA, many)
    assert await vault.purge(1600.0) == len(many)
    await vault.aclose()


def test_who_looks_after_it_is_told_where_it_is_not(tmp_path: Path):
    with pytest.raises(VaultUnavailable), sql.kept(f"sqlite:///{tmp_path}/none.db"):
        pass
