"""Azure OpenAI: the v1 API, or deployments under a dated version of the older one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from gateway.errors import UpstreamFailed
from gateway.settings import Limits, Secret
from gateway.settings import Upstream as UpstreamSettings
from gateway.upstreams.http import HttpUpstream

_ROOT: Final = "/openai"
_V1: Final = "/openai/v1"
# Endpoints that stand below a deployment; all others name it in the body.
_OF_DEPLOYMENTS: Final = frozenset({"/chat/completions", "/completions", "/embeddings"})
_DEPLOYMENT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True)
class AzureKind:
    """Implements `http.Kind`. `root` stands between the base URL and the v1 API's paths."""

    api_key: Secret | None
    api_version: str
    root: str = _V1

    def target(self, path: str, model: str) -> tuple[str, Mapping[str, str]]:
        """The path in the v1 API; with a version, that of the model's deployment.

        Raises:
            UpstreamFailed: the model's name cannot be that of a deployment.
        """
        if not self.api_version:
            return self.root + path, {}
        query = {"api-version": self.api_version}
        if path not in _OF_DEPLOYMENTS:
            return _ROOT + path, query
        if not _DEPLOYMENT.fullmatch(model):
            text = "The upstream has no such model."
            raise UpstreamFailed(text, code="upstream_model_not_found", status=404)
        return f"{_ROOT}/deployments/{model}{path}", query

    def headers(self, _client: Mapping[str, str]) -> Mapping[str, str]:
        """The key."""
        return {} if self.api_key is None else {"api-key": self.api_key.value}


def azure_upstream(settings: UpstreamSettings, limits: Limits) -> HttpUpstream:
    """The upstream; its base URL is the resource's, and may end with `/openai/v1`.

    Raises:
        ConfigError: its settings are not usable.
    """
    root = "" if settings.base_url.rstrip("/").endswith(_V1) else _V1
    return HttpUpstream(settings, limits, AzureKind(settings.api_key, settings.api_version, root))
