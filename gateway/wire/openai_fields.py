"""Fields that requests of several OpenAI endpoints have in common. Pure.

Vocabularies hold vLLM's additions, too. What is not named in an endpoint's file or here is read
like prose.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gateway.errors import RequestError
from gateway.types import Json, Path
from gateway.wire.leaves import Collector
from gateway.wire.media import MEDIA_KEYS

FIGURES: Final = frozenset(
    "temperature top_p n max_tokens presence_penalty frequency_penalty seed stream top_k min_p "
    "repetition_penalty length_penalty min_tokens ignore_eos skip_special_tokens "
    "include_stop_str_in_output".split()
)
"""Numbers and switches of sampling."""

IDENTITIES: Final = ("user", "safety_identifier", "prompt_cache_key")
"""Fields that name the end user; they are sent as keyed hashes."""

LOGPROBS: Final = frozenset(
    "logprobs top_logprobs prompt_logprobs return_token_ids return_tokens_as_token_ids echo "
    "prompt_token_ids allowed_token_ids bad_words_ids stop_token_ids".split()
)
"""Fields that ask for log probabilities or token ids, or give them."""

_MEDIA: Final = MEDIA_KEYS.union({"audio", "multi_modal_data", "prompt_embeds"})
_OURS: Final = ("cache_salt", "priority")
# Fields that make a provider search or call others; all but the first are additions of providers.
_HOSTED: Final = {
    "web_search_options": "web_search", "search_parameters": "web_search",
    "enable_search": "web_search", "plugins": "plugins", "mcp_servers": "mcp",
}  # fmt: skip


def check_common(document: dict[str, Json]) -> None:
    """See that what every endpoint asks of a request holds.

    Raises:
        RequestError: a field has the wrong shape, or is the gateway's own.
    """
    model = document.get("model")
    if not isinstance(model, str) or not model:
        raise RequestError("`model` must be a non-empty string.", param="model")
    if document.get("stream") not in (None, True, False):
        raise RequestError("`stream` must be true or false.", param="stream")
    if not isinstance(document.get("stream_options"), (dict, type(None))):
        raise RequestError("`stream_options` must be an object.", param="stream_options")
    for key in _OURS:
        if key in document:
            raise unsupported(key, "is set by the gateway; leave it out")


def unsupported(name: str, why: str) -> RequestError:
    """The error for a field that is not served; `name` is one of a fixed vocabulary."""
    return RequestError(f"`{name}` {why}.", code="unsupported_parameter", param=name)


def wants_usage(document: dict[str, Json]) -> bool:
    """Whether a stream is to end with its figures."""
    options = document.get("stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True


def own_fields(document: dict[str, Json]) -> dict[str, Json]:
    """The top-level fields that we set ourselves."""
    fields: dict[str, Json] = {}
    if document.get("stream"):
        # Always asked for: the record needs the figures even where the caller does not.
        fields["stream_options"] = {"include_usage": True}
    elif "stream_options" in document:
        fields["stream_options"] = None  # without a stream it means nothing, and is not read
    if document.get("store"):
        fields["store"] = False  # nothing is to be kept by the provider
    return fields


def identities(document: dict[str, Json]) -> tuple[Path, ...]:
    """The fields that name the end user and are there."""
    return tuple((key,) for key in IDENTITIES if isinstance(document.get(key), str))


def logprobs(document: dict[str, Json]) -> tuple[Path, ...]:
    """The fields that ask for log probabilities or token ids and are there."""
    return tuple((key,) for key in sorted(LOGPROBS & document.keys()) if not is_off(document[key]))


def hosted_tools(document: dict[str, Json]) -> frozenset[str]:
    """The kinds of tools that a provider would run because of a field of its own."""
    return frozenset(kind for key, kind in _HOSTED.items() if not is_off(document.get(key)))


def is_off(value: Json) -> bool:
    """Whether a field asks for nothing; 0 is not: vLLM takes it for "of the prompt's tokens"."""
    return value is None or value is False


def has_media(document: dict[str, Json]) -> bool:
    """Whether a field stands beside the texts that cannot be read for what it is."""
    return any(document[key] is not None for key in _MEDIA & document.keys())


def json_answer(document: dict[str, Json]) -> bool:
    """Whether the answer's text is JSON."""
    wanted = document.get("response_format")
    return isinstance(wanted, dict) and wanted.get("type") in ("json_object", "json_schema")


def response_format(collector: Collector, path: Path, value: Json) -> bool:
    """The wanted form of the answer; false: it holds no media."""
    if not isinstance(value, dict):
        collector.anything(path, value)
        return False
    for key, child in value.items():
        here = (*path, key)
        if key == "type":
            collector.word(here, child, ("text", "json_object", "json_schema"))
        elif key == "json_schema":
            collector.described(here, child)
        else:
            collector.member(here, child)
    return False


def texts(document: dict[str, Json], key: str) -> Sequence[tuple[Path, str]]:
    """The texts of a field that is a string or an array of strings, with their places.

    Raises:
        RequestError: it is neither; or it gives token ids, which cannot be read.
    """
    value = document.get(key)
    if isinstance(value, str):
        return [((key,), value)]
    if not isinstance(value, list) or not value:
        raise RequestError(f"`{key}` must be a string or a non-empty array of strings.", param=key)
    found: list[tuple[Path, str]] = []
    for index, item in enumerate(value):
        if isinstance(item, (int, list)):
            raise unsupported(key, "must be text: token ids cannot be read")
        if not isinstance(item, str):
            raise RequestError(f"`{key}[{index}]` must be a string.", param=f"{key}[{index}]")
        found.append(((key, index), item))
    return found
