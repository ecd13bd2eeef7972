"""What restores an answer, as JSON: to be kept, and to restore an answer that comes later. Pure."""

from __future__ import annotations

from typing import Any

from gateway.masking.matcher import Matcher
from gateway.masking.restore import Restoration
from gateway.masking.sinks import SinkRule


def packed(rules: Restoration) -> dict[str, Any]:
    """Everything of a restoration; it holds the caller's values, so it must be sealed."""
    issued = rules.matcher.issued
    return {
        "placeholders": {one: value for one, value in rules.surfaces.items() if one in issued},
        "literals": {one: value for one, value in rules.surfaces.items() if one not in issued},
        "aliases": {form: list(meant) for form, meant in rules.aliases.items()},
        "places": {one: sorted(places) for one, places in rules.sinks.places_of.items()},
        "hosts": sorted(rules.sinks.allowed),
    }


def unpacked(kept: Any) -> Restoration:
    """The restoration of which `packed` made this.

    Raises:
        KeyError, TypeError, ValueError: `packed` made none such.
    """
    literals: dict[str, str] = kept["literals"]
    aliases = {form: (value, token) for form, (value, token) in kept["aliases"].items()}
    return Restoration(
        surfaces={**kept["placeholders"], **literals},
        matcher=Matcher(kept["placeholders"], [*literals, *aliases]),
        sinks=SinkRule({one: set(places) for one, places in kept["places"].items()}, kept["hosts"]),
        aliases=aliases,
    )
