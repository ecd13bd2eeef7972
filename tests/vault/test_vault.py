"""Every vault keeps the same promises."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from gateway.errors import InternalError
from gateway.ports import Owner, Vault
from gateway.vault.memory import MemoryVault
from gateway.vault.sql import BATCH
from gateway.vault.store import SqlVault
from tests.vault.conftest import ANNA, MASTER, Clock, item

KINDS = ["memory", "sqlite", "postgres"]
STRANGERS = [
    Owner("acme", "bert"),
    Owner("other", "anna"),
    Owner("acm", "eanna"),
    Owner("acme", ""),
]


@pytest.fixture(params=KINDS)
async def vault(request: pytest.FixtureRequest, clock: Clock) -> AsyncIterator[Vault]:
    kind = request.param
    made = MemoryVault(clock) if kind == "memory" else sql_vault(request, kind, clock)
    yield made
    await made.aclose()


def sql_vault(request: pytest.FixtureRequest, kind: str, clock: Clock) -> Vault:
    return SqlVault(request.getfixturevalue(f"{kind}_url"), MASTER, clock=clock)


async def test_what_was_put_comes_back(vault: Vault):
    await vault.put(ANNA, [item("a", b"\x00\xff"), item("b", b"")])
    assert await vault.get(ANNA, "response", "a") == b"\x00\xff"
    assert await vault.get(ANNA, "response", "b") == b""
    assert await vault.get(ANNA, "response", "c") is None
    assert await vault.get(ANNA, "file", "a") is None


@pytest.mark.parametrize("stranger", STRANGERS, ids=str)
async def test_nobody_else_has_it(vault: Vault, stranger: Owner):
    await vault.put(ANNA, [item("a")])
    assert await vault.get(stranger, "response", "a") is None
    assert list(await vault.page(stranger, "response", "", "", 10)) == []
    await vault.drop(stranger, "response", "a")
    await vault.put(stranger, [item("a", b"theirs")])
    assert await vault.get(ANNA, "response", "a") == b"v"
    assert await vault.get(stranger, "response", "a") == b"theirs"


async def test_a_later_item_replaces_an_earlier_one(vault: Vault):
    await vault.put(ANNA, [item("a", b"1"), item("a", b"2")])
    assert await vault.get(ANNA, "response", "a") == b"2"
    await vault.put(ANNA, [item("a", b"3", expires=3000.0)])
    assert await vault.get(ANNA, "response", "a") == b"3"
    assert list(await vault.page(ANNA, "response", "", "", 10)) == [("a", b"3")]
    assert await vault.purge(2500.0) == 0


async def test_what_has_expired_is_not_there(vault: Vault, clock: Clock):
    await vault.put(ANNA, [item("a", expires=1001.0), item("b", expires=1002.0)])
    clock.now = 1001.0
    assert await vault.get(ANNA, "response", "a") is None
    assert [name for name, _ in await vault.page(ANNA, "response", "", "", 10)] == ["b"]
    assert await vault.purge(1001.0) == 1
    assert await vault.purge(1001.0) == 0
    assert await vault.get(ANNA, "response", "b") == b"v"


async def test_pages_go_on_after_the_last_name(vault: Vault):
    names = ["f-1", "f-1/0001", "f-1/0002", "f-1/0003", "f-1-x", "f-10", "f-2/0001", "F-1/9"]
    await vault.put(ANNA, [item(name, name.encode()) for name in names])
    first = await vault.page(ANNA, "response", "f-1/", "", 2)
    assert list(first) == [("f-1/0001", b"f-1/0001"), ("f-1/0002", b"f-1/0002")]
    rest = await vault.page(ANNA, "response", "f-1/", "f-1/0002", 2)
    assert [name for name, _ in rest] == ["f-1/0003"]
    every = await vault.page(ANNA, "response", "", "", 100)
    assert [name for name, _ in every] == sorted(names)


async def test_a_name_is_dropped_with_all_below_it(vault: Vault):
    kept = ["f-1.", "f-1-x", "f-10", "f-2", "f-"]
    await vault.put(ANNA, [item(name) for name in ["f-1", "f-1/a", "f-1/z/z", *kept]])
    await vault.put(ANNA, [item("f-1", kind="batch")])
    await vault.drop(ANNA, "response", "f-1")
    left = await vault.page(ANNA, "response", "", "", 100)
    assert [name for name, _ in left] == sorted(kept)
    assert await vault.get(ANNA, "batch", "f-1") == b"v"
    await vault.drop(ANNA, "response", "f-1")


async def test_more_is_dropped_and_purged_than_goes_at_a_time(vault: Vault):
    many = [item(f"f-1/{number:04}", expires=1500.0) for number in range(2 * BATCH)]
    await vault.put(ANNA, [item("f-1"), item("f-10"), *many])
    await vault.drop(ANNA, "response", "f-1")
    assert [name for name, _ in await vault.page(ANNA, "response", "", "", 9)] == ["f-10"]
    await vault.put(ANNA, many)
    assert await vault.purge(1600.0) == len(many)
    assert [name for name, _ in await vault.page(ANNA, "response", "", "", 9)] == ["f-10"]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("response", ""), ("response", "a b"), ("response", "/a"), ("response", "a/"),
        ("response", "a//b"), ("response", "ä"), ("response", "a\n"), ("response", "x" * 201),
        ("", "a"), ("Response", "a"), ("re sponse", "a"), ("response\n", "a"),
    ],
)  # fmt: skip
async def test_nothing_is_kept_under_what_is_no_name(vault: Vault, kind: str, name: str):
    with pytest.raises(InternalError):
        await vault.put(ANNA, [item("good"), item(name, kind=kind)])
    assert await vault.get(ANNA, "response", "good") is None


@pytest.mark.parametrize("name", ["", "%", "a' OR '1", "\x00", "\ud800", "x" * 1000, "ä?"])
async def test_what_is_no_name_is_not_there(vault: Vault, name: str):
    await vault.put(ANNA, [item("a")])
    assert await vault.get(ANNA, "response", name) is None
    await vault.drop(ANNA, "response", name)
    assert await vault.get(ANNA, "response", "a") == b"v"
    assert list(await vault.page(ANNA, "response", f"{name}!", "", 10)) == []


async def test_values_do_not_show(vault: Vault):
    secret = item("a", b"Anna Schmidt")
    await vault.put(ANNA, [secret])
    assert "Schmidt" not in repr(secret) + repr(vault)
