"""What is sealed opens for its owner, whole, and for nobody else."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.vault.sealing import SALT_BYTES, Sealer, context

KEY = bytes(range(32))
SALT = bytes(range(100, 100 + SALT_BYTES))
ANNA = Sealer(KEY, context("thinking", "acme", "anna"))


@given(st.binary(max_size=300), st.binary(min_size=SALT_BYTES, max_size=SALT_BYTES))
def test_what_is_sealed_opens_again(text: bytes, salt: bytes):
    assert ANNA.open(ANNA.seal(text, salt)) == text
    assert ANNA.open_text(ANNA.seal_text(text, salt)) == text


@pytest.mark.parametrize(
    "other",
    [
        Sealer(KEY, context("thinking", "acme", "bert")),
        Sealer(KEY, context("thinking", "other", "anna")),
        Sealer(KEY, context("state", "acme", "anna")),
        Sealer(bytes(32), context("thinking", "acme", "anna")),
    ],
)
def test_it_opens_for_nobody_else(other: Sealer):
    assert other.open(ANNA.seal(b"text", SALT)) is None
    assert other.open_text(ANNA.seal_text(b"text", SALT)) is None


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_a_changed_byte_is_seen(place: int, change: int):
    sealed = bytearray(ANNA.seal(b"some text", SALT))
    sealed[place % len(sealed)] ^= change
    assert ANNA.open(bytes(sealed)) is None


@given(st.text(max_size=200))
def test_texts_of_others_do_not_open(text: str):
    assert ANNA.open_text(text) is None
    assert ANNA.open_text("cr1." + text) is None


def test_cut_off_it_does_not_open():
    sealed = ANNA.seal(b"some text", SALT)
    assert all(ANNA.open(sealed[:length]) is None for length in range(len(sealed)))


def test_the_same_text_looks_different_each_time_and_is_not_in_it():
    first, second = ANNA.seal(b"some text", SALT), ANNA.seal(b"some text", bytes(SALT_BYTES))
    assert first[SALT_BYTES:] != second[SALT_BYTES:]
    assert b"some text" not in first


def test_as_text_it_is_plain_ascii():
    sealed = ANNA.seal_text(bytes(range(256)), SALT)
    assert sealed.isascii()
    assert urlsafe_b64encode(urlsafe_b64decode(sealed[4:])).decode() == sealed[4:]


def test_a_salt_of_another_length_is_an_error():
    with pytest.raises(ValueError, match="32 bytes"):
        ANNA.seal(b"text", b"short")


@given(st.lists(st.text(max_size=4), max_size=3), st.lists(st.text(max_size=4), max_size=3))
def test_no_two_contexts_are_alike(one: list[str], other: list[str]):
    assert (context(*one) == context(*other)) == (one == other)


def test_a_sealer_shows_no_key():
    assert repr(ANNA) == "Sealer()"
