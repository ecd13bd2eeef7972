"""What the console is looked at on: a gateway process, its records, and those who look."""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from gateway.audit.record import timestamp, uuid7
from gateway.console.accounts import Account, Role
from gateway.console.passwords import hashed
from gateway.console.store import AccountStore
from tests.console.person import PASSWORD, Person
from tests.e2e.world import ROOT, Gateway, wait_until

EVIL = "<script>document.title='pwned'</script><img src=/pwned onerror=\"document.title='pwned'\">"
"""Runs and loads something wherever it is taken for markup."""

REVERSED = "\u202egnp.exe"
CONFIG = """\
version: 1
auth: {mode: keys, keys_file: keys.yaml}
policies: [ours.yaml]
upstreams:
  - {name: cloud, kind: loopback, class: external, models: [gpt-5.2, gpt-5-mini]}
  - {name: local, kind: loopback, class: on_prem, models: [our-model]}
console: {enabled: true}
audit: {url: "sqlite:///audit.db"}
"""
POLICY = """\
version: 1
id: ours
record: {content: masked, subjects: [EMAIL_ADDRESS], retention_days: 14}
rules:
  - name: no-secrets-outside
    when: {any_of: [secrets], upstream_class: external}
    effect: deny
    reason: "Credentials must not leave the premises."
  - {name: rest, effect: mask}
"""
TEXTS = (
    ("gpt-5.2", "Write to Maria Schmidt, maria@example.com, about DE89370400440532013000."),
    ("gpt-5.2", "What is the capital of France?"),
    ("gpt-5-mini", "Call +49 30 901820 or mail jo@example.org and leo@example.org."),
    ("our-model", "Use the key sk-proj-4f9aB2cD8eF1gH7iJ3kL5mN6oP0qR2sT to sign in."),
    ("gpt-5.2", "Use the key sk-proj-4f9aB2cD8eF1gH7iJ3kL5mN6oP0qR2sT to sign in."),
    ("no-such-model", "Hello"),
)  # fmt: skip
WHY = {
    "kind_masked_request": "1",
    "code": "complaint",
    "words": "A customer says that their account number was sent.",
}
SAID = {
    "verdict": "missed",
    "entity_type": "PERSON",
    "tenant": "acme",
    "value": "Jo <b onclick=x>",
    "text": "This is Jo <b onclick=x> of Ulm",
}
NAMES = {role: role.value for role in Role}
"""An account for each role, of the role's name."""


@dataclass
class Stage:
    """A gateway with a console, which somebody has used."""

    gateway: Gateway
    sent: list[int] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.gateway.url

    @property
    def database(self) -> Path:
        return self.gateway.folder / "audit.db"

    @cached_property
    def records(self) -> list[dict[str, Any]]:
        """What is on record now, newest first."""
        return self.gateway.records()

    def record(self, kind: str) -> str:
        """The event id of the newest signed record of a type."""
        return str(next(one["event_id"] for one in self.records if one["type"] == kind))

    def unmask(self, state: str = "") -> str:
        """The id of the newest request to unmask, of one in this state if it says which."""
        return self._newest("unmask_id", "console_unmasks", "requested", state)

    def feedback(self, state: str = "") -> str:
        """Likewise of what was said about a finding."""
        return self._newest("feedback_id", "console_feedback", "given", state)

    def _newest(self, column: str, table: str, order: str, state: str) -> str:
        connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=120)
        found = connection.execute(
            f"SELECT {column} FROM {table} WHERE ? IN ('', state) ORDER BY {order} DESC LIMIT 1",
            (state,),
        ).fetchone()
        connection.close()
        assert found, f"nothing of this state: {state}"
        return str(found[0])

    @cached_property
    def planted(self) -> str:
        """The event id of a record of which every text is markup; made when it is asked for."""
        return _planted(self.database)

    @cached_property
    def policies(self) -> list[str]:
        """Digests of the policies that were in force, newest first and without doubles."""
        found = [
            str(one["target"])
            for one in self.records
            if one["type"] in ("policy.loaded", "policy.changed")
        ]
        return list(dict.fromkeys(found))


def _keys(gateway: Gateway) -> list[str]:
    (gateway.folder / "keys.yaml").write_text("version: 1\nkeys: []\n")
    made = []
    for tenant in ("acme", "globex"):
        command = ["apikeys", "add", "--tenant", tenant, "--id", f"{tenant}-app", "--json"]
        done = subprocess.run(
            [sys.executable, "-m", "gateway", *command, "--config", str(gateway.config)],
            capture_output=True, check=True, cwd=gateway.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        made.append(str(json.loads(done.stdout)["key"]))
    return made


def _used(stage: Stage, keys: list[str]) -> None:
    gateway = stage.gateway
    for key in keys:
        header = {"authorization": f"Bearer {key}"}
        for model, text in TEXTS:
            body = {"model": model, "messages": [{"role": "user", "content": text}]}
            stage.sent.append(gateway.post(json.dumps(body).encode(), header)[0])
    changed = POLICY.replace("id: ours", f"id: ours\n# {EVIL}\n# {REVERSED}")
    (gateway.folder / "ours.yaml").write_text(changed)


def _accounts(url: str) -> None:
    store, password = AccountStore(url), hashed(PASSWORD)
    for role, name in NAMES.items():
        account = Account(name, frozenset({role}))
        assert store.add(account, password, secrets.token_hex(16), time.time())
    bound = Account("bound", frozenset({Role.REVIEWER}), frozenset({"acme"}))
    assert store.add(bound, password, secrets.token_hex(16), time.time())


def _asked(stage: Stage) -> None:
    """A reviewer asks to see a text."""
    reviewer = Person(stage.gateway.port)
    reviewer.sign_in(NAMES[Role.REVIEWER])
    address = f"/console/unmask/ask/{stage.record('request.completed')}"
    reviewer.ask("GET", address)
    reviewer.ask("POST", address, WHY)
    reviewer.leave()


def _said(stage: Stage) -> None:
    """An operator says that something was missed."""
    operator = Person(stage.gateway.port)
    operator.sign_in(NAMES[Role.OPERATOR])
    operator.ask("GET", "/console/feedback")
    operator.ask("POST", "/console/feedback", SAID)
    operator.leave()


def _counted(stage: Stage, query: str) -> int:
    connection = sqlite3.connect(f"file:{stage.database}?mode=ro", uri=True, timeout=120)
    (found,) = connection.execute(query).fetchone()
    connection.close()
    return int(found)


def _planted(database: Path) -> str:
    """A record of which every text is markup, as whoever can write to the file has it."""
    now = time.time_ns() // 1000
    name = uuid7(now // 1000, bytes(10))
    text = EVIL + REVERSED
    body = {
        "event_id": name, "ts": timestamp(now), "type": "request.closed", "tenant": text,
        "request_id": text, "outcome": text, "model_requested": text, "upstream_id": text,
        "error_code": text, "actor_kind": text, "authn": {"key_id": text, "method": text},
        "policy": {"id": text, "sha256": text, "action": text, "rule_ids": [text]},
        "detection": {"engine": text, "entities": {text: 3}},
        "transform": {"operators": {text: text}},
        "endpoint": text, "operation": text, "latency_ms": {text: 1}, "usage": {text: 1},
    }  # fmt: skip
    row = (name, text, "request.closed", body["ts"], text, text, 1, b"0" * 32, b"0" * 32, b"0" * 32)
    connection = sqlite3.connect(database, timeout=120)
    with connection:
        connection.execute(
            "INSERT INTO audit_records VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*row, json.dumps(body)),
        )
    connection.close()
    return name


@contextmanager
def opened(folder: Path) -> Iterator[Stage]:
    """A gateway that has served two tenants and changed its policy."""
    gateway = Gateway(folder, CONFIG)
    (folder / "ours.yaml").write_text(POLICY)
    keys = _keys(gateway)
    try:
        gateway.start()
        stage = Stage(gateway)
        _used(stage, keys)
        _accounts(f"sqlite:///{stage.database}")
        wait_until(lambda: _changed(gateway), "the policy to be changed")
        _asked(stage)
        _said(stage)
        size = _counted(stage, "SELECT size FROM audit_tree")
        wait_until(
            lambda: _counted(stage, "SELECT coalesce(max(size), 0) FROM audit_checkpoints") >= size,
            "the log to be signed",
        )
        yield stage
    finally:
        gateway.stop()


def _changed(gateway: Gateway) -> bool:
    return any(one["type"] == "policy.changed" for one in gateway.records())
