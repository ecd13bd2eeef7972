"""Ends with 0 if the gateway is ready to take requests: the image's health check.

CLOAKROOM_HEALTH_URL names another address than http://127.0.0.1:8080/readyz. Under https the
certificate is checked: name a host that it holds, and its issuer in SSL_CERT_FILE.
"""

from __future__ import annotations

import http.client
import os
import sys
from urllib.parse import urlsplit

DEFAULT = "http://127.0.0.1:8080/readyz"
TIMEOUT_S = 2.0


def is_ready(url: str) -> bool:
    """Whether the address answers with 200. Nothing is asked through a proxy."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", parts.path or "/")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if is_ready(os.environ.get("CLOAKROOM_HEALTH_URL", DEFAULT)) else 1)
