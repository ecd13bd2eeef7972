"""Masking: restore(mask(x)) = x, injective, propagated, stable from turn to turn."""

from __future__ import annotations

import json
import re
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import InternalError
from gateway.masking.mask import MaskedRequest, MaskingKeys, mask, scope_key
from gateway.masking.placeholders import ALPHABET, Issuer, code, framed, look_alikes
from gateway.masking.restore import Tally, restore
from gateway.types import Candidate, Decision, Effect, Finding, OperatorUse, UpstreamClass
from gateway.wire.chat import parse

KEYS = MaskingKeys(scope=b"s" * 32, hashes=b"h" * 32, tenant=b"t" * 32)
TYPES = frozenset({"PERSON", "EMAIL_ADDRESS", "PHONE_NUMBER"})
VALUES = {
    "Anna Schmidt": "PERSON",
    "Ann": "PERSON",
    "anna@example.com": "EMAIL_ADDRESS",
    "+49 30 1234567": "PHONE_NUMBER",
    'O"Brien\\': "PERSON",
    "<PERSON_7K2QX9>": "PERSON",
    "日本 太郎": "PERSON",
}


def decision(default: str = "replace", **operators: str) -> Decision:
    candidate = Candidate("local", UpstreamClass.ON_PREM)
    return Decision(
        effect=Effect.MASK,
        upstream_class=UpstreamClass.ON_PREM,
        candidates=(candidate,),
        operators={name: OperatorUse(operator) for name, operator in operators.items()},
        default_operator=OperatorUse(default),
        rule_ids=(),
        reason="",
        policy_id="test",
        policy_digest="0" * 64,
    )


def found_in(leaves: Any) -> list[Finding]:
    """A detector that knows the values above and nothing else."""
    found = []
    for index, leaf in enumerate(leaves):
        taken = 0
        for match in re.finditer("|".join(map(re.escape, VALUES)), leaf.text):
            if match.start() >= taken:
                taken = match.end()
                entity_type = VALUES[match.group()]
                found.append(Finding(index, match.start(), match.end(), entity_type, 0.9, "test"))
    return found


def masked(
    messages: list[dict[str, Any]], chosen: Decision | None = None, **fields: Any
) -> MaskedRequest:
    parsed = parse({"model": "m", "messages": messages, **fields})
    return mask(
        parsed,
        found_in(parsed.leaves),
        chosen or decision(),
        KEYS,
        path="/chat/completions",
        entity_types=TYPES,
    )


def contents(request: MaskedRequest) -> list[Any]:
    return [message["content"] for message in orjson.loads(request.body)["messages"]]


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


PIECES = st.lists(
    st.sampled_from([*VALUES, " ", "\n", "<PERSON_AB12CD>", "<", "PERSON_", "x", "Annual ", "&lt;"])
    | st.sampled_from(
        ["https://", "h.example/?q=", "](", "![", '<a href="', "=", "www.", ".com/", "//"]
    )
    | st.text(max_size=6),
    max_size=14,
)


@given(PIECES.map("".join).filter(bool))
def test_restoring_undoes_masking(text: str) -> None:
    """Byte for byte, for any text, look-alikes and nested placeholders included."""
    request = masked([user(text)])

    assert restore(contents(request)[0], request.restoration, Tally()) == text


@given(PIECES.map("".join).filter(bool), PIECES.map("".join).filter(bool))
def test_one_value_one_placeholder(first: str, second: str) -> None:
    """Injective: as many values as placeholders, and each placeholder is a function of value."""
    surfaces = masked([user(first), user(second)]).restoration.surfaces

    assert len(set(surfaces.values())) == len(surfaces)


@given(
    st.lists(PIECES.map("".join).filter(bool), min_size=1, max_size=4),
    PIECES.map("".join).filter(bool),
)
def test_a_later_turn_leaves_earlier_messages_as_they_were(turns: list[str], new: str) -> None:
    """Each masked message is the same bytes in the next turn: the prefix cache still hits."""
    before = masked([user(turn) for turn in turns])
    after = masked([user(turn) for turn in turns] + [user(new)])

    earlier = orjson.loads(before.body)["messages"]
    later = orjson.loads(after.body)["messages"][: len(earlier)]
    for old, same, text in zip(earlier, later, turns, strict=True):
        # Every value in VALUES is found wherever it stands alone, so nothing can be revealed
        # later but a value inside a longer word ("Annual"), which is not propagated either.
        assert orjson.dumps(old) == orjson.dumps(same), text


def test_a_value_revealed_later_is_masked_in_earlier_messages() -> None:
    """The one exception to stability: masking wins."""
    parsed_before = parse({"model": "m", "messages": [user("ask Bob Marsh")]})
    assert not found_in(parsed_before.leaves)
    parsed = parse({"model": "m", "messages": [user("ask Bob Marsh"), user("he is Bob Marsh")]})
    last = [
        Finding(index, leaf.text.find("Bob"), len(leaf.text), "PERSON", 0.9, "test")
        for index, leaf in enumerate(parsed.leaves)
        if leaf.text.startswith("he is")
    ]
    request = mask(parsed, last, decision(), KEYS, path="/x", entity_types=TYPES)

    first, second = contents(request)
    assert first == "ask " + second.removeprefix("he is ")
    assert "Bob" not in first


def test_a_value_is_masked_wherever_it_stands() -> None:
    """Tool arguments, schemas, names, keys, metadata, nested JSON: everywhere the same value."""
    value = "anna@example.com"
    request = masked(
        [
            {"role": "system", "content": [{"type": "text", "text": f"for {value}"}]},
            {"role": "user", "name": value, "content": "hi"},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {
                        "id": "c1",
                        "type": "function",
                        "function": {"name": "f", "arguments": json.dumps({value: [value]})},
                    }
                ],
            },
            {"role": "tool", "tool_call_id": "c1", "content": json.dumps({"to": value})},
        ],
        tools=[
            {
                "type": "function",
                "function": {
                    "name": "f",
                    "description": f"mails {value}",
                    "parameters": {
                        "type": "object",
                        "properties": {value: {"type": "string", "enum": [value]}},
                        "required": [value],
                    },
                },
            }
        ],
        metadata={"k": value},
        user=value,
        stop=[value],
        prediction={"type": "content", "content": value},
        x_unknown={value: {"deep": [value]}},
        response_format={
            "type": "json_schema",
            "json_schema": {"name": "n", "schema": {"const": value}},
        },
    )
    body = request.body.decode()

    assert value not in body
    assert "example.com" not in body
    core = next(iter(request.restoration.surfaces))
    sent = json.loads(body)
    assert sent["messages"][1]["name"] == core
    schema = sent["tools"][0]["function"]["parameters"]
    assert schema["required"] == [core] == list(schema["properties"])
    assert json.loads(sent["messages"][2]["tool_calls"][0]["function"]["arguments"]) == {
        framed(core): [framed(core)]
    }
    assert len(sent["user"]) <= 64


def test_json_in_a_string_keeps_its_form() -> None:
    """Only the masked literals change; blanks, escapes, order and numbers stay."""
    text = '{ "n" : 1.50, "e":"caf\\u00e9", "to":"Anna Schmidt" , "to2":"A\\u006ena Schmidt"}'
    request = masked([{"role": "tool", "content": text, "tool_call_id": "c"}])
    core = next(iter(request.restoration.surfaces))

    assert contents(request)[0] == text.replace("Anna Schmidt", framed(core)).replace(
        "A\\u006ena Schmidt", framed(core)
    )


def test_operators() -> None:
    """redact and hash do not come back; keep leaves the text; replace does."""
    text = "Anna Schmidt, anna@example.com, +49 30 1234567"
    chosen = decision(PERSON="redact", EMAIL_ADDRESS="hash", PHONE_NUMBER="keep")
    request = masked([user(text)], chosen)

    sent = contents(request)[0]
    assert sent.startswith("[PERSON], EMAIL_ADDRESS:")
    assert sent.endswith(", +49 30 1234567")
    assert restore(sent, request.restoration, Tally()) == sent


def test_an_operator_that_is_not_there_is_refused() -> None:
    """A missing operator is never read as keep."""
    with pytest.raises(InternalError):
        masked([user("Anna Schmidt")], decision(PERSON="rot13"))


def test_a_masked_request_cannot_be_made_elsewhere() -> None:
    """The constructor wants the masking stage's own token, and only text-free fields are set."""
    request = masked([user("Anna Schmidt")])

    with pytest.raises(InternalError):
        MaskedRequest(object(), {}, "/x", False, request.restoration, {})
    with pytest.raises(InternalError):
        request.with_fields(messages=[])
    assert request.with_fields(model="qwen3").model == "qwen3"
    assert request.model == "m"
    assert "Anna" not in repr(request) + repr(request.restoration) + repr(KEYS)


def test_scopes_do_not_share_placeholders() -> None:
    """Another tenant, principal or conversation: another placeholder for the same value."""
    keys = {
        scope_key(tenant, principal, conversation)
        for tenant in (b"a" * 32, b"b" * 32)
        for principal in ("p", "pc")
        for conversation in (b"c", b"cc")
    }

    assert len(keys) == 8
    assert len({code(key, "PERSON", "Anna") for key in keys}) == 8


@given(st.text(max_size=20), st.integers(0, 5))
def test_a_code_is_never_a_word_or_a_number(surface: str, counter: int) -> None:
    """Six Crockford characters with a digit and a letter among them."""
    text = code(b"k" * 32, "PERSON", surface, counter)

    assert len(text) == 6
    assert set(text) <= set(ALPHABET)
    assert not text.isdigit()
    assert not text.isalpha()


def test_a_taken_code_is_never_given_twice() -> None:
    """Collisions take the next counter: injective over many values."""
    issuer = Issuer(b"k" * 32)
    cores = {issuer.issue("PERSON", f"v{number}") for number in range(20_000)}

    assert len(cores) == 20_000


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see <PERSON_7K2QX9>!", ["<PERSON_7K2QX9>"]),
        ("see person 7k2qx9", ["person 7k2qx9"]),
        ("&lt;EMAIL\\_ADDRESS\\_AB12CD&gt;", ["&lt;EMAIL\\_ADDRESS\\_AB12CD&gt;"]),
        ("a person agreed on 123456", []),
        ("ORDER_7K2QX9 and PERSON", []),
        ("<LITERAL_7K2QX9>", ["<LITERAL_7K2QX9>"]),
    ],
)
def test_look_alikes(text: str, shown: list[str]) -> None:
    """Known types with a code; ordinary words and numbers are none."""
    assert [text[low:high] for low, high in look_alikes(text, TYPES)] == shown


NAMED: dict[str, Any] = {
    "type": "object",
    "properties": {"Anna Schmidt": {"type": "string"}, "Ann": {"type": "string"}},
    "required": ["Ann", "Anna Schmidt"],
}


@pytest.mark.parametrize(
    ("operator", "names"),
    [
        ("redact", ["_PERSON_", "_PERSON__2"]),
        ("hash", [r"PERSON_[0-9a-f]{32}"] * 2),
        ("replace", [r"PERSON_[0-9A-Z]{6}"] * 2),
    ],
)
def test_names_stay_legal_and_apart(operator: str, names: list[str]) -> None:
    """Whatever the operator: no member of an object is lost, and `required` means what it did."""
    tools = [{"type": "function", "function": {"name": "Anna Schmidt", "parameters": NAMED}}]
    request = masked([user("hi")], decision(operator), tools=tools, x={"Ann": 1, "Anna Schmidt": 2})

    document = orjson.loads(request.body)
    function = document["tools"][0]["function"]
    made = list(function["parameters"]["properties"])
    assert all(map(re.fullmatch, names, sorted(made)))
    assert made[0] == function["name"]
    assert function["parameters"]["required"] == made[::-1]
    assert list(document["x"].values()) == [1, 2]
    assert list(document["x"]) == made[::-1]


def test_a_value_of_few_digits_is_masked_where_it_stands_as_a_number() -> None:
    """In JSON of tools as in fields; other numbers stay numbers, and so do parts of longer ones."""
    call = {
        "name": "f",
        "arguments": '{"id": 48213, "n": 482131, "deep": [{"of": 48213}], "x": 48}',
    }
    messages: list[dict[str, Any]] = [
        user("Customer 48213 asks"),
        {"role": "assistant", "tool_calls": [{"id": "1", "type": "function", "function": call}]},
        {"role": "tool", "tool_call_id": "1", "content": '{"id": 48213}', "x": [48213, 7, True]},
    ]
    parsed = parse({"model": "m", "max_tokens": 48213, "messages": messages})
    index = next(at for at, leaf in enumerate(parsed.leaves) if "Customer" in leaf.text)
    found = [Finding(index, 9, 14, "CUSTOMER_ID", 0.9, "test")]

    def sent(chosen: Decision) -> dict[str, Any]:
        types = frozenset({"CUSTOMER_ID"})
        made = mask(parsed, found, chosen, KEYS, path="/x", entity_types=types)
        document: dict[str, Any] = orjson.loads(made.body)
        return document

    document = sent(decision())
    asked, called, told = document["messages"]
    token = asked["content"].split()[1]
    arguments = json.loads(called["tool_calls"][0]["function"]["arguments"])
    assert arguments == {"id": token, "n": 482131, "deep": [{"of": token}], "x": 48}
    assert json.loads(told["content"]) == {"id": token}
    assert (told["x"], document["max_tokens"]) == ([token, 7, True], 48213)
    assert sent(decision(CUSTOMER_ID="keep")) == parsed.document
