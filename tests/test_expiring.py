"""Content goes once its days are over, without anybody asking, while the gateway runs."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gateway.audit.content.store import open_content
from gateway.expiring import Expirer
from gateway.ports import Item, Owner
from gateway.vault.memory import MemoryVault
from gateway.vault.store import SqlVault
from tests.audit.content.kept import EARLIER, MASTER, TENANT, begun, ended, keeping, store


async def kept(folder: Path) -> str:
    url = f"sqlite:///{folder}/audit.db"
    log = store(url)
    await log.start()
    for name, expires in (("r1", EARLIER), ("r2", "2999-01-01T00:00:00.000000Z")):
        one = keeping(name, "a@b.de", expires=expires)
        await asyncio.gather(log.append(begun(one, b"x")), log.append(ended(one, b"x")))
    await log.aclose()
    return url


def found(url: str) -> list[str]:
    with open_content(url, MASTER) as content:
        return content.find(TENANT, "EMAIL_ADDRESS", ["a@b.de"])


async def test_what_has_expired_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    url = await kept(tmp_path)
    assert found(url) == ["r1", "r2"]
    done = asyncio.Event()
    loop = asyncio.get_running_loop()
    expirer = Expirer(url, MASTER, first_s=0)
    expire = expirer.expire

    def watched() -> int:
        count = expire()
        loop.call_soon_threadsafe(done.set)
        return count

    monkeypatch.setattr(expirer, "expire", watched)
    async with expirer.running(), asyncio.timeout(120):
        await done.wait()
    assert found(url) == ["r2"]


async def test_what_has_expired_in_the_vault_goes_too(tmp_path: Path):
    url = await kept(tmp_path)
    vault = SqlVault(url, MASTER)
    owner = Owner(TENANT, "anna")
    await vault.put(owner, [Item("response", "old", b"1", 1.0), Item("response", "new", b"2", 9e9)])
    assert await Expirer(url, MASTER, vault).purge() == 1
    assert [row[1] for row in rows(url)] == ["new"]
    assert await Expirer(url, MASTER).purge() == 0
    await vault.aclose()
    assert await Expirer(url, MASTER, vault).purge() == 0  # the vault cannot be used any more


def rows(url: str) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        return connection.execute("SELECT kind, name FROM vault_items").fetchall()


async def test_both_are_done_from_time_to_time(tmp_path: Path):
    purged = asyncio.Event()

    class Watched(MemoryVault):
        async def purge(self, now: float) -> int:
            purged.set()
            return await super().purge(now)

    url = await kept(tmp_path)
    async with Expirer(url, MASTER, Watched(), first_s=0).running(), asyncio.timeout(120):
        await purged.wait()
    assert found(url) == ["r2"]


async def test_a_log_that_is_not_there_stops_nobody(tmp_path: Path):
    assert Expirer(f"sqlite:///{tmp_path}/none.db", MASTER).expire() == 0
    async with Expirer("postgresql://nobody@127.0.0.1:1/none", MASTER, first_s=0).running():
        pass
