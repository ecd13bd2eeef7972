"""A pack of a real log holds, and whatever is changed in it is found and named."""

from __future__ import annotations

import base64
import errno
import shutil
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.audit.checkpoint import parse_checkpoint, public_keys, signatures_that_hold
from gateway.audit.checkpointing import Checkpointer, Signing
from gateway.audit.evidence import pack as packing
from gateway.audit.evidence.output import Output, remove
from gateway.audit.evidence.pack import EvidenceError
from gateway.audit.evidence.policies import keep_policy
from gateway.audit.notes import NoteError, parse_note
from gateway.audit.record import leaf_hash, timestamp
from gateway.audit.sql import transaction
from gateway.audit.sqlite import sql as sqlite
from gateway.audit.tlogproof import LogProof, verify_log_proof
from tests.audit.evidence.packs import (
    COUNT,
    POLICY,
    SIZES,
    change,
    list_again,
    make,
    pack,
    policy_digest,
    verify,
)
from tests.audit.logs import (
    ORIGIN,
    START_MS,
    STEP_MS,
    Log,
    attack,
    bodies,
    make_log,
    new_keys,
)

DIGEST = policy_digest(POLICY)
FILES = (
    "VERIFY.md", "access.json", "checkpoints.txt", "consistency.jsonl", "detector/MODEL_CARD.md",
    "detector/manifest.json", "dpia.json", "dpia.md", "keys.txt", "outages.json", "outages.md",
    f"policies/{DIGEST}.json", "proofs.jsonl", "quality.json", "records.jsonl", "ropa.csv",
    "ropa.json", "ropa.md", "routing.json", "routing.md", "summary.pdf", "verify.py",
    "versions.json",
)  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Log, Path]:
    folder = tmp_path_factory.mktemp("made")
    log = make(folder)
    pack(log, folder / "pack")
    return log, folder


@pytest.fixture
def copy(made: tuple[Log, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(made[1] / "pack", tmp_path / "pack"))


def pinned(made: tuple[Log, Path], tmp_path: Path) -> str:
    file = tmp_path / "pinned"
    file.write_text("".join(f"{key.vkey()}\n" for key in made[0].public))
    return str(file)


def test_it_holds(made: tuple[Log, Path], copy: Path, tmp_path: Path):
    code, said = verify(copy, own=True)
    assert code == 0, said
    assert f"{COUNT} records from leaf 0 on" in said
    assert f"{len(SIZES)} checkpoints" in said
    assert f"ML-DSA-44 cosignatures: {len(SIZES)} present, unchecked" in said
    assert "Keys are those in the pack" in said
    code, said = verify(copy, "--key", pinned(made, tmp_path))
    assert code == 0
    assert "Keys are those in the pack" not in said


def test_it_has_these_files_and_no_others(copy: Path):
    found = {one.relative_to(copy).as_posix() for one in copy.rglob("*") if one.is_file()}
    assert found == {*FILES, "manifest.json", "manifest.sig"}
    manifest = orjson.loads((copy / "manifest.json").read_bytes())
    assert set(manifest["files"]) == set(FILES)


def test_equal_input_gives_equal_bytes(made: tuple[Log, Path], tmp_path: Path):
    pack(made[0], tmp_path / "again")
    for name in (*FILES, "manifest.json", "manifest.sig"):
        assert (tmp_path / "again" / name).read_bytes() == (made[1] / "pack" / name).read_bytes(), (
            name
        )


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("how", ["changed", "removed"])
def test_a_file_that_is_not_as_it_was_is_named(copy: Path, name: str, how: str):
    if how == "changed":
        change(copy / name, lambda content: b" " + content)
    else:
        (copy / name).unlink()
    code, said = verify(copy)
    assert code == 1
    expected = "is not the file that was signed for" if how == "changed" else "is missing"
    assert f"FAULT {name}: {expected}" in said


def test_a_file_that_nobody_signed_for_is_named(copy: Path):
    (copy / "policies" / "more.json").write_text('{"files": []}')
    code, said = verify(copy)
    assert code == 1
    assert "FAULT policies/more.json: is not in the manifest" in said


@pytest.mark.parametrize("edit", ["change", "unsigned", "other signature"])
def test_the_manifest_is_signed(copy: Path, edit: str):
    if edit == "change":
        change(copy / "manifest.json", lambda content: content.replace(b"1.2.3", b"1.2.4"))
    elif edit == "unsigned":
        (copy / "manifest.sig").unlink()
    else:
        note = parse_note((copy / "manifest.sig").read_text())
        other = Ed25519PrivateKey.generate().sign(note.text.encode())
        (one,) = note.signatures
        forged = type(one)(one.name, one.key_id, other)
        (copy / "manifest.sig").write_text(type(note)(note.text, (forged,)).format())
    code, said = verify(copy)
    assert code == 1
    assert "FAULT manifest." in said


def test_a_pack_that_somebody_else_made_anew_holds_only_with_its_own_keys(
    made: tuple[Log, Path], tmp_path: Path
):
    """Everything forged, keys included: only keys from elsewhere tell."""
    folder = tmp_path / "forger"
    folder.mkdir()
    pack(make(folder), folder / "pack")
    assert verify(folder / "pack")[0] == 0
    code, said = verify(folder / "pack", "--key", pinned(made, tmp_path))
    assert code == 1
    assert "FAULT manifest.sig" in said
    assert "FAULT checkpoints.txt, checkpoint 1" in said


def lines(edit: Callable[[list[bytes]], list[bytes]]) -> Callable[[bytes], bytes]:
    return lambda content: b"".join(edit(content.splitlines(keepends=True)))


def swapped(some: list[bytes]) -> list[bytes]:
    return [*some[:9], some[10], some[9], *some[11:]]


INNER = [
    ("records.jsonl", lambda c: c.replace(b'"req_7"', b'"req_8"', 1), "records.jsonl, leaf 14"),
    ("records.jsonl", lines(lambda some: some[:5] + some[6:]), "records.jsonl, leaf 5"),
    ("records.jsonl", lines(swapped), "records.jsonl, leaf 9"),
    ("records.jsonl", lines(lambda some: some[:4] + some[3:]), "records.jsonl, leaf 4"),
    ("records.jsonl", lines(lambda some: some[:-1]), f"records.jsonl, leaf {COUNT - 1}"),
    ("records.jsonl", lambda c: c.replace(b'"record":{', b'"record": {', 1), "leaf 0"),
    ("proofs.jsonl", lines(lambda some: some[:8] + some[9:]), "proofs.jsonl, leaf 8"),
    ("proofs.jsonl", lines(swapped), "proofs.jsonl, leaf 9"),
    ("proofs.jsonl", lines(lambda some: some[:-1]), f"proofs.jsonl, leaf {COUNT - 1}"),
    ("proofs.jsonl", lambda c: c.replace(b'":0,"hashes":["', b'":0,"hashes":["AAAA', 1), "leaf 0"),
    ("consistency.jsonl", lines(lambda some: some[1:]), "checkpoints.txt, checkpoint 2"),
    ("consistency.jsonl", lines(lambda some: [*some, some[-1]]), "consistency.jsonl"),
    ("checkpoints.txt", lambda c: c.replace(b"\n20\n", b"\n21\n"), "checkpoints.txt, checkpoint 4"),
    ("checkpoints.txt", lambda c: c[: c.rindex(b"\n\n" + ORIGIN.encode()) + 1], "consistency"),
    ("checkpoints.txt", lambda c: c + b"\n" + c, "checkpoints.txt, checkpoint 7"),
    (f"policies/{DIGEST}.json", lambda c: c.replace(b"mask", b"deny"), f"policies/{DIGEST}.json"),
    ("keys.txt", lambda c: c[c.index(b"\n") + 1 :], "manifest or keys"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "edit", "named"), INNER)
def test_a_forged_manifest_does_not_help(
    copy: Path, name: str, edit: Callable[[bytes], bytes], named: str
):
    """The files' digests fit and nobody's signature is asked for: trees and chains still tell."""
    (copy / "manifest.sig").unlink()
    assert verify(copy, "--allow-unsigned")[0] == 0
    change(copy / name, edit)
    list_again(copy)
    code, said = verify(copy, "--allow-unsigned")
    assert code == 1
    first = next(line for line in said.splitlines() if line.startswith("FAULT"))
    assert named in first, said


def test_nothing_can_be_read_where_there_is_nothing(tmp_path: Path):
    code, said = verify(tmp_path / "nowhere")
    assert code == 1
    assert "FAULT manifest or keys" in said


def test_proofs_are_those_of_other_readers(made: tuple[Log, Path]):
    log, folder = made
    steps = (folder / "pack" / "proofs.jsonl").read_bytes().splitlines()
    records = (folder / "pack" / "records.jsonl").read_bytes().splitlines()
    for index, (line, step) in enumerate(zip(records, steps, strict=True)):
        prefix = b'{"leaf_index":%d,"record":' % index
        hashes = tuple(base64.b64decode(one) for one in orjson.loads(step)["hashes"])
        proof = LogProof(index, hashes, log.notes[COUNT])
        verify_log_proof(proof, leaf_hash(line[len(prefix) : -1]), ORIGIN, log.public)


# --- which records, which checkpoints -----------------------------------------------------------


def at(number: int) -> str:
    return timestamp((START_MS + number * STEP_MS) * 1000)


@pytest.mark.parametrize(
    ("since", "until", "first", "count", "sizes"),
    [
        (at(0), at(COUNT), 0, COUNT, SIZES),
        (at(9), at(21), 9, 12, (8, 20, 40, 41)),
        (at(40), "", 40, 1, (40, 41)),
        ("", at(1), 0, 1, SIZES),
        (at(100), at(200), COUNT, 0, (41,)),
    ],
)
def test_the_period_sets_the_records(
    made: tuple[Log, Path],
    tmp_path: Path,
    since: str,
    until: str,
    first: int,
    count: int,
    sizes: tuple[int, ...],
):
    manifest = pack(made[0], tmp_path / "pack", since=since, until=until)
    assert (manifest["first_leaf"], manifest["records"]) == (first, count)
    notes = (tmp_path / "pack" / "checkpoints.txt").read_text().split(f"{ORIGIN}\n")[1:]
    assert [int(one.split("\n")[0]) for one in notes] == list(sizes)
    assert verify(tmp_path / "pack")[0] == 0


@pytest.mark.parametrize("block", [1, 2, 4, 16])
def test_blocks_of_any_size_give_the_same_proofs(
    made: tuple[Log, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
):
    monkeypatch.setattr(packing, "BLOCK", block)
    pack(made[0], tmp_path / "pack")
    for name in ("records.jsonl", "proofs.jsonl"):
        again, before = tmp_path / "pack" / name, made[1] / "pack" / name
        assert again.read_bytes() == before.read_bytes()


def test_of_many_checkpoints_some_are_taken(
    made: tuple[Log, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(packing, "MOST_CHECKPOINTS", 2)
    manifest = pack(made[0], tmp_path / "pack")
    assert manifest["checkpoints"] == 3  # the first, the fourth and the last
    assert verify(tmp_path / "pack")[0] == 0


def test_what_no_checkpoint_covers_is_left_out_and_counted(tmp_path: Path):
    log = make(tmp_path, 12, (4, 9))
    manifest = pack(log, tmp_path / "pack")
    assert (manifest["records"], manifest["checkpoint_size"]) == (9, 9)
    outages = orjson.loads((tmp_path / "pack" / "outages.json").read_bytes())
    assert outages["unsigned_records_left_out"] == 3
    assert verify(tmp_path / "pack")[0] == 0


# --- what is refused ----------------------------------------------------------------------------


def test_a_folder_that_holds_something_is_left_alone(made: tuple[Log, Path], tmp_path: Path):
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(EvidenceError, match="holds something"):
        pack(made[0], tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["mine"]


def test_an_unsigned_log_has_no_evidence(tmp_path: Path):
    with pytest.raises(EvidenceError, match="no checkpoint"):
        pack(make(tmp_path, 4, ()), tmp_path / "pack")


@pytest.mark.parametrize(
    ("statement", "match"),
    [
        ("UPDATE audit_records SET body = replace(body, 'req_3', 'req_4')", "leaf 6"),
        ("DELETE FROM audit_records WHERE seq = 8", "leaf 7"),
        ("UPDATE audit_checkpoints SET note = 'x' WHERE size = 20", "note"),
    ],
)
def test_a_log_that_does_not_hold_is_refused(tmp_path: Path, statement: str, match: str):
    log = make(tmp_path)
    connection = attack(log.file)
    connection.execute(statement)
    connection.close()
    with pytest.raises(EvidenceError, match=match):
        pack(log, tmp_path / "pack")
    assert not (tmp_path / "pack").exists()


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("failing", ["records.jsonl", "policies/", "summary.pdf", "manifest.json"])
def test_of_a_pack_that_fails_nothing_is_left(
    made: tuple[Log, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    failing: str,
    there: bool,
):
    folder = tmp_path / "new" / "pack"
    if there:
        folder.mkdir(parents=True)
    write, reached = Output.write, []

    def full(self: Output, content: bytes) -> None:
        write(self, content)
        if self._name.startswith(failing):
            reached.append(sum(1 for one in folder.rglob("*") if one.is_file()))
            raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(Output, "write", full)
    with pytest.raises(OSError, match="full"):
        pack(made[0], folder)
    assert reached[0] >= 1
    assert folder.exists() == there
    assert list(tmp_path.rglob("*")) == ([tmp_path / "new", folder] if there else [])


def test_a_policy_of_a_made_up_name_is_written_nowhere(tmp_path: Path):
    names = ["+", "../../outside"]
    made_up = [
        one.replace(b"d" * 64, names[number % 2].encode()) for number, one in enumerate(bodies(8))
    ]
    log = make_log(tmp_path / "audit.db", made_up, (8,))
    for name in names:
        keep_policy(log.url, name, [POLICY])
    pack(log, tmp_path / "in" / "pack")
    assert [one.name for one in tmp_path.rglob("*.json") if "pack" not in one.parts] == []
    versions = orjson.loads((tmp_path / "in" / "pack" / "versions.json").read_bytes())
    assert {name: one["kept"] for name, one in versions["policies"].items()} == {
        "+": False,
        "../../outside": False,
    }


def test_what_somebody_else_put_there_meanwhile_stays(tmp_path: Path):
    mine = tmp_path / "pack" / "policies" / "mine"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    (tmp_path / "pack" / "ours").write_text("ours")
    remove(tmp_path / "pack", ["ours"], [tmp_path / "pack"])
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == [mine]


# --- times without a signature ------------------------------------------------------------------

HOURS = 4 * 3600


def spaced(tmp_path: Path, kept: dict[int, int]) -> Log:
    """A log of which records from leaf 20 on came hours later, as did the checkpoints of those.

    `kept` has the time of the newest signature of some sizes, in seconds after the first record.
    """
    some = bodies(COUNT)
    late = [one.replace(at(n).encode(), at(n + HOURS).encode()) for n, one in enumerate(some)]
    log = make_log(tmp_path / "audit.db", [*some[:20], *late[20:]], SIZES)
    connection = attack(log.file)
    for size, seconds in {40: HOURS + 40, 41: HOURS + 41, **kept}.items():
        connection.execute(
            "UPDATE audit_checkpoints SET ts = ? WHERE size = ?", (at(seconds), size)
        )
    connection.close()
    return log


@pytest.mark.parametrize(
    ("kept", "silent", "quiet"),
    [
        # signed all the while, each signature in the place of the one before
        ({20: HOURS + 15}, [], [(19, HOURS + 15)]),
        # killed at once, and started again just before the next record: that cannot be told
        ({20: HOURS + 19}, [], [(19, HOURS + 19)]),
        # nobody signed between the records
        ({20: 21}, [(21, HOURS + 39)], []),
        # it came up again and signed until long after the last record
        (
            {20: 21, 41: 3 * HOURS},
            [(21, HOURS + 39)],
            [(HOURS + 40, 3 * HOURS)],
        ),
        # a pause that is short enough
        ({20: HOURS - 200, 41: HOURS + 300}, [], [(19, HOURS - 200)]),
    ],
)
def test_only_what_nobody_can_have_signed_in_is_an_outage(
    tmp_path: Path,
    kept: dict[int, int],
    silent: list[tuple[int, int]],
    quiet: list[tuple[int, int]],
):
    pack(spaced(tmp_path, kept), tmp_path / "pack")
    outages = orjson.loads((tmp_path / "pack" / "outages.json").read_bytes())
    for name, wanted in (("silent", silent), ("quiet", quiet)):
        listed = [(one["from"], one["to"]) for one in outages[name]["listed"]]
        assert listed == [(at(begun), at(ended)) for begun, ended in wanted], name
    assert "is not known" in (tmp_path / "pack" / "outages.md").read_text()


def test_a_gateway_that_has_nothing_to_do_is_no_outage(tmp_path: Path):
    """It signs the same tree every minute for three hours, with clocks that the test turns."""
    log = make_log(tmp_path / "audit.db", bodies(5), (3,))
    clock = [START_MS / 1000 + 5]
    signing = Signing(log.keys, wall=lambda: clock[0], monotonic=lambda: clock[0])
    checkpointer = Checkpointer(signing)
    with sqlite.make_engine(log.file, 1.0).connect() as connection:
        for _ in range(180):
            with transaction(connection, sqlite.BEGIN) as raw:
                checkpointer.introduce(raw, "")
                signed = checkpointer.sign(raw)
                assert signed is not None
                checkpointer.store(raw, signed)
            clock[0] += checkpointer.wait_s()
    pack(log, tmp_path / "pack")
    outages = orjson.loads((tmp_path / "pack" / "outages.json").read_bytes())
    assert outages["silent"]["count"] == 0
    assert [(one["from"], one["to"]) for one in outages["quiet"]["listed"]] == [
        (at(4), at(5 + 179 * 60))
    ]


def test_the_manifest_is_signed_by_the_log_and_is_no_checkpoint(made: tuple[Log, Path]):
    """The log's key signs both: neither may pass for the other."""
    note = parse_note((made[1] / "pack" / "manifest.sig").read_text())
    (held,) = signatures_that_hold(note, made[0].public)
    assert held.algorithm == "ed25519"
    with pytest.raises(NoteError):
        signatures_that_hold(note, public_keys(new_keys(), ORIGIN))
    with pytest.raises(NoteError):
        parse_checkpoint(note.text)
