"""The generator of labelled text: templates, formats and text without entities, with noise.

python -m gateway.training.generate --count 1000 --seed 1 --out look.jsonl.gz
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from gateway.training.data import LANGUAGES
from gateway.training.draw import Draw, running
from gateway.training.formats import record
from gateway.training.labelled import Labelled, Mark, write
from gateway.training.negatives import plain
from gateway.training.noise import in_case, noisy
from gateway.training.render import render, transcript
from gateway.training.slots import Filler
from gateway.training.templates import Template, load

SHARES: Final[Mapping[str, float]] = MappingProxyType(
    {"templates": 0.62, "formats": 0.18, "negatives": 0.20}
)
"""Shares of the texts by their source."""

_ENGLISH = 0.35
_NEGATIVES = "negatives"
_ANY = "any"
"""The folder of the templates that are in no language."""


def generate(count: int, seed: int, languages: Sequence[str] = LANGUAGES) -> Iterator[Labelled]:
    """Labelled texts, the same for the same seed and the same template files.

    Raises:
        TemplateError: a template file is wrong.
        OSError: a file cannot be read.
        KeyError: there are no templates in a language.
    """
    draw = Draw(seed)
    chances = _languages(languages)
    sources = running([(share, name) for name, share in SHARES.items()])
    made = 0
    while made < count:
        lang = draw.weighted(chances)
        one = _one(draw, lang, draw.weighted(sources))
        if one.text.strip():
            made += 1
            yield one


def _languages(languages: Sequence[str]) -> tuple[tuple[float, str], ...]:
    others = (1 - _ENGLISH) / max(1, len(languages) - 1)
    return running([(_ENGLISH if lang == "en" else others, lang) for lang in languages])


def _one(draw: Draw, lang: str, kind: str) -> Labelled:
    filler = Filler(draw, lang)
    genres = load()[lang]
    if kind == _NEGATIVES:
        text, marks, genre = _without(draw, filler, genres)
    elif kind == "formats":
        text, marks, genre = _format(draw, filler, genres)
    else:
        genre = draw.weighted(_genres(genres))
        template = draw.pick(genres[genre])
        text, marks = render(template, filler)
        text, marks = _as_around(draw, template, text, marks)
    if genre not in ("plain", "code", "record", "logs") or draw.chance(0.2):
        text, marks = noisy(draw, text, marks)
    return Labelled(text, tuple(marks), lang, f"generated/{genre}")


def _genres(genres: Mapping[str, Sequence[Template]]) -> tuple[tuple[float, str], ...]:
    """By the square root of their size: variety counts, but no genre drowns the others."""
    return running(
        [(len(some) ** 0.5, name) for name, some in genres.items() if name != _NEGATIVES]
    )


def _as_around(
    draw: Draw, template: Template, text: str, marks: list[Mark]
) -> tuple[str, list[Mark]]:
    """Names in capitals in a headline in capitals, often in lower case in a line without any."""
    letters = "".join(part for part in template.parts if isinstance(part, str))
    letters = "".join(filter(str.isalpha, letters))
    if len(letters) >= _SHORTEST_HEADLINE and letters.isupper() and draw.chance(0.85):
        return in_case(text, marks, str.upper)
    if len(letters) >= _SHORTEST_LINE and letters.islower() and draw.chance(0.4):
        return in_case(text, marks, str.lower)
    return text, marks


_SHORTEST_HEADLINE, _SHORTEST_LINE = 4, 8

_Made = tuple[str, list[Mark], str]


def _without(draw: Draw, filler: Filler, genres: Mapping[str, Sequence[Template]]) -> _Made:
    if _NEGATIVES not in genres or draw.chance(0.5):
        return plain(draw), [], "plain"
    some = [draw.pick(genres[_NEGATIVES]) for _ in range(draw.pick((1, 1, 2, 3)))]
    text = draw.pick(("\n", " ")).join(render(one, filler)[0] for one in some)
    return text, [], _NEGATIVES


def _format(draw: Draw, filler: Filler, genres: Mapping[str, Sequence[Template]]) -> _Made:
    point = draw.below(100)
    if point < 65:
        return *record(filler), "record"
    if point < 75 and "chat" in genres:
        return *transcript(filler, genres["chat"]), "transcript"
    genre = draw.pick(("code", "logs"))
    templates = load()[_ANY][genre]
    text, marks = render(draw.pick(templates), filler)
    glue = draw.pick(("\n", "\n", "\n\n"))
    while draw.chance(0.4):
        # Lines of a file follow each other; now and then one without anybody.
        if draw.chance(0.3):
            text += glue + plain(draw)
            continue
        more, others = render(draw.pick(templates), Filler(draw, filler.lang))
        shift = len(text) + len(glue)
        marks += [(start + shift, end + shift, label) for start, end, label in others]
        text += glue + more
    return text, marks, genre


def main() -> None:
    """Writes a file of labelled text, for a look."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--languages", nargs="*", default=list(LANGUAGES))
    asked = parser.parse_args()
    write(generate(asked.count, asked.seed, asked.languages), asked.out)


if __name__ == "__main__":
    main()
