"""What `audit` in the configuration says of the log itself: where it is, what signs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

from gateway import masterkey
from gateway import settings as made
from gateway.config_schema import AuditModel
from gateway.masterkey import SecretProblem
from gateway.strictyaml import KeyPath

SIGNING_KEY_FILE: Final = "cloakroom-signing.key"
_POSTGRES: Final = ("postgresql:", "postgresql+", "postgres:")
_SQLITE_HINT: Final = "write sqlite:///FILE, relative to this file, or sqlite:////ABSOLUTE/FILE"
_POSTGRES_HINT: Final = "write postgresql://USER@HOST/DATABASE"


@dataclass(frozen=True, slots=True)
class LogSection:
    """Reads the section. `note` takes what is wrong: where, a message and a hint."""

    base: Path
    environ: Mapping[str, str]
    note: Callable[[KeyPath, str, str], None]

    def read(self, model: AuditModel) -> made.Audit | None:
        """The settings, None where something is wrong."""
        if model.url.startswith(_POSTGRES):
            return self._postgres(model)
        if model.password is not None:
            self.note(("audit", "password"), "is for PostgreSQL", "")
            return None
        return self._sqlite(model)

    def _sqlite(self, model: AuditModel) -> made.Audit | None:
        path = ("audit", "url")
        name = model.url.removeprefix("sqlite:///")
        if name in (model.url, "") or "?" in str(self.base / name) or ":memory:" in name:
            self.note(path, "must be the URL of an SQLite file or PostgreSQL", _SQLITE_HINT)
            return None
        file = self.base / name
        if not file.parent.is_dir():
            self.note(path, f"no such folder: {file.parent}", "")
            return None
        return made.Audit(
            url=f"sqlite:///{file}",
            signing_key_file=self.base / (model.signing_key_file or file.parent / SIGNING_KEY_FILE),
            makes_signing_key=model.signing_key_file is None,
            origin=model.origin,
        )

    def _postgres(self, model: AuditModel) -> made.Audit | None:
        path = ("audit", "url")
        try:
            parts = urlsplit(model.url)
            held, _ = parts.password, parts.port
        except ValueError:
            self.note(path, "is not a URL", _POSTGRES_HINT)
            return None
        if held is not None or "password" in parts.query:
            hint = "write audit.password: ${env:NAME} or ${file:PATH}, or set PGPASSWORD"
            self.note(path, "must not hold a password", hint)
            return None
        if len(parts.path) < 2:
            self.note(path, "names no database", _POSTGRES_HINT)
            return None
        if model.signing_key_file is None:
            hint = (
                "name the file of the log's keys, the same for all gateways; "
                "`cloakroom audit migrate` makes it"
            )
            self.note(("audit",), "signing_key_file is missing: PostgreSQL needs it", hint)
            return None
        url = model.url
        if model.password is not None:
            password = self._password(model.password, parts.username)
            if password is None:
                return None
            user, _, rest = parts.netloc.rpartition("@")
            netloc = f"{user}:{quote(password, safe='')}@{rest}"
            url = parts._replace(netloc=netloc).geturl()
        return made.Audit(
            url=url, signing_key_file=self.base / model.signing_key_file, origin=model.origin
        )

    def _password(self, text: str, user: str | None) -> str | None:
        path = ("audit", "password")
        if user is None:
            self.note(path, "needs a user in audit.url", _POSTGRES_HINT)
            return None
        if not masterkey.is_reference(text):
            hint = "write ${env:NAME} or ${file:PATH}, and put the password there"
            self.note(path, "must not stand in the configuration itself", hint)
            return None
        try:
            return masterkey.resolve(text, self.base, self.environ)
        except SecretProblem as error:
            self.note(path, str(error), "")
            return None
