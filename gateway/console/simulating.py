"""What another policy would have done with the requests on record; nothing of it is stored."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response

from gateway.audit import grammar
from gateway.audit.facts import EventType
from gateway.audit.reading import open_log
from gateway.console.asides import work_out
from gateway.console.desk import Visit
from gateway.console.filters import Filters, read_filters
from gateway.console.policies import as_texts, in_force, kept_files
from gateway.errors import NotFound, RequestError
from gateway.policy.shipped import shipped_policies

FORM_BYTES: Final = 262_144
PASTED: Final = "pasted"
_SHIPPED: Final = "shipped:"
_MOST_VERSIONS: Final = 20


async def form(visit: Visit) -> Response:
    """What can be simulated."""
    await visit.desk.journal.write(EventType.AUDIT_VIEWED, visit.account, "simulate")
    given = {"candidate": visit.request.query_params.get("candidate", "")}
    return await _page(visit, given)


async def simulate(visit: Visit) -> Response:
    """What the policy of the form would have done.

    Raises:
        NotFound: the tenant is not one of the account's, or there is no such policy.
        Overloaded: somebody else's is being worked out.
        Unavailable: it took too long.
    """
    given = visit.form
    try:
        period = {name: given.get(name, "") for name in ("since", "until", "tenant")}
        filters = read_filters(period, visit.account)
        candidate = await _candidate(visit, given)
    except NotFound:
        raise
    except RequestError as error:
        return await _page(visit, given, message=error.message)
    tenant = filters.query.tenant or ""
    target = f"simulate/{given['candidate'][:32]}"
    await visit.desk.journal.write(EventType.AUDIT_SEARCHED, visit.account, target, tenant)
    job = await asyncio.to_thread(_job, visit, filters, candidate)
    return await _page(visit, given, result=await work_out(job))


def _job(visit: Visit, filters: Filters, candidate: Mapping[str, Any]) -> dict[str, Any]:
    url, query = visit.desk.settings.audit.url, filters.query
    with open_log(url) as log:
        base = log.policy(visit.desk.policy()) or []
    return {
        "task": "simulate",
        "policy": candidate,
        "base": as_texts(base),
        "url": url,
        "since": query.since,
        "until": query.until,
        "tenants": [query.tenant] if query.tenant else [],
    }


async def _candidate(visit: Visit, given: Mapping[str, str]) -> dict[str, Any]:
    """The policy that the form names, for a job.

    Raises:
        RequestError: it names none, or the text is empty.
        NotFound: there is none of this digest.
    """
    chosen = given.get("candidate", "")
    if chosen == PASTED:
        text = given.get("text", "")
        if not text.strip():
            raise RequestError("Paste a policy, or choose one.")
        return {"pasted": text}
    name = chosen.removeprefix(_SHIPPED)
    if chosen != name and name in shipped_policies():
        return {"shipped": name}
    if not grammar.SHA256_HEX.fullmatch(chosen):
        raise RequestError("Choose a policy, or paste one.")
    files = await asyncio.to_thread(kept_files, visit.desk.settings.audit.url, chosen)
    return {"files": as_texts(files)}


async def _page(
    visit: Visit,
    given: Mapping[str, str],
    *,
    message: str = "",
    result: Mapping[str, Any] | None = None,
) -> Response:
    found = await asyncio.to_thread(in_force, visit.desk.settings.audit.url)
    versions = list(dict.fromkeys(one.sha256 for one in found))[:_MOST_VERSIONS]
    chosen = given.get("candidate", "")
    if grammar.SHA256_HEX.fullmatch(chosen) and chosen not in versions:
        versions.append(chosen)
    return visit.page(
        "simulate.html",
        400 if message or (result and result.get("problems")) else 200,
        message=message,
        versions=versions,
        current=visit.desk.policy(),
        shipped=[(_SHIPPED + name, name) for name in shipped_policies()],
        chosen=chosen or PASTED,
        given={name: given.get(name, "") for name in ("text", "since", "until", "tenant")},
        tenants=sorted(visit.account.tenants),
        result=result,
    )
