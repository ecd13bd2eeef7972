"""The words of an evidence pack: how to check it, and the first page of its summary. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gateway.audit.evidence.collect import Collected
from gateway.audit.evidence.pdf import Bar
from gateway.audit.evidence.tables import number

MOST_BARS: Final = 20

_VERIFY: Final = """\
# How to check this pack

The log: `{origin}`. Records: {records}, from leaf {first_leaf} on. The tree they are shown to stand
in has {checkpoint_size} leaves. Records that retention took before the pack was made: those below
leaf {pruned_below}; `manifest.json` names the record that says so, if there is one. Proofs of what
is left do not need them, and checkpoints of fewer leaves are not part of the pack.

You need Python 3.11 or later, nothing else, and no network:

    python3 -I verify.py

The exit code is 0 if everything holds. If it is 1, the lines that begin with FAULT name the files
and leaves that do not.

## What you must have from elsewhere

A pack can show that it fits the keys in it. That these are the log's keys, it cannot show.

- **Keys.** Take the log's public keys from somebody you trust, or from an earlier pack, one a line
  as in `keys.txt`, and run `python3 -I verify.py --key FILE`.
- **The verifier.** Compare `verify.py` with `gateway/audit/evidence/verifier.py` of a release of
  Cloakroom {gateway}, or take it from there. It has no more than 400 lines: read it.
- **An anchor.** Whoever holds both the database and the signing key could have written another
  history. A checkpoint of the log that was kept outside its reach rules that out: one of the same
  size must have the same root as the one in `checkpoints.txt`.

## What is checked

| file | what it holds | how it is checked |
| --- | --- | --- |
| `manifest.json`, `manifest.sig` | the SHA-256 of every file | Ed25519 signature of the log's key |
| `records.jsonl` | records in their canonical form, by leaf | inclusion proof of each |
| `proofs.jsonl` | RFC 6962 inclusion proofs, leaf's sibling first | against the last checkpoint |
| `checkpoints.txt` | C2SP signed notes: {checkpoints} of them | Ed25519 signatures |
| `consistency.jsonl` | RFC 6962 consistency proofs | each checkpoint continues the last |
| `policies/` | the files of each policy by digest | SHA-256 over lengths and bytes |
| `keys.txt` | public keys in the form of C2SP signed-note | your copy, with `--key` |

ML-DSA-44 cosignatures are present in the checkpoints and are not checked by `verify.py`, since
Python's standard library has no such algorithm. `cloakroom audit verify` checks them.

## What is only stated

`ropa`, `dpia`, `routing`, `outages`, `versions`, `access`, `quality` and `summary.pdf` are computed
from the records and from the gateway's configuration; the manifest shows that nobody changed them
since.
The controller, purposes, processors and countries are words of the people who made the pack.
Where they said nothing of an upstream, `ropa` repeats what its operator had configured, which is in
each record: `routing` in `records.jsonl`, proven like the rest of it. `ropa.csv` holds the
recipients for spreadsheets.
The records hold no text of any request or answer.
"""


def verify_text(manifest: Mapping[str, Any]) -> str:
    """VERIFY.md."""
    return _VERIFY.format_map(manifest)


def lead(manifest: Mapping[str, Any], seen: Collected, gaps: int) -> list[str]:
    """The sentences at the top of the summary."""
    requests = seen.types["request.accepted"]
    ends = ", ".join(f"{name} {number(count)}" for name, count in sorted(seen.outcomes.items()))
    signed = "signed with the log's key" if manifest["signed"] else "not signed"
    return [
        f"Audit log {manifest['origin']}. Period: {manifest['from'] or 'the beginning'} to "
        f"{manifest['to'] or 'the end'}. Made at {manifest['made_at']} by Cloakroom "
        f"{manifest['gateway']}; the manifest is {signed}.",
        f"{number(seen.records)} records from leaf {number(manifest['first_leaf'])} on, shown to "
        f"stand in a tree of {number(manifest['checkpoint_size'])} leaves by "
        f"{number(manifest['checkpoints'])} checkpoints. VERIFY.md says how to check that.",
        f"{number(requests)} requests were sent on. Ends: {ends or 'none'}. Gaps in the chains of "
        f"records: {number(gaps)}.",
    ]


def chart(seen: Collected) -> tuple[str, list[Bar]]:
    """What was found and sent, by entity type, the most frequent first."""
    counts: dict[str, int] = {}
    for flow, found in seen.findings.items():
        counts[flow.entity_type] = counts.get(flow.entity_type, 0) + found
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_BARS]
    return "Findings in requests that were sent, by type", [Bar(*pair) for pair in ranked]
