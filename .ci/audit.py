"""Looks for known vulnerabilities in lock files by pip-audit; run by its own Python.

Advisories are asked for over the network. Where they cannot be had, or where who answers does not
know that an old Jinja2 is vulnerable, as mirrors of an index may not, it says so and ends with 0:
checks without a network do not fail. With AUDIT_STRICT=1, as before a release, it ends with 2.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

COMMAND = [sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip", "--format=json"]


def audited(lock: str) -> list[dict[str, object]] | None:
    """The packages of a lock that have known vulnerabilities; None where it cannot be told."""
    command = [*COMMAND, "--progress-spinner=off", "--timeout=15", "-r", lock]
    try:
        done = subprocess.run(  # noqa: S603 -- words of the caller's
            command, capture_output=True, text=True, check=False, timeout=300
        )
        packages = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        return None
    return [one for one in packages if one.get("vulns")]


def knows_advisories() -> bool:
    """Whether who answers knows of a vulnerability that everybody should know."""
    with tempfile.TemporaryDirectory() as folder:
        lock = Path(folder) / "old.txt"
        lock.write_text(f"jinja2==2.4.1 --hash=sha256:{'0' * 64}\n", encoding="utf-8")
        return bool(audited(str(lock)))


def main(locks: list[str]) -> int:
    """Say what was found."""
    unknown = 2 if os.environ.get("AUDIT_STRICT") == "1" else 0
    if not knows_advisories():
        print("NOT CHECKED: no advisories can be had here")
        return unknown
    code = 0
    for lock in locks:
        found = audited(lock)
        if found is None:
            print(f"{lock}: NOT CHECKED, it or its advisories cannot be read")
            code = code or unknown
            continue
        print(f"{lock}: {len(found)} packages with known vulnerabilities")
        for one in found:
            ids = ", ".join(each["id"] for each in one["vulns"])  # type: ignore[index]
            print(f"  {one['name']} {one['version']}: {ids}")
        code = 1 if found else code
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
