"""Results as rows, as JSON and as plain text. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from gateway.evaluation.latency import CHARACTERS_PER_TOKEN, Latency
from gateway.evaluation.mistakes import Kind, Mistake
from gateway.evaluation.score import Cell, Ratio, Scores, Tally, total
from gateway.types import Json

WARNING: Final = "This report quotes the corpus: treat it as you treat the texts themselves."
NOTES: Final = (
    "exact: same start, end and label. overlap: same label, a shared character. characters: "
    "recall is the share of marked characters covered by a finding of any type, precision the "
    "share of found characters that are marked. Intervals are Wilson's, 95 %. A type is scored "
    "where its corpus has it."
)
HEADINGS: Final = (
    "gold",
    "found",
    "P exact",
    "R exact",
    "F1",
    "F2",
    "P overlap",
    "R overlap",
    "P chars",
    "R chars",
)
ALL: Final = "all"

Rows: TypeAlias = "Callable[[Mapping[Cell, Tally]], list[Row]]"

_UNSAFE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})  # Unicode general categories


@dataclass(frozen=True, slots=True)
class Result:
    """What one system reached."""

    system: str
    cells: Mapping[Cell, Tally]
    texts: Mapping[str, int]
    latency: Latency | None = None
    mistakes: Sequence[Mistake] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A tally and what it is about: corpus and label, or corpus and language."""

    corpus: str
    key: str
    tally: Tally

    @property
    def is_total(self) -> bool:
        """Whether it sums up other rows."""
        return self.key == ALL


def by_type(cells: Mapping[Cell, Tally]) -> list[Row]:
    """Per corpus: each label, then all; at last the sum over all corpora."""
    rows: list[Row] = []
    for corpus in corpora_of(cells):
        labels = sorted({cell.label for cell in cells if cell.corpus == corpus})
        rows += [Row(corpus, one, total(cells, corpus=corpus, label=one)) for one in labels]
        rows.append(Row(corpus, ALL, total(cells, corpus=corpus)))
    if len(corpora_of(cells)) > 1:
        labels = sorted({cell.label for cell in cells})
        rows += [Row(ALL, label, total(cells, label=label)) for label in labels]
        rows.append(Row(ALL, ALL, total(cells)))
    return rows


def by_language(cells: Mapping[Cell, Tally]) -> list[Row]:
    """Per language: each corpus that has it, and all where there are several."""
    rows: list[Row] = []
    for language in sorted({cell.language for cell in cells}):
        having = sorted({cell.corpus for cell in cells if cell.language == language})
        rows += [Row(one, language, total(cells, corpus=one, language=language)) for one in having]
        if len(having) > 1:
            rows.append(Row(ALL, language, total(cells, language=language)))
    return rows


def corpora_of(cells: Iterable[Cell]) -> list[str]:
    """The corpora, in order of their names."""
    return sorted({cell.corpus for cell in cells})


def figures(tally: Tally, *, intervals: bool = True) -> list[str]:
    """The cells of a row, in the order of `HEADINGS`."""
    exact, overlap, characters = tally.exactly, tally.overlap, tally.characters
    shown = _with_interval if intervals else _share
    return [
        f"{tally.gold:,}",
        f"{tally.found:,}",
        shown(exact.precision),
        shown(exact.recall),
        _of(exact, 1),
        _of(exact, 2),
        _share(overlap.precision),
        _share(overlap.recall),
        _share(characters.precision),
        _share(characters.recall),
    ]


def _share(ratio: Ratio) -> str:
    return f"{ratio.value:.3f}" if ratio.of else "-"


def _with_interval(ratio: Ratio) -> str:
    if not ratio.of:
        return "-"
    low, high = ratio.interval
    return f"{ratio.value:.3f} [{low:.2f}-{high:.2f}]"


def _of(scores: Scores, beta: float) -> str:
    return f"{scores.f(beta):.3f}" if scores.recall.of else "-"


def cost(latency: Latency) -> str:
    """The latency in one line."""
    return (
        f"{latency.cpu_ms_per_1k:.2f} CPU ms per 1,000 tokens of {CHARACTERS_PER_TOKEN} characters "
        f"({latency.tokens:,.0f} tokens, {latency.texts:,} texts); a text alone takes "
        f"{latency.p50_ms:.2f} ms (p50), {latency.p95_ms:.2f} ms (p95)"
    )


# ---- JSON ----------------------------------------------------------------------------------------


def document(results: Sequence[Result]) -> dict[str, Json]:
    """The results as JSON, without any text of the corpora."""
    return {"systems": [_system(result) for result in results]}


def _system(result: Result) -> dict[str, Json]:
    cells = result.cells
    shown: dict[str, Json] = {}
    for corpus in corpora_of(cells):
        own = {cell: tally for cell, tally in cells.items() if cell.corpus == corpus}
        languages = sorted({cell.language for cell in own})
        shown[corpus] = {
            "texts": result.texts.get(corpus, 0),
            "total": _tally(total(own)),
            "types": {
                label: _tally(total(own, label=label))
                for label in sorted({cell.label for cell in own})
            },
            "languages": {one: _tally(total(own, language=one)) for one in languages},
        }
    latency = result.latency
    return {
        "system": result.system,
        "total": _tally(total(cells)),
        "corpora": shown,
        "latency": None if latency is None else _latency(latency),
    }


def _tally(tally: Tally) -> dict[str, Json]:
    shown: dict[str, Json] = {"gold": tally.gold, "found": tally.found}
    for name, scores in (
        ("exact", tally.exactly),
        ("overlap", tally.overlap),
        ("characters", tally.characters),
    ):
        ratios: dict[str, Json] = {}
        for side, ratio in (("precision", scores.precision), ("recall", scores.recall)):
            ratios[side] = round(ratio.value, 6)
            ratios[f"{side}_counts"] = [ratio.hits, ratio.of]
            if name != "characters":
                ratios[f"{side}_interval"] = [round(bound, 6) for bound in ratio.interval]
        shown[name] = {**ratios, "f1": round(scores.f(1), 6), "f2": round(scores.f(2), 6)}
    return shown


def _latency(latency: Latency) -> dict[str, Json]:
    return {
        "texts": latency.texts,
        "code_points": latency.code_points,
        "tokens": round(latency.tokens),
        "cpu_s": round(latency.cpu_s, 6),
        "wall_s": round(latency.wall_s, 6),
        "cpu_ms_per_1k_tokens": round(latency.cpu_ms_per_1k, 3),
        "p50_ms": round(latency.p50_ms, 3),
        "p95_ms": round(latency.p95_ms, 3),
    }


# ---- plain text ----------------------------------------------------------------------------------


def text(results: Sequence[Result]) -> str:
    """The whole report as plain text."""
    parts = ["Detector report", WARNING, NOTES]
    parts += [_titled(f"{one.system}: cost", cost(one.latency)) for one in results if one.latency]
    for title, key, rows in (
        ("By type", "type", by_type),
        ("By language", "language", by_language),
    ):
        parts.append(_titled(title, _table(key, beside(results, rows))))
    for result in results:
        parts += [
            _titled(f"{result.system}: {heading}", "\n".join(map(_line, found)))
            for heading, found in grouped(result.mistakes)
        ]
    return "\n\n".join(parts) + "\n"


def beside(results: Sequence[Result], rows: Rows) -> list[tuple[Row, str]]:
    """The rows of all systems with the system's name, those about the same thing together."""
    of_all = [
        (place, number, row, result.system)
        for number, result in enumerate(results)
        for place, row in enumerate(rows(result.cells))
    ]
    return [(row, name) for _, _, row, name in sorted(of_all, key=lambda one: one[:2])]


def grouped(found: Sequence[Mistake]) -> list[tuple[str, list[Mistake]]]:
    """The mistakes under headings: corpus, kind and label."""
    groups: dict[tuple[str, Kind, str], list[Mistake]] = {}
    for one in found:
        groups.setdefault((one.corpus, one.kind, one.label), []).append(one)
    order = list(Kind)
    ordered = sorted(groups, key=lambda key: (key[0], order.index(key[1]), key[2]))
    return [(f"{key[0]}, {key[1].value}, {key[2]}", groups[key]) for key in ordered]


def visible(text: str) -> str:
    """The text on one line: line breaks and signs that do not print or that turn the direction."""
    return "".join(_visible(one) for one in text)


def _visible(one: str) -> str:
    if one == "\n":
        return "⏎"
    if one == "\t":
        return " "
    return "\N{REPLACEMENT CHARACTER}" if unicodedata.category(one) in _UNSAFE else one


def _line(one: Mistake) -> str:
    seen = f" ({one.seen})" if one.seen else ""
    before, text, after = visible(one.before), visible(one.text), visible(one.after)
    return f"  {one.number}{seen}: {before}[[{text}]]{after}"


def _titled(title: str, body: str) -> str:
    return f"{title}\n{'-' * len(title)}\n{body}"


def _table(key: str, rows: Sequence[tuple[Row, str]]) -> str:
    several = len({name for _, name in rows}) > 1
    lines = [["corpus", key, *(["system"] if several else []), *HEADINGS]]
    for row, name in rows:
        lines.append([row.corpus, row.key, *([name] if several else []), *figures(row.tally)])
    named = len(lines[0]) - len(HEADINGS)
    widths = [max(len(line[at]) for line in lines) for at in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if at < named else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
