"""Accounts and sessions, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.audit import opening
from gateway.console.accounts import LOCK_S, MAX_FAILURES, Account, Lifetime, Role
from gateway.console.store import AccountStore
from gateway.errors import AuditUnavailable
from tests.audit import pg

LIFETIME = Lifetime(900.0, 28_800.0)
ANNA = Account("anna", frozenset({Role.AUDITOR, Role.REVIEWER}), frozenset({"acme", "other"}))
NOW = 1000.0


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    if reason := pg.reason_to_skip():
        pytest.skip(reason)
    with pg.any_server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AccountStore]:
    if request.param == "sqlite":
        opening.migrate(f"sqlite:///{tmp_path}/audit.db")
        yield AccountStore(f"sqlite:///{tmp_path}/audit.db")
        return
    with pg.fresh(request.getfixturevalue("server")) as url:
        opening.migrate(url)
        yield AccountStore(url)


def test_an_account_comes_back_as_it_was_and_its_name_is_taken(store: AccountStore):
    assert store.account("anna") is None
    assert store.add(ANNA, "hash", "stamp", NOW)
    assert not store.add(ANNA, "other hash", "stamp", NOW)
    [kept] = store.accounts()
    assert kept == store.account("anna")
    assert (kept.account, kept.password, kept.created) == (ANNA, "hash", NOW)
    assert "hash" not in repr(kept)


def test_a_session_is_its_accounts_until_it_ends(store: AccountStore):
    store.add(ANNA, "hash", "stamp", NOW)
    kept = store.attempt("anna", NOW)
    assert kept is not None
    store.begin(kept, b"one", LIFETIME, NOW)
    assert store.session(b"one", LIFETIME, NOW + 600) == ANNA
    assert store.session(b"one", LIFETIME, NOW + 1400) == ANNA  # seen between
    assert store.session(b"two", LIFETIME, NOW) is None
    store.end(b"one")
    assert store.session(b"one", LIFETIME, NOW + 1400) is None


def test_every_change_of_an_account_ends_its_sessions_and_no_others(store: AccountStore):
    bert = Account("bert", frozenset({Role.OPERATOR}))
    store.add(bert, "hash", "stamp", NOW)
    other = store.attempt("bert", NOW)
    assert other is not None
    store.begin(other, b"bert", LIFETIME, NOW)
    for number, change in enumerate(
        (
            lambda: store.set_password("anna", "new", "stamp 1"),
            lambda: store.set_roles(ANNA, "stamp 2"),
            lambda: store.remove("anna"),
        )
    ):
        store.add(ANNA, "hash", "stamp", NOW)
        kept = store.attempt("anna", NOW)
        assert kept is not None
        store.begin(kept, b"%d" % number, LIFETIME, NOW)
        assert store.session(b"%d" % number, LIFETIME, NOW) == ANNA
        assert change()
        assert store.session(b"%d" % number, LIFETIME, NOW) is None
        assert store.session(b"bert", LIFETIME, NOW) == bert


def test_what_is_not_there_cannot_be_changed(store: AccountStore):
    assert not store.set_password("anna", "new", "stamp")
    assert not store.set_roles(ANNA, "stamp")
    assert not store.remove("anna")
    assert store.attempt("anna", NOW) is None


def test_attempts_are_counted_locked_and_forgiven(store: AccountStore):
    store.add(ANNA, "hash", "stamp", NOW)
    for number in range(1, MAX_FAILURES + 1):
        kept = store.attempt("anna", NOW)
        assert kept is not None
        assert kept.attempts.failures == number
    assert store.attempt("anna", NOW + LOCK_S - 1) is None
    store.forgive("anna")
    assert store.attempt("anna", NOW) is not None
    for _ in range(MAX_FAILURES):
        store.attempt("anna", NOW)
    store.set_password("anna", "new", "stamp")
    assert store.attempt("anna", NOW) is not None


def test_sessions_that_are_over_are_swept_out(store: AccountStore):
    store.add(ANNA, "hash", "stamp", NOW)
    kept = store.attempt("anna", NOW)
    assert kept is not None
    store.begin(kept, b"old", LIFETIME, NOW)
    store.begin(kept, b"new", LIFETIME, NOW + 900)
    with store.reading() as raw:
        found = raw.execute("SELECT token FROM console_sessions").fetchall()
    assert [bytes(row[0]) for row in found] == [b"new"]


def test_a_role_of_a_later_version_gives_nothing(store: AccountStore):
    store.add(ANNA, "hash", "stamp", NOW)
    with store.writing() as raw:
        raw.execute("UPDATE console_accounts SET roles = 'emperor operator'")
    kept = store.account("anna")
    assert kept is not None
    assert kept.account.roles == {Role.OPERATOR}


def test_a_database_that_is_gone_is_an_error_of_ours(tmp_path: Path):
    with pytest.raises(AuditUnavailable):
        AccountStore(f"sqlite:///{tmp_path}/none.db").accounts()


def test_accounts_of_one_name_that_are_removed_one_after_the_other_stay_two(store: AccountStore):
    store.add(ANNA, "hash", "stamp", NOW)
    with store.writing() as raw:
        raw.execute(
            "INSERT INTO console_unmasks VALUES ('um-1', 'acme', 'r', 'e', '', '', '', ?, 'anna', "
            "0, 'open', '', 0, 9, 0, '', '', 0)",
            (b"",),
        )
    assert store.remove("anna")
    store.add(ANNA, "hash", "stamp", NOW)
    with store.writing() as raw:
        raw.execute("UPDATE console_unmasks SET decided_by = 'anna', state = 'refused'")
    assert store.remove("anna")
    with store.reading() as raw:
        ((by, decided_by),) = raw.execute(
            "SELECT requested_by, decided_by FROM console_unmasks"
        ).fetchall()
    assert by != decided_by
    assert by.startswith("anna:removed-")
    assert len(decided_by) <= 64
