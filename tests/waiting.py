"""How long tests wait for what is to come about: so long that only a defect lets it pass.

What is expected to be too late has a small limit of its own, in the test that expects it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Final

from gateway.settings import Limits

AMPLE_S: Final = 120.0
"""No machine is so busy that what works takes longer."""
AMPLE: Final = Limits(connect_s=AMPLE_S, first_byte_s=AMPLE_S, idle_s=AMPLE_S)


async def eventually(condition: Callable[[], bool]) -> None:
    """Let other threads and processes go on until something holds."""
    pause = threading.Event()
    async with asyncio.timeout(AMPLE_S):
        while not condition():
            await asyncio.to_thread(pause.wait, 0.002)
