"""Forms: however the bytes are cut, the same fields and the same file; and what is refused."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.batches.form import (
    FileBegins,
    FileEnds,
    FilePiece,
    FormEvent,
    FormField,
    FormReader,
)
from gateway.batches.lines import LineReader
from gateway.errors import RequestError

TYPE = "multipart/form-data; boundary=xyz"


def part(name: str, data: bytes, filename: str | None = None) -> bytes:
    named = "" if filename is None else f'; filename="{filename}"'
    return f'--xyz\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'.encode() + (
        data + b"\r\n"
    )


END = b"--xyz--\r\n"


def read(data: bytes, cuts: list[int] | None = None) -> list[FormEvent]:
    """The events, with the pieces of the file put together."""
    reader = FormReader(TYPE)
    bounds = [0, *sorted(min(cut, len(data)) for cut in cuts or []), len(data)]
    found: list[FormEvent] = []
    for start, end in pairwise(bounds):
        for event in reader.feed(data[start:end]):
            if isinstance(event, FilePiece) and isinstance(found[-1], FilePiece):
                found[-1] = FilePiece(found[-1].data + event.data)
            else:
                found.append(event)
    reader.end()
    return found


@given(
    st.lists(st.sampled_from([b"\r\n", b"--xyz", b"--xy", b"\r", b"-", b"a\n", b"{}"])).map(
        b"".join
    ),
    st.lists(st.integers(0, 400)),
)
def test_any_cutting_gives_the_same_form(content: bytes, cuts: list[int]) -> None:
    """The file's content, with almost-boundaries in it, comes byte for byte."""
    content = b"." + content.replace(b"\r\n--xyz", b"\r\n--xy")
    form = part("purpose", b"batch") + part("file", content, "a.jsonl") + END

    assert read(form, cuts) == [
        FormField("purpose", "batch"), FileBegins("a.jsonl"), FilePiece(content), FileEnds(),
    ]  # fmt: skip


@given(
    st.lists(st.sampled_from([b"\n", b"\r\n", b"x", b"--xyz", b"\xef\xbb\xbf", b"-"])).map(
        b"".join
    ),
    st.lists(st.integers(0, 300)),
)
def test_any_cutting_of_a_form_gives_the_same_lines(content: bytes, cuts: list[int]) -> None:
    """Of the file in it: the lines are cut anew, wherever the form was."""
    content = content.replace(b"\r\n--xyz", b"\r\n--xy")
    form = part("purpose", b"batch") + part("file", content, "a.jsonl") + END
    bounds = [0, *sorted(min(cut, len(form)) for cut in cuts), len(form)]
    reader, lines, found = FormReader(TYPE), LineReader(1000), list[tuple[int, bytes]]()
    for start, end in pairwise(bounds):
        for event in reader.feed(form[start:end]):
            if isinstance(event, FilePiece):
                found += lines.feed(event.data)
    whole = LineReader(1000)

    assert [*found, *lines.end()] == [*whole.feed(content), *whole.end()]


def test_the_file_may_come_first_and_be_empty() -> None:
    """The order of the parts is the caller's."""
    form = part("file", b"", "a") + part("expires_after[anchor]", b"created_at") + END

    assert read(form) == [
        FileBegins("a"), FileEnds(), FormField("expires_after[anchor]", "created_at"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "kind",
    ["", "application/json", "multipart/form-data", "multipart/mixed; boundary=x",
     "multipart/form-data; boundary=", f"multipart/form-data; boundary={'x' * 71}"],
)  # fmt: skip
def test_what_is_no_form(kind: str) -> None:
    """415."""
    with pytest.raises(RequestError) as caught:
        FormReader(kind)
    assert (caught.value.code, caught.value.status) == ("unsupported_media_type", 415)


@pytest.mark.parametrize(
    "data",
    [
        b"secret canary",
        b"",
        END[:-4],
        part("purpose", b"batch"),
        part("file", b"x", "a") + b"--xyz",
        part("file", b"x", "a") + part("file", b"x", "a") + END,
        part("other", b"x", "a") + END,
        part("purpose", b"x" * 1025) + END,
        part("purpose", b"x") * 17 + END,
        b'--xyz\r\nSecret-Canary: "\r\n\r\n\r\n' + END,
        b"--xyz\r\n" + b"x" * 9000,
    ],
)
@pytest.mark.parametrize("step", [1, 10_000])
def test_a_form_that_cannot_be_read(data: bytes, step: int) -> None:
    """An error without a word of it, whole and piecewise."""
    with pytest.raises(RequestError) as caught:
        read(data, list(range(0, len(data), step)))

    assert caught.value.code == "invalid_form"
    assert "anary" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_a_long_name_is_cut() -> None:
    """It is only shown back."""
    assert read(part("file", b"", "n" * 400) + END)[0] == FileBegins("n" * 255)
