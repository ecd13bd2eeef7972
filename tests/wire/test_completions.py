"""Legacy completions: every prompt is read, every text is restored, nothing unknown passes."""

from __future__ import annotations

import copy
from contextlib import suppress
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import Completion, CompletionChoice
from openai.types.completion_create_params import CompletionCreateParamsNonStreaming

from gateway.errors import RequestError, UpstreamFailed
from gateway.types import Family, LeafKind
from gateway.wire.answers import AnswerFacts
from gateway.wire.completions import parse
from gateway.wire.completions_answer import CompletionStream, WholeCompletion
from gateway.wire.sse import EventReader
from tests.wire.test_chat import JSON
from tests.wire.test_chat_answer import context, unframed


def body(**fields: Any) -> dict[str, Any]:
    return {"model": "m", "prompt": "hi", **fields}


def leaves(**fields: Any) -> dict[tuple[Any, ...], tuple[str, LeafKind]]:
    return {leaf.path: (leaf.text, leaf.kind) for leaf in parse(body(**fields)).leaves}


# ---- requests ------------------------------------------------------------------------------------


def test_prompts_and_suffix_are_prose() -> None:
    prose = LeafKind.PROSE
    assert leaves()[("prompt",)] == ("hi", prose)
    found = leaves(prompt=["a", "", "b"], suffix="c", stop=["d"])
    assert found[("prompt", 0)] == ("a", prose)
    assert found[("prompt", 2)] == ("b", prose)
    assert found[("suffix",)] == ("c", prose)
    assert found[("stop", 0)] == ("d", prose)
    inner = [leaf for leaf in parse(body(prompt='{"name": "Anna"}')).leaves if leaf.inner]
    assert [leaf.text for leaf in inner] == ["name", "Anna"]


def test_what_is_told_of_a_request() -> None:
    parsed = parse(
        body(stream=True, stream_options={"include_usage": True}, user="u", n=2, best_of=3)
    )
    assert (parsed.family, parsed.model, parsed.stream) == (Family.COMPLETIONS, "m", True)
    assert parsed.wants_usage
    assert parsed.identities == (("user",),)
    assert parsed.fields == {"stream_options": {"include_usage": True}}
    assert (parsed.unknown, parsed.logprobs, parsed.has_media) == ((), (), False)
    assert {leaf.text for leaf in parsed.leaves} == {"m", "hi"}
    assert parse(body(prompt="other")).opening != parsed.opening == parse(body()).opening


@pytest.mark.parametrize(
    ("field", "value"),
    [("logprobs", 0), ("logprobs", 5), ("echo", True), ("prompt_logprobs", 1),
     ("return_token_ids", True), ("allowed_token_ids", [1])],
)  # fmt: skip
def test_what_would_give_the_text_back_in_pieces_is_told(field: str, value: Any) -> None:
    assert parse(body(**{field: value})).logprobs == ((field,),)
    assert parse(body(**{field: False})).logprobs == ()


@pytest.mark.parametrize("field", ["prompt_embeds", "multi_modal_data", "images", "audio"])
def test_what_cannot_be_read_is_media(field: str) -> None:
    assert parse(body(**{field: "AAAA"})).has_media
    assert not parse(body(**{field: None})).has_media


def test_a_wanted_form_is_told() -> None:
    form = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"title": "Anna"}}}
    parsed = parse(body(response_format=form))
    assert parsed.json_answer
    assert parsed.unknown == ()
    assert "Anna" in {leaf.text for leaf in parsed.leaves}
    assert not parse(body(response_format={"type": "text"})).json_answer


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"prompt": None}, "invalid_request", "prompt"),
        ({"prompt": []}, "invalid_request", "prompt"),
        ({"prompt": {}}, "invalid_request", "prompt"),
        ({"prompt": 7}, "invalid_request", "prompt"),
        ({"prompt": ["a", {}]}, "invalid_request", "prompt[1]"),
        ({"prompt": [1, 2]}, "unsupported_parameter", "prompt"),
        ({"prompt": ["a", [1, 2]]}, "unsupported_parameter", "prompt"),
        ({"model": ""}, "invalid_request", "model"),
        ({"stream": "yes"}, "invalid_request", "stream"),
        ({"stream_options": []}, "invalid_request", "stream_options"),
        ({"cache_salt": "x"}, "unsupported_parameter", "cache_salt"),
        ({"priority": 1}, "unsupported_parameter", "priority"),
    ],
)
def test_what_is_refused(fields: dict[str, Any], code: str, param: str) -> None:
    with pytest.raises(RequestError) as caught:
        parse(body(**fields))
    assert (caught.value.code, caught.value.param) == (code, param)


@pytest.mark.parametrize("field", CompletionCreateParamsNonStreaming.__annotations__)
def test_every_field_of_the_official_client_is_known(field: str) -> None:
    sample = {"model": "m", "prompt": "hi", "stream": False, "stream_options": {}, "user": "u"}
    parsed = parse(body(**{field: sample.get(field, 1)}))
    assert parsed.unknown == () or parsed.logprobs == ((field,),)


FIELDS = "prompt suffix stop logit_bias user response_format n best_of x_new".split()


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, JSON)))
def test_any_shape_is_taken_apart_or_refused(fields: dict[str, Any]) -> None:
    document = body(**fields)
    before = copy.deepcopy(document)
    with suppress(RequestError):
        read = {leaf.text for leaf in parse(document).leaves}
        if isinstance(fields.get("suffix"), str) and fields["suffix"][:1] not in ("{", "["):
            assert {fields["suffix"]} - {""} <= read
    assert document == before


def test_an_unknown_field_is_read_like_prose() -> None:
    parsed = parse(body(x_new={"who": "Anna"}))
    assert parsed.unknown == (("x_new",),)
    assert {"x_new", "who", "Anna"} <= {leaf.text for leaf in parsed.leaves}


# ---- answers -------------------------------------------------------------------------------------


def whole(document: Any, **options: Any) -> tuple[dict[str, Any], AnswerFacts]:
    facts = AnswerFacts()
    return WholeCompletion(document, replace(context(), **options), facts).give(), facts


def test_every_text_of_a_whole_answer_is_restored() -> None:
    details = {"cached_tokens": 1}
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5,
             "prompt_tokens_details": details}  # fmt: skip
    answer, facts = whole(
        {
            "id": "cmpl-1", "object": "text_completion", "created": 5, "model": "org/real",
            "system_fingerprint": "fp", "prompt_logprobs": ["x"], "usage": usage,
            "choices": [
                {"index": 1, "text": "ax", "logprobs": {"tokens": ["x"]}, "finish_reason": "length",
                 "stop_reason": "x", "prompt_token_ids": [1]},
                {"text": "x"},
            ],
        }
    )  # fmt: skip
    assert answer == {
        "id": "cmpl-1", "object": "text_completion", "created": 5, "model": "asked",
        "system_fingerprint": "fp", "usage": usage,
        "choices": [
            {"index": 1, "text": "aV", "finish_reason": "length"},
            {"index": 1, "text": "V", "finish_reason": "stop"},
        ],
    }  # fmt: skip
    Completion.model_validate(answer, strict=True)
    assert facts.usage == {"in": 3, "out": 2, "cached": 1}
    assert facts.finish_reasons == ["length", "stop"]
    assert facts.model_served == "org/real"


def test_json_is_restored_as_json_and_absent_fields_have_their_defaults() -> None:
    answer, _ = whole({"choices": [{"text": "x"}]}, json_content=True)
    assert answer == {
        "id": "cmpl-req_1", "object": "text_completion", "created": 1700000000, "model": "asked",
        "choices": [{"index": 0, "text": "J", "finish_reason": "stop"}],
    }  # fmt: skip


def test_what_was_cached_is_hidden_where_policy_says_so() -> None:
    usage = {"prompt_tokens": 3, "prompt_tokens_details": {"cached_tokens": 1}}
    document = {"choices": [], "usage": usage}
    answer, facts = whole(document, hides_cached=True)
    assert answer["usage"] == {"prompt_tokens": 3, "prompt_tokens_details": {}}
    assert facts.usage["cached"] == 1


@pytest.mark.parametrize(
    "document",
    [None, [], {}, {"choices": {}}, {"choices": ["x"]}, {"choices": [{}]},
     {"choices": [{"text": 1}]}, {"choices": [{"text": None}]}],
)  # fmt: skip
def test_what_is_no_answer_is_the_upstreams_failure(document: Any) -> None:
    with pytest.raises(UpstreamFailed):
        whole(document)


GIVEN_TO_THE_CLIENT = {"text", "index", "finish_reason"}
NOT_GIVEN = {"logprobs": "would give the masked text back in pieces"}


def test_every_field_of_a_choice_is_given_or_withheld_for_a_reason() -> None:
    assert set(CompletionChoice.model_fields) == GIVEN_TO_THE_CLIENT | set(NOT_GIVEN)
    assert set(Completion.model_fields) == {
        "id", "choices", "created", "model", "object", "system_fingerprint", "usage",
    }  # fmt: skip


# ---- streams -------------------------------------------------------------------------------------


def run(events: list[Any], **options: Any) -> tuple[list[dict[str, Any]], AnswerFacts]:
    facts = AnswerFacts()
    stream = CompletionStream(replace(context(), **options), facts)
    out: list[dict[str, Any]] = []
    for one in events:
        assert not stream.take(orjson.dumps(one))
        if block := stream.give():
            out.append(unframed(block))
    assert stream.take(b" [DONE] ")
    if block := stream.give():
        out.append(unframed(block))
    assert stream.last() == b"data: [DONE]\n\n"
    return out, facts


def piece(place: int, text: str, reason: str | None = None) -> dict[str, Any]:
    choice = {"index": place, "text": text, "finish_reason": reason, "logprobs": None}
    return {"id": "cmpl-1", "created": 1, "model": "r", "choices": [choice]}


def text_of(events: list[dict[str, Any]], place: int) -> str:
    return "".join(
        choice["text"] for one in events for choice in one["choices"] if choice["index"] == place
    )


@given(
    st.lists(st.tuples(st.integers(0, 2), st.text("abx", max_size=4)), max_size=12),
    st.sets(st.integers(0, 2)),
)
def test_any_cut_gives_each_choice_the_same_text_as_the_whole(
    pieces: list[tuple[int, str]], finished: set[int]
) -> None:
    """With or without a finish reason, however the choices mix."""
    events = [piece(place, text) for place, text in pieces]
    events += [piece(place, "", "stop") for place in sorted(finished)]
    out, facts = run(events)
    for place in range(3):
        said = "".join(text for at, text in pieces if at == place)
        answer, _ = whole({"choices": [{"text": said}]})
        assert text_of(out, place) == answer["choices"][0]["text"]
    assert facts.finish_reasons == ["stop"] * len(finished)
    assert {key for one in out for key in one} <= set(Completion.model_fields)


@given(st.integers(1, 40))
def test_bytes_may_be_cut_anywhere(size: int) -> None:
    events = [piece(0, "axx"), piece(0, "é😀x"), piece(0, "b", "stop")]
    raw = b"".join(b"data: " + orjson.dumps(one) + b"\n\n" for one in events)
    reader, stream = EventReader(), CompletionStream(context(), AnswerFacts())
    out: list[dict[str, Any]] = []
    for at in range(0, len(raw), size):
        for data in reader.feed(raw[at : at + size]):
            stream.take(data)
            if block := stream.give():
                out.append(unframed(block))
    assert text_of(out, 0) == "aVVé😀Vb"


def test_the_usage_is_dropped_unless_asked_for() -> None:
    usage = {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}}
    silent, facts = run([piece(0, "a", "stop"), usage])
    told, _ = run([piece(0, "a", "stop"), usage], wants_usage=True)
    assert [one["choices"] for one in silent] == [
        [{"index": 0, "text": "a", "finish_reason": "stop"}]
    ]
    assert told[1]["usage"] == usage["usage"]
    assert facts.usage == {"in": 1, "out": 2, "cached": 0}


def test_an_error_in_a_stream_is_told_without_its_words() -> None:
    stream = CompletionStream(context(), AnswerFacts())
    with pytest.raises(UpstreamFailed) as caught:
        stream.take(b'{"error": {"message": "canary"}}')
    assert (caught.value.code, "canary" in str(caught.value)) == ("upstream_error", False)


@pytest.mark.parametrize(
    "data",
    [b"x", b"[]", b"{}", b'{"choices": 1}', b'{"choices": [1]}', b'{"choices": [{"text": 1}]}'],
)
def test_an_unknown_event_is_an_error(data: bytes) -> None:
    with pytest.raises(UpstreamFailed):
        CompletionStream(context(), AnswerFacts()).take(data)
