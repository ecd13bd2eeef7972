"""Strict YAML for start-up files: plain data with line numbers, or every problem at once.

The scalars are those of the YAML 1.2 core schema, less whatever YAML 1.1 would read otherwise,
so that no word changes its meaning with the reader:

- `true`, `false`, `null`, decimal integers and finite decimal numbers are what they look like;
- a bare `yes`, `no`, `on`, `off`, and numbers in any other notation (leading zero, `0x`, `0o`,
  `_`, base 60) are problems: quote them, or write `true`, `false` or a decimal number;
- everything else is text; dates are text.

Keys are always text and never read as anything else. Duplicate keys, anchors, aliases, merge
keys, tags, several documents, text that is not UTF-8, Unicode's own line separators, and files
above 1 MiB or nested deeper than 32 are problems. No message quotes a scalar, since it may be a
secret.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from gateway.errors import ConfigError, Problem

Data: TypeAlias = bool | int | float | str | list["Data"] | dict[str, "Data"] | None
"""What a document holds."""

KeyPath: TypeAlias = tuple[str | int, ...]
"""Keys and indexes from the root of a document."""

MAX_BYTES = 1 << 20
MAX_DEPTH = 32

_STR_TAG = "tag:yaml.org,2002:str"
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NOT_BOOL = frozenset({"yes", "no", "on", "off"})
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
# YAML 1.1 takes an exponent for one only beside a dot and with a sign, YAML 1.2 always.
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)\.[0-9]*)(?:[eE][-+][0-9]{1,3})?")
_ODD_NUMBER = re.compile(
    r"[-+]?(?:(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9_]+)(?:[eE][-+]?[0-9]+)?|0x[0-9a-fA-F_]+|0o[0-7_]+|0b[01_]+"
    r"|[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?|\.(?:inf|Inf|INF))|\.(?:nan|NaN|NAN)"
)
_ODD_BREAK = re.compile("[\\x85\\u2028\\u2029]")  # line breaks in YAML 1.1, text in 1.2


def dotted(path: KeyPath) -> str:
    """A path as people write it: `upstreams[0].base_url`; the root is the empty string."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


@dataclass(frozen=True, slots=True)
class Document:
    """A file as plain data: dicts with text keys, lists, text, numbers, booleans and None."""

    file: str
    content: bytes = field(repr=False)
    data: Data = field(repr=False)
    lines: Mapping[KeyPath, int] = field(repr=False)

    def line_of(self, path: KeyPath) -> int:
        """The line, from 1, where the entry at `path` starts, or else its nearest parent's."""
        for size in range(len(path), -1, -1):
            line = self.lines.get(path[:size])
            if line is not None:
                return line
        return 1

    def problem(self, path: KeyPath, message: str, hint: str = "") -> Problem:
        """A problem with the entry at `path`."""
        return Problem(self.file, self.line_of(path), dotted(path), message, hint)


class _TooDeep(Exception):
    """The nesting limit is passed."""

    def __init__(self, line: int) -> None:
        self.line = line


class _Loader(yaml.SafeLoader):
    """Composes nodes without resolving scalars; notes anchors, aliases and tags as it goes."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - overrides PyYAML's own table

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.depth = 0
        self.noted: list[tuple[int, str, str]] = []

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            self.get_event()  # type: ignore[no-untyped-call]
            self.noted.append((line, "aliases are not allowed", "write the value out"))
            mark: Any = event.start_mark
            return yaml.ScalarNode(_STR_TAG, "", mark, mark, style="'")
        if event.anchor is not None:
            self.noted.append((line, "anchors are not allowed", "write the value out"))
            event.anchor = None
        if event.tag is not None:
            self.noted.append((line, "tags are not allowed", "remove the word that starts with !"))
            event.tag, event.implicit = None, (True, True)
        if self.depth >= MAX_DEPTH:
            raise _TooDeep(line)
        self.depth += 1
        try:
            node: yaml.Node | None = super().compose_node(parent, index)
            return node
        finally:
            self.depth -= 1


class _Builder:
    """Turns nodes into data, and collects lines and problems."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[KeyPath, int] = {}
        self.problems: list[Problem] = []

    def note(self, line: int, path: KeyPath, message: str, hint: str = "") -> None:
        self.problems.append(Problem(self.file, line, dotted(path), message, hint))

    def build(self, node: yaml.Node, path: KeyPath) -> Data:
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Data]:
        data: dict[str, Data] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode) or not key.value:
                self.note(line, path, "a key must be text")
                continue
            here = (*path, key.value)
            if key.value == "<<" and key.style is None:
                self.note(line, path, "merge keys are not allowed", "write the entries out")
            elif key.value in data:
                self.note(line, here, f"duplicate key, first on line {self.lines[here]}")
            else:
                self.lines[here] = line
                data[key.value] = self.build(value, here)
        return data

    def _scalar(self, node: yaml.Node, path: KeyPath) -> Data:
        text: str = node.value
        if getattr(node, "style", None) is not None:
            return text
        if text in _NULL:
            return None
        if text in _BOOL:
            return _BOOL[text]
        if _INT.fullmatch(text):
            return int(text)
        line = node.start_mark.line + 1
        if _FLOAT.fullmatch(text) and math.isfinite(number := float(text)):
            return number
        if text.lower() in _NOT_BOOL:
            self.note(line, path, "ambiguous word", "write true or false, or quote it")
        elif _ODD_NUMBER.fullmatch(text):
            self.note(line, path, "ambiguous number", "write it in decimal, or quote it as text")
        return text


def loads(content: bytes, file: str) -> Document:
    """Read one document; `file` is the name that problems carry.

    Raises:
        ConfigError: the text is not strict YAML as this module describes it; all problems.
    """
    if len(content) > MAX_BYTES:
        raise ConfigError([Problem(file, 0, "", f"larger than {MAX_BYTES} bytes")])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError([Problem(file, line, "", "not UTF-8")]) from None
    if found := _ODD_BREAK.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise ConfigError([Problem(file, line, "", "a line separator that is no line feed")])
    node, noted = _compose(text, file)
    builder = _Builder(file)
    data = builder.build(node, ())
    problems = [Problem(file, line, "", message, hint) for line, message, hint in noted]
    problems += builder.problems
    if problems:
        raise ConfigError(sorted(problems, key=lambda problem: problem.line))
    return Document(file, content, data, builder.lines)


def _compose(text: str, file: str) -> tuple[yaml.Node, list[tuple[int, str, str]]]:
    problem: Problem
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
    except _TooDeep as error:
        problem = Problem(file, error.line, "", f"nested deeper than {MAX_DEPTH}")
    except yaml.composer.ComposerError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        problem = Problem(file, line, "", "more than one document", "remove the --- line")
    except yaml.MarkedYAMLError as error:
        # PyYAML's own words may quote the text, so only the place is told.
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        hint = "check indentation, colons, brackets and quotes around here"
        problem = Problem(file, line, "", "not well-formed YAML", hint)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        problem = Problem(file, line, "", "a control character that YAML does not allow")
    else:
        if node is not None:
            return node, loader.noted
        problem = Problem(file, 0, "", "the file is empty")
    raise ConfigError([problem])


def read(path: Path) -> bytes:
    """The bytes of one file, and one more than `loads` takes at most.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        message = f"cannot be read: {error.strerror or 'input/output error'}"
        raise ConfigError([Problem(str(path), 0, "", message)]) from None


def load(path: Path) -> Document:
    """Read one file.

    Raises:
        ConfigError: it cannot be read, or is not strict YAML.
    """
    return loads(read(path), str(path))
