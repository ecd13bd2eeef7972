"""Which entity types there are, for commands that say whether one is misspelt."""

from __future__ import annotations

import asyncio
from typing import Final

from gateway.entity_types import MEANINGS
from gateway.settings import Detection

# LITERAL is the wire's own; PASSWORD is a usual name among operators' own recognizers.
_ALSO_KNOWN: Final = frozenset({"LITERAL", "PASSWORD"})


def known_types(settings: Detection | None = None) -> frozenset[str]:
    """Ours, those that Presidio's recognizers would find, and those that the settings add.

    Raises:
        ConfigError: what the settings name cannot be used.
    """
    # Slow to import: a command that is told nonsense says so without them.
    from gateway.app import make_detector  # noqa: PLC0415
    from gateway.detection.plugins.known import (  # noqa: PLC0415
        known_recognizers,
        usable_predefined,
    )

    predefined = known_recognizers(Detection(predefined=usable_predefined()))
    types = {kind for one in predefined for kind in one.supported_entities}
    if settings is not None:
        detector = make_detector(settings)
        types |= detector.entity_types
        asyncio.run(detector.aclose())
    return _ALSO_KNOWN.union(MEANINGS, types)
