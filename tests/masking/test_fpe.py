from __future__ import annotations

import json
from math import ceil, log2
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.masking import fpe

KEY = bytes(range(32))
SIGNS = "0123456789abcdefghijklmnopqrstuvwxyz"
SAMPLES = json.loads((Path(__file__).parents[1] / "vectors" / "ff1.json").read_text())["samples"]


def numerals(text: str) -> list[int]:
    return [SIGNS.index(sign) for sign in text]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: f"sample {sample['number']}")
def test_samples_of_the_standard(sample):
    key, tweak = bytes.fromhex(sample["key"]), bytes.fromhex(sample["tweak"])
    plain, secret = numerals(sample["plaintext"]), numerals(sample["ciphertext"])

    assert fpe.encrypt(key, tweak, plain, sample["radix"]) == secret
    assert fpe.decrypt(key, tweak, secret, sample["radix"]) == plain


def test_all_samples_are_there():
    assert [sample["number"] for sample in SAMPLES] == list(range(1, 10))
    assert {len(sample["key"]) // 2 for sample in SAMPLES} == {16, 24, 32}


# --- a second reading of the standard: strings of numerals, CBC of the library, nothing reused ----


def reference(key: bytes, tweak: bytes, x: list[int], radix: int) -> list[int]:
    def num(digits: list[int]) -> int:
        return sum(digit * radix**place for place, digit in enumerate(reversed(digits)))

    def text(number: int, m: int) -> list[int]:
        return [number // radix**place % radix for place in reversed(range(m))]

    def prf(blocks: bytes) -> bytes:
        return Cipher(AES(key), CBC(bytes(16))).encryptor().update(blocks)[-16:]

    n, t = len(x), len(tweak)
    u = n // 2
    v = n - u
    left, right = x[:u], x[u:]
    beta = ceil(ceil(v * log2(radix)) / 8)
    d = 4 * ceil(beta / 4) + 4
    p = bytes([1, 2, 1]) + radix.to_bytes(3, "big") + bytes([10, u % 256])
    p += n.to_bytes(4, "big") + t.to_bytes(4, "big")
    for i in range(10):
        q = tweak + bytes((-t - beta - 1) % 16) + bytes([i]) + num(right).to_bytes(beta, "big")
        r = s = prf(p + q)
        for j in range(1, ceil(d / 16)):
            mixed = bytes(one ^ other for one, other in zip(r, j.to_bytes(16, "big"), strict=True))
            s += Cipher(AES(key), ECB()).encryptor().update(mixed)
        y = int.from_bytes(s[:d], "big")
        m = v if i % 2 else u
        left, right = right, text((num(left) + y) % radix**m, m)
    return left + right


@st.composite
def cases(draw):
    # log2 is exact enough for powers of two, and for the others as long as few digits are drawn
    radix = draw(st.sampled_from([2, 3, 10, 16, 26, 36, 62, 1000, 65536]))
    least = next(length for length in range(2, 21) if radix**length >= fpe.MIN_DOMAIN)
    digits = st.lists(st.integers(0, radix - 1), min_size=least, max_size=least + 40)
    key = draw(st.sampled_from([16, 24, 32]).flatmap(lambda n: st.binary(min_size=n, max_size=n)))
    return key, draw(st.binary(max_size=40)), draw(digits), radix


@given(cases())
@example((KEY, b"", [9] * 57, 10))  # a half of more than twelve octets: the stretched stream
@example((KEY, b"x" * 33, [1] * 300, 2))  # more numerals than one octet counts
def test_it_agrees_with_a_second_reading(case):
    key, tweak, plain, radix = case

    secret = fpe.encrypt(key, tweak, plain, radix)

    assert secret == reference(key, tweak, plain, radix)
    assert fpe.decrypt(key, tweak, secret, radix) == plain
    assert fpe.encrypt(key, tweak, tuple(plain), radix) == secret


def test_key_and_tweak_both_count():
    plain = numerals("4111111111111111")
    results = {
        tuple(fpe.encrypt(key, tweak, plain, 10))
        for key in (KEY, KEY[::-1], KEY[:16])
        for tweak in (b"", b"a", b"b")
    }

    assert len(results) == 9


@pytest.mark.parametrize(
    ("octets", "digits", "radix", "message"),
    [
        (32, [1] * 5, 10, "domain"),
        (32, [], 10, "domain"),
        (32, [1] * 19, 2, "domain"),
        (32, [1], 65536, "domain"),
        (32, [1] * 8, 1, "radix"),
        (32, [1] * 8, 65537, "radix"),
        (32, [1] * 7 + [10], 10, "A numeral is not one of its radix."),
        (32, [-1] + [1] * 7, 10, "A numeral is not one of its radix."),
        (15, [1] * 8, 10, "key"),
    ],
)
def test_what_the_standard_does_not_allow_is_refused(octets, digits, radix, message):
    with pytest.raises(ValueError, match=message):
        fpe.encrypt(KEY[:octets], b"", digits, radix)
    with pytest.raises(ValueError, match=message):
        fpe.decrypt(KEY[:octets], b"", digits, radix)


# --- walking ------------------------------------------------------------------------------------


@given(st.integers(fpe.MIN_DOMAIN, 10**30).flatmap(
    lambda size: st.tuples(st.integers(0, size - 1), st.just(size), st.integers(2, 20))
))  # fmt: skip
@example((0, 10**6, 20))
@example((2**20, 2**20 + 1, 2))
def test_a_walk_stays_in_its_set_and_goes_back(case):
    number, size, step = case

    def accept(one: int) -> bool:
        return one % step == number % step

    moved = fpe.walk(KEY, b"t", number, size, accept)

    assert moved is not None
    assert 0 <= moved < size
    assert accept(moved)
    assert fpe.walk(KEY, b"t", moved, size, accept, inverse=True) == number


def test_a_walk_is_a_permutation_of_its_set():
    few = range(0, fpe.MIN_DOMAIN, 50)

    moved = {fpe.walk(KEY, b"t", one, fpe.MIN_DOMAIN, few.__contains__) for one in few[:300]}

    assert len(moved) == 300
    assert moved <= set(few)


def test_a_walk_without_end_is_given_up():
    assert fpe.walk(KEY, b"", 5, 10**8, lambda one: one == 5) is None


@pytest.mark.parametrize(("number", "size"), [(0, 999_999), (0, 1), (10**6, 10**6), (-1, 10**7)])
def test_a_walk_needs_a_legal_range(number, size):
    with pytest.raises(ValueError, match=r"domain|range"):
        fpe.walk(KEY, b"", number, size, lambda _: True)
