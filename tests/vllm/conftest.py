"""Real servers for all tests of this folder, and a gateway before those of its upstreams."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.e2e.world import Gateway
from tests.vllm.servers import (
    CLASSIFIER,
    DECODER,
    EMBEDDER,
    ENVIRONMENT,
    KEY,
    OPEN,
    Tap,
    Vllm,
    make_models,
)

CONFIG = """\
version: 1
policies: [mask-all]
upstreams:
  - name: vectors
    kind: openai
    class: on_prem
    families: [embeddings]
    models: [vectors]
    base_url: "http://127.0.0.1:{vectors}/v1"
    api_key: {key}
  - name: local
    kind: openai
    class: on_prem
    families: [chat, responses, messages, completions]
    base_url: "http://127.0.0.1:{port}/v1"
    api_key: {key}
limits: {{connect_s: 120, first_byte_s: 120, idle_s: 120}}
audit: {{url: "sqlite:///audit.db"}}
"""


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Vllm, Vllm, Vllm]]:
    """They start side by side, since a start is a minute of imports."""
    folder = tmp_path_factory.mktemp("vllm")
    make_models(folder)
    made = (
        Vllm(folder / "decoder", "tiny", DECODER, 2_048),
        Vllm(folder / "decoder", "vectors", EMBEDDER, 2_048, {**ENVIRONMENT, **OPEN}),
        Vllm(folder / "classifier", "ner", CLASSIFIER, 64),
    )
    try:
        for one in made:
            one.start()
        yield made
    finally:
        for one in made:
            one.stop()


@pytest.fixture(scope="session")
def decoder(servers: tuple[Vllm, Vllm, Vllm]) -> Vllm:
    """The server of `/v1/chat/completions` and its like."""
    servers[0].wait()
    return servers[0]


@pytest.fixture(scope="session")
def embedder(servers: tuple[Vllm, Vllm, Vllm]) -> Vllm:
    """The server of `/v1/embeddings`."""
    servers[1].wait()
    return servers[1]


@pytest.fixture(scope="session")
def classifier(servers: tuple[Vllm, Vllm, Vllm]) -> Vllm:
    """The server of `/pooling`."""
    servers[2].wait()
    return servers[2]


@pytest.fixture(scope="session")
def tap(decoder: Vllm) -> Iterator[Tap]:
    """All that the decoder is sent by the gateway."""
    with tapped(decoder) as made:
        yield made


@pytest.fixture(scope="session")
def embedder_tap(servers: tuple[Vllm, Vllm, Vllm]) -> Iterator[Tap]:
    """All that the embedder is sent by the gateway."""
    with tapped(servers[1]) as made:
        yield made


@contextmanager
def tapped(server: Vllm) -> Iterator[Tap]:
    made = Tap(server.port)
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="session")
def gateway(
    tap: Tap, embedder_tap: Tap, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("gateway")
    made = Gateway(folder, CONFIG.format(port=tap.port, vectors=embedder_tap.port, key=KEY))
    try:
        made.start()
        yield made
    finally:
        made.stop()
