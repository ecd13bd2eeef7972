"""What `doctor` sees of a vLLM, by a server that answers as one does: well and badly set up."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from gateway.cli.checks import Check, Status
from gateway.cli.checks_vllm import vllm
from gateway.settings import Audit, Secret, Settings, Upstream, Vllm
from gateway.types import UpstreamClass
from tests.waiting import AMPLE

KEY = "the-key"
CACHE = 'vllm:cache_config_info{enable_prefix_caching="%s",prefix_caching_hash_algo="%s"} 1.0\n'


class Server(ThreadingHTTPServer):
    """Answers by a table of paths; what is below /v1 wants the key."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str, bool]] = []  # method, path, with the key
        self.bodies: list[Any] = []
        self.open = {
            "/version": (200, '{"version": "0.32.0+cpu"}'),
            "/metrics": (200, "vllm:num_requests_running 0.0\n" + CACHE % ("True", "sha256")),
            "/v1/models": (200, '{"data": [{"id": "org/model", "owned_by": "vllm"}]}'),
        }
        self.salts = (400, 200)  # what an empty one gets, and a good one


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.answer(*self.server.open.get(self.path, (404, "{}")))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.bodies.append(body)
        self.answer(self.server.salts[0 if body["cache_salt"] == "" else 1], "{}")

    def answer(self, status: int, text: str) -> None:
        has_key = self.headers["authorization"] == f"Bearer {KEY}"
        self.server.asked.append((self.command, self.path, has_key))
        if self.path.startswith("/v1") and not has_key:
            status, text = 401, "{}"
        self.send_response(status)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def look(port: int, **more: Any) -> dict[str, Check]:
    fields: dict[str, Any] = {
        "kind": "openai",
        "base_url": f"http://127.0.0.1:{port}/v1",
        "api_key": Secret(KEY),
        **more,
    }
    upstream = Upstream(name="gpu", upstream_class=UpstreamClass.ON_PREM, **fields)
    settings = Settings(
        upstreams=(upstream,),
        policies=(),
        audit=Audit(url="sqlite://"),
        master_key=b"",
        limits=AMPLE,
    )
    return {one.name.removeprefix("vllm gpu").strip(): one for one in vllm(settings)}


def test_a_server_that_is_well_set_up(server: Server):
    found = look(server.server_port)

    assert set(found) == {"", "dev mode", "metrics", "cache salt", "adapters", "flags"}
    assert {one.status for one in found.values()} == {Status.OK}
    assert found[""].seen == "version 0.32.0+cpu serves org/model"
    assert "--no-enable-log-requests" in found["flags"].advice


def test_each_server_of_a_pool_is_looked_at(server: Server):
    """Those that cannot be reached are a matter of another check."""
    one, gone = (f"http://127.0.0.1:{port}" for port in (server.server_port, closed_port()))
    pool = Vllm(replicas=(one, gone, one))
    found = look(closed_port(), kind="vllm", vllm=pool)

    assert {name.split()[0] for name in found} == {"1", "3"}
    assert len(found) == 12


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_nothing_is_called_that_does_something(server: Server):
    """The endpoints for developers are asked for with GET; the key goes to the API alone."""
    look(server.server_port)

    posted = {path for method, path, _ in server.asked if method == "POST"}
    assert posted == {"/v1/completions"}
    assert {path for _, path, has_key in server.asked if not has_key} >= {"/sleep", "/metrics"}
    for _, path, has_key in server.asked:
        assert has_key == path.startswith("/v1/"), path
    assert {body["max_tokens"] for body in server.bodies} == {1}


@pytest.mark.parametrize("path", ["/sleep", "/is_sleeping", "/reset_prefix_cache", "/server_info"])
@pytest.mark.parametrize("status", [200, 405])
def test_endpoints_for_developers_fail(path: str, status: int, server: Server):
    server.open[path] = (status, "{}")
    found = look(server.server_port)["dev mode"]

    assert found.status is Status.FAILED
    assert found.seen == f"{path} can be called"
    assert "VLLM_SERVER_DEV_MODE" in found.advice


def test_what_somebody_in_front_forbids_is_closed(server: Server):
    server.open["/sleep"] = (403, "")

    assert look(server.server_port)["dev mode"].status is Status.OK


def test_adapters_that_can_be_changed(server: Server):
    server.open["/v1/load_lora_adapter"] = (405, "{}")
    found = look(server.server_port)["adapters"]

    assert found.status is Status.WARNING
    assert "VLLM_ALLOW_RUNTIME_LORA_UPDATING" in found.advice


@pytest.mark.parametrize(
    ("answer", "status", "told"),
    [
        ((404, ""), Status.WARNING, "answers 404"),
        ((200, "other 1\n"), Status.WARNING, "answers 200"),
        ((200, CACHE % ("True", "xxhash")), Status.WARNING, "xxhash"),
        ((200, CACHE % ("False", "xxhash")), Status.OK, "no prefix cache"),
        ((200, "vllm:x 1\n"), Status.OK, "answers"),
    ],
)
def test_metrics(answer: tuple[int, str], status: Status, told: str, server: Server):
    server.open["/metrics"] = answer
    found = look(server.server_port)["metrics"]

    assert found.status is status
    assert told in found.seen


@pytest.mark.parametrize(
    ("salts", "status"),
    [((200, 200), Status.WARNING), ((400, 400), Status.WARNING), ((400, 200), Status.OK)],
)
def test_salts(salts: tuple[int, int], status: Status, server: Server):
    server.salts = salts
    found = look(server.server_port)["cache salt"]

    assert found.status is status
    assert (found.advice == "") is (status is Status.OK)


def test_a_server_without_completions_has_no_check_of_salts(server: Server):
    server.salts = (404, 404)

    assert "cache salt" not in look(server.server_port)


def test_a_key_that_is_missing(server: Server):
    found = look(server.server_port, api_key=None)

    assert found[""].status is Status.WARNING
    assert "api_key" in found[""].advice
    assert "cache salt" not in found


@pytest.mark.parametrize(
    ("root", "told"),
    [("/m/other", "/m/other"), ("", "something else"), (None, "something else"), ("a\nb", "else")],
)
def test_a_server_that_has_another_model_behind_the_name(
    root: str | None, told: str, server: Server
):
    listed = json.dumps({"data": [{"id": "tiny", "root": root}]})
    server.open["/v1/models"] = (200, listed)
    pool = Vllm(replicas=(f"http://127.0.0.1:{server.server_port}",), root="/m/tiny")
    found = look(server.server_port, kind="vllm", vllm=pool)

    assert found[""].status is Status.FAILED
    assert "serves tiny, of root " in found[""].seen
    assert f"{told}: it is sent nothing" in found[""].seen
    assert "\n" not in found[""].seen
    assert "/m/tiny" in found[""].advice
    server.open["/v1/models"] = (200, listed.replace(json.dumps(root), '"/m/tiny"'))
    assert look(server.server_port, kind="vllm", vllm=pool)[""].status is Status.OK


def test_another_base_url(server: Server):
    found = look(server.server_port, base_url=f"http://127.0.0.1:{server.server_port}")

    assert found[""].status is Status.WARNING
    assert "/v1" in found[""].advice


@pytest.mark.parametrize(
    "answer",
    [(404, ""), (200, "<html>"), (200, "[]"), (200, "{}"), (200, '{"version": "a b\\n"}')],
)
def test_what_is_no_vllm_is_left_alone(answer: tuple[int, str], server: Server):
    server.open["/version"] = answer

    assert look(server.server_port) == {}
    assert [path for _, path, _ in server.asked] == ["/version"]


@pytest.mark.parametrize(
    "more", [{"kind": "loopback", "base_url": ""}, {"proxy_url": "http://127.0.0.1:9"}]
)
def test_upstreams_that_are_not_looked_at(more: dict[str, Any], server: Server):
    assert look(server.server_port, **more) == {}
    assert server.asked == []


def test_servers_that_are_gone_or_mute():
    """The check of the connection says so."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        assert look(port) == {}
    assert look(port) == {}
