"""Runs what keeps a core busy in a process of its own, one at a time, and not for ever."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Mapping
from typing import Any, Final

import orjson

from gateway.errors import AuditUnavailable, Overloaded, Unavailable

MOST_SECONDS: Final = 75.0
_MODULE: Final = "gateway.console.replaying"
_KEPT: Final = ("PATH", "PYTHONPATH", "VIRTUAL_ENV", "LANG", "LC_ALL", "TMPDIR", "HOME")
_ONE: Final = asyncio.Semaphore(1)


async def work_out(job: Mapping[str, Any], seconds: float = MOST_SECONDS) -> dict[str, Any]:
    """The answer to a job of `replaying`.

    Raises:
        Overloaded: another one is being worked out.
        AuditUnavailable: the log cannot be read.
        Unavailable: it took too long, or failed.
    """
    if _ONE.locked():
        raise Overloaded("Somebody else's is being worked out. Wait a minute.", retry_after=30)
    async with _ONE:
        answer = await _answer(orjson.dumps(job), seconds)
    if answer.get("unreadable"):
        raise AuditUnavailable("The audit log cannot be read.")
    return answer


async def _answer(job: bytes, seconds: float) -> dict[str, Any]:
    # Without the environment's secrets: all that it needs is in the job.
    environment = {
        name: value for name, value in os.environ.items() if name in _KEPT or name.startswith("PG")
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        _MODULE,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=environment,
    )
    try:
        out, _ = await asyncio.wait_for(process.communicate(job), seconds)
    except TimeoutError:
        raise Unavailable("This took too long, and was given up.") from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    try:
        answer = orjson.loads(out)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise Unavailable("This could not be worked out.")
    return answer
