"""Signed notes: a text with signatures below it, and the keys that check them. Pure.

The format is that of C2SP signed-note v1.0 (c2sp.org/signed-note), which is also the one of Go's
golang.org/x/mod/sumdb/note:

    the text: lines, the last of them ended by a newline
    one empty line
    one or more of: EM DASH, space, key name, space, base64(key id, signature)

A key is known by its name and its id together. The id is four bytes of a hash: it tells keys
apart and proves nothing. Errors name lines and keys, never what a line holds.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field
from enum import StrEnum

MAX_NOTE_BYTES = 1 << 20
MAX_SIGNATURES = 100  # readers must take at least 16
KEY_ID_BYTES = 4

_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_KEY_ID = re.compile(r"[0-9a-f]{8}")
_MARK = "\N{EM DASH} "


class NoteError(ValueError):
    """A note, checkpoint or key is not of its format, or a signature does not hold."""


class Algorithm(StrEnum):
    """How a key signs. The values are names for people and for tables."""

    ED25519 = "ed25519"
    """Ed25519 (RFC 8032) over the text; signature type 0x01 of signed-note."""

    ML_DSA_44 = "ml-dsa-44"
    """ML-DSA-44 (FIPS 204) with a time; signature type 0x06 of tlog-cosignature."""


_TYPES = {Algorithm.ED25519: 0x01, Algorithm.ML_DSA_44: 0x06}
_PUBLIC_BYTES = {Algorithm.ED25519: 32, Algorithm.ML_DSA_44: 1312}


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key under a name. `key_id` has 8 hexadecimal digits.

    Raises:
        NoteError: the name is not one of signed-note, or the key has not its algorithm's length.
    """

    name: str
    algorithm: Algorithm
    public: bytes = field(repr=False)
    key_id: str = field(init=False)

    def __post_init__(self) -> None:
        check_name(self.name)
        if len(self.public) != _PUBLIC_BYTES[self.algorithm]:
            raise NoteError("a public key has not the length of its algorithm")
        typed = bytes([_TYPES[self.algorithm]]) + self.public
        digest = hashlib.sha256(self.name.encode() + b"\n" + typed).digest()
        object.__setattr__(self, "key_id", digest[:KEY_ID_BYTES].hex())

    def vkey(self) -> str:
        """The key as one word: name, id and base64 of type and key, with `+` between them."""
        typed = bytes([_TYPES[self.algorithm]]) + self.public
        return f"{self.name}+{self.key_id}+{base64.b64encode(typed).decode()}"


def parse_vkey(text: str) -> VerifierKey:
    """The key that a `vkey` writes (signed-note, "Verifier keys").

    Raises:
        NoteError: it is not of the format, of an algorithm that is not known here, or its id is
            not that of the key.
    """
    parts = text.split("+", 2)  # base64 has plus signs too, a name has none
    if len(parts) != 3 or not _KEY_ID.fullmatch(parts[1]):
        raise NoteError("a verifier key is not of the form name+id+key")
    typed = decode_base64(parts[2])
    algorithm = next((one for one, number in _TYPES.items() if typed[:1] == bytes([number])), None)
    if algorithm is None:
        raise NoteError("a verifier key is of a signature type that is not known")
    key = VerifierKey(parts[0], algorithm, typed[1:])
    if key.key_id != parts[1]:
        raise NoteError("the id of a verifier key is not that of the key")
    return key


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line. What `signature` holds depends on the key's algorithm.

    Raises:
        NoteError: name or id are not of their format, or the signature is empty.
    """

    name: str
    key_id: str
    signature: bytes = field(repr=False)

    def __post_init__(self) -> None:
        check_name(self.name)
        if not _KEY_ID.fullmatch(self.key_id) or not self.signature:
            raise NoteError("a signature line has no key id, or no signature")

    def line(self) -> str:
        """The line, with its newline."""
        content = bytes.fromhex(self.key_id) + self.signature
        return f"{_MARK}{self.name} {base64.b64encode(content).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text, ended by a newline, and its signatures in their order. None of them is checked yet.

    Raises:
        NoteError: the text is not of the format, or there are none or too many signatures.
    """

    text: str
    signatures: tuple[Signature, ...]

    def __post_init__(self) -> None:
        _check_text(self.text)
        if not self.text.endswith("\n"):
            raise NoteError("the text of a note must end in a newline")
        if not 0 < len(self.signatures) <= MAX_SIGNATURES:
            raise NoteError(f"a note must have 1 to {MAX_SIGNATURES} signatures")

    def format(self) -> str:
        """The note as it is stored and sent."""
        return self.text + "\n" + "".join(signature.line() for signature in self.signatures)


def parse_note(note: str | bytes) -> Note:
    """Take a note apart. Whether the signatures hold is not looked at.

    Raises:
        NoteError: it is not of the format, or larger than `MAX_NOTE_BYTES`.
    """
    content = _decoded(note)
    _check_text(content)
    cut = content.rfind("\n\n")
    if cut < 0 or not content.endswith("\n"):
        raise NoteError("a note needs a text, an empty line and signature lines, each ended")
    text, below = content[: cut + 1], content[cut + 2 : -1]
    # Not splitlines(), which also splits at characters that a text may have inside a line.
    lines = below.split("\n") if below else []
    if len(lines) > MAX_SIGNATURES:
        raise NoteError(f"a note must have 1 to {MAX_SIGNATURES} signatures")
    return Note(text, tuple(_signature(line) for line in lines))


def _decoded(note: str | bytes) -> str:
    if len(note) > MAX_NOTE_BYTES:
        raise NoteError(f"a note is larger than {MAX_NOTE_BYTES} bytes")
    if isinstance(note, str):
        return note
    try:
        return note.decode()
    except UnicodeDecodeError:
        raise NoteError("a note is not UTF-8 text") from None


def _check_text(text: str) -> None:
    if _CONTROL.search(text):
        raise NoteError("a note has a control character")
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise NoteError("a note is not UTF-8 text") from None
    if size > MAX_NOTE_BYTES:
        raise NoteError(f"a note is larger than {MAX_NOTE_BYTES} bytes")


def check_name(name: str) -> None:
    """Whether a text can be the name of a key.

    Raises:
        NoteError: it is empty, has white space, plus signs or control characters, or is not
            Unicode text.
    """
    if not name or "+" in name or any(map(str.isspace, name)):
        raise NoteError("a key name must not be empty, nor have white space or plus signs")
    check_line(name)


def check_line(text: str) -> None:
    """Whether a text can be a line of a note.

    Raises:
        NoteError: it is empty, has control characters or line ends, or is not Unicode text.
    """
    if not text or "\n" in text:
        raise NoteError("one line is expected here")
    _check_text(text)


def _signature(line: str) -> Signature:
    mark, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    if mark + " " != _MARK:
        raise NoteError("a line below the text of a note is not a signature line")
    content = decode_base64(encoded)
    return Signature(name, content[:KEY_ID_BYTES].hex(), content[KEY_ID_BYTES:])


def decode_base64(text: str) -> bytes:
    """Base64 (RFC 4648, section 4) in the one form that an encoder writes.

    Raises:
        NoteError: it is not: other characters, padding that lacks, or bits that say nothing.
    """
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoteError("base64 is expected here") from None
    if base64.b64encode(content).decode() != text:
        raise NoteError("base64 is expected here")
    return content
