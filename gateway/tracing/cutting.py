"""Texts cut into tokens, and which of the tokens are pieces of a value or its placeholder. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.tracing.model import Cut, Token

Mark = tuple[int, int, str]
"""Where a value or a placeholder stands in a text, and the placeholder."""


def tokens_of(
    text: str, encoded: Sequence[tuple[int, int, int]], marks: Sequence[Mark] = ()
) -> tuple[Token, ...]:
    """The tokens of a text. Their texts make up the whole of it, whatever the tokenizer left out.

    Of a sign that falls into several tokens, the first has it and the others have none.
    """
    found, at = [], 0
    for index, (number, start, end) in enumerate(encoded):
        upto = len(text) if index == len(encoded) - 1 else max(at, end)
        of = next((name for begin, stop, name in marks if start < stop and end > begin), "")
        found.append(Token(number, text[at:upto], of))
        at = upto
    return tuple(found)


def marks_of(text: str, names: Mapping[str, str]) -> list[Mark]:
    """Every place where a key of `names` stands in a text, longer ones first."""
    found: list[Mark] = []
    for key in sorted(filter(None, names), key=len, reverse=True):
        at = text.find(key)
        while at >= 0:
            found.append((at, at + len(key), names[key]))
            at = text.find(key, at + len(key))
    return found


def pieces_of_each(cuts: Sequence[Cut]) -> dict[str, tuple[list[str], list[str]]]:
    """By placeholder, the pieces of the first value that it stands for, and its own."""
    found: dict[str, tuple[list[str], list[str]]] = {}
    for cut in cuts:
        for of in {one.of: None for one in cut.before if one.of}:
            found.setdefault(of, (_first(cut.before, of), _first(cut.after, of)))
    return found


def _first(tokens: Sequence[Token], of: str) -> list[str]:
    """The first run of tokens that are pieces of the same."""
    run: list[str] = []
    for one in tokens:
        if one.of == of:
            run.append(one.text)
        elif run:
            break
    return run


def agrees(cuts: Sequence[Cut], served: Sequence[Token]) -> bool:
    """Whether the server's tokens can be those of the same tokenizer.

    At its ends a text may grow together with what the server puts around it; between them each
    text that is masked must be cut alike.
    """
    numbers = [one.number for one in served]
    for cut in cuts:
        inner = [one.number for one in cut.after[1:-1]]
        if inner and not any(
            numbers[at : at + len(inner)] == inner for at in range(len(numbers) - len(inner) + 1)
        ):
            return False
    return True
