"""Embeddings: every input is read, and what comes back are vectors and nothing else."""

from __future__ import annotations

import base64
import copy
import struct
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import CreateEmbeddingResponse, Embedding
from openai.types.embedding_create_params import EmbeddingCreateParams

from gateway.errors import RequestError, UpstreamFailed
from gateway.types import Family, LeafKind
from gateway.wire.answers import AnswerFacts
from gateway.wire.embeddings import LONGEST_VECTOR, WholeEmbeddings, parse
from gateway.wire.families import EMBEDDINGS
from tests.wire.test_chat import JSON
from tests.wire.test_chat_answer import context


def body(**fields: Any) -> dict[str, Any]:
    return {"model": "m", "input": "hi", **fields}


def test_inputs_are_prose() -> None:
    found = {leaf.path: (leaf.text, leaf.kind) for leaf in parse(body(input=["a", "b"])).leaves}
    assert found == {
        ("model",): ("m", LeafKind.MODEL),
        ("input", 0): ("a", LeafKind.PROSE),
        ("input", 1): ("b", LeafKind.PROSE),
    }
    assert ("input",) in {leaf.path for leaf in parse(body()).leaves}


def test_what_is_told_of_a_request() -> None:
    parsed = parse(
        body(dimensions=256, encoding_format="base64", user="u", input_type="query", stream=False)
    )
    assert (parsed.family, parsed.model, parsed.stream) == (Family.EMBEDDINGS, "m", False)
    assert parsed.identities == (("user",),)
    assert (parsed.unknown, parsed.has_media, parsed.fields) == ((), False, {})
    assert {leaf.text for leaf in parsed.leaves} == {"m", "hi"}
    assert EMBEDDINGS.stream is None


def test_all_requests_of_a_caller_share_a_scope() -> None:
    """So that a name has one placeholder in what is indexed and in what is searched for."""
    assert parse(body(input="one")).opening == parse(body(input=["two"])).opening


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"input": None}, "invalid_request", "input"),
        ({"input": []}, "invalid_request", "input"),
        ({"input": {"text": "a"}}, "invalid_request", "input"),
        ({"input": ["a", {"image": "b"}]}, "invalid_request", "input[1]"),
        ({"input": [1, 2]}, "unsupported_parameter", "input"),
        ({"input": [[1], [2]]}, "unsupported_parameter", "input"),
        ({"model": 1}, "invalid_request", "model"),
        ({"stream": True}, "unsupported_parameter", "stream"),
        ({"messages": []}, "unsupported_parameter", "messages"),
        ({"priority": 1}, "unsupported_parameter", "priority"),
    ],
)
def test_what_is_refused(fields: dict[str, Any], code: str, param: str) -> None:
    with pytest.raises(RequestError) as caught:
        parse(body(**fields))
    assert (caught.value.code, caught.value.param) == (code, param)


@pytest.mark.parametrize("field", EmbeddingCreateParams.__annotations__)
def test_every_field_of_the_official_client_is_known(field: str) -> None:
    sample = {"dimensions": 3, "encoding_format": "float"}
    parsed = parse(body(**{field: sample.get(field, "x")}))
    assert parsed.unknown == ()


def test_what_is_no_word_of_the_protocol_is_read() -> None:
    parsed = parse(body(encoding_format="Anna", x_new=["Berta"], images=["AAAA"]))
    assert {"Anna", "x_new", "Berta"} <= {leaf.text for leaf in parsed.leaves}
    assert parsed.unknown == (("x_new",), ("images",))
    assert parsed.has_media


FIELDS = "input dimensions encoding_format user input_type x_new".split()


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, JSON)))
def test_any_shape_is_taken_apart_or_refused(fields: dict[str, Any]) -> None:
    document = body(**fields)
    before = copy.deepcopy(document)
    with suppress(RequestError):
        parse(document)
    assert document == before


# ---- answers -------------------------------------------------------------------------------------


def whole(document: Any, **options: Any) -> tuple[dict[str, Any], AnswerFacts]:
    facts = AnswerFacts()
    return WholeEmbeddings(document, replace(context(), **options), facts).give(), facts


def holding(*vectors: Any) -> dict[str, Any]:
    return {"data": [{"embedding": one, "index": at} for at, one in enumerate(vectors)]}


def test_vectors_pass_and_nothing_else() -> None:
    usage = {"prompt_tokens": 3, "total_tokens": 3, "note": "canary"}
    item = {"object": "embedding", "index": 0, "embedding": [0.5, -1, 2e-9], "text": "canary"}
    answer, facts = whole(
        {"object": "list", "model": "org/real", "id": "canary", "usage": usage, "data": [item]}
    )
    assert answer == {
        "object": "list", "model": "asked", "usage": {"prompt_tokens": 3, "total_tokens": 3},
        "data": [{"object": "embedding", "index": 0, "embedding": [0.5, -1, 2e-9]}],
    }  # fmt: skip
    CreateEmbeddingResponse.model_validate(answer)
    assert facts.usage == {"in": 3, "out": 0, "cached": 0}
    assert facts.model_served == "org/real"
    assert set(Embedding.model_fields) == {"object", "index", "embedding"}
    assert set(CreateEmbeddingResponse.model_fields) == {"object", "data", "model", "usage"}


@given(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=9))
def test_packed_vectors_pass_as_they_came(vector: list[float]) -> None:
    packed = base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
    answer, _ = whole(holding(packed, vector))
    assert [one["embedding"] for one in answer["data"]] == [packed, vector]
    assert [one["index"] for one in answer["data"]] == [0, 1]


@pytest.mark.parametrize(
    "vector",
    [None, [], "", {}, 1, ["a"], [True], [None], [[1.0]], [1e10], [-1e10], [float("inf")],
     [0.0] * (LONGEST_VECTOR + 1), "not base64", "AAA", "AAAA=", "AA==AAAA", "AAA\n", "Aé==",
     "AAA\nAAAA", "A" * 4 * LONGEST_VECTOR * 3],
)  # fmt: skip
def test_what_is_no_vector_is_the_upstreams_failure(vector: Any) -> None:
    with pytest.raises(UpstreamFailed) as caught:
        whole(holding(vector))
    assert caught.value.code == "upstream_invalid"


@pytest.mark.parametrize("document", [None, [], {}, {"data": {}}, {"data": [1]}, {"data": [{}]}])
def test_what_is_no_answer_is_the_upstreams_failure(document: Any) -> None:
    with pytest.raises(UpstreamFailed):
        whole(document)
