"""Any OpenAI-compatible server: its paths are those of the API families, its key a bearer token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.settings import Limits, Secret
from gateway.settings import Upstream as UpstreamSettings
from gateway.upstreams.http import HttpUpstream


@dataclass(frozen=True, slots=True)
class OpenAIKind:
    """Implements `http.Kind`."""

    api_key: Secret | None

    def target(self, path: str, _model: str) -> tuple[str, Mapping[str, str]]:
        """The family's own path."""
        return path, {}

    def headers(self, _client: Mapping[str, str]) -> Mapping[str, str]:
        """The key as a bearer token."""
        return {} if self.api_key is None else {"authorization": f"Bearer {self.api_key.value}"}


def openai_upstream(settings: UpstreamSettings, limits: Limits) -> HttpUpstream:
    """The upstream. Raises `ConfigError` where its settings are not usable."""
    return HttpUpstream(settings, limits, OpenAIKind(settings.api_key))
