"""Lists what the image is made of, as CycloneDX: its packages by hash, and the models in it.

    sbom.py PROGRAM > cloakroom.cdx.json      PROGRAM is cyclonedx-py

The same checkout gives the same list.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).absolute().parents[1]
LOCK = ROOT / "deploy" / "container" / "requirements.txt"
TAGGER = ROOT / "gateway" / "detection" / "tagger"


def models(folder: Path) -> list[dict[str, Any]]:
    """The files of models that are shipped, by the digests that are checked at every start."""
    found = []
    for manifest in sorted(folder.rglob("manifest.json")):
        files = json.loads(manifest.read_text(encoding="utf-8"))["files"]
        for name, digest in sorted(files.items()):
            found.append(
                {
                    "type": "machine-learning-model",
                    "bom-ref": f"model:{manifest.parent.name}/{name}",
                    "name": f"{manifest.parent.name}/{name}",
                    "hashes": [{"alg": "SHA-256", "content": digest}],
                }
            )
    return found


def main(program: str) -> dict[str, Any]:
    """The list."""
    options = ["--output-reproducible", "--of", "JSON", "-o", "-"]
    command = [program, "requirements", str(LOCK), *options]
    done = subprocess.run(command, capture_output=True, check=True)  # noqa: S603 -- the caller's
    bom: dict[str, Any] = json.loads(done.stdout)
    text = (ROOT / "gateway" / "version.py").read_text(encoding="utf-8")
    version = re.search(r'__version__ = "([^"]+)"', text)
    bom.setdefault("metadata", {})["component"] = {
        "type": "application",
        "bom-ref": "cloakroom",
        "name": "cloakroom",
        "version": version[1] if version else "",
        "licenses": [{"license": {"id": "Apache-2.0"}}],
    }
    bom["components"] += models(TAGGER)
    return bom


if __name__ == "__main__":
    json.dump(main(sys.argv[1]), sys.stdout, indent=2, sort_keys=True)
    print()
