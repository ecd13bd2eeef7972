"""What tests of the log share: a PostgreSQL, a log in an empty schema of it, and certificates."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.audit import opening
from gateway.audit.signing import make_signing_keys
from tests.audit import pg
from tests.audit.pki import Pki, make_pki
from tests.audit.test_store_both import Log


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    if reason := pg.reason_to_skip():
        pytest.skip(reason)
    with pg.any_server() as url:
        yield url


@pytest.fixture
def log(server: str, tmp_path: Path) -> Iterator[Log]:
    """A log on PostgreSQL, with keys that sign."""
    with pg.fresh(server) as url:
        opening.migrate(url)
        key_file = tmp_path / "signing.key"
        yield Log(url, make_signing_keys(key_file), key_file)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a log on one of the databases, without keys and without a record."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/audit.db"
        return
    with pg.fresh(request.getfixturevalue("server")) as url:
        opening.migrate(url)
        yield url


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp("pki"))
