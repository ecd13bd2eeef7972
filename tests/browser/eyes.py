"""What is noticed while a page is looked at."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from tests.console.person import PASSWORD

if packages := os.environ.get("BROWSER_PACKAGES"):
    sys.path.append(packages)

WIDE, NARROW = 1280, 390
HEIGHT = 900
MOST_BYTES = 150_000
SHOTS = os.environ.get("BROWSER_SHOTS")
"""A folder for pictures of all pages, for people to look at."""

_AXE = """async () => (await axe.run(document, {
    resultTypes: ['violations'],
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  })).violations.filter(one => ['serious', 'critical'].includes(one.impact))
  .map(one => one.id + ': ' + one.nodes.map(node => node.target.join(' ')).join(', '))"""
_FOCUSED = """() => {
  const one = document.activeElement, style = getComputedStyle(one);
  const box = one.getBoundingClientRect();
  return {
    name: one === document.body ? '' : one.outerHTML.slice(0, 120),
    ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    seen: box.width > 0 && box.height > 0 && box.right > 0 && box.bottom > 0
      && box.left < innerWidth && box.top < innerHeight,
  };
}"""


@cache
def axe() -> str:
    """The source of axe-core."""
    packages = os.environ["BROWSER_PACKAGES"]
    return (Path(packages) / "axe_playwright_python" / "axe.min.js").read_text(encoding="utf-8")


@contextmanager
def browsing() -> Iterator[Any]:
    """A Chromium."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 -- only where it is installed

    with sync_playwright() as playwright:
        path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=path)
        yield browser
        browser.close()


@dataclass
class Eyes:
    """A tab of somebody who has signed in, and what was noticed in it."""

    page: Any
    url: str
    complaints: list[str] = field(default_factory=list)
    weight: int = 0

    def __post_init__(self) -> None:
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("dialog", self._asked)
        self.page.on("request", self._left)
        self.page.on("requestfailed", self._failed)
        self.page.on("response", self._came)

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def _failed(self, request: Any) -> None:
        if request.failure != "net::ERR_ABORTED":  # as every download is, for the page
            self.complaints.append(f"failed: {request.url}")

    def _asked(self, dialog: Any) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _left(self, request: Any) -> None:
        if not request.url.startswith(self.url):
            self.complaints.append(f"elsewhere: {request.url}")

    def _came(self, response: Any) -> None:
        if response.status >= 400 and not response.url.endswith("/favicon.ico"):
            self.complaints.append(f"{response.status}: {response.url}")

    def sign_in(self, name: str) -> None:
        """Sign in as anybody does."""
        self.page.goto(f"{self.url}/console/login")
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.get_by_role("heading", level=1).wait_for()
        assert self.page.url == f"{self.url}/console", self.page.inner_text("main")

    def look(self, address: str, width: int = WIDE, scheme: str = "light") -> Any:
        """Open a page; its answer."""
        self.complaints.clear()
        self.turn(width, scheme)
        return self.page.goto(self.url + address)

    def turn(self, width: int, scheme: str) -> None:
        """Give the window another width, and the system another colour scheme."""
        self.page.set_viewport_size({"width": width, "height": HEIGHT})
        self.page.emulate_media(color_scheme=scheme)

    def picture(self, name: str) -> None:
        """Keep a picture of the page, where somebody wants it."""
        if SHOTS:
            Path(SHOTS).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)

    def sideways(self) -> int:
        """By how much the page is wider than its window."""
        return int(self.page.evaluate("() => document.documentElement.scrollWidth - innerWidth"))

    def barriers(self) -> list[str]:
        """What axe finds that is serious or critical."""
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(axe())
        return list(self.page.evaluate(_AXE))

    def tabs(self) -> Iterator[dict[str, Any]]:
        """What the keyboard reaches, one by one."""
        for _ in range(200):
            self.page.keyboard.press("Tab")
            found = self.page.evaluate(_FOCUSED)
            if not found["name"]:
                return
            yield found
