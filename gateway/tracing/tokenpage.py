"""The part of a trace's page that shows tokens. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from gateway.tracing.cutting import pieces_of_each
from gateway.tracing.model import Cut, Token, Trace

MOST_TOKENS: Final = 2000
TOKENS: Final = (
    "A model reads no letters but tokens: pieces of text, each a number in its vocabulary. A "
    "common word is one token. What is rare, such as a name, an e-mail address or a placeholder, "
    "falls into several. A model works all the same: it reads what stands around a placeholder, "
    "and writes it again piece by piece."
)
OTHER_TOKENIZER: Final = (
    "The server cuts these texts into other tokens than the tokenizer that was named: it may be "
    "another model's."
)
_ASK: Final = (
    "With --tokenizer, and the model's tokenizer.json, this page shows the tokens of the text as "
    "it was written, too. They are worked out on the machine that wrote this page: no server is "
    "ever given that text."
)
_LOCAL: Final = (
    "Orange is what was masked, green what stands for it. The left side was worked out on the "
    "machine that wrote this page: no server was given that text."
)
_RULED: Final = (
    "The whole prompt as the server put it together: beside the texts there is what tells the "
    "model who says what. The numbers are all that the model itself is given."
)


def tokens_of(trace: Trace) -> str:
    """The tokens of the texts before and after masking, and of the prompt."""
    parts = [_ruled(trace.tokens)]
    if trace.cuts:
        told = "" if trace.same_tokenizer else f"<p><strong>{escape(OTHER_TOKENIZER)}</strong></p>"
        parts = [_pieces(trace.cuts), _texts(trace.cuts), told, *parts]
    else:
        parts.append(f"<p>{escape(_ASK)}</p>")
    return "".join(parts)


def shown(text: str) -> str:
    """A piece of text with what cannot be seen in it made visible."""
    return text.replace("\n", "\u23ce").replace("\t", "\u21e5") or "\u2205"


def _pieces(cuts: Sequence[Cut]) -> str:
    """What each value and its placeholder fall into."""
    rows = "".join(
        f'<tr><td>{_few(before, "v")}</td><td class="n">{len(before)}</td>'
        f'<td>{_few(after, "p")}</td><td class="n">{len(after)}</td></tr>'
        for before, after in pieces_of_each(cuts).values()
    )
    if not rows:
        return ""
    head = (
        "<tr><th>What was written falls into</th><th>tokens</th>"
        "<th>What left falls into</th><th>tokens</th></tr>"
    )
    return f'<div class="wide"><table>{head}{rows}</table></div>'


def _few(pieces: Sequence[str], kind: str) -> str:
    return "".join(f'<span class="t {kind}">{escape(shown(one))}</span>' for one in pieces)


def _texts(cuts: Sequence[Cut]) -> str:
    """Each text, as it was written beside as it left."""
    pairs = "".join(
        f'<div class="two"><div><h3>As it was written: {len(one.before)} tokens</h3>'
        f"{_chips(one.before, 'v')}</div><div><h3>As it left: {len(one.after)} tokens</h3>"
        f"{_chips(one.after, 'p')}</div></div>"
        for one in cuts
    )
    return f"<p>{escape(_LOCAL)}</p>{pairs}"


def _ruled(tokens: Sequence[Token]) -> str:
    if not tokens:
        return "<p>The upstream does not say how it cuts a prompt into tokens.</p>"
    head = f"<h3>The prompt, as the server cut it: {len(tokens)} tokens</h3>"
    return f"{head}<p>{escape(_RULED)}</p>{_chips(tokens, 'p')}"


def _chips(tokens: Sequence[Token], kind: str) -> str:
    chips = "".join(
        f'<span class="t{" " + kind if one.of else ""}">{escape(shown(one.text))}'
        f"<small>{one.number}</small></span>"
        for one in tokens[:MOST_TOKENS]
    )
    left = len(tokens) - MOST_TOKENS
    return chips + (f"<p>The first {MOST_TOKENS} are shown.</p>" if left > 0 else "")
