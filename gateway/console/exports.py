"""What can be taken away: records in three forms, an evidence pack, pages on paper."""

from __future__ import annotations

import asyncio
import tempfile
import time
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from starlette.responses import Response, StreamingResponse

from gateway.audit import record as audit
from gateway.audit.checkpoint import SigningKeys
from gateway.audit.evidence.about import About
from gateway.audit.evidence.pack import EvidenceError, Inputs, write_pack
from gateway.audit.facts import EventType
from gateway.audit.reading import open_log
from gateway.audit.search import Query, open_search
from gateway.audit.signing import load_signing_keys
from gateway.console.accounts import Account, Right
from gateway.console.desk import Visit
from gateway.console.filters import Filters, read_filters
from gateway.console.security import HEADERS
from gateway.errors import ConfigError, NotFound, Overloaded, RequestError, Unavailable
from gateway.packing import api_keys, model_card, rules_of, wait_until_signed
from gateway.settings import Settings
from gateway.version import __version__

MOST_RECORDS: Final = 250_000
"""Records that a pack can have here: more of them are for the command line."""

MOST_SHOWN: Final = 20
_PIECE: Final = 262_144
_BUILDING: Final = asyncio.Semaphore(1)


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack as one file, which is gone when it is closed."""

    file: BinaryIO
    size: int


async def exports(visit: Visit) -> Response:
    """What can be taken, and what was, the newest first."""
    desk, account = visit.desk, visit.account
    await desk.journal.write(EventType.AUDIT_VIEWED, account, "exports")
    url = desk.settings.audit.url
    size, done = await asyncio.to_thread(_state, url, account)
    return visit.page(
        "exports.html",
        size=size,
        done=done,
        most=MOST_RECORDS,
        tenants=sorted(account.tenants),
        signs=_key_file(desk.settings) is not None,
        may_search=account.may(Right.RECORDS),
    )


def _state(url: str, account: Account) -> tuple[int, list[dict[str, Any]]]:
    """How many records there are, and the newest exports that the account may know of."""
    kind, found = EventType.AUDIT_EXPORTED.value, []
    tenants: list[str | None] = [*sorted(account.tenants)] or [None]
    with open_search(url) as log:
        for tenant in tenants:
            found += log.page(Query(type=kind, tenant=tenant), limit=MOST_SHOWN).records
    found.sort(key=lambda one: int(one["seq"]), reverse=True)
    with open_log(url) as log:
        return log.size - log.pruned_below, found[:MOST_SHOWN]


async def pack(visit: Visit) -> Response:
    """The evidence of a period, as one ZIP file: built first, then sent.

    Raises:
        NotFound: the account is bound to tenants, and a pack is of the whole log.
        RequestError: there is no such period, it has too many records, or nothing is signed yet.
        Overloaded: another pack is being built.
        Unavailable: it cannot be written.
    """
    if visit.account.tenants:
        words = "An evidence pack is of the whole log: your account sees a part of it."
        raise NotFound(words, code="no-pack")
    given = {name: visit.form.get(name, "") for name in ("since", "until")}
    filters = read_filters(given, visit.account)
    settings = visit.desk.settings
    await asyncio.to_thread(_check, settings.audit.url, filters)
    if _BUILDING.locked():
        raise Overloaded("Another pack is being built. Wait a minute.", retry_after=60)
    async with _BUILDING:
        query = filters.query
        target = f"evidence:{query.since or ''}/{query.until or ''}"
        event_id = await visit.desk.journal.write(EventType.AUDIT_EXPORTED, visit.account, target)
        made = await asyncio.to_thread(_build, settings, query, event_id)
    headers = {
        **HEADERS,
        "content-length": str(made.size),
        "content-disposition": 'attachment; filename="cloakroom-evidence.zip"',
    }
    return StreamingResponse(_pieces(made.file), 200, headers, "application/zip")


def _check(url: str, filters: Filters) -> None:
    with open_log(url) as log:
        if log.latest_checkpoint() is None:
            raise RequestError("The log signs nothing yet, so that there is nothing to show.")
        if log.count(filters.query.since or "", filters.query.until or "") > MOST_RECORDS:
            raise RequestError(
                f"This period has more than {MOST_RECORDS:,} records: take a shorter one, or use "
                "cloakroom audit evidence."
            )


def _build(settings: Settings, query: Query, event_id: str) -> Pack:
    try:
        return _built(settings, query, event_id)
    except EvidenceError:
        raise Unavailable("The log does not hold: run cloakroom audit verify.") from None
    except OSError:
        raise Unavailable("The pack cannot be written: the disk may be full.") from None


def _built(settings: Settings, query: Query, event_id: str) -> Pack:
    """The pack. Blocks."""
    card, manifest = model_card()
    keys = _signing_keys(settings)
    inputs = Inputs(
        since=query.since or "",
        until=query.until or "",
        made_at=audit.timestamp(time.time_ns() // 1000),
        gateway=__version__,
        about=About(),
        card=card,
        model_manifest=manifest,
        rules_of=rules_of,
        api_keys=api_keys(settings.auth),
        signer=keys.ed25519 if keys else None,
        exported=event_id,
    )
    with tempfile.TemporaryDirectory(prefix="cloakroom-") as name:
        folder = Path(name) / "evidence"
        with open_log(settings.audit.url) as log:
            if keys is not None:
                wait_until_signed(log, event_id)
            write_pack(log, folder, inputs, lambda _done, _of: None)
        return _zipped(folder)


def _zipped(folder: Path) -> Pack:
    """The files of a folder as one, which has no name: it goes when nobody holds it any more."""
    file = tempfile.TemporaryFile(prefix="cloakroom-")  # noqa: SIM115 -- whoever sends it closes it
    try:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
            for one in sorted(folder.rglob("*")):
                if one.is_file():
                    made.write(one, one.relative_to(folder.parent))
        size = file.tell()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return Pack(file, size)


async def _pieces(file: BinaryIO) -> AsyncIterator[bytes]:
    with file:
        while piece := await asyncio.to_thread(file.read, _PIECE):
            yield piece


def _key_file(settings: Settings) -> Path | None:
    path = settings.audit.signing_key_file
    return path if path is not None and path.exists() else None


def _signing_keys(settings: Settings) -> SigningKeys | None:
    """The keys of the log, where this process has them; a pack without is not signed itself."""
    path = _key_file(settings)
    try:
        return None if path is None else load_signing_keys(path)
    except ConfigError:
        return None
