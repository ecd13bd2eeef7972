"""Signed notes: those of Go's note package and of signed-note are read, all else is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.notes import (
    MAX_NOTE_BYTES,
    MAX_SIGNATURES,
    Algorithm,
    Note,
    NoteError,
    Signature,
    VerifierKey,
    decode_base64,
    parse_note,
    parse_vkey,
)

# The keys and the note of the tests of golang.org/x/mod/sumdb/note.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
BY_PETER = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZIn"
    "NIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
BY_ENOCH = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/"
    "5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
)
NOTE = f"{TEXT}\n{BY_PETER}{BY_ENOCH}"


# --- keys ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name", "key_id"),
    [
        (PETER, "PeterNeumann", "c74f20a3"),
        (ENOCH, "EnochRoot", "af0cfe78"),
        (
            "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            "example.com/foo",
            "530d903a",
        ),
        (
            "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
            "sum.golang.org",
            "033de0ae",
        ),
    ],
)
def test_keys_of_others(text: str, name: str, key_id: str):
    key = parse_vkey(text)
    assert (key.name, key.algorithm, key.key_id) == (name, Algorithm.ED25519, key_id)
    assert key.vkey() == text


def test_no_part_of_a_key_is_a_key():
    for start in range(len(PETER)):
        for end in range(start + 1, len(PETER) + 1):
            if end - start < len(PETER):
                with pytest.raises(NoteError):
                    parse_vkey(PETER[start:end])


def test_no_change_of_a_key_is_a_key():
    for at, character in enumerate(PETER):
        for other in {chr(ord(character) + 1), character.swapcase(), "", "+", "\n"} - {character}:
            with pytest.raises(NoteError):
                parse_vkey(PETER[:at] + other + PETER[at + 1 :])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "++",
        PETER + "\n",
        " " + PETER,
        PETER.replace("c74f20a3", "C74F20A3"),
        # of another length, and of another type, each with the id that it would have
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+",
    ],
)
def test_what_is_not_a_key(text: str):
    with pytest.raises(NoteError):
        parse_vkey(text)


@pytest.mark.parametrize("algorithm", list(Algorithm))
@given(data=st.data())
def test_keys_are_written_and_read(algorithm: Algorithm, data: st.DataObject):
    size = 32 if algorithm is Algorithm.ED25519 else 1312
    public = data.draw(st.binary(min_size=size, max_size=size))
    key = VerifierKey("log.example/1", algorithm, public)
    assert parse_vkey(key.vkey()) == key
    assert key.public.hex() not in repr(key)


@pytest.mark.parametrize("algorithm", list(Algorithm))
@pytest.mark.parametrize("size", [0, 31, 33, 1311, 1313])
def test_a_public_key_has_the_length_of_its_algorithm(algorithm: Algorithm, size: int):
    with pytest.raises(NoteError):
        VerifierKey("log.example", algorithm, bytes(size))


@pytest.mark.parametrize(
    "name",
    ["", " ", "a b", "a\tb", "a\nb", "a\u00a0b", "a\u2028b", "a\u3000", "a+b", "\x00", "a\x1f",
     "\ud800"],
)  # fmt: skip
def test_what_is_not_a_name(name: str):
    with pytest.raises(NoteError):
        VerifierKey(name, Algorithm.ED25519, bytes(32))
    with pytest.raises(NoteError):
        Signature(name, "00000000", b"x")


# --- notes --------------------------------------------------------------------------------------


def test_a_note_of_others():
    note = parse_note(NOTE)
    assert note.text == TEXT
    assert [(one.name, one.key_id) for one in note.signatures] == [
        ("PeterNeumann", "c74f20a3"),
        ("EnochRoot", "af0cfe78"),
    ]
    assert [len(one.signature) for one in note.signatures] == [64, 64]
    assert note.format() == NOTE
    assert parse_note(NOTE.encode()) == note


@pytest.mark.parametrize(
    "text",
    [
        "\n",
        "\n\n",
        "a\n\nb\n",
        "a\n\n\n",
        f"a\n\n{BY_PETER}",  # what looks like a signature, above the last empty line
        "a\u0085b\u2028c\u2029d\x7f\n",  # no ends of lines in a note
        "é ünïcode \U0001f512\n",
    ],
)
def test_texts_that_a_note_may_have(text: str):
    note = parse_note(f"{text}\n{BY_PETER}")
    assert note.text == text
    assert len(note.signatures) == 1
    assert note.format() == f"{text}\n{BY_PETER}"


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n",
        "\n\n",
        TEXT,
        TEXT + "\n",
        TEXT + BY_PETER,
        TEXT.rstrip() + "\n" + BY_PETER,
        f"{TEXT}\n{BY_PETER}"[:-1],
        f"{TEXT}\n{BY_PETER}\n",
        f"{TEXT}\n{BY_PETER[:-1]}\u2028{BY_ENOCH}",  # an end of a line elsewhere
        f"{TEXT}\n{BY_PETER} \n",
        f"{TEXT}\n{BY_PETER}not a signature\n",
        f"{TEXT}\n{BY_PETER}\n{BY_ENOCH}"[:-1],
        f"\n{BY_PETER}",
        f"{TEXT}\r\n{BY_PETER}",
        f"{TEXT}\t\n{BY_PETER}",
        f"\x00{TEXT}\n{BY_PETER}",
        f"{TEXT}\n" + BY_PETER.replace("\n", "\r\n"),
        f"\ud800{TEXT}\n{BY_PETER}",
        f"{TEXT}\n" + BY_PETER.replace("— ", "- "),
        f"{TEXT}\n" + BY_PETER.replace("— ", "—"),
        f"{TEXT}\n" + BY_PETER.replace("— ", "—  "),
        f"{TEXT}\n" + BY_PETER.replace("— ", " — "),
        f"{TEXT}\n" + BY_PETER.replace("Peter", "Peter "),
        f"{TEXT}\n" + BY_PETER.replace("Peter", "Peter+"),
        f"{TEXT}\n" + BY_PETER.replace("Neumann ", "Neumann  "),
        f"{TEXT}\n" + BY_PETER.replace("=\n", "= \n"),
        f"{TEXT}\n" + BY_PETER.replace("=\n", "\n"),
        f"{TEXT}\n" + BY_PETER.replace("AM=\n", "AN=\n"),  # bits that no encoder sets
        f"{TEXT}\n" + BY_PETER.replace("/", "_"),
        f"{TEXT}\n— PeterNeumann x08gow==\n",  # an id alone
        f"{TEXT}\n— PeterNeumann x08g\n",
        f"{TEXT}\n— PeterNeumann \n",
        f"{TEXT}\n— PeterNeumann\n",
        f"{TEXT}\n— \n",
        f"{TEXT}\n" + BY_PETER * (MAX_SIGNATURES + 1),
        "a" * MAX_NOTE_BYTES + f"\n\n{BY_PETER}",
        "é" * (MAX_NOTE_BYTES // 2) + f"\n\n{BY_PETER}",
    ],
)
def test_what_is_not_a_note(note: str):
    with pytest.raises(NoteError):
        parse_note(note)
    with pytest.raises(NoteError):
        parse_note(note.encode(errors="surrogatepass"))


def test_bytes_that_are_not_text():
    with pytest.raises(NoteError):
        parse_note(b"\xff" + NOTE.encode())


def test_many_signatures():
    assert len(parse_note(f"{TEXT}\n" + BY_PETER * MAX_SIGNATURES).signatures) == MAX_SIGNATURES


@pytest.mark.parametrize(
    "make",
    [
        lambda: Note("no newline", (Signature("a", "00000000", b"x"),)),
        lambda: Note("", (Signature("a", "00000000", b"x"),)),
        lambda: Note("a\x00\n", (Signature("a", "00000000", b"x"),)),
        lambda: Note("a\n", ()),
        lambda: Note("a\n", (Signature("a", "00000000", b"x"),) * (MAX_SIGNATURES + 1)),
        lambda: Signature("a", "0000000", b"x"),
        lambda: Signature("a", "0000000G", b"x"),
        lambda: Signature("a", "0000000\n", b"x"),
        lambda: Signature("a", "00000000", b""),
    ],
)
def test_what_cannot_be_made(make):
    with pytest.raises(NoteError):
        make()


LINES = st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cs"]))
NAMES = st.text(
    st.characters(min_codepoint=0x21, exclude_categories=["Cs", "Zs", "Zl", "Zp", "Cc"],
                  exclude_characters="+"), min_size=1, max_size=20,
)  # fmt: skip
SIGNATURES = st.builds(
    Signature,
    NAMES,
    st.binary(min_size=4, max_size=4).map(bytes.hex),
    st.binary(min_size=1, max_size=80),
)
NOTES = st.builds(
    Note,
    st.lists(LINES, min_size=1, max_size=5).map(lambda lines: "\n".join(lines) + "\n"),
    st.lists(SIGNATURES, min_size=1, max_size=4).map(tuple),
)


@given(note=NOTES)
def test_notes_are_written_and_read(note: Note):
    assert parse_note(note.format()) == note
    assert parse_note(note.format().encode()) == note


@given(
    at=st.integers(0, len(NOTE)),
    cut=st.integers(0, 3),
    new=st.text(st.sampled_from("\n\n — +=ab\t"), max_size=3),
)
def test_a_note_has_one_form(at: int, cut: int, new: str):
    changed = NOTE[:at] + new + NOTE[at + cut :]
    try:
        note = parse_note(changed)
    except NoteError:
        return
    assert note.format() == changed


@given(text=st.text() | st.text(st.sampled_from("ab+/=\n")))
def test_base64_has_one_form(text: str):
    try:
        content = decode_base64(text)
    except NoteError:
        return
    assert len(text) == (len(content) + 2) // 3 * 4


@given(content=st.binary())
def test_errors_hold_nothing_of_what_was_read(content: bytes):
    with pytest.raises(NoteError) as caught:
        parse_note(b"Confidential-4711\t\n\n" + content)
    assert "4711" not in str(caught.value)
