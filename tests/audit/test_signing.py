"""The file of the signing keys: private, whole, made once, and never written over."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA65PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from gateway.audit import signing
from gateway.audit.checkpoint import Checkpoint, SigningKeys, public_keys, sign, verify
from gateway.audit.notes import Algorithm
from gateway.audit.signing import (
    load_or_make_signing_keys,
    load_signing_keys,
    make_signing_keys,
)
from gateway.errors import ConfigError

NAME = "log.example"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cloakroom-signing.key"


def same(one: SigningKeys, other: SigningKeys) -> bool:
    return public_keys(one, NAME) == public_keys(other, NAME)


def pem(key: Ed25519PrivateKey | MLDSA44PrivateKey | MLDSA65PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


ED25519 = pem(Ed25519PrivateKey.from_private_bytes(b"\1" * 32))
ML_DSA_44 = pem(MLDSA44PrivateKey.from_seed_bytes(b"\2" * 32))


def written(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


# --- made and read ------------------------------------------------------------------------------


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_made_keys_are_private_and_read_back(path: Path, umask: int):
    before = os.umask(umask)
    try:
        keys = make_signing_keys(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes().count(b"-----BEGIN PRIVATE KEY-----") == 2
    assert same(load_signing_keys(path), keys)
    assert list(path.parent.iterdir()) == [path]


def test_what_read_keys_sign_is_verified(path: Path):
    made = make_signing_keys(path)
    note = sign(Checkpoint(NAME, 1, bytes(32)), [load_signing_keys(path)], 1_700_000_000)
    assert len(verify(note, public_keys(made, NAME), set(Algorithm)).by) == 2


def test_every_file_has_keys_of_its_own(tmp_path: Path):
    one, other = (public_keys(make_signing_keys(tmp_path / name), NAME) for name in "ab")
    assert all(a.public != b.public for a, b in zip(one, other, strict=True))


def test_keys_are_never_written_over(path: Path):
    make_signing_keys(path)
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="is there already"):
        make_signing_keys(path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_the_first_start_makes_what_the_second_reads(path: Path):
    made, is_new = load_or_make_signing_keys(path)
    read, is_new_again = load_or_make_signing_keys(path)
    assert (is_new, is_new_again) == (True, False)
    assert same(made, read)


def test_starts_at_once_get_the_keys_of_one(path: Path):
    count = 8
    barrier = Barrier(count)

    def start(_: int) -> tuple[SigningKeys, bool]:
        barrier.wait()
        return load_or_make_signing_keys(path)

    with ThreadPoolExecutor(count) as pool:
        results = list(pool.map(start, range(count)))
    assert sum(is_new for _, is_new in results) == 1
    assert all(same(keys, load_signing_keys(path)) for keys, _ in results)
    assert list(path.parent.iterdir()) == [path]


def test_one_who_comes_second_takes_the_keys_of_the_first(
    path: Path, monkeypatch: pytest.MonkeyPatch
):
    first = make_signing_keys(path)
    monkeypatch.setattr(signing.os.path, "lexists", lambda _: False)  # it looked just before
    keys, is_new = load_or_make_signing_keys(path)
    assert not is_new
    assert same(keys, first)
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    "content",
    [
        ED25519 + ML_DSA_44,
        ML_DSA_44 + ED25519,
        b"\n" + ED25519 + b"\n\n" + ML_DSA_44 + b"\n",
        (ED25519 + ML_DSA_44).replace(b"\n", b"\r\n"),
        (ED25519 + ML_DSA_44).rstrip(),
    ],
)
@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_files_that_are_read(path: Path, content: bytes, mode: int):
    keys = load_signing_keys(written(path, content, mode))
    assert keys.ed25519.private_bytes_raw() == b"\1" * 32
    assert keys.ml_dsa_44.private_bytes_raw() == b"\2" * 32


# --- refused ------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [0o640, 0o620, 0o610, 0o604, 0o602, 0o601, 0o644, 0o666, 0o440])
def test_a_file_that_is_open_to_others_is_not_read(path: Path, mode: int):
    written(path, ED25519 + ML_DSA_44, mode)
    for read in (load_signing_keys, load_or_make_signing_keys):
        with pytest.raises(ConfigError, match="open to others") as caught:
            read(path)
        assert f"chmod 600 {path}" in str(caught.value)


ENCRYPTED = Ed25519PrivateKey.from_private_bytes(b"\1" * 32).private_bytes(
    Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"word")
)
ML_DSA_65 = pem(MLDSA65PrivateKey.from_seed_bytes(b"\3" * 32))
HALF = ML_DSA_44[: len(ML_DSA_44) // 2]
BROKEN = b"-----BEGIN PRIVATE KEY-----\nQUJD\n-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        ED25519,
        ML_DSA_44,
        ED25519 + ED25519,
        ML_DSA_44 + ML_DSA_44,
        ED25519 + ML_DSA_44 + ED25519,
        ED25519 + ML_DSA_65,
        ED25519 + ML_DSA_44 + b"something else\n",
        b"something else\n" + ED25519 + ML_DSA_44,
        ED25519 + b"\x00" + ML_DSA_44,
        ENCRYPTED + ML_DSA_44,
        ED25519 + HALF,
        ED25519 + BROKEN,
        ED25519 + ML_DSA_44.replace(b"MDQ", b"MDU"),
        ED25519 + ML_DSA_44.replace(b"PRIVATE", b"PUBLIC"),
        b"\xff\xfe" + ED25519 + ML_DSA_44,
        ED25519 + ML_DSA_44 + b"\n" * 20_000,
    ],
)
def test_files_that_are_not_read(path: Path, content: bytes):
    with pytest.raises(ConfigError) as caught:
        load_signing_keys(written(path, content))
    (problem,) = caught.value.problems
    assert (problem.file, problem.key) == (str(path), "audit.signing_key_file")
    assert problem.hint
    # Nothing of what stands in the file is said.
    for line in content.splitlines():
        assert not line or line.decode(errors="replace") not in str(caught.value)
    assert path.read_bytes() == content


def a_folder(path: Path) -> None:
    path.mkdir()


def a_pipe(path: Path) -> None:
    os.mkfifo(path, 0o600)


def nowhere(path: Path) -> None:
    path.symlink_to(path.with_name("missing"))


@pytest.mark.parametrize("make", [a_folder, a_pipe, nowhere])
def test_what_is_no_file_is_neither_read_nor_replaced(path: Path, make: Callable[[Path], None]):
    make(path)
    for act in (load_signing_keys, make_signing_keys, load_or_make_signing_keys):
        with pytest.raises(ConfigError):
            act(path)
    assert list(path.parent.iterdir()) == [path]


def test_a_pipe_is_not_waited_for(path: Path):
    a_pipe(path)
    with pytest.raises(ConfigError, match="is not a file"):
        load_signing_keys(path)


def test_a_file_that_is_missing(path: Path):
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load_signing_keys(path)
    assert not path.exists()


def test_a_folder_that_is_missing(tmp_path: Path):
    path = tmp_path / "missing" / "key"
    for make in (make_signing_keys, load_or_make_signing_keys):
        with pytest.raises(ConfigError, match="cannot be made: No such file"):
            make(path)


@pytest.mark.parametrize("step", ["link", "fsync"])
def test_a_disk_that_fails_leaves_nothing_half_made(
    path: Path, monkeypatch: pytest.MonkeyPatch, step: str
):
    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(signing.os, step, fails)
        with pytest.raises(ConfigError, match="cannot be made: No space left"):
            load_or_make_signing_keys(path)
    assert list(path.parent.iterdir()) == []
    assert load_or_make_signing_keys(path)[1]


def test_a_build_without_ml_dsa_is_named(path: Path, monkeypatch: pytest.MonkeyPatch):
    def lacks(*_: object, **__: object) -> None:
        raise UnsupportedAlgorithm("not in this build")

    with monkeypatch.context() as patched:
        patched.setattr(signing, "load_pem_private_key", lacks)
        with pytest.raises(ConfigError, match="cryptography lacks"):
            load_signing_keys(written(path, ED25519 + ML_DSA_44))
    path.unlink()
    monkeypatch.setattr(signing.MLDSA44PrivateKey, "generate", lacks, raising=True)
    with pytest.raises(ConfigError, match="cryptography lacks"):
        make_signing_keys(path)
    assert not path.exists()
