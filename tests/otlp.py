"""A receiver of OpenTelemetry's protocol over HTTP, which keeps what is sent to it."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Receiver:
    """A server that keeps what is sent to it, by path."""

    def __init__(self) -> None:
        kept: list[tuple[str, bytes]] = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                kept.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._kept = kept
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    @property
    def kept(self) -> list[bytes]:
        return [body for _, body in self._kept]

    def _of(self, path: str) -> list[bytes]:
        return [body for where, body in self._kept if where == path]

    def spans(self) -> list[Any]:
        found = [ExportTraceServiceRequest.FromString(one) for one in self._of("/v1/traces")]
        scopes = [s for one in found for r in one.resource_spans for s in r.scope_spans]
        return [span for scope in scopes for span in scope.spans]

    def resource(self) -> dict[str, str]:
        first = ExportTraceServiceRequest.FromString(self._of("/v1/traces")[0]).resource_spans[0]
        return {one.key: one.value.string_value for one in first.resource.attributes}

    def points(self) -> dict[str, list[Any]]:
        """The histograms as they were sent last, by name."""
        last = ExportMetricsServiceRequest.FromString(self._of("/v1/metrics")[-1])
        scopes = [s for r in last.resource_metrics for s in r.scope_metrics]
        return {
            one.name: list(one.histogram.data_points)
            for scope in scopes
            if scope.scope.name == "cloakroom"
            for one in scope.metrics
        }


def facts(of: Any) -> dict[str, Any]:
    """The attributes of a span or of a point."""
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in of.attributes}


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver, for as long as the block runs."""
    one = Receiver()
    thread = threading.Thread(target=one.server.serve_forever)
    thread.start()
    try:
        yield one
    finally:
        one.server.shutdown()
        one.server.server_close()
        thread.join()
