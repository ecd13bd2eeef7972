"""Two real servers as a pool: every family, the prefix cache under masking, salts, an adapter, and
one that is killed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.test_auth import cloakroom
from tests.e2e.world import Gateway, wait_until
from tests.vllm.families import WAYS, Way, events
from tests.vllm.servers import DECODER, KEY, Vllm, run_python

pytestmark = pytest.mark.vllm

CONFIG = """\
version: 1
policies: [mask-all]
auth: {{mode: keys, keys_file: keys.yaml}}
upstreams:
  - name: pool
    kind: vllm
    class: on_prem
    replicas: ["http://127.0.0.1:{0}/v1", "http://127.0.0.1:{1}/v1"]
    api_key: {key}
    models: [tiny]
    adapters: {{lora-a: {{tenants: [acme]}}}}
limits: {{connect_s: 120, first_byte_s: 120, idle_s: 120}}
audit: {{url: "sqlite:///audit.db"}}
"""
LORA = ("--enable-lora", "--max-lora-rank", "8", "--lora-modules")
HITS, QUERIES = "vllm:prefix_cache_hits_total", "vllm:prefix_cache_queries_total"
RUNNING = "vllm:num_requests_running"
TEXT = "Dear Jane, jane.roe@example.com or +49 30 5551234 may pay from DE89 3704 0044 0532 0130 00."


@pytest.fixture(scope="module")
def second(decoder: Vllm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vllm]:
    """Another server of the same model, with an adapter. The last test kills it."""
    folder: Path = tmp_path_factory.mktemp("second")
    run_python("-m", "tests.vllm.make_lora", str(decoder.model), str(folder / "lora"))
    made = Vllm(decoder.model, "tiny", (*DECODER, *LORA, f"lora-a={folder / 'lora'}"), 2_048)
    made.log = folder / "second.log"
    try:
        made.start()
        made.wait()
        yield made
    finally:
        made.stop()


@dataclass(frozen=True, slots=True)
class Pool:
    """The gateway before both servers, and a key of each tenant."""

    gateway: Gateway
    servers: tuple[Vllm, Vllm]
    keys: dict[str, str]

    def ask(
        self, body: dict[str, Any], tenant: str = "acme", path: str = "/v1/chat/completions"
    ) -> tuple[int, str]:
        headers = {"authorization": f"Bearer {self.keys[tenant]}"}
        raw = json.dumps({"model": "tiny", **body}).encode()
        return self.gateway.send("POST", path, raw, headers)[:2]

    def counted(self, name: str) -> float:
        """A metric of both servers together."""
        return sum(one.metric(name) for one in self.servers)

    def hits(self, body: dict[str, Any], tenant: str) -> float:
        """How many tokens of a request were found in a cache."""
        before = self.counted(HITS)
        status, text = self.ask(body, tenant)
        assert status == 200, text
        return self.counted(HITS) - before


@pytest.fixture(scope="module")
def pool(decoder: Vllm, second: Vllm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    folder = tmp_path_factory.mktemp("pool")
    (folder / "keys.yaml").write_text("version: 1\nkeys: []\n")
    gateway = Gateway(folder, CONFIG.format(decoder.port, second.port, key=KEY))
    try:
        gateway.start()
        keys = {
            tenant: cloakroom(gateway, "apikeys", "add", "--tenant", tenant, "--id", tenant)["key"]
            for tenant in ("acme", "ajax")
        }
        made = Pool(gateway, (decoder, second), keys)
        wait_until(lambda: made.ask(user("Hi."), "ajax")[0] == 200, "the keys to be known")
        yield made
    finally:
        gateway.stop()


def user(text: str, **fields: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}], "max_tokens": 1, **fields}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    return WAYS[request.param]


@pytest.mark.parametrize("stream", [False, True])
def test_every_family_is_served(way: Way, stream: bool, pool: Pool):
    status, raw = pool.ask({**way.ask(TEXT), "stream": stream}, path=way.path)
    assert status == 200, raw
    if stream:
        said = "".join(way.piece(event) for event in events(raw.encode()))
        assert (json.loads(said)["said"] if said.startswith("{") else said) == TEXT
    else:
        assert way.whole(json.loads(raw)) == TEXT
    assert "cached_tokens" not in raw


def conversation(turn: int) -> dict[str, Any]:
    """Ten turns with people in them, up to one of them."""
    messages: list[dict[str, str]] = []
    for number in range(turn):
        messages.append(
            {
                "role": "user",
                "content": f"In {number}, jane.roe{number}@example.com asked for the plan of the"
                f" week, and +49 30 555123{number} called about room {number}. Who was it?",
            }
        )
        if number < turn - 1:
            messages.append(
                {"role": "assistant", "content": f"It was the {number}th of those on the list."}
            )
    return {"messages": messages, "max_tokens": 1}


def test_masking_keeps_the_prefix_cache_warm(pool: Pool, decoder: Vllm):
    """Of the tokens from the second turn on, about as many are cached as without a gateway."""

    def share(ask: Callable[[dict[str, Any]], int], servers: Sequence[Vllm]) -> float:
        found = asked = 0.0
        for turn in range(1, 11):
            before = [sum(one.metric(name) for one in servers) for name in (HITS, QUERIES)]
            assert ask(conversation(turn)) == 200
            after = [sum(one.metric(name) for one in servers) for name in (HITS, QUERIES)]
            if turn > 1:
                found += after[0] - before[0]
                asked += after[1] - before[1]
        return found / asked

    ours = share(lambda body: pool.ask(body)[0], pool.servers)
    theirs = share(
        lambda body: decoder.post("/v1/chat/completions", {"model": "tiny", **body})[0], [decoder]
    )
    print(f"cached from turn 2: {ours:.4f} through the gateway, {theirs:.4f} without")
    assert theirs > 0.5
    assert abs(ours - theirs) <= 0.02


def test_tenants_do_not_see_each_others_prefixes(pool: Pool):
    """The text has nothing to mask, so it is the same for both, and for all who ask directly."""
    text = "Once there was a house on a hill, and nobody knew who had built it. " * 12
    assert pool.hits(user(text), "acme") == 0
    assert pool.hits(user(text), "acme") > 100
    assert pool.hits(user(text), "ajax") == 0
    for one in pool.servers:
        before = one.metric(HITS)
        one.post("/v1/chat/completions", {"model": "tiny", **user(text)})
        assert one.metric(HITS) == before


def test_an_adapter_is_its_tenants_alone(pool: Pool, second: Vllm):
    before = second.metric("vllm:generation_tokens_total")
    status, text = pool.ask(user("Hi.", model="lora-a"))
    assert status == 200, text
    assert second.metric("vllm:generation_tokens_total") == before + 1
    for model in ("lora-a", "no-such-model"):
        status, text = pool.ask(user("Hi.", model=model), "ajax")
        assert (status, json.loads(text)["error"]["code"]) == (404, "model_not_found")
    for tenant, models in (("acme", {"tiny", "lora-a"}), ("ajax", {"tiny"})):
        headers = {"authorization": f"Bearer {pool.keys[tenant]}"}
        listed = json.loads(pool.gateway.send("GET", "/v1/models", None, headers)[1])
        assert {one["id"] for one in listed["data"]} == models


@pytest.mark.parametrize("more", [0, 1])
def test_one_token_too_long_is_told_with_vllms_own_count(more: int, pool: Pool, decoder: Vllm):
    body = user("Once there was a house on a hill, and nobody knew who had built it. " * 60)
    counted = json.loads(decoder.post("/tokenize", {"model": "tiny", **body})[1])["count"]
    body["max_tokens"] = 2_048 - counted + more
    status, text = pool.ask({**body, "ignore_eos": True})
    assert status == (400 if more else 200), text
    if more:
        error = json.loads(text)["error"]
        assert error["code"] == "context_length_exceeded"
        assert f"{counted} tokens and asks for {2_048 - counted + 1} more" in error["message"]
        assert "the model's context holds 2048" in error["message"]


def test_a_server_that_is_killed(pool: Pool, second: Vllm):
    """Who reads a stream of it sees it end, and everybody else is served by the other."""

    def read(number: int) -> str:
        body = user(f"Tell me of {number}.", max_tokens=1_500, ignore_eos=True, stream=True)
        status, text = pool.ask(body)
        assert status == 200
        return text

    with ThreadPoolExecutor(16) as threads:
        streams = [threads.submit(read, number) for number in range(8)]
        wait_until(lambda: second.metric(RUNNING) >= 1, "a stream of the second server")
        asked = [threads.submit(pool.ask, user(f"Number {number}.")) for number in range(8)]
        second.kill()
        asked += [threads.submit(pool.ask, user(f"Number {number}.")) for number in range(8, 40)]
        assert [one.result()[0] for one in asked] == [200] * 40
        pieces = [one.result() for one in streams]
    ended = ["[DONE]" in text for text in pieces]
    broken = ["upstream_truncated" in text for text in pieces]
    print(f"of 8 streams {sum(broken)} broke off and {sum(ended)} ended; of 40 others all answered")
    assert sum(broken) >= 1
    assert all(one is not other for one, other in zip(ended, broken, strict=True))
