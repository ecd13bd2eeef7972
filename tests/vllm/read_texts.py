"""Reads texts with engines of the detector, in vLLM's environment, which has what they need.

Takes JSON, `{"engines": [{...}], "texts": [...]}`, and prints per engine either the entity types
and spans, or why it refused to answer.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from gateway.detection.engines.opening import open_engines
from gateway.detection.tokenclassifier import IncompleteRead, classified
from gateway.settings import Engine


def read(engine: dict[str, Any], texts: list[str]) -> dict[str, Any]:
    """What one engine finds: start, end, type and score of each span of each text."""
    folder = engine.pop("tokenizer", None)
    [made] = open_engines([Engine(**engine, tokenizer=folder and Path(folder))])
    try:
        found = classified(made, texts)
    except IncompleteRead as refusal:
        return {"refused": str(refusal)}
    spans = [[(one.start, one.end, one.entity_type, one.score) for one in some] for some in found]
    return {"types": sorted(made.entity_types), "spans": spans}


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    print(json.dumps([read(one, asked["texts"]) for one in asked["engines"]]))
