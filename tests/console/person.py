"""Somebody at the console of a gateway process, without a browser."""

from __future__ import annotations

import time
from http.client import HTTPConnection
from re import search
from urllib.parse import urlencode

PASSWORD = "correct horse battery"


class Person:
    """Somebody at the console, over one connection."""

    def __init__(self, port: int) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=120)
        self._cookies: dict[str, str] = {}
        self._token = ""

    def ask(self, method: str, path: str, form: dict[str, str] | None = None) -> tuple[str, float]:
        """The page, and how many milliseconds it took."""
        headers = {"cookie": "; ".join(f"{name}={it}" for name, it in self._cookies.items())}
        body = None
        if form is not None:
            headers["content-type"] = "application/x-www-form-urlencoded"
            body = urlencode({"form_token": self._token, **form})
        begun = time.perf_counter()
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        text = answer.read().decode()
        took = (time.perf_counter() - begun) * 1000
        assert answer.status in (200, 303), (path, answer.status, text[:2000])
        for line in answer.headers.get_all("set-cookie") or []:
            name, _, rest = line.partition("=")
            self._cookies[name] = rest.partition(";")[0]
        if found := search(r'name="form_token" value="([0-9a-f]{64})"', text):
            self._token = found.group(1)
        return text, took

    def leave(self) -> None:
        self._connection.close()

    def sign_in(self, name: str) -> None:
        self.ask("GET", "/console/login")
        self.ask("POST", "/console/login", {"name": name, "password": PASSWORD})
