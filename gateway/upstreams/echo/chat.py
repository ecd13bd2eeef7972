"""Chat Completions, echoed. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import orjson

from gateway.types import Json
from gateway.upstreams.echo.common import PREFIX, arguments, items, pieces, rejected, tokens

_MAX_CHOICES: Final = 128


@dataclass(frozen=True, slots=True)
class _Answer:
    """What every choice says: prose in `text`, or a call of `tool` with `text` as arguments."""

    id: str
    created: int
    model: str
    choices: int
    prompt_tokens: int
    text: str = field(repr=False)
    tool: str | None = None

    @property
    def finish_reason(self) -> str:
        return "stop" if self.tool is None else "tool_calls"

    @property
    def usage(self) -> dict[str, Json]:
        completion = tokens(self.text) * self.choices
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": completion,
            "total_tokens": self.prompt_tokens + completion,
        }

    def call(self, arguments: str) -> dict[str, Json]:
        function: dict[str, Json] = {"name": self.tool, "arguments": arguments}
        return {"id": f"call_{self.id[-24:]}", "type": "function", "function": function}


def whole(document: dict[str, Json], request_id: str, created: int) -> dict[str, Json]:
    """The answer in one piece.

    Raises:
        UpstreamFailed: not a Chat Completions request.
    """
    return _whole(_answer(document, request_id, created))


def events(document: dict[str, Json], request_id: str, created: int) -> Iterator[bytes]:
    """The answer as framed events. Raises as `whole`, before the first of them."""
    return _events(_answer(document, request_id, created), _wants_usage(document))


def _answer(document: dict[str, Json], request_id: str, created: int) -> _Answer:
    if not isinstance(document.get("messages"), list):
        raise rejected("The loopback upstream was sent no messages.")
    choices = document.get("n")
    if choices is None:
        choices = 1
    if not isinstance(choices, int) or not 1 <= choices <= _MAX_CHOICES:
        raise rejected("The loopback upstream gives 1 to 128 choices.")
    messages = [m for m in items(document.get("messages")) if isinstance(m, dict)]
    received = _received(messages)
    tool = _tool(document) if messages and messages[-1].get("role") == "user" else None
    text = _in_json(document, received) or PREFIX + received
    return _Answer(
        id=f"chatcmpl-{request_id}",
        created=created,
        model=str(document.get("model", "")),
        choices=choices,
        prompt_tokens=sum(tokens(_text(message)) for message in messages),
        text=arguments(tool.get("parameters"), received) if tool else text,
        tool=str(tool["name"]) if tool else None,
    )


def _in_json(document: dict[str, Json], received: str) -> str:
    """What was received, in the form that was asked for; "" where none was."""
    wanted = document.get("response_format")
    schema = wanted.get("json_schema") if isinstance(wanted, dict) else None
    return arguments(schema.get("schema"), received) if isinstance(schema, dict) else ""


def _received(messages: list[dict[str, Json]]) -> str:
    """What the tools said last, if they spoke last; else the last message of the user."""
    results: list[str] = []
    for message in reversed(messages):
        if message.get("role") != "tool":
            break
        results.insert(0, _text(message))
    if results:
        return "\n".join(results)
    return next((_text(m) for m in reversed(messages) if m.get("role") == "user"), "")


def _text(message: dict[str, Json]) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    texts = [part.get("text") for part in items(content) if isinstance(part, dict)]
    return "".join(text for text in texts if isinstance(text, str))


def _tool(document: dict[str, Json]) -> dict[str, Json] | None:
    """The function to call: the one that `tool_choice` names, else the first; None for none."""
    choice = document.get("tool_choice")
    if choice == "none":
        return None
    tools = [
        tool.get("function") for tool in items(document.get("tools")) if isinstance(tool, dict)
    ]
    functions = [f for f in tools if isinstance(f, dict) and isinstance(f.get("name"), str)]
    wanted = choice.get("function") if isinstance(choice, dict) else None
    if isinstance(wanted, dict):
        functions = [f for f in functions if f["name"] == wanted.get("name")]
    return functions[0] if functions else None


def _wants_usage(document: dict[str, Json]) -> bool:
    options = document.get("stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True


def _whole(answer: _Answer) -> dict[str, Json]:
    message: dict[str, Json] = {"role": "assistant", "content": answer.text, "refusal": None}
    if answer.tool is not None:
        message |= {"content": None, "tool_calls": [answer.call(answer.text)]}
    choices: list[Json] = [
        {"index": i, "message": message, "logprobs": None, "finish_reason": answer.finish_reason}
        for i in range(answer.choices)
    ]
    return _head(answer, "chat.completion") | {"choices": choices, "usage": answer.usage}


def _events(answer: _Answer, wants_usage: bool) -> Iterator[bytes]:
    """The server-sent events of a stream; the choices take turns, piece by piece."""
    head = _head(answer, "chat.completion.chunk")
    usage: dict[str, Json] = {"usage": None} if wants_usage else {}
    for delta, finish_reason in _deltas(answer):
        for index in range(answer.choices):
            choice: Json = {"index": index, "delta": delta, "finish_reason": finish_reason}
            yield _event(head | {"choices": [choice]} | usage)
    if wants_usage:
        yield _event(head | {"choices": [], "usage": answer.usage})
    yield b"data: [DONE]\n\n"


def _deltas(answer: _Answer) -> Iterator[tuple[dict[str, Json], str | None]]:
    first: dict[str, Json] = {"role": "assistant", "content": ""}
    if answer.tool is not None:
        first |= {"content": None, "tool_calls": [{"index": 0} | answer.call("")]}
    yield first, None
    for piece in pieces(answer.text):
        if answer.tool is None:
            yield {"content": piece}, None
        else:
            yield {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}, None
    yield {}, answer.finish_reason


def _head(answer: _Answer, kind: str) -> dict[str, Json]:
    return {"id": answer.id, "object": kind, "created": answer.created, "model": answer.model}


def _event(document: dict[str, Json]) -> bytes:
    return b"data: " + orjson.dumps(document) + b"\n\n"
