"""Text without entities, from a grammar: programs, settings, logs, documents, look-alikes.

A tagger must learn that capitals and strange words are not names where a machine is spoken to.
"""

from __future__ import annotations

from typing import Final

from gateway.training.data import words
from gateway.training.draw import Draw, filled, running

_KINDS: Final = running(
    (
        (16, "python"), (11, "js"), (8, "java"), (8, "c"), (8, "shell"), (4, "diff"), (6, "trace"),
        (9, "log"), (8, "config"), (14, "doc"), (5, "science"), (9, "lookalike"),
    )
)  # fmt: skip
_HEX: Final = "0123456789abcdef"


def plain(draw: Draw) -> str:
    """A text without entities: one to nine lines of one kind."""
    kind = draw.weighted(_KINDS)
    lines = words("plain", kind)
    count = draw.between(1, 3) if draw.chance(0.4) else draw.between(3, 9)
    indent = draw.pick(("", "", "", "    ", "\t", "> "))
    text = "\n".join(
        filled(draw.pick(lines), lambda name: _value(draw, name))
        .replace("\\n", "\n")
        .replace("\\t", "\t")
        for _ in range(count)
    )
    if indent:
        text = indent + text.replace("\n", "\n" + indent)
    return f"```{kind}\n{text}\n```" if draw.chance(0.05) else text


def _noun(draw: Draw) -> str:
    return draw.pick(words("plain", "noun"))


def _snake(draw: Draw) -> str:
    count = draw.pick((1, 2, 2, 3))
    return "_".join(_noun(draw) for _ in range(count))


def _class(draw: Draw) -> str:
    parts = [_noun(draw).title() for _ in range(draw.pick((1, 2, 2, 3)))]
    if draw.chance(0.25):
        parts.insert(0, draw.pick(words("plain", "adjective")).title())
    return "".join(parts)


def _value(draw: Draw, name: str) -> str:
    """The value of a field. Raises KeyError: no such field."""
    match name:
        case "fn" | "word" | "mod" | "camel" | "kebab" | "var" | "Cls" | "CONST":
            return _identifier(draw, name)
        case "noun":
            return _noun(draw)
        case "Noun":
            return _noun(draw).title()
        case "verb":
            return draw.pick(words("plain", "verb"))
        case "Verb":
            return draw.pick(words("plain", "verb")).title()
        case "adj":
            return draw.pick(words("plain", "adjective"))
        case "Tech":
            return draw.pick(words("plain", "tech"))
        case "topic" | "type" | "jtype" | "ctype" | "ext":
            return draw.pick(words("plain", name))
    return _number(draw, name)


def _identifier(draw: Draw, name: str) -> str:
    match name:
        case "fn":
            return f"{draw.pick(words('plain', 'verb'))}_{_snake(draw)}"
        case "word":
            return _noun(draw)
        case "mod":
            return draw.pick((_noun(draw), draw.pick(words("plain", "tech")).lower()))
        case "camel":
            first = draw.pick(words("plain", "verb")) if draw.chance(0.6) else _noun(draw)
            return first + _class(draw) if draw.chance(0.75) else first
        case "kebab":
            return _snake(draw).replace("_", "-")
        case "Cls":
            return _class(draw)
        case "CONST":
            return _snake(draw).upper()
    return _snake(draw) if draw.chance(0.6) else draw.pick(("x", "i", "n", "data", "self", "res"))


def _number(draw: Draw, name: str) -> str:
    match name:
        case "n":
            return str(draw.below(10 ** draw.between(1, 4)))
        case "d":
            return str(draw.between(1, 9))
        case "ver":
            return f"{draw.below(9)}.{draw.below(30)}.{draw.below(20)}"
        case "hash7":
            return draw.letters(7, _HEX)
        case "hash40":
            return draw.letters(40, _HEX)
        case "hex6":
            return draw.letters(6, _HEX)
        case "uuid":
            return "-".join(draw.letters(count, _HEX) for count in (8, 4, 4, 4, 12))
        case "order":
            return draw.mask(draw.pick(("########", "A-#####", "####-####", "SO######")))
        case "c":
            return draw.letters(1, "abcdefghijklmnopqrstuvwxyz")
        case "C":
            return draw.letters(1)
        case "file":
            return f"{_snake(draw)}.{draw.pick(words('plain', 'ext'))}"
        case "path":
            return f"{_noun(draw)}/{_snake(draw)}.{draw.pick(words('plain', 'ext'))}"
    raise KeyError(name)
