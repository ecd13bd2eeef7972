"""How fast `policy simulate` reads a log, and with how much memory.

Run from the root of the project: `python -m tests.bench.simulate_many [requests] [policy]`. It
makes a log of that many requests, a tenth of them denied, with the closing records of the others,
and prints figures as JSON. The rows are written straight into the file: their chain is not whole.
"""

from __future__ import annotations

import json
import random
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from gateway.audit.facts import (
    Accepted,
    Actor,
    ActorKind,
    AuthMethod,
    Closed,
    ContextFacts,
    DetectionFacts,
    Latency,
    Origin,
    Outcome,
    PolicyFacts,
    TransformFacts,
    Usage,
)
from gateway.audit.record import (
    accepted,
    canonical,
    closed,
    commitment,
    leaf_hash,
    timestamp,
    uuid7,
)
from gateway.audit.sqlite import sql
from gateway.types import Effect, Family, UpstreamClass

TYPES = ("PERSON", "EMAIL_ADDRESS", "IBAN", "CREDIT_CARD", "DATE_TIME", "LOCATION", "API_KEY")
OFFERED = (("cloud", UpstreamClass.EXTERNAL), ("local", UpstreamClass.ON_PREM))
ROW = "INSERT INTO audit_records VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
START_US = 1_790_000_000_000_000


def facts(draw: random.Random, number: int) -> tuple[Accepted, bool]:
    found = {
        name: (0, draw.randrange(2), draw.randrange(1, 4))
        for name in draw.sample(TYPES, draw.randrange(4))
    }
    denied = draw.random() < 0.1
    context = ContextFacts(
        family=Family.CHAT,
        roles=tuple(draw.sample(("clerk", "doctor"), draw.randrange(2))),
        has_media=draw.random() < 0.02,
        offered=OFFERED,
    )
    policy = PolicyFacts(
        id="bench",
        sha256="d" * 64,
        action=Effect.DENY if denied else Effect.MASK,
        rule_ids=("rest",),
        operators=None if denied else dict.fromkeys(found, "replace"),
    )
    made = Accepted(
        request_id=f"req_{number:032x}",
        tenant=f"tenant-{int(draw.paretovariate(0.7)) % 2000}",
        actor=Actor(kind=ActorKind.CLIENT, method=AuthMethod.API_KEY, ref="ab" * 16),
        origin=Origin(config_sha256="c" * 64, build="0.1.0"),
        endpoint="/v1/chat/completions",
        operation="chat",
        stream=True,
        model_requested=draw.choice(("gpt-5", "gpt-5-mini", "llama")),
        conversation_ref="ef" * 16,
        context=context,
        policy=policy,
        detection=DetectionFacts(
            engine="presidio",
            profile="fast",
            classifier_sha256="e" * 64,
            languages=(draw.choice(("en", "de", "fr")),),
            ms=draw.randrange(50),
            segments=draw.randrange(50),
            bytes=draw.randrange(5000),
            entities={name: sum(bands) for name, bands in found.items()},
            bands=found,
        ),
    )
    return made, denied


def rows(
    count: int, seed: int = 1, start_us: int = START_US, step_us: int = 1_000_000
) -> Iterator[tuple[object, ...]]:
    draw = random.Random(seed)
    nonce = bytes(32)
    written = 0

    def row(record: object) -> tuple[object, ...]:
        nonlocal written
        written += 1
        found = [getattr(record, name) for name in ("event_id", "request_id", "type", "ts")]
        body = canonical(record)  # type: ignore[arg-type]
        hashes = (leaf_hash(body), bytes(32), bytes(32))
        return (*found, record.tenant, "w" * 32, written, *hashes, body.decode())  # type: ignore[attr-defined]

    for number in range(count):
        us = start_us + number * step_us
        made, denied = facts(draw, number)
        ids = [uuid7(us // 1000, draw.randbytes(10)) for _ in range(2)]
        if denied:
            end = Closed(outcome=Outcome.DENIED, http_status=403, error_code="policy_denied")
            yield row(closed(made, end, event_id=ids[0], ts=timestamp(us)))
            continue
        sent = replace(
            made,
            upstream_id="cloud",
            upstream_class=UpstreamClass.EXTERNAL,
            transform=TransformFacts(operators=made.policy.operators or {}),  # type: ignore[union-attr]
            masked_request=commitment(nonce, b"masked"),
        )
        yield row(accepted(sent, event_id=ids[0], ts=timestamp(us)))
        end = Closed(
            outcome=Outcome.COMPLETED,
            http_status=200,
            model_served="gpt-5",
            transform=sent.transform,
            usage=Usage(input=10, output=10),
            latency_ms=Latency(total=100),
            masked_response=commitment(nonce, b"answer"),
        )
        yield row(closed(sent, end, event_id=ids[1], ts=timestamp(us + 500_000)))


def make(path: Path, count: int) -> int:
    """Make the log; how many rows it has."""
    sql.make_file(path)
    engine = sql.make_engine(path, 5.0)
    with engine.connect() as connection:
        sql.migrate(connection, path)
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("PRAGMA synchronous=OFF")
    raw.execute("DROP TRIGGER audit_records_no_replace")
    raw.execute("BEGIN")
    raw.executemany(ROW, rows(count))
    raw.execute("COMMIT")
    (there,) = raw.execute("SELECT count(*) FROM audit_records").fetchone()
    raw.close()
    return int(there)


def main() -> int:
    """Time the command in a process of its own, so that its memory is its own."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    policy = sys.argv[2] if len(sys.argv) > 2 else "default"
    with tempfile.TemporaryDirectory(prefix="cloakroom-simulate-") as folder:
        path = Path(folder) / "audit.db"
        begun = time.monotonic()
        records = make(path, count)
        made_s = time.monotonic() - begun
        code = (
            "import resource\n"
            "from gateway.cli.policy_simulate import simulate\n"
            "import typer\n"
            "app = typer.Typer()\n"
            "app.command()(simulate)\n"
            "try:\n"
            "    app()\n"
            "finally:\n"
            "    import sys\n"
            "    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)\n"
        )
        begun = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", code, "--policy", policy, "--url", f"sqlite:///{path}",
             "--json", "--acknowledge"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        took_s = time.monotonic() - begun
        size = path.stat().st_size
    if done.returncode:
        sys.stderr.write(done.stderr)
        return 1
    found = json.loads(done.stdout)
    figures = {
        "requests": found["requests"],
        "records": records,
        "log_mb": round(size / 1e6),
        "made_s": round(made_s, 1),
        "took_s": round(took_s, 2),
        "records_per_s": round(records / took_s),
        "requests_per_s": round(found["requests"] / took_s),
        "peak_rss_mb": round(int(done.stderr.split()[-1]) / 1024),
        "more": found["more"],
        "less": found["less"],
        "cpu_s": round(sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]), 2),
    }
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
