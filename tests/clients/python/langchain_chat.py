"""The features of a LangChain chat model, whichever it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.output_parsers import PydanticToolsParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.tools import tool
from pydantic import BaseModel
from telling import RESULT, TEXT

LOOP = asyncio.Runner()  # one for all: the models share a client, and it stays in its loop


class SendMail(BaseModel):
    """Sends mail, for example to jane.roe@example.com."""

    to: str


@tool
def send_mail(to: str) -> str:
    """Send mail, for example to jane.roe@example.com."""
    return f"{to == TEXT} {RESULT}"


def features(name: str, model: BaseChatModel) -> dict[str, Callable[[], Any]]:
    """By their names; the structured answers by the method that is asked for."""
    made: dict[str, Callable[[], Any]] = {
        "invoke": lambda: model.invoke(TEXT).text,
        "stream": lambda: "".join(chunk.text for chunk in model.stream(TEXT)),
        "stream, summed": lambda: summed(model, TEXT).text,
        "async": lambda: LOOP.run(asynchronous(model)),
        "batch": lambda: [one.text for one in model.batch([TEXT, TEXT])],
        "prompt template": lambda: templated(model),
        "turns": lambda: turns(model),
        "usage": lambda: model.invoke(TEXT).usage_metadata["output_tokens"] > 0,
        "tools": lambda: calls(model.bind_tools([send_mail]).invoke(TEXT)),
        "tools, streamed": lambda: calls(summed(model.bind_tools([send_mail]), TEXT)),
        "tools, parsed": lambda: parsed(model),
        "tools, agent": lambda: agent(model),
    }
    for method in ("json_schema", "function_calling"):
        made[f"structured, {method}"] = partial(structured, model, method)
        made[f"structured, {method}, streamed"] = partial(structured, model, method, stream=True)
    return {f"{name}: {feature}": one for feature, one in made.items()}


def summed(model: Any, given: Any) -> Any:
    """The chunks of a stream, added up as LangChain does it."""
    whole: Any = None
    for chunk in model.stream(given):
        whole = chunk if whole is None else whole + chunk
    return whole


async def asynchronous(model: BaseChatModel) -> list[str]:
    whole = await model.ainvoke(TEXT)
    return [whole.text, "".join([chunk.text async for chunk in model.astream(TEXT)])]


def templated(model: BaseChatModel) -> str:
    prompt = ChatPromptTemplate.from_messages([("system", "Serve {who}."), ("user", "{said}")])
    return (prompt | model).invoke({"who": "jane.roe@example.com", "said": TEXT}).text


def turns(model: BaseChatModel) -> str:
    """What was answered goes back as the client has it, and the texts in parts."""
    history: list[Any] = [SystemMessage(TEXT), HumanMessage(TEXT)]
    for turn in range(3):
        history.append(model.invoke(history))
        history.append(HumanMessage([{"type": "text", "text": f"{turn} {TEXT}"}]))
    return model.invoke(history).text


def calls(message: AIMessage) -> list[Any]:
    return [[call["name"], call["args"]] for call in message.tool_calls]


def parsed(model: BaseChatModel) -> list[Any]:
    chain = model.bind_tools([SendMail]) | PydanticToolsParser(tools=[SendMail])
    return [one.model_dump() for one in chain.invoke(TEXT)]


def agent(model: BaseChatModel) -> str:
    """A loop by hand: the call, the tool itself, its result, and the answer to that."""
    bound, history = model.bind_tools([send_mail]), [HumanMessage(TEXT)]
    for _ in range(4):
        answer: Any = bound.invoke(history)
        history.append(answer)
        if not answer.tool_calls:
            return str(answer.text)
        results: list[ToolMessage] = [send_mail.invoke(call) for call in answer.tool_calls]
        history += results
    return "no end"


def structured(model: BaseChatModel, method: str, *, stream: bool = False) -> Any:
    chain = model.with_structured_output(SendMail, method=method)
    return (summed_last(chain) if stream else chain.invoke(TEXT)).model_dump()


def summed_last(chain: Any) -> Any:
    """A parser gives ever more of the object; the last is the whole."""
    return list(chain.stream(TEXT))[-1]
