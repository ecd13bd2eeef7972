"""Anthropic Messages, echoed. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

import orjson

from gateway.types import Json
from gateway.upstreams.echo.common import PREFIX, arguments, items, pieces, rejected, tokens

_TOOL_ID_CHARACTERS: Final = 24


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the message says: prose in `text`, or a call of `tool` with `text` as its input."""

    id: str
    model: str
    input_tokens: int
    text: str = field(repr=False)
    thinking: str = field(repr=False)  # "" where none was asked for
    tool: str | None = None

    @property
    def stop_reason(self) -> str:
        return "end_turn" if self.tool is None else "tool_use"

    @property
    def usage(self) -> dict[str, Json]:
        output = tokens(self.text) + tokens(self.thinking)
        return {"input_tokens": self.input_tokens, "output_tokens": output}

    def block(self, text: str) -> dict[str, Json]:
        """The block that answers, with its text or with the input that the text is."""
        if self.tool is None:
            return {"type": "text", "text": text}
        called = f"toolu_{self.id[-_TOOL_ID_CHARACTERS:]}"
        given: Json = orjson.loads(text) if text else {}
        return {"type": "tool_use", "id": called, "name": self.tool, "input": given}

    def thought(self, text: str, signature: str) -> dict[str, Json]:
        """The block before it."""
        return {"type": "thinking", "thinking": text, "signature": signature}


def whole(document: dict[str, Json], request_id: str, created: int) -> dict[str, Json]:
    """The answer in one piece.

    Raises:
        UpstreamFailed: not a request for a message, or its thinking is not what was signed here.
    """
    answer = _answer(document, request_id)
    content: list[Json] = [answer.block(answer.text)]
    if answer.thinking:
        content.insert(0, answer.thought(answer.thinking, signature(answer.thinking)))
    return _message(answer) | {
        "content": content, "stop_reason": answer.stop_reason, "usage": answer.usage,
    }  # fmt: skip


def events(document: dict[str, Json], request_id: str, created: int) -> Iterator[bytes]:
    """The answer as framed events. Raises as `whole`, before the first of them."""
    return _events(_answer(document, request_id))


def signature(thinking: str) -> str:
    """What this upstream signs its thinking with: anybody can, but none does by accident."""
    return sha256(thinking.encode("utf-8", "surrogatepass")).hexdigest()


def _answer(document: dict[str, Json], request_id: str) -> _Answer:
    if not isinstance(document.get("messages"), list):
        raise rejected("The loopback upstream was sent no messages.")
    messages = [m for m in items(document.get("messages")) if isinstance(m, dict)]
    _check_thinking(messages)
    received, is_result = _received(messages)
    tool = None if is_result else _tool(document)
    wanted = document.get("thinking")
    thinks = isinstance(wanted, dict) and wanted.get("type") in ("enabled", "adaptive")
    return _Answer(
        id=f"msg_{request_id}",
        model=str(document.get("model", "")),
        input_tokens=count(document),
        text=_said(document, tool, received),
        thinking=f"They sent: {received}" if thinks else "",
        tool=str(tool["name"]) if tool else None,
    )


def _said(document: dict[str, Json], tool: dict[str, Json] | None, received: str) -> str:
    """What was received: as the input of a tool, by the schema that was asked for, or as prose."""
    if tool is not None:
        return arguments(tool.get("input_schema"), received)
    config = document.get("output_config")
    wanted = config.get("format") if isinstance(config, dict) else document.get("output_format")
    if isinstance(wanted, dict) and wanted.get("type") == "json_schema":
        return arguments(wanted.get("schema"), received)
    return PREFIX + received


def _check_thinking(messages: list[dict[str, Json]]) -> None:
    """As Anthropic's servers do, take no thinking back that is not what was given."""
    for message in messages:
        for block in items(message.get("content")):
            if isinstance(block, dict) and block.get("type") == "thinking":
                thinking = block.get("thinking")
                if not isinstance(thinking, str) or block.get("signature") != signature(thinking):
                    raise rejected("The loopback upstream was sent thinking that it did not sign.")


def _received(messages: list[dict[str, Json]]) -> tuple[str, bool]:
    """What the user's last message says; its tools' results go before, and whether it has any."""
    last = next((m for m in reversed(messages) if m.get("role") == "user"), {})
    blocks = [one for one in items(last.get("content")) if isinstance(one, dict)]
    results = [_text(one.get("content")) for one in blocks if one.get("type") == "tool_result"]
    if results:
        return "\n".join(results), True
    return _text(last.get("content")), False


def _text(content: Json) -> str:
    if isinstance(content, str):
        return content
    texts = [part.get("text") for part in items(content) if isinstance(part, dict)]
    return "".join(text for text in texts if isinstance(text, str))


def count(document: dict[str, Json]) -> int:
    """About how many tokens a request is."""
    messages = [m for m in items(document.get("messages")) if isinstance(m, dict)]
    said = sum(tokens(_text(message.get("content"))) for message in messages)
    return said + tokens(_text(document.get("system")))


def _tool(document: dict[str, Json]) -> dict[str, Json] | None:
    """The tool to call: the one that `tool_choice` names, else the caller's first; or None."""
    choice = document.get("tool_choice")
    wanted = choice if isinstance(choice, dict) else {}
    if wanted.get("type") == "none":
        return None
    tools = [
        tool
        for tool in items(document.get("tools"))
        if isinstance(tool, dict) and isinstance(tool.get("name"), str) and "input_schema" in tool
    ]
    if wanted.get("type") == "tool":
        tools = [tool for tool in tools if tool["name"] == wanted.get("name")]
    return tools[0] if tools else None


def _message(answer: _Answer) -> dict[str, Json]:
    return {
        "id": answer.id, "type": "message", "role": "assistant", "model": answer.model,
        "content": [], "stop_reason": None, "stop_sequence": None,
        "usage": answer.usage | {"output_tokens": 1},
    }  # fmt: skip


def _events(answer: _Answer) -> Iterator[bytes]:
    """The server-sent events of a stream."""
    yield _event("message_start", message=_message(answer))
    yield _event("ping")
    index = 0
    if answer.thinking:
        yield _event("content_block_start", index=index, content_block=answer.thought("", ""))
        for piece in pieces(answer.thinking):
            yield _delta(index, "thinking_delta", "thinking", piece)
        yield _delta(index, "signature_delta", "signature", signature(answer.thinking))
        yield _event("content_block_stop", index=index)
        index += 1
    kind, key = ("text_delta", "text")
    if answer.tool is not None:
        kind, key = ("input_json_delta", "partial_json")
    yield _event("content_block_start", index=index, content_block=answer.block(""))
    for piece in pieces(answer.text):
        yield _delta(index, kind, key, piece)
    yield _event("content_block_stop", index=index)
    ended: dict[str, Json] = {"stop_reason": answer.stop_reason, "stop_sequence": None}
    yield _event("message_delta", delta=ended, usage=answer.usage)
    yield _event("message_stop")


def _delta(index: int, kind: str, key: str, text: str) -> bytes:
    return _event("content_block_delta", index=index, delta={"type": kind, key: text})


def _event(name: str, **members: Json) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), orjson.dumps({"type": name, **members}))
