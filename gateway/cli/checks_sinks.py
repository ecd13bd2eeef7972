"""What `cloakroom doctor` sees of the audit log's further sinks and anchors."""

from __future__ import annotations

import time
from typing import Final

from gateway.audit.anchors import seconds_of
from gateway.audit.sinks.service import make_anchor, probe
from gateway.audit.sinks.sql import Books
from gateway.audit.sql import DatabaseFault
from gateway.cli.checks import Check, Status
from gateway.errors import ConfigError
from gateway.settings import Anchor, Audit, Settings

_HOUR_S: Final = 3600.0


def sinks(settings: Settings) -> list[Check]:
    """Whether each sink would take records now."""
    audit = settings.audit
    done: list[Check] = []
    for one in audit.sinks:
        name = f"audit sink {one.name}"
        if code := probe(one):
            status = Status.FAILED if audit.require_all or one.path else Status.WARNING
            advice = "it gets its records when it takes them again; nothing is lost"
            if audit.require_all:
                advice = "no request is taken on until it takes records again"
            done.append(Check(name, status, f"does not take records ({code})", advice))
        else:
            where = f"{one.host}:{one.port}" if one.path is None else str(one.path)
            done.append(Check(name, Status.OK, f"{where} takes records"))
    return done


def anchors(settings: Settings) -> list[Check]:
    """When each anchor was given a checkpoint last."""
    audit = settings.audit
    if not audit.anchors:
        return []
    try:
        books = Books(audit.url)
        try:
            return [_anchor(one, audit, books) for one in audit.anchors]
        finally:
            books.close()
    except (DatabaseFault, ConfigError):  # the check of the log itself says why
        return [Check("audit anchors", Status.WARNING, "the log cannot be read", "see above")]


def _anchor(settings: Anchor, audit: Audit, books: Books) -> Check:
    name = f"audit anchor {settings.name}"
    advice = "run: cloakroom audit anchor"
    held = books.anchored(make_anchor(settings).key)
    if held is None:
        return Check(name, Status.WARNING, "has no checkpoint yet", advice)
    size, ts = held
    hours = max(0.0, time.time() - seconds_of(ts)) / _HOUR_S
    seen = f"has a tree of {size} records, {hours:.1f} hours old"
    if hours * _HOUR_S > audit.anchor_warn_s:
        return Check(name, Status.WARNING, seen, advice)
    return Check(name, Status.OK, seen)
