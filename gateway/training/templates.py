"""Templates: sentences with slots, one a line, in `templates/<language>/<genre>.txt`.

Grammar of a line: text, slots such as {person} or {city2}, doubled braces for literal ones,
``\\n`` for a line break, ``\\t`` for a tab. A line that starts with # is a comment. A slot's
number says which one is meant: equal numbers of {person}, {first} and {last} are one human.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

FOLDER: Final = Path(__file__).parent / "templates"


def _labels() -> Iterator[tuple[str, str | None]]:
    for label, names in (
        ("PERSON", "person first last last_first initial_last nick"),
        ("LOCATION", "city country region place street"),
        ("ADDRESS", "address address_block street_address"),
        ("ZIP_CODE", "zip"),
        ("ORGANIZATION", "company bank agency school hospital club media party"),
        ("NRP", "nationality religion"),
        ("DATE_TIME", "date time datetime year month weekday month_year dob period"),
        ("AGE", "age"),
        ("JOB", "job"),
        ("EMAIL_ADDRESS", "email"),
        ("PHONE_NUMBER", "phone"),
        ("CREDIT_CARD", "card"),
        ("IBAN", "iban"),
        ("US_SSN", "ssn"),
        ("NATIONAL_ID", "national_id tax_id"),
        ("PASSPORT", "passport"),
        ("DRIVER_LICENSE", "license"),
        ("ID", "id plate mrn policy_no"),
        ("IP_ADDRESS", "ip"),
        ("MAC_ADDRESS", "mac"),
        ("URL", "url"),
        ("USERNAME", "username handle"),
        ("SECRET", "password api_key"),
        ("CRYPTO", "crypto"),
        (None, "honorific event product amount number order version percent score filename code"),
        (None, "error"),
    ):
        for name in names.split():
            yield name, label


SLOTS: Final[Mapping[str, str | None]] = MappingProxyType(dict(_labels()))
"""Every slot and the label of what fills it; None is text that is not personal."""

_SLOT = re.compile(r"([a-z_]+?)(\d*)")
_TOKEN = re.compile(r"\{\{|\}\}|\{[^{}\n]{0,40}\}|[{}]|[^{}]+")


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot and its number; without one it is 1."""

    name: str
    number: int


@dataclass(frozen=True, slots=True)
class Template:
    """Literal text and slots, in order."""

    parts: tuple[str | Slot, ...]


class TemplateError(ValueError):
    """A template is wrong; the message begins with its file and line."""


def parse(line: str, where: str) -> Template:
    """One line.

    Raises:
        TemplateError: a brace without its partner, or a slot that does not exist.
    """
    parts: list[str | Slot] = []
    for token in _TOKEN.findall(line):
        if token in ("{{", "}}"):
            parts.append(token[0])
        elif token in ("{", "}"):
            raise TemplateError(f"{where}: a brace without its partner")
        elif token[0] == "{":
            parts.append(_slot(token[1:-1], where))
        else:
            parts.append(token.replace("\\n", "\n").replace("\\t", "\t"))
    merged: list[str | Slot] = []
    for part in parts:
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        else:
            merged.append(part)
    return Template(tuple(merged))


def _slot(text: str, where: str) -> Slot:
    found = _SLOT.fullmatch(text)
    if found is None or found[1] not in SLOTS:
        raise TemplateError(f"{where}: no such slot: {{{text}}}")
    return Slot(found[1], int(found[2] or 1))


@cache
def load(folder: Path = FOLDER) -> Mapping[str, Mapping[str, tuple[Template, ...]]]:
    """All templates of a folder: language, then genre.

    Raises:
        TemplateError: a line is wrong; all of them are named.
        OSError: a file cannot be read.
    """
    found: dict[str, dict[str, tuple[Template, ...]]] = {}
    wrong: list[str] = []
    for file in sorted(folder.glob("*/*.txt")):
        templates: dict[Template, None] = {}  # in order, without doubles
        for number, text in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            if not text.strip() or text.startswith("#"):
                continue
            try:
                templates[parse(text, f"{file.parent.name}/{file.name}, line {number}")] = None
            except TemplateError as error:
                wrong.append(str(error))
        if templates:
            found.setdefault(file.parent.name, {})[file.stem] = tuple(templates)
    if wrong:
        raise TemplateError("\n".join(wrong))
    return MappingProxyType(found)
