"""Writes `ocsf.json`: the part of the official OCSF schema that our events are made of.

    python tests/vectors/make_ocsf.py CHECKOUT COMMIT > tests/vectors/ocsf.json

CHECKOUT is a work tree of github.com/ocsf/ocsf-schema (Apache-2.0) at COMMIT. Only names, types,
requirements, constraints and the numbers of enumerations are taken.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

OBJECTS = (
    "metadata", "product", "actor", "user", "api", "service", "request", "response",
    "network_endpoint", "ai_model", "message_context", "resource_details",
)  # fmt: skip
CLASS, PROFILE = "events/application/api_activity.json", "profiles/ai_operation.json"
PARENTS = {
    "application": "events/application/application.json",
    "base_event": "events/base_event.json",
}


def read(root: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root / name).read_text())
    return found


def lineage(root: Path, name: str) -> list[dict[str, Any]]:
    """A class or object and what it extends, the most general first."""
    found = read(root, name)
    parent = found.get("extends")
    if parent is None:
        return [found]
    return [*lineage(root, PARENTS.get(parent, f"objects/{parent}.json")), found]


def subset(root: Path, parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Attributes as they come out of all parts, those of profiles left out."""
    dictionary = read(root, "dictionary.json")["attributes"]
    merged: dict[str, dict[str, Any]] = {}
    constraints: dict[str, Any] = {}
    for part in parts:
        constraints |= part.get("constraints", {})
        for name, said in part["attributes"].items():
            if name == "$include" or said.get("profile"):
                continue
            base = merged.setdefault(name, {"enum": set(dictionary[name].get("enum", {}))})
            base["enum"] |= set(said.get("enum", {}))
            base["type"] = said.get("type", dictionary[name]["type"])
            base["array"] = bool(dictionary[name].get("is_array"))
            base["requirement"] = said.get("requirement", base.get("requirement", "optional"))
    attributes = {
        name: {**one, "enum": sorted(map(int, one["enum"]))} for name, one in sorted(merged.items())
    }
    return {"attributes": attributes, "constraints": constraints}


def event(root: Path) -> dict[str, Any]:
    """The class, with the numbers that the schema's compiler gives it."""
    made = subset(root, [*lineage(root, CLASS), read(root, PROFILE)])
    category = read(root, "categories.json")["attributes"]["application"]["uid"]
    uid = 1000 * category + read(root, CLASS)["uid"]
    activities = made["attributes"]["activity_id"]["enum"]
    made["attributes"]["category_uid"]["enum"] = [category]
    made["attributes"]["class_uid"]["enum"] = [uid]
    made["attributes"]["type_uid"]["enum"] = [100 * uid + one for one in activities]
    return made


def main() -> None:
    root, commit = Path(sys.argv[1]), sys.argv[2]
    made = {
        "source": "github.com/ocsf/ocsf-schema",
        "commit": commit,
        "licence": "Apache-2.0",
        "version": read(root, "version.json")["version"],
        "event": event(root),
        "objects": {name: subset(root, lineage(root, f"objects/{name}.json")) for name in OBJECTS},
    }
    sys.stdout.write(json.dumps(made) + "\n")


if __name__ == "__main__":
    main()
