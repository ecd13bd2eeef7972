"""Results as one HTML file: no script, nothing fetched, light and dark. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby
from typing import Final

from gateway.evaluation import report
from gateway.evaluation.mistakes import Kind, Mistake
from gateway.evaluation.report import HEADINGS, NOTES, WARNING, Result, Row
from gateway.evaluation.score import Ratio

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1b1d22; --paper: #fff; --line: #d5d8de; --soft: #f4f5f7;
  --bar: #2f6fab; --whisker: #1b1d22; --missed: #ffd9d4; --false: #fff0b8; --other: #dbe7ff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e9ec; --paper: #16181c; --line: #3a3e46;
  --soft: #202329; --bar: #6aa9e2; --whisker: #e8e9ec; --missed: #6b2a22; --false: #5a4a09;
  --other: #24406f; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  margin: 2rem auto; max-width: 76rem; padding: 0 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: .5rem 0 1.5rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { padding: .2rem .6rem; border-bottom: 1px solid var(--line); text-align: right;
  white-space: nowrap; }
th[scope=row], thead th:first-child, .name { text-align: left; }
tr.total { background: var(--soft); font-weight: 600; }
.note { border-left: 4px solid var(--bar); padding: .3rem .8rem; background: var(--soft); }
ul { padding-left: 1.2rem; } li { overflow-wrap: anywhere; }
.at { opacity: .75; font-size: .85em; }
mark { color: inherit; padding: 0 .15em; border-radius: 2px; outline: 1px solid var(--line); }
mark.missed { background: var(--missed); } mark.false { background: var(--false); }
mark.other { background: var(--other); }
svg { vertical-align: middle; margin-left: .4rem; }
"""
_CLASSES: Final = {Kind.MISSED: "missed", Kind.OTHER_TYPE: "other", Kind.FALSE: "false"}
_WIDTH: Final = 80


def page(results: Sequence[Result], made: str) -> str:
    """The whole page. `made` says when and with what it was made."""
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            "<title>Detector report</title>",
            f"<style>{_STYLE}</style></head><body><main>",
            "<h1>Detector report</h1>",
            f"<p>{escape(made)}</p>",
            f'<p class="note" role="note"><strong>{escape(WARNING)}</strong></p>',
            f"<p>{escape(NOTES)}</p>",
            *_costs(results),
            "<h2>By type</h2>",
            *_tables(report.beside(results, report.by_type), "type"),
            "<h2>By language</h2>",
            *_languages(report.beside(results, report.by_language)),
            *(part for result in results for part in _mistakes(result)),
            "</main></body></html>",
            "",
        ]
    )


def _costs(results: Sequence[Result]) -> Iterator[str]:
    timed = [result for result in results if result.latency is not None]
    if timed:
        yield "<h2>Cost</h2><ul>"
        for result in timed:
            if result.latency is not None:
                yield f"<li>{escape(result.system)}: {escape(report.cost(result.latency))}</li>"
        yield "</ul>"


def _tables(rows: Sequence[tuple[Row, str]], key: str) -> Iterator[str]:
    for corpus, own in groupby(rows, key=lambda one: one[0].corpus):
        title = "All corpora" if corpus == report.ALL else corpus
        yield from _table(title, list(own), key, corpus_column=False)


def _languages(rows: Sequence[tuple[Row, str]]) -> Iterator[str]:
    yield from _table("Languages and corpora", rows, "language", corpus_column=True)


def _table(
    title: str, rows: Sequence[tuple[Row, str]], key: str, *, corpus_column: bool
) -> Iterator[str]:
    several = len({name for _, name in rows}) > 1
    names = [key, *(["corpus"] if corpus_column else []), *(["system"] if several else [])]
    yield f'<div class="wide"><table><caption>{escape(title)}</caption><thead><tr>'
    yield "".join(f'<th scope="col" class="name">{name}</th>' for name in names)
    yield "".join(f'<th scope="col">{heading}</th>' for heading in HEADINGS)
    yield "</tr></thead><tbody>"
    for row, system in rows:
        is_total = row.corpus == report.ALL if corpus_column else row.is_total
        yield '<tr class="total">' if is_total else "<tr>"
        yield f'<th scope="row">{escape(row.key)}</th>'
        extra = [*([row.corpus] if corpus_column else []), *([system] if several else [])]
        yield "".join(f'<td class="name">{escape(one)}</td>' for one in extra)
        exact = row.tally.exactly
        bars = {2: exact.precision, 3: exact.recall}
        for at, figure in enumerate(report.figures(row.tally)):
            bar = _bar(bars[at]) if at in bars and bars[at].of else ""
            yield f"<td>{figure}{bar}</td>"
        yield "</tr>"
    yield "</tbody></table></div>"


def _bar(ratio: Ratio) -> str:
    """A bar with its interval; for the eye only, since the figure stands beside it."""
    low, high = (round(_WIDTH * bound, 1) for bound in ratio.interval)
    return (
        f'<svg width="{_WIDTH}" height="10" viewBox="0 0 {_WIDTH} 10" aria-hidden="true">'
        f'<rect width="{_WIDTH}" height="10" fill="var(--soft)"/>'
        f'<rect width="{round(_WIDTH * ratio.value, 1)}" height="10" fill="var(--bar)"/>'
        f'<path d="M{low} 5H{high}M{low} 2V8M{high} 2V8" stroke="var(--whisker)"/></svg>'
    )


def _mistakes(result: Result) -> Iterator[str]:
    if not result.mistakes:
        return
    yield f"<h2>{escape(result.system)}: misses and false findings</h2>"
    for heading, found in report.grouped(result.mistakes):
        yield f"<details><summary>{escape(heading)} ({len(found)} shown)</summary><ul>"
        yield from map(_item, found)
        yield "</ul></details>"


def _item(one: Mistake) -> str:
    seen = f" ({escape(one.seen)})" if one.seen else ""
    before, text, after = (
        escape(report.visible(part)) for part in (one.before, one.text, one.after)
    )
    marked = f'<mark class="{_CLASSES[one.kind]}">{text}</mark>'
    where = f'<span class="at">line {one.number}{seen}:</span>'
    return f"<li>{where} <bdi>{before}{marked}{after}</bdi></li>"
