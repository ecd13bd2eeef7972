"""The configuration: one strict versioned YAML file and the secrets that it points to, read once.

Paths in the file are relative to the file. `${env:NAME}` and `${file:PATH}` stand for secrets,
in `upstreams[].api_key`, `audit.password` and `secrets.master_key` and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import Enum
from hashlib import sha256
from pathlib import Path
from typing import Final, TypeVar

from gateway import masterkey, strictyaml
from gateway import settings as made
from gateway.config_detection import frozen_detection
from gateway.config_log import LogSection
from gateway.config_schema import (
    AuthModel,
    ConsoleModel,
    DetectionModel,
    FileModel,
    LimitsModel,
    ListenModel,
    SecretsModel,
    Text,
    VaultModel,
    is_loopback,
)
from gateway.config_sinks import AuditFileModel, with_sinks
from gateway.config_upstreams import UpstreamModel, UpstreamSection
from gateway.errors import ConfigError, Problem
from gateway.masterkey import SecretProblem
from gateway.policy.shipped import shipped_policies, shipped_policy
from gateway.settings import Settings
from gateway.strictyaml import Data, KeyPath
from gateway.validation import Strict, did_you_mean, validate

ENVIRONMENT: Final = "CLOAKROOM_CONFIG"
KEY_FILE: Final = "cloakroom.key"
_EMBEDDED: Final = b"""\
version: 1
upstreams:
  - {name: loopback, kind: loopback, class: on_prem, models: ["*"]}
"""
_EMBEDDED_NAME: Final = "embedded default configuration"
_AUDIT_URL: Final = "sqlite:///cloakroom.db"
_REFERENCE = re.compile(r"\$\{(?:env|file):")
_SHIPPED_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
_Model = TypeVar("_Model", bound=Strict)


class MissingKey(Enum):
    """What is done where there is neither a configured master key nor the file of its own."""

    MAKE = "make"
    REFUSE = "refuse"
    LEND = "lend"  # a random one for this time: nothing that is kept may depend on it


def load(
    path: Path | None, environ: Mapping[str, str], missing_key: MissingKey = MissingKey.MAKE
) -> Settings:
    """The settings that a file says; without one, those of the file that CLOAKROOM_CONFIG names.

    Without either: the loopback upstream, the default policy, no authentication, loopback only,
    and an audit log in the working directory. Where no master key is configured, one is read
    from, or made in, `cloakroom.key` beside the audit database; `missing_key` says otherwise.

    Raises:
        ConfigError: anything is wrong; all problems at once, no file is made.
    """
    if path is None and (named := environ.get(ENVIRONMENT)):
        path = Path(named)
    if path is None:
        document = strictyaml.loads(_EMBEDDED, _EMBEDDED_NAME)
        return _Reader(document, Path.cwd(), environ, missing_key).read()
    document = strictyaml.load(path)
    settings = _Reader(document, path.absolute().parent, environ, missing_key).read()
    return replace(settings, digest=sha256(document.content).hexdigest())


def check_exposure(settings: Settings, insecure: bool) -> None:
    """Refuse to serve callers who are not known anywhere but on this machine.

    Raises:
        ConfigError: authentication is off, the host is not loopback, and it is not the case that
            both the file (`auth.allow_unauthenticated`) and the command line ask for it.
    """
    exposed = settings.auth.mode == "none" and not is_loopback(settings.listen.host)
    if exposed and not (settings.auth.allow_unauthenticated and insecure):
        message = "without authentication the gateway listens on loopback only"
        raise ConfigError([Problem("configuration", 0, "listen.host", message, _EXPOSURE_HINT)])


_EXPOSURE_HINT: Final = (
    "set auth.mode to keys; or, to let everybody in, set auth.allow_unauthenticated: true"
    " and start with --insecure"
)


_NO_KEY_HINT: Final = (
    "`cloakroom serve` makes it when it first starts: run this where the gateway runs, or name its"
    " configuration with --config; where there was a key, bring it back from a backup"
)


class _Reader:
    """Reads one document, section by section, and collects what is wrong."""

    def __init__(
        self,
        document: strictyaml.Document,
        base: Path,
        environ: Mapping[str, str],
        missing_key: MissingKey,
    ) -> None:
        self.document = document
        self.base = base
        self.environ = environ
        self.missing_key = missing_key
        self.problems: list[Problem] = []
        self.notices: list[str] = []
        self.is_key_lent = False
        self.data: dict[str, Data] = document.data if isinstance(document.data, dict) else {}

    def read(self) -> Settings:
        try:
            validate(self.document, FileModel)
        except ConfigError as error:
            self.problems.extend(error.problems)
        self._stray_references((), self.data)
        listen, auth = self._listen(), self._auth()
        self._exposure(listen, auth)
        upstreams = self._upstreams()
        detection, limits, vault = self._detection(), self._limits(), self._vault()
        console = self._console()
        policies, audit = self._policies(), self._audit()
        key = self._configured_key()
        if audit is not None and key is None and not self.problems:
            key = self._key_beside(audit.url)
        if self.problems or auth is None or audit is None or key is None:
            raise ConfigError(sorted(self.problems, key=lambda problem: problem.line))
        return Settings(
            upstreams=upstreams,
            policies=policies,
            audit=audit,
            master_key=key,
            is_key_lent=self.is_key_lent,
            listen=listen,
            auth=auth,
            detection=detection,
            limits=limits,
            vault=vault,
            console=console,
            notices=tuple(self.notices),
        )

    def note(self, path: KeyPath, message: str, hint: str = "") -> None:
        self.problems.append(self.document.problem(path, message, hint))

    def section(self, model: type[_Model], *path: str | int) -> _Model | None:
        """A section, or None where it is absent or wrong."""
        data: Data = self.data
        for part in path:
            data = data[part]  # type: ignore[index]
        try:
            return None if data is None else validate(self.document, model, path)
        except ConfigError as error:
            self.problems.extend(error.problems)
            return None

    def top(self, model: type[_Model], name: str) -> _Model | None:
        return self.section(model, name) if name in self.data else None

    def file(self, text: str | None, *path: str | int) -> Path | None:
        """The absolute path of a file that must be there."""
        if text is None:
            return None
        found = self.base / text
        if not found.is_file():
            self.note(path, f"no such file: {found}")
        return found

    def _stray_references(self, path: KeyPath, data: Data) -> None:
        entries: Iterator[tuple[str | int, Data]] = iter(())
        if isinstance(data, dict):
            entries = iter(data.items())
        elif isinstance(data, list):
            entries = iter(enumerate(data))
        elif isinstance(data, str) and _REFERENCE.search(data) and not _is_secret(path):
            self.note(path, "references are read in api_key, audit.password and master_key only")
        for key, value in entries:
            self._stray_references((*path, key), value)

    def _listen(self) -> made.Listen:
        model = self.top(ListenModel, "listen") or ListenModel()
        tls = None
        if model.tls is not None:
            cert = self.file(model.tls.cert_file, "listen", "tls", "cert_file")
            key = self.file(model.tls.key_file, "listen", "tls", "key_file")
            tls = made.Tls(cert_file=cert, key_file=key) if cert and key else None
        return made.Listen(host=model.host, port=model.port, tls=tls)

    def _auth(self) -> made.Auth | None:
        if self.data.get("auth") is None:
            return made.Auth()
        model = self.top(AuthModel, "auth")
        if model is None:
            return None
        # The file of keys may be made later, by the command that gives out the first key.
        keys_file = self.base / model.keys_file if model.keys_file else None
        return made.Auth(
            mode=model.mode,
            keys_file=keys_file,
            allow_unauthenticated=model.allow_unauthenticated,
            tags=tuple(model.tags),
        )

    def _exposure(self, listen: made.Listen, auth: made.Auth | None) -> None:
        if auth is None or auth.mode != "none" or auth.allow_unauthenticated:
            return
        if not is_loopback(listen.host):
            message = "without authentication the gateway listens on loopback only"
            self.note(("listen", "host"), message, _EXPOSURE_HINT)

    def _upstreams(self) -> tuple[made.Upstream, ...]:
        entries = self.data.get("upstreams")
        reader = UpstreamSection(self.base, self.environ, self.note, self.file)
        found: list[made.Upstream] = []
        names: set[str] = set()
        for index in range(len(entries) if isinstance(entries, list) else 0):
            path = ("upstreams", index)
            model = self.section(UpstreamModel, *path)
            if model is None:
                if entries[index] is None:  # type: ignore[index]
                    self.note(path, "must be a mapping of keys to values")
                continue
            if model.name in names:
                self.note((*path, "name"), "duplicate upstream name")
            names.add(model.name)
            found.append(reader.read(path, model))
        return tuple(found)

    def _detection(self) -> made.Detection:
        model = self.top(DetectionModel, "detection") or DetectionModel()
        names: set[str] = set()
        for index, one in enumerate(model.recognizers):
            if one.name in names:
                path = ("detection", "recognizers", index, "name")
                self.note(path, "duplicate recognizer name")
            names.add(one.name)
        return frozen_detection(model, self.base, self.note)

    def _limits(self) -> made.Limits:
        return made.Limits(**(self.top(LimitsModel, "limits") or LimitsModel()).model_dump())

    def _vault(self) -> made.Vault:
        return made.Vault(**(self.top(VaultModel, "vault") or VaultModel()).model_dump())

    def _console(self) -> made.Console:
        model = self.top(ConsoleModel, "console") or ConsoleModel()
        return made.Console(
            enabled=model.enabled,
            idle_s=model.idle_minutes * 60.0,
            session_s=model.session_hours * 3600.0,
        )

    def _policies(self) -> tuple[Path, ...]:
        if self.data.get("policies") is None:
            return (shipped_policy("default"),)
        try:
            names = validate(self.document, list[Text], ("policies",))
        except ConfigError as error:
            self.problems.extend(error.problems)
            return ()
        if not names:
            self.note(("policies",), "must not be empty", "leave it out for the default policy")
        found = (self._policy(("policies", index), name) for index, name in enumerate(names))
        return tuple(path for path in found if path is not None)

    def _policy(self, path: KeyPath, name: str) -> Path | None:
        """A file, or a shipped policy by its name or as `policies/<name>.yaml`."""
        shipped = name if _SHIPPED_NAME.fullmatch(name) else ""
        file = self.base / name
        if not shipped:
            if file.is_file():
                return file
            shipped = Path(name).stem if Path(name) == Path("policies", Path(name).name) else ""
        if shipped in shipped_policies() and (Path(name).suffix in ("", ".yaml")):
            return shipped_policy(shipped)
        known = ", ".join(shipped_policies())
        if _SHIPPED_NAME.fullmatch(name):
            hint = did_you_mean(name, shipped_policies()) or f"shipped are: {known}"
            self.note(path, "no shipped policy has this name", hint)
        else:
            self.note(path, f"no such file: {file}", f"shipped policies go by name: {known}")
        return None

    def _audit(self) -> made.Audit | None:
        model = AuditFileModel(url=_AUDIT_URL)
        if self.data.get("audit") is not None:
            found = self.top(AuditFileModel, "audit")
            if found is None:
                return None
            model = found
        audit = LogSection(self.base, self.environ, self.note).read(model)
        if audit is None:
            return None
        return replace(with_sinks(audit, model, self), retention_days=model.retention_days)

    def _configured_key(self) -> bytes | None:
        """The master key that the file points to; None if there is none, or it is wrong."""
        if self.data.get("secrets") is None:
            return None
        model, path = self.top(SecretsModel, "secrets"), ("secrets", "master_key")
        if model is None:
            return None
        if not masterkey.is_reference(model.master_key):
            hint = "write ${env:NAME} or ${file:PATH}, and put the key there"
            self.note(path, "must not stand in the configuration itself", hint)
            return None
        try:
            key = masterkey.decode(masterkey.resolve(model.master_key, self.base, self.environ))
        except SecretProblem as error:
            self.note(path, str(error))
            return None
        if file := masterkey.reference_file(model.master_key, self.base):
            self._look_at(file)
        return key

    def _key_beside(self, url: str) -> bytes | None:
        if url.startswith("sqlite:///"):
            return self._own_key(Path(url.removeprefix("sqlite:///")).parent / KEY_FILE)
        hint = "configure secrets.master_key, the same for all gateways"
        self.note(("audit", "url"), "PostgreSQL needs a configured master key", hint)
        return None

    def _own_key(self, path: Path) -> bytes | None:
        """The key beside the audit database, made if it is not there and may be."""
        if self.missing_key is not MissingKey.MAKE and not path.exists():
            if self.missing_key is MissingKey.LEND:
                self.is_key_lent = True
                return masterkey.throwaway()
            self.note(("secrets", "master_key"), f"there is no key file {path}", _NO_KEY_HINT)
            return None
        try:
            key, is_new = masterkey.read_or_make(path)
        except SecretProblem as error:
            self.note(("secrets", "master_key"), str(error))
            return None
        if is_new:
            self.notices.append(f"made a master key, {path}: back it up, and keep it private")
        else:
            self._look_at(path)
        return key

    def _look_at(self, path: Path) -> None:
        if masterkey.is_exposed(path):
            self.notices.append(f"others can read the master key: chmod 600 {path}")


def _is_secret(path: KeyPath) -> bool:
    """Whether references are read at this place."""
    if path in {("secrets", "master_key"), ("audit", "password")}:
        return True
    return len(path) == 3 and path[0] == "upstreams" and path[2] == "api_key"
