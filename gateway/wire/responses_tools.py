"""Responses, the tools of a request: what stands in them, and which a provider runs. Pure."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final

from gateway.wire.responses_items import (
    BLOB,
    FIGURE,
    ID,
    JSON,
    LABEL,
    MEDIA,
    SCHEMA,
    TEXT,
    WORD,
    ByType,
    Each,
    Shape,
)

_ASKED: Final[Shape] = {"allowed_callers": Each(WORD)}
_OWN: Final[Shape] = {
    **_ASKED, "name": LABEL, "description": TEXT, "strict": FIGURE, "defer_loading": FIGURE,
    "async": FIGURE,
}  # fmt: skip
_FUNCTION: Final[Shape] = {**_OWN, "parameters": SCHEMA, "output_schema": SCHEMA}
_CUSTOM: Final[Shape] = {
    **_OWN, "format": ByType({"text": {}, "grammar": {"syntax": WORD, "definition": TEXT}}),
}  # fmt: skip
_WEB: Final[Shape] = {
    "external_web_access": FIGURE, "filters": JSON, "search_context_size": WORD,
    "search_content_types": Each(WORD), "user_location": JSON,
}  # fmt: skip
_IMAGES: Final[Shape] = {
    **dict.fromkeys(
        ("action", "background", "complexity", "input_fidelity", "moderation", "output_format",
         "quality", "size"),
        WORD,
    ),
    **dict.fromkeys(
        ("frame_count", "frame_duration_ms", "output_compression", "partial_images"), FIGURE
    ),
    "model": TEXT, "svg": JSON, "input_image_mask": {"file_id": ID, "image_url": MEDIA},
}  # fmt: skip
_MCP: Final[Shape] = {
    **_ASKED, "server_label": LABEL, "server_url": TEXT, "server_description": TEXT,
    "allowed_tools": JSON, "authorization": BLOB, "connector_id": WORD, "defer_loading": FIGURE,
    "headers": JSON, "require_approval": JSON, "tunnel_id": ID,
}  # fmt: skip

TOOL: Final = ByType(
    {
        "function": _FUNCTION,
        "custom": _CUSTOM,
        "namespace": {
            "name": LABEL, "description": TEXT,
            "tools": Each(ByType({"function": _FUNCTION, "custom": _CUSTOM})),
        },
        "local_shell": {},
        "apply_patch": _ASKED,
        "shell": {**_ASKED, "environment": JSON},
        "computer": {},
        "computer_use_preview": {
            "display_height": FIGURE, "display_width": FIGURE, "environment": WORD,
        },
        "file_search": {
            "vector_store_ids": Each(ID), "filters": JSON, "max_num_results": FIGURE,
            "ranking_options": JSON,
        },
        "web_search": _WEB,
        "web_search_2025_08_26": _WEB,
        "web_search_preview": _WEB,
        "web_search_preview_2025_03_11": _WEB,
        "mcp": _MCP,
        "code_interpreter": {**_ASKED, "container": JSON},
        "programmatic_tool_calling": {},
        "image_generation": _IMAGES,
        "tool_search": {"description": TEXT, "execution": WORD, "parameters": SCHEMA},
    }
)  # fmt: skip

_HOSTED: Final = MappingProxyType({
    "computer": "computer_use", "computer_use_preview": "computer_use",
    "file_search": "file_search", "web_search": "web_search",
    "web_search_2025_08_26": "web_search", "web_search_preview": "web_search",
    "web_search_preview_2025_03_11": "web_search", "mcp": "mcp",
    "code_interpreter": "code_interpreter",
    "programmatic_tool_calling": "programmatic_tool_calling",
    "image_generation": "image_generation", "tool_search": "tool_search", "shell": "shell",
})  # fmt: skip

_CHOSEN: Final[Shape] = {"name": LABEL, "server_label": LABEL}
_BY_NAME: Final = dict[str, Shape](dict.fromkeys((*TOOL.shapes, "computer_use"), _CHOSEN))
CHOICE: Final = ByType(
    {**_BY_NAME, "allowed_tools": {"mode": WORD, "tools": Each(ByType(_BY_NAME))}}
)


def hosted_kind(tool: dict[str, Any]) -> str | None:
    """The kind of a tool that its provider runs, or may run; None where the caller runs it."""
    kind = tool.get("type")
    if kind == "shell":
        place = tool.get("environment")
        if isinstance(place, dict) and place.get("type") == "local":
            return None
    if kind == "tool_search" and tool.get("execution") == "client":
        return None
    return _HOSTED.get(kind) if isinstance(kind, str) else None
