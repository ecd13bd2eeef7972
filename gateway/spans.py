"""OpenTelemetry spans of exchanges: who waited for what, without any text.

What a span may say is the fields of `Exchanged` and nothing else: words that are none of the
configuration's become "other", as in metrics. The model that was asked for is the caller's text and
is not said. Names are those of OpenTelemetry's conventions for generative AI, which have attributes
for messages, instructions and arguments as well: none of these is ever set.

Spans are made when an exchange has ended, of times that were noted on the way, by a provider of our
own: no other library in the process can add to them, and none gets hold of it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from gateway.errors import ConfigError, Problem
from gateway.version import __version__

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, SpanKind, Tracer

# https://github.com/open-telemetry/semantic-conventions-genai: in development, without a release.
OPERATION: Final = "gen_ai.operation.name"
PROVIDER: Final = "gen_ai.provider.name"
STREAM: Final = "gen_ai.request.stream"
FIRST_CHUNK: Final = "gen_ai.response.time_to_first_chunk"
TOKENS: Final[Mapping[str, str]] = {
    "in": "gen_ai.usage.input_tokens",
    "out": "gen_ai.usage.output_tokens",
}
ERROR: Final = "error.type"
OURS: Final = "cloakroom."

ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_WORD: Final = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_NANO: Final = 1_000_000_000

_TIMEOUT_S: Final = 3.0  # of one delivery, tries included: a gateway that ends waits for it

_tracers: list[Tracer] = []  # one, or none where nothing is to be told
_providers: list[TracerProvider] = []  # likewise


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchanged:
    """What is told of an exchange that has ended. Times are monotonic seconds, 0 for never."""

    request_id: str
    operation: str
    upstream: str
    upstream_class: str
    policy: str
    effect: str
    outcome: str
    error: str = ""
    stream: bool = False
    findings: int = 0
    restored: int = 0
    damaged: int = 0
    detect_ms: int = 0
    usage: Mapping[str, int] = field(default_factory=dict)
    started: float
    sent: float
    first_byte: float = 0.0
    last_byte: float = 0.0
    ended: float


def install(environ: Mapping[str, str]) -> None:
    """Send spans where OTEL_EXPORTER_OTLP_ENDPOINT says, over HTTP; nowhere without it.

    Raises:
        ConfigError: the packages for it are not installed.
    """
    if _tracers or not any(environ.get(name) for name in ENDPOINTS):
        return
    if environ.get("OTEL_TRACES_EXPORTER", "otlp") == "none":
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 -- an extra
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError:
        message = "spans are asked for, but the packages for them are not installed"
        hint = "pip install 'cloakroom[otel]', or unset it"
        raise ConfigError([Problem("environment", 0, ENDPOINTS[1], message, hint)]) from None
    resource = Resource.create({"service.name": "cloakroom", "service.version": __version__})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(timeout=_TIMEOUT_S)))
    _providers.append(provider)
    _tracers.append(provider.get_tracer("cloakroom", __version__))


def flush() -> None:
    """Send what is waiting; what cannot be sent is dropped. Blocks for some seconds at most."""
    for provider in _providers:
        provider.force_flush()


def wanted() -> bool:
    """Whether anybody is told of exchanges."""
    return bool(_tracers)


def exchange_ended(told: Exchanged) -> None:
    """Tell of an exchange: the whole of it, what came before it was sent, and the upstream."""
    if not _tracers:
        return
    (tracer,) = _tracers
    from opentelemetry.trace import SpanKind, StatusCode  # noqa: PLC0415 -- slow: once it is wanted

    since = time.time_ns() - round(told.ended * _NANO)

    def at(moment: float) -> int:
        return since + round(moment * _NANO)

    name = _word(told.operation)
    whole = _begun(
        tracer, f"exchange {name}", SpanKind.SERVER, _of_exchange(told), at(told.started)
    )
    admitted = {f"{OURS}detect_ms": told.detect_ms, f"{OURS}findings": told.findings}
    admit = _begun(tracer, "admit", SpanKind.INTERNAL, admitted, at(told.started), whole)
    call = _begun(tracer, name, SpanKind.CLIENT, _of_call(told), at(told.sent), whole)
    if told.error:
        call.set_status(StatusCode.ERROR)
        whole.set_status(StatusCode.ERROR)
    admit.end(at(told.sent))
    call.end(at(told.last_byte or told.ended))
    whole.end(at(told.ended))


def _begun(
    tracer: Tracer,
    name: str,
    kind: SpanKind,
    facts: Mapping[str, Any],
    begun: int,
    above: Span | None = None,
) -> Span:
    from opentelemetry.context import Context  # noqa: PLC0415 -- as above
    from opentelemetry.trace import set_span_in_context  # noqa: PLC0415

    context = Context() if above is None else set_span_in_context(above, Context())
    shown = {key: _word(value) if isinstance(value, str) else value for key, value in facts.items()}
    return tracer.start_span(name, context=context, kind=kind, attributes=shown, start_time=begun)


def _of_exchange(told: Exchanged) -> dict[str, Any]:
    facts: dict[str, Any] = {
        f"{OURS}request_id": told.request_id,
        f"{OURS}policy": told.policy,
        f"{OURS}effect": told.effect,
        f"{OURS}outcome": told.outcome,
        f"{OURS}restored": told.restored,
        f"{OURS}damaged": told.damaged,
    }
    return facts | ({ERROR: told.error} if told.error else {})


def _of_call(told: Exchanged) -> dict[str, Any]:
    facts: dict[str, Any] = {
        OPERATION: told.operation,
        PROVIDER: told.upstream,
        STREAM: told.stream,
        f"{OURS}upstream_class": told.upstream_class,
    }
    if told.first_byte:
        facts[FIRST_CHUNK] = told.first_byte - told.sent
    facts |= {name: told.usage[key] for key, name in TOKENS.items() if key in told.usage}
    return facts | ({ERROR: told.error} if told.error else {})


def _word(value: str) -> str:
    return value if _WORD.fullmatch(value) else "other"
