"""Passwords are kept as Argon2id hashes, and whether there is an account cannot be told."""

from __future__ import annotations

import subprocess
import sys

from gateway.console import passwords


def test_a_password_is_known_again_and_no_other():
    kept = passwords.hashed("correct horse")
    assert passwords.is_right(kept, "correct horse")
    assert not passwords.is_right(kept, "correct horse ")
    assert "correct" not in kept


def test_the_same_password_is_kept_in_two_ways():
    assert passwords.hashed("correct horse") != passwords.hashed("correct horse")


def test_what_is_no_hash_lets_nobody_in():
    assert not passwords.is_right("correct horse", "correct horse")
    assert not passwords.is_right("", "")


def test_nobody_has_a_password_the_empty_one_neither():
    assert not passwords.is_right(None, "")
    assert not passwords.is_right(None, "correct horse")


def test_for_a_name_that_nobody_has_a_hash_is_verified_all_the_same(monkeypatch):
    made: list[str] = []

    class Watched:
        def verify(self, kept: str, password: str) -> bool:
            made.append(kept)
            return True

        def hash(self, password: str) -> str:
            return "nobody's"

    monkeypatch.setattr(passwords, "_HASHER", Watched())
    passwords._nobodys.cache_clear()
    assert not passwords.is_right(None, "x")
    passwords._nobodys.cache_clear()
    assert made == ["nobody's"]  # the same work as for an account


def test_hashes_cost_what_rfc_9106_says():
    code = "from gateway.console.passwords import hashed; print(hashed('x'))"
    kept = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert kept.stdout.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
