"""What holds for all tests."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# How wide a table is says each test itself; a worker of several has a width of its own here, which
# whatever is imported would take for good.
os.environ.pop("COLUMNS", None)

# How long an example takes says how busy the machine is.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")
