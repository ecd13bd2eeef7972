"""Anthropic Messages, the objects: what stands in each field, for requests and answers alike. Pure.

Blocks, their sources, results, citations and the like are told apart by their `type`, so one table
holds them all. What an answer gave comes back in the next request: one table keeps both in step.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import Final, TypeAlias, Union


class Kind(Enum):
    """What a field holds. A list of the same is read item by item."""

    TEXT = 1  # free text
    NAME = 2  # of a tool, a server: only [A-Za-z0-9_-] is legal
    ID = 3  # that the provider gave, or a client in its place
    WORD = 4  # of the protocol
    MODEL = 5
    FIGURE = 6  # a number, or true or false
    STAMP = 7  # a moment, to the second
    OPAQUE = 8  # what the provider encrypted or signed, and wants back byte for byte
    BYTES = 9  # an image or a document
    JSON = 10  # whatever the model, a tool or the caller wrote
    SCHEMA = 11  # a JSON Schema
    PARTS = 12  # a text, or objects that are told apart by their `type`
    TOOL = 13  # the definition of a tool


Shape: TypeAlias = Mapping[str, Union[Kind, "Shape"]]
"""The fields of an object that has no `type`, or that is told apart by where it stands."""


def _fields(**by_kind: str) -> dict[str, Kind | Shape]:
    """A shape, from the names of the fields of each kind."""
    return {name: Kind[kind.upper()] for kind, names in by_kind.items() for name in names.split()}


CACHE: Final[Shape] = _fields(word="type ttl")
_CALLER: Final[Shape] = {**_fields(word="type", id="tool_id")}
_CITING: Final[Shape] = _fields(figure="enabled")
_CALLED: Final[Shape] = {
    **_fields(id="id", name="name toolset_name server_name", json="input"),
    "caller": _CALLER,
    "cache_control": CACHE,
}
_RESULT: Final[Shape] = {
    **_fields(id="tool_use_id", parts="content"),
    "caller": _CALLER,
    "cache_control": CACHE,
}
_RAN: Final[Shape] = _fields(text="stdout stderr", figure="return_code", parts="content")
_FAILED: Final[Shape] = _fields(word="error_code", text="error_message")
_EDITED: Final[Shape] = {
    **dict.fromkeys(("trigger", "keep", "clear_at_least"), _fields(word="type", figure="value")),
    **_fields(text="instructions"),
    **_fields(figure="cleared_input_tokens cleared_tool_uses cleared_thinking_turns"),
    **_fields(figure="pause_after_compaction", name="exclude_tools clear_tool_inputs"),
}
_BROWSED: Final[Shape] = _fields(
    id="tab_id download_id", text="url path error", figure="size_bytes"
)

_SOURCE: Final[Shape] = {**_fields(word="type"), "tools": _fields(name="name", word="type")}

TOOL: Final[Shape] = {
    **_fields(
        name="name mcp_server_name", text="description allowed_domains blocked_domains",
        schema="input_schema", json="input_examples configs default_config",
        word="allowed_callers response_inclusion", model="model",
        figure="defer_loading strict eager_input_streaming display_height_px display_width_px "
        "display_number enable_zoom max_characters max_uses max_content_tokens max_tokens "
        "use_cache",
        tool="tools",
    ),
    "user_location": _fields(word="type", text="city country region timezone"),
    "url_sources": {
        "client_tool_results": _SOURCE, "server_tool_results": _SOURCE, "user_input": _SOURCE,
    },
    "citations": _CITING,
    "cache_control": CACHE,
    "caching": CACHE,
}  # fmt: skip
"""A tool, the caller's own or the provider's."""

BLOCKS: Final[Mapping[str, Shape]] = {
    "text": {
        **_fields(text="text", parts="citations"),
        "cache_control": CACHE,
    },
    "thinking": _fields(text="thinking", opaque="signature"),
    "redacted_thinking": _fields(opaque="data"),
    "tool_use": _CALLED,
    "server_tool_use": _CALLED,
    "mcp_tool_use": _CALLED,
    "web_search_tool_result": _RESULT,
    "web_fetch_tool_result": _RESULT,
    "advisor_tool_result": _RESULT,
    "code_execution_tool_result": _RESULT,
    "bash_code_execution_tool_result": _RESULT,
    "text_editor_code_execution_tool_result": _RESULT,
    "tool_search_tool_result": _RESULT,
    "mcp_tool_result": {**_RESULT, **_fields(figure="is_error")},
    "mcp_tool_listing": {**_fields(name="mcp_server_name", tool="tools"), "cache_control": CACHE},
    "container_upload": {**_fields(id="file_id"), "cache_control": CACHE},
    "compaction": {
        **_fields(text="content", opaque="encrypted_content signature", parts="tool_changes"),
        "cache_control": CACHE,
    },
}
"""The blocks of which an answer may be made."""

REFUSED_BLOCKS: Final[Mapping[str, str]] = {
    "fallback": "requests may not name other models to fall back to",
}
"""Blocks that an answer cannot hold, and why."""

ASKED_BLOCKS: Final[Mapping[str, Shape]] = {
    "image": {
        **_fields(parts="source"),
        "cache_control": CACHE,
        "transformations": _fields(word="oversized_image"),
    },
    "document": {
        **_fields(parts="source", text="title context"),
        "citations": _CITING,
        "cache_control": CACHE,
    },
    "search_result": {
        **_fields(text="source title", parts="content"),
        "citations": _CITING,
        "cache_control": CACHE,
    },
    "tool_result": {**_RESULT, **_fields(figure="is_error", name="toolset_name")},
    "tool_addition": {**_fields(parts="tool"), "cache_control": CACHE},
    "tool_removal": {**_fields(parts="tool"), "cache_control": CACHE},
    "browser_state": {
        **_fields(parts="state_changes"),
        "tabs": _fields(id="tab_id", text="title url", figure="active"),
        "cache_control": CACHE,
    },
}
"""The further blocks of requests."""

_CITED: Final[Shape] = _fields(
    text="cited_text document_title title source url", opaque="encrypted_index", id="file_id",
    figure="document_index start_char_index end_char_index start_page_number end_page_number "
    "start_block_index end_block_index search_result_index",
)  # fmt: skip

PARTS: Final[Mapping[str, Shape]] = {
    "char_location": _CITED,
    "page_location": _CITED,
    "content_block_location": _CITED,
    "web_search_result_location": _CITED,
    "search_result_location": _CITED,
    "base64": _fields(word="media_type", bytes="data"),
    "url": _fields(text="url"),
    "file": _fields(id="file_id"),
    "content": _fields(parts="content"),
    "web_search_result": _fields(text="title url page_age", opaque="encrypted_content"),
    "web_fetch_result": _fields(text="url", stamp="retrieved_at", parts="content"),
    "advisor_result": _fields(text="text", word="stop_reason"),
    "advisor_redacted_result": _fields(opaque="encrypted_content", word="stop_reason"),
    "code_execution_result": _RAN,
    "encrypted_code_execution_result": {**_RAN, **_fields(opaque="encrypted_stdout")},
    "bash_code_execution_result": _RAN,
    "code_execution_output": _fields(id="file_id"),
    "bash_code_execution_output": _fields(id="file_id"),
    "text_editor_code_execution_view_result": _fields(
        text="content", word="file_type", figure="num_lines start_line total_lines"
    ),
    "text_editor_code_execution_create_result": _fields(figure="is_file_update"),
    "text_editor_code_execution_str_replace_result": _fields(
        text="lines", figure="new_lines new_start old_lines old_start"
    ),
    "tool_search_tool_search_result": _fields(parts="tool_references"),
    "web_search_tool_result_error": _FAILED,
    "web_fetch_tool_result_error": _FAILED,
    "advisor_tool_result_error": _FAILED,
    "code_execution_tool_result_error": _FAILED,
    "bash_code_execution_tool_result_error": _FAILED,
    "text_editor_code_execution_tool_result_error": _FAILED,
    "tool_search_tool_result_error": _FAILED,
    "tool_reference": {**_fields(name="tool_name name"), "cache_control": CACHE},
    "mcp_tool_reference": _fields(name="name server_name"),
    "mcp_toolset_reference": _fields(name="server_name"),
    "tool_definition": _fields(tool="definition"),
    "tab_opened": _BROWSED,
    "download_started": _BROWSED,
    "download_completed": _BROWSED,
    "download_failed": _BROWSED,
    "clear_tool_uses_20250919": _EDITED,
    "clear_thinking_20251015": _EDITED,
    "compact_20260112": _EDITED,
}
"""What stands in blocks and in the settings of a request."""

TEXT_SOURCE: Final[Shape] = _fields(word="media_type", text="data")
"""The source of a document that is text; its `type` is that of a text block."""

MEDIA: Final = frozenset({"image", "container_upload", "base64", "url", "file"})
"""What cannot be read for what it is."""

WORDS: Final = frozenset(
    # settings
    "ephemeral 5m 1h auto any tool none standard_only standard fast default low medium high xhigh "
    "max enabled disabled adaptive between_tools summarized omitted updates error drop_block "
    "json_schema json_object tokens tool_reference url input_tokens tool_uses thinking_turns all "
    "only except summarize billing_policy self user_profile global us eu next_user_message never "
    # blocks
    "user assistant system direct code_execution_20250825 code_execution_20260120 "
    "code_execution_20260521 approximate full excluded downsize text image pdf text/plain "
    "application/pdf image/jpeg image/png image/gif image/webp anthropic custom latest "
    "end_turn max_tokens stop_sequence tool_use pause_turn refusal "
    # errors of tools
    "invalid_tool_input unavailable max_uses_exceeded too_many_requests query_too_long "
    "request_too_large url_too_long url_not_allowed url_not_in_prior_context url_not_accessible "
    "unsupported_content_type content_too_large prompt_too_long overloaded "
    "execution_time_exceeded model_not_found output_file_too_large file_not_found".split()
)
"""The words of the protocol that a request may hold."""

_ID: Final = re.compile(
    r"(?:toolu|srvtoolu|mcptoolu|file|container|msg|skill)_(?:bdrk_|vrtx_)?[A-Za-z0-9]{20,64}"
)
_BLOB: Final = re.compile(r"[A-Za-z0-9+/=_.-]{32,}")
_STAMP: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)?", re.ASCII
)


def is_provider_id(text: str) -> bool:
    """Whether an id is one that the provider made: it says nothing of anybody."""
    return _ID.fullmatch(text) is not None


def is_blob(text: str) -> bool:
    """Whether a text is one that only machines read, long enough to be no value of anybody's."""
    return not text or _BLOB.fullmatch(text) is not None


def is_stamp(text: str) -> bool:
    """Whether a text is a moment, to the second."""
    return _STAMP.fullmatch(text) is not None
