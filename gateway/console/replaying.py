"""What is worked out of policies beside the gateway: in a process of its own, which is nice.

    python -m gateway.console.replaying < job.json > answer.json

Comparing two policies, or deciding a log's requests again, keeps a core busy for seconds; in the
gateway's own process its callers would wait. A job and its answer are JSON; nothing is stored.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from gateway import strictyaml
from gateway.entity_types import MEANINGS
from gateway.errors import AuditUnavailable, ConfigError, Problem
from gateway.policy.diff import Change, Direction, compare
from gateway.policy.kept import chains_of, with_extended
from gateway.policy.model import Policy
from gateway.policy.schema import Chain, parse
from gateway.policy.shipped import shipped_policies, shipped_policy
from gateway.policy.simulate import LESS, MORE, REPLAYED, Simulation
from gateway.policy.wording import CHANGES, rules, types_in_words, what, when
from gateway.strictyaml import Document

MOST_SECONDS: Final = 30.0
"""How long records are read; what came of those that were is told."""

MOST_CHANGES: Final = 200
MOST_ROWS: Final = 200
MOST_PROBLEMS: Final = 20
_NICE: Final = 10
_KNOWN: Final = frozenset(MEANINGS)
PASTED: Final = "pasted.yaml"

Files = Sequence[Sequence[str]]
"""Names and texts, in the order in which they were digested."""


def run(job: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to a job: `problems` where a policy is wrong, `unreadable` where the log is."""
    try:
        policy = _policy(job["policy"], job["base"])
        if job["task"] == "compare":
            return _compared(_policy(job["against"], []), policy)
        return _simulated(policy, job)
    except AuditUnavailable:
        return {"unreadable": True}
    except ConfigError as error:
        return {"problems": [_said(one) for one in error.problems[:MOST_PROBLEMS]]}


def _said(problem: Problem) -> str:
    """A problem without the place of a file on this machine."""
    name = os.path.basename(problem.file)
    where = f"{name}:{problem.line}" if problem.line else name
    key = f": {problem.key}" if problem.key else ""
    hint = f" ({problem.hint})" if problem.hint else ""
    return f"{where}{key}: {problem.message}{hint}"


def _policy(given: Mapping[str, Any], base: Files) -> Policy:
    """The policy of kept `files`, a `shipped` one, or a `pasted` text that may extend those that
    are shipped and the files of `base`.

    Raises:
        ConfigError: it is wrong, or of another version.
    """
    if "files" in given:
        return _parsed(chains_of(_documents(given["files"])))
    if "shipped" in given:
        head = strictyaml.load(shipped_policy(given["shipped"]))
    else:
        head = strictyaml.loads(given["pasted"].encode(), PASTED)
    return _parsed([_extending(head, base)])


def _parsed(chains: Sequence[Chain]) -> Policy:
    """The policy. Operators of others are looked for only where it is wrong without them: that is
    slow."""
    try:
        return parse(chains)
    except ConfigError:
        from gateway.masking.presidio import installed_operators  # noqa: PLC0415 -- as said

        return parse(chains, frozenset(installed_operators()))


def _documents(files: Files) -> list[Document]:
    return [strictyaml.loads(text.encode(), name) for name, text in files]


def _extending(head: Document, base: Files) -> Chain:
    texts = {name.rpartition(".")[0]: (name, text) for name, text in base}

    def find(name: str) -> Document | None:
        found = texts.get(name.rpartition("/")[2].removesuffix(".yaml").removesuffix(".yml"))
        if found is not None:
            return strictyaml.loads(found[1].encode(), found[0])
        if name in shipped_policies():
            return strictyaml.load(shipped_policy(name))
        return None

    return with_extended(head, find)


def _compared(old: Policy, new: Policy) -> dict[str, Any]:
    found = compare(old, new, _KNOWN)

    def words(types: frozenset[str]) -> str:
        return types_in_words(types, _KNOWN, new.classes)

    def rows(changes: Sequence[Change]) -> list[list[str]]:
        return [
            [what(one, words), when(one, words), one.before, one.after, rules(one)]
            for one in changes[:MOST_CHANGES]
        ]

    more, less = found.of(Direction.MORE), found.of(Direction.LESS)
    return {
        "more": rows(more), "less": rows(less), "all_more": len(more), "all_less": len(less),
        "complete": found.complete, "depth": found.depth, "decisions": found.decisions,
        "shadow": [old.live is not old, new.live is not new],
    }  # fmt: skip


def _simulated(policy: Policy, job: Mapping[str, Any]) -> dict[str, Any]:
    from gateway.audit.store import stream_records  # noqa: PLC0415 -- slow, and not always needed

    simulation, until = Simulation(policy), time.monotonic() + job.get("seconds", MOST_SECONDS)
    last, whole = "", True
    for tenant in job["tenants"] or [None]:
        pages = stream_records(
            job["url"], types=REPLAYED, tenant=tenant, since=job["since"], until=job["until"]
        )
        for page in pages:
            for body in page.bodies:
                record = orjson.loads(body)
                simulation.feed(record)
                last = str(record["ts"])
            if time.monotonic() > until and page.seq < page.last:
                whole = False
                break
    found = simulation.result()
    return {
        "id": policy.id, "digest": policy.digest, "shadow": policy.live is not policy,
        "read": found.read, "replayed": found.replayed, "incomplete": found.incomplete,
        "undecided": found.undecided, "more": found.more, "less": found.less,
        "whole": whole, "last": last, "policies": len(found.policies),
        "changes": [[CHANGES[kind], count, _sense(kind)] for kind, count in found.kinds.items()],
        "types": _ordered(found.types), "tenants": _ordered(found.tenants),
        "rules": _ordered(found.rules), "upstreams": _ordered(found.upstreams),
    }  # fmt: skip


def _sense(kind: object) -> str:
    return "more" if kind in MORE else "less" if kind in LESS else ""


def _ordered(rows: Mapping[str, Mapping[str, int]]) -> list[list[Any]]:
    """Rows as name and figures, those that would send more first."""
    made: list[list[Any]] = []
    for name, row in rows.items():
        more = row.get("more", 0) + sum(row.get(kind, 0) for kind in MORE)
        less = row.get("less", 0) + sum(row.get(kind, 0) for kind in LESS)
        whole = row.get("found", sum(row.get(kind, 0) for kind in CHANGES))
        made.append([name, whole, more, less, row.get("before", 0), row.get("after", 0)])
    return sorted(made, key=lambda row: (-row[2], -row[3], -row[1], -row[4], row[0]))[:MOST_ROWS]


def main() -> None:
    """Read a job, write its answer."""
    os.nice(_NICE)
    sys.stdout.buffer.write(orjson.dumps(run(orjson.loads(sys.stdin.buffer.read()))))


if __name__ == "__main__":
    main()
