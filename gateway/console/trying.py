"""A text tried out: what would be found, decided, and leave. Nothing is stored or sent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

import orjson
from starlette.responses import Response

from gateway.audit.facts import EventType
from gateway.audit.grammar import IDENTIFIER, TENANT
from gateway.console.desk import Visit
from gateway.console.proposing import Stretch
from gateway.console.reading_feedback import encoded, listed, newlines, one_listed
from gateway.errors import GatewayError, NotFound, RequestError
from gateway.exchange import Caller, Preview
from gateway.settings import Settings
from gateway.types import Finding, Subject
from gateway.wire.families import CHAT

FORM_BYTES: Final = 262_144
_ANY_MODEL: Final = "model"


async def form(visit: Visit) -> Response:
    """An empty form."""
    return _page(visit, {}, "", None)


async def attempt(visit: Visit) -> Response:
    """What would be done with the text of the form. That somebody tried one goes on record."""
    text = newlines(visit.form.get("text", ""))
    given = {**visit.form, "text": text}
    tenant = given.get("tenant", "") or _tenant(visit)
    model = given.get("model", "") or first_model(visit.desk.settings)
    if not TENANT.fullmatch(tenant) or not IDENTIFIER.fullmatch(model):
        raise RequestError("This cannot be a tenant or a model.")
    if not visit.account.sees(tenant):
        raise NotFound("There is no such page.", code="no-tenant")
    await visit.desk.journal.write(EventType.AUDIT_VIEWED, visit.account, "try", tenant)
    message = {"role": "user", "content": text}
    body = orjson.dumps({"model": model, "messages": [message]})
    caller = Caller(Subject(tenant, "console"), "req_console")
    try:
        preview = await visit.desk.preview(body, caller, CHAT)
    except GatewayError as error:
        return _page(visit, given, error.message, None)
    return _page(visit, given, "", shown(preview) | judgeable(preview, text))


def _page(visit: Visit, given: Any, message: str, result: dict[str, Any] | None) -> Response:
    return visit.page(
        "try.html",
        400 if message else 200,
        message=message,
        text=given.get("text", ""),
        tenant=given.get("tenant", "") or _tenant(visit),
        model=given.get("model", "") or first_model(visit.desk.settings),
        tenants=sorted(visit.account.tenants),
        result=result,
    )


def _tenant(visit: Visit) -> str:
    return min(visit.account.tenants, default="default")


def first_model(settings: Settings) -> str:
    """The first model that is configured by its own name; any will do where none is."""
    named = (name for one in settings.upstreams for name in (*one.model_map, *one.models))
    return next((name for name in named if not set("*?[") & set(name)), _ANY_MODEL)


def shown(preview: Preview) -> dict[str, Any]:
    """A preview for the template: texts in pieces, findings, the decision, what would leave."""
    decision, leaves = preview.decision, preview.parsed.leaves
    found: defaultdict[int, list[Finding]] = defaultdict(list)
    for one in preview.findings:
        found[one.leaf].append(one)
    masked = preview.masked
    body = None if masked is None else orjson.loads(masked.body)
    return {
        "texts": [pieces(leaves[leaf].text, found[leaf]) for leaf in sorted(found)],
        "findings": [
            (one.entity_type, leaves[one.leaf].text[one.start : one.end], one.score, one.recognizer)
            for one in preview.findings
        ],
        "effect": decision.effect.value,
        "denied": not decision.candidates,
        "rules": list(decision.rule_ids),
        "reason": decision.reason,
        "policy": decision.policy_id,
        "upstream": decision.candidates[0].name if decision.candidates else "",
        "languages": sorted(preview.detected.languages),
        "unsupported": sorted(preview.detected.unsupported_languages),
        "leaves": None if body is None else orjson.dumps(body, option=orjson.OPT_INDENT_2).decode(),
    }


def judgeable(preview: Preview, text: str) -> dict[str, Any]:
    """What a form needs that says of a finding in the text that it is wrong, or was missed."""
    leaves = preview.parsed.leaves
    found = [
        Stretch(one.start, one.end, one.entity_type) if leaves[one.leaf].text == text else None
        for one in preview.findings
    ]
    languages = sorted(preview.detected.languages)
    return {
        "marks": ["" if one is None else one_listed(one) for one in found],
        "stretches": listed(one for one in found if one is not None),
        "text64": encoded(text),
        "language": languages[0] if len(languages) == 1 else "",
    }


def pieces(text: str, findings: Sequence[Finding]) -> list[tuple[str, str]]:
    """The text cut at its findings: each piece with its entity type, "" where it has none."""
    made, at = [], 0
    for one in sorted(findings, key=lambda finding: finding.start):
        if one.start > at:
            made.append((text[at : one.start], ""))
        made.append((text[max(at, one.start) : one.end], one.entity_type))
        at = max(at, one.end)
    if at < len(text):
        made.append((text[at:], ""))
    return made
