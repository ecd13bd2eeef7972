"""The parts of `audit` in the configuration that say where else records and checkpoints go."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final, Literal, Protocol
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from gateway import settings as made
from gateway.config_schema import AuditModel, Host, Name, Text, Url, is_loopback
from gateway.strictyaml import Document, KeyPath
from gateway.validation import Strict

_TLS: Final = frozenset({"ca_file", "client_cert_file", "client_key_file"})
_SINK_KEYS: Final = {
    "jsonl": {"path", "rotate_mb"},
    "ocsf": {"path", "rotate_mb"},
    "folder": {"path", "every_s"},
    "syslog": {"host", "port", "answers_end"} | _TLS,
}
_ANCHOR_KEYS: Final = {"file": {"path"}, "webhook": {"url", "ca_file"}}


def _fits(kind: str, given: set[str], allowed: set[str], needed: str) -> None:
    if needed not in given:
        raise ValueError(f"kind {kind} needs {needed}")
    if stray := sorted(given - allowed - {"kind", "name"}):
        raise ValueError(f"kind {kind} has no {', '.join(stray)}")


class SinkModel(Strict):
    """One entry of `audit.sinks`. `name` is the kind unless it is given."""

    kind: Literal["jsonl", "syslog", "folder", "ocsf"]
    name: Name | None = None
    path: Text | None = None
    rotate_mb: Annotated[int, Field(ge=1, le=1_000_000)] = 256
    every_s: Annotated[int, Field(ge=1, le=86_400)] = 60
    host: Host | None = None
    port: Annotated[int, Field(ge=1, le=65535)] = 6514
    ca_file: Text | None = None
    client_cert_file: Text | None = None
    client_key_file: Text | None = None
    answers_end: bool = True

    @model_validator(mode="after")
    def _fits_its_kind(self) -> SinkModel:
        given = set(self.model_fields_set)
        needed = "host" if self.kind == "syslog" else "path"
        _fits(self.kind, given, _SINK_KEYS[self.kind], needed)
        if (self.client_cert_file is None) != (self.client_key_file is None):
            raise ValueError("client_cert_file and client_key_file belong together")
        return self


class AnchorModel(Strict):
    """One entry of `audit.anchors`. `name` is the kind unless it is given."""

    kind: Literal["file", "webhook"]
    name: Name | None = None
    path: Text | None = None
    url: Url | None = None
    ca_file: Text | None = None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> AnchorModel:
        needed = "url" if self.kind == "webhook" else "path"
        _fits(self.kind, set(self.model_fields_set), _ANCHOR_KEYS[self.kind], needed)
        if self.url is not None:
            parts = urlsplit(self.url)
            if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
                raise ValueError("an anchor elsewhere must be reached over https")
        return self


class AuditFileModel(AuditModel):
    """`audit`, with its further sinks and anchors."""

    sinks: list[SinkModel] = Field(default_factory=list)
    require: Literal["primary", "all"] = "primary"
    anchors: list[AnchorModel] = Field(default_factory=list)
    anchor_every_minutes: Annotated[int, Field(ge=1, le=1440)] = 15
    anchor_warn_hours: Annotated[int, Field(ge=1, le=8760)] = 24

    @model_validator(mode="after")
    def _require(self) -> AuditFileModel:
        if self.require == "all" and not self.sinks:
            raise ValueError("require: all needs sinks: there is none but the database")
        return self


class Reader(Protocol):
    """What reads the file: `config.py`."""

    @property
    def document(self) -> Document:
        """The file."""

    @property
    def base(self) -> Path:
        """The folder that paths are relative to."""

    def note(self, path: KeyPath, message: str, hint: str = "") -> None:
        """Complain about an entry."""


def with_sinks(audit: made.Audit, model: AuditFileModel, reader: Reader) -> made.Audit:
    """The section with the further sinks and anchors. What is wrong with them is noted."""
    return replace(
        audit,
        sinks=_sinks(model, reader),
        require_all=model.require == "all",
        anchors=_anchors(model, reader),
        anchor_every_s=model.anchor_every_minutes * 60.0,
        anchor_warn_s=model.anchor_warn_hours * 3600.0,
    )


def _sinks(model: AuditFileModel, reader: Reader) -> tuple[made.Sink, ...]:
    _check_names("sinks", [one.name or one.kind for one in model.sinks], reader)
    found: list[made.Sink] = []
    for index, one in enumerate(model.sinks):
        path: KeyPath = ("audit", "sinks", index)
        is_folder = one.kind == "folder"
        found.append(
            made.Sink(
                kind=one.kind,
                name=one.name or one.kind,
                place=_place(path, reader),
                path=_destination(one.path, (*path, "path"), reader, is_folder=is_folder),
                rotate_bytes=one.rotate_mb * 1024 * 1024,
                hold_s=float(one.every_s),
                host=one.host or "",
                port=one.port,
                ca_file=_file(one.ca_file, (*path, "ca_file"), reader),
                client_cert_file=_file(one.client_cert_file, (*path, "client_cert_file"), reader),
                client_key_file=_file(one.client_key_file, (*path, "client_key_file"), reader),
                answers_end=one.answers_end,
            )
        )
    _check_paths("sinks", [one.path for one in found], reader)
    return tuple(found)


def _anchors(model: AuditFileModel, reader: Reader) -> tuple[made.Anchor, ...]:
    _check_names("anchors", [one.name or one.kind for one in model.anchors], reader)
    found: list[made.Anchor] = []
    for index, one in enumerate(model.anchors):
        path: KeyPath = ("audit", "anchors", index)
        found.append(
            made.Anchor(
                kind=one.kind,
                name=one.name or one.kind,
                path=_destination(one.path, (*path, "path"), reader, is_folder=True),
                url=one.url or "",
                ca_file=_file(one.ca_file, (*path, "ca_file"), reader),
            )
        )
    return tuple(found)


def _place(path: KeyPath, reader: Reader) -> made.Place:
    at = reader.document.problem(path, "")
    return made.Place(file=at.file, line=at.line, key=at.key)


def _check_names(section: str, names: list[str], reader: Reader) -> None:
    for index, name in enumerate(names):
        if name in names[:index]:
            message = f"a second one of the name {name}"
            hint = "the kind stands for the name: give each of a kind a name of its own"
            reader.note(("audit", section, index), message, hint)


def _check_paths(section: str, paths: list[Path | None], reader: Reader) -> None:
    for index, path in enumerate(paths):
        if path is not None and path in paths[:index]:
            reader.note(("audit", section, index, "path"), "another sink writes there, too")


def _destination(
    text: str | None, path: KeyPath, reader: Reader, *, is_folder: bool
) -> Path | None:
    """Where something is to be written: the folder must be there, the file need not."""
    if text is None:
        return None
    found = reader.base / text
    folder = found if is_folder else found.parent
    if not folder.is_dir():
        reader.note(path, f"no such folder: {folder}", "make it, owned by the gateway's user")
    elif not is_folder and found.is_dir():
        reader.note(path, f"is a folder: {found}", "name a file in it")
    return found


def _file(text: str | None, path: KeyPath, reader: Reader) -> Path | None:
    if text is None:
        return None
    found = reader.base / text
    if not found.is_file():
        reader.note(path, f"no such file: {found}")
    return found
