"""Checks an evidence pack of a Cloakroom audit log. It needs Python 3.11 and nothing else.

    python3 -I verify.py [FOLDER] [--key FILE] [--allow-unsigned]

It shows that every file is the one that was signed for, that every record stands in the log's
tree under a signed checkpoint, that each checkpoint continues the one before, and that policies
have their digests. Exit code 0: all holds. 1: what does not is named. 2: a wrong command line.

Methods: RFC 9162, sections 2.1.3.2 and 2.1.4.2 (Merkle proofs); RFC 8032, section 5.1.7 (Ed25519);
C2SP signed-note and tlog-checkpoint. ML-DSA-44 cosignatures are counted, not checked.
Keys that stand in the pack are only as good as the pack: give --key a file of those that you got
in another way, one a line.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import itertools
import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

FORMAT = "cloakroom-evidence/1"
SIGNED = "cloakroom evidence manifest v1"
MOST_SHOWN = 50
MAX_LINE = 1 << 24  # bytes
ED25519, ML_DSA_44 = 1, 6  # signature types
BREAKS = (ValueError, KeyError, TypeError, OSError, RecursionError)

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int, int, int]


def point_add(p: Point, q: Point) -> Point:
    """The sum of two points in extended coordinates (RFC 8032, section 5.1.4)."""
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def point_decode(encoded: bytes) -> Point:
    """The point that 32 bytes encode (RFC 8032, section 5.1.3). Raises ValueError."""
    number = int.from_bytes(encoded, "little")
    sign, y = number >> 255, number & ((1 << 255) - 1)
    if len(encoded) != 32 or y >= P:
        raise ValueError("no point")
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    if x * x % P != square or (x == 0 and sign):
        raise ValueError("no point")
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def point_encode(point: Point) -> bytes:
    """The 32 bytes of a point."""
    inverse = pow(point[2], -1, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = point_decode((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def ed25519_holds(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a signature is that of the key: [S]B - [k]A has the encoding R."""
    s = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or s >= ORDER:
        return False
    try:
        x, y, _, t = point_decode(public)
    except ValueError:
        return False
    hashed = hashlib.sha512(signature[:32] + public + message).digest()
    k = int.from_bytes(hashed, "little") % ORDER
    minus, nothing = (P - x, y, 1, P - t), (0, 1, 1, 0)
    table, found = (nothing, BASE, minus, point_add(BASE, minus)), nothing
    for bit in range(max(s.bit_length(), k.bit_length()) - 1, -1, -1):
        found = point_add(found, found)
        pick = (s >> bit & 1) | (k >> bit & 1) << 1
        if pick:
            found = point_add(found, table[pick])
    return point_encode(found) == signature[:32]


def unbase64(text: str) -> bytes:
    """Base64 in the one form that an encoder writes. Raises ValueError."""
    content = base64.b64decode(text, validate=True)
    if base64.b64encode(content).decode() != text:
        raise ValueError("base64 is expected")
    return content


Keys = dict[tuple[str, bytes], tuple[int, bytes]]
"""Type and public key by name and id."""


def read_keys(path: Path) -> Keys:
    """The verifier keys of a file, one `name+id+key` a line. Raises ValueError, OSError."""
    keys: Keys = {}
    for line in path.read_text(encoding="utf-8").split("\n"):
        if not line.strip():
            continue
        name, number, encoded = line.strip().split("+", 2)
        typed = unbase64(encoded)
        if hashlib.sha256(name.encode() + b"\n" + typed).hexdigest()[:8] != number:
            raise ValueError("the id of a key is not that of the key")
        keys[name, bytes.fromhex(number)] = typed[0], typed[1:]
    if not any(kind == ED25519 for kind, _ in keys.values()):
        raise ValueError("there is no Ed25519 key")
    return keys


class Note(NamedTuple):
    """A text and the signature lines below it."""

    text: str
    lines: list[str]

    def cosignatures(self, keys: Keys, origin: str) -> int:
        """How many ML-DSA-44 cosignatures there are. Raises ValueError unless an Ed25519 signature
        of a known key with the log's name holds, and none of a known key is wrong."""
        held = cosigned = 0
        for line in self.lines:
            mark, name, encoded = line.split(" ")
            content = unbase64(encoded)
            kind, public = keys.get((name, content[:4]), (0, b""))
            if mark != "\N{EM DASH}":
                raise ValueError("a line is no signature")
            if kind == ED25519 and not ed25519_holds(public, self.text.encode(), content[4:]):
                raise ValueError("an Ed25519 signature does not hold")
            held += kind == ED25519 and name == origin
            cosigned += kind == ML_DSA_44
        if not held:
            raise ValueError("no known Ed25519 key of the log signed it")
        return cosigned


def read_notes(path: Path) -> Iterator[Note]:
    """The notes of a file, one after the other with an empty line between. Raises ValueError."""
    with path.open(encoding="utf-8", newline="\n") as file:
        while True:
            text = list(itertools.takewhile(lambda line: line not in {"\n", ""}, lines(file)))
            if not text:
                return
            below = list(itertools.takewhile(lambda line: line not in {"\n", ""}, lines(file)))
            yield Note("".join(text), [line.removesuffix("\n") for line in below])


def lines(file: Any) -> Iterator[Any]:
    """The lines of a file, none of which may be too long. Raises ValueError."""
    while line := file.readline(MAX_LINE):
        if len(line) == MAX_LINE:
            raise ValueError("a line is too long")
        yield line


class Head(NamedTuple):
    """The size and the root of a tree."""

    size: int
    root: bytes


def read_head(text: str, origin: str) -> Head:
    """What a checkpoint's text says. Raises ValueError."""
    name, size, root, end = text.split("\n")
    if name != origin or end or not re.fullmatch(r"0|[1-9][0-9]{0,18}", size):
        raise ValueError("it is no checkpoint of this log")
    found = Head(int(size), unbase64(root))
    if len(found.root) != 32 or (found.size == 0) != (found.root == hashlib.sha256(b"").digest()):
        raise ValueError("its root is not one of its size")
    return found


def node(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees (RFC 6962, section 2.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def walk(old: bytes, number: int, last: int, proof: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The roots, of the older tree and of the newer, that a proof leads to from one subtree.

    `number` is the subtree's and `last` that of the last one of its level. Raises ValueError.
    """
    new = old
    for one in proof:
        if last == 0 or len(one) != 32:
            raise ValueError("a proof is too long, or holds what is no hash")
        if number & 1 or number == last:
            old, new = node(one, old), node(one, new)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            new = node(new, one)
        number, last = number >> 1, last >> 1
    if last:
        raise ValueError("a proof is too short")
    return old, new


def is_included(leaf: bytes, index: int, head: Head, proof: Sequence[bytes]) -> bool:
    """Whether a leaf's hash stands at an index of a tree (RFC 9162, section 2.1.3.2)."""
    return index < head.size and walk(leaf, index, head.size - 1, proof)[1] == head.root


def continues(old: Head, new: Head, proof: Sequence[bytes]) -> bool:
    """Whether a larger tree's first leaves are those of an older one (ibid., 2.1.4.2)."""
    if old.size == 0:
        return not proof
    path = list(proof)
    if old.size & (old.size - 1) == 0:
        path.insert(0, old.root)
    number, last = old.size - 1, new.size - 1
    while number & 1:
        number, last = number >> 1, last >> 1
    return bool(path) and walk(path[0], number, last, path[1:]) == (old.root, new.root)


class Check:
    """One run over one folder: what was seen, and what does not hold."""

    def __init__(self, folder: Path, pinned: Path | None, *, unsigned: bool) -> None:
        self.folder, self.pinned, self.unsigned = folder, pinned, unsigned
        self.keys: Keys = {}
        self.head = Head(0, b"")
        self.cosigned = self.checkpoints = self.records = self.faults = 0
        self.prunings: set[str] = set()
        self.manifest: dict[str, Any] = {}
        self.origin = ""

    def fault(self, where: str, what: str) -> None:
        """Say that something does not hold."""
        self.faults += 1
        if self.faults <= MOST_SHOWN:
            print(f"FAULT {ascii(where)[1:-1]}: {what}")

    def run(self) -> int:
        """The exit code."""
        steps = (
            ("manifest or keys", self._manifest), ("files", self._files),
            ("policies", self._policies), ("checkpoints.txt", self._checkpoints),
            ("records.jsonl", self._records),
        )  # fmt: skip
        for where, step in steps:
            try:
                step()
            except BREAKS as error:
                self.fault(where, f"cannot be read as what it should be ({type(error).__name__})")
        if self.faults:
            print(f"\nThis pack does not hold: {self.faults} faults.")
            return 1
        print(f"This pack holds. Log {self.origin}")
        print(f"  {self.records} records from leaf {self.manifest['first_leaf']} on")
        if below := self.manifest.get("pruned_below"):
            by = self.manifest["pruned_by"]
            where = "in this pack" if by in self.prunings else "not in this pack"
            print(f"  Retention took the leaves below {below}; record {by}, {where}, says so")
        print(f"  {self.checkpoints} checkpoints, the last of a tree of {self.head.size} leaves")
        print(f"  ML-DSA-44 cosignatures: {self.cosigned} present, unchecked")
        if not self.pinned:
            print("  Keys are those in the pack: compare keys.txt with keys you got otherwise.")
        return 0

    def _manifest(self) -> None:
        content = (self.folder / "manifest.json").read_bytes()
        self.manifest, self.origin = json.loads(content), str(json.loads(content)["origin"])
        self.keys = read_keys(self.pinned or self.folder / "keys.txt")
        if self.manifest["format"] != FORMAT:
            self.fault("manifest.json", "is of another format than this program knows")
        signature = self.folder / "manifest.sig"
        if not signature.exists():
            if not self.unsigned:
                self.fault("manifest.sig", "is missing: nobody signed for this pack")
            return
        digest = hashlib.sha256(content).hexdigest()
        found = list(read_notes(signature))
        if [one.text for one in found] != [f"{SIGNED}\n{self.origin}\n{digest}\n"]:
            self.fault("manifest.json", "is not what manifest.sig signs")
        for one in found:
            try:
                one.cosignatures(self.keys, self.origin)
            except ValueError as error:
                self.fault("manifest.sig", str(error))

    def _files(self) -> None:
        listed = self.manifest["files"]
        found = {
            path.relative_to(self.folder).as_posix()
            for path in self.folder.rglob("*")
            if path.is_symlink() or not path.is_dir()
        }
        for name in sorted(found - set(listed) - {"manifest.json", "manifest.sig"}):
            self.fault(name, "is not in the manifest")
        for name, path in ((one, self.folder / one) for one in sorted(listed)):
            if name not in found or path.is_symlink():
                self.fault(name, "is missing")
                continue
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            if digest != listed[name]["sha256"]:
                self.fault(name, "is not the file that was signed for")

    def _checkpoints(self) -> None:
        with (self.folder / "consistency.jsonl").open("rb") as proofs:
            steps = lines(proofs)
            for number, note in enumerate(read_notes(self.folder / "checkpoints.txt"), 1):
                where = f"checkpoints.txt, checkpoint {number}"
                try:
                    head = read_head(note.text, self.origin)
                    self.cosigned += note.cosignatures(self.keys, self.origin)
                    if self.checkpoints and not self._continues(
                        self.head, head, next(steps, b"{}")
                    ):
                        self.fault(where, f"does not continue the tree of {self.head.size} leaves")
                except BREAKS as error:
                    self.fault(where, f"does not hold ({error})")
                    return
                self.head, self.checkpoints = head, number
            if next(steps, None) is not None:
                self.fault("consistency.jsonl", "has more proofs than there are checkpoints")
        promised = (self.manifest["checkpoint_size"], self.manifest["checkpoints"])
        if (self.head.size, self.checkpoints) != promised:
            self.fault("checkpoints.txt", "has not the checkpoints that the manifest names")

    def _continues(self, old: Head, new: Head, line: bytes) -> bool:
        step = json.loads(line)
        sizes = (step.get("old_size"), step.get("new_size"))
        proof = [unbase64(one) for one in step.get("hashes", ())]
        return old.size < new.size and sizes == (old.size, new.size) and continues(old, new, proof)

    def _records(self) -> None:
        first = self.manifest["first_leaf"]
        with (
            (self.folder / "records.jsonl").open("rb") as records,
            (self.folder / "proofs.jsonl").open("rb") as proofs,
        ):
            for number, (line, proof) in enumerate(
                itertools.zip_longest(lines(records), lines(proofs), fillvalue=b""), first
            ):
                self.records += 1
                try:
                    if fault := self._record(number, line, proof):
                        self.fault(fault, "is missing or not in its place")
                except BREAKS:
                    where = f"records.jsonl, leaf {number}"
                    self.fault(where, "it and its proof do not show that it stands in the tree")
        if self.records != self.manifest["records"]:
            self.fault("records.jsonl", "has not as many records as the manifest says")

    def _record(self, number: int, line: bytes, proof: bytes) -> str:
        """The line that is not where it belongs, or "". Raises one of BREAKS if it is not shown."""
        found = re.fullmatch(rb'\{"leaf_index":([0-9]+),"record":(\{.*\})\}\n', line)
        if found is None or int(found[1]) != number:
            return f"records.jsonl, leaf {number}"
        step = json.loads(proof or b'{"leaf_index":null}')
        if step["leaf_index"] != number:
            return f"proofs.jsonl, leaf {number}"
        leaf = hashlib.sha256(b"\x00" + found[2]).digest()
        hashes = [unbase64(one) for one in step["hashes"]]
        if not is_included(leaf, number, self.head, hashes):
            raise ValueError("the proof leads to another root")
        if b'"type":"retention.pruned"' in found[2]:
            self.prunings.add(json.loads(found[2])["event_id"])
        return ""

    def _policies(self) -> None:
        for path in sorted((self.folder / "policies").glob("*.json")):
            digest = hashlib.sha256()
            for one in json.loads(path.read_bytes())["files"]:
                content = one["text"].encode()
                digest.update(len(content).to_bytes(8, "big") + content)
            if digest.hexdigest() != path.stem:
                self.fault(f"policies/{path.name}", "does not have the digest that it is named by")


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line; the exit code."""
    parser = argparse.ArgumentParser(description="Check an evidence pack of an audit log.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent)
    parser.add_argument("--key", type=Path, help="a file of verifier keys that you trust")
    parser.add_argument("--allow-unsigned", action="store_true", help="a manifest nobody signed")
    given = parser.parse_args(arguments)
    return Check(given.folder, given.key, unsigned=given.allow_unsigned).run()


if __name__ == "__main__":
    sys.exit(main())
