"""What `admit` asks of a request on its way: small pure steps between the stages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256

from gateway.detection.segments import Segment
from gateway.errors import RequestError
from gateway.exchange import Caller, Detected, band_counts
from gateway.policy.model import Logprobs, Policy, Shadow, UnknownFields
from gateway.types import Decision, Json, Leaf, LeafKind, Parsed, RequestFacts
from gateway.wire.body import without

LONGEST_CONVERSATION = 128  # characters of the header x-cloakroom-conversation


def conversation(caller: Caller, parsed: Parsed, before: bytes | None = None) -> bytes:
    """What names the conversation: the caller's header, else what names the one that the request
    goes on with, else its own opening.

    Raises:
        RequestError: the header is too long.
    """
    named = caller.conversation
    if named is None and before is not None:
        return before
    if named is None:
        return b"opening:" + sha256(parsed.opening).digest()
    if len(named) > LONGEST_CONVERSATION:
        raise RequestError(
            f"x-cloakroom-conversation must have at most {LONGEST_CONVERSATION} characters.",
            code="invalid_conversation",
        )
    return b"header:" + named.encode("utf-8", "surrogatepass")


def is_prose(segment: Segment, leaves: Sequence[Leaf]) -> bool:
    """Whether a text is one that somebody wrote; what is read at a seam stands in others, too."""
    return not segment.is_seam and any(
        leaves[leaf].kind is LeafKind.PROSE for leaf, *_ in segment.parts
    )


def as_stored(parsed: Parsed, decision: Decision, previous: str = "") -> Parsed:
    """The request with the fields that we set: the provider stores nothing that policy forbids,
    and goes on with the answer that it has stored under the id `previous`."""
    fields = dict(parsed.fields)
    if previous:
        fields["previous_response_id"] = previous
    if decision.keeps_state:
        fields.pop("store", None)
    return replace(parsed, fields=fields)


def without_dropped(
    document: dict[str, Json], policy: Policy, parse: Callable[[dict[str, Json]], Parsed]
) -> Parsed:
    """A request taken apart, without the members that policy drops.

    Raises:
        RequestError: it cannot be taken apart, or it asks for log probabilities or token ids and
            policy refuses them.
    """
    parsed = parse(document)
    handling = policy.handling
    if parsed.logprobs and handling.logprobs is Logprobs.REFUSE:
        name = str(parsed.logprobs[0][0])  # of a fixed vocabulary
        raise RequestError(
            f"`{name}` cannot be used: it would give the masked text back in pieces.",
            code="unsupported_parameter",
            param=name,
        )
    drops = handling.unknown_fields is UnknownFields.DROP and policy.shadow is Shadow.OFF
    dropped = (*parsed.logprobs, *(parsed.unknown if drops else ()))
    return parse(without(document, dropped)) if dropped else parsed


def request_facts(caller: Caller, parsed: Parsed, detected: Detected) -> RequestFacts:
    """What policy may know of a request."""
    subject = caller.subject
    return RequestFacts(
        tenant=subject.tenant,
        roles=subject.roles,
        tags=subject.tags,
        family=parsed.family,
        model=parsed.model,
        entities=band_counts(parsed.leaves, detected.findings),
        languages=detected.languages,
        unsupported_languages=detected.unsupported_languages,
        has_media=parsed.has_media,
        has_unknown_fields=bool(parsed.unknown),
        hosted_tools=parsed.hosted_tools,
    )
