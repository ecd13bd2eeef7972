"""LangChain over OpenAI's client: chat by both of its APIs, completions and embeddings."""

from __future__ import annotations

from typing import Any

import openai
from langchain_chat import LOOP, features, summed
from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI, OpenAI, OpenAIEmbeddings
from telling import TEXT, tell

CHAT = ChatOpenAI(model="gpt-5.2", max_retries=0)
RESPONSES = ChatOpenAI(model="gpt-5.2", max_retries=0, use_responses_api=True)
STREAMED = ChatOpenAI(model="gpt-5.2", max_retries=0, streaming=True)
COUNTING = ChatOpenAI(model="gpt-5.2", max_retries=0, stream_usage=True)
STORED = ChatOpenAI(
    model="our-model", max_retries=0, use_responses_api=True, use_previous_response_id=True
)
COMPLETING = OpenAI(model="gpt-5.2", max_retries=0)
# By default this client cuts texts up by a table that it downloads, and sends numbers of tokens.
VECTORS = OpenAIEmbeddings(model="text-embedding-3-small", check_embedding_ctx_length=False)


def embeddings() -> list[Any]:
    documents = VECTORS.embed_documents([TEXT, "b", TEXT])
    asked = VECTORS.embed_query(TEXT)
    later = LOOP.run(VECTORS.aembed_query(TEXT))
    return [len(documents), documents[0] == documents[2] == asked == later, len(asked)]


def stored() -> list[Any]:
    """The history stays with the provider: what is sent of it is an id, until that is deleted."""
    first = STORED.invoke(TEXT)
    history = [HumanMessage(TEXT), first, HumanMessage(TEXT)]
    second = STORED.invoke(history)
    STORED.root_client.responses.delete(first.response_metadata["id"])
    try:
        STORED.invoke(history)
    except openai.NotFoundError as gone:
        return [first.text, second.text, gone.code]
    return [first.text, second.text, "still there"]


def numbers() -> object:
    """What that default sends, without the download."""
    try:
        VECTORS.client.create(model="text-embedding-3-small", input=[[1, 2]])
    except openai.BadRequestError as refused:
        return refused.code
    return "not refused"


tell(
    {
        **features("chat", CHAT),
        **features("responses", RESPONSES),
        "chat: streamed under the hood": lambda: STREAMED.invoke(TEXT).text,
        "chat: streamed usage": lambda: summed(COUNTING, TEXT).usage_metadata["output_tokens"] > 0,
        "responses: stored": stored,
        "completions": lambda: COMPLETING.invoke(TEXT),
        "completions, streamed": lambda: "".join(COMPLETING.stream(TEXT)),
        "embeddings": embeddings,
        "embeddings by numbers of tokens": numbers,
    }
)
