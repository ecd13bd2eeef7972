"""The Anthropic API: Messages, with a key of its own, a version, and betas that it must be told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from gateway.settings import Limits, Secret
from gateway.settings import Upstream as UpstreamSettings
from gateway.upstreams.http import HttpUpstream

VERSION: Final = "2023-06-01"  # where the client names none

_ROOT: Final = "/v1"
_VERSION: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_BETA: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")


@dataclass(frozen=True, slots=True)
class AnthropicKind:
    """Implements `http.Kind`. `root` stands between the base URL and the family's paths."""

    api_key: Secret | None
    betas: tuple[str, ...]
    root: str = _ROOT

    def target(self, path: str, _model: str) -> tuple[str, Mapping[str, str]]:
        """The family's own path, below `/v1`."""
        return self.root + path, {}

    def headers(self, client: Mapping[str, str]) -> Mapping[str, str]:
        """The key; the client's version, where it looks like one; of its betas those allowed."""
        version = client.get("anthropic-version", "")
        headers = {"anthropic-version": version if _VERSION.fullmatch(version) else VERSION}
        if self.api_key is not None:
            headers["x-api-key"] = self.api_key.value
        if betas := allowed_betas(client.get("anthropic-beta", ""), self.betas):
            headers["anthropic-beta"] = ",".join(betas)
        return headers


def allowed_betas(header: str, patterns: tuple[str, ...]) -> tuple[str, ...]:
    """The values of an `anthropic-beta` header that match one of the patterns, each once."""
    values = dict.fromkeys(one.strip() for one in header.split(","))
    return tuple(
        one
        for one in values
        if _BETA.fullmatch(one) and any(fnmatchcase(one, pattern) for pattern in patterns)
    )


def anthropic_upstream(settings: UpstreamSettings, limits: Limits) -> HttpUpstream:
    """The upstream; its base URL may end with `/v1` or not.

    Raises:
        ConfigError: its settings are not usable.
    """
    root = "" if settings.base_url.rstrip("/").endswith(_ROOT) else _ROOT
    kind = AnthropicKind(settings.api_key, settings.forward_betas, root)
    return HttpUpstream(settings, limits, kind)
