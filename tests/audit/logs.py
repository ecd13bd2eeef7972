"""Real SQLite logs for tests: made in one go, with what an attacker needs to change them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from gateway.audit import tree
from gateway.audit.backend import Batch
from gateway.audit.chain import Head, extend, head_of, writer_key
from gateway.audit.checkpoint import Checkpoint, SigningKeys, public_keys, sign
from gateway.audit.facts import (
    Accepted,
    Actor,
    ActorKind,
    AuthMethod,
    Closed,
    DetectionFacts,
    Origin,
    Outcome,
    PolicyFacts,
)
from gateway.audit.notes import VerifierKey
from gateway.audit.record import accepted, canonical, closed, timestamp, uuid7
from gateway.audit.sql import Raw, transaction
from gateway.audit.sqlite import sql as sqlite
from gateway.types import Effect

ORIGIN = "example.org/log"
MASTER = bytes(range(32))
START_MS = 1_790_000_000_000  # 2026-09-21
STEP_MS = 1000
BLOCK = 10  # records that a writer makes in a row

FACTS = Accepted(
    request_id="req",
    tenant="acme",
    actor=Actor(kind=ActorKind.CLIENT, method=AuthMethod.API_KEY, ref="ab" * 16, key_id="app-1"),
    origin=Origin(config_sha256="c" * 64, build="0.1.0"),
    endpoint="/v1/chat/completions",
    operation="chat",
    stream=False,
    model_requested="gpt-x",
    upstream_id="openai",
    policy=PolicyFacts(id="base", sha256="d" * 64, action=Effect.ALLOW, rule_ids=("r1", "r2")),
    detection=DetectionFacts(engine="builtin", entities={"PERSON": 2}),
)


def new_keys() -> SigningKeys:
    return SigningKeys(Ed25519PrivateKey.generate(), MLDSA44PrivateKey.generate())


@dataclass(frozen=True, slots=True)
class Log:
    """A log, and everything that it was made with. `notes` are its checkpoints by size."""

    file: Path
    keys: SigningKeys
    notes: dict[int, str] = field(repr=False)

    @property
    def url(self) -> str:
        return f"sqlite:///{self.file}"

    @property
    def public(self) -> list[VerifierKey]:
        return public_keys(self.keys, ORIGIN)


def bodies(count: int) -> list[bytes]:
    """Requests, each accepted and then completed; every fifth is another tenant's, and so on."""
    found = []
    for number in range(count):
        request, last = divmod(number, 2)
        facts = replace(
            FACTS,
            request_id=f"req_{request}",
            tenant="globex" if request % 5 == 0 else "acme",
            model_requested="rare" if request % 40 == 7 else "gpt-x",
        )
        ms = START_MS + number * STEP_MS
        event_id, ts = uuid7(ms, number.to_bytes(10, "big")), timestamp(ms * 1000)
        end = Closed(outcome=Outcome.COMPLETED, http_status=200)
        record = (
            closed(facts, end, event_id=event_id, ts=ts)
            if last
            else accepted(facts, event_id=event_id, ts=ts)
        )
        found.append(canonical(record))
    return found


def make_log(
    file: Path,
    records: Sequence[bytes],
    sizes: Sequence[int],
    *,
    keys: SigningKeys | None = None,
    master: bytes = MASTER,
) -> Log:
    """A log of these records with checkpoints at these sizes; two writers take turns."""
    keys = keys or new_keys()
    notes: dict[int, str] = {}
    sqlite.make_file(file)
    engine = sqlite.make_engine(file, 1.0)
    with engine.connect() as connection:
        sqlite.migrate(connection, file)
        with transaction(connection, sqlite.BEGIN) as raw:
            introduce(raw, keys)
            if 0 in sizes:
                notes[0] = add_checkpoint(raw, keys)
            heads = {name: Head() for name in ("a" * 32, "b" * 32)}
            for at, body in enumerate(records):
                writer = list(heads)[at // BLOCK % 2]
                links = extend(heads[writer], [body], writer_key(master, writer), writer)
                heads[writer] = head_of(links, heads[writer])
                (link,) = links
                record = orjson.loads(body)
                row = (
                    record["event_id"], record.get("request_id"), record["type"], record["ts"],
                    record.get("tenant", ""), writer, link.writer_seq, link.leaf_hash,
                    link.prev_writer_hash, link.mac, body.decode(),
                )  # fmt: skip
                sqlite.insert(raw, Batch([row], [], [], []))
                if at + 1 in sizes:
                    notes[at + 1] = add_checkpoint(raw, keys)
    return Log(file, keys, notes)


def introduce(raw: Raw, keys: SigningKeys) -> None:
    raw.execute("UPDATE audit_meta SET origin = ?", (ORIGIN,))
    for key in public_keys(keys, ORIGIN):
        raw.execute(
            "INSERT INTO audit_log_keys VALUES (?, ?, ?, ?, ?, NULL)",
            (key.key_id, key.name, key.algorithm.value, key.public, timestamp(START_MS * 1000)),
        )


def add_checkpoint(raw: Raw, keys: SigningKeys) -> str:
    """Sign the tree as it stands."""
    frontier = tree.read(raw).frontier
    seconds = START_MS // 1000 + frontier.size
    note = sign(Checkpoint(ORIGIN, frontier.size, frontier.root()), [keys], seconds)
    raw.execute(
        "INSERT INTO audit_checkpoints VALUES (?, ?, ?)",
        (frontier.size, timestamp(seconds * 1_000_000), note),
    )
    return note


def attack(file: Path) -> sqlite3.Connection:
    """The file as whoever can write to it has it: without what guards the tables."""
    connection = sqlite3.connect(file, isolation_level=None)
    found = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    for (name,) in found:
        connection.execute(f"DROP TRIGGER {name}")
    return connection
