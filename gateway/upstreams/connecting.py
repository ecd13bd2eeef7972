"""What a connection to an upstream is made of, read off its settings.

Raises:
    ConfigError: a URL, a certificate file or a forwarded header's name is not usable; the key in
        the configuration is named, no value is repeated.
"""

from __future__ import annotations

import ssl
from typing import Final

from yarl import URL

from gateway.errors import ConfigError, Problem
from gateway.settings import Upstream as UpstreamSettings

# Set by us, or about the connection and not the request: `forward_headers` cannot name them.
_RESERVED: Final = frozenset(
    {"accept", "accept-encoding", "authorization", "connection", "content-encoding"}
    | {"content-length", "content-type", "cookie", "expect", "host", "keep-alive"}
    | {"proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade", "user-agent"}
    | {"anthropic-beta", "anthropic-version", "api-key", "x-api-key", "x-request-id"}
    | {"baggage", "traceparent", "tracestate"}
)


def base_url(settings: UpstreamSettings) -> URL:
    """The URL below which the server's endpoints stand."""
    url = _url(settings.base_url)
    plain = url is not None and not (url.query_string or url.fragment or url.user or url.password)
    if url is None or not plain:
        raise _unusable(settings, "base_url", "is not a plain http:// or https:// URL")
    return url


def proxy_url(settings: UpstreamSettings) -> URL | None:
    """The proxy through which the server is reached, if any."""
    if settings.proxy_url is None:
        return None
    url = _url(settings.proxy_url)
    if url is None:
        raise _unusable(settings, "proxy_url", "is not an http:// or https:// URL")
    return url


def ssl_context(settings: UpstreamSettings) -> ssl.SSLContext:
    """TLS 1.2 or later; with `ca_file`, that authority and no other is trusted."""
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
    except (OSError, ssl.SSLError):
        raise _unusable(settings, "ca_file", "is not a readable PEM file") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.client_cert_file is not None:
        try:
            context.load_cert_chain(settings.client_cert_file, settings.client_key_file)
        except (OSError, ssl.SSLError):
            message = "is not a readable PEM certificate with its key"
            raise _unusable(settings, "client_cert_file", message) from None
    return context


def forwardable(settings: UpstreamSettings) -> frozenset[str]:
    """The names of the caller's headers that are sent on."""
    names = frozenset(name.lower() for name in settings.forward_headers)
    if reserved := sorted(names & _RESERVED):
        message = f"cannot name {', '.join(reserved)}: the gateway sets it"
        raise _unusable(settings, "forward_headers", message)
    return names


def _url(text: str) -> URL | None:
    try:
        url = URL(text)
    except ValueError:
        return None
    return url if url.scheme in {"http", "https"} and url.host else None


def _unusable(settings: UpstreamSettings, key: str, message: str) -> ConfigError:
    where = f"upstreams.{settings.name}.{key}"
    return ConfigError([Problem(file="", line=0, key=where, message=message)])
