"""Records about people in the forms of machines: JSON, XML, tables, forms, web pages, chats.

The values are labelled, the keys are not. Programs, logs and mail are templates in
`templates/any`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Final

from gateway.training.data import words
from gateway.training.draw import Draw, running
from gateway.training.labelled import Mark, Piece, joined
from gateway.training.slots import Filler, label_of, split_article

_PLAIN_FIELDS: Final = (
    ("status", ("active", "pending", "closed", "ok", "new", "approved")),
    ("type", ("private", "business", "premium", "standard")),
    ("department", ("Sales", "Engineering", "Finance", "Marketing", "Support", "Legal")),
    ("priority", ("high", "low", "medium")),
    ("currency", ("EUR", "USD", "GBP", "BRL")),
    ("notes", ("call back", "VIP", "vegetarian", "n/a", "none", "left voicemail", "prefers mail")),
    ("plan", ("Gold", "Basic", "Pro")),
    ("source", ("web", "referral", "import", "walk-in")),
    ("gender", ("m", "f", "female", "male", "d")),
    ("active", ("true", "false")),
)
_CORE: Final = ("person", "first", "email", "phone", "city", "address", "company", "dob", "id")

Field = tuple[str, str, str | None]
"""Key, value and label of a field."""


@cache
def form_labels(lang: str) -> Mapping[str, tuple[str, ...]]:
    """What stands before the colon in forms of a language, by slot."""
    return _by_slot(words(lang, "form_labels"))


@cache
def record_keys() -> Mapping[str, tuple[str, ...]]:
    """The keys that machines use, by slot."""
    return _by_slot(words("world", "record_keys"))


def _by_slot(lines: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    found = {}
    for line in lines:
        name, _, labels = line.partition(":")
        found[name] = tuple(label.strip() for label in labels.split(" / "))
    return MappingProxyType(found)


def _columns(draw: Draw) -> list[str]:
    """Slots of a record in a likely order: who, then some of the rest; "" is no slot."""
    usual = [name for name in record_keys() if name not in ("person", "first", "last")]
    names = ["first", "last"] if draw.chance(0.3) else ["person"] if draw.chance(0.93) else []
    names += draw.some(_CORE[2:], draw.between(1, 4)) + draw.some(usual, draw.between(0, 3))
    names += [""] * draw.below(3)
    columns = list(dict.fromkeys(names[:2])) + draw.some(names[2:], len(names))
    return columns if draw.chance(0.75) else draw.some(columns, len(columns))


def _value(filler: Filler, name: str, number: int) -> str:
    return split_article(name, filler.value(name, number))[1]


def _record(
    filler: Filler, columns: Sequence[str], number: int, keys: Sequence[str]
) -> list[Field]:
    fields: list[Field] = []
    for key, name in zip(keys, columns, strict=True):
        if name:
            fields.append((key, _value(filler, name, number), label_of(name, filler.lang)))
        else:
            fields.append((key, _plain_value(filler.draw, key), None))
    return fields


def _plain_value(draw: Draw, key: str) -> str:
    return draw.pick(dict(_PLAIN_FIELDS).get(key.lower(), ("yes", "no", "1", "0", "-")))


def _keys(draw: Draw, columns: Sequence[str], lang: str = "") -> list[str]:
    """Keys for columns: of machines, or of forms in a language."""
    labels = form_labels(lang) if lang else record_keys()
    keys = [
        draw.pick(labels[name] if name in labels else (name.replace("_", " ").title(),))
        if name
        else draw.pick(_PLAIN_FIELDS)[0]
        for name in columns
    ]
    return [key.capitalize() if lang and not name else key for key, name in
            zip(keys, columns, strict=True)]  # fmt: skip


_Escape = Callable[[str], str]


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _ascii_json(text: str) -> str:
    return json.dumps(text)[1:-1]


def _nested_json(text: str) -> str:
    return _json(_json(text))


def _xml(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _object(fields: Sequence[Field], quote: str, escape: _Escape, indent: str) -> list[Piece]:
    colon = ": " if indent or len(fields) % 2 else ":"
    pieces: list[Piece] = [("{", None)]
    for at, (key, value, label) in enumerate(fields):
        glue = "," if at else ""
        glue += f"\n{indent}" if indent else " " if at and colon == ": " else ""
        number = value.isdigit() and value[0] != "0" and len(value) < 7 and len(key) % 2 == 0
        mark = "" if number or value in ("true", "false") else quote
        pieces.append((f"{glue}{quote}{key}{quote}{colon}{mark}", None))
        pieces += ((escape(value), label), (mark, None))
    pieces.append((f"\n{indent[:-2]}}}" if indent else "}", None))
    return pieces


def _as_json(filler: Filler) -> list[Piece]:
    draw = filler.draw
    columns = _columns(draw)
    keys = _keys(draw, columns)
    escaped = draw.chance(0.12)
    quote = '\\"' if escaped else '"'
    escape = _nested_json if escaped else _ascii_json if draw.chance(0.12) else _json
    indent = "" if escaped or draw.chance(0.5) else "  "
    count = draw.pick((1, 1, 2, 3))
    if count == 1:
        one = _object(_record(filler, columns, 1, keys), quote, escape, indent)
        if draw.chance(0.25):
            outer = draw.pick(
                ("user", "customer", "data", "payload", "patient", "request", "owner")
            )
            rest = f", {quote}id{quote}: {draw.between(1, 999)}}}"
            return [(f"{{{quote}{outer}{quote}: ", None), *one, (rest, None)]
        return one
    glue = draw.pick((", ", ",") if escaped else (", ", ",", ",\n", "\n"))
    pieces: list[Piece] = [] if glue == "\n" else [("[", None)]
    for number in range(1, count + 1):
        if number > 1:
            pieces.append((glue, None))
        pieces += _object(_record(filler, columns, number, keys), quote, escape, "")
    return pieces if glue == "\n" else [*pieces, ("]", None)]


def _as_xml(filler: Filler) -> list[Piece]:
    draw = filler.draw
    columns = _columns(draw)
    keys = _keys(draw, columns)
    outer = draw.pick(("customer", "Person", "patient", "row", "contact", "employee"))
    glue = draw.pick(("", "\n", "\n  "))
    pieces: list[Piece] = []
    if draw.chance(0.2):
        pieces.append(('<?xml version="1.0" encoding="UTF-8"?>\n', None))
    fields = _record(filler, columns, 1, keys)
    if draw.chance(0.25):
        pieces.append((f"<{outer}", None))
        for key, value, label in fields:
            pieces += (
                (f' {key}="', None),
                (_xml(value).replace('"', "&quot;"), label),
                ('"', None),
            )
        return [*pieces, ("/>", None)]
    pieces.append((f"<{outer}>", None))
    for key, value, label in fields:
        pieces += ((f"{glue}<{key}>", None), (_xml(value), label), (f"</{key}>", None))
    pieces.append((f"{glue.rstrip(' ')}</{outer}>", None))
    return pieces


def _as_table(filler: Filler) -> list[Piece]:
    draw = filler.draw
    columns = _columns(draw)
    keys = _keys(draw, columns, filler.lang if draw.chance(0.5) else "")
    glue = draw.pick((",", ",", ";", "\t", "|", " | ", ", "))
    pieces: list[Piece] = []
    markdown = glue == " | "
    side = "| " if markdown else ""
    if draw.chance(0.85):
        pieces.append((side + glue.join(keys) + (" |" if markdown else "") + "\n", None))
    if markdown:
        pieces.append(("|" + "---|" * len(keys) + "\n", None))
    for number in range(1, draw.between(2, 7)):
        pieces.append((side if number == 1 else ((" |\n" + side) if markdown else "\n"), None))
        for at, (_, value, label) in enumerate(_record(filler, columns, number, keys)):
            if at:
                pieces.append((glue, None))
            quoted = '"' if glue[0] in value and not markdown else ""
            pieces += ((quoted, None), (value, label), (quoted, None))
    if markdown:
        pieces.append((" |", None))
    return pieces


def _as_html(filler: Filler) -> list[Piece]:
    draw = filler.draw
    columns = _columns(draw)
    keys = _keys(draw, columns, filler.lang)
    shapes = (
        ("<tr><th>", "</th><td>", "</td></tr>\n"), ("<dt>", "</dt><dd>", "</dd>\n"),
        ("<li><b>", ":</b> ", "</li>\n"), ("<p><strong>", "</strong> ", "</p>\n"),
        ('<div class="row"><span>', "</span><span>", "</span></div>"),
    )  # fmt: skip
    start, middle, end = draw.pick(shapes)
    pieces: list[Piece] = []
    for key, value, label in _record(filler, columns, 1, keys):
        pieces += ((start + key + middle, None), (_xml(value), label), (end, None))
    return pieces


def _as_form(filler: Filler) -> list[Piece]:
    draw = filler.draw
    columns = _columns(draw)
    keys = _keys(draw, columns, filler.lang)
    colon = draw.pick((": ", ": ", ": ", ":", " : ", "\t", " - ", ":\n", " = ", "......: "))
    glue = draw.pick(("\n", "\n", "\n", "; ", ", ", " | ", "\n\n", " / "))
    bullet = draw.pick(("", "", "", "- ", "* ", "• ")) if "\n" in glue else ""
    bold = "**" if draw.chance(0.08) else ""
    pieces: list[Piece] = []
    for at, (key, value, label) in enumerate(_record(filler, columns, 1, keys)):
        pieces.append(((glue if at else "") + bullet + bold + key + bold + colon, None))
        pieces.append((value, label))
    return pieces


def _as_yaml(filler: Filler) -> list[Piece]:
    draw = filler.draw
    columns = _columns(draw)
    keys = _keys(draw, columns)
    quote = draw.pick(("", "", '"', "'"))
    indent = "  " if draw.chance(0.5) else ""
    pieces: list[Piece] = []
    if indent:
        pieces.append((draw.pick(("user", "customer", "contact", "owner")) + ":\n", None))
    for at, (key, value, label) in enumerate(_record(filler, columns, 1, keys)):
        mark = quote or ('"' if ": " in value or value[0] in "@#[{" else "")
        pieces += (
            (("\n" if at else "") + f"{indent}{key}: {mark}", None),
            (value, label),
            (mark, None),
        )
    return pieces


def _as_sql(filler: Filler) -> list[Piece]:
    draw = filler.draw
    columns = _columns(draw)
    keys = _keys(draw, columns)
    table = draw.pick(("users", "customers", "patients", "employees", "contacts", "orders"))
    start = f"INSERT INTO {table} ({', '.join(keys)}) VALUES "  # noqa: S608 - never executed
    pieces: list[Piece] = [(start, None)]
    for number in range(1, draw.between(2, 4)):
        pieces.append(("(" if number == 1 else ", (", None))
        for at, (_, value, label) in enumerate(_record(filler, columns, number, keys)):
            pieces += ((", '" if at else "'", None), (value.replace("'", "''"), label), ("'", None))
        pieces.append((")", None))
    return [*pieces, (";", None)]


def _as_pairs(filler: Filler) -> list[Piece]:
    """key=value in one line, as logs, cookies and queries have it."""
    draw = filler.draw
    columns = _columns(draw)
    keys = _keys(draw, columns)
    glue = draw.pick((" ", " ", "&", ", ", "; "))
    pieces: list[Piece] = []
    if draw.chance(0.4):
        pieces.append(
            (draw.pick(("INFO ", "DEBUG ", "[audit] ", "level=info ", "event=update ")), None)
        )
    for at, (key, value, label) in enumerate(_record(filler, columns, 1, keys)):
        mark = '"' if " " in value and glue == " " else ""
        text = value.replace(" ", "+") if glue == "&" else value
        pieces += (((glue if at else "") + f"{key}={mark}", None), (text, label), (mark, None))
    return pieces


def _as_list(filler: Filler) -> list[Piece]:
    """People or places under each other, and no more."""
    draw = filler.draw
    name = draw.pick(
        ("person", "person", "last_first", "first", "city", "company", "email", "last", "club")
    )
    pieces: list[Piece] = []
    glue = draw.pick(("\n", "\n", ", ", "; ", "\n- ", "\n* ", " / "))
    for number in range(1, draw.between(2, 12)):
        before = (
            (glue if number > 1 else glue.lstrip("\n").lstrip(",;/ "))
            if glue[0] == "\n"
            else (glue if number > 1 else "")
        )
        value = _value(filler, name, number)
        pieces += ((before, None), (value, label_of(name, filler.lang)))
        if draw.chance(0.15):
            pieces.append((f" ({draw.below(100)})", None))
    return pieces


_FORMS: Final = running(
    (
        (18, _as_json), (8, _as_xml), (20, _as_table), (7, _as_html), (24, _as_form), (7, _as_yaml),
        (5, _as_sql), (6, _as_pairs), (8, _as_list),
    )
)  # fmt: skip


def record(filler: Filler) -> tuple[str, list[Mark]]:
    """A record or some in one of the forms."""
    form: Callable[[Filler], list[Piece]] = filler.draw.weighted(_FORMS)
    text, marks = joined(form(filler))
    return text, [(a, b, label) for a, b, label in _stripped(text, marks)]


def _stripped(text: str, marks: list[Mark]) -> list[Mark]:
    return [
        (start + len(value) - len(value.lstrip()), end - len(value) + len(value.rstrip()), label)
        for start, end, label in marks
        if (value := text[start:end]).strip()
    ]
