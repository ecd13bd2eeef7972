"""An embedded upstream that answers with what it received: no model, no network.

Through it anyone sees exactly what a model would see. Its streams are deliberately unkind: pieces
of one to seven characters cut through placeholders, and the bytes are cut once more, through
UTF-8 characters and through the framing of the events. Both cuts depend on the content alone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import shake_128
from itertools import cycle
from typing import TYPE_CHECKING, Final

import orjson

from gateway.errors import UpstreamFailed
from gateway.settings import Upstream as UpstreamSettings
from gateway.types import Json, UpstreamClass

if TYPE_CHECKING:
    from gateway.masking.mask import MaskedRequest

PREFIX: Final = "I received: "

_PIECE_CHARACTERS: Final = 7
_STREAM_BYTES: Final = 61  # the longest piece of a stream
_BODY_BYTES: Final = 4093  # the longest piece of any other answer
_MAX_CHOICES: Final = 128
_CHARACTERS_PER_TOKEN: Final = 4  # there is no tokenizer here; a rough usage is enough


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
        completion = _tokens(self.text) * self.choices
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": completion,
            "total_tokens": self.prompt_tokens + completion,
        }

    def call(self, arguments: str) -> dict[str, Json]:
        function: dict[str, Json] = {"name": self.tool, "arguments": arguments}
        return {"id": f"call_{self.id[-24:]}", "type": "function", "function": function}


class LoopbackUpstream:
    """Implements `ports.Upstream` for Chat Completions."""

    def __init__(
        self, settings: UpstreamSettings, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._settings = settings
        self._clock = clock

    @property
    def name(self) -> str:
        """The name in the configuration."""
        return self._settings.name

    @property
    def upstream_class(self) -> UpstreamClass:
        """The class in the configuration, so that the rules for either class can be tried."""
        return self._settings.upstream_class

    async def send(
        self, request: MaskedRequest, request_id: str, headers: Mapping[str, str] | None = None
    ) -> LoopbackReply:
        """Answer at once.

        Raises:
            UpstreamFailed: not a Chat Completions request.
        """
        body = request.body
        document = _document(request.path, body)
        answer = _answer(document, request.model, request_id, int(self._clock()))
        if not request.stream:
            return LoopbackReply(recut([_whole(answer)], body, _BODY_BYTES), False)
        events = _events(answer, _wants_usage(document))
        return LoopbackReply(recut(events, body, _STREAM_BYTES), True)

    async def aclose(self) -> None:
        """Nothing to close."""


class LoopbackReply:
    """Implements `ports.Reply`."""

    def __init__(self, pieces: Iterator[bytes], is_stream: bool) -> None:
        self._pieces = pieces
        self._is_stream = is_stream
        self._closed = False

    @property
    def is_stream(self) -> bool:
        """Whether the request asked for a stream."""
        return self._is_stream

    async def chunks(self) -> AsyncIterator[bytes]:
        """The answer in irregular pieces; others run between any two of them."""
        for piece in self._pieces:
            if self._closed:
                return
            yield piece
            await asyncio.sleep(0)

    async def aclose(self) -> None:
        """End `chunks`."""
        self._closed = True


def recut(parts: Iterable[bytes], seed: bytes, longest: int) -> Iterator[bytes]:
    """The same bytes in pieces of 1 to `longest` bytes, whose sizes follow from `seed`."""
    sizes = _sizes(seed, longest)
    size, buffer = next(sizes), bytearray()
    for part in parts:
        buffer += part
        while len(buffer) >= size:
            yield bytes(buffer[:size])
            del buffer[:size]
            size = next(sizes)
    if buffer:
        yield bytes(buffer)


def _sizes(seed: bytes, longest: int) -> Iterator[int]:
    digest = shake_128(seed).digest(2 * 1021)
    return cycle(
        int.from_bytes(digest[at : at + 2]) % longest + 1 for at in range(0, len(digest), 2)
    )


def _pieces(text: str) -> Iterator[str]:
    at = 0
    for size in _sizes(text.encode(), _PIECE_CHARACTERS):
        if at >= len(text):
            return
        yield text[at : at + size]
        at += size


def _document(path: str, body: bytes) -> dict[str, Json]:
    document: Json = orjson.loads(body)
    messages = document.get("messages") if isinstance(document, dict) else None
    chat = path.endswith("/chat/completions")
    if not chat or not isinstance(document, dict) or not isinstance(messages, list):
        raise _rejected("The loopback upstream serves Chat Completions only.")
    return document


def _rejected(message: str) -> UpstreamFailed:
    return UpstreamFailed(message, code="upstream_rejected", status=400)


def _answer(document: dict[str, Json], model: str, request_id: str, created: int) -> _Answer:
    choices = document.get("n")
    if choices is None:
        choices = 1
    if not isinstance(choices, int) or not 1 <= choices <= _MAX_CHOICES:
        raise _rejected("The loopback upstream gives 1 to 128 choices.")
    messages = [m for m in _list(document.get("messages")) if isinstance(m, dict)]
    received = _received(messages)
    tool = _tool(document) if messages and messages[-1].get("role") == "user" else None
    return _Answer(
        id=f"chatcmpl-{request_id}",
        created=created,
        model=model,
        choices=choices,
        prompt_tokens=sum(_tokens(_text(message)) for message in messages),
        text=_arguments(tool, received) if tool else PREFIX + received,
        tool=str(tool["name"]) if tool else None,
    )


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
    texts = [part.get("text") for part in _list(content) if isinstance(part, dict)]
    return "".join(text for text in texts if isinstance(text, str))


def _tool(document: dict[str, Json]) -> dict[str, Json] | None:
    """The function to call: the one that `tool_choice` names, else the first; None for none."""
    choice = document.get("tool_choice")
    if choice == "none":
        return None
    tools = [
        tool.get("function") for tool in _list(document.get("tools")) if isinstance(tool, dict)
    ]
    functions = [f for f in tools if isinstance(f, dict) and isinstance(f.get("name"), str)]
    wanted = choice.get("function") if isinstance(choice, dict) else None
    if isinstance(wanted, dict):
        functions = [f for f in functions if f["name"] == wanted.get("name")]
    return functions[0] if functions else None


def _arguments(function: dict[str, Json], received: str) -> str:
    """A JSON object with the received text in the schema's first string property, if any."""
    schema = function.get("parameters")
    properties = schema.get("properties") if isinstance(schema, dict) else None
    for name, value in (properties if isinstance(properties, dict) else {}).items():
        kind = value.get("type") if isinstance(value, dict) else None
        if kind == "string" or "string" in _list(kind):
            return orjson.dumps({name: received}).decode()
    return "{}"


def _wants_usage(document: dict[str, Json]) -> bool:
    options = document.get("stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True


def _whole(answer: _Answer) -> bytes:
    message: dict[str, Json] = {"role": "assistant", "content": answer.text, "refusal": None}
    if answer.tool is not None:
        message |= {"content": None, "tool_calls": [answer.call(answer.text)]}
    choices: list[Json] = [
        {"index": i, "message": message, "logprobs": None, "finish_reason": answer.finish_reason}
        for i in range(answer.choices)
    ]
    return orjson.dumps(
        _head(answer, "chat.completion") | {"choices": choices} | {"usage": answer.usage}
    )


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
    for piece in _pieces(answer.text):
        if answer.tool is None:
            yield {"content": piece}, None
        else:
            yield {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}, None
    yield {}, answer.finish_reason


def _head(answer: _Answer, kind: str) -> dict[str, Json]:
    return {"id": answer.id, "object": kind, "created": answer.created, "model": answer.model}


def _event(document: dict[str, Json]) -> bytes:
    return b"data: " + orjson.dumps(document) + b"\n\n"


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _tokens(text: str) -> int:
    return -(-len(text) // _CHARACTERS_PER_TOKEN)
