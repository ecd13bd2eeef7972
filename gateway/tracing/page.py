"""A trace as one page of HTML that explains itself, without scripts or requests. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

import orjson

from gateway.tracing.explaining import decoder, summary
from gateway.tracing.model import Said, Step, Token, Trace, pieces_of
from gateway.tracing.tokenpage import MOST_TOKENS, TOKENS, shown, tokens_of

_WIDTH: Final = 880  # of the time line, in pixels
_OPEN: Final = 5  # tokens whose candidates are shown at once
_HUES: Final = ("#0b7285", "#2b8a3e", "#5f3dc4", "#a61e4d", "#c92a2a", "#a34400", "#495057")
_STYLE: Final = """
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--line:#d0d7de;--back:#fff;
--card:#f6f8fa}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9da7b1;--line:#30363d;--back:#0d1117;
--card:#161b22}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--back);margin:0 auto;
max-width:60rem;padding:1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin:2rem 0 .3rem}
p{color:var(--soft);margin:.2rem 0 .6rem}
pre{background:var(--card);border:1px solid var(--line);border-radius:6px;padding:.7rem;
white-space:pre-wrap;overflow-wrap:anywhere;font-size:.85rem}
table{border-collapse:collapse;width:100%;font-size:.9rem}
td,th{text-align:left;padding:.25rem .5rem;border-bottom:1px solid var(--line);vertical-align:top}
td.n{text-align:right;font-variant-numeric:tabular-nums}
.t{display:inline-block;border:1px solid var(--line);border-radius:4px;padding:0 .25rem;margin:1px;
font:.82rem ui-monospace,monospace;white-space:pre;background:var(--card)}
.t small{color:var(--soft);display:block;font-size:.65rem}
.t.p{background:#d3f9d8;color:#1b4d26;border-color:#2b8a3e}.t.p small{color:#1b4d26}
.t.v{background:#ffe8cc;color:#6b2d00;border-color:#d9480f}.t.v small{color:#6b2d00}
.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr));gap:1rem}
h3{font-size:.95rem;margin:.6rem 0 .2rem}.wide{overflow-x:auto}.wide svg{min-width:34rem}
.s{color:var(--ink);border-left:4px solid #4c6ef5;padding-left:.7rem}td.n{white-space:nowrap}
.b{background:#4c6ef5;height:.6rem;border-radius:3px;min-width:1px}
svg text{font:12px system-ui,sans-serif;fill:var(--ink)}svg text.i{fill:#fff}
svg{max-width:100%;height:auto}
details{margin:.15rem 0}summary{cursor:pointer}
"""


def page(trace: Trace) -> str:
    """The whole page."""
    sections = (
        _section("How long each step took", _STEPS, _line(trace.steps) + _steps(trace.steps)),
        _section("What was found", _FOUND, _found(trace)),
        _section("What left", _LEFT, _pretty(trace.masked)),
        _section("As the model reads it: tokens", TOKENS, tokens_of(trace)),
        _section("Which way it went, and why", _ROUTE, _pairs(trace.route.items())),
        _section("Token by token: what the model said", _SAID, _speed(trace) + _said(trace)),
        _section("What came out, event by event", _OUT, _out(trace)),
        _section("The answer, with its values back", _ANSWER, f"<pre>{escape(trace.answer)}</pre>"),
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>One request's way</title><style>{_STYLE}</style></head><body>"
        "<h1>One request's way through the gateway</h1>"
        "<p>This page holds the request's own text, values and all. Keep it as you would keep "
        f"them.</p>{summary(trace)}{decoder()}{''.join(sections)}</body></html>"
    )


_STEPS: Final = (
    "A request is read, personal data in it is found, policy decides, values are masked, and that "
    "is put on record before anything is sent. Then the model works, and each piece of its answer "
    "has its values put back on its way to the caller."
)
_FOUND: Final = "Each value, what it was taken for, how sure that is, and what stands for it."
_LEFT: Final = "The request as the model's server got it. No value that was masked is in it."
_ROUTE: Final = "The rules that matched, where the request might have gone, and who answered."
_SAID: Final = (
    "A model writes one token at a time. For each it weighs every token that it knows and takes "
    "one of the likeliest. The bars are the likeliest few, with their shares. Green are the "
    "pieces of a placeholder."
)
_OUT: Final = (
    "A placeholder comes in pieces. What may be the beginning of one waits until it is whole; "
    "everything else goes on at once."
)
_ANSWER: Final = "What the caller got."


def _section(title: str, explained: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2><p>{escape(explained)}</p>{body}</section>"


def _line(steps: Sequence[Step]) -> str:
    """The steps on a line of time, as SVG."""
    end = max((one.at + one.took for one in steps), default=0.0) or 1.0
    height = 26 * len(steps) + 24
    bars = []
    for row, one in enumerate(steps):
        left, width = one.at / end * _WIDTH, max(2.0, one.took / end * _WIDTH)
        y, hue = 4 + 26 * row, _HUES[row % len(_HUES)]
        bars.append(f'<rect x="{left:.1f}" y="{y}" width="{width:.1f}" height="18" fill="{hue}"/>')
        label = f"{one.name}, {one.took:.1f} ms"
        if left + width + 180 < _WIDTH:
            where = f'x="{left + width + 6:.1f}"'
        elif width > 180:
            where = f'x="{left + 6:.1f}" class="i"'
        else:
            where = f'x="{left - 6:.1f}" text-anchor="end"'
        bars.append(f'<text {where} y="{y + 14}">{escape(label)}</text>')
    bars.append(f'<text x="0" y="{height - 4}">0</text>')
    bars.append(f'<text x="{_WIDTH}" y="{height - 4}" text-anchor="end">{end:.0f} ms</text>')
    return (
        f'<div class="wide"><svg viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'aria-label="The steps on a line of time">{"".join(bars)}</svg></div>'
    )


def _steps(steps: Sequence[Step]) -> str:
    rows = "".join(
        f"<tr><td>{escape(one.name)}</td><td>{escape(one.said)}</td>"
        f'<td class="n">{one.took:.1f} ms</td></tr>'
        for one in steps
    )
    return f"<table><tr><th>Step</th><th>What it did</th><th>Took</th></tr>{rows}</table>"


def _found(trace: Trace) -> str:
    if not trace.findings:
        return "<p>Nothing was found.</p>"
    rows = "".join(
        f"<tr><td>{escape(one.entity_type)}</td><td>{escape(one.value)}</td>"
        f"<td>{escape(one.became)}</td>"
        f'<td class="n">{one.score:.2f}</td><td>{escape(one.recognizer)}</td></tr>'
        for one in trace.findings
    )
    head = "<tr><th>Type</th><th>Value</th><th>What left</th><th>Score</th><th>Found by</th></tr>"
    return f'<div class="wide"><table>{head}{rows}</table></div>'


def _pretty(value: object) -> str:
    return f"<pre>{escape(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())}</pre>"


def _pairs(pairs: Iterable[tuple[str, str]]) -> str:
    rows = "".join(f"<tr><th>{escape(a)}</th><td>{escape(b)}</td></tr>" for a, b in pairs if b)
    return f"<table>{rows}</table>"


def _speed(trace: Trace) -> str:
    told = {
        "until the first token": f"{trace.first_token_ms:.0f} ms" if trace.said else "",
        "tokens per second": f"{trace.tokens_per_second:.1f}" if trace.tokens_per_second else "",
        **{name: str(count) for name, count in trace.usage.items()},
    }
    return _pairs(told.items())


def _said(trace: Trace) -> str:
    names = sorted({one.became for one in trace.findings if one.became})
    pieces = pieces_of([(0, one.text) for one in trace.said], names)
    if not any(one.candidates for one in trace.said):
        plain = "".join(_chip(one) for one in pieces)
        return f"<p>The upstream gives no probabilities.</p>{plain}"
    each = list(zip(trace.said, pieces, strict=True))[:MOST_TOKENS]
    return "".join(
        _one_said(one, piece, is_open=at < _OPEN) for at, (one, piece) in enumerate(each)
    )


def _chip(one: Token) -> str:
    return f'<span class="t{" p" if one.of else ""}">{escape(shown(one.text))}</span>'


def _one_said(one: Said, piece: Token, *, is_open: bool) -> str:
    rows = "".join(
        f'<tr><td><span class="t">{escape(shown(each.text))}</span></td>'
        f'<td style="width:60%"><div class="b" style="width:{each.probability * 100:.1f}%"></div>'
        f'</td><td class="n">{each.probability * 100:.1f} %</td></tr>'
        for each in one.candidates
    )
    head = f"{_chip(piece)} at {one.at:.0f} ms"
    state = " open" if is_open else ""
    return f"<details{state}><summary>{head}</summary><table>{rows}</table></details>"


def _out(trace: Trace) -> str:
    rows = "".join(
        f'<tr><td class="n">{one.at:.0f} ms</td><td>{escape(shown(one.text))}</td></tr>'
        for one in trace.out[:MOST_TOKENS]
    )
    return f"<table><tr><th>When</th><th>Text</th></tr>{rows}</table>"
