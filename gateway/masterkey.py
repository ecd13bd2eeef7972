"""Secrets from the environment and from files, and the master key's own file."""

from __future__ import annotations

import base64
import binascii
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from gateway import keyfiles
from gateway.keyfiles import make_once
from gateway.keyring import MASTER_KEY_BYTES

_REFERENCE = re.compile(r"\$\{(env|file):([^{}]+)\}")
_HEX = re.compile(r"[0-9A-Fa-f]{64}")
_MAX_SECRET = 16_384  # bytes


class SecretProblem(Exception):
    """A secret cannot be had. The message names where it should be, never what it is."""


def is_reference(text: str) -> bool:
    """Whether `text` is `${env:NAME}` or `${file:PATH}`, as a whole."""
    return _REFERENCE.fullmatch(text) is not None


def reference_file(text: str, base: Path) -> Path | None:
    """The file that a reference names, absolute; None for other references."""
    found = _REFERENCE.fullmatch(text)
    return base / found[2] if found and found[1] == "file" else None


def resolve(text: str, base: Path, environ: Mapping[str, str]) -> str:
    """The secret that a reference names, without white space around it.

    Raises:
        SecretProblem: the variable or file is missing, empty or not UTF-8 text.
    """
    found = _REFERENCE.fullmatch(text)
    if found is None:
        raise SecretProblem("must be ${env:NAME} or ${file:PATH}")
    if found[1] == "env":
        value = environ.get(found[2])
        if value is None:
            raise SecretProblem(f"environment variable {found[2]} is not set")
        source = f"environment variable {found[2]}"
    else:
        path = base / found[2]
        value, source = _read(path), f"file {path}"
    if not value.strip():
        raise SecretProblem(f"{source} is empty")
    return value.strip()


def _read(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            content = stream.read(_MAX_SECRET + 1)
    except OSError as error:
        reason = error.strerror or "input/output error"
        raise SecretProblem(f"file {path} cannot be read: {reason}") from None
    if len(content) > _MAX_SECRET:
        raise SecretProblem(f"file {path} is larger than {_MAX_SECRET} bytes")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise SecretProblem(f"file {path} is not UTF-8 text") from None


def decode(text: str) -> bytes:
    """The 32 bytes of a key: 64 hexadecimal digits, or base64 (RFC 4648, section 4).

    Raises:
        SecretProblem: it is neither, or not 32 bytes.
    """
    if _HEX.fullmatch(text):
        return bytes.fromhex(text)
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != MASTER_KEY_BYTES:
        raise SecretProblem("the key must be 32 bytes in base64, or 64 hexadecimal digits")
    return key


def read(path: Path) -> bytes:
    """The key in a file.

    Raises:
        SecretProblem: the file cannot be read, or holds no key.
    """
    return decode(_read(path).strip())


def is_exposed(path: Path) -> bool:
    """Whether others than the file's owner have any right to it."""
    return keyfiles.is_exposed(path.stat(), os.geteuid(), keyfiles.own_groups())


def throwaway() -> bytes:
    """A key that nothing is kept of."""
    return secrets.token_bytes(MASTER_KEY_BYTES)


def read_or_make(path: Path) -> tuple[bytes, bool]:
    """The key in the file, and whether it was made now.

    Of processes that start at once, all use the key of one.

    Raises:
        SecretProblem: the file holds no key, or cannot be made.
    """
    if path.exists():
        return read(path), False
    key = throwaway()
    try:
        make_once(path, base64.b64encode(key) + b"\n")
    except FileExistsError:
        return read(path), False
    except OSError as error:
        reason = error.strerror or "input/output error"
        raise SecretProblem(f"key file {path} cannot be made: {reason}") from None
    return key, True
