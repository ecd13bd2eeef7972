"""OpenTelemetry spans of exchanges: who waited for what, without any text.

What a span may say is the fields of `Exchanged` and nothing else: words that are none of the
configuration's become "other", as in metrics. The model that was asked for is the caller's text and
is not said. Names are those of `genai`: none of them is for messages, instructions or arguments.

Spans are made when an exchange has ended, of times that were noted on the way, by a provider of our
own: no other library in the process can add to them, and none gets hold of it.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

from gateway import genai
from gateway.errors import ConfigError, Problem
from gateway.tracecontext import Trace
from gateway.version import __version__

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.id_generator import IdGenerator
    from opentelemetry.trace import Span, SpanKind, Tracer

OURS: Final = "cloakroom."

ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_WORD: Final = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_NANO: Final = 1_000_000_000

_TIMEOUT_S: Final = 3.0  # of one delivery, tries included: a gateway that ends waits for it


class _Ids:
    """Gives spans the ids that were made for them when the exchange began."""

    def __init__(self) -> None:
        self.trace = ""
        self.span = ""

    def generate_trace_id(self) -> int:
        """That of the exchange, in whose thread it is asked for; a random one without it."""
        return int(self.trace, 16) if self.trace else secrets.randbits(128) or 1

    def generate_span_id(self) -> int:
        """Likewise, that of the span which is about to begin."""
        return int(self.span, 16) if self.span else secrets.randbits(64) or 1

    def is_trace_id_random(self) -> bool:
        """They are."""
        return True


_IDS: Final = _Ids()
_tracers: list[Tracer] = []  # one, or none where nothing is to be told
_providers: list[TracerProvider] = []  # likewise


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchanged:
    """What is told of an exchange that has ended. Times are monotonic seconds, 0 for never.

    One that was refused was never sent. `trace` is None where it has no place in any trace.
    """

    request_id: str
    operation: str
    outcome: str
    trace: Trace | None = None
    upstream: str = ""
    upstream_class: str = ""
    address: str = ""
    policy: str = ""
    effect: str = ""
    error: str = ""
    stream: bool = False
    findings: int = 0
    restored: int = 0
    damaged: int = 0
    detect_ms: int = 0
    usage: Mapping[str, int] = field(default_factory=dict)
    finish_reasons: tuple[str, ...] = ()
    started: float
    sent: float = 0.0
    first_byte: float = 0.0
    last_byte: float = 0.0
    ended: float


def install(environ: Mapping[str, str], instance: str = "") -> None:
    """Send spans where OTEL_EXPORTER_OTLP_ENDPOINT says, over HTTP; nowhere without it.

    `instance` is this process's own id.

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
    resource = Resource.create(dict(genai.resource(environ, __version__, instance)))
    provider = TracerProvider(resource=resource, id_generator=cast("IdGenerator", _IDS))
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

    trace = told.trace
    _IDS.trace = trace.trace_id if trace else ""

    since = time.time_ns() - round(told.ended * _NANO)

    def at(moment: float) -> int:
        return since + round(moment * _NANO)

    name = _word(told.operation)
    _IDS.span = trace.whole if trace else ""
    whole = _begun(
        tracer, f"exchange {name}", SpanKind.SERVER, _of_exchange(told), at(told.started),
        _of_caller(trace),
    )  # fmt: skip
    if told.error:
        whole.set_status(StatusCode.ERROR)
    _IDS.span = ""
    admitted = {f"{OURS}detect_ms": told.detect_ms, f"{OURS}findings": told.findings}
    admit = _begun(tracer, "admit", SpanKind.INTERNAL, admitted, at(told.started), whole)
    admit.end(at(told.sent or told.ended))
    if told.sent:
        _IDS.span = trace.call if trace else ""
        call = _begun(tracer, name, SpanKind.CLIENT, _of_call(told), at(told.sent), whole)
        if told.error:
            call.set_status(StatusCode.ERROR)
        call.end(at(told.last_byte or told.ended))
    whole.end(at(told.ended))


def _of_caller(trace: Trace | None) -> Span | None:
    """The caller's span, which is above all of ours."""
    if trace is None or not trace.parent:
        return None
    from opentelemetry.trace import (  # noqa: PLC0415 -- as above
        NonRecordingSpan,
        SpanContext,
        TraceFlags,
    )

    flags = TraceFlags(TraceFlags.SAMPLED if trace.is_sampled else TraceFlags.DEFAULT)
    ids = int(trace.trace_id, 16), int(trace.parent, 16)
    return NonRecordingSpan(SpanContext(*ids, is_remote=True, trace_flags=flags))


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
    shown = {key: _shown(value) for key, value in facts.items() if value not in ("", ())}
    return tracer.start_span(name, context=context, kind=kind, attributes=shown, start_time=begun)


def _of_exchange(told: Exchanged) -> dict[str, Any]:
    facts: dict[str, Any] = {
        f"{OURS}request_id": told.request_id,
        f"{OURS}policy": told.policy,
        f"{OURS}effect": told.effect,
        f"{OURS}outcome": told.outcome,
        f"{OURS}restored": told.restored,
        f"{OURS}damaged": told.damaged,
        genai.ERROR: told.error,
    }
    return facts


def _of_call(told: Exchanged) -> dict[str, Any]:
    facts: dict[str, Any] = {
        genai.OPERATION: told.operation,
        genai.PROVIDER: told.upstream,
        genai.ADDRESS: told.address,
        genai.STREAM: told.stream,
        genai.FINISH_REASONS: told.finish_reasons,
        genai.ERROR: told.error,
        f"{OURS}upstream_class": told.upstream_class,
    }
    if told.first_byte:
        facts[genai.FIRST_CHUNK] = told.first_byte - told.sent
    counts = told.usage
    return facts | {name: counts[key] for key, name in genai.TOKENS.items() if key in counts}


def _shown(value: object) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_shown, value))
    return _word(value) if isinstance(value, str) else value


def _word(value: str) -> str:
    return value if _WORD.fullmatch(value) else "other"
