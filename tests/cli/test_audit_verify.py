"""`cloakroom audit verify`, `proof`, `keys`: whether the log holds, in exit codes and in words."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway import config as configuration
from gateway.audit.checkpoint import public_keys
from gateway.audit.facts import Actor, ActorKind, AuthMethod, EventType, Origin
from gateway.audit.record import canonical, event, timestamp, uuid7
from gateway.cli.audit import app
from tests.audit.logs import ORIGIN, attack, bodies, make_log, new_keys
from tests.cli.audit_world import SIZE, World, make_world


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return make_world(tmp_path, monkeypatch)


def tamper(world: World, statement: str) -> None:
    connection = attack(world.log.file)
    connection.execute(statement)
    connection.close()


FLIP = "UPDATE audit_records SET body = replace(body, 'chat', 'chot') WHERE seq = 31"


def test_a_log_holds(world: World):
    found = world.json("verify", "--key", "keys", "--anchor", "anchor-20", "--anchor", "anchor-60")
    assert found["ok"] is True
    assert found["first_bad"] is None
    assert (found["size"], found["signed"], found["checkpoints"]) == (SIZE, SIZE, 3)
    assert found["macs"] is found["pinned"] is True
    assert [one["holds"] for one in found["anchors"]] == [True, True]
    assert found["faults"] == []


def test_what_was_not_looked_at_is_said(world: World):
    done = world.run("verify", url=True)
    assert done.exit_code == 0
    for words in ("The log holds: 60 records", "MACs not checked", "--key", "--anchor"):
        assert words in done.stdout
    done = world.run("verify", "--key", "keys", "--anchor", "anchor-60")
    assert done.exit_code == 0
    for words in ("MACs not checked", "--key", "No anchor"):
        assert words not in done.stdout
    assert "Anchor anchor-60 (leaf 60): agrees." in done.stdout


def test_the_first_bad_index_is_named(world: World):
    tamper(world, FLIP)
    for arguments in ([], ["--key", "keys"]):
        found = world.json("verify", *arguments, code=1)
        assert found["ok"] is False
        assert found["first_bad"] == 30
    done = world.run("verify")
    assert done.exit_code == 1
    assert "First bad leaf index: 30." in done.stdout
    assert "leaf 30: the record was changed" in done.stdout


@pytest.mark.parametrize(
    ("statement", "index", "kind"),
    [
        ("UPDATE audit_records SET tenant = 'nobody' WHERE seq = 31", 30, "filed"),
        ("UPDATE audit_records SET ts = '2020' WHERE seq = 31", 30, "filed"),
        (
            "INSERT INTO audit_records SELECT 99, 'x', 'y', type, ts, tenant, 'z', 1, leaf_hash, "
            "prev_writer_hash, mac, body FROM audit_records WHERE seq = 1",
            SIZE,
            "leafless",
        ),
    ],
)
def test_what_no_proof_shows_is_found_too(world: World, statement: str, index: int, kind: str):
    tamper(world, statement)
    found = world.json("verify", code=1)
    assert [one["kind"] for one in found["faults"]] == [kind]
    assert found["first_bad"] == index


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_tree SET size = 'secret'",
        "UPDATE audit_tree SET size = 1e30",
        "DELETE FROM audit_tree",
        "DELETE FROM audit_meta",
        "UPDATE audit_log_keys SET name = x'ff'",
        "UPDATE audit_tiles SET hashes = 'secret'",
    ],
)
def test_tables_that_hold_what_no_gateway_writes_end_with_1(tmp_path: Path, statement: str):
    log = make_log(tmp_path / "audit.db", bodies(300), [256, 300])
    world = World(tmp_path, log)
    tamper(world, statement)
    found = world.json("verify", code=1, url=True)
    assert found["ok"] is False
    assert "secret" not in str(found)


RETENTION = [
    ("retention.pruned", "512", 256, 0),
    ("retention.pruned", "256", 256, 0),
    ("retention.pruned", "255", 256, 1),
    ("retention.pruned", "", 256, 1),
    ("key.created", "256", 256, 1),
    ("", "", 256, 1),
]


@pytest.mark.parametrize(("kind", "target", "below", "code"), RETENTION)
def test_what_is_gone_has_to_be_on_record(
    tmp_path: Path, kind: str, target: str, below: int, code: int
):
    records = bodies(300)
    if kind:
        actor = Actor(kind=ActorKind.OPERATOR, method=AuthMethod.LOCAL)
        known = {"event_id": uuid7(1, bytes(10)), "ts": timestamp(1), "actor": actor}
        records[-1] = canonical(
            event(EventType(kind), origin=Origin(), target=target, **known)  # type: ignore[arg-type]
        )
    log = make_log(tmp_path / "audit.db", records, [256, 300])
    connection = attack(log.file)
    connection.execute("INSERT INTO audit_pruned VALUES (?, 'ts', ?)", (below, uuid7(1, bytes(10))))
    connection.execute(f"DELETE FROM audit_records WHERE seq <= {below}")
    connection.execute(f"DELETE FROM audit_leaves WHERE leaf_index < {below}")
    connection.close()
    done = CliRunner().invoke(app, ["verify", "--url", log.url, "--json"])
    found = json.loads(done.stdout)
    assert (done.exit_code, found["ok"]) == (code, not code)
    assert [one["kind"] for one in found["faults"]] == ["pruned"] * code
    assert found["first_bad"] == (0 if code else None)


def pruned_world(tmp_path: Path) -> World:
    """300 records, of which retention took 256, and anchors from before and after."""
    records = bodies(300)
    actor = Actor(kind=ActorKind.OPERATOR, method=AuthMethod.LOCAL)
    known = {"event_id": uuid7(1, bytes(10)), "ts": timestamp(1), "actor": actor}
    records[-1] = canonical(
        event(EventType.RETENTION_PRUNED, origin=Origin(), target="256", **known)  # type: ignore[arg-type]
    )
    log = make_log(tmp_path / "audit.db", records, [200, 300])
    for size, note in log.notes.items():
        (tmp_path / f"anchor-{size}").write_text(note)
    world = World(tmp_path, log)
    tamper(world, f"INSERT INTO audit_pruned VALUES (256, 'ts', '{uuid7(1, bytes(10))}')")
    tamper(world, "DELETE FROM audit_records WHERE seq <= 256")
    tamper(world, "DELETE FROM audit_leaves WHERE leaf_index < 256")
    return world


def test_an_anchor_of_which_retention_took_the_records_does_not_disagree(tmp_path: Path):
    world = pruned_world(tmp_path)
    arguments = [f"--anchor={world.path(name)}" for name in ("anchor-200", "anchor-300")]
    found = world.json("verify", *arguments, url=True)
    assert [(one["holds"], one["compared"]) for one in found["anchors"]] == [
        (None, False),
        (True, True),
    ]
    done = world.run("verify", *arguments, url=True)
    assert done.exit_code == 0
    assert "anchor-200 (leaf 200): can no longer be compared" in done.stdout
    assert "anchor-300 (leaf 300): agrees." in done.stdout
    for words in ("DOES NOT AGREE", "No anchor"):
        assert words not in done.stdout
    assert (
        "No anchor that can still be compared" in world.run("verify", arguments[0], url=True).stdout
    )


def test_an_anchor_from_after_what_is_gone_still_disagrees(tmp_path: Path):
    world = pruned_world(tmp_path)
    other = make_log(tmp_path / "other.db", bodies(300), [300], keys=world.log.keys)
    (tmp_path / "other").write_text(other.notes[300])
    found = world.json("verify", f"--anchor={world.path('other')}", url=True, code=1)
    assert (found["anchors"][0]["holds"], found["anchors"][0]["compared"]) == (False, True)


def test_a_new_log_is_said_to_wait_for_its_first_checkpoint(tmp_path: Path):
    world = World(tmp_path, make_log(tmp_path / "audit.db", bodies(20), [0]))
    found = world.json("verify", url=True, code=1)
    assert (found["ok"], found["not_signed_yet"], found["first_bad"]) == (False, True, None)
    assert [one["kind"] for one in found["faults"]] == ["not_signed_yet"]
    done = world.run("verify", url=True)
    assert done.exit_code == 1
    assert "Not signed yet: 20 records; the gateway signs within 10 seconds." in done.stdout
    assert "does not hold" not in done.stdout
    tamper(world, FLIP.replace("31", "11"))
    done = world.run("verify", url=True)
    assert "First bad leaf index: 10." in done.stdout
    assert "Not signed yet" not in done.stdout


def test_another_master_key_is_seen(world: World):
    (world.folder / "cloakroom.key").write_text("0" * 64)
    found = world.json("verify", code=1)
    assert found["faults"][0]["kind"] == "mac"
    assert world.json("verify", url=True)["macs"] is False


def test_a_master_key_that_is_missing_is_not_made_but_said(world: World):
    key = world.folder / "cloakroom.key"
    key.unlink()
    done = world.run("verify")
    assert done.exit_code == 2
    assert f"there is no key file {key}" in done.stderr
    assert not key.exists()


def test_a_history_that_was_rewritten_is_told_by_an_anchor_alone(world: World):
    """Whoever has the database, the signing keys and the master key can make it hold in itself."""
    records = [body.replace(b'"acme"', b'"evil"') for body in bodies(SIZE)]
    master = configuration.load(world.folder / "cloakroom.yaml", {}).master_key
    world.log.file.unlink()
    make_log(world.log.file, records, [20, 40, 60], keys=world.log.keys, master=master)
    assert world.json("verify", "--key", "keys")["ok"] is True
    found = world.json("verify", "--key", "keys", "--anchor", "anchor-20", code=1)
    assert [one["kind"] for one in found["faults"]] == ["anchor"]
    done = world.run("verify", "--key", "keys", "--anchor", "anchor-20")
    assert done.exit_code == 1
    assert "DOES NOT AGREE" in done.stdout


def test_an_old_copy_of_the_database_is_told_by_an_anchor(world: World):
    master = configuration.load(world.folder / "cloakroom.yaml", {}).master_key
    world.log.file.unlink()
    make_log(world.log.file, bodies(40), [20, 40], keys=world.log.keys, master=master)
    assert world.json("verify", "--anchor", "anchor-40")["ok"] is True
    found = world.json("verify", "--anchor", "anchor-40", "--anchor", "anchor-60", code=1)
    assert found["first_bad"] == 40


def test_verifying_writes_nothing(world: World):
    tamper(world, "UPDATE audit_meta SET probes = probes + 1")

    def held() -> tuple[bytes, int]:
        return world.log.file.read_bytes(), world.log.file.stat().st_mtime_ns

    before = held()
    for arguments in (["verify"], ["verify", "--key", "keys"], ["stats"], ["search"]):
        assert world.run(*arguments).exit_code == 0
        assert held() == before


# --- what cannot be told ------------------------------------------------------------------------


def damaged_anchor(world: World) -> list[str]:
    text = (world.folder / "anchor-40").read_text().replace("\n40\n", "\n41\n")
    (world.folder / "bad").write_text(text)
    return ["verify", "--key", "keys", "--anchor", "bad"]


def write(name: str, text: str, *arguments: str) -> Callable[[World], list[str]]:
    def make(world: World) -> list[str]:
        (world.folder / name).write_text(text)
        return list(arguments)

    return make


CANNOT: dict[str, Callable[[World], list[str]]] = {
    "an anchor that is not there": lambda world: ["verify", "--anchor", "none"],
    "an anchor that is no checkpoint": write("bad", "hello\n", "verify", "--anchor", "bad"),
    "an anchor whose signature is wrong": damaged_anchor,
    "a key file that is not there": lambda world: ["verify", "--key", "none"],
    "a key file without keys": write("empty", "# none\n", "verify", "--key", "empty"),
    "a key that is none": write("bad", "example.org/log+1234+AAAA\n", "verify", "--key", "bad"),
    "a proof without its record": lambda world: ["verify", "--proof", "anchor-20"],
    "a proof that is none": lambda world: [
        "verify", "--proof", "keys", "--record", "keys", "--key", "keys",
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", CANNOT)
def test_what_cannot_be_told_ends_with_2(world: World, name: str):
    arguments = CANNOT[name](world)
    done = world.run(*arguments)
    assert done.exit_code == 2, done.output
    assert done.stderr.strip()
    found = world.json(*arguments, code=2)
    assert found["ok"] is False
    assert found["problems"]


def test_a_log_that_is_not_there_ends_with_2_and_none_is_made(world: World):
    world.log.file.unlink()
    for arguments in (["verify"], ["stats"], ["search"], ["keys"], ["proof", "x"]):
        assert world.run(*arguments).exit_code == 2
        assert not world.log.file.exists()


# --- proofs -------------------------------------------------------------------------------------


def event_id(index: int) -> str:
    return str(json.loads(bodies(SIZE)[index])["event_id"])


@pytest.mark.parametrize("index", [0, 31, SIZE - 1])
def test_a_proof_is_checked_without_the_log(world: World, index: int):
    keys = world.run("keys")
    (world.folder / "theirs").write_text(keys.stdout)
    done = world.run("proof", event_id(index), "--out", "p.tlog-proof", "--record", "r.json")
    assert done.exit_code == 0, done.output
    assert (world.folder / "r.json").read_bytes() == bodies(SIZE)[index] + b"\n"
    world.log.file.unlink()
    offline = ["verify", "--proof", "p.tlog-proof", "--record", "r.json", "--key", "theirs"]
    found = world.json(*offline)
    assert (found["ok"], found["index"], found["size"]) == (True, index, SIZE)
    assert len(found["signed_by"]) == 2
    assert f"the record is leaf {index} of {SIZE} of {ORIGIN}" in world.run(*offline).stdout


def test_a_proof_that_does_not_hold_ends_with_1(world: World):
    world.run("proof", event_id(7), "--out", "p", "--record", "r")
    other = public_keys(new_keys(), ORIGIN)
    (world.folder / "other").write_text("".join(f"{key.vkey()}\n" for key in other))
    (world.folder / "changed").write_bytes(bodies(SIZE)[8])
    right = {"--proof": "p", "--record": "r", "--key": "keys"}
    wrong = ({"--record": "changed"}, {"--key": "other"}, {"--origin": "example.org/other"})
    for change in wrong:
        arguments = [word for pair in (right | change).items() for word in pair]
        done = world.run("verify", *arguments)
        assert done.exit_code == 1, change
        assert "does not hold" in done.stderr
        assert world.json("verify", *arguments, code=1)["ok"] is False


def test_a_proof_is_text_on_standard_output(world: World):
    done = world.run("proof", event_id(3))
    assert done.stdout.startswith("c2sp.org/tlog-proof@v1\nindex 3\n")
    found = world.json("proof", event_id(3))
    assert found["record"].encode() == bodies(SIZE)[3]
    assert found["proof"].splitlines()[:2] == done.stdout.splitlines()[:2]


def test_no_proof_of_what_is_not_there_not_signed_or_changed(world: World):
    assert world.run("proof", "nothing").exit_code == 1
    tamper(world, FLIP)
    assert world.run("proof", event_id(29)).exit_code == 0
    changed = world.run("proof", event_id(30))
    assert changed.exit_code == 1
    assert "does not hold at leaf 30" in changed.stderr
    tamper(world, "DELETE FROM audit_checkpoints WHERE size > 20")
    done = world.run("proof", event_id(25))
    assert done.exit_code == 1
    assert "not signed yet" in done.stderr


def test_a_proof_that_cannot_be_written_ends_with_2(world: World):
    assert world.run("proof", event_id(3), "--out", "no/such/folder").exit_code == 2


def test_keys_of_a_log_that_nobody_signed(world: World):
    tamper(world, "DELETE FROM audit_log_keys")
    assert world.run("keys").exit_code == 1
    tamper(world, "INSERT INTO audit_log_keys VALUES ('a', 'b', 'c', x'00', 'd', NULL)")
    done = world.run("keys")
    assert done.exit_code == 1
    assert "damaged" in done.stderr
