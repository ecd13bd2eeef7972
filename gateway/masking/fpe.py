"""Format-preserving encryption: FF1, and permutations of any set of numbers by it. Pure.

FF1 is the method of NIST SP 800-38G (2016): a Feistel network of ten rounds over numerals, whose
round function is a CBC-MAC of AES. The smallest domain follows the second draft of Revision 1
(February 2025), which keeps FF1 alone and asks for a million values or more: below that the
network can be inverted from known pairs (Hoang, Tessaro and Trieu, 2018).

Sets that are no power of a radix are reached by cycle walking (Black and Rogaway, 2002): encrypt
again until the result lies in the set. A permutation of the larger set leads back to where the
walk began, so it ends, and walking backwards undoes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

MIN_DOMAIN: Final = 1_000_000
"""The fewest values that may be permuted (SP 800-38G Rev. 1, second draft)."""

MAX_STEPS: Final = 1024
"""The longest walk. A set that one number in thirty belongs to ends within it, but for odds of
10^-15."""

_ROUNDS: Final = 10
_BLOCK: Final = 16
_MAX_RADIX: Final = 1 << 16
_ZERO: Final = bytes(_BLOCK)


def encrypt(key: bytes, tweak: bytes, numerals: Sequence[int], radix: int) -> list[int]:
    """FF1.Encrypt: as many numerals of the same radix.

    `key` has 16, 24 or 32 bytes; `tweak` is public and may be empty.

    Raises:
        ValueError: the key's length, the radix, a numeral or the size of the domain is wrong.
    """
    return _numerals(key, tweak, numerals, radix, inverse=False)


def decrypt(key: bytes, tweak: bytes, numerals: Sequence[int], radix: int) -> list[int]:
    """FF1.Decrypt: the inverse of `encrypt` under the same key and tweak.

    Raises:
        ValueError: the key's length, the radix, a numeral or the size of the domain is wrong.
    """
    return _numerals(key, tweak, numerals, radix, inverse=True)


def walk(
    key: bytes,
    tweak: bytes,
    number: int,
    size: int,
    accept: Callable[[int], bool],
    *,
    inverse: bool = False,
) -> int | None:
    """Permute a number of range(size) within those that `accept` holds for, or undo it.

    `number` must be one of them. FF1 runs over decimal digits where `size` is a power of ten, else
    over bits, where at most two steps on average stay in the range. None where a walk is longer
    than `MAX_STEPS`; both directions take the same walk, so what was encrypted can be decrypted.

    Raises:
        ValueError: the key's length, the number or the size of the domain is wrong.
    """
    if not 0 <= number < size:
        raise ValueError("A number stands outside its range.")
    digits = len(str(size)) - 1
    radix, length = (10, digits) if size == 10**digits else (2, (size - 1).bit_length())
    _check(radix, length, min(size, radix**length))
    low = radix ** (length - length // 2)
    for _ in range(MAX_STEPS):
        halves = _feistel(key, tweak, divmod(number, low), radix, length, inverse=inverse)
        number = halves[0] * low + halves[1]
        if number < size and accept(number):
            return number
    return None


def _check(radix: int, length: int, domain: int) -> None:
    if not 2 <= radix <= _MAX_RADIX:
        raise ValueError("FF1 takes a radix of 2 to 65536.")
    if length < 2 or domain < MIN_DOMAIN:
        raise ValueError("FF1 takes a domain of a million values or more.")


def _numerals(
    key: bytes, tweak: bytes, numerals: Sequence[int], radix: int, *, inverse: bool
) -> list[int]:
    length = len(numerals)
    _check(radix, length, radix ** min(length, 20))
    if any(not 0 <= numeral < radix for numeral in numerals):
        raise ValueError("A numeral is not one of its radix.")
    cut = length // 2
    halves = _number(numerals[:cut], radix), _number(numerals[cut:], radix)
    left, right = _feistel(key, tweak, halves, radix, length, inverse=inverse)
    return _string(left, radix, cut) + _string(right, radix, length - cut)


def _number(numerals: Sequence[int], radix: int) -> int:
    number = 0
    for numeral in numerals:
        number = number * radix + numeral
    return number


def _string(number: int, radix: int, length: int) -> list[int]:
    numerals = [0] * length
    for index in range(length - 1, -1, -1):
        number, numerals[index] = divmod(number, radix)
    return numerals


def _feistel(
    key: bytes, tweak: bytes, halves: tuple[int, int], radix: int, length: int, *, inverse: bool
) -> tuple[int, int]:
    """The ten rounds on the two halves as numbers (steps 1 to 7 of algorithms 7 and 8)."""
    a, b = halves
    cut = length // 2
    powers = radix**cut, radix ** (length - cut)
    # The octets of the longer half: ceil(ceil(v * log2(radix)) / 8), in whole numbers.
    width = ((powers[1] - 1).bit_length() + 7) // 8
    wanted = 4 * ((width + 3) // 4) + 4
    # The context lives for one value: it costs two microseconds, and no key stays in a cache.
    cipher = Cipher(AES(key), ECB()).encryptor()  # noqa: S305  (single blocks, as FF1 defines)
    head = (
        b"\x01\x02\x01"
        + radix.to_bytes(3, "big")
        + bytes((_ROUNDS, cut % 256))
        + length.to_bytes(4, "big")
        + len(tweak).to_bytes(4, "big")
        + tweak
        + bytes((-len(tweak) - width - 1) % _BLOCK)
    )
    whole = len(head) // _BLOCK * _BLOCK
    state, rest = _mac(cipher, _ZERO, head[:whole]), head[whole:]
    for turn in range(_ROUNDS - 1, -1, -1) if inverse else range(_ROUNDS):
        half = a if inverse else b
        block = rest + bytes((turn,)) + half.to_bytes(width, "big")
        stream = _stretched(cipher, _mac(cipher, state, block), wanted)
        y = int.from_bytes(stream, "big")
        if inverse:
            a, b = (b - y) % powers[turn % 2], a
        else:
            a, b = b, (a + y) % powers[turn % 2]
    return a, b


def _mac(cipher: CipherContext, state: bytes, data: bytes) -> bytes:
    """CBC-MAC: PRF of the standard, from a state that earlier blocks led to."""
    for at in range(0, len(data), _BLOCK):
        state = cipher.update(_xor(state, data[at : at + _BLOCK]))
    return state


def _stretched(cipher: CipherContext, block: bytes, wanted: int) -> bytes:
    """The first octets of a block, followed by encrypted counters xored with it."""
    stream = block
    for counter in range(1, (wanted + _BLOCK - 1) // _BLOCK):
        stream += cipher.update(_xor(block, counter.to_bytes(_BLOCK, "big")))
    return stream[:wanted]


def _xor(left: bytes, right: bytes) -> bytes:
    return (int.from_bytes(left, "big") ^ int.from_bytes(right, "big")).to_bytes(_BLOCK, "big")
