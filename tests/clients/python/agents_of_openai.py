"""OpenAI's agents: by the Responses API, as they come, and by Chat Completions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from agents import (
    Agent,
    Model,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    Runner,
    SQLiteSession,
    function_tool,
    set_tracing_disabled,
)
from openai import AsyncOpenAI
from pydantic import BaseModel
from telling import RESULT, TEXT, tell

set_tracing_disabled(True)  # traces would go to OpenAI, past whatever address is set
LOOP = asyncio.Runner()
CLIENT = AsyncOpenAI(max_retries=0)


class Mail(BaseModel):
    """What a model is to answer."""

    to: str


def features(name: str, model: Model) -> dict[str, Callable[[], Any]]:
    clerk = Agent(name="Clerk", instructions=TEXT, model=model)
    writer = Agent(name="Writer", model=model, output_type=Mail)
    desk = Agent(name="Desk", model=model, handoffs=[clerk])
    made: dict[str, Callable[[], Any]] = {
        "run": lambda: run(clerk),
        "streamed": lambda: LOOP.run(streamed(clerk)),
        "tools": lambda: with_tool(model, run),
        "tools, streamed": lambda: with_tool(model, lambda one: LOOP.run(streamed(one))[1]),
        "output": lambda: run(writer).model_dump(),
        "handed over": lambda: run(desk),
        "session": lambda: LOOP.run(twice(clerk, SQLiteSession(name))),
    }
    return {f"{name}: {feature}": one for feature, one in made.items()}


def run(agent: Agent) -> Any:
    return LOOP.run(Runner.run(agent, TEXT)).final_output


async def streamed(agent: Agent) -> list[Any]:
    """The pieces of the text, and what the agent came to."""
    result = Runner.run_streamed(agent, TEXT)
    raw = [one.data async for one in result.stream_events() if one.type == "raw_response_event"]
    pieces = [one.delta for one in raw if one.type == "response.output_text.delta"]
    return ["".join(pieces), result.final_output]


def with_tool(model: Model, ask: Callable[[Agent], Any]) -> list[Any]:
    """What the tool was given, and what was said to its result."""
    given: list[str] = []

    @function_tool
    def send_mail(to: str) -> str:
        """Send mail, for example to jane.roe@example.com."""
        given.append(to)
        return RESULT

    return [given, ask(Agent(name="Sender", model=model, tools=[send_mail]))]


async def twice(agent: Agent, session: SQLiteSession) -> Any:
    """The second time with all that the session remembers."""
    await Runner.run(agent, TEXT, session=session)
    return (await Runner.run(agent, TEXT, session=session)).final_output


tell(
    {
        **features("responses", OpenAIResponsesModel("gpt-5.2", CLIENT)),
        **features("chat", OpenAIChatCompletionsModel("gpt-5.2", CLIENT)),
    }
)
