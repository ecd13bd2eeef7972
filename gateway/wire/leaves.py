"""Collects the leaves of a body: default-deny, so that what nobody named is read like prose.

A family's file (`chat.py`) names the fields that it knows. Everything that it hands to
`anything()` is walked whole: strings are prose, keys are keys, long numbers are numbers. One
walk of such a part is one group, read as one text, so that a key is context for its value.
"""

from __future__ import annotations

from collections.abc import Collection

from gateway.types import Json, Leaf, LeafKind, Path
from gateway.wire.jsontext import holds_json, is_long_number, literals

_KEY_GLUE = ": "
_VALUE_GLUE = "\n"

SCHEMA_KEYS = frozenset(
    "type properties required items enum description title default const format pattern "
    "additionalProperties anyOf oneOf allOf not $ref $defs definitions minimum maximum minLength "
    "maxLength minItems maxItems uniqueItems exclusiveMinimum exclusiveMaximum multipleOf "
    "prefixItems examples nullable strict name parameters schema json_schema function".split()
)
SCHEMA_TYPES = frozenset("string number integer boolean array object null".split())
_DESCRIBED = frozenset("name description parameters schema strict format".split())
_NAMED_CHILDREN = frozenset({"properties", "$defs", "definitions"})


class Collector:
    """Gathers the leaves of one body in document order."""

    def __init__(self) -> None:
        self.leaves: list[Leaf] = []
        self.unknown: list[Path] = []  # members that nobody named
        self._groups = 0

    def group(self) -> int:
        """A new group: leaves that share it are read as one text."""
        self._groups += 1
        return self._groups

    def prose(self, path: Path, text: str, role: str = "", group: int = -1) -> None:
        """Free text, or JSON written into a string."""
        if holds_json(text):
            self._json(path, text, role)
        elif text:
            self.leaves.append(Leaf(path, text, LeafKind.PROSE, role, group))

    def identifier(self, path: Path, value: Json, role: str = "") -> None:
        """A name in which only `[A-Za-z0-9_-]` is legal."""
        if isinstance(value, str):
            if value:
                self.leaves.append(Leaf(path, value, LeafKind.IDENTIFIER, role))
        else:
            self.anything(path, value, role)

    def model(self, path: Path, text: str) -> None:
        """The requested model's name."""
        self.leaves.append(Leaf(path, text, LeafKind.MODEL))

    def word(self, path: Path, value: Json, vocabulary: Collection[str], role: str = "") -> None:
        """A word of the protocol; any other text there is prose."""
        if not (isinstance(value, str) and value in vocabulary):
            self.anything(path, value, role)

    def anything(self, path: Path, value: Json, role: str = "") -> None:
        """Whatever stands in a field that nobody named."""
        self._walk(path, value, role, self.group(), schema=False)

    def member(self, path: Path, value: Json, role: str = "", *, known: bool = False) -> None:
        """A member of an object that nobody named, or that is `known` but may hold anything: its
        key and whatever stands under it."""
        if not known:
            self.unknown.append(path)
        group = self.group()
        self.leaves.append(Leaf(path, str(path[-1]), LeafKind.KEY, role, group, _KEY_GLUE))
        self._walk(path, value, role, group, schema=False)

    def schema(self, path: Path, value: Json) -> None:
        """A JSON Schema: its own words are legal, the names of properties are identifiers."""
        self._walk(path, value, "", self.group(), schema=True)

    def described(self, path: Path, value: Json) -> None:
        """A function or a schema with its name and description: as `schema`, but what is beside
        them is told as a member that nobody named."""
        self.schema(path, value)
        if isinstance(value, dict):
            self.unknown.extend((*path, key) for key in value if key not in _DESCRIBED)

    def _json(self, path: Path, text: str, role: str) -> None:
        group = self.group()
        for literal in literals(text):
            kind = LeafKind.NUMBER if literal.is_number else LeafKind.PROSE
            glue = _KEY_GLUE if literal.is_key else _VALUE_GLUE
            place = (literal.start, literal.end)
            if literal.text:
                self.leaves.append(Leaf(path, literal.text, kind, role, group, glue, place))

    def _walk(self, path: Path, value: Json, role: str, group: int, *, schema: bool) -> None:
        if isinstance(value, str):
            if holds_json(value):
                self._json(path, value, role)
            elif value:
                self.leaves.append(Leaf(path, value, LeafKind.PROSE, role, group, _VALUE_GLUE))
        elif isinstance(value, dict):
            self._object(path, value, role, group, schema=schema)
        elif isinstance(value, list):
            names = schema and path[-1] == "required"
            for index, item in enumerate(value):
                if names and isinstance(item, str):
                    self.identifier((*path, index), item)
                else:
                    self._walk((*path, index), item, role, group, schema=schema)
        elif isinstance(value, (int, float)) and is_long_number(str(value)):
            number = Leaf(path, str(value), LeafKind.NUMBER, role, group, _VALUE_GLUE)
            self.leaves.append(number)

    def _object(
        self, path: Path, value: dict[str, Json], role: str, group: int, *, schema: bool
    ) -> None:
        names = schema and path[-1] in _NAMED_CHILDREN
        for key, child in value.items():
            here = (*path, key)
            known = schema and not names and key in SCHEMA_KEYS
            if key and not known:
                self.leaves.append(Leaf(here, key, LeafKind.KEY, role, group, _KEY_GLUE))
            if known and key == "type" and isinstance(child, str) and child in SCHEMA_TYPES:
                continue
            if known and key == "name" and isinstance(child, str):
                self.identifier(here, child)
                continue
            self._walk(here, child, role, group, schema=schema)
