"""What each program is to tell, feature by feature."""

from __future__ import annotations

import json
from typing import Any

from gateway.upstreams.echo.common import PREFIX
from tests.e2e.test_openai_sdk import PLANTED, TEXT

RESULT = json.dumps({"sent": True, "to": PLANTED[0]})

SAID = PREFIX + TEXT
ANSWERED = PREFIX + RESULT
MAIL = {"to": TEXT}
CALLED = [["send_mail", MAIL]]

JS_OPENAI: dict[str, Any] = {
    "chat": SAID,
    "chat, streamed": SAID,
    "chat, stream helper": SAID,
    "chat, parsed": MAIL,
    "chat, tools": CALLED,
    "chat, tools, streamed": CALLED,
    "chat, tools, answered": ANSWERED,
    "chat, tools, run": [[MAIL], ANSWERED],
    "responses": SAID,
    "responses, streamed": SAID,
    "responses, stream helper": SAID,
    "responses, parsed": MAIL,
    "responses, tools": CALLED,
    "responses, tools, streamed": CALLED,
    "responses, tools, answered": ANSWERED,
    "responses, stored": [True, SAID, 404],
    "completions": SAID,
    "completions, streamed": SAID,
    "embeddings": [3, True, True],
    "models": ["gpt-5.2", "our-model", "text-embedding-3-small"],
    "files and batches": [SAID, True],
    "refusal": [True, "unsupported_parameter", "background"],
}
JS_ANTHROPIC: dict[str, Any] = {
    "messages": SAID,
    "messages, streamed": SAID,
    "messages, stream helper": SAID,
    "messages, parsed": MAIL,
    "messages, tools": CALLED,
    "messages, tools, streamed": CALLED,
    "messages, tools, answered": ANSWERED,
    "messages, tools, run": [[MAIL], ANSWERED],
    "messages, thinking": SAID,
    "messages, counted": True,
    "models": ["claude-sonnet-4-6", "our-model"],
    "refusal": [True, "invalid_request_error"],
}


def langchain(name: str) -> dict[str, Any]:
    """What every chat model of LangChain's has."""
    features = {
        "invoke": SAID,
        "stream": SAID,
        "stream, summed": SAID,
        "async": [SAID, SAID],
        "batch": [SAID, SAID],
        "prompt template": SAID,
        "turns": f"{PREFIX}2 {TEXT}",
        "usage": True,
        "tools": CALLED,
        "tools, streamed": CALLED,
        "tools, parsed": [MAIL],
        "tools, agent": f"{PREFIX}True {RESULT}",
        "structured, json_schema": MAIL,
        "structured, json_schema, streamed": MAIL,
        "structured, function_calling": MAIL,
        "structured, function_calling, streamed": MAIL,
    }
    return {f"{name}: {feature}": value for feature, value in features.items()}


def vercel(name: str) -> dict[str, Any]:
    """What every language model of the AI SDK has."""
    features = {
        "generate": SAID,
        "stream": SAID,
        "turns": SAID,
        "tools": [[MAIL], ANSWERED],
        "tools, streamed": [[MAIL], ANSWERED],
        "object": MAIL,
        "object, streamed": MAIL,
        "usage": True,
    }
    return {f"{name}: {feature}": value for feature, value in features.items()}


def agents(name: str) -> dict[str, Any]:
    """What OpenAI's agents do by either API."""
    features = {
        "run": SAID,
        "streamed": [SAID, SAID],
        "tools": [[TEXT], ANSWERED],
        "tools, streamed": [[TEXT], ANSWERED],
        "output": MAIL,
        "handed over": f'{PREFIX}{{"assistant": "Clerk"}}',
        "session": SAID,
    }
    return {f"{name}: {feature}": value for feature, value in features.items()}


EXPECTED: dict[str, dict[str, Any]] = {
    "js/openai.mjs": JS_OPENAI,
    "js/anthropic.mjs": JS_ANTHROPIC,
    "js/vercel.mjs": {
        **vercel("chat"),
        **vercel("responses"),
        **vercel("messages"),
        "thinking": SAID,
        "embeddings": [3, True],
    },
    "python/langchain_of_openai.py": {
        **langchain("chat"),
        **langchain("responses"),
        "chat: streamed under the hood": SAID,
        "chat: streamed usage": True,
        "responses: stored": [SAID, SAID, "previous_response_not_found"],
        "completions": SAID,
        "completions, streamed": SAID,
        "embeddings": [3, True, 64],
        "embeddings by numbers of tokens": "unsupported_parameter",
    },
    "python/agents_of_openai.py": {**agents("responses"), **agents("chat")},
    "python/langchain_of_anthropic.py": {
        **langchain("messages"),
        "thinking": SAID,
        "counting tokens": True,
    },
}
