"""Which engine is opened, and what is said when one cannot be."""

from __future__ import annotations

import os
import sys

import pytest

from gateway.detection.engines.opening import open_engines
from gateway.errors import ConfigError
from gateway.settings import Engine


@pytest.mark.parametrize(
    ("kind", "package", "extra"),
    [
        ("gliner", "gliner", "gliner"),
        ("transformers", "torch", "transformers"),
        ("transformers", "transformers", "transformers"),
        ("vllm", "tokenizers", "vllm"),
    ],
)
def test_a_missing_package_is_told_with_its_extra(kind: str, package: str, extra: str, monkeypatch):
    for name in list(sys.modules):
        if name.startswith("gateway.detection.engines."):
            monkeypatch.delitem(sys.modules, name)
    for name in ("gliner", "torch", "transformers", "tokenizers"):
        # the others need not be there either: only the one in question is missing
        monkeypatch.setitem(sys.modules, name, None if name == package else _stand_in(name))
    with pytest.raises(ConfigError) as caught:
        open_engines([Engine(kind=kind, model="/none")])
    [problem] = caught.value.problems
    assert problem.key == "detection.engines[0]"
    assert problem.message == f"{package} is not installed"
    assert problem.hint == f"pip install 'cloakroom[{extra}]'"


def _stand_in(name: str) -> object:
    class Module:
        def __getattr__(self, attribute: str) -> object:
            return object

    return Module()


def test_nothing_may_be_downloaded():
    with pytest.raises(ConfigError):
        open_engines([Engine(kind="spacy", model="/no/such/folder")])
    assert os.environ["HF_HUB_OFFLINE"] == os.environ["TRANSFORMERS_OFFLINE"] == "1"


def test_no_engines():
    assert open_engines([]) == []
