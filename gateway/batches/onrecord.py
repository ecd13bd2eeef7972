"""Puts on record what sends no text itself: a batch that is started, a file that is fetched."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from gateway.audit.facts import Accepted, Closed, Outcome
from gateway.errors import GatewayError, InternalError
from gateway.recording import CLIENT_GONE, Recorder

End = Callable[[Outcome, int, str], Closed]


def plain_end(outcome: Outcome, status: int, code: str) -> Closed:
    """An end of which there is nothing more to say."""
    return Closed(outcome=outcome, http_status=status, error_code=code)


@asynccontextmanager
async def on_record(
    recorder: Recorder, known: Accepted, end: End = plain_end
) -> AsyncIterator[None]:
    """An exchange around a block: accepted before it, closed after it, however it is left.

    Raises:
        AuditUnavailable: one of the records could not be written.
    """
    await recorder.accepted(known)
    try:
        yield
    except GatewayError as error:
        await _close(recorder, known, end(Outcome.FAILED, error.status, error.code))
        raise
    except Exception:
        await _close(recorder, known, end(Outcome.FAILED, 500, "internal_error"))
        raise InternalError("The gateway failed.") from None
    except BaseException:
        # Cancelled, or the iterator was left: the caller is gone, the record must not be.
        await _close(recorder, known, end(Outcome.ABORTED, CLIENT_GONE, "client_gone"))
        raise
    await _close(recorder, known, end(Outcome.COMPLETED, 200, ""))


async def _close(recorder: Recorder, known: Accepted, end: Closed) -> None:
    """Once begun, the record is written to its end, whoever leaves meanwhile."""
    writing = asyncio.ensure_future(recorder.ended(known, end))
    try:
        await asyncio.shield(writing)
    except asyncio.CancelledError:
        await writing
        raise
