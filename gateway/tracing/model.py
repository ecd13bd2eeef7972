"""One request's way, as it was seen: what each step had, did, and how long it took. Pure.

A trace holds the request's text, values and all. It is shown to who sent it, and stored nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.types import Json


@dataclass(frozen=True, slots=True)
class Step:
    """One stage: its name, what it did in words, when it began and how long it took.

    Times are in milliseconds; `at` counts from the beginning of the first step.
    """

    name: str
    said: str
    at: float
    took: float


@dataclass(frozen=True, slots=True)
class Found:
    """One finding: the value, and what stands for it in what left."""

    entity_type: str
    score: float
    recognizer: str
    value: str = field(repr=False)
    became: str = ""


@dataclass(frozen=True, slots=True)
class Token:
    """One token of the prompt: its number in the vocabulary, and its text.

    `of` is the placeholder that it is a piece of, or that stands for what it is a piece of, or "".
    """

    number: int
    text: str = field(repr=False)
    of: str = ""


@dataclass(frozen=True, slots=True)
class Cut:
    """One text of the request in tokens: as it was written, and as it left.

    Both were cut on this machine: nobody else is ever given what was written.
    """

    before: tuple[Token, ...]
    after: tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A token that the model could have said, and how likely it was, 0 to 1."""

    text: str = field(repr=False)
    probability: float = 0.0


@dataclass(frozen=True, slots=True)
class Said:
    """One token of the answer: when it came (ms from the start), and what else it could be."""

    text: str = field(repr=False)
    at: float = 0.0
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class Out:
    """One event as the client got it: when (ms from the start), and its text."""

    at: float
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Everything that was seen of one request.

    `tokens` are those of the server, empty where it does not tell them; `cuts` are the texts of the
    request, empty where no tokenizer was named; `same_tokenizer` is whether the two can be of one.
    """

    request: Json = field(repr=False)
    masked: Json = field(repr=False)
    findings: tuple[Found, ...] = ()
    route: Mapping[str, str] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    tokens: tuple[Token, ...] = ()
    cuts: tuple[Cut, ...] = ()
    same_tokenizer: bool = True
    said: tuple[Said, ...] = ()
    out: tuple[Out, ...] = ()
    answer: str = field(default="", repr=False)
    first_token_ms: float = 0.0
    tokens_per_second: float = 0.0
    usage: Mapping[str, int] = field(default_factory=dict)


def pieces_of(tokens: list[tuple[int, str]], placeholders: list[str]) -> tuple[Token, ...]:
    """Tokens with the placeholders that they are pieces of, as far as their texts show it."""
    whole, starts = "", []
    for _, text in tokens:
        starts.append(len(whole))
        whole += text
    owner = [""] * len(tokens)
    for placeholder in placeholders:
        at = whole.find(placeholder)
        while at >= 0:
            for index, start in enumerate(starts):
                if start < at + len(placeholder) and start + len(tokens[index][1]) > at:
                    owner[index] = placeholder
            at = whole.find(placeholder, at + 1)
    return tuple(Token(number, text, of) for (number, text), of in zip(tokens, owner, strict=True))
