"""A browser for the tests: it keeps cookies, sends forms with their token, and runs no script."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import urlencode

from starlette.types import ASGIApp

_TOKEN = re.compile(r'name="form_token" value="([0-9a-f]{64})"')


@dataclass(frozen=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        return dict(self.headers).get(name, "")

    @property
    def cookies(self) -> list[str]:
        return [value for name, value in self.headers if name == "set-cookie"]

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def main(self) -> str:
        """The page without its head and its menu."""
        return self.text[self.text.index("<main") :]

    @property
    def words(self) -> str:
        """What can be read on the page, without its marks."""
        return " ".join(unescape(re.sub(r"<[^>]*>", " ", self.text)).split())


class Browser:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.cookies: dict[str, str] = {}
        self.form_token = ""

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.send("GET", path, b"", headers)

    async def post(
        self, path: str, form: dict[str, str] | None = None, *, token: str | None = None,
        **headers: str,
    ) -> Answer:  # fmt: skip
        """A form as the page that was last seen sends it."""
        fields = {"form_token": self.form_token if token is None else token, **(form or {})}
        kind = {"content-type": "application/x-www-form-urlencoded"}
        return await self.send("POST", path, urlencode(fields).encode(), kind | headers)

    async def send(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        held = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        every = {"host": "gateway", **({"cookie": held} if held else {})}
        every |= {name.replace("_", "-"): value for name, value in headers.items()}
        answer = await call(self._app, method, path, body, every)
        for line in answer.cookies:
            name, _, rest = line.partition("=")
            value = rest.partition(";")[0]
            if value:
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)
        if found := _TOKEN.search(answer.body.decode(errors="replace")):
            self.form_token = found.group(1)
        return answer

    async def sign_in(self, name: str, password: str) -> Answer:
        await self.get("/console/login")
        return await self.post("/console/login", {"name": name, "password": password})


async def call(
    app: ASGIApp, method: str, path: str, body: bytes, headers: dict[str, str]
) -> Answer:
    """One request to an ASGI application."""
    sent: list[Any] = []
    asked = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Any:
        if not asked:
            await asyncio.Event().wait()  # the browser stays
        return asked.pop()

    async def send(message: Any) -> None:
        sent.append(message)

    where, _, query = path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "https",
        "path": where,
        "raw_path": where.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "server": ("gateway", 443),
        "client": ("127.0.0.1", 1),
    }
    await app(scope, receive, send)
    found = [(name.decode(), value.decode()) for name, value in sent[0]["headers"]]
    return Answer(sent[0]["status"], found, b"".join(one.get("body", b"") for one in sent[1:]))
