"""The policy in force, those before it, and what changed between them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import Response

from gateway.audit import grammar
from gateway.audit.facts import EventType
from gateway.audit.reading import PolicyFile, open_log
from gateway.audit.search import Query, open_search
from gateway.console.asides import work_out
from gateway.console.desk import Visit
from gateway.console.differing import compared
from gateway.errors import NotFound

MOST: Final = 200
"""Records of either type that the history is made of, the newest."""

_MOST_MEANINGS: Final = 32
_MEANINGS: Final[dict[tuple[str, str], dict[str, Any]]] = {}


@dataclass(frozen=True, slots=True)
class InForce:
    """When a policy came into force, and by which record; the same one may do so often."""

    sha256: str
    ts: str
    event_id: str


async def history(visit: Visit) -> Response:
    """The policies that were in force, the newest first."""
    await visit.desk.journal.write(EventType.AUDIT_VIEWED, visit.account, "policies")
    url = visit.desk.settings.audit.url
    found = await asyncio.to_thread(in_force, url)
    return visit.page("policies.html", current=visit.desk.policy(), history=found)


def in_force(url: str) -> list[InForce]:
    """Changes only: that a process started with the policy that was in force is none."""
    with open_search(url) as log:
        records = [
            one
            for kind in (EventType.POLICY_LOADED, EventType.POLICY_CHANGED)
            for one in log.page(Query(type=kind.value), limit=MOST).records
        ]
    steps: list[InForce] = []
    for one in sorted(records, key=lambda record: str(record["ts"])):
        sha256 = str(one.get("target", ""))
        if not steps or steps[-1].sha256 != sha256:
            steps.append(InForce(sha256, str(one["ts"]), str(one["event_id"])))
    return steps[::-1]


async def policy(visit: Visit) -> Response:
    """The files of one policy, or with `against` what it changed of another one.

    Raises:
        NotFound: there is none of this digest.
    """
    sha256 = visit.request.path_params["sha256"]
    against = visit.request.query_params.get("against", "")
    url = visit.desk.settings.audit.url
    files = await asyncio.to_thread(kept_files, url, sha256)
    older = await asyncio.to_thread(kept_files, url, against) if against else None
    target = f"policy/{sha256[:16]}" + (f"/{against[:16]}" if against else "")
    await visit.desk.journal.write(EventType.AUDIT_VIEWED, visit.account, target)
    meaning = _MEANINGS.get((against, sha256))
    if older is not None and meaning is None and "meaning" in visit.request.query_params:
        meaning = await _meant(against, older, sha256, files)
    return visit.page(
        "policy.html",
        sha256=sha256,
        against=against,
        files=files,
        changes=None if older is None else compared(older, files),
        meaning=meaning,
        current=visit.desk.policy(),
    )


async def _meant(
    against: str, older: list[PolicyFile], sha256: str, files: list[PolicyFile]
) -> dict[str, Any]:
    """What the newer policy sends more, and less. Two policies never come to differ otherwise, so
    that it is worked out once."""
    job = {
        "task": "compare",
        "policy": {"files": as_texts(files)},
        "against": {"files": as_texts(older)},
        "base": [],
    }
    found = await work_out(job)
    while len(_MEANINGS) >= _MOST_MEANINGS:
        _MEANINGS.pop(next(iter(_MEANINGS)))
    _MEANINGS[against, sha256] = found
    return found


def as_texts(files: list[PolicyFile]) -> list[list[str]]:
    """Names and texts, for a job."""
    return [[one.name, one.text] for one in files]


def kept_files(url: str, sha256: str) -> list[PolicyFile]:
    """The files of the policy with this digest. Raises `NotFound`. Blocks."""
    found = None
    if grammar.SHA256_HEX.fullmatch(sha256):
        with open_log(url) as log:
            found = log.policy(sha256)
    if found is None:
        raise NotFound("This policy is not kept.", code="no-policy")
    return found
