"""What a form says of a finding, and what was sealed of it: both are read in one way. Pure.

Nothing that is refused is quoted.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from typing import Any, Final

from gateway.audit import grammar
from gateway.console.proposing import (
    MAX_SPANS,
    MAX_TEXT,
    MAX_VALUE,
    Said,
    Stretch,
    Verdict,
    right_ones,
)
from gateway.errors import RequestError

_STRETCH: Final = re.compile(r"([0-9]{1,6}):([0-9]{1,6}):([A-Z][A-Z0-9_]{0,63})")


def read_said(given: Mapping[str, Any], tenant: str) -> Said:
    """What was said.

    A form has its text in `text`, or in `text64`, and `findings`, which are those of its text,
    where all but what it speaks of are right (`others`). One of them as `wrong` stands in place of
    verdict, type and value. What was sealed has `stretches`.

    Raises:
        RequestError: it says nothing that can be.
    """
    text = _decoded(given["text64"]) if given.get("text64") else str(given.get("text", ""))
    text = newlines(text)
    if len(text) > MAX_TEXT:
        raise RequestError(f"A text has at most {MAX_TEXT} characters.")
    marked = _one(given.get("wrong", ""), text)
    if marked is None:
        verdict, entity_type = given.get("verdict", ""), str(given.get("entity_type", "")).strip()
        value = newlines(str(given.get("value", ""))).strip()
    else:
        verdict, entity_type = Verdict.WRONG, marked.entity_type
        value = text[marked.start : marked.end]
    if verdict not in set(Verdict):
        raise RequestError("Say whether it is wrong or was missed.")
    if grammar.ENTITY_TYPE.fullmatch(entity_type) is None:
        raise RequestError("An entity type is written in capitals, such as EMAIL_ADDRESS.")
    if len(value) > MAX_VALUE or "\0" in value or (value and not value.strip()):
        raise RequestError(f"A value has at most {MAX_VALUE} characters.")
    if text and value and value not in text:
        raise RequestError("The value does not stand in the text.")
    made = Said(Verdict(verdict), entity_type, tenant, value, text if value else "")
    return _with_stretches(made, given)


def _with_stretches(said: Said, given: Mapping[str, Any]) -> Said:
    language = str(given.get("language", ""))
    language = language if grammar.LANGUAGE.fullmatch(language) else ""
    stretches: tuple[Stretch, ...] | None = None
    sealed = given.get("stretches")
    if isinstance(sealed, list):
        stretches = tuple(Stretch(int(a), int(b), str(c)) for a, b, c in sealed)
    elif given.get("others") and said.text:
        found = read_findings(str(given.get("findings", "")), said.text)
        stretches = right_ones(said.verdict, said.entity_type, said.value, said.text, found)
    return Said(
        said.verdict, said.entity_type, said.tenant, said.value, said.text, stretches, language
    )


def read_findings(words: str, text: str) -> list[Stretch]:
    """The stretches that a form lists.

    Raises:
        RequestError: one is not a stretch of the text, or there are too many.
    """
    parts = words.split()
    found = [one for one in (_one(part, text) for part in parts) if one is not None]
    if len(found) != len(parts) or len(found) > MAX_SPANS:
        raise RequestError("The findings of the text cannot be read.")
    return found


def listed(found: Iterable[Stretch]) -> str:
    """Stretches as a form lists them."""
    return " ".join(one_listed(one) for one in found)


def one_listed(one: Stretch) -> str:
    """A stretch as a form names it."""
    return f"{one.start}:{one.end}:{one.entity_type}"


def _one(word: str, text: str) -> Stretch | None:
    """A stretch of a text; None where there is none.

    Raises:
        RequestError: it is not of the text.
    """
    if not word:
        return None
    match = _STRETCH.fullmatch(word)
    if match is None or not 0 <= int(match[1]) < int(match[2]) <= len(text):
        raise RequestError("The findings of the text cannot be read.")
    return Stretch(int(match[1]), int(match[2]), match[3])


def encoded(text: str) -> str:
    """A text in letters that a page writes as they are: not a sign of it may change."""
    return urlsafe_b64encode(text.encode("utf-8", "surrogatepass")).decode()


def _decoded(text: str) -> str:
    try:
        return urlsafe_b64decode(text.encode("ascii")).decode()
    except ValueError:
        raise RequestError("The text cannot be read.") from None


def newlines(text: str) -> str:
    """A browser writes every end of a line in a form as two characters."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
