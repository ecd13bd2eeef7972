"""What tests of the vault share: databases with its table, a clock, an owner."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.audit import opening
from gateway.ports import Item, Owner
from tests.audit import pg

MASTER = bytes(range(32))
ANNA = Owner("acme", "anna")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/audit.db"
    opening.migrate(url)
    return url


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    if reason := pg.reason_to_skip():
        pytest.skip(reason)
    with pg.any_server() as url:
        yield url


@pytest.fixture
def postgres_url(server: str) -> Iterator[str]:
    with pg.fresh(server) as url:
        opening.migrate(url)
        yield url


def item(name: str, value: bytes = b"v", kind: str = "response", expires: float = 2000.0) -> Item:
    return Item(kind, name, value, expires)
