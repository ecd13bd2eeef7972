"""A server that speaks `POST /pooling` as vLLM does, well and badly."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from gateway.detection.engines.opening import open_engines
from gateway.detection.presidio import PresidioDetector
from gateway.detection.tokenclassifier import IncompleteRead, TokenClassifier, classified
from gateway.errors import ConfigError, DetectionUnavailable
from gateway.settings import Detection, Engine
from tests.detection.engines.conftest import BIO, letter_tokenizer
from tests.waiting import AMPLE_S

pytestmark = pytest.mark.models
pytest.importorskip("tokenizers")

Answer = Callable[[list[dict[str, Any]]], Any]


class Server(ThreadingHTTPServer):
    """Says of every token that begins with a capital that it is a person."""

    daemon_threads = True

    def __init__(self, tokenizer: Any) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.tokenizer = tokenizer
        self.bodies: list[Any] = []
        self.paths: list[str] = []
        self.status = 200
        self.change: Answer = lambda data: {"object": "list", "data": data}
        self.release = threading.Event()
        self.release.set()

    def rows(self, text: str) -> list[list[float]]:
        rows = []
        for start, end in self.tokenizer.encode(text).offsets:
            label = "B-PER" if text[start:end].isupper() else "O"
            rows.append([0.9 if name == label else 0.025 for name in BIO])
        return rows


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        size = int(self.headers["content-length"])
        body = json.loads(self.rfile.read(size))
        server = self.server
        server.bodies.append(body)
        server.paths.append(self.path)
        server.release.wait(AMPLE_S)
        data = [
            {"index": at, "object": "pooling", "data": server.rows(text)}
            for at, text in enumerate(body["input"])
        ]
        answer = server.change(data)
        raw = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(server.status)
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    letter_tokenizer(tmp_path)
    config = {"model_type": "bert", "max_position_embeddings": 64,
              "id2label": {str(at): name for at, name in enumerate(BIO)}}  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(config))
    return tmp_path


@pytest.fixture
def server(folder: Path) -> Iterator[Server]:
    with Server(letter_tokenizer(folder)) as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield made
        made.release.set()
        made.shutdown()
        thread.join()


def settings(server: Server | str, folder: Path, timeout_s: float = AMPLE_S) -> Engine:
    url = server if isinstance(server, str) else f"http://127.0.0.1:{server.server_port}/base"
    return Engine(kind="vllm", model=url, tokenizer=folder, served_model="ner", timeout_s=timeout_s)


def engine(server: Server | str, folder: Path, timeout_s: float = AMPLE_S) -> TokenClassifier:
    [made] = open_engines([settings(server, folder, timeout_s)])
    return made


def test_asks_for_probabilities(server: Server, folder: Path):
    made = engine(server, folder)
    assert made.entity_types == {"PERSON", "LOCATION"}
    text = "so Anna and Bob"
    found = classified(made, [text, "", "nobody"])
    assert [text[one.start : one.end] for one in found[0]] == ["Anna", "Bob"]
    assert list(found[1:]) == [[], []]
    assert set(server.paths) == {"/base/pooling"}
    assert server.bodies[0] == {
        "model": "ner", "input": [text, "", "nobody"], "task": "token_classify",
    }  # fmt: skip


def test_long_texts_go_in_windows_that_fit(server: Server, folder: Path):
    text = "word " * 200 + "Anna"
    [found] = classified(engine(server, folder), [text])
    assert [text[one.start : one.end] for one in found] == ["Anna"]
    sent = [piece for body in server.bodies for piece in body["input"]]
    assert len(sent) > 10
    assert all(len(letter_tokenizer(folder).encode(piece).ids) <= 64 for piece in sent)


BAD: dict[str, Answer] = {
    "no data": lambda data: {},
    "a list": lambda data: [],
    "too few": lambda data: {"data": data[1:]},
    "too many": lambda data: {"data": [*data, *data]},
    "another order": lambda data: {"data": [{**one, "index": 1} for one in data]},
    "a token less": lambda data: {"data": [{**one, "data": one["data"][1:]} for one in data]},
    "no tokens": lambda data: {"data": [{**one, "data": []} for one in data]},
    "labels": lambda data: {"data": [{**one, "data": ["O"]} for one in data]},
    "ragged": lambda data: {"data": [{**one, "data": [[0.1], [0.1, 0.2]]} for one in data]},
    "logits": lambda data: {
        "data": [{**one, "data": [[9.0] * len(BIO) for _ in one["data"]]} for one in data]
    },
    "not a number": lambda data: b'{"data": [{"index": 0, "data": [[NaN]]}]}',
    "no JSON": lambda data: b"<html>",
    "nothing": lambda data: b"",
}


@pytest.mark.parametrize("name", BAD)
def test_an_answer_that_does_not_fit_is_never_clean(name: str, server: Server, folder: Path):
    server.change = BAD[name]
    with pytest.raises(IncompleteRead):
        engine(server, folder).classify(["Anna"])


@pytest.mark.parametrize("status", [302, 400, 404, 500, 204])
def test_another_status_is_never_clean(status: int, server: Server, folder: Path):
    server.status = status
    with pytest.raises(IncompleteRead, match=str(status)):
        engine(server, folder).classify(["Anna"])


def detector(server: Server, folder: Path, timeout_s: float = AMPLE_S) -> PresidioDetector:
    """One whose server may take so long; the call may take any time."""
    detection = Detection(engines=(settings(server, folder),), timeout_s=AMPLE_S)
    return PresidioDetector(detection, (), [engine(server, folder, timeout_s)])


async def test_a_server_that_answers_is_asked(server: Server, folder: Path):
    made = detector(server, folder)
    assert [one.entity_type for one in (await made.detect(["x Anna"], "t"))[0]] == ["PERSON"]
    await made.aclose()


async def test_a_server_that_is_slow_fails_closed(server: Server, folder: Path):
    server.release.clear()
    slow = detector(server, folder, timeout_s=0.2)
    with pytest.raises(DetectionUnavailable, match="in time"):
        await slow.detect(["x Anna"], "t")
    server.release.set()
    await slow.aclose()


def test_a_server_that_is_gone_fails_closed(folder: Path):
    gone = PresidioDetector(Detection(), (), [engine("http://127.0.0.1:9", folder)])
    with pytest.raises(DetectionUnavailable):
        gone.analyze("x Anna", "t")


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("config.json", "[]", "config.json is not"),
        ("config.json", "{", "config.json cannot be read"),
        ("config.json", '{"id2label": {"1": "O"}}', "id2label"),
        ("config.json", '{"id2label": {"0": "O", "1": "LABEL_1"}}', "no label"),
        ("tokenizer.json", "{}", "tokenizer.json"),
    ],
)
def test_what_cannot_be_opened(folder: Path, file: str, content: str, told: str):
    (folder / file).write_text(content)
    with pytest.raises(ConfigError, match=told):
        engine("http://127.0.0.1:9", folder)
