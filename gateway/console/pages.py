"""The pages as text: templates that escape whatever is put into them, and files beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import Response

from gateway.audit.grammar import TIMESTAMP
from gateway.console.security import HEADERS, visible
from gateway.console.statics import BY_NAME, FILES
from gateway.entity_types import MEANINGS

_FOLDER: Final = Path(__file__).parent


_FOR_GOOD: Final = "public, max-age=31536000, immutable"


def when(value: object) -> object:
    """A time of a record as people read it; anything else as it is."""
    if not isinstance(value, str) or not TIMESTAMP.fullmatch(value):
        return value
    words = f"{value[:10]} {value[11:19]} UTC"
    return Markup('<time datetime="{}">{}</time>').format(value, words)


def _shown(value: object) -> object:
    """Every value that a template writes goes through here; markup is of our own making."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


_TEMPLATES: Final = Environment(
    loader=FileSystemLoader(_FOLDER / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    finalize=_shown,
)
_TEMPLATES.globals["static"] = {name: one.address for name, one in FILES.items()}
_TEMPLATES.globals["entity_types"] = sorted(MEANINGS)
_TEMPLATES.filters["when"] = when


def page(template: str, status: int = 200, **values: Any) -> Response:
    """A page; what it is given is text, not markup."""
    body = _TEMPLATES.get_template(template).render(**values)
    return Response(body, status, HEADERS, "text/html; charset=utf-8")


def redirect(path: str) -> Response:
    """Go on at a page of ours, with GET."""
    return Response(b"", 303, {**HEADERS, "location": path})


def static(name: str) -> Response | None:
    """A file that the pages use; None where there is none of this name."""
    found = BY_NAME.get(name)
    if found is None:
        return None
    return Response(found.body, 200, {**HEADERS, "cache-control": _FOR_GOOD}, found.kind)
