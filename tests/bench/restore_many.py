"""How many of many varied texts come back byte for byte, with stand-ins and numbers, streamed.

Run from the root of the project: `python -m tests.bench.restore_many [texts] [seed]`. It prints
figures as JSON and ends with 1 where one text did not come back.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import orjson

from gateway.masking.mask import MaskedRequest, MaskingKeys, mask
from gateway.masking.restore import Restorer, Tally
from gateway.types import Candidate, Decision, Effect, Finding, OperatorUse, UpstreamClass
from gateway.wire.chat import parse

FIRST = "Anna Max José Zoë Jean-Luc Ana María Þóra Tom Jürgen Léa Marco Inês Joris Ruth Ali".split()
LAST = "Schmidt Núñez O'Brien Müller-Lüd Dupont Rossi Silva de_Vries Ng Weiß Yılmaz Kovač".split()
HOSTS = ("firma.de", "example.test", "acme.co.uk", "société.fr")
PROSE = (
    "please write to", "said that", "and", "wrote:", "\n- ", ", ", ". ", " (", ") ", "'s offer",
    " costs 1,250.00 EUR on ", "Der Vertrag von ", "la factura de ", "| ", " | ", "**", "_", "\t",
    "さん ", "é", "<b>", "</b>", "&amp;", "\\", '"', "http://h.example/?q=", "](", "[x",
    "<PERSON_7K2QX9>", "42", "4111", "Anna ", "Berg ", "example.com ", "`", "{", "}", "😀",
)  # fmt: skip
GLUE = ("", " ", " ", " ", ", ", "\n", ": ")


@dataclass(slots=True)
class Figures:
    """What came of it. `operators` counts findings by the operator that was really used."""

    texts: int = 0
    characters: int = 0
    wrong: int = 0
    wrong_in_json: int = 0
    pieces: int = 0
    tokens: int = 0
    restored: int = 0
    mask_seconds: float = 0.0
    restore_seconds: float = 0.0
    operators: Counter[str] = field(default_factory=Counter)


def values(draw: random.Random) -> Iterator[tuple[str, str]]:
    """Values with their entity types: names, addresses and numbers of several forms."""
    luhn = draw.choice(("4111 1111 1111 1111", "5500-0000-0000-0004", "4012888888881881"))
    digits = f"{draw.randrange(10**7, 10**8)}"
    name = f"{draw.choice(FIRST)} {draw.choice(LAST).replace('_', ' ')}"
    yield name, "PERSON"
    yield name.rpartition(" ")[2], "PERSON"
    yield f"{name.split(maxsplit=1)[0].lower()}.{digits[:3]}@{draw.choice(HOSTS)}", "EMAIL_ADDRESS"
    yield draw.choice(("+49 30 ", "+44 20 7", "+1 212-", "030/")) + digits[:7], "PHONE_NUMBER"
    yield luhn, "CREDIT_CARD"
    yield draw.choice(("DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432")), "IBAN"
    yield f"{draw.randrange(1, 255)}.{draw.randrange(256)}.7.{draw.randrange(1, 255)}", "IP_ADDRESS"
    yield f"20{draw.randrange(10, 30)}-0{draw.randrange(1, 10)}-1{draw.randrange(10)}", "DATE_TIME"
    yield f"KD-{digits}", "CUSTOMER_ID"
    yield f"https://intern.firma.de/{digits}", "URL"


def drawn(draw: random.Random) -> tuple[list[str], list[list[tuple[int, int, str]]]]:
    """One to three texts, and where their values stand."""
    known = list(values(draw)) + list(values(draw))
    texts, spans = [], []
    for _ in range(draw.randint(1, 3)):
        text, found = "", []
        for _ in range(draw.randint(1, 30)):
            if draw.random() < 0.4:
                value, entity_type = draw.choice(known)
                found.append((len(text), len(text) + len(value), entity_type))
                text += value
            else:
                text += draw.choice(PROSE)
            text += draw.choice(GLUE)
        texts.append(text)
        spans.append(found)
    return texts, spans


def decision(draw: random.Random) -> Decision:
    """Stand-ins for some types, numbers of the same format for others."""
    stand_in = OperatorUse(
        "surrogate", draw.choice(((), (("keep", ("format", "gender", "locale")),)))
    )
    number = OperatorUse("fpe", draw.choice(((), (("scope", ("tenant",)),))))
    types = ("CREDIT_CARD", "IBAN", "PHONE_NUMBER", "CUSTOMER_ID")
    return Decision(
        effect=Effect.MASK,
        upstream_class=UpstreamClass.ON_PREM,
        candidates=(Candidate("local", UpstreamClass.ON_PREM),),
        operators={name: draw.choice((number, number, stand_in)) for name in types},
        default_operator=stand_in,
        rule_ids=(),
        reason="",
        policy_id="bench",
        policy_digest="0" * 64,
    )


def sent(
    draw: random.Random, texts: list[str], spans: list[list[tuple[int, int, str]]]
) -> MaskedRequest:
    """The request as it leaves."""
    parsed = parse({"model": "m", "messages": [{"role": "user", "content": one} for one in texts]})
    by_text = dict(zip(texts, spans, strict=True))
    found = [
        Finding(index, start, end, entity_type, 0.9, "bench")
        for index, leaf in enumerate(parsed.leaves)
        for start, end, entity_type in by_text.get(leaf.text, ())
    ]
    keys = MaskingKeys(draw.randbytes(32), b"h" * 32, draw.randbytes(32))
    return mask(
        parsed,
        found,
        decision(draw),
        keys,
        path="/chat/completions",
        entity_types=frozenset(entity_type for _, entity_type in values(random.Random(0))),
        language=draw.choice(("", "de", "en", "es", "fr", "it", "nl", "pt")),
    )


def streamed(
    draw: random.Random, text: str, request: MaskedRequest, figures: Figures, *, is_json: bool
) -> str:
    """The text restored in pieces of one to twelve characters."""
    tally = Tally()
    restorer = Restorer(request.restoration, tally, is_json=is_json)
    at, out = 0, ""
    while at < len(text):
        step = draw.randint(1, 12)
        out += restorer.feed(text[at : at + step])
        at += step
        figures.pieces += 1
    figures.restored += tally.restored
    return out + restorer.flush()


def run(count: int, seed: int = 1) -> Figures:
    """Mask and restore `count` texts, in prose and inside JSON."""
    draw, figures = random.Random(seed), Figures()
    while figures.texts < count:
        texts, spans = drawn(draw)
        begun = time.perf_counter()
        request = sent(draw, texts, spans)
        figures.mask_seconds += time.perf_counter() - begun
        figures.tokens += len(request.restoration.surfaces)
        for (_, operator), number in request.counts.items():
            figures.operators[operator] += number
        begun = time.perf_counter()
        for message, text in zip(orjson.loads(request.body)["messages"], texts, strict=True):
            figures.texts += 1
            figures.characters += len(text)
            content = message["content"]
            figures.wrong += streamed(draw, content, request, figures, is_json=False) != text
            # A word before it: a string that begins as an address takes no values.
            arguments = json.dumps({"t": f"x\n{content}"}, ensure_ascii=draw.random() < 0.5)
            if "//" not in arguments and "](" not in arguments and "<b" not in arguments:
                back = streamed(draw, arguments, request, figures, is_json=True)
                figures.wrong_in_json += json.loads(back) != {"t": f"x\n{text}"}
        figures.restore_seconds += time.perf_counter() - begun
    return figures


if __name__ == "__main__":
    numbers = [int(one) for one in sys.argv[1:]]
    result = run(*(numbers or [10_000]))
    shown = {name: getattr(result, name) for name in Figures.__slots__}
    sys.stdout.write(json.dumps(shown, indent=2) + "\n")
    sys.exit(1 if result.wrong or result.wrong_in_json else 0)
