"""Two real servers for all tests of this folder, and a gateway before the one that decodes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.world import Gateway
from tests.vllm.servers import CLASSIFIER, DECODER, KEY, Tap, Vllm, make_models

CONFIG = """\
version: 1
policies: [mask-all]
upstreams:
  - name: local
    kind: openai
    class: on_prem
    families: [chat, responses, messages, completions]
    base_url: "http://127.0.0.1:{port}/v1"
    api_key: {key}
limits: {{connect_s: 10, first_byte_s: 120, idle_s: 120}}
audit: {{url: "sqlite:///audit.db"}}
"""


@pytest.fixture(scope="session")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Vllm, Vllm]]:
    """They start side by side, since a start is a minute of imports."""
    folder = tmp_path_factory.mktemp("vllm")
    make_models(folder)
    servers = (
        Vllm(folder / "decoder", "tiny", DECODER, 2_048),
        Vllm(folder / "classifier", "ner", CLASSIFIER, 64),
    )
    try:
        for one in servers:
            one.start()
        yield servers
    finally:
        for one in servers:
            one.stop()


@pytest.fixture(scope="session")
def decoder(both: tuple[Vllm, Vllm]) -> Vllm:
    """The server of `/v1/chat/completions` and its like."""
    both[0].wait()
    return both[0]


@pytest.fixture(scope="session")
def classifier(both: tuple[Vllm, Vllm]) -> Vllm:
    """The server of `/pooling`."""
    both[1].wait()
    return both[1]


@pytest.fixture(scope="session")
def tap(decoder: Vllm) -> Iterator[Tap]:
    """All that the decoder is sent by the gateway."""
    made = Tap(decoder.port)
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="session")
def gateway(tap: Tap, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder: Path = tmp_path_factory.mktemp("gateway")
    made = Gateway(folder, CONFIG.format(port=tap.port, key=KEY))
    try:
        made.start()
        yield made
    finally:
        made.stop()
