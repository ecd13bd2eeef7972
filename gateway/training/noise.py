"""Noise on labelled text: case, typing, scanning, mail; the spans move along.

Every change is a list of edits (start, end, new text). A span keeps what its text became; an edit
across the border of a span is left out.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeAlias

from gateway.training.draw import Draw
from gateway.training.labelled import Mark

Edit: TypeAlias = tuple[int, int, str]
Text: TypeAlias = tuple[str, list[Mark]]

_SCANNED: Final = (
    ("rn", "m"), ("m", "rn"), ("l", "1"), ("O", "0"), ("I", "l"), ("e", "c"), ("S", "5"),
    ("cl", "d"), ("i", "í"), ("h", "b"), ("B", "8"), ("ü", "ii"), ("g", "q"), ("fi", "ﬁ"),
)  # fmt: skip
_KEYS: Final = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_EMOJI: Final = "😀 😂 🙏 ❤️ 🔥 👍 🎉 😭 ✨ 💪 :) :-) ;) xD 🤣 🙈".split()
_CASED: Final = frozenset({"PERSON", "LOCATION", "ORGANIZATION", "ADDRESS", "NRP"})
_FIXED: Final = frozenset({"SECRET", "CRYPTO", "URL"})  # their case carries meaning


def in_case(text: str, marks: Sequence[Mark], change: Callable[[str], str]) -> Text:
    """Names and the like in another case, all else as it is."""
    edits = [(a, b, change(text[a:b])) for a, b, label in marks if label in _CASED]
    return edited(text, marks, edits)


def edited(text: str, marks: Sequence[Mark], edits: Iterable[Edit]) -> Text:
    """The text after edits, which must not overlap; those across a border are left out."""
    borders = sorted({edge for start, end, _ in marks for edge in (start, end)})
    parts: list[str] = []
    moves: list[tuple[int, int]] = []  # from this place of the old text on, this far
    at, shift, border = 0, 0, 0
    for start, end, new in sorted(edits):
        if start < at:
            continue
        while border < len(borders) and borders[border] <= start:
            border += 1
        if border < len(borders) and borders[border] < end:
            continue
        if start == end and border and borders[border - 1] == start:
            continue
        parts += (text[at:start], new)
        at = end
        shift += len(new) - (end - start)
        moves.append((end, shift))
    parts.append(text[at:])
    moved: list[Mark] = []
    index, shift = 0, 0
    for start, end, label in marks:
        while index < len(moves) and moves[index][0] <= start:
            shift = moves[index][1]
            index += 1
        first = start + shift
        while index < len(moves) and moves[index][0] <= end:
            shift = moves[index][1]
            index += 1
        moved.append((first, end + shift, label))
    return "".join(parts), _clean("".join(parts), moved)


def _clean(text: str, marks: list[Mark]) -> list[Mark]:
    """Spans without white space at their ends, and only those that still have text."""
    kept: list[Mark] = []
    for start, end, label in marks:
        value = text[start:end]
        first, last = start + len(value) - len(value.lstrip()), start + len(value.rstrip())
        if first < last:
            kept.append((first, last, label))
    return kept


def recased(text: str, marks: list[Mark], change: Callable[[str], str]) -> Text:
    """The text in another case, letter by letter where its length would change."""
    whole = change(text)
    if len(whole) != len(text):
        whole = "".join(new if len(new := change(sign)) == 1 else sign for sign in text)
    for start, end, label in marks:
        if label in _FIXED:
            whole = whole[:start] + text[start:end] + whole[end:]
    return whole, marks


def _lower(_: Draw, text: str, marks: list[Mark]) -> Text:
    return recased(text, marks, str.lower)


def _upper(_: Draw, text: str, marks: list[Mark]) -> Text:
    return recased(text, marks, str.upper)


def _title(_: Draw, text: str, marks: list[Mark]) -> Text:
    return recased(text, marks, str.title)


def _lower_names(draw: Draw, text: str, marks: list[Mark]) -> Text:
    for start, end, label in marks:
        if label in _CASED and draw.chance(0.8):
            new = text[start:end].lower()
            if len(new) == end - start:
                text = text[:start] + new + text[end:]
    return text, marks


def _typing(draw: Draw, text: str, marks: list[Mark]) -> Text:
    edits: list[Edit] = []
    for _ in range(1 + len(text) // 90):
        at = draw.below(max(1, len(text) - 1))
        if not (text[at : at + 1].isalpha() and text[at : at + 2].isalpha()):
            continue
        point = draw.below(4)
        if point == 0:
            edits.append((at, at + 2, text[at + 1 : at + 2] + text[at]))
        elif point == 1:
            edits.append((at, at + 1, ""))
        elif point == 2:
            edits.append((at, at + 1, text[at] * 2))
        else:
            row = next((keys for keys in _KEYS if text[at] in keys), "")
            if row:
                edits.append((at, at + 1, draw.pick(row)))
    return edited(text, marks, edits)


def _unaccented(_: Draw, text: str, marks: list[Mark]) -> Text:
    edits = [
        (at, at + 1, unicodedata.normalize("NFKD", sign)[0])
        for at, sign in enumerate(text)
        if "À" <= sign <= "ſ" and len(unicodedata.normalize("NFKD", sign)) > 1
    ]
    return edited(text, marks, edits)


def _spacing(draw: Draw, text: str, marks: list[Mark]) -> Text:
    edits: list[Edit] = []
    for at, sign in enumerate(text):
        if sign == " " and draw.chance(0.05):
            edits.append((at, at + 1, draw.pick(("  ", "  ", "   ", "\u00a0", "\t"))))
        elif sign in ".,;" and text[at + 1 : at + 2] == " " and draw.chance(0.15):
            edits.append((at + 1, at + 2, ""))
    return edited(text, marks, edits)


def _scanning(draw: Draw, text: str, marks: list[Mark]) -> Text:
    edits: list[Edit] = []
    for _ in range(2 + len(text) // 40):
        old, new = draw.pick(_SCANNED)
        at = text.find(old, draw.below(len(text)))
        if at >= 0:
            edits.append((at, at + len(old), new))
    return edited(text, marks, edits)


def _wrapping(draw: Draw, text: str, marks: list[Mark]) -> Text:
    width, last = draw.between(38, 76), 0
    quote = draw.pick(("\n", "\n", "\n", "\n> ", "=\n"))
    edits: list[Edit] = []
    for at, sign in enumerate(text):
        if sign == "\n":
            last = at
        elif sign == " " and at - last > width:
            edits.append((at, at + 1, quote))
            last = at
    return edited(text, marks, edits)


_ENTITIES: Final = {
    "&": "&amp;", '"': "&quot;", "'": "&#39;", "ä": "&auml;", "ö": "&ouml;", "ü": "&uuml;",
    "é": "&eacute;", "è": "&egrave;", "ñ": "&ntilde;", "ã": "&atilde;", "ç": "&ccedil;",
}  # fmt: skip


def _entities(_: Draw, text: str, marks: list[Mark]) -> Text:
    return edited(
        text,
        marks,
        [(at, at + 1, _ENTITIES[sign]) for at, sign in enumerate(text) if sign in _ENTITIES],
    )


def _mail(_: Draw, text: str, marks: list[Mark]) -> Text:
    """Quoted-printable (RFC 2045) that nobody decoded."""
    return edited(
        text,
        marks,
        [
            (at, at + 1, "".join(f"={byte:02X}" for byte in sign.encode()))
            for at, sign in enumerate(text)
            if "\x80" <= sign <= "ʯ"
        ],
    )


def _wrongly_decoded(_: Draw, text: str, marks: list[Mark]) -> Text:
    return edited(
        text,
        marks,
        [
            (at, at + 1, sign.encode().decode("latin-1"))
            for at, sign in enumerate(text)
            if "À" <= sign <= "ÿ"
        ],
    )


def _emoji(draw: Draw, text: str, marks: list[Mark]) -> Text:
    tail = "".join(draw.pick(_EMOJI) for _ in range(draw.between(1, 3)))
    glue = " " if tail[0].isalnum() else draw.pick((" ", " ", ""))
    return text + glue + tail, marks


def _unpunctuated(_: Draw, text: str, marks: list[Mark]) -> Text:
    edits = [
        (at, at + 1, "")
        for at, sign in enumerate(text)
        if sign in ".,;!?" and (at + 1 == len(text) or text[at + 1] in " \n")
    ]
    inside = [(start, end) for start, end, _ in marks]
    return edited(
        text, marks, [one for one in edits if not any(a <= one[0] < b for a, b in inside)]
    )


_CHANGES: Final[tuple[tuple[float, Callable[[Draw, str, list[Mark]], Text]], ...]] = (
    (0.10, _lower), (0.04, _upper), (0.02, _title), (0.025, _lower_names), (0.05, _typing),
    (0.035, _unaccented), (0.03, _spacing), (0.02, _scanning), (0.025, _wrapping),
    (0.008, _entities), (0.004, _mail), (0.006, _wrongly_decoded), (0.015, _emoji),
    (0.02, _unpunctuated),
)  # fmt: skip
_CASE_CHANGES: Final = frozenset({_lower, _upper, _title, _lower_names})


def noisy(draw: Draw, text: str, marks: list[Mark]) -> Text:
    """The text with the noise that chance wants, often none."""
    cased = False
    for share, change in _CHANGES:
        if draw.chance(share) and text:
            if change in _CASE_CHANGES:
                if cased:
                    continue
                cased = True
            text, marks = change(draw, text, marks)
    return text, marks
