"""Legacy completions, the request: where text stands in `POST /v1/completions`. Pure.

The fields named here are those of the OpenAI API and of vLLM's additions to it. A field that is
not named is walked whole and read like prose.
"""

from __future__ import annotations

from functools import partial
from typing import Final

import orjson

from gateway.types import Family, Json, Parsed, Path
from gateway.wire.jsontext import is_long_number
from gateway.wire.leaves import Collector
from gateway.wire.numbers import short_numbers
from gateway.wire.openai_fields import (
    FIGURES,
    IDENTITIES,
    LOGPROBS,
    check_common,
    has_media,
    hosted_tools,
    identities,
    is_off,
    json_answer,
    logprobs,
    own_fields,
    response_format,
    texts,
    wants_usage,
)

PATH: Final = "/completions"

_PLAIN: Final = FIGURES.union({"best_of"})
_KNOWN: Final = _PLAIN.union({"suffix", "stop", "logit_bias", "response_format"}, IDENTITIES)
_SET: Final = frozenset({"prompt", "stream_options"})  # read, or set by us


def parse(document: dict[str, Json]) -> Parsed:
    """Take a completion request apart.

    Raises:
        RequestError: a field has the wrong shape, is the gateway's own, or holds token ids.
    """
    check_common(document)
    prompts = texts(document, "prompt")
    collector = Collector()
    for key, value in document.items():
        if key == "prompt":
            for path, text in prompts:
                collector.prose(path, text)
        elif key not in _SET:
            _field(collector, key, value)
    return Parsed(
        family=Family.COMPLETIONS,
        document=document,
        leaves=tuple(collector.leaves),
        model=str(document["model"]),
        stream=bool(document.get("stream")),
        wants_usage=wants_usage(document),
        has_media=has_media(document),
        json_answer=json_answer(document),
        identities=identities(document),
        fields=own_fields(document),
        opening=orjson.dumps(document["prompt"]),
        unknown=tuple(collector.unknown),
        logprobs=logprobs(document),
        short_numbers=partial(short_numbers, document, ("prompt", "suffix")),
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
    elif key == "suffix" and isinstance(value, str):
        collector.prose(path, value)
    elif key == "response_format":
        response_format(collector, path, value)
    elif key not in LOGPROBS or not is_off(value):
        collector.member(path, value, known=key in _KNOWN)
