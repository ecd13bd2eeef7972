"""Check digits against published examples, and against every single changed digit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detection.structured.checksums import IBAN_LENGTHS, base58check, bech32, iban, luhn

IBANS = [
    "DE89370400440532013000",
    "GB82WEST12345698765432",
    "FR1420041010050500013M02606",
    "NO9386011117947",
    "MT84MALT011000012345MTLCAST001S",
]


@pytest.mark.parametrize("value", IBANS)
def test_iban_examples_of_the_registry(value: str):
    assert iban(value)
    assert iban(value.lower())
    assert not iban(value[:-1])
    assert not iban(value[:-1] + ("1" if value[-1] != "1" else "2"))


def test_iban_countries():
    assert len(IBAN_LENGTHS) > 75
    assert all(15 <= length <= 33 for length in IBAN_LENGTHS.values())


@given(st.text("0123456789", min_size=11, max_size=18), st.integers(0, 17), st.integers(1, 9))
def test_luhn_sees_any_single_wrong_digit(body: str, at: int, shift: int):
    number = next(body + digit for digit in "0123456789" if luhn(body + digit))
    at %= len(number)
    wrong = number[:at] + str((int(number[at]) + shift) % 10) + number[at + 1 :]
    assert not luhn(wrong)


def test_bitcoin_addresses():
    assert base58check("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa")
    assert not base58check("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb")
    assert not base58check("0OIl")
    assert not base58check("z" * 60)
    assert bech32("BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4")
    assert bech32("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0")
    assert not bech32("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5")
    assert not bech32("bc1qb")
