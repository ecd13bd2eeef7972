"""Policies as texts, for tests of what is refused and of what is read."""

from __future__ import annotations

import pytest

from gateway.errors import ConfigError
from gateway.policy.model import Policy
from gateway.policy.schema import parse
from gateway.strictyaml import loads

REST = "rules: [{name: rest, effect: mask}]\n"


def head(name: str = "a") -> str:
    """The first two lines of a policy file."""
    return f"version: 1\nid: {name}\n"


def policy(*texts: str | list[str], operators: frozenset[str] = frozenset()) -> Policy:
    """The policy of some files side by side, each a text, or a chain of texts, nearest first."""
    count = 0
    chains = []
    for text in texts:
        documents = []
        for one in [text] if isinstance(text, str) else text:
            documents.append(loads(one.encode(), f"{count}.yaml"))
            count += 1
        chains.append(tuple(documents))
    return parse(chains, operators)


def problems(*texts: str | list[str], operators: frozenset[str] = frozenset()) -> list[str]:
    """What is wrong with them, as it is told."""
    with pytest.raises(ConfigError) as caught:
        policy(*texts, operators=operators)
    return [str(one) for one in caught.value.problems]
