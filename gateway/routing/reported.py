"""What a vLLM server says of itself, and how far it is believed. Pure.

Its figures are those of `/metrics`, its models those of `/v1/models`. What is not a plausible
figure is none: a server that cannot count is placed by what is in flight to it from here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from gateway.routing.balance import IDLE, Load
from gateway.routing.health import State

MISSES: Final = 3
"""Times in a row that a server says nothing of its load until it is not believed any more."""

FAILURES: Final = 2
"""Times in a row that a server is not well until it is not asked any more."""

_GAUGE: Final = re.compile(
    r"^vllm:(num_requests_waiting|num_requests_running|kv_cache_usage_perc)(?:\{[^}\n]*\})?"
    r"[ \t]+(\S+)",
    re.MULTILINE,
)
_MOST_REQUESTS: Final = 1e6
_MOST_MODELS: Final = 4_096
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/\-]{0,127}")


def load_of(metrics: str) -> Load | None:
    """The load that `/metrics` tells of; None where it tells none that can be true.

    Of several engines, the requests count together, and the fullest cache.
    """
    found: dict[str, list[float]] = {}
    for name, value in _GAUGE.findall(metrics):
        try:
            number = float(value)
        except ValueError:
            return None
        most = 1.0 if name == "kv_cache_usage_perc" else _MOST_REQUESTS
        if not (math.isfinite(number) and 0.0 <= number <= most):
            return None
        found.setdefault(name, []).append(number)
    if len(found) != 3:
        return None
    return Load(
        waiting=sum(found["num_requests_waiting"]),
        running=sum(found["num_requests_running"]),
        cache=max(found["kv_cache_usage_perc"]),
    )


@dataclass(frozen=True, slots=True)
class Model:
    """A model as a server lists it: what stands behind the name, and how long a context may be.

    An adapter has what its parent has. 0 and "" are what is not said.
    """

    root: str = ""
    longest: int = 0


def models_of(listed: Any) -> Mapping[str, Model] | None:
    """The models of `/v1/models`, by name; None where that is no list of models."""
    entries = listed.get("data") if isinstance(listed, dict) else None
    if not isinstance(entries, list) or len(entries) > _MOST_MODELS:
        return None
    found: dict[str, Model] = {}
    parents: dict[str, str] = {}
    for one in entries:
        name = one.get("id") if isinstance(one, dict) else None
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            continue
        root, longest, parent = (one.get(key) for key in ("root", "max_model_len", "parent"))
        found[name] = Model(
            root if isinstance(root, str) else "",
            longest if type(longest) is int and longest > 0 else 0,
        )
        if isinstance(parent, str):
            parents[name] = parent
    for name, parent in parents.items():
        base = found.get(parent, Model())
        found[name] = Model(base.root, found[name].longest or base.longest)
    return found


def serves_others(models: Mapping[str, Model], root: str) -> bool:
    """Whether behind no name of a server's models stands what is expected, "" for anything."""
    return bool(models and root) and all(one.root != root for one in models.values())


def _room(before: Load, load: Load) -> float | None:
    """How many requests a server runs at once, as far as it has shown."""
    if load.waiting or before.room is None:
        return load.running if load.waiting else None
    return max(before.room, load.running or 0.0)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a server from looking at it. At first it is taken to be well and idle.

    `models` is None as long as it has not said which it has.
    """

    load: Load = IDLE
    misses: int = 0
    failures: int = 0
    models: Mapping[str, Model] | None = field(default=None, repr=False)

    @property
    def is_up(self) -> bool:
        """Whether it may be asked."""
        return self.failures < FAILURES

    def state(self, root: str = "") -> State:
        """What looks at it have shown; `root` is what it should serve, "" for anything."""
        if not self.is_up:
            return State.DOWN
        if serves_others(self.models or {}, root):
            return State.OTHER_MODEL
        return State.STALE if self.misses >= MISSES else State.UP

    def seen(self, *, well: bool) -> Known:
        """It said that it is well, or did not. One that was not may have been changed meanwhile."""
        if well:
            return replace(self, failures=0)
        return replace(self, failures=self.failures + 1, models=None)

    def told(self, load: Load | None) -> Known:
        """It told its load, or nothing that is believed."""
        if load is not None:
            return replace(self, load=replace(load, room=_room(self.load, load)), misses=0)
        misses = self.misses + 1
        return replace(self, misses=misses, load=IDLE if misses >= MISSES else self.load)

    def serves(self, name: str, root: str) -> bool:
        """Whether it has a model, and behind the name what is expected, "" for anything."""
        if self.models is None:
            return True
        model = self.models.get(name)
        return model is not None and root in ("", model.root)

    def has_other(self, name: str, root: str) -> bool:
        """Whether another model stands behind the name than is expected."""
        return name in (self.models or {}) and not self.serves(name, root)

    def longest(self, name: str) -> int:
        """How many tokens of a model's context there are; 0 where that is not known."""
        return (self.models or {}).get(name, Model()).longest
