"""The words of a trace's page for who has never seen how a model works. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final

from gateway.tracing.model import Trace

_DECODER: Final = (
    ("It reads tokens.", "A text is cut into pieces, and each piece is a number. The model is "
     "given nothing but these numbers, in their order."),
    ("It weighs what comes next.", "For every token that it knows, often a hundred thousand, it "
     "works out how likely that one is to follow. That is all that a model does."),
    ("One is taken, and it begins again.", "The token that is taken is put behind the text, and "
     "the model reads on. So an answer comes piece by piece, and a placeholder too."),
    ("It remembers beginnings.", "What it has worked out for the beginning of a conversation can "
     "be kept: the next turn has to read only what is new. Those are the cached tokens."),
    ("It cannot say what it was not given.", "Where a placeholder stood, it writes the "
     "placeholder. Only the gateway knows which value stands behind it, and puts it back."),
)  # fmt: skip


def summary(trace: Trace) -> str:
    """What happened, in a few sentences with the figures."""
    return f'<p class="s">{escape(" ".join(_sentences(trace)))}</p>'


def _sentences(trace: Trace) -> Iterator[str]:
    values = len({one.value for one in trace.findings})
    if values:
        noun = "1 value was" if values == 1 else f"{values} values were"
        yield f"{noun} found in the text; the rules of “{trace.route.get('policy', '')}” decided."
    else:
        yield "Nothing was found in the text that has to be masked."
    if trace.cuts:
        written = sum(len(one.before) for one in trace.cuts)
        left = sum(len(one.after) for one in trace.cuts)
        yield f"What was written has {written} tokens, and what left has {left}."
    served = trace.route.get("served by")
    if served and trace.said:
        yield (
            f"“{served}” answered: {trace.first_token_ms:.0f} ms until the first token, "
            f"{len(trace.said)} pieces in all."
        )
    cached = trace.usage.get("cached prompt tokens")
    if cached:
        yield f"{cached} tokens of the prompt did not have to be read again."


def decoder() -> str:
    """How a decoder works, to unfold."""
    points = "".join(f"<p><b>{escape(name)}</b> {escape(said)}</p>" for name, said in _DECODER)
    return f"<details><summary>How a model writes, in five steps</summary>{points}</details>"
