"""What cannot be checked, or may not be sent, whatever the rules say. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from gateway.policy.model import Embeddings, Handling, Media, UnknownFields, UnsupportedLanguages
from gateway.types import Family, RequestFacts, UpstreamClass


@dataclass(frozen=True, slots=True)
class Limit:
    """Why an upstream is closed although no rule closes it: a stable code, and two sentences.

    The caller who is denied reads `reason`; `detail` is for whoever asks for an explanation.
    """

    code: str
    reason: str
    detail: str
    holds: Callable[[Handling, RequestFacts, UpstreamClass], bool]


def _media(handling: Handling, facts: RequestFacts, towards: UpstreamClass) -> bool:
    external = towards is UpstreamClass.EXTERNAL
    return facts.has_media and (
        handling.media is Media.DENY or (external and handling.media is Media.ON_PREM_ONLY)
    )


def _embeddings(handling: Handling, facts: RequestFacts, towards: UpstreamClass) -> bool:
    return (
        facts.family is Family.EMBEDDINGS
        and towards is UpstreamClass.EXTERNAL
        and handling.embeddings is Embeddings.ON_PREM_ONLY
    )


def _language(handling: Handling, facts: RequestFacts, towards: UpstreamClass) -> bool:
    said = handling.unsupported_languages
    external = towards is UpstreamClass.EXTERNAL
    return bool(facts.unsupported_languages) and (
        said is UnsupportedLanguages.DENY
        or (external and said is UnsupportedLanguages.ON_PREM_ONLY)
    )


def _hosted_tool(handling: Handling, facts: RequestFacts, towards: UpstreamClass) -> bool:
    return towards is UpstreamClass.EXTERNAL and not facts.hosted_tools <= handling.hosted_tools


def _unknown_field(handling: Handling, facts: RequestFacts, _: UpstreamClass) -> bool:
    return facts.has_unknown_fields and handling.unknown_fields is UnknownFields.REFUSE


LIMITS: Final = (
    Limit(
        "media",
        "Images, audio and files cannot be checked, so policy does not let them go there.",
        "media cannot be checked",
        _media,
    ),
    Limit(
        "embeddings",
        "Policy has embeddings made on the premises only.",
        "embeddings are made on the premises only",
        _embeddings,
    ),
    Limit(
        "unsupported_language",
        "Names cannot be looked for in a language of this text, so policy does not let it go"
        " there.",
        "names cannot be looked for in a language of the text",
        _language,
    ),
    Limit(
        "hosted_tool",
        "Policy does not allow a tool of this request that the provider would run.",
        "a tool that the provider would run is not allowed",
        _hosted_tool,
    ),
    Limit(
        "unknown_field",
        "The request holds a field that the gateway does not know, and policy refuses those.",
        "unknown fields are refused",
        _unknown_field,
    ),
)


def limit_for(handling: Handling, facts: RequestFacts, towards: UpstreamClass) -> Limit | None:
    """The first limit that closes upstreams of a class to a request, if any."""
    return next((one for one in LIMITS if one.holds(handling, facts, towards)), None)
