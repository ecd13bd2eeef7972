"""A trace shows every step, what the model could have said, and nothing that it must not do."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import Any

import orjson
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from gateway.cli.trace import app
from gateway.tracing.model import Candidate, Cut, Found, Out, Said, Step, Token, Trace, pieces_of
from gateway.tracing.page import page
from tests.e2e.world import free_port

TEXT = "Write to Anna Schneider, anna.schneider@example.com, please."
STEPS = [
    "read", "detect", "decide and mask", "record", "wait", "generate and restore", "close",
]  # fmt: skip
CONFIG = """\
version: 1
upstreams:
  - {{name: home, kind: openai, class: on_prem, base_url: "http://127.0.0.1:{port}/v1"}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gateway.cli.trace.telemetry.install", lambda **_: None)
    return tmp_path


def run(*args: str, text: str = TEXT) -> Any:
    done = CliRunner().invoke(app, list(args), input=text)
    assert done.exit_code == 0, done.output
    return done


def test_every_step_of_a_request_is_shown(folder: Path):
    seen = orjson.loads(run("--json").stdout)
    assert [step["name"] for step in seen["steps"]] == STEPS
    assert all(step["took"] >= 0 for step in seen["steps"])
    assert seen["answer"].endswith(TEXT)
    assert {one["value"] for one in seen["findings"]} == {
        "Anna Schneider", "anna.schneider@example.com",
    }  # fmt: skip
    sent = seen["masked"]["messages"][0]["content"]
    assert "Anna" not in sent
    assert all(one["became"] in sent for one in seen["findings"])
    assert seen["route"]["served by"] == "loopback"
    assert "".join(one["text"] for one in seen["out"]) == seen["answer"]
    assert Path("cloakroom.db").exists()


def test_for_people_and_as_a_page(folder: Path):
    done = run("--html", "trace.html")
    assert "decide and mask" in done.stdout
    assert TEXT in done.stdout.replace("\n", " ")
    assert "Anna Schneider" in Path("trace.html").read_text()


# --- a model that gives probabilities -------------------------------------------------------------


class Model:
    """A server that repeats the prompt a few letters at a time, with what else it could be."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())
        self.asked.append(body)
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        said = body["messages"][-1]["content"]
        for piece in re.findall(r"(?s).{1,4}", said):
            likely = [{"token": piece, "logprob": -0.1}, {"token": "other", "logprob": -2.5}]
            told = {"content": [{"token": piece, "logprob": -0.1, "top_logprobs": likely}]}
            await self._event(response, {"content": piece}, told)
        usage = {"prompt_tokens": 9, "completion_tokens": 7, "total_tokens": 16}
        await self._event(response, {}, None, finish_reason="stop")
        await response.write(b"data: " + orjson.dumps({"choices": [], "usage": usage}) + b"\n\n")
        await response.write(b"data: [DONE]\n\n")
        return response

    async def _event(self, response: Any, delta: Any, told: Any, **more: Any) -> None:
        choice = {"index": 0, "delta": delta, "logprobs": told, "finish_reason": None, **more}
        await response.write(b"data: " + orjson.dumps({"choices": [choice]}) + b"\n\n")


@pytest.fixture
def model(folder: Path) -> Iterator[Model]:
    made, port = Model(), free_port()
    (folder / "cloakroom.yaml").write_text(CONFIG.format(port=port))
    loop, started = asyncio.new_event_loop(), threading.Event()

    def serve() -> None:
        asyncio.set_event_loop(loop)
        web_app = web.Application()
        web_app.router.add_post("/v1/chat/completions", made.answer)
        runner = web.AppRunner(web_app, shutdown_timeout=0.1)
        loop.run_until_complete(runner.setup())
        loop.run_until_complete(web.TCPSite(runner, "127.0.0.1", port).start())
        started.set()
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    assert started.wait(120)
    yield made
    loop.call_soon_threadsafe(loop.stop)
    thread.join(120)


def test_each_token_has_its_candidates(model: Model):
    seen = orjson.loads(run("--json", "--config", "cloakroom.yaml").stdout)
    (asked,) = model.asked
    assert asked["logprobs"] is True
    assert "Anna" not in json.dumps(asked)
    assert "".join(one["text"] for one in seen["said"]) == asked["messages"][0]["content"]
    first, second = seen["said"][0]["candidates"]
    assert first["probability"] == pytest.approx(0.905, abs=0.001)
    assert second["text"] == "other"
    assert seen["usage"] == {"prompt tokens": 9, "answer tokens": 7}
    assert seen["answer"] == TEXT


@pytest.mark.parametrize("first", [True, False])
def test_which_server_of_a_pool_and_why(first: bool, model: Model, folder: Path):
    """Of two, of which one is not there: the other answers, whichever the conversation's own is."""
    there = re.search(r"http://127.0.0.1:\d+", (folder / "cloakroom.yaml").read_text())
    assert there is not None
    names = [there[0], f"http://127.0.0.1:{free_port()}"]
    names = names if first else names[::-1]
    pool = f"{{name: home, kind: vllm, class: on_prem, replicas: {json.dumps(names)}}}"
    (folder / "pool.yaml").write_text(f"version: 1\nupstreams: [{pool}]\n")
    seen = orjson.loads(run("--json", "--config", "pool.yaml", "--model", "m").stdout)
    route = seen["route"]
    assert route["served by"] == "home"
    assert route["server"] == there[0]
    because = {"1": "it is the one where", "2": "was busy, or did not answer"}
    assert because[route["servers asked"]] in route["because"]
    assert seen["answer"] == TEXT


# --- the tokens of what was written ---------------------------------------------------------------


def thirds(_: Path) -> Any:
    """A tokenizer that cuts every three letters."""
    return lambda text: [(at, at, min(at + 3, len(text))) for at in range(0, len(text), 3)]


def test_what_was_written_is_cut_here_and_sent_nowhere(
    model: Model, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("gateway.cli.trace.open_tokenizer", thirds)
    with_page = ["--html", "trace.html", "--tokenizer", "."]
    seen = orjson.loads(run("--json", "--config", "cloakroom.yaml", *with_page).stdout)
    (cut,) = seen["cuts"]
    assert "".join(one["text"] for one in cut["before"]) == TEXT
    (asked,) = model.asked
    sent = asked["messages"][0]["content"]
    assert "".join(one["text"] for one in cut["after"]) == sent
    assert "Anna" not in json.dumps(asked)
    for one in seen["findings"]:
        before = "".join(each["text"] for each in cut["before"] if each["of"] == one["became"])
        after = "".join(each["text"] for each in cut["after"] if each["of"] == one["became"])
        assert one["value"] in before
        assert one["became"] in after
        assert len(before) < len(one["value"]) + 6
    told = Path("trace.html").read_text()
    assert "As it was written: 20 tokens" in told
    assert "may be another model" not in told


def test_tokens_of_what_was_written_are_shown_on_the_terminal(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("gateway.cli.trace.open_tokenizer", thirds)
    shown = run("--tokenizer", ".").stdout
    assert "Written, 20 tokens: Wri\u00b7te \u00b7to \u00b7Ann" in shown


def test_what_is_replaced_for_good_is_marked_as_well(folder: Path, monkeypatch: Any):
    monkeypatch.setattr("gateway.cli.trace.open_tokenizer", thirds)
    (folder / "p.yaml").write_text(
        "version: 1\nid: p\nrules:\n  - {name: all, effect: mask, default_operator: redact}\n"
    )
    (folder / "cloakroom.yaml").write_text(
        "version: 1\npolicies: [p.yaml]\n"
        "upstreams: [{name: here, kind: loopback, class: on_prem}]\n"
    )
    seen = orjson.loads(run("--json", "--config", "cloakroom.yaml", "--tokenizer", ".").stdout)
    pieces = {one["of"] for one in seen["cuts"][0]["before"]} - {""}
    assert pieces
    assert pieces == {one["became"] for one in seen["findings"]}


@pytest.mark.parametrize("missing", [True, False])
def test_without_a_tokenizer_nothing_is_sent(
    missing: bool, model: Model, monkeypatch: pytest.MonkeyPatch
):
    """Neither the library nor the file is there: what to do about it is said, before all else."""
    library = ModuleType("tokenizers")
    library.Tokenizer = _NoTokenizer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tokenizers", None if missing else library)
    args = ["--config", "cloakroom.yaml", "--tokenizer", "no-such.json"]
    done = CliRunner().invoke(app, args, input=TEXT)
    assert done.exit_code == 2
    hint = "pip install 'cloakroom[vllm]'" if missing else "name a model's tokenizer.json"
    assert hint in done.stderr
    assert not model.asked


class _NoTokenizer:
    @staticmethod
    def from_file(name: str) -> Any:
        raise Exception(name)  # as the library does


# --- the page -------------------------------------------------------------------------------------

WORDS = st.text(max_size=12) | st.sampled_from(["<script>x</script>", '"><b>', "&amp;", "\n\t"])


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)


@given(WORDS, WORDS, st.floats(0, 1e4))
def test_nothing_of_a_request_becomes_markup(one: str, other: str, number: float):
    made = Trace(
        request={"a": one},
        masked={one: other},
        findings=(Found("PERSON", 0.5, one, other, one),),
        route={"rules": one, "served by": other},
        steps=(Step(one, other, number, number),),
        tokens=(Token(1, one), Token(2, other, one)),
        cuts=(Cut((Token(1, one, other),), (Token(2, other, one),)),),
        same_tokenizer=False,
        said=(Said(one, number, (Candidate(other, 0.5),)),),
        out=(Out(number, one),),
        answer=other,
        usage={one: 1},
    )
    reader = Reader()
    reader.feed(page(made))
    assert reader.tags <= {
        "html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "p", "section", "svg",
        "rect", "text", "table", "tr", "th", "td", "pre", "span", "small", "div", "details",
        "summary", "b", "strong",
    }  # fmt: skip
    assert not {name for name in reader.attributes if name.startswith("on")}
    assert not {"src", "href", "action"} & reader.attributes


def test_pieces_of_a_placeholder_are_known():
    tokens = [(1, "Hi "), (2, "<PER"), (3, "SON_7K2"), (4, "QX9"), (5, ">, "), (6, "bye")]
    found = pieces_of(tokens, ["<PERSON_7K2QX9>"])
    assert [bool(one.of) for one in found] == [False, True, True, True, True, False]


def test_a_trace_shows_none_of_it_by_accident():
    made = Trace(request={"a": "canary"}, masked={"a": "canary"}, answer="canary")
    assert "canary" not in repr(made)
    assert "canary" not in repr((Found("A", 1, "r", "canary"), Token(1, "canary"), Said("canary")))
