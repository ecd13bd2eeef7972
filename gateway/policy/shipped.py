"""The policies that come with the product, by name."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from gateway.errors import ConfigError, Problem
from gateway.validation import did_you_mean

_PACKAGE: Final = Path(__file__).parent.parent
_PLACES: Final = (
    _PACKAGE / "shipped_policies",  # in the wheel
    _PACKAGE.parent / "policies",  # in a checkout
)


def shipped_policies() -> tuple[str, ...]:
    """The names of the shipped policies, in order."""
    folder = next((place for place in _PLACES if place.is_dir()), None)
    return tuple(sorted(file.stem for file in folder.glob("*.yaml"))) if folder else ()


def shipped_policy(name: str) -> Path:
    """The file of a shipped policy; its cases are in `tests/` beside it, under the same name.

    Raises:
        ConfigError: there is no such policy.
    """
    if name in shipped_policies():
        file = next(file for place in _PLACES if (file := place / f"{name}.yaml").is_file())
        return file.resolve()
    known = shipped_policies()
    hint = did_you_mean(name, known) or f"shipped are: {', '.join(known)}"
    raise ConfigError([Problem(name, 0, "", "no shipped policy has this name", hint)])
