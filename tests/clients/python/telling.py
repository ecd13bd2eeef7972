"""What each program here is given, and tells: the texts on standard input, a line per feature out.

The programs say nothing of where to ask: the address is in the environment, as for any program.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

GIVEN: dict[str, str] = json.load(sys.stdin)
TEXT, RESULT = GIVEN["text"], GIVEN["result"]


def tell(features: dict[str, Callable[[], Any]]) -> None:
    """One JSON object for each feature: what came of it, or why it failed."""
    for name, feature in features.items():
        try:
            value = feature()
        except Exception as failure:
            value = {"failed": f"{type(failure).__name__}: {failure}"}
        print(json.dumps({name: value}), flush=True)
