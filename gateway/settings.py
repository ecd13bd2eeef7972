"""The frozen settings that everything is handed. `config.py` reads them from a file.

Paths are absolute by the time they stand here, and secrets are resolved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gateway.types import Family, UpstreamClass


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that does not show itself in a `repr`, a log or a traceback."""

    value: str = field(repr=False)

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """The gateway's own certificate."""

    cert_file: Path
    key_file: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """Where the gateway listens."""

    host: str = "127.0.0.1"
    port: int = 8080
    tls: Tls | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    """How callers are known: `keys` (a file of key HMACs) or `none`.

    `tags` are those of callers without a key; a key has its own.
    """

    mode: str = "none"
    keys_file: Path | None = None
    allow_unauthenticated: bool = False
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomRecognizer:
    """A pattern recognizer of the operator's own: regexes with scores, and context words."""

    name: str
    entity_type: str
    patterns: tuple[tuple[str, float], ...]
    context: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListEntry:
    """An entry of the allow list (never a finding) or the deny list (always a finding).

    Exactly one of `text` (whole words, exact) and `pattern` (a regex) is set. An allow entry
    may be bound to one `entity_type` and one `tenant`; a deny entry must name its entity type.
    """

    text: str | None = field(default=None, repr=False)
    pattern: str | None = field(default=None, repr=False)
    entity_type: str | None = None
    tenant: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A further model that reads names: `spacy`, `gliner`, `transformers` or `vllm`.

    `model` is a folder, a spaCy package's name, or the URL of a vLLM server, which needs its
    model's folder as `tokenizer` and its name there as `served_model`. `labels` says which entity
    type a label of the model means, over what is known already; "" drops the label.
    """

    kind: str
    model: str
    labels: Mapping[str, str] = field(default_factory=dict)
    threshold: float = 0.5
    device: str = "cpu"
    tokenizer: Path | None = None
    served_model: str = ""
    ca_file: Path | None = None
    timeout_s: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """What the detector looks for.

    `languages` are those that may go where any text may; what is in another one is unsupported.
    `recognizer_modules` name Presidio recognizers in code, `package.module:ClassName`;
    `recognizer_files` are in Presidio's YAML format; `predefined` are class names of Presidio.
    """

    profile: str = "fast"
    languages: tuple[str, ...] = ("de", "en", "es", "fr", "it", "nl", "pt")
    recognizers: tuple[CustomRecognizer, ...] = ()
    recognizer_modules: tuple[str, ...] = ()
    recognizer_files: tuple[Path, ...] = ()
    predefined: tuple[str, ...] = ()
    engines: tuple[Engine, ...] = ()
    allow: tuple[ListEntry, ...] = ()
    deny: tuple[ListEntry, ...] = ()
    thresholds: Mapping[str, float] = field(default_factory=dict)
    timeout_s: float = 10.0
    cache_entries: int = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on what one request may cost."""

    body_bytes: int = 10_000_000
    depth: int = 64
    in_flight: int = 256
    connect_s: float = 5.0
    first_byte_s: float = 120.0
    idle_s: float = 60.0


_OF_OPENAI: Final = frozenset(
    {Family.CHAT, Family.RESPONSES, Family.COMPLETIONS, Family.EMBEDDINGS}
)
FAMILIES_OF_KIND: Final[Mapping[str, frozenset[Family]]] = {
    "openai": _OF_OPENAI,
    "azure_openai": _OF_OPENAI,
    "anthropic": frozenset({Family.MESSAGES}),
    "vllm": frozenset({Family.CHAT, Family.RESPONSES, Family.MESSAGES, Family.COMPLETIONS}),
    "loopback": frozenset(Family),
}
"""The kinds of servers, and what each speaks where the configuration does not say."""

KNOWN_BETAS: Final = (
    "context-1m-*", "context-management-*", "extended-cache-ttl-*",
    "fine-grained-tool-streaming-*", "interleaved-thinking-*",
    "model-context-window-exceeded-*", "output-128k-*", "output-300k-*", "pdfs-*",
    "prompt-caching-*", "structured-outputs-*", "token-counting-*", "token-efficient-tools-*",
)  # fmt: skip
"""What of `anthropic-beta` is sent on where the configuration does not say: of these, requests and
answers have no shape that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Who processes what is sent to an upstream, where, under which contract, and for how many days
    it is kept there. `dpa_ref` is a reference to the data processing agreement.

    The audit record says so of each request; None is what the operator did not say.
    """

    processor: str | None = None
    country: str | None = None  # ISO 3166-1, two letters
    dpa_ref: str | None = None
    retention_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vllm:
    """A pool of vLLM servers that run the same model: `replicas`, or what a DNS name resolves to.

    `salt` says who shares a prefix cache: a `tenant`, a `principal`, or the tenants of a `group`.
    `adapters` are LoRA adapters with patterns of the tenants that may use them. `priorities` go by
    patterns of tenants, lower first, and are None where the servers do not schedule by priority.
    Only servers that say `root` of what they serve are asked, where it is given. Without
    `shows_cached` callers are not told what was cached: it may tell of others with their salt.
    """

    replicas: tuple[str, ...] = ()
    dns_name: str = ""
    dns_port: int = 8000
    dns_tls: bool = False
    salt: str = "tenant"
    salt_groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    shows_cached: bool = False
    priorities: Mapping[str, int] | None = None
    adapters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    root: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """One server that runs models, or a pool of them, and the API families that it speaks.

    With `api_version`, Azure's deployments are asked, and else its v1 API. `forward_betas` are
    patterns of what the caller may say in `anthropic-beta`.

    Of upstreams that policy lets a request go to, the lowest `priority` is asked first; those of
    the same share by `weight`, and those without one go by their order. `max_concurrent` and
    `tokens_per_minute` bound what it is asked for, 0 for no bound. `deprecated_models` gives old
    names of models with those that are asked for in their place.
    """

    name: str
    kind: str  # of FAMILIES_OF_KIND
    upstream_class: UpstreamClass
    families: frozenset[Family] = frozenset(Family)
    base_url: str = ""
    api_key: Secret | None = None
    models: tuple[str, ...] = ("*",)
    model_map: Mapping[str, str] = field(default_factory=dict)
    proxy_url: str | None = None
    ca_file: Path | None = None
    client_cert_file: Path | None = None
    client_key_file: Path | None = None
    forward_headers: tuple[str, ...] = ()
    api_version: str = ""
    forward_betas: tuple[str, ...] = KNOWN_BETAS
    weight: float = 1.0
    priority: int | None = None
    max_concurrent: int = 0
    tokens_per_minute: int = 0
    facts: Facts = field(default_factory=Facts)
    deprecated_models: Mapping[str, str] = field(default_factory=dict)
    probe_s: float = 0.0  # seconds between questions whether the server is there; 0 for none
    vllm: Vllm | None = None

    @property
    def stores_answers(self) -> bool:
        """Whether an answer may be stored there, for later requests to go on with.

        vLLM's servers would keep it in memory, each its own, and have no way to delete it: so a
        pool of them is never asked to.
        """
        return self.kind != "vllm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an entry stands in the configuration, for what is found wrong with it later."""

    file: str = "configuration"
    line: int = 0
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sink:
    """A further destination of audit records: `jsonl`, `ocsf`, `folder` or `syslog`.

    `hold_s` is how long a folder gathers records for a file, in seconds. `answers_end` says of a
    syslog server that it answers the end of a TLS connection, as RFC 5425 wants it.
    """

    kind: str
    name: str
    place: Place = field(default_factory=Place)
    path: Path | None = None
    rotate_bytes: int = 268_435_456
    hold_s: float = 60.0
    host: str = ""
    port: int = 6514
    ca_file: Path | None = None
    client_cert_file: Path | None = None
    client_key_file: Path | None = None
    answers_end: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """Somewhere outside that keeps checkpoints: `file` or `webhook`."""

    kind: str
    name: str
    path: Path | None = None
    url: str = ""
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """Where the audit log lives: an SQLAlchemy URL, which may hold a password.

    Checkpoints are signed with the keys in `signing_key_file`, which are made where there are
    none if `makes_signing_key`. `origin` is the log's name, None for the one that it has.

    With `require_all` a request is taken on only when every one of `sinks` has its record.
    Records older than `retention_days` go when the log is pruned; None keeps them.
    """

    url: str = field(repr=False)
    retention_days: int | None = None
    signing_key_file: Path | None = None
    makes_signing_key: bool = False
    origin: str | None = None
    sinks: tuple[Sink, ...] = ()
    require_all: bool = False
    anchors: tuple[Anchor, ...] = ()
    anchor_every_s: float = 900.0
    anchor_warn_s: float = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Vault:
    """For how many days answers that a provider stores, and files and batches, can be used."""

    response_days: int = 30
    batch_days: int = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """The compliance officer's pages: whether there are any, and how long a session lasts, idle
    and in all."""

    enabled: bool = False
    idle_s: float = 900.0
    session_s: float = 28_800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything the gateway needs to know, read once."""

    upstreams: tuple[Upstream, ...]
    policies: tuple[Path, ...]
    audit: Audit
    master_key: bytes = field(repr=False)
    is_key_lent: bool = False  # there is no master key yet: this one is for this time alone
    listen: Listen = field(default_factory=Listen)
    auth: Auth = field(default_factory=Auth)
    detection: Detection = field(default_factory=Detection)
    limits: Limits = field(default_factory=Limits)
    vault: Vault = field(default_factory=Vault)
    console: Console = field(default_factory=Console)
    digest: str = ""  # SHA-256 of the configuration file, hex; "" for the embedded default
    notices: tuple[str, ...] = ()  # what start-up should tell the operator, e.g. a key was made
