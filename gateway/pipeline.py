"""The pipeline: `admit` and `answer`, each stage in order, top to bottom.

    admit:  wire -> detect -> decide -> mask -> record(accepted)
    answer: upstream -> detect new data -> restore -> record(closed) -> the last byte to the client

The order is the guarantee. Nothing is sent before the accepted record is durable, and the last
event of an answer goes out only after the closing record. Whatever fails, fails closed.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

import orjson

from gateway import metrics
from gateway.admission import (
    as_stored,
    conversation,
    request_facts,
    without_dropped,
)
from gateway.answering import Answering, replacing
from gateway.audit import record as audit
from gateway.audit.facts import Accepted, Closed, Outcome, model_name
from gateway.detecting import Detecting, aside
from gateway.detection.language.exchange import LanguageReader
from gateway.errors import NotFound, PolicyDenied
from gateway.exchange import (
    Admitted,
    Caller,
    Detected,
    Preview,
    Progress,
    actor,
    context_facts,
    count_entities,
    decided_headers,
    detection_facts,
    origin,
    policy_facts,
    reference,
    transform_facts,
)
from gateway.keeping import Keeping, keeping
from gateway.keyring import derive
from gateway.masking.carrying import Asked
from gateway.masking.mask import MaskedRequest, MaskingKeys, mask, scope_key
from gateway.masking.operators import CustomOperators
from gateway.policy.decide import decide, in_force
from gateway.policy.model import Policy
from gateway.ports import Detector, Reply, Upstream
from gateway.recording import Closing, Recorder
from gateway.routing.candidates import candidates, is_configured, no_such_model
from gateway.routing.dispatch import Dispatcher
from gateway.sending import ask, choices, events, first_of, hiding, tokens, whole
from gateway.settings import Settings
from gateway.settings import Upstream as UpstreamSettings
from gateway.state import States, Stored, new_name, nothing_stored, unknown
from gateway.types import Candidate, Decision, Finding, LeafKind, NewData, Parsed, Span
from gateway.vault.sealing import SALT_BYTES, Sealer, context
from gateway.wire.body import parse_body
from gateway.wire.family import Codec


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The stages with what they stand on. Shared by all requests; holds nothing of any."""

    settings: Settings
    detector: Detector
    languages: LanguageReader
    entity_types: frozenset[str]
    upstreams: Mapping[str, Upstream]
    recorder: Recorder
    policy: Callable[[], Policy]
    operators: CustomOperators = field(default_factory=dict)
    classifier: str = ""  # the digest of our own models, for the record
    states: States | None = None
    dispatcher: Dispatcher = field(default_factory=Dispatcher)

    @property
    def _detecting(self) -> Detecting:
        return Detecting(self.detector, self.languages, self.settings.detection.languages)

    # ---- admit -------------------------------------------------------------------------------

    async def admit(
        self, raw: bytes, caller: Caller, codec: Codec, *, among: Collection[str] | None = None
    ) -> Admitted:
        """Take a request as far as it may go without a byte leaving.

        With `among`, it may go to no other than these upstreams.

        Raises:
            RequestError: the body cannot be served, or policy denies it.
            DetectionUnavailable, AuditUnavailable: a stage failed; nothing was sent.
        """
        started = time.monotonic()
        policy = self.policy()
        parsed = await aside(len(raw), self._parse, raw, policy, caller, codec)
        previous = await self._previous(caller, parsed)
        scope = conversation(caller, parsed, None if previous is None else previous.scope)
        offered = _offered(self._upstreams(among, previous), parsed, caller)
        known = replace(
            self._known(caller, codec, parsed, scope),
            parent_id="" if previous is None else previous.request_id,
            context=context_facts(caller, parsed, offered),
        )

        detected = await self._detecting.on_record(parsed, known, self.recorder, len(raw))
        self._check_model(parsed, detected.findings)
        entities = count_entities(parsed.leaves, detected.findings)
        detect_ms = round((time.monotonic() - started) * 1000)
        detection = detection_facts(
            parsed, detected, entities, detect_ms,
            settings=self.settings.detection, classifier=self.classifier,
        )  # fmt: skip

        decision = decide(policy, request_facts(caller, parsed, detected), offered)
        known = replace(known, detection=detection, policy=policy_facts(decision, entities))
        kept = await aside(len(raw), self._keeping, parsed, detected, decision, known, previous)
        if not decision.candidates:
            await self._deny(known, decision, started, kept)
        carried_out = hiding(in_force(decision), self.settings.upstreams)

        masked = await aside(
            len(raw), self._mask, codec, parsed, detected, carried_out, caller, scope, previous
        )
        body = masked.body
        nonce = secrets.token_bytes(audit.NONCE_BYTES)
        accepted = replace(
            known,
            upstream_id=decision.candidates[0].name,
            upstream_class=decision.upstream_class,
            routing=first_of(decision, self.settings.upstreams),
            transform=transform_facts(masked),
            masked_request=audit.commitment(nonce, body),
        )
        beside = None if kept is None else partial(kept.request, raw=raw, masked=body)
        audit_id = await self.recorder.accepted(accepted, beside)
        _count(masked)
        return Admitted(
            caller, codec, parsed, decision, carried_out, masked, accepted, audit_id,
            entities, detect_ms, started, keeping=kept, scope=scope,
            answer_id="" if self.states is None else new_name(parsed, carried_out),
        )  # fmt: skip

    async def _previous(self, caller: Caller, parsed: Parsed) -> Stored | None:
        """The stored answer that a request goes on with."""
        if not parsed.previous:
            return None
        found = None if self.states is None else await self.states.find(caller, parsed.previous)
        if found is None:
            offered = {one.name for one in _offered(self.settings.upstreams, parsed, caller)}
            served_by = [one for one in self.settings.upstreams if one.name in offered]
            stores = any(one.stores_answers for one in served_by)
            raise _no_previous() if stores else nothing_stored()
        return found

    def _upstreams(
        self, among: Collection[str] | None, previous: Stored | None
    ) -> tuple[UpstreamSettings, ...]:
        every = self.settings.upstreams
        if previous is not None:  # nobody else has what the request goes on with
            every = tuple(one for one in every if one.name == previous.upstream)
        return every if among is None else tuple(one for one in every if one.name in among)

    def _parse(self, raw: bytes, policy: Policy, caller: Caller, codec: Codec) -> Parsed:
        document = parse_body(raw, self.settings.limits.depth)
        opened = codec.opened(document, self._sealer(caller).open_text)
        return without_dropped(opened, policy, codec.parse)

    async def preview(self, raw: bytes, caller: Caller, codec: Codec) -> Preview:
        """What `admit` would do with a request; nothing is recorded and nothing may be sent.

        Raises:
            RequestError, DetectionUnavailable: as `admit`.
        """
        policy = self.policy()
        parsed = self._parse(raw, policy, caller, codec)
        scope = conversation(caller, parsed)
        offered = _offered(self.settings.upstreams, parsed, caller)
        detected = await self._detecting.find(parsed, caller.subject.tenant, len(raw))
        decision = decide(policy, request_facts(caller, parsed, detected), offered)
        masked = None
        if decision.candidates:
            masked = self._mask(codec, parsed, detected, in_force(decision), caller, scope)
        return Preview(parsed, detected, decision, masked)

    def _mask(
        self,
        codec: Codec,
        parsed: Parsed,
        detected: Detected,
        carried_out: Decision,
        caller: Caller,
        scope: bytes,
        previous: Stored | None = None,
    ) -> MaskedRequest:
        if previous is not None and not carried_out.keeps_state:
            raise _no_previous()
        found = detected.findings
        return mask(
            as_stored(parsed, carried_out, "" if previous is None else previous.state_id),
            found,
            carried_out,
            self._keys(caller, scope),
            path=codec.path,
            entity_types=self.entity_types
            | {each.entity_type for one in found for each in one.told},
            custom=self.operators,
            allowed_hosts=carried_out.answers.hosts,
            language=next(iter(detected.languages)) if len(detected.languages) == 1 else "",
            carried=None if previous is None else previous.asked.restoration,
        )

    def _check_model(self, parsed: Parsed, found: list[Finding]) -> None:
        """A model's name that holds personal data is no model's name, unless we named it so."""
        personal = any(
            parsed.leaves[one.leaf].kind is LeafKind.MODEL
            and not _may_name_a_model(each, parsed.leaves[one.leaf].text)
            for one in found
            for each in one.told
        )
        if personal and not is_configured(self.settings.upstreams, parsed.model):
            raise no_such_model()

    def _keeping(
        self,
        parsed: Parsed,
        detected: Detected,
        decision: Decision,
        known: Accepted,
        previous: Stored | None,
    ) -> Keeping | None:
        return keeping(
            decision, parsed.leaves, detected.findings, master=self.settings.master_key,
            tenant=known.tenant, request_id=known.request_id,
            carried=() if previous is None else previous.asked.restoration.typed(),
        )  # fmt: skip

    async def _deny(
        self, known: Accepted, decision: Decision, started: float, kept: Keeping | None
    ) -> None:
        end = Closed(outcome=Outcome.DENIED, http_status=403, error_code="policy_denied")
        beside = None if kept is None else lambda _: kept.denial()
        audit_id = await self.recorder.ended(known, end, beside)
        family = known.context.family if known.context else ""
        metrics.request_ended(family, decision.effect.value, "denied", time.monotonic() - started)
        entities = known.detection.entities if known.detection else {}
        raise PolicyDenied(decision.reason, headers=decided_headers(decision, entities, audit_id))

    def _known(self, caller: Caller, codec: Codec, parsed: Parsed, scope: bytes) -> Accepted:
        subject = caller.subject
        master = self.settings.master_key
        ref = reference(master, "actor-ref", subject.tenant, subject.principal.encode())
        return Accepted(
            request_id=caller.request_id,
            tenant=subject.tenant,
            actor=actor(subject, ref),
            origin=origin(self.settings.digest),
            endpoint=codec.endpoint,
            operation=codec.operation,
            stream=parsed.stream,
            model_requested=model_name(parsed.model),
            conversation_ref=reference(master, "conversation-ref", subject.tenant, scope),
        )

    def _keys(self, caller: Caller, scope: bytes) -> MaskingKeys:
        subject = caller.subject
        tenant_key = derive(self.settings.master_key, "placeholders", subject.tenant)
        return MaskingKeys(
            scope=scope_key(tenant_key, subject.principal, scope),
            hashes=derive(self.settings.master_key, "hashes", subject.tenant),
            tenant=derive(self.settings.master_key, "operators", subject.tenant),
        )

    def _sealer(self, caller: Caller) -> Sealer:
        """Seals what the caller keeps for the provider, and opens it when it comes back."""
        subject = caller.subject
        key = derive(self.settings.master_key, "vault", subject.tenant)
        return Sealer(key, context("kept by caller", subject.tenant, subject.principal))

    # ---- answer ------------------------------------------------------------------------------

    async def complete(self, admitted: Admitted) -> bytes:
        """Ask the upstream and give the whole answer, restored and on record.

        Raises:
            UpstreamFailed: there is no usable answer.
            DetectionUnavailable: policy has answers read for new data, and that failed.
            AuditUnavailable: the closing record could not be written; the answer is withheld.
        """
        progress = _progress(admitted)
        async with (
            Closing(self.recorder, admitted, progress),
            self._asking(admitted, progress) as reply,
        ):
            answer = await whole(reply, progress)
            asked, caller = admitted.asked(), admitted.caller
            restored = await self.restored(answer, admitted.codec, asked, caller, progress)
            await self._keep_state(admitted, progress)
        return orjson.dumps(restored)

    async def restored(
        self, answer: Any, codec: Codec, asked: Asked, caller: Caller, progress: Progress
    ) -> dict[str, Any]:
        """A whole answer of an upstream as the caller is given it. Raises as `complete`."""
        answering = self._answering(asked, caller, progress)
        made = codec.whole(answer, answering.context(), progress.facts)
        await answering.scan()
        return made.give()

    async def stream(self, admitted: Admitted) -> AsyncGenerator[bytes, None]:
        """Ask the upstream and give the answer's events as they come, restored.

        Nothing is yielded before the upstream has answered. Raises as `complete`; leaving the
        iterator early closes the upstream and puts the request on record as aborted.
        """
        progress = _progress(admitted)
        answering = self._answering(admitted.asked(), admitted.caller, progress)
        stream = admitted.stream_of(answering.context(), progress.facts)
        async with (
            Closing(self.recorder, admitted, progress),
            self._asking(admitted, progress) as reply,
        ):
            async for block in events(reply, stream, answering, progress):
                yield block
            await self._keep_state(admitted, progress)
        yield stream.last()

    async def _keep_state(self, admitted: Admitted, progress: Progress) -> None:
        if self.states is not None:
            await self.states.keep(admitted, progress.facts.state_id)

    def _answering(self, asked: Asked, caller: Caller, progress: Progress) -> Answering:
        hashes = derive(self.settings.master_key, "hashes", caller.subject.tenant)
        replace_new = replacing(asked.answers, hashes, self.operators)
        sealer = self._sealer(caller)
        return Answering(
            asked, caller, progress, self.detector, replace_new,
            seal=lambda text: sealer.seal_text(text, secrets.token_bytes(SALT_BYTES)),
        )  # fmt: skip

    def _asking(self, admitted: Admitted, progress: Progress) -> AbstractAsyncContextManager[Reply]:
        asked = ask(admitted, self.settings.master_key)
        left = choices(admitted.decision, self.settings.upstreams, self.upstreams)
        return self.dispatcher.asking(asked, left, admitted.route, partial(tokens, progress))


def _offered(
    upstreams: Sequence[UpstreamSettings], parsed: Parsed, caller: Caller
) -> tuple[Candidate, ...]:
    return candidates(upstreams, parsed.model, parsed.family, caller.subject.tenant)


_NAMES: Final = frozenset({"PERSON", "LOCATION", "ORGANIZATION"})


def _may_name_a_model(found: Finding | Span, text: str) -> bool:
    """A date, or one word that is a name elsewhere: models are called Gemma, Mistral, Dolly."""
    is_word = found.entity_type in _NAMES and text[found.start : found.end].isalnum()
    return is_word or found.entity_type == "DATE_TIME"


def _count(masked: MaskedRequest) -> None:
    for (entity_type, operator), count in masked.counts.items():
        metrics.entities_found(entity_type, operator, count)
    metrics.placeholders(issued=masked.restoration.issued)


def _progress(admitted: Admitted) -> Progress:
    nonce = secrets.token_bytes(audit.NONCE_BYTES)
    reads = admitted.carried_out.answers.new_data is not NewData.KEEP
    progress = Progress(nonce, time.monotonic(), new_data=admitted.new_data if reads else None)
    if admitted.keeping is not None and admitted.keeping.key is not None:
        progress.kept = bytearray()
    return progress


def _no_previous() -> NotFound:
    return unknown("previous_response_id", "previous_response_not_found")
