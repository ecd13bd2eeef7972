"""How fast the console's pages come on a large log, and how soon the first one after a start.

Run from the root of the project: `python -m tests.bench.console_pages [requests] [rounds]`. It
makes a log of that many requests of the last two weeks (1.9 records each), signs it, starts a
gateway on it, looks at each page as an auditor, and prints figures in milliseconds as JSON.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import sys
import tempfile
import time
from pathlib import Path
from re import findall
from typing import Any
from urllib.parse import urlencode

from gateway.audit import tree
from gateway.audit.sql import last_seq, transaction
from gateway.audit.sqlite import sql
from gateway.console.accounts import Account, Role
from gateway.console.passwords import hashed
from gateway.console.store import AccountStore
from tests.audit.logs import add_checkpoint, introduce, new_keys
from tests.bench import simulate_many
from tests.console.person import PASSWORD, Person
from tests.e2e.world import Gateway

DAYS = 13.9
CONFIG = """\
version: 1
policies: [mask-all]
upstreams: [{name: cloud, kind: loopback, class: external, models: [gpt-5]}]
console: {enabled: true}
audit: {url: "sqlite:///audit.db"}
"""

_NOBODY = {"tenant": "tenant-1", "entity_type": "EMAIL_ADDRESS", "values": "nobody@example.com"}


def make(path: Path, requests: int) -> int:
    """A log of that many requests of the last days, in a tree that is signed; its records."""
    sql.make_file(path)
    engine = sql.make_engine(path, 5.0)
    with engine.connect() as connection:
        sql.migrate(connection, path)
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("PRAGMA synchronous=OFF")
    raw.execute("BEGIN")
    span = int(DAYS * 86_400 * 1e6)
    start, step = time.time_ns() // 1000 - span, span // requests
    made = simulate_many.rows(requests, start_us=start, step_us=step)
    raw.executemany(simulate_many.ROW, made)
    raw.execute("COMMIT")
    raw.close()
    with engine.connect() as connection, transaction(connection, sql.BEGIN) as inside:
        tree.sequence_rest(inside, tree.read(inside), last_seq(inside))
        keys = new_keys()
        introduce(inside, keys)
        add_checkpoint(inside, keys)
        return last_seq(inside)


def pages(person: Person) -> dict[str, tuple[str, dict[str, str] | None]]:
    """What is looked at: a name, and how it is asked for."""
    text, _ = person.ask("GET", "/console/records?type=request.completed")
    names = _names(text)
    return {
        "overview": ("/console", None),
        "flow": ("/console/flow", None),
        "records": ("/console/records", None),
        "records, a frequent type": ("/console/records?entity_type=PERSON", None),
        "records, a rare tenant": ("/console/records?tenant=tenant-1999", None),
        "records, a day": (f"/console/records?{_day()}", None),
        "records, nothing found": ("/console/records?model=none", None),
        "record": (f"/console/records/{names[-1]}", None),
        "record, verified": (f"/console/records/{names[-1]}/verify", {}),
        "policies": ("/console/policies", None),
        "access": ("/console/access", None),
        "retention": ("/console/retention", None),
        "subjects": ("/console/subjects", None),
        "subjects, nobody found": ("/console/subjects", _NOBODY),
        "exports": ("/console/exports", None),
        "quality": ("/console/quality", None),
        "simulate, its form": ("/console/policies/simulate", None),
    }


def _names(text: str) -> list[str]:
    return findall(r'href="/console/records/([0-9a-f-]{36})"', text)


def _day() -> str:
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 7 * 86_400))
    return urlencode({"since": day, "until": day})


def measured(gateway: Gateway, rounds: int) -> dict[str, Any]:
    """The figures of one process: the first view, until all is counted, and each page."""
    person = Person(gateway.port)
    try:
        return _looked(person, rounds)
    finally:
        person.leave()


def _looked(person: Person, rounds: int) -> dict[str, Any]:
    person.sign_in("anna")
    _, first = person.ask("GET", "/console")
    begun, views = time.perf_counter(), 1
    while "Still counting" in person.ask("GET", "/console")[0]:
        time.sleep(0.25)
        views += 1
    figures: dict[str, Any] = {
        "first view of the overview, ms": round(first),
        "counted after, s": round(time.perf_counter() - begun, 1),
    }
    for name, (path, form) in pages(person).items():
        took = sorted(
            person.ask("GET" if form is None else "POST", path, form)[1] for _ in range(rounds)
        )
        figures[name] = {
            "p50": round(took[len(took) // 2]),
            "p95": round(took[min(len(took) - 1, int(len(took) * 0.95))]),
        }
    return figures


def run(folder: Path, requests: int, rounds: int) -> dict[str, Any]:
    """Make the log in a folder, unless there is one, and measure."""
    gateway = Gateway(folder, CONFIG)
    database = folder / "audit.db"
    begun = time.perf_counter()
    if not database.exists():
        make(database, requests)
        account = Account("anna", frozenset(Role))
        store = AccountStore(f"sqlite:///{database}")
        assert store.add(account, hashed(PASSWORD), secrets.token_hex(16), time.time())
    made_s = time.perf_counter() - begun
    begun = time.perf_counter()
    try:
        gateway.start()
        started_s = time.perf_counter() - begun
        figures = measured(gateway, rounds)
    finally:
        gateway.stop()
    head = {"made_s": round(made_s), "started_s": round(started_s, 1)}
    return {**head, "log_mb": round(database.stat().st_size / 1e6), **figures}


def main() -> int:
    requests = int(sys.argv[1]) if len(sys.argv) > 1 else 530_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 40
    with tempfile.TemporaryDirectory(prefix="cloakroom-console-") as folder:
        place = Path(sys.argv[3]) if len(sys.argv) > 3 else Path(folder)
        figures = run(place, requests, rounds)
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
