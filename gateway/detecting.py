"""The detection stage of an exchange: what is in a request, in which languages, or no answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final, ParamSpec, TypeVar

from gateway import metrics
from gateway.admission import is_prose
from gateway.audit.facts import Accepted, Closed, Outcome
from gateway.detection.coreference import with_mentions
from gateway.detection.language.exchange import LanguageReader
from gateway.detection.segments import findings as placed_findings
from gateway.detection.segments import segments
from gateway.errors import DetectionUnavailable, GatewayError
from gateway.exchange import Detected
from gateway.ports import Detector
from gateway.recording import Recorder
from gateway.types import Parsed

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

LARGE: Final = 65_536  # bytes of a body from which pure work leaves the event loop


@dataclass(frozen=True, slots=True)
class Detecting:
    """Detection with the languages in which names can be looked for."""

    detector: Detector
    languages: LanguageReader
    supported: Collection[str]

    async def find(self, parsed: Parsed, tenant: str, size: int) -> Detected:
        """The findings of all leaves in order, and the languages of its prose.

        `size` is that of the body, in bytes. Whatever the detector raises comes through.
        """
        read = await aside(size, segments, parsed.leaves)
        spans = await self.detector.detect([part.text for part in read], tenant)
        found = await aside(size, placed_findings, parsed.leaves, read, spans)
        prose = [part.text for part in read if is_prose(part, parsed.leaves)]
        spoken = await self.languages.read(prose, tenant)
        return Detected(
            await aside(size, with_mentions, parsed.leaves, found),
            spoken,
            spoken - frozenset(self.supported),
            len(read),
        )

    async def on_record(
        self, parsed: Parsed, known: Accepted, recorder: Recorder, size: int
    ) -> Detected:
        """As `find`; where it fails, that is put on record.

        Raises:
            DetectionUnavailable: a text could not be read; nothing was sent.
            AuditUnavailable: nor could that be recorded.
        """
        begun = time.monotonic()
        try:
            detected = await self.find(parsed, known.tenant, size)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            failure = error
        else:
            metrics.DETECTION_SECONDS.observe(time.monotonic() - begun)
            return detected
        if not isinstance(failure, GatewayError):
            failure = DetectionUnavailable("Detection failed, so nothing was sent.")
        metrics.failed_closed(failure.code)
        end = Closed(outcome=Outcome.FAILED, http_status=failure.status, error_code=failure.code)
        await recorder.ended(known, end)
        raise failure from None


async def aside(
    size: int, work: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Result:
    """Do pure work here, or in a thread where it would keep other requests waiting."""
    if size < LARGE:
        return work(*args, **kwargs)
    return await asyncio.to_thread(work, *args, **kwargs)
