"""Callers by their keys.

A key is `ck_<id>_<secret>`: 32 random bytes in base64url. The file holds its HMAC-SHA-256 under a
key derived from the master key, never the key itself, so a copy of the file lets nobody in. The
file is read again when it changes, so that a revoked key stops working within a second.
"""

from __future__ import annotations

import base64
import fcntl
import hmac
import logging
import os
import re
import secrets
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field

from gateway import strictyaml, telemetry
from gateway.errors import AuthenticationError, ConfigError, Problem
from gateway.keyring import derive
from gateway.types import Subject
from gateway.validation import Strict, validate

SECRET_BYTES = 32
_CHECK_S = 1.0  # how often the file is looked at, at most
_KEY = re.compile(r"ck_([A-Za-z0-9][A-Za-z0-9.\-]{0,63})_([A-Za-z0-9_\-]{43})")
_PURPOSE = "api-keys"
_ID = r"^[A-Za-z0-9][A-Za-z0-9.\-]{0,63}$"
_NAME = r"^[A-Za-z0-9._:\-]{1,64}$"

Name = Annotated[str, Field(pattern=_NAME)]


class KeyEntry(Strict):
    """One key as the file holds it; `created` and `revoked` are RFC 3339 times in UTC."""

    id: Annotated[str, Field(pattern=_ID)]
    hmac: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", repr=False)]
    tenant: Name = "default"
    roles: list[Name] = Field(default_factory=list)
    tags: list[Name] = Field(default_factory=list)
    created: str = ""
    revoked: str | None = None


class KeysModel(Strict):
    """The whole file."""

    version: Annotated[int, Field(ge=1, le=1)]
    keys: list[KeyEntry]


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made: the only time that its text is known."""

    entry: KeyEntry
    text: str = field(repr=False)


def key_hmac(master: bytes, key_id: str, secret: str) -> str:
    """What the file holds of a key: HMAC-SHA-256 of id and secret, hex."""
    message = f"{key_id}\0{secret}".encode()
    return hmac.digest(derive(master, _PURPOSE), message, sha256).hex()


def read_keys(path: Path) -> list[KeyEntry]:
    """The entries of a keys file.

    Raises:
        ConfigError: it cannot be read, or is wrong: every problem at once.
    """
    document = strictyaml.load(path)
    entries = validate(document, KeysModel).keys
    seen: set[str] = set()
    problems: list[Problem] = []
    for index, entry in enumerate(entries):
        if entry.id in seen:
            problems.append(
                document.problem(("keys", index, "id"), "this id is used twice", "rename one")
            )
        seen.add(entry.id)
    if problems:
        raise ConfigError(problems)
    return entries


class KeyFile:
    """Knows callers by the keys in a file.

    Raises:
        ConfigError: the file cannot be read, or is wrong.
    """

    def __init__(
        self, path: Path, master: bytes, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._path = path
        self._master = master
        self._clock = clock
        self._mark = _mark(path)
        self._entries = {entry.id: entry for entry in read_keys(path)}
        self._checked = clock()
        self._ready = True

    @property
    def ready(self) -> bool:
        """Whether the file says who may come in."""
        self._reload_if_changed()  # nobody may come by to make it do so: they are kept away
        return self._ready

    def authenticate(self, headers: Mapping[str, str]) -> Subject:
        """The caller whose key stands in `authorization: Bearer` or `x-api-key`.

        Raises:
            AuthenticationError: there is none, or it is not valid; always the same words.
        """
        self._reload_if_changed()
        match = _KEY.fullmatch(_presented(headers))
        entry = self._entries.get(match.group(1)) if match else None
        # The same work is done for an unknown id as for a wrong secret.
        expected = entry.hmac if entry else "0" * 64
        given = key_hmac(self._master, match.group(1), match.group(2)) if match else "1" * 64
        if not hmac.compare_digest(expected, given) or entry is None or entry.revoked is not None:
            raise AuthenticationError(
                "A valid API key is needed: send it as `Authorization: Bearer ck_...`."
            )
        return Subject(
            entry.tenant, entry.id, frozenset(entry.roles), entry.id, frozenset(entry.tags)
        )

    def _reload_if_changed(self) -> None:
        now = self._clock()
        if now - self._checked < _CHECK_S:
            return
        self._checked = now
        mark = _mark(self._path)
        if mark == self._mark:
            return
        self._mark = mark
        # Which keys were revoked cannot be known: nobody is let in until the file is right.
        self._entries, self._ready = {}, False
        try:
            entries = read_keys(self._path)
        except ConfigError as error:
            first = error.problems[0]
            telemetry.log(
                "keys_rejected", logging.ERROR,
                problems=len(error.problems), file=first.file, line=first.line,
            )  # fmt: skip
            return
        self._entries = {entry.id: entry for entry in entries}
        self._ready = True
        telemetry.log("keys_changed", logging.INFO, count=len(self._entries))


class NoAuth:
    """Takes every caller for the same anonymous one, with the tags that are configured."""

    ready = True

    def __init__(self, tags: Iterable[str] = ()) -> None:
        self._subject = Subject("default", "anonymous", tags=frozenset(tags))

    def authenticate(self, headers: Mapping[str, str]) -> Subject:
        """The anonymous caller of the default tenant."""
        return self._subject


def add_key(
    path: Path,
    master: bytes,
    entry_id: str | None,
    tenant: str,
    roles: list[str],
    tags: list[str] | None = None,
    before: Callable[[KeyEntry], None] = lambda entry: None,
) -> NewKey:
    """Make a key and put it into the file, which is made if it is not there.

    `before` is called with the entry just before it is written; what it raises stops that.

    Raises:
        ConfigError: the file is wrong, or the id is taken or not of its grammar.
    """
    key_id = entry_id or f"key-{secrets.token_hex(4)}"
    if re.fullmatch(_ID, key_id) is None:
        raise _refused(path, "a key's id has letters, digits, dots and dashes, at most 64")
    if not all(re.fullmatch(_NAME, name) for name in (tenant, *roles, *(tags or ()))):
        raise _refused(path, "a tenant, role or tag has letters, digits and . _ : -, at most 64")
    secret = base64.urlsafe_b64encode(secrets.token_bytes(SECRET_BYTES)).rstrip(b"=").decode()
    entry = KeyEntry(
        id=key_id,
        hmac=key_hmac(master, key_id, secret),
        tenant=tenant,
        roles=roles,
        tags=tags or [],
        created=_now(),
    )
    with _locked(path):
        entries = read_keys(path) if path.exists() else []
        if any(known.id == key_id for known in entries):
            raise _refused(path, "a key with this id is there already")
        before(entry)
        _write(path, [*entries, entry])
    return NewKey(entry, f"ck_{key_id}_{secret}")


def revoke_key(path: Path, entry_id: str) -> KeyEntry:
    """Mark a key as revoked; it stays in the file so that its id is not used again.

    Raises:
        ConfigError: the file is wrong, or has no such key.
    """
    with _locked(path):
        entries = read_keys(path)
        for index, entry in enumerate(entries):
            if entry.id == entry_id:
                revoked = entry.model_copy(update={"revoked": entry.revoked or _now()})
                _write(path, [*entries[:index], revoked, *entries[index + 1 :]])
                return revoked
    raise _refused(path, "there is no key with this id; `cloakroom apikeys list` shows them")


def _presented(headers: Mapping[str, str]) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")


def _mark(path: Path) -> tuple[int, int, int] | None:
    try:
        state = path.stat()
    except OSError:
        return None
    return (state.st_mtime_ns, state.st_size, state.st_ino)


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _refused(path: Path, message: str) -> ConfigError:
    return ConfigError([Problem(str(path), 0, "keys", message)])


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One writer at a time, over processes."""
    try:
        handle = os.open(path.with_suffix(path.suffix + ".lock"), os.O_CREAT | os.O_RDWR, 0o600)
    except OSError:
        raise _refused(path, "its folder cannot be written") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _write(path: Path, entries: list[KeyEntry]) -> None:
    """Replace the file in one step: whoever reads sees the old one or the new one."""
    data = {"version": 1, "keys": [entry.model_dump(exclude_none=True) for entry in entries]}
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            yaml.safe_dump(data, file, sort_keys=False)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
