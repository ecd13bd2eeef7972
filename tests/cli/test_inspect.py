"""`cloakroom inspect`: what would leave, and that nothing does."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from gateway.cli import main as root
from gateway.cli.inspect import app

EMAIL = "anna.schneider@example.com"
CARD = "4111 1111 1111 1111"


@pytest.fixture(autouse=True)
def _apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CLOAKROOM_CONFIG", raising=False)


def inspect(text: str | bytes, *arguments: str) -> dict:
    done = CliRunner().invoke(app, ["-", "--json", *arguments], input=text)
    assert done.exit_code == 0, (done.output, done.exception)
    return json.loads(done.stdout)


def external(folder: Path, **more: object) -> str:
    upstream = {"name": "cloud", "kind": "loopback", "class": "external", **more}
    file = folder / "external.yaml"
    file.write_text(f"version: 1\nupstreams:\n  - {json.dumps(upstream)}\n")
    return str(file)


def test_a_text():
    shown = inspect(f"Write to {EMAIL}, please.\n")
    (one,) = shown["findings"]
    assert one["path"] == "messages[0].content"
    assert (one["start"], one["end"]) == (9, 9 + len(EMAIL))
    assert one["entity_type"] == "EMAIL_ADDRESS"
    assert 0 < one["score"] <= 1
    assert one["recognizer"]
    content = shown["masked"]["messages"][0]["content"]
    assert content.startswith("Write to <EMAIL_ADDRESS_")
    assert content.endswith(">, please.")
    assert shown["decision"]["effect"] == "mask"
    assert shown["decision"]["upstream"] == "loopback"
    assert shown["decision"]["upstream_class"] == "on_prem"
    assert shown["decision"]["policy"] == "default"


def test_what_stands_in_a_finding_is_told_and_counts():
    """The address is surer of its type, and the card is not hidden by it."""
    shown = inspect("see https://shop.example/pay?card=4111111111111111&x=1 now")
    (one,) = shown["findings"]
    assert {one["entity_type"], *one["also"]} == {"URL", "CREDIT_CARD"}
    assert "4111" not in json.dumps(shown["masked"])


def test_nothing_found():
    shown = inspect("Explain how tides work.")
    assert shown["findings"] == []
    assert shown["masked"]["messages"] == [{"role": "user", "content": "Explain how tides work."}]


def test_a_request_is_taken_as_it_is(tmp_path: Path):
    body = {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "metadata": {"who": f"for {EMAIL}"},
    }
    file = tmp_path / "request.json"
    file.write_bytes(orjson.dumps(body))
    done = CliRunner().invoke(app, [str(file), "--json", "--model", "other"])
    shown = json.loads(done.stdout)
    assert [one["path"] for one in shown["findings"]] == ["metadata.who"]
    assert shown["masked"]["model"] == "other"
    assert EMAIL not in json.dumps(shown["masked"])


def test_json_inside_a_string_has_an_inner_range():
    arguments = json.dumps({"to": EMAIL})
    call = {"id": "c1", "type": "function", "function": {"name": "send", "arguments": arguments}}
    messages = [{"role": "user", "content": "x"}, {"role": "assistant", "tool_calls": [call]}]
    shown = inspect(orjson.dumps({"model": "m", "messages": messages}))
    (one,) = shown["findings"]
    start, end = one["inner"]
    assert json.loads(arguments[start:end]) == EMAIL


def test_a_denied_request_shows_no_masked_body(tmp_path: Path):
    shown = inspect(f"card {CARD}", "--config", external(tmp_path))
    assert shown["decision"]["effect"] == "deny"
    assert shown["decision"]["upstream"] is None
    assert shown["decision"]["reason"]
    assert shown["masked"] is None


def test_the_first_model_that_has_a_name_is_asked_for(tmp_path: Path):
    config = external(tmp_path, models=["x-*", "small"], model_map={"y-*": "large"})
    assert inspect("hello", "--config", config)["masked"]["model"] == "small"


FINNISH = "Kokous on siirretty torstaille, koska huone ei ole vapaa ennen kello kahtatoista."


def test_languages(tmp_path: Path):
    shown = inspect(FINNISH)
    assert shown["languages"] == shown["unsupported_languages"] == ["fi"]
    assert shown["decision"]["upstream_class"] == "on_prem"
    shown = inspect(FINNISH, "--config", external(tmp_path))
    assert "does not let it go there" in shown["decision"]["reason"]
    shown = inspect("The meeting was moved because the room is not free before noon on Thursday.")
    assert (shown["languages"], shown["unsupported_languages"]) == (["en"], [])


def test_languages_for_people():
    done = CliRunner().invoke(app, ["-"], input=FINNISH)
    assert "Languages: fi; names are not looked for in fi" in done.output
    done = CliRunner().invoke(app, ["-"], input="hi")
    assert "Languages: not clear" in done.output


def test_for_people():
    done = CliRunner().invoke(app, ["-"], input=f"Write to {EMAIL}, please.")
    assert done.exit_code == 0
    assert "Decision: mask" in done.output
    assert f"{EMAIL}[EMAIL_ADDRESS]" in done.output
    assert "What would leave" in done.output
    assert "<EMAIL_ADDRESS_" in done.output.partition("What would leave")[2]
    assert EMAIL not in done.output.partition("What would leave")[2]
    assert "\x1b" not in done.output


def test_operators_for_people(tmp_path: Path):
    """The operator with its options, and what stands for the value."""
    (tmp_path / "stand_ins.yaml").write_text(
        "version: 1\nid: stand-ins\nrules:\n  - name: all\n    effect: mask\n"
        "    default_operator: {operator: surrogate, keep: [format]}\n"
    )
    config = tmp_path / "config.yaml"
    config.write_text("version: 1\npolicies: [stand_ins.yaml]\nupstreams:\n"
                      "  - {name: local, kind: loopback, class: on_prem}\n")  # fmt: skip
    done = CliRunner().invoke(app, ["--config", str(config)], input=f"Write to {EMAIL}.")
    assert done.exit_code == 0, (done.output, done.exception)
    for words in ("surrogate", "(keep:", "format)"):  # a narrow table breaks them apart
        assert words in done.output
    left = done.output.partition("What would leave")[2]
    assert "@example." in left
    assert EMAIL not in left


def test_a_denial_for_people(tmp_path: Path):
    done = CliRunner().invoke(app, ["--config", external(tmp_path)], input=f"card {CARD}")
    assert "Decision: deny" in done.output
    assert "Nothing would leave." in done.output


def test_escape_sequences_do_not_reach_the_terminal():
    done = CliRunner().invoke(app, ["-"], input=f"\x1b[2J {EMAIL}")
    assert "\x1b" not in done.output


def test_nothing_is_recorded(tmp_path: Path):
    inspect(f"Write to {EMAIL}")
    for file in tmp_path.iterdir():
        assert EMAIL.encode() not in file.read_bytes()
    assert not list(tmp_path.glob("*.db"))


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"\xff\xfe", "invalid_utf8"),
        (b'{"messages": [], "model": "m"}', "invalid_request"),
        (b'{"messages": 1, "messages": 2}', "duplicate_key"),
    ],
)
def test_what_the_gateway_refuses_is_refused_here(
    raw: bytes, code: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
    monkeypatch.setattr(sys, "argv", ["cloakroom", "inspect", "-"])
    monkeypatch.setattr(root.telemetry, "install", lambda **_: None)
    with pytest.raises(SystemExit) as end:
        root.main()
    assert end.value.code == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith(f"{code}: ")


def test_a_file_that_is_not_there():
    done = CliRunner().invoke(app, ["absent.txt"])
    assert done.exit_code == 2
    assert "cannot read absent.txt" in done.stderr


@pytest.mark.parametrize(
    ("body", "arguments"),
    [
        ({"input": EMAIL}, ()),
        ({"prompt": EMAIL}, ()),
        ({"input": [EMAIL]}, ("--endpoint", "embeddings")),
        ({"messages": [{"role": "user", "content": EMAIL}]}, ("--endpoint", "messages")),
        ({"messages": [{"role": "user", "content": EMAIL}]}, ("--endpoint", "/v1/messages")),
        ({"messages": [{"role": "user", "content": EMAIL}]}, ()),
    ],
)
def test_a_request_of_any_api(body: dict, arguments: tuple[str, ...]):
    seen = inspect(json.dumps({"model": "m", "max_tokens": 9, **body}), *arguments)
    assert [one["entity_type"] for one in seen["findings"]] == ["EMAIL_ADDRESS"]
    assert EMAIL not in json.dumps(seen["masked"])


def test_an_endpoint_that_there_is_not():
    done = CliRunner().invoke(app, ["--endpoint", "audio"], input="hi")
    assert done.exit_code == 2
    assert "chat/completions" in done.output
