"""The file of the audit log's private keys: one Ed25519 and one ML-DSA-44 key.

Both stand in one PEM file (RFC 7468) as unencrypted PKCS #8 (RFC 5958; RFC 8410 and RFC 9881 for
the two algorithms). Nobody but the owner may have any right to it, or it is not read: whoever has
these keys can sign another history of the log. Root may lend it to a service by a group
(`keyfiles.is_exposed`). Errors name the file, never what it holds.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from gateway.audit.checkpoint import SigningKeys
from gateway.errors import ConfigError, Problem
from gateway.keyfiles import is_exposed, make_once, own_groups

_MAX_FILE = 16_384  # bytes
_BLOCK = re.compile(rb"-----BEGIN PRIVATE KEY-----\n[A-Za-z0-9+/=\n]+-----END PRIVATE KEY-----\n?")
_KEY = "audit.signing_key_file"
_BOTH = (
    "two PEM blocks, PRIVATE KEY, not encrypted: an Ed25519 key, and an ML-DSA-44 key as its seed"
)


def load_signing_keys(path: Path) -> SigningKeys:
    """The keys in a file.

    Raises:
        ConfigError: the file cannot be read, is open to others than its owner, or does not hold
            one key of each algorithm and nothing else.
    """
    content = _read(path)
    blocks = _BLOCK.findall(content)
    if len(blocks) != 2 or _BLOCK.sub(b"", content).strip():
        raise _refused(path, "does not hold the two signing keys", f"it must hold {_BOTH}")
    ed25519: Ed25519PrivateKey | None = None
    ml_dsa_44: MLDSA44PrivateKey | None = None
    for block in blocks:
        key = _key(path, block)
        if isinstance(key, Ed25519PrivateKey):
            ed25519 = key
        else:
            ml_dsa_44 = key
    if ed25519 is None or ml_dsa_44 is None:
        raise _refused(path, "holds two keys of one algorithm", f"it must hold {_BOTH}")
    return SigningKeys(ed25519, ml_dsa_44)


def make_signing_keys(path: Path) -> SigningKeys:
    """New keys, written to a file that only its owner can read (mode 0600).

    The file is written in full under a name of its own and then linked to `path`: what stood
    there stays, and nobody ever reads half a file.

    Raises:
        ConfigError: the file is there already, or cannot be made.
    """
    try:
        return _make(path)
    except FileExistsError:
        hint = "keys are never written over; name another file"
        raise _refused(path, "is there already", hint) from None


def load_or_make_signing_keys(path: Path) -> tuple[SigningKeys, bool]:
    """The keys in a file, and whether they were made now, because there was no file.

    Of processes that start at once, all get the keys of one.

    Raises:
        ConfigError: the file is not as it must be, or cannot be made.
    """
    if not os.path.lexists(path):
        with contextlib.suppress(FileExistsError):
            return _make(path), True
    return load_signing_keys(path), False


def _make(path: Path) -> SigningKeys:
    """As `make_signing_keys`, but FileExistsError if the file is there."""
    try:
        keys = SigningKeys(Ed25519PrivateKey.generate(), MLDSA44PrivateKey.generate())
    except UnsupportedAlgorithm:
        raise _unsupported(path) from None
    try:
        make_once(path, _pem(keys.ed25519) + _pem(keys.ml_dsa_44))
    except FileExistsError:
        raise
    except OSError as error:
        hint = "the folder must be there, and be writable"
        raise _refused(path, f"cannot be made: {_reason(error)}", hint) from None
    return keys


def _pem(key: Ed25519PrivateKey | MLDSA44PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _key(path: Path, block: bytes) -> Ed25519PrivateKey | MLDSA44PrivateKey:
    try:
        key = load_pem_private_key(block, password=None)
    except UnsupportedAlgorithm:
        raise _unsupported(path) from None
    except (ValueError, TypeError):
        hint = f"restore it from a backup; it must hold {_BOTH}"
        raise _refused(path, "holds a key that cannot be read", hint) from None
    if not isinstance(key, Ed25519PrivateKey | MLDSA44PrivateKey):
        raise _refused(path, "holds a key of another algorithm", f"it must hold {_BOTH}")
    return key


def _read(path: Path) -> bytes:
    """The content of the file, whose rights are those of what was opened."""
    try:
        with open(path, "rb", opener=_open_at_once) as stream:
            _check_rights(path, os.fstat(stream.fileno()))
            content = stream.read(_MAX_FILE + 1)
    except OSError as error:
        hint = (
            "`cloakroom audit migrate` makes it; without this entry it is made beside SQLite's file"
        )
        raise _refused(path, f"cannot be read: {_reason(error)}", hint) from None
    if len(content) > _MAX_FILE:
        raise _refused(path, f"is larger than {_MAX_FILE} bytes", f"it must hold {_BOTH}")
    return content.replace(b"\r\n", b"\n")


def _open_at_once(path: str, flags: int) -> int:
    """Open without waiting: a pipe in the file's place would hold the start up for ever."""
    return os.open(path, flags | os.O_NONBLOCK)


def _check_rights(path: Path, about: os.stat_result) -> None:
    if not stat.S_ISREG(about.st_mode):
        raise _refused(path, "is not a file", "name a file")
    if is_exposed(about, os.geteuid(), own_groups()):
        hint = f"chmod 600 {path}, and think of whether others have read it"
        raise _refused(path, "is open to others than its owner", hint)


def _reason(error: OSError) -> str:
    return error.strerror or "input/output error"


def _unsupported(path: Path) -> ConfigError:
    hint = "use the cryptography package as it is published, or build it with OpenSSL 3.5 or later"
    return _refused(path, "needs Ed25519 and ML-DSA-44, which this cryptography lacks", hint)


def _refused(path: Path, message: str, hint: str) -> ConfigError:
    return ConfigError([Problem(str(path), 0, _KEY, message, hint)])
