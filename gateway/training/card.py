"""The model card: what the models are made of, what they reach, what they miss. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from gateway.detection.tagger.tags import ENTITY_TYPES

SOURCES: Final = (
    ("meddocan", "CC BY 4.0", "es", "SPACCC_MEDDOCAN, Plan TL: clinical cases"),
    ("tab144", "MIT", "en", "Text Anonymization Benchmark: court decisions"),
    ("wnut17", "CC BY 4.0", "en", "WNUT 2017 emerging entities: social media"),
    ("btc", "CC BY 4.0", "en", "Broad Twitter Corpus: social media"),
    ("wikigold", "CC BY 4.0", "en", "WikiGold: Wikipedia"),
    ("sec_filings", "CC BY 3.0", "en", "SEC filings of Salinas Alvarado et al.: contracts"),
    ("re3d", "OGL, CC BY, US government", "en", "re3d: defence news"),
    ("germeval14", "CC BY 4.0", "de", "GermEval 2014: news and web"),
    ("ler, ler_timex", "CC BY 4.0", "de", "Legal-Entity-Recognition: court decisions"),
    ("lener_br", "MIT", "pt", "LeNER-Br: court decisions"),
    ("europeana", "CC0", "fr, nl, de", "Europeana Newspapers NER: old newspapers"),
    ("pii_anon", "CC0 (data)", "mostly en", "template text of personal data"),
    ("uner", "CC BY-SA 4.0", "en, da, pt, sk, sv", "Universal NER: web and news"),
    ("generated", "Apache-2.0", "en, de, fr, es, it, nl, pt",
     "our own templates, filled from Faker (MIT) and GeoNames (CC BY 4.0)"),
    ("lexicon", "CC BY-SA 4.0, CC BY 4.0, MIT", "",
     "bits per hashed word: wordfreq, GeoNames, Faker, simplemma, our own lists"),
    ("vectors", "Apache-2.0", "", "all-MiniLM-L6-v2: components of its output for single words"),
)  # fmt: skip
"""Name, licence, languages and public source of everything that the weights were made from."""

Document = Mapping[str, Any]


def card(
    sizes: Mapping[str, int],
    bias: Mapping[str, Mapping[str, float]],
    plan: Sequence[tuple[str, str]],
    measured: Mapping[str, Document],
) -> str:
    """The card in Markdown.

    `sizes`: bytes of each file. `plan`: what was done, as pairs of words. `measured`: for each
    profile, the document of an evaluation on development text.
    """
    files = [(name, f"{size:,}") for name, size in sorted(sizes.items())]
    biases = [
        (profile, *(f"{of.get(kind, 0):+.2f}" for kind in ENTITY_TYPES))
        for profile, of in bias.items()
    ]
    made_of = _table(("name", "licence", "languages", "source"), SOURCES)
    parts = [
        "# Model card: Cloakroom's token classifier",
        _INTRODUCTION,
        "## Files\n\n" + _table(("file", "bytes"), files),
        "## Made of\n\n" + made_of + _SHARE_ALIKE,
        "## Made how\n\n" + _table(("what", "value"), plan),
        "## Bias\n\n" + _BIAS + _table(("profile", *ENTITY_TYPES), biases),
    ]
    for profile, document in measured.items():
        parts.append(f"## What `{profile}` reaches\n\n{_REACHES}" + _figures(document))
    parts.append(_MISSES)
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n\n"


def _figures(document: Document) -> str:
    (system,) = document["systems"][:1]
    rows: list[Sequence[str]] = []
    for corpus, of in system["corpora"].items():
        for label, tally in of["types"].items():
            rows.append((corpus, ", ".join(sorted(of["languages"])[:7]), label, *_numbers(tally)))
    head = ("text", "languages", "type", "marked", "P exact", "R exact", "F2", "R overlap",
            "R characters")  # fmt: skip
    return _table(head, rows)


def _numbers(tally: Mapping[str, Any]) -> tuple[str, ...]:
    exact, overlap, characters = tally["exact"], tally["overlap"], tally["characters"]
    values = (exact["precision"], exact["recall"], exact["f2"], overlap["recall"],
              characters["recall"])  # fmt: skip
    return (f"{tally['gold']:,}", *(f"{value:.3f}" for value in values))


_INTRODUCTION: Final = """
Two profiles of one design: a tagger over words, made from scratch. Words are seen as hashed
pieces of their letters, their case, membership in word lists, and a vector if they are frequent;
gated convolutions look at the words around. `accurate` reads with a wider model beside that of
`fast` and takes the mean of both. It finds people, places, organisations, addresses,
dates, national and religious groups, ages and numbers that stand for somebody, in English,
German, French, Spanish, Italian, Dutch and Portuguese. It runs on a CPU, without a network.

It is meant to find what should be masked before text leaves a company. It is not meant to profile
people, and a text in which it finds nothing is not thereby anonymous.
"""
_SHARE_ALIKE: Final = """
Universal NER and wordfreq are share-alike. They are ingredients that can be left out: without the
first, train on the other folders; without the second, the lexicon's eight bits of frequency are
zero.
"""
_BIAS: Final = """
Added to the scores of a type's tags before decoding. Chosen on development text for the best F2,
so that recall weighs twice as much as precision. People, places and organisations have one bias,
and people more where it misses fewer.

"""
_REACHES: Final = """
The whole detector, patterns included, on the development split of each source, of which other
parts were trained on: figures on text of another kind are lower. Marked = spans that people
marked. A corpus marks some types only; `MISC`, `GENDER`, `QUANTITY` and `JOB` are not looked for.

"""
_MISSES: Final = """
## Known misses

- Surnames alone that are also common words, or that nothing around marks as a name.
- Names in lower case in chat, stage names, and names of a script other than Latin.
- Organisations that look like ordinary words; the borders of long names of authorities.
- Whether a name that fits both is a person, a place or an organisation: such findings overlap
  what is right and are masked all the same, but under another type.
- Text in other languages than the seven: names in Latin script are often found, with fewer of
  them than in the seven, and nothing is promised.
"""
