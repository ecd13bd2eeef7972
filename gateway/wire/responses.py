"""Responses, the request: where text stands in `POST /v1/responses`. Pure.

The fields named here are those of the OpenAI API and of vLLM's additions to it. A field that is
not named is walked whole and read like prose.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import orjson

from gateway.errors import RequestError
from gateway.types import Family, Json, Leaf, LeafKind, Parsed, Path
from gateway.wire.leaves import Collector
from gateway.wire.numbers import short_numbers
from gateway.wire.responses_items import (
    FIGURE,
    GIVEN,
    ID,
    JSON,
    LABEL,
    OF_TOOLS,
    PART,
    REASONING,
    TEXT,
    TEXT_SETTINGS,
    WORD,
    Either,
    Shape,
)
from gateway.wire.responses_reader import ShapeReader
from gateway.wire.responses_tools import CHOICE, TOOL, hosted_kind

PATH: Final = "/responses"

FIELDS: Final[Shape] = {
    **dict.fromkeys(
        "temperature top_p max_output_tokens max_tool_calls parallel_tool_calls stream store "
        "background seed presence_penalty frequency_penalty top_k min_p repetition_penalty "
        "length_penalty min_tokens ignore_eos skip_special_tokens "
        "include_stop_str_in_output".split(),
        FIGURE,
    ),
    **dict.fromkeys(("truncation", "service_tier", "prompt_cache_retention"), WORD),
    **dict.fromkeys(
        ("metadata", "moderation", "access_programs", "background_options", "image", "stop",
         "context_management", "prompt_cache_options", "logit_bias"),
        JSON,
    ),
    "instructions": TEXT,
    "reasoning": REASONING,
    "text": TEXT_SETTINGS,
    "tool_choice": Either(WORD, CHOICE),
}  # fmt: skip
_IDENTITIES: Final = ("user", "safety_identifier", "prompt_cache_key")
_INCLUDED: Final = tuple(
    "file_search_call.results web_search_call.results web_search_call.action.sources "
    "message.input_image.image_url computer_call_output.output.image_url "
    "code_interpreter_call.outputs reasoning.encrypted_content".split()
)
_INCLUDED_LOGPROBS: Final = "message.output_text.logprobs"
_LOGPROBS: Final = frozenset(
    "top_logprobs logprobs prompt_logprobs return_token_ids return_tokens_as_token_ids echo "
    "prompt_token_ids allowed_token_ids bad_words_ids stop_token_ids".split()
)
_OURS: Final = ("cache_salt", "priority")
_TYPES: Final[dict[str, type]] = {
    "stream_options": dict, "tools": list, "include": list, "previous_response_id": str,
    "store": bool, "prompt": dict,
}  # fmt: skip
# Fields that make a provider search or call others; additions of providers.
_HOSTED: Final = {
    "web_search_options": "web_search", "search_parameters": "web_search",
    "enable_search": "web_search", "plugins": "plugins", "mcp_servers": "mcp",
    "prompt": "prompt",  # a template at the provider, which may bring tools with it
}  # fmt: skip
_ROLES: Final = frozenset({"system", "developer", "user", "assistant"})


def parse(document: dict[str, Json]) -> Parsed:
    """Take a request apart.

    Raises:
        RequestError: a field has the wrong shape, or is one that is not served here.
    """
    _check(document)
    collector = Collector()
    reader = _Request(collector)
    for key, value in document.items():
        reader.top(key, value)
    return Parsed(
        family=Family.RESPONSES,
        document=document,
        leaves=tuple(collector.leaves),
        model=str(document["model"]),
        stream=bool(document.get("stream")),
        wants_usage=True,
        has_media=reader.media,
        json_answer=_json_answer(document),
        identities=tuple((key,) for key in _IDENTITIES if isinstance(document.get(key), str)),
        fields=_own_fields(document),
        opening=_opening(document),
        unknown=tuple(collector.unknown),
        logprobs=_logprobs(document),
        hosted_tools=frozenset(reader.hosted),
        previous=str(document.get("previous_response_id") or ""),
        short_numbers=partial(short_numbers, document, ("instructions", "input", "prompt")),
    )


def _check(document: dict[str, Json]) -> None:
    model = document.get("model")
    if not isinstance(model, str) or not model:
        raise RequestError("`model` must be a non-empty string.", param="model")
    given = document.get("input")
    if isinstance(given, list):
        for index, item in enumerate(given):
            if not isinstance(item, dict):
                raise RequestError(f"`input[{index}]` must be an object.", param=f"input[{index}]")
    elif not isinstance(given, str) and (given is not None or document.get("prompt") is None):
        raise RequestError("`input` must be a string or an array.", param="input")
    if document.get("stream") not in (None, True, False):
        raise RequestError("`stream` must be true or false.", param="stream")
    for key, kind in _TYPES.items():
        if not isinstance(document.get(key), (kind, type(None))):
            raise RequestError(f"`{key}` has the wrong type.", param=key)
    _check_served(document)


def _check_served(document: dict[str, Json]) -> None:
    for key in _OURS:
        if key in document:
            raise _unsupported(key, "is set by the gateway; leave it out")
    if document.get("background") not in (None, False):
        raise _unsupported("background", "cannot be used: an answer is given when it is asked for")
    if document.get("conversation") is not None:
        raise _unsupported("conversation", "cannot be used: use `previous_response_id`")
    for index, item in enumerate(_items(document.get("include"))):
        if item not in (*_INCLUDED, _INCLUDED_LOGPROBS):
            raise _unsupported(f"include[{index}]", "is nothing that can be included")


def _unsupported(name: str, why: str) -> RequestError:
    return RequestError(f"`{name}` {why}.", code="unsupported_parameter", param=name)


def _items(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _json_answer(document: dict[str, Json]) -> bool:
    settings = document.get("text")
    wanted = settings.get("format") if isinstance(settings, dict) else None
    return isinstance(wanted, dict) and wanted.get("type") in ("json_object", "json_schema")


def _own_fields(document: dict[str, Json]) -> dict[str, Json]:
    # Without it the provider would store the exchange.
    fields: dict[str, Json] = {"store": False}
    if "stream_options" in document:
        options = document["stream_options"]
        pads = options.get("include_obfuscation") if isinstance(options, dict) else None
        is_wanted = bool(document.get("stream")) and isinstance(pads, bool)
        fields["stream_options"] = {"include_obfuscation": pads} if is_wanted else None
    if "previous_response_id" in document:
        # An id is good for its owner alone: whoever looks it up puts the provider's here.
        fields["previous_response_id"] = None
    return fields


def _opening(document: dict[str, Json]) -> bytes:
    given = document.get("input")
    upto: list[Any] = [document.get("instructions")]
    if not isinstance(given, list):
        return orjson.dumps([*upto, given, document.get("prompt")])
    for item in given:
        upto.append(item)
        if isinstance(item, dict) and item.get("role") == "user":
            break
    return orjson.dumps(upto)


def _logprobs(document: dict[str, Json]) -> tuple[Path, ...]:
    asked: list[Path] = [
        (key,) for key in sorted(_LOGPROBS & document.keys()) if not _is_off(key, document[key])
    ]
    included = enumerate(_items(document.get("include")))
    asked += (("include", index) for index, item in included if item == _INCLUDED_LOGPROBS)
    return tuple(asked)


def _is_off(key: str, value: Json) -> bool:
    # For `top_logprobs` 0 is the default; elsewhere vLLM takes it for "of the prompt's tokens".
    return value is None or value is False or (key == "top_logprobs" and value == 0)


class _Request(ShapeReader):
    """Gathers the leaves of one request; `hosted` are the kinds of tools that its provider runs."""

    def __init__(self, collector: Collector) -> None:
        super().__init__(collector)
        self.hosted: set[str] = set()
        self._leaves = collector

    def top(self, key: str, value: Json) -> None:
        """One top-level field."""
        path: Path = (key,)
        if key in _HOSTED and value is not None and value is not False:
            self.hosted.add(_HOSTED[key])
        if key == "model":
            self._leaves.model(path, str(value))
        elif key == "input":
            self._input(path, value)
        elif key == "tools":
            self._tools(path, value)
        elif key == "prompt":
            self._prompt(path, value)
        elif key in FIELDS:
            role = "system" if key == "instructions" else ""
            self.field(path, value, FIELDS[key], role)
        elif not self._is_passed_over(key, value):
            self._leaves.member(path, value)

    def _is_passed_over(self, key: str, value: Json) -> bool:
        """Whether a field is checked, replaced or off."""
        if key in _LOGPROBS:
            return _is_off(key, value)
        if key in _IDENTITIES:
            return value is None or isinstance(value, str)  # sent as a keyed hash
        return key in ("stream_options", "previous_response_id", "include", "conversation")

    def _input(self, path: Path, value: Json) -> None:
        if isinstance(value, str):
            self._leaves.prose(path, value, "user")
        for index, item in enumerate(_items(value)):
            if isinstance(item, dict):
                self._item((*path, index), item)

    def _item(self, path: Path, item: dict[str, Json]) -> None:
        kind, role = item.get("type"), item.get("role")
        if kind == "item_reference" or (kind is None and "role" not in item and "id" in item):
            # Whoever knows the id of another's item could have the provider read it out.
            why = "cannot be used: send the item itself, or use `previous_response_id`"
            raise _unsupported(f"{path[0]}[{path[1]}]", why)
        if isinstance(kind, str) and kind in OF_TOOLS and isinstance(item.get("tools"), list):
            self._tools((*path, "tools"), item["tools"])
            item = {key: value for key, value in item.items() if key != "tools"}
        said = role if isinstance(role, str) and role in _ROLES else ""
        if isinstance(kind, str) and kind != "message":
            said = "tool" if kind.endswith("_output") else "assistant"
        self.field(path, item, GIVEN, said)

    def _tools(self, path: Path, value: Json) -> None:
        for index, tool in enumerate(_items(value)):
            here = (*path, index)
            kind = tool.get("type") if isinstance(tool, dict) else None
            if not isinstance(tool, dict) or not isinstance(kind, str) or kind not in TOOL.shapes:
                place = "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in here)
                raise RequestError(
                    "A tool of this type cannot be used here.",
                    code="unsupported_tool",
                    param=f"{place.removeprefix('.')}.type",
                )
            hosted = hosted_kind(tool)
            if hosted is not None:
                self.hosted.add(hosted)
            self.field(here, tool, TOOL)

    def _prompt(self, path: Path, value: Json) -> None:
        if not isinstance(value, dict):
            return
        for key, child in value.items():
            here = (*path, key)
            if key in ("id", "version"):
                self.field(here, child, ID if key == "id" else LABEL)
            elif key == "variables" and isinstance(child, dict):
                for name, variable in child.items():
                    self._variable((*here, name), name, variable)
            else:
                self._leaves.member(here, child)

    def _variable(self, path: Path, name: str, value: Json) -> None:
        """What is put into a template under a name."""
        if isinstance(value, dict):
            self._leaves.leaves.append(Leaf(path, name, LeafKind.KEY, "user"))
            self.field(path, value, PART, "user")
        else:
            self._leaves.member(path, value, "user", known=True)
