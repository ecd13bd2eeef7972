"""Text without entities, from a grammar: programs, settings, logs, documents, look-alikes.

A tagger must learn that capitals and strange words are not names where a machine is spoken to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from gateway.training.data import words
from gateway.training.draw import Draw, filled, running

_KINDS: Final = running(
    (
        (16, "python"), (11, "js"), (8, "java"), (8, "c"), (8, "shell"), (4, "diff"), (6, "trace"),
        (9, "log"), (8, "config"), (14, "doc"), (5, "science"), (9, "lookalike"), (6, "cells"),
        (10, "prose"), (6, "ui"),
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
        filled(draw.pick(lines), lambda name: _FIELDS[name](draw))
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


def _listed(section: str) -> Callable[[Draw], str]:
    return lambda draw: draw.pick(words("plain", section))


def _camel(draw: Draw) -> str:
    first = draw.pick(words("plain", "verb")) if draw.chance(0.6) else _noun(draw)
    return first + _class(draw) if draw.chance(0.75) else first


def _variable(draw: Draw) -> str:
    return _snake(draw) if draw.chance(0.6) else draw.pick(("x", "i", "n", "data", "self", "res"))


def _version(draw: Draw) -> str:
    return f"{draw.below(9)}.{draw.below(30)}.{draw.below(20)}"


_FIELDS: Final[Mapping[str, Callable[[Draw], str]]] = MappingProxyType(
    {
        "noun": _noun,
        "Noun": lambda draw: _noun(draw).title(),
        "word": _noun,
        "verb": _listed("verb"),
        "Verb": lambda draw: draw.pick(words("plain", "verb")).title(),
        "adj": _listed("adjective"),
        "Adj": lambda draw: draw.pick(words("plain", "adjective")).title(),
        "Tech": _listed("tech"),
        **{name: _listed(name) for name in ("topic", "type", "jtype", "ctype", "ext")},
        "fn": lambda draw: f"{draw.pick(words('plain', 'verb'))}_{_snake(draw)}",
        "mod": lambda draw: draw.pick((_noun(draw), draw.pick(words("plain", "tech")).lower())),
        "camel": _camel,
        "kebab": lambda draw: _snake(draw).replace("_", "-"),
        "Cls": _class,
        "CONST": lambda draw: _snake(draw).upper(),
        "var": _variable,
        "n": lambda draw: str(draw.below(10 ** draw.between(1, 4))),
        "d": lambda draw: str(draw.between(1, 9)),
        "ver": _version,
        "hash7": lambda draw: draw.letters(7, _HEX),
        "hash40": lambda draw: draw.letters(40, _HEX),
        "hex6": lambda draw: draw.letters(6, _HEX),
        "uuid": lambda draw: "-".join(draw.letters(count, _HEX) for count in (8, 4, 4, 4, 12)),
        "order": lambda draw: draw.mask(
            draw.pick(("########", "A-#####", "####-####", "SO######"))
        ),
        "c": lambda draw: draw.letters(1, "abcdefghijklmnopqrstuvwxyz"),
        "C": lambda draw: draw.letters(1),
        "file": lambda draw: f"{_snake(draw)}.{draw.pick(words('plain', 'ext'))}",
        "path": lambda draw: f"{_noun(draw)}/{_snake(draw)}.{draw.pick(words('plain', 'ext'))}",
    }
)  # fmt: skip
