"""An upload as a form (RFC 7578), read as it arrives: a few short fields and one file. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from multipart import (
    MultipartError,
    MultipartSegment,
    PushMultipartParser,
    parse_options_header,
)

from gateway.errors import RequestError

MAX_FIELD_BYTES: Final = 1024
MAX_PARTS: Final = 16
MAX_NAME: Final = 255  # characters of a file's name


@dataclass(frozen=True, slots=True)
class FormField:
    """A field, whole."""

    name: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class FileBegins:
    """The file begins; its name is the caller's own text."""

    name: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class FilePiece:
    """The next bytes of the file."""

    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class FileEnds:
    """The file is complete."""


FormEvent: TypeAlias = FormField | FileBegins | FilePiece | FileEnds


class FormReader:
    """Reads the body of a form that arrives in any pieces. `file` names the field of the file.

    Raises:
        RequestError: 415, the content type is that of no form.
    """

    __slots__ = ("_file", "_files", "_name", "_parser", "_value")

    def __init__(self, content_type: str, file: str = "file") -> None:
        kind, options = parse_options_header(content_type)
        boundary = options.get("boundary", "")
        if kind != "multipart/form-data" or not 1 <= len(boundary) <= 70 or not boundary.isascii():
            message = "The content type must be multipart/form-data, with a boundary."
            raise RequestError(message, code="unsupported_media_type", status=415)
        self._parser = PushMultipartParser(boundary, max_segment_count=MAX_PARTS)
        self._file = file
        self._files = 0
        self._name = ""  # of the field that is being read
        self._value = bytearray()

    def __repr__(self) -> str:
        return "FormReader()"

    def end(self) -> None:
        """Nothing more comes.

        Raises:
            RequestError: `invalid_form`, the form had not ended.
        """
        try:
            self._parser.close()
        except MultipartError:
            broken = True
        else:
            broken = False
        if broken:
            raise invalid_form("The form breaks off.")

    def feed(self, data: bytes) -> Iterator[FormEvent]:
        """What `data` brings; it must be taken before more is fed.

        Raises:
            RequestError: `invalid_form`.
        """
        if not data:
            return
        try:
            for event in self._parser.parse(data):
                if isinstance(event, MultipartSegment):
                    yield from self._begin(event)
                elif event is None:
                    yield self._end()
                elif self._name == self._file:
                    yield FilePiece(bytes(event))
                else:
                    self._value += event
                    if len(self._value) > MAX_FIELD_BYTES:
                        raise invalid_form("A field of the form is too long.")
        except MultipartError:
            # raised below, so that the library's error, which may quote a header, stays behind
            broken = True
        else:
            broken = False
        if broken:
            raise invalid_form("The form cannot be read.")

    def _begin(self, segment: MultipartSegment) -> Iterator[FormEvent]:
        self._name = segment.name
        if self._name == self._file:
            self._files += 1
            if self._files > 1:
                raise invalid_form("The form has more than one file.")
            yield FileBegins((segment.filename or "")[:MAX_NAME])
        elif segment.filename is not None:
            raise invalid_form("The form has a file in a field that is none of a file.")

    def _end(self) -> FormEvent:
        if self._name == self._file:
            return FileEnds()
        value = self._value.decode("utf-8", "replace")
        self._value.clear()
        return FormField(self._name, value)


def invalid_form(message: str) -> RequestError:
    """The form is none that an upload has."""
    return RequestError(message, code="invalid_form")
