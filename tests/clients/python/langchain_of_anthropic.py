"""LangChain over Anthropic's client."""

from __future__ import annotations

from typing import Any

from langchain_anthropic import ChatAnthropic
from langchain_chat import features
from langchain_core.messages import HumanMessage
from telling import TEXT, tell

MODEL = ChatAnthropic(model="claude-sonnet-4-6", max_retries=0, max_tokens=4096)
THINKING = ChatAnthropic(
    model="claude-sonnet-4-6",
    max_retries=0,
    max_tokens=4096,
    thinking={"type": "enabled", "budget_tokens": 1024},
)


def thinking() -> str:
    """Signed thinking goes back as it came, turn after turn."""
    history: list[Any] = [HumanMessage(TEXT)]
    for _ in range(2):
        answer = THINKING.invoke(history)
        assert any(block["type"] == "thinking" for block in answer.content)
        history += [answer, HumanMessage(TEXT)]
    return THINKING.invoke(history).text


tell(
    {
        **features("messages", MODEL),
        "thinking": thinking,
        "counting tokens": lambda: MODEL.get_num_tokens_from_messages([HumanMessage(TEXT)]) > 10,
    }
)
