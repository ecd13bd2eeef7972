"""Embeddings: where text stands in `POST /v1/embeddings`, and the vectors that come back. Pure.

All requests of one caller share a scope, unless the caller names one: the same value has the same
placeholder in what is indexed and in what is searched for.
"""

from __future__ import annotations

from binascii import a2b_base64
from functools import partial
from typing import Any, Final

from gateway.types import Family, Json, Parsed, Path
from gateway.wire.answers import (
    AnswerContext,
    AnswerFacts,
    figures,
    invalid,
    shown_usage,
    token,
)
from gateway.wire.chat_answer import note_usage
from gateway.wire.jsontext import is_long_number
from gateway.wire.leaves import Collector
from gateway.wire.numbers import short_numbers
from gateway.wire.openai_fields import (
    IDENTITIES,
    LOGPROBS,
    check_common,
    has_media,
    hosted_tools,
    identities,
    is_off,
    logprobs,
    texts,
    unsupported,
)

PATH: Final = "/embeddings"

LONGEST_VECTOR: Final = 65_536  # figures
_WIDEST: Final = 1e9  # of one figure, either way
_LONGEST_BASE64: Final = LONGEST_VECTOR * 8 * 4 // 3 + 4
_OPENING: Final = b"embeddings"
_PLAIN: Final = frozenset(
    {"dimensions", "truncate_prompt_tokens", "add_special_tokens", "normalize", "stream"}
)
_WORDS: Final = {
    "encoding_format": frozenset({"float", "base64"}),
    "input_type": frozenset({"query", "passage", "document", "search_query", "search_document"}),
}
_KNOWN: Final = _PLAIN.union(_WORDS, IDENTITIES)


def parse(document: dict[str, Json]) -> Parsed:
    """Take a request for embeddings apart.

    Raises:
        RequestError: a field has the wrong shape, is the gateway's own, or holds token ids; or a
            stream or a conversation is asked for.
    """
    check_common(document)
    if document.get("stream"):
        raise unsupported("stream", "cannot be used: vectors come in one piece")
    if document.get("messages") is not None:
        raise unsupported("messages", "cannot be used: give texts in `input`")
    inputs = texts(document, "input")
    collector = Collector()
    for key, value in document.items():
        if key == "input":
            for path, text in inputs:
                collector.prose(path, text)
        else:
            _field(collector, key, value)
    return Parsed(
        family=Family.EMBEDDINGS,
        document=document,
        leaves=tuple(collector.leaves),
        model=str(document["model"]),
        stream=False,
        wants_usage=True,
        has_media=has_media(document),
        json_answer=False,
        identities=identities(document),
        fields={},
        opening=_OPENING,
        unknown=tuple(collector.unknown),
        logprobs=logprobs(document),
        short_numbers=partial(short_numbers, document, ("input",)),
        hosted_tools=hosted_tools(document),
    )


def _field(collector: Collector, key: str, value: Json) -> None:
    path: Path = (key,)
    if key in _KNOWN and value is None:
        return
    if key in IDENTITIES and isinstance(value, str):
        return  # sent as a keyed hash
    if key == "model":
        collector.model(path, str(value))
    elif key in _PLAIN and isinstance(value, (bool, int, float)):
        if is_long_number(str(value)):
            collector.anything(path, value)
    elif key in _WORDS:
        collector.word(path, value, _WORDS[key])
    elif key not in LOGPROBS or not is_off(value):
        collector.member(path, value, known=key in _KNOWN)


class WholeEmbeddings:
    """The client's answer: vectors as they came, in which no text stands.

    Raises:
        UpstreamFailed: the document is no list of vectors.
    """

    __slots__ = ("_out",)

    def __init__(self, document: Any, context: AnswerContext, facts: AnswerFacts) -> None:
        data = document.get("data") if isinstance(document, dict) else None
        if not isinstance(data, list):
            raise invalid()
        facts.model_served = token(document.get("model"), "") or ""
        vectors = [_vector(item, at) for at, item in enumerate(data)]
        self._out: dict[str, Any] = {"object": "list", "data": vectors, "model": context.model}
        if isinstance(document.get("usage"), dict):
            usage = figures(document["usage"])
            note_usage(facts, usage)
            self._out["usage"] = shown_usage(usage, context)

    def __repr__(self) -> str:
        return "WholeEmbeddings()"

    def give(self) -> dict[str, Any]:
        """The answer."""
        return self._out


def _vector(item: Any, at: int) -> dict[str, Any]:
    vector = item.get("embedding") if isinstance(item, dict) else None
    if not (_is_list_of_figures(vector) or _is_packed(vector)):
        raise invalid()
    index = item.get("index")
    place = index if isinstance(index, int) and not isinstance(index, bool) else at
    return {"object": "embedding", "index": place, "embedding": vector}


def _is_list_of_figures(vector: Any) -> bool:
    return (
        isinstance(vector, list)
        and 0 < len(vector) <= LONGEST_VECTOR
        and {*map(type, vector)} <= {int, float}
        and -_WIDEST <= min(vector) <= max(vector) <= _WIDEST
    )


def _is_packed(vector: Any) -> bool:
    if not isinstance(vector, str) or not 0 < len(vector) <= _LONGEST_BASE64 or len(vector) % 4:
        return False
    try:
        a2b_base64(vector, strict_mode=True)
    except ValueError:
        return False
    return True
