"""Real packs of real logs, and the verifier run as an auditor runs it."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from gateway.audit.evidence import verifier
from gateway.audit.evidence.about import About, PolicyRule
from gateway.audit.evidence.pack import Inputs, write_pack
from gateway.audit.evidence.policies import keep_policy
from gateway.audit.reading import PolicyFile, open_log
from tests.audit.logs import Log, bodies, make_log

POLICY = PolicyFile("base.yaml", "version: 1\nid: base\nrules:\n  - {name: all, effect: mask}\n")
SIZES = (3, 7, 8, 20, 40, 41)
COUNT = 41
CARD = """\
## What `fast` reaches

| text | languages | type | marked | P exact | R exact | F2 | R overlap | R characters |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
| one.dev | en | PERSON | 1,000 | 0.9 | 0.800 | 0.8 | 0.900 | 0.9 |
| two.dev | de | PERSON | 500 | 0.9 | 0.500 | 0.8 | 0.600 | 0.9 |
| tiny.dev | de | PERSON | 2 | 0.9 | 0.000 | 0.8 | 0.000 | 0.9 |
"""


def policy_digest(*files: PolicyFile) -> str:
    found = hashlib.sha256()
    for one in files:
        content = one.text.encode()
        found.update(len(content).to_bytes(8, "big") + content)
    return found.hexdigest()


def inputs(log: Log | None = None, **changed: Any) -> Inputs:
    made = Inputs(
        since="",
        until="",
        made_at="2026-11-24T00:00:00.000000Z",
        gateway="1.2.3",
        about=About(),
        card=CARD,
        model_manifest=b"{}",
        rules_of=lambda files: [PolicyRule("base", "all", "mask")],
        signer=log.keys.ed25519 if log else None,
    )
    return replace(made, **changed)


def make(tmp_path: Path, count: int = COUNT, sizes: tuple[int, ...] = SIZES) -> Log:
    digest = policy_digest(POLICY)
    named = [one.replace(b"d" * 64, digest.encode()) for one in bodies(count)]
    log = make_log(tmp_path / "audit.db", named, sizes)
    keep_policy(log.url, digest, [POLICY])
    return log


def pack(log: Log, folder: Path, **changed: Any) -> dict[str, Any]:
    with open_log(log.url) as reader:
        return write_pack(reader, folder, inputs(log, **changed), lambda done, of: None)


def verify(folder: Path, *arguments: str, own: bool = False) -> tuple[int, str]:
    """What the verifier says, alone: no packages, no environment. `own` is the one in the pack."""
    program = folder / "verify.py" if own else Path(verifier.__file__)
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(program), *([] if own else [str(folder)]), *arguments],
        capture_output=True, text=True, check=False, env={}, timeout=120,
    )  # fmt: skip
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout


def change(path: Path, edit: Callable[[bytes], bytes]) -> None:
    before = path.read_bytes()
    after = edit(before)
    assert after != before
    path.write_bytes(after)


def list_again(folder: Path) -> None:
    """Make the manifest fit the files, as whoever forges a pack would."""
    manifest = orjson.loads((folder / "manifest.json").read_bytes())
    for name in manifest["files"]:
        path = folder / name
        if path.exists():
            content = path.read_bytes()
            digest = hashlib.sha256(content).hexdigest()
            manifest["files"][name] = {"bytes": len(content), "sha256": digest}
    (folder / "manifest.json").write_bytes(orjson.dumps(manifest))
