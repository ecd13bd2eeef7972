"""OpenTelemetry's metrics for generative AI, sent where the environment says; Prometheus is aside.

What they may say is what `genai.points` makes of an exchange: figures, and words of the
configuration. As with spans, the provider is our own: no other library can add to it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from gateway import genai
from gateway.errors import ConfigError, Problem
from gateway.version import __version__

if TYPE_CHECKING:
    from opentelemetry.metrics import Histogram
    from opentelemetry.sdk.metrics import MeterProvider

ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_WORD: Final = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_TIMEOUT_S: Final = 3.0  # of one delivery, tries included: a gateway that ends waits for it

_histograms: dict[str, Histogram] = {}  # none where nothing is to be told
_providers: list[MeterProvider] = []  # one, or none


def install(environ: Mapping[str, str], instance: str = "") -> None:
    """Send metrics where OTEL_EXPORTER_OTLP_ENDPOINT says, over HTTP; nowhere without it.

    `instance` is this process's own id.

    Raises:
        ConfigError: the packages for it are not installed.
    """
    if _providers or not any(environ.get(name) for name in ENDPOINTS):
        return
    if environ.get("OTEL_METRICS_EXPORTER", "otlp") == "none":
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import (  # noqa: PLC0415 -- an extra
            OTLPMetricExporter,
        )
        from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    except ImportError:
        message = "metrics are asked for, but the packages for them are not installed"
        hint = "pip install 'cloakroom[otel]', or unset it"
        raise ConfigError([Problem("environment", 0, ENDPOINTS[1], message, hint)]) from None
    resource = Resource.create(dict(genai.resource(environ, __version__, instance)))
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(timeout=_TIMEOUT_S))
    provider = MeterProvider([reader], resource, shutdown_on_exit=False)
    meter = provider.get_meter("cloakroom", __version__)
    _providers.append(provider)
    for one in genai.INSTRUMENTS:
        _histograms[one.name] = meter.create_histogram(
            one.name, one.unit, one.about, explicit_bucket_boundaries_advisory=one.bounds
        )


def flush() -> None:
    """Send what there is; what cannot be sent is dropped. Blocks for some seconds at most."""
    for provider in _providers:
        provider.force_flush(_TIMEOUT_S * 1000)


def exchange_ended(measured: genai.Measured) -> None:
    """Note the figures of an exchange, where anybody wants them."""
    if not _histograms:
        return
    for instrument, value, facts in genai.points(measured):
        shown = {key: one if _WORD.fullmatch(one) else "other" for key, one in facts.items()}
        _histograms[instrument.name].record(value, shown)
