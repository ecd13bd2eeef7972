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
from gateway.training.labelled import Labelled, write
from gateway.training.noise import noisy
from gateway.training.render import render
from gateway.training.slots import Filler
from gateway.training.templates import load

SHARES: Final[Mapping[str, float]] = MappingProxyType(
    {"templates": 0.65, "formats": 0.20, "negatives": 0.15}
)
"""Shares of the texts by their source."""

_ENGLISH = 0.35
_NEGATIVES = "negatives"


def generate(count: int, seed: int, languages: Sequence[str] = LANGUAGES) -> Iterator[Labelled]:
    """Labelled texts, the same for the same seed and the same template files.

    Raises:
        TemplateError: a template file is wrong.
        OSError: a file cannot be read.
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
    genres = load().get(lang, {})
    texts = sorted(genre for genre in genres if genre != _NEGATIVES)
    genre = draw.pick(texts)
    text, marks = render(draw.pick(genres[genre]), filler)
    text, marks = noisy(draw, text, marks)
    return Labelled(text, tuple(marks), lang, f"generated/{genre}")


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
