"""The endpoints that there are: one codec each. Pure."""

from __future__ import annotations

from typing import Final

from gateway.types import Family
from gateway.wire import chat
from gateway.wire.chat_answer import WholeAnswer
from gateway.wire.chat_stream import ChatStream
from gateway.wire.family import Codec

CHAT: Final = Codec(Family.CHAT, chat.PATH, "chat", chat.parse, WholeAnswer, ChatStream)

CODECS: Final = (CHAT,)
"""Every endpoint that takes text to a model, in the order of the documentation."""
