"""From a template and its values to labelled text.

What belongs together is one span: letters that touch a slot ("{last}s", "{city}er"), given name
and surname of one human side by side, street, postal code and town of one address.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from gateway.training.labelled import Mark, Piece, joined
from gateway.training.slots import Filler, label_of, split_article
from gateway.training.templates import SLOTS, Slot, Template

_AFTER = re.compile(r"[^\W\d_]+")
_BEFORE = re.compile(r"[^\W\d_]+\Z")
_GENITIVE = re.compile(r"s(?![^\W\d_])")
_ENDING = re.compile(r"(?:en|er|e)\Z")
_HASHTAG = re.compile(r"[\W_]+")
_ELISION = re.compile(r"\b([dD]|[qQ]u|[Ll])[ea] $")
_VOWELS: Final = frozenset("aeiouéèêâîôAEIOUÉÈÊÂÎÔ")
_SIBILANT: Final = ("s", "ß", "x", "z")


def render(template: Template, filler: Filler) -> tuple[str, list[Mark]]:
    """The text of a template and its spans.

    Raises:
        KeyError: a slot that does not exist.
    """
    pieces: list[Piece] = []
    owners: list[Slot | None] = []
    pending = ""  # what the next literal begins with instead of its own first letters
    for at, part in enumerate(template.parts):
        if isinstance(part, str):
            text = pending + part[1:] if pending else part
            pending = ""
            pieces.append((text, None))
            owners.append(None)
            continue
        before = pieces[-1][0] if pieces else ""
        text, value = _value(part, filler, before)
        if text != before and pieces:
            pieces[-1] = (text, pieces[-1][1])
        elif not pieces and text:
            pieces.append((text, None))
            owners.append(None)
        pieces.append((value, label_of(part.name, filler.lang)))
        owners.append(part)
        follows = template.parts[at + 1] if at + 1 < len(template.parts) else ""
        if isinstance(follows, str) and _GENITIVE.match(follows) and value.endswith(_SIBILANT):
            if SLOTS[part.name] == "NRP":
                pieces[-1] = (value[:-1], "NRP")
            elif filler.lang in ("de", "nl"):
                pending = "’" if len(value) % 2 else "'"
        elif SLOTS[part.name] == "NRP" and isinstance(follows, str) and _AFTER.match(follows):
            pieces[-1] = (_ENDING.sub("", value), "NRP")
    merged = _merged(pieces, owners)
    text, marks = joined(merged)
    return text, _grown(text, marks)


def _value(slot: Slot, filler: Filler, before: str) -> tuple[str, str]:
    """The text before a slot, corrected, and what fills it."""
    article, value = split_article(slot.name, filler.value(slot.name, slot.number))
    if article and not before.lower().endswith(article.lower()):
        before += article
    if before.endswith("#"):
        value = _HASHTAG.sub("", value)
    elif filler.lang == "fr" and value[:1] in _VOWELS and before.endswith(("e ", "a ")):
        found = _ELISION.search(before)
        if found and found[0][-2] == "e":
            before = before[: found.start()] + found[1] + "'"
    return before, value or "x"


_GROWING: Final = frozenset({"PERSON", "LOCATION", "ORGANIZATION", "NRP", "DATE_TIME"})
_NAME_PARTS: Final = frozenset({"first", "last", "nick"})
_ADDRESS_GLUE = re.compile(r",? *\n?|, |\s-\s")


def _merged(pieces: list[Piece], owners: list[Slot | None]) -> list[Piece]:
    """Neighbours that are one entity become one piece."""
    out: list[Piece] = []
    last: list[Slot | None] = []
    for piece, owner in zip(pieces, owners, strict=True):
        if len(out) > 1 and owner is not None and last[-1] is None and last[-2] is not None:
            label = _whole(last[-2], out[-1][0], owner, out[-2][1])
            if label is not None:
                glue, _ = out.pop()
                last.pop()
                start, _ = out.pop()
                last.pop()
                out.append((start + glue + piece[0], label))
                last.append(owner)
                continue
        out.append(piece)
        last.append(owner)
    return out


def _whole(one: Slot, glue: str, other: Slot, label: str | None) -> str | None:
    if one.name in _NAME_PARTS and other.name in _NAME_PARTS and one.number == other.number:
        if one.name == other.name:
            return None
        if glue == " " or (glue == ", " and (one.name, other.name) == ("last", "first")):
            return "PERSON"
        return None
    if label == "DATE_TIME" and SLOTS[other.name] == "DATE_TIME":
        together = glue == " " or (glue == ", " and "weekday" in (one.name, other.name))
        return "DATE_TIME" if together else None
    if label == "ADDRESS" and other.name in ("zip", "city") and _ADDRESS_GLUE.fullmatch(glue):
        return "ADDRESS"
    return None


def _grown(text: str, marks: list[Mark]) -> list[Mark]:
    """Spans that take in the letters that touch them."""
    grown: list[Mark] = []
    edge = 0
    for at, (start, end, label) in enumerate(marks):
        limit = marks[at + 1][0] if at + 1 < len(marks) else len(text)
        grows = label in _GROWING or (label == "AGE" and text[start].isalpha())
        after = _AFTER.match(text, end, limit) if grows and text[end - 1].isalnum() else None
        before = _BEFORE.search(text, edge, start) if grows and text[start].isalpha() else None
        first, last = before.start() if before else start, after.end() if after else end
        if label == "USERNAME" and start > edge and text[start - 1] == "@":
            first -= 1
        grown.append((first, last, label))
        edge = last
    return grown


def transcript(filler: Filler, templates: Sequence[Template]) -> tuple[str, list[Mark]]:
    """A chat between some people: lines of several templates, each behind who wrote it."""
    draw = filler.draw
    pattern = draw.pick(
        ("[{}] {}: ", "{} {}: ", "{} <{}> ", "[{}] <{}> ", "{}, {}\n", "[{}] {} » ", "-{}- {}: ")
    )
    timed = draw.chance(0.6)
    name = draw.pick(("first", "first", "nick", "username", "person"))
    members = range(1, draw.between(2, 4) + 1)
    text, marks, start = "", list[Mark](), draw.below(1440)
    for turn in range(draw.between(2, 7)):
        lead = _lead(filler, pattern if timed else "{}: ", name, draw.pick(members), turn, start)
        line, spans = render(draw.pick(templates), Filler(draw, filler.lang))
        for piece, found in (lead, (line, spans)):
            marks += [(start + len(text), end + len(text), label) for start, end, label in found]
            text += piece
        text += "\n"
    return text[:-1], marks


def _lead(
    filler: Filler, pattern: str, name: str, member: int, turn: int, start: int
) -> tuple[str, list[Mark]]:
    before, middle, *rest = pattern.split("{}")
    who: Piece = (filler.value(name, member), SLOTS[name])
    if not rest:
        return joined([who, (middle, None)])
    minute = start + 3 * turn
    clock = f"{minute // 60 % 24:02}:{minute % 60:02}"
    return joined([(before, None), (clock, "DATE_TIME"), (middle, None), who, (rest[0], None)])
