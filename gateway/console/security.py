"""What keeps a page from doing anything but being read: headers, cookies, visible marks. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

SESSION_COOKIE: Final = "__Host-cloakroom"
FORM_COOKIE: Final = "__Host-cloakroom-form"

HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "content-security-policy": (
            "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; "
            "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
            "require-trusted-types-for 'script'; trusted-types default"
        ),
        "cache-control": "no-store",
        "cross-origin-embedder-policy": "require-corp",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "x-robots-tag": "noindex",
    }
)
"""On every answer of the console. No script runs but the two files of ours, none in a page."""

_LINES: Final = frozenset("\n\t")


def cookie(name: str, value: str, max_age: int | None = None) -> str:
    """A `set-cookie` header: for this host alone, never for scripts, never from another site.

    Without `max_age` the cookie lasts as long as the browser; 0 takes it back.
    """
    age = "" if max_age is None else f"; Max-Age={max_age}"
    return f"{name}={value}; Path=/; Secure; HttpOnly; SameSite=Strict{age}"


def from_elsewhere(headers: Mapping[str, str]) -> bool:
    """Whether a browser says that another site's page sent this form."""
    return headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")


def visible(text: str) -> str:
    """The text with marks that would not be seen, or turn it around, written out."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(f"\u27e8U+{ord(one):04X}\u27e9" if _is_hidden(one) else one for one in text)


def _is_hidden(one: str) -> bool:
    if one in _LINES:
        return False
    return unicodedata.category(one) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
