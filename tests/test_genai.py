"""What is measured of an exchange, under OpenTelemetry's names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway import genai
from gateway.genai import Measured, points

PACKAGE = Path(genai.__file__).parent
CONTENT = re.compile(
    r"gen_ai\.(input\.messages|output\.messages|system_instructions|prompt|completion"
    r"|tool\.(call\.(arguments|result)|definitions|description))|gen_ai\.system\b"
)


def named(one: Measured) -> dict[str, float]:
    return {instrument.name.removeprefix("gen_ai."): value for instrument, value, _ in points(one)}


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({}, "cloakroom"),
        ({"OTEL_SERVICE_NAME": "mine"}, None),
        ({"OTEL_RESOURCE_ATTRIBUTES": "a=b,service.name=mine"}, None),
        ({"OTEL_RESOURCE_ATTRIBUTES": "service.instance.id=pod"}, "cloakroom"),
    ],
)
def test_a_process_has_the_name_that_the_environment_gives_and_an_id_of_its_own(
    environ: dict[str, str], name: str | None
):
    said = genai.resource(environ, "1.0", "one")
    assert said.get("service.name") == name
    assert (said["service.version"], said["service.instance.id"]) == ("1.0", "one")


def test_a_stream():
    one = Measured(
        operation="chat", provider="local", stream=True, started=1.0, sent=2.0, first_byte=3.0,
        last_byte=5.0, ended=6.0, usage={"in": 7, "out": 5, "cached": 3},
    )  # fmt: skip
    assert named(one) == {
        "client.operation.duration": 3.0,
        "server.request.duration": 5.0,
        "client.token.usage": 5,
        "client.operation.time_to_first_chunk": 1.0,
        "server.time_to_first_token": 2.0,
        "server.time_per_output_token": 0.5,
    }


def test_an_answer_in_one_piece_has_no_first_chunk():
    one = Measured(
        operation="chat", provider="local", started=1.0, sent=2.0, first_byte=3.0, last_byte=3.0,
        ended=4.0,
    )  # fmt: skip
    assert set(named(one)) == {
        "client.operation.duration", "server.request.duration", "server.time_to_first_token",
    }  # fmt: skip


def test_one_that_nobody_answered_ends_when_it_was_given_up():
    one = Measured(
        operation="chat", provider="local", error="upstream_timeout", started=1.0, sent=2.0,
        ended=9.0,
    )  # fmt: skip
    assert named(one) == {"client.operation.duration": 7.0, "server.request.duration": 8.0}
    assert all(facts[genai.ERROR] == "upstream_timeout" for _, _, facts in points(one))


def test_no_name_for_content_stands_anywhere():
    for file in PACKAGE.rglob("*.py"):
        assert not CONTENT.search(file.read_text(encoding="utf-8")), file
