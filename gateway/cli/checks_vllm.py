"""What `cloakroom doctor` sees of an upstream that is a vLLM: as much as it shows of itself.

Nothing there is changed. Endpoints that should not be there are asked with `GET`, by which those
that do something are never called; one token is generated, of a prompt of ours.
"""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlsplit

from gateway.cli.checks import Check, Status
from gateway.errors import ConfigError
from gateway.routing.reported import Model, models_of, serves_others
from gateway.settings import Settings, Upstream
from gateway.upstreams.connecting import ssl_context

FLAGS: Final = (
    "VLLM_NO_USAGE_STATS=1 DO_NOT_TRACK=1 VLLM_SERVER_DEV_MODE=0 VLLM_ENABLE_RESPONSES_API_STORE=0"
    " VLLM_ALLOW_RUNTIME_LORA_UPDATING=0; --no-enable-log-requests --no-enable-log-outputs"
    " --disable-uvicorn-access-log --prefix-caching-hash-algo sha256; no --kv-events-config"
)
"""How to start a vLLM, for what cannot be seen from outside."""

_KINDS: Final = frozenset({"openai", "vllm"})
_DEVELOPERS: Final = ("/sleep", "/is_sleeping", "/reset_prefix_cache", "/server_info")
_ADAPTERS: Final = "/load_lora_adapter"
_CLOSED: Final = frozenset({401, 403, 404})
_MOST_BYTES: Final = 4 * 2**20
_PATIENCE_S: Final = 30.0
_NAME: Final = re.compile(r"[A-Za-z0-9._:/+\-]{1,128}")
_CACHE: Final = re.compile(r"^vllm:cache_config_info\{([^}]*)\}", re.MULTILINE)
_LABEL: Final = re.compile(r'([a-z_]+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class _Server:
    """One server; paths stand below `root`, or, with the key, below the API's base URL."""

    upstream: Upstream
    timeout_s: float

    @property
    def base(self) -> str:
        return urlsplit(self.upstream.base_url).path.rstrip("/")

    @property
    def root(self) -> str:
        return self.base.removesuffix("/v1")

    def get(self, path: str) -> tuple[int, bytes]:
        """Ask below the root, without the key, which only the API may see."""
        return self._ask("GET", self.root + path, {})

    def api(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Ask below the base URL: the status, and the document, None where it is none."""
        key = self.upstream.api_key
        headers = {"authorization": f"Bearer {key.value}"} if key else {}
        status, raw = self._ask(method, self.base + path, headers, body)
        return status, _document(raw)

    def _ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: Mapping[str, Any] | None = None,
    ) -> tuple[int, bytes]:
        url = urlsplit(self.upstream.base_url)
        host, port = url.hostname or "", url.port
        connection = (
            http.client.HTTPSConnection(
                host, port, timeout=self.timeout_s, context=ssl_context(self.upstream)
            )
            if url.scheme == "https"
            else http.client.HTTPConnection(host, port, timeout=self.timeout_s)
        )
        try:
            raw = None if body is None else json.dumps(body).encode()
            every = {**headers, **({"content-type": "application/json"} if raw else {})}
            connection.request(method, path, raw, every)
            response = connection.getresponse()
            return response.status, response.read(_MOST_BYTES)
        finally:
            connection.close()


def vllm(settings: Settings) -> list[Check]:
    """What can be seen of each upstream that says that it is a vLLM; none for others."""
    done: list[Check] = []
    for upstream in settings.upstreams:
        if upstream.kind in _KINDS and not upstream.proxy_url:
            for one in _each(upstream):
                done += _look(_Server(one, settings.limits.connect_s))
    return done


def _each(upstream: Upstream) -> list[Upstream]:
    """The servers of a pool that lists them, with names of their own; else the one that is told."""
    urls = upstream.vllm.replicas if upstream.vllm else ()
    if len(urls) < 2:
        return [upstream]
    return [
        replace(upstream, name=f"{upstream.name} {number}", base_url=f"{url}/v1")
        for number, url in enumerate(urls, 1)
    ]


def _look(server: _Server) -> list[Check]:
    name = f"vllm {server.upstream.name}"
    try:
        version = _version(server)
        if version is None:
            return []
        server = replace(server, timeout_s=_PATIENCE_S)  # a busy model takes its time
        status, models = _models(server)
        return [
            _serves(name, version, status, models, _root(server)),
            _developers(name, server),
            _metrics(name, server),
            *_salt(name, server, list(models)),
            _adapters(name, server),
            Check(f"{name} flags", Status.OK, "the rest shows only in how it is started", FLAGS),
        ]
    except (ConfigError, OSError, http.client.HTTPException):
        return []  # certificates or the network: the check of the connection says so


def _version(server: _Server) -> str | None:
    status, raw = server.get("/version")
    document = _document(raw) if status == 200 else None
    found = document.get("version") if isinstance(document, dict) else None
    return found if isinstance(found, str) and _NAME.fullmatch(found) else None


def _models(server: _Server) -> tuple[int, Mapping[str, Model]]:
    """The models that it lists, as whoever sends it requests reads the list."""
    status, document = server.api("GET", "/models")
    return status, models_of(document) or {}


def _root(server: _Server) -> str:
    """What should stand behind its models' names, "" for anything."""
    return server.upstream.vllm.root if server.upstream.vllm else ""


def _serves(name: str, version: str, status: int, models: Mapping[str, Model], root: str) -> Check:
    if status == 200 and serves_others(models, root):
        roots = {one.root for one in models.values()}
        told = ", ".join(sorted(one if _NAME.fullmatch(one) else "something else" for one in roots))
        seen = f"version {version} serves {', '.join(models)}, of root {told}: it is sent nothing"
        advice = f"start it with the model {root}, or say in upstreams.root what it serves"
        return Check(name, Status.FAILED, seen, advice)
    if status == 200 and models:
        return Check(name, Status.OK, f"version {version} serves {', '.join(models)}")
    seen = f"version {version}: its list of models answers {status}"
    if status in (401, 403):
        return Check(name, Status.WARNING, seen, "set upstreams.api_key to its --api-key")
    advice = "see that upstreams.base_url ends as the server's API does, in /v1"
    return Check(name, Status.WARNING, seen, advice)


def _developers(name: str, server: _Server) -> Check:
    name = f"{name} dev mode"
    found = [path for path in _DEVELOPERS if server.get(path)[0] not in _CLOSED]
    if not found:
        return Check(name, Status.OK, "endpoints for developers are closed")
    advice = "start it without VLLM_SERVER_DEV_MODE: who reaches them controls the server"
    return Check(name, Status.FAILED, f"{', '.join(found)} can be called", advice)


def _metrics(name: str, server: _Server) -> Check:
    name = f"{name} metrics"
    status, raw = server.get("/metrics")
    text = raw.decode(errors="replace")
    if status != 200 or "vllm:" not in text:
        advice = "let the gateway reach /metrics: its load is read there"
        return Check(name, Status.WARNING, f"/metrics answers {status}", advice)
    found = _CACHE.search(text)
    labels = dict(_LABEL.findall(found[1])) if found else {}
    if labels.get("enable_prefix_caching") == "False":
        return Check(name, Status.OK, "/metrics answers; there is no prefix cache")
    hashes = labels.get("prefix_caching_hash_algo", "")
    if hashes.startswith("xxhash"):
        advice = "start it with --prefix-caching-hash-algo sha256: the other hash can be forged"
        return Check(name, Status.WARNING, f"the prefix cache uses {hashes[:40]}", advice)
    return Check(name, Status.OK, "/metrics answers")


def _salt(name: str, server: _Server, models: list[str]) -> list[Check]:
    """Whether the server knows the salts that keep callers apart in its prefix cache.

    One that knows them refuses the empty one; others leave unknown fields unread.
    """
    if not models:
        return []
    name = f"{name} cache salt"
    body = {"model": models[0], "prompt": "a", "max_tokens": 1}
    refused, _ = server.api("POST", "/completions", {**body, "cache_salt": ""})
    taken, _ = server.api("POST", "/completions", {**body, "cache_salt": "cloakroom-doctor"})
    if refused == 404 == taken:
        return []  # a server of another kind, such as one for embeddings
    if (refused, taken) == (400, 200):
        return [Check(name, Status.OK, "salts keep callers apart in the prefix cache")]
    if refused == 200:
        advice = "update vLLM; until then start it with --no-enable-prefix-caching"
        return [Check(name, Status.WARNING, "cache_salt is not known", advice)]
    seen = f"cannot be told: completions answer {taken}"
    return [Check(name, Status.WARNING, seen, "see what its log says of the request")]


def _adapters(name: str, server: _Server) -> Check:
    name = f"{name} adapters"
    if server.api("GET", _ADAPTERS)[0] in _CLOSED:
        return Check(name, Status.OK, "cannot be loaded or removed while it runs")
    advice = (
        "start it without VLLM_ALLOW_RUNTIME_LORA_UPDATING, and name them by --lora-modules:"
        " its --api-key does not guard POST /adapters"
    )
    return Check(name, Status.WARNING, "can be loaded and removed while it runs", advice)


def _document(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return None
