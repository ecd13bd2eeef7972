"""What policy says of one answer, carried out: where values come back, what new data becomes of.

The wire asks for a filter per text. Where policy reads answers for personal data that the model
itself produces, `scan` has detection read what the filters hold, before they let it go.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from gateway import metrics
from gateway.errors import DetectionUnavailable, GatewayError
from gateway.exchange import Caller, Progress
from gateway.masking.carrying import Asked
from gateway.masking.newdata import (
    UNREADABLE,
    FlaggingFilter,
    MaskingFilter,
    PlainFilter,
    Replace,
)
from gateway.masking.operators import CustomOperators, one_way, redacted
from gateway.masking.pointers import Guard, Steps, ToolGuard, steps
from gateway.masking.restore import Restorer, Tally, restore
from gateway.masking.strictest import type_of
from gateway.operator_kinds import KEEP
from gateway.policy.conditions import matches
from gateway.ports import Detector
from gateway.types import AnswerRules, NewData, Span
from gateway.wire.answers import AnswerContext, TextFilter, TextPlace, Thinking, Tool

HURRY_S: Final = 0.2
"""How long text may wait for the end of its sentence while more comes."""


class Answering:
    """The filters of one answer, and the reading of what they hold."""

    __slots__ = (
        "_asked",
        "_caller",
        "_detector",
        "_found",
        "_looked",
        "_progress",
        "_reading",
        "_replace",
        "_rules",
        "_seal",
    )  # fmt: skip

    def __init__(
        self,
        asked: Asked,
        caller: Caller,
        progress: Progress,
        detector: Detector,
        replace: Replace,
        seal: Callable[[bytes], str],
    ) -> None:
        self._asked = asked
        self._caller = caller
        self._progress = progress
        self._found = Counter[str]() if progress.new_data is None else progress.new_data
        self._detector = detector
        self._replace = replace
        self._seal = seal
        self._looked = time.monotonic()
        self._rules = asked.answers
        self._reading: list[FlaggingFilter | MaskingFilter] = []

    def __repr__(self) -> str:
        return f"Answering({len(self._reading)} texts)"

    @property
    def reads(self) -> bool:
        """Whether answers are read for new data at all."""
        return self._rules.new_data is not NewData.KEEP

    def context(self) -> AnswerContext:
        """What the wire needs to know of the request."""
        asked, tally = self._asked, self._progress.tally
        return AnswerContext(
            model=asked.model,
            request_id=self._caller.request_id,
            created=int(time.time()),
            json_content=asked.json_answer,
            wants_usage=asked.wants_usage,
            new_filter=self._new_filter,
            restored=lambda text: restore(text, asked.restoration, tally),
            hides_cached=self._rules.hides_cached,
            thinking=Thinking(self._seal, restores=self._rules.restores_thinking),
            asked=asked.document,
            answer_id=asked.answer_id,
        )

    async def scan(self) -> None:
        """Have detection read what could be let go, and all texts that have ended.

        Raises:
            DetectionUnavailable: it could not be read, so nothing more of the answer may go out.
        """
        now = time.monotonic()
        hurried = now - self._looked >= HURRY_S
        waiting = [(one, text) for one in self._reading if (text := one.unread(hurried=hurried))]
        if waiting or hurried:
            self._looked = now
        if waiting:
            found = await self._detect([text for _, text in waiting])
            before = self._found.total()
            for (one, _), spans in zip(waiting, found, strict=True):
                one.settle(spans, hurried=hurried)
            metrics.NEW_DATA.inc(self._found.total() - before)
        self._reading = [one for one in self._reading if not one.is_done]

    async def _detect(self, texts: Sequence[str]) -> Sequence[Sequence[Span]]:
        tenant = self._caller.subject.tenant
        try:
            found = await self._detector.detect(texts, tenant)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            failure = error
        else:
            return [
                () if text in self._asked.declared else [self._strictly(one) for one in spans]
                for text, spans in zip(texts, found, strict=True)
            ]
        if not isinstance(failure, GatewayError):
            failure = DetectionUnavailable("Detection failed, so the answer is withheld.")
        metrics.failed_closed(failure.code)
        raise failure from None

    def _strictly(self, span: Span) -> Span:
        """A finding under that of its types whose operator tells least, where it is masked."""
        if not span.parts or self._rules.new_data is not NewData.MASK:
            return span
        return replace(span, entity_type=type_of(span, self._rules.operator_for), parts=())

    def _new_filter(self, place: TextPlace) -> TextFilter:
        rules, found = self._asked.restoration, self._found
        guard = None if place.tool is None else self._guard(place.tool, is_json=place.is_json)
        tally = self._progress.tally
        # Without tokens nothing comes back; what is new is told apart by the tokens all the same.
        put_back = rules if place.restores else replace(rules, surfaces={})
        restorer = Restorer(put_back, tally, is_json=place.is_json, guard=guard)
        made: FlaggingFilter | MaskingFilter
        if self._rules.new_data is NewData.KEEP:
            return PlainFilter(restorer)
        if self._rules.new_data is NewData.FLAG:
            made = FlaggingFilter(restorer, rules, found, is_json=place.is_json)
        else:
            made = MaskingFilter(
                restorer,
                rules,
                self._replace,
                found,
                is_json=place.is_json,
                is_name=place.is_name,
            )
        self._reading.append(made)
        return made

    def _guard(self, tool: Tool, *, is_json: bool) -> Guard | None:
        """What keeps values out of a call's arguments, where policy says so of any."""
        tools, paths = self._rules.tools, self._rules.paths
        if tools is None and not paths:
            return None
        restoration = self._asked.restoration
        by_pattern = {pattern: tuple(map(steps, said)) for pattern, said in paths.items()}

        def name() -> str:
            return restore(tool.name, restoration, Tally())

        def is_open() -> bool:
            return tool.is_sure and matches(tools, name())

        def pointers() -> Sequence[Steps] | None:
            called = name()
            said = [by_pattern[one] for one in by_pattern if matches((one,), called)]
            if not said:
                return None
            # What is no JSON has no places.
            return [pointer for some in said for pointer in some] if is_json else ()

        return ToolGuard(is_open, pointers)


def replacing(rules: AnswerRules, key: bytes, custom: CustomOperators) -> Replace:
    """The operators for new data; `key` is that of the tenant's hashes.

    What is made raises `InternalError` where a user's own operator is missing or fails.
    """

    def replace(entity_type: str, text: str) -> str | None:
        use = rules.operator_for(entity_type)
        if entity_type == UNREADABLE:
            return redacted(entity_type)
        return None if use.name == KEEP else one_way(use, entity_type, text, key, custom)[1]

    return replace
