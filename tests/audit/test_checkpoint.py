"""Checkpoints: what the log signs is what readers of the format verify, and nothing else is."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.checkpoint import (
    MAX_SIZE,
    MAX_TIMESTAMP,
    Checkpoint,
    SignedBy,
    SigningKeys,
    cosigned_message,
    default_origin,
    parse_checkpoint,
    public_keys,
    sign,
    signatures_that_hold,
    verify,
)
from gateway.audit.notes import (
    Algorithm,
    Note,
    NoteError,
    Signature,
    VerifierKey,
    parse_note,
    parse_vkey,
)
from tests.audit.test_notes import BY_ENOCH, BY_PETER, ENOCH, NOTE, PETER, TEXT

VECTOR = Path(__file__).parent.parent / "vectors" / "checkpoint.txt"
BOTH = frozenset(Algorithm)
NAME = "cloakroom.example/audit"
ROOT = hashlib.sha256(b"root").digest()
POINT = Checkpoint(NAME, 4711, ROOT)
TIME = 1_700_000_000


def made_of(number: int) -> SigningKeys:
    """Keys that are the same in every run; real ones are drawn."""
    return SigningKeys(
        Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32),
        MLDSA44PrivateKey.from_seed_bytes(bytes([number]) * 32),
    )


OLD, NEW, STRANGER = made_of(1), made_of(2), made_of(3)
KEYS = public_keys(OLD, NAME)
SIGNED = sign(POINT, [OLD], TIME)
MESSAGE = cosigned_message(POINT, NAME, TIME)


# --- of others ----------------------------------------------------------------------------------

SUMDB = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"


@pytest.mark.parametrize(
    ("size", "root", "signature"),
    [
        (
            20852163,
            "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=",
            "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5"
            "/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=",
        ),
        (
            49189689,
            "ftjbAOzaupaIvaPo/G+Dk63nxOZ2s1OPOKIaPtXs7S4=",
            "Az3grlKZssqRoMNPpZfKt0TphbbcF+pzXqElURJKRNFKfaUAgqeI5k2A"
            "ORH0QAhg/ebRwyIqD/OqP4oLtLnNumvOBAM=",
        ),
    ],
)
def test_checkpoints_of_the_go_checksum_database(size: int, root: str, signature: str):
    note = f"go.sum database tree\n{size}\n{root}\n\n— sum.golang.org {signature}\n"
    verified = verify(note, [parse_vkey(SUMDB)])
    assert verified.checkpoint == Checkpoint("go.sum database tree", size, base64.b64decode(root))
    assert verified.by == (SignedBy("sum.golang.org", Algorithm.ED25519, "033de0ae"),)
    with pytest.raises(NoteError):
        verify(note.replace(str(size), str(size + 1)), [parse_vkey(SUMDB)])


def test_the_example_of_signed_note():
    key = parse_vkey("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
    note = parse_note(
        "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXp"
        "pzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
    )
    assert [one.key_id for one in signatures_that_hold(note, [key])] == ["530d903a"]


@pytest.mark.parametrize(
    ("keys", "by"),
    [
        ([PETER], ["c74f20a3"]),
        ([ENOCH], ["af0cfe78"]),
        ([ENOCH, PETER], ["c74f20a3", "af0cfe78"]),
        ([ENOCH, PETER, ENOCH], ["c74f20a3", "af0cfe78"]),
    ],
)
def test_the_note_of_the_go_package(keys: list[str], by: list[str]):
    known = [parse_vkey(key) for key in keys]
    assert [one.key_id for one in signatures_that_hold(parse_note(NOTE), known)] == by
    with pytest.raises(NoteError):
        verify(NOTE, known)  # it is no checkpoint


def test_a_signature_that_stands_there_twice_counts_once():
    note = parse_note(f"{TEXT}\n{BY_PETER}{BY_PETER}{BY_ENOCH}{BY_ENOCH}")
    assert len(signatures_that_hold(note, [parse_vkey(PETER)])) == 1


# --- the text -----------------------------------------------------------------------------------

TAIL = base64.b64encode(ROOT).decode()


def test_the_text():
    assert POINT.text() == f"{NAME}\n4711\n{TAIL}\n"
    assert parse_checkpoint(POINT.text()) == POINT


@given(
    origin=st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cs"]), min_size=1),
    size=st.integers(0, MAX_SIZE),
    root=st.binary(min_size=32, max_size=32),
)
def test_texts_are_written_and_read(origin: str, size: int, root: bytes):
    point = Checkpoint(origin, size, root)
    assert parse_checkpoint(point.text()) == point


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n\n",
        f"{NAME}\n4711\n{TAIL}",
        f"{NAME}\n4711\n{TAIL}\n\n",
        f"{NAME}\n4711\n{TAIL}\nextension\n",
        f"{NAME}\n4711\n",
        f"\n4711\n{TAIL}\n",
        f"\n{NAME}\n4711\n{TAIL}\n",
        f"a\tb\n4711\n{TAIL}\n",
        f"a\x00\n4711\n{TAIL}\n",
        f"a\ud800\n4711\n{TAIL}\n",
        f"{NAME}\r\n4711\r\n{TAIL}\r\n",
        *(
            f"{NAME}\n{size}\n{TAIL}\n"
            for size in ("", "00", "04711", "+4711", "-0", "-1", " 4711", "4711 ", "4_711", "4e3",
                         "0x1", "٣", "²", str(MAX_SIZE + 1), "9" * 19, "9" * 5000)
        ),
        *(
            f"{NAME}\n4711\n{root}\n"
            for root in (ROOT.hex(), TAIL[:-1], TAIL + "=", f" {TAIL}", f"{TAIL} ",
                         base64.b64encode(ROOT[:-1]).decode(),
                         base64.b64encode(ROOT + b"\0").decode(),
                         TAIL[:-2] + chr(ord(TAIL[-2]) + 1) + "=")
        ),
    ],
)  # fmt: skip
def test_what_is_not_a_checkpoint(text: str):
    with pytest.raises(NoteError):
        parse_checkpoint(text)


@given(at=st.integers(0, 90), new=st.characters())
def test_a_checkpoint_has_one_form(at: int, new: str):
    text = POINT.text()
    changed = text[:at] + new + text[at + 1 :]
    try:
        point = parse_checkpoint(changed)
    except NoteError:
        return
    assert point.text() == changed


@pytest.mark.parametrize(
    "change",
    [
        {"origin": ""},
        {"origin": "a\nb"},
        {"origin": "a\x1f"},
        {"origin": "\udfff"},
        {"size": -1},
        {"size": MAX_SIZE + 1},
        {"root": b""},
        {"root": ROOT + b"\0"},
    ],
)
def test_what_cannot_be_a_checkpoint(change: dict[str, object]):
    with pytest.raises(NoteError):
        replace(POINT, **change)  # type: ignore[arg-type]


# --- what is signed -----------------------------------------------------------------------------


def test_the_structure_that_ml_dsa_signs():
    point = Checkpoint("log", 0x1718191A1B1C1D1E, bytes(range(32)))
    assert cosigned_message(point, "signer", 0x0102030405060708) == bytes.fromhex(
        "737562747265652f76310a00"  # subtree/v1, newline, zero
        "06 7369676e6572"
        "0102030405060708"
        "03 6c6f67"
        "0000000000000000"
        "1718191a1b1c1d1e"
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
    )


def test_a_signed_checkpoint():
    note = parse_note(SIGNED)
    plain, stamped = note.signatures
    assert note.text == POINT.text()
    assert {plain.name, stamped.name} == {NAME}
    OLD.ed25519.public_key().verify(plain.signature, POINT.text().encode())
    assert stamped.signature[:8] == TIME.to_bytes(8, "big")
    OLD.ml_dsa_44.public_key().verify(stamped.signature[8:], MESSAGE)
    public = MLDSA44PublicKey.from_public_bytes(KEYS[1].public)
    assert public == OLD.ml_dsa_44.public_key()


def test_who_signed():
    verified = verify(SIGNED, KEYS, BOTH)
    assert verified.checkpoint == POINT
    assert verified.by == (
        SignedBy(NAME, Algorithm.ED25519, KEYS[0].key_id),
        SignedBy(NAME, Algorithm.ML_DSA_44, KEYS[1].key_id, TIME),
    )
    assert verify(SIGNED.encode(), KEYS, BOTH) == verified


def test_a_checkpoint_from_an_earlier_day_still_holds():
    """Notes are evidence for years: what was signed then must be verified by what runs now."""
    vkeys, note = VECTOR.read_text(encoding="utf-8").split("\n\n", 1)
    keys = [parse_vkey(line) for line in vkeys.split("\n")]
    verified = verify(note, keys, BOTH)
    assert verified.checkpoint == POINT
    assert [one.timestamp for one in verified.by] == [None, TIME]
    assert keys == KEYS


@given(
    origin=st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cs"]), min_size=1,
                   max_size=60),
    size=st.integers(0, MAX_SIZE),
    root=st.binary(min_size=32, max_size=32),
    timestamp=st.integers(1, MAX_TIMESTAMP),
)  # fmt: skip
def test_what_is_signed_is_verified(origin: str, size: int, root: bytes, timestamp: int):
    point = Checkpoint(origin, size, root)
    verified = verify(sign(point, [OLD], timestamp, NAME), KEYS, BOTH)
    assert verified.checkpoint == point
    assert verified.by[1].timestamp == timestamp


@pytest.mark.parametrize(
    ("point", "signers", "timestamp", "name"),
    [
        (POINT, [], TIME, None),
        (POINT, [OLD], 0, None),
        (POINT, [OLD], -1, None),
        (POINT, [OLD], MAX_TIMESTAMP + 1, None),
        (POINT, [OLD], TIME, ""),
        (POINT, [OLD], TIME, "a b"),
        (POINT, [OLD], TIME, "a+b"),
        (POINT, [OLD], TIME, "a\ud800"),
        (POINT, [OLD], TIME, "é" * 128),
        (replace(POINT, origin="é" * 128), [OLD], TIME, NAME),
        (replace(POINT, origin="two words"), [OLD], TIME, None),
    ],
)
def test_what_is_not_signed(
    point: Checkpoint, signers: list[SigningKeys], timestamp: int, name: str | None
):
    with pytest.raises(NoteError):
        sign(point, signers, timestamp, name)


def test_names_of_255_bytes():
    name = "é" * 127 + "x"
    assert verify(sign(replace(POINT, origin=name), [OLD], TIME), public_keys(OLD, name), BOTH)


# --- tampering ----------------------------------------------------------------------------------


def refused(note: str, keys: list[VerifierKey] = KEYS) -> bool:
    """Whether this note is refused by one who wants both signatures."""
    try:
        verify(note, keys, BOTH)
    except NoteError:
        return True
    return False


def test_no_character_can_be_changed():
    """Every character of text and Ed25519 signature, and every 29th of the long signature."""
    long = SIGNED.rindex("— ") + len(NAME) + 20
    for at in [*range(long), *range(long, len(SIGNED), 29), len(SIGNED) - 1]:
        for other in {"A", "0", "\n"} - {SIGNED[at]}:
            assert refused(SIGNED[:at] + other + SIGNED[at + 1 :]), at
        assert refused(SIGNED[:at] + SIGNED[at + 1 :]), at


def test_no_line_can_be_dropped_doubled_or_moved():
    lines = SIGNED.split("\n")[:-1]
    for at in range(len(lines)):
        without = lines[:at] + lines[at + 1 :]
        assert refused("\n".join([*without, ""]))
        for to in range(len(lines)):
            moved = [*without[:to], lines[at], *without[to:]]
            among_signatures = at in {4, 5} and to in {4, 5}
            assert refused("\n".join([*moved, ""])) is not (to == at or among_signatures)


@pytest.mark.parametrize(
    "other",
    [
        replace(POINT, size=4712),
        replace(POINT, root=bytes(32)),
        replace(POINT, origin=NAME + "2"),
    ],
)
@pytest.mark.parametrize("taken", [[0], [1], [0, 1]])
def test_signatures_of_another_checkpoint_do_not_hold(other: Checkpoint, taken: list[int]):
    here = list(parse_note(SIGNED).signatures)
    there = parse_note(sign(other, [OLD], TIME, NAME)).signatures
    for at in taken:
        here[at] = there[at]
    note = Note(POINT.text(), tuple(here)).format()
    for require in ((), BOTH):
        with pytest.raises(NoteError):
            verify(note, KEYS, require)


def with_stamp(timestamp: int, signature: bytes) -> str:
    stamp = timestamp.to_bytes(8, "big")
    line = Signature(NAME, KEYS[1].key_id, stamp + signature)
    return Note(POINT.text(), (line,)).format()


def test_the_time_is_signed():
    signature = OLD.ml_dsa_44.sign(MESSAGE)
    assert verify(with_stamp(TIME, signature), KEYS).by[0].timestamp == TIME
    for other in (0, TIME - 1, TIME + 1, MAX_TIMESTAMP, MAX_TIMESTAMP + 1, (1 << 64) - 1):
        with pytest.raises(NoteError):
            verify(with_stamp(other, signature), KEYS)


def test_a_time_of_64_bits_is_none():
    message = bytearray(cosigned_message(POINT, NAME, MAX_TIMESTAMP))
    at = 12 + 1 + len(NAME)
    message[at : at + 8] = (MAX_TIMESTAMP + 1).to_bytes(8, "big")
    with pytest.raises(NoteError, match="a time must be"):
        verify(with_stamp(MAX_TIMESTAMP + 1, OLD.ml_dsa_44.sign(bytes(message))), KEYS)


def test_a_time_that_says_nothing_is_read():
    signature = OLD.ml_dsa_44.sign(cosigned_message(POINT, NAME, 0))
    assert verify(with_stamp(0, signature), KEYS).by[0].timestamp == 0


@pytest.mark.parametrize(
    "message",
    [
        POINT.text().encode(),
        f"cosignature/v1\ntime {TIME}\n{POINT.text()}".encode(),
        cosigned_message(POINT, NAME + "2", TIME),
        MESSAGE[:-41] + bytes([1]) + MESSAGE[-40:],
    ],
    ids=["the text", "the text with the time", "another signer", "leaves from 1 on"],
)
def test_nothing_else_that_the_key_signed_passes_for_a_checkpoint(message: bytes):
    with pytest.raises(NoteError):
        verify(with_stamp(TIME, OLD.ml_dsa_44.sign(message)), KEYS)


@pytest.mark.parametrize("size", [1, 7, 8, 9, 64, 2427, 2429])
@pytest.mark.parametrize("key", KEYS, ids=["ed25519", "ml-dsa-44"])
def test_signatures_of_a_wrong_length_do_not_hold(key: VerifierKey, size: int):
    note = Note(POINT.text(), (Signature(NAME, key.key_id, bytes(size)),)).format()
    with pytest.raises(NoteError, match="does not hold"):
        verify(note, KEYS)


def test_a_signature_of_one_algorithm_does_not_pass_for_one_of_the_other():
    plain, stamped = parse_note(SIGNED).signatures
    crossed = (replace(plain, key_id=stamped.key_id), replace(stamped, key_id=plain.key_id))
    for one in crossed:
        with pytest.raises(NoteError):
            verify(Note(POINT.text(), (one,)).format(), KEYS)


# --- many signatures, many keys -----------------------------------------------------------------


def joined(*notes: str) -> str:
    signatures = [one for note in notes for one in parse_note(note).signatures]
    return Note(POINT.text(), tuple(signatures)).format()


def test_signatures_of_strangers_are_ignored():
    by_stranger = sign(POINT, [STRANGER], TIME)
    renamed = sign(POINT, [OLD], TIME, "witness.example")
    note = joined(by_stranger, SIGNED, renamed)
    assert verify(note, KEYS, BOTH) == verify(SIGNED, KEYS)
    same_id = Signature("witness.example", KEYS[0].key_id, b"not a signature")
    same_name = Signature(NAME, "00000000", b"not a signature")
    lines = (same_id, *parse_note(SIGNED).signatures, same_name)
    assert verify(Note(POINT.text(), lines).format(), KEYS, BOTH) == verify(SIGNED, KEYS)
    for keys in ([], public_keys(STRANGER, NAME + "2"), public_keys(NEW, NAME)):
        with pytest.raises(NoteError):
            verify(note, keys)


@pytest.mark.parametrize("at", [0, 1, 2, 3])
def test_one_wrong_signature_of_a_known_key_spoils_the_note(at: int):
    lines = list(parse_note(sign(POINT, [OLD, NEW], TIME)).signatures)
    content = lines[at].signature
    lines[at] = replace(lines[at], signature=content[:-1] + bytes([content[-1] ^ 1]))
    note = Note(POINT.text(), tuple(lines)).format()
    with pytest.raises(NoteError, match=lines[at].key_id):
        verify(note, [*KEYS, *public_keys(NEW, NAME)])
    # A second one of the same key does not make up for it.
    both = Note(POINT.text(), (*parse_note(SIGNED).signatures, *lines)).format()
    with pytest.raises(NoteError):
        verify(both, [*KEYS, *public_keys(NEW, NAME)])
    unaffected = KEYS if at > 1 else public_keys(NEW, NAME)
    assert verify(note, unaffected, BOTH).checkpoint == POINT


SIGNERS = {"old": [OLD], "both": [OLD, NEW], "new": [NEW]}


@pytest.mark.parametrize(
    ("signed_with", "known", "count"),
    [
        ("old", "old", 2), ("old", "both", 2), ("old", "new", 0),
        ("both", "old", 2), ("both", "both", 4), ("both", "new", 2),
        ("new", "old", 0), ("new", "both", 2), ("new", "new", 2),
    ],
)  # fmt: skip
def test_keys_are_replaced_in_a_window(signed_with: str, known: str, count: int):
    note = sign(POINT, SIGNERS[signed_with], TIME)
    keys = [key for signer in SIGNERS[known] for key in public_keys(signer, NAME)]
    if not count:
        with pytest.raises(NoteError, match="no known key"):
            verify(note, keys)
        return
    verified = verify(note, keys, BOTH)
    assert verified.checkpoint == POINT
    assert len(verified.by) == count


def test_the_same_keys_sign_once():
    assert len(parse_note(sign(POINT, [OLD, OLD], TIME)).signatures) == 2


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_a_signature_that_is_left_out_is_missed(algorithm: Algorithm):
    (kept,) = [key for key in KEYS if key.algorithm is not algorithm]
    lines = [one for one in parse_note(SIGNED).signatures if one.key_id == kept.key_id]
    note = Note(POINT.text(), tuple(lines)).format()
    assert [one.algorithm for one in verify(note, KEYS).by] == [kept.algorithm]
    for require in (BOTH, {algorithm}):
        with pytest.raises(NoteError, match=algorithm.value):
            verify(note, KEYS, require)


def test_two_keys_of_one_identity_are_refused():
    first, second = (
        VerifierKey("log.example", Algorithm.ED25519, number.to_bytes(32, "big"))
        for number in (19719, 33356)  # found by search
    )
    assert first.key_id == second.key_id
    with pytest.raises(NoteError, match="two keys share"):
        verify(SIGNED, [*KEYS, first, second])
    assert verify(SIGNED, [*KEYS, first, *KEYS, first], BOTH).checkpoint == POINT


# --- keys ---------------------------------------------------------------------------------------


def test_private_keys_do_not_show():
    shown = repr(OLD)
    assert shown == "SigningKeys()"
    assert OLD.ed25519.private_bytes_raw().hex() not in shown


def test_public_keys():
    assert [key.algorithm for key in KEYS] == list(Algorithm)
    assert [len(key.public) for key in KEYS] == [32, 1312]
    assert len({key.key_id for key in KEYS}) == 2
    for number, key in zip([1, 6], KEYS, strict=True):
        content = NAME.encode() + b"\n" + bytes([number]) + key.public
        assert key.key_id == hashlib.sha256(content).hexdigest()[:8]


def test_a_log_without_a_name_is_called_by_its_key():
    name = default_origin(OLD)
    assert name == default_origin(made_of(1)) != default_origin(NEW)
    assert name.startswith("cloakroom/")
    assert len(name) == len("cloakroom/") + 16
    assert verify(sign(replace(POINT, origin=name), [OLD], TIME), public_keys(OLD, name), BOTH)
