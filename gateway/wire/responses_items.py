"""Responses, the items of input and output: what stands in each of their fields. Pure.

Requests and answers are made of the same items, so one table serves both: what is text in an
answer is text in the request that gives it back. A field that is not named here is read like prose
in a request, and never leaves an answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final, TypeAlias


class What(Enum):
    """What a field holds that is neither an object nor a list."""

    TEXT = "text"
    CONTENT = "content"  # a text that is JSON where JSON was asked for
    INPUT = "input"  # a text that the caller's tool is given
    ARGUMENTS = "arguments"  # the same as JSON, in a string
    NAME = "name"  # of the tool that is called
    LABEL = "label"  # another name in which only [A-Za-z0-9_-] is legal
    ID = "id"  # made by the provider, or by the caller for a call
    WORD = "word"  # of the protocol
    FIGURE = "figure"  # a number, true, false or null
    BLOB = "blob"  # sealed by the provider, for itself
    MEDIA = "media"  # an image or a file: its bytes, or its address
    JSON = "json"  # anything
    EMPTY = "empty"  # a list that we leave empty, such as that of log probabilities
    SCHEMA = "schema"  # JSON Schema, of the caller's making


@dataclass(frozen=True, slots=True)
class Each:
    """A list."""

    of: Field


@dataclass(frozen=True, slots=True)
class Either:
    """A text, or something else that is no string."""

    text: What
    other: Field


@dataclass(frozen=True, slots=True)
class ByType:
    """An object whose `type` says what its other fields are; `default` is meant without one."""

    shapes: Mapping[str, Shape]
    default: str = ""


Shape: TypeAlias = Mapping[str, "Field"]
Field: TypeAlias = "What | Each | Either | ByType | Shape"

TEXT, CONTENT, INPUT, ARGUMENTS = What.TEXT, What.CONTENT, What.INPUT, What.ARGUMENTS
NAME, LABEL = What.NAME, What.LABEL
ID, WORD, FIGURE, BLOB = What.ID, What.WORD, What.FIGURE, What.BLOB
MEDIA, JSON, EMPTY, SCHEMA = What.MEDIA, What.JSON, What.EMPTY, What.SCHEMA

WORDS: Final = frozenset(
    # of states and roles
    "in_progress completed incomplete searching failed generating interpreting calling user "
    "assistant system developer tool unknown critic discriminator commentary final_answer client "
    "server "
    # of images
    "low medium high auto original xhigh max none minimal transparent opaque png webp jpeg gif svg "
    "generate edit 1024x1024 1024x1536 1536x1024 explicit 30m 12h input output "
    # of settings
    "disabled concise detailed current_turn all_turns standard pro implicit direct programmatic "
    "windows mac linux ubuntu browser required default flex scale priority fast ultrafast "
    "in_memory 24h score block "
    # of computers
    "left right wheel back forward click double_click drag keypress move screenshot scroll type "
    "wait computer_screenshot "
    # of what stands in items
    "input_text input_image input_file output_text refusal summary_text reasoning_text text logs "
    "image exec timeout exit local container_reference direct program search open_page "
    "find_in_page url api create_file delete_file update_file mcp_protocol_error "
    "mcp_tool_execution_error http_error file_citation url_citation container_file_citation "
    "file_path".split()
)
"""Words that a caller may write where a word belongs. Any other is read like prose."""

OWN_ID: Final = re.compile(r"[a-z]{1,16}[_-][0-9a-f]{24,64}")
"""An id as providers make them; it is no leaf."""

SEALED: Final = re.compile(r"[A-Za-z0-9+/_=.-]{32,}")
"""What a provider has sealed: it has no words."""

BYTES: Final = re.compile(r"(?:data:[a-z0-9.+/;=-]{0,100};base64,)?[A-Za-z0-9+/_-]{32,}={0,2}")
"""An image or a file, in base64."""

_CACHED: Final[Shape] = {"mode": WORD, "ttl": WORD}
_IMAGE: Final[Shape] = {
    "detail": WORD, "file_id": ID, "image_url": MEDIA, "prompt_cache_breakpoint": _CACHED,
}  # fmt: skip
_FILE: Final[Shape] = {
    "detail": WORD, "file_data": MEDIA, "file_id": ID, "file_url": TEXT, "filename": TEXT,
    "prompt_cache_breakpoint": _CACHED,
}  # fmt: skip
ANNOTATION: Final = ByType(
    {
        "file_citation": {"file_id": ID, "filename": TEXT, "index": FIGURE},
        "url_citation": {
            "url": TEXT, "title": TEXT, "start_index": FIGURE, "end_index": FIGURE,
        },
        "container_file_citation": {
            "container_id": ID, "file_id": ID, "filename": TEXT,
            "start_index": FIGURE, "end_index": FIGURE,
        },
        "file_path": {"file_id": ID, "index": FIGURE},
    }
)  # fmt: skip
PART: Final = ByType(
    {
        "input_text": {"text": TEXT, "prompt_cache_breakpoint": _CACHED},
        "input_image": _IMAGE,
        "input_file": _FILE,
        "output_text": {"text": CONTENT, "annotations": Each(ANNOTATION), "logprobs": EMPTY},
        "refusal": {"refusal": TEXT},
        "reasoning_text": {"text": TEXT},
        "summary_text": {"text": TEXT},
    }
)
_CONTENT: Final = Either(TEXT, Each(PART))
_CALLER: Final = ByType({"direct": {}, "program": {"caller_id": ID}})
_CHECKS: Final = Each({"id": ID, "code": WORD, "message": TEXT})
_KEYS: Final = Each(INPUT)
_AT: Final[Shape] = {"x": FIGURE, "y": FIGURE, "keys": _KEYS}
_ACTION: Final = ByType(
    {
        "click": {**_AT, "button": WORD},
        "double_click": _AT,
        "drag": {"path": Each({"x": FIGURE, "y": FIGURE}), "keys": _KEYS},
        "keypress": {"keys": _KEYS},
        "move": _AT,
        "screenshot": {},
        "scroll": {**_AT, "scroll_x": FIGURE, "scroll_y": FIGURE},
        "type": {"text": INPUT},
        "wait": {},
    }
)
_SEARCH: Final = ByType(
    {
        "search": {
            "query": TEXT, "queries": Each(TEXT),
            "sources": Each(ByType({"url": {"url": TEXT}, "api": {"name": TEXT}})),
        },
        "open_page": {"url": TEXT},
        "find_in_page": {"url": TEXT, "pattern": TEXT},
    }
)  # fmt: skip
_PLACE: Final = ByType(
    {
        "local": {"skills": Each({"name": TEXT, "description": TEXT, "path": TEXT})},
        "container_reference": {"container_id": ID},
    }
)
_PATCH: Final = ByType(
    {
        "create_file": {"path": INPUT, "diff": INPUT},
        "update_file": {"path": INPUT, "diff": INPUT},
        "delete_file": {"path": INPUT},
    }
)
SHELL_OUTPUT: Final[Shape] = {
    "outcome": ByType({"timeout": {}, "exit": {"exit_code": FIGURE}}),
    "stdout": TEXT, "stderr": TEXT,
}  # fmt: skip
_MCP_ERROR: Final = Either(
    TEXT,
    ByType(
        {
            "mcp_protocol_error": {"code": FIGURE, "message": TEXT},
            "http_error": {"code": FIGURE, "message": TEXT},
            "mcp_tool_execution_error": {"content": JSON},
        }
    ),
)
_ITEM: Final[Shape] = {"id": ID, "status": WORD}
_CALL: Final[Shape] = {**_ITEM, "call_id": ID, "caller": _CALLER}
_CALLED: Final[Shape] = {**_CALL, "name": NAME, "namespace": LABEL, "async": FIGURE}

ITEM: Final = ByType(
    {
        "message": {**_ITEM, "role": WORD, "phase": WORD, "content": _CONTENT},
        "function_call": {**_CALLED, "arguments": ARGUMENTS},
        "function_call_output": {**_CALL, "name": LABEL, "namespace": LABEL, "output": _CONTENT},
        "custom_tool_call": {**_CALLED, "input": INPUT},
        "custom_tool_call_output": {**_CALL, "output": _CONTENT},
        "reasoning": {
            **_ITEM, "summary": Each(PART), "content": Each(PART), "encrypted_content": BLOB,
        },
        "compaction": {**_ITEM, "encrypted_content": BLOB},
        "file_search_call": {
            **_ITEM, "queries": Each(TEXT), "results": Each(
                {"attributes": JSON, "file_id": ID, "filename": TEXT, "score": FIGURE, "text": TEXT}
            ),
        },
        "web_search_call": {**_ITEM, "action": _SEARCH},
        "computer_call": {
            **_CALL, "action": _ACTION, "actions": Each(_ACTION), "pending_safety_checks": _CHECKS,
        },
        "computer_call_output": {
            **_CALL, "acknowledged_safety_checks": _CHECKS,
            "output": ByType({"computer_screenshot": {"file_id": ID, "image_url": MEDIA}}),
        },
        "image_generation_call": {
            **_ITEM, "result": MEDIA, "action": WORD, "background": WORD, "output_format": WORD,
            "quality": WORD, "revised_prompt": TEXT, "size": WORD,
            "svg_usage": JSON, "error": {
                "type": WORD, "code": WORD, "message": TEXT, "param": WORD,
                "moderation_details": {"categories": Each(TEXT), "moderation_stage": WORD},
            },
        },
        "code_interpreter_call": {
            **_ITEM, "code": TEXT, "container_id": ID,
            "outputs": Each(ByType({"logs": {"logs": TEXT}, "image": {"url": MEDIA}})),
        },
        "local_shell_call": {
            **_CALL,
            "action": ByType({"exec": {
                "command": Each(INPUT), "env": JSON, "timeout_ms": FIGURE, "user": INPUT,
                "working_directory": INPUT,
            }}),
        },
        "local_shell_call_output": {**_CALL, "output": TEXT},
        "shell_call": {
            **_CALL, "environment": _PLACE, "action": {
                "commands": Each(INPUT), "max_output_length": FIGURE, "timeout_ms": FIGURE,
            },
        },
        "shell_call_output": {**_CALL, "max_output_length": FIGURE, "output": Each(SHELL_OUTPUT)},
        "apply_patch_call": {**_CALL, "operation": _PATCH},
        "apply_patch_call_output": {**_CALL, "output": TEXT},
        "mcp_list_tools": {
            **_ITEM, "server_label": LABEL, "error": _MCP_ERROR, "tools": Each(
                {"name": LABEL, "description": TEXT, "input_schema": JSON, "annotations": JSON}
            ),
        },
        "mcp_approval_request": {
            **_ITEM, "name": NAME, "server_label": LABEL, "arguments": ARGUMENTS,
        },
        "mcp_approval_response": {
            **_ITEM, "approval_request_id": ID, "approve": FIGURE, "reason": TEXT,
        },
        "mcp_call": {
            **_ITEM, "approval_request_id": ID, "name": NAME, "server_label": LABEL,
            "arguments": ARGUMENTS, "output": TEXT, "error": _MCP_ERROR,
        },
        "tool_search_call": {**_CALL, "execution": WORD, "arguments": JSON},
        "tool_search_output": {**_CALL, "execution": WORD, "tools": JSON},
        "additional_tools": {**_ITEM, "role": WORD, "tools": JSON},
        "program": {**_CALL, "code": TEXT, "fingerprint": BLOB},
        "program_output": {**_CALL, "result": TEXT},
    },
    default="message",
)  # fmt: skip
"""The items that an answer may hold."""

CALLS: Final = MappingProxyType({
    "shell_call": "shell", "local_shell_call": "local_shell", "apply_patch_call": "apply_patch",
    "computer_call": "computer",
})  # fmt: skip
"""The calls that name no tool, with the tool that the caller has for them."""

OF_TOOLS: Final = frozenset({"tool_search_output", "additional_tools"})
"""The items that bring further tools."""

REASONING: Final[Shape] = dict.fromkeys(
    ("effort", "summary", "generate_summary", "mode", "context"), WORD
)
FORMAT: Final = ByType(
    {
        "text": {},
        "json_object": {},
        "json_schema": {"name": LABEL, "description": TEXT, "schema": SCHEMA, "strict": FIGURE},
    }
)
TEXT_SETTINGS: Final[Shape] = {"format": FORMAT, "verbosity": WORD}

GIVEN: Final = ByType(
    {
        **ITEM.shapes,
        "compaction_trigger": {"id": ID},
        "configuration_update": {"id": ID, "reasoning": REASONING, "text": TEXT_SETTINGS},
    },
    default="message",
)
"""The items that a request may hold."""
