"""Responses, the events of a stream: what each of them is about. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gateway.wire.responses_items import ARGUMENTS, CONTENT, INPUT, TEXT, What


@dataclass(frozen=True, slots=True)
class TextEvents:
    """The events of one text: `steps` lead to it from its item, `key` holds it when it is whole."""

    steps: tuple[str, ...]
    what: What
    key: str
    has_logprobs: bool = False


_OF_TEXTS: Final = {
    "response.output_text": TextEvents(
        ("content", "content_index", "text"), CONTENT, "text", has_logprobs=True
    ),
    "response.refusal": TextEvents(("content", "content_index", "refusal"), TEXT, "refusal"),
    "response.reasoning_text": TextEvents(("content", "content_index", "text"), TEXT, "text"),
    "response.reasoning_summary_text": TextEvents(
        ("summary", "summary_index", "text"), TEXT, "text"
    ),
    "response.function_call_arguments": TextEvents(("arguments",), ARGUMENTS, "arguments"),
    "response.mcp_call_arguments": TextEvents(("arguments",), ARGUMENTS, "arguments"),
    "response.custom_tool_call_input": TextEvents(("input",), INPUT, "input"),
    "response.code_interpreter_call_code": TextEvents(("code",), TEXT, "code"),
}
_COMMAND: Final = TextEvents(("action", "commands", "command_index"), INPUT, "command")

TEXTS: Final = {
    **{f"{name}.{end}": of for name, of in _OF_TEXTS.items() for end in ("delta", "done")},
    **{f"response.shell_call_command.{end}": _COMMAND for end in ("added", "delta", "done")},
}

RESPONSES: Final = frozenset(
    f"response.{word}" for word in ("created", "queued", "in_progress", "completed", "incomplete")
)
ENDS: Final = frozenset({"response.completed", "response.incomplete"})
FAILED: Final = frozenset({"response.failed", "error"})
ITEMS: Final = frozenset({"response.output_item.added", "response.output_item.done"})
PARTS: Final = {
    f"response.{name}.{end}": place
    for name, place in {
        "content_part": ("content", "content_index"),
        "reasoning_part": ("content", "content_index"),  # of vLLM
        "reasoning_summary_part": ("summary", "summary_index"),
    }.items()
    for end in ("added", "done")
}
SHELL_OUTPUT_DELTA: Final = "response.shell_call_output_content.delta"
SHELL_OUTPUT_DONE: Final = "response.shell_call_output_content.done"
STATES: Final = frozenset(
    f"response.{name}.{state}"
    for name, states in {
        "code_interpreter_call": "in_progress interpreting completed",
        "file_search_call": "in_progress searching completed",
        "web_search_call": "in_progress searching completed",
        "image_generation_call": "in_progress generating completed",
        "mcp_call": "in_progress completed failed",
        "mcp_list_tools": "in_progress completed failed",
        "compaction": "compacting",
    }.items()
    for state in states.split()
)
KEPT_ALIVE: Final = frozenset({"keepalive"})
NUMBERS: Final = (
    "output_index", "content_index", "summary_index", "command_index", "annotation_index",
    "partial_image_index",
)  # fmt: skip
"""The members of events that are small whole numbers."""
