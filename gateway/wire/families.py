"""The endpoints that there are: one codec each. Pure."""

from __future__ import annotations

from typing import Final

from gateway.types import Family
from gateway.wire import chat, completions, embeddings, messages, responses
from gateway.wire.chat_answer import WholeAnswer
from gateway.wire.chat_stream import ChatStream
from gateway.wire.completions_answer import CompletionStream, WholeCompletion
from gateway.wire.family import Codec
from gateway.wire.messages_answer import WholeCount, WholeMessage
from gateway.wire.messages_stream import MessagesStream
from gateway.wire.messages_thinking import opened
from gateway.wire.responses_answer import WholeResponse
from gateway.wire.responses_stream import ResponseStream

CHAT: Final = Codec(Family.CHAT, chat.PATH, "chat", chat.parse, WholeAnswer, ChatStream)
RESPONSES: Final = Codec(
    Family.RESPONSES, responses.PATH, "chat", responses.parse, WholeResponse, ResponseStream
)
MESSAGES: Final = Codec(
    Family.MESSAGES, messages.PATH, "chat", messages.parse, WholeMessage, MessagesStream, opened
)
COUNT_TOKENS: Final = Codec(
    Family.MESSAGES, messages.COUNT_PATH, "count_tokens", messages.parse_count, WholeCount,
    opened=opened,
)  # fmt: skip

COMPLETIONS: Final = Codec(
    Family.COMPLETIONS, completions.PATH, "text_completion", completions.parse, WholeCompletion,
    CompletionStream,
)  # fmt: skip
EMBEDDINGS: Final = Codec(
    Family.EMBEDDINGS, embeddings.PATH, "embeddings", embeddings.parse, embeddings.WholeEmbeddings
)

CODECS: Final = (CHAT, RESPONSES, MESSAGES, COUNT_TOKENS, COMPLETIONS, EMBEDDINGS)
"""Every endpoint that takes text to a model, in the order of the documentation."""
