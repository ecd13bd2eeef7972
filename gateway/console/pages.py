"""The pages as text: templates that escape whatever is put into them, and the stylesheet."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import Response

from gateway.console.security import HEADERS, visible

_FOLDER: Final = Path(__file__).parent


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
_STYLE: Final = (_FOLDER / "static" / "console.css").read_bytes()


def page(template: str, status: int = 200, **values: Any) -> Response:
    """A page; what it is given is text, not markup."""
    body = _TEMPLATES.get_template(template).render(**values)
    return Response(body, status, HEADERS, "text/html; charset=utf-8")


def redirect(path: str) -> Response:
    """Go on at a page of ours, with GET."""
    return Response(b"", 303, {**HEADERS, "location": path})


def stylesheet() -> Response:
    """The one stylesheet."""
    return Response(_STYLE, 200, {**HEADERS, "cache-control": "no-cache"}, "text/css")
