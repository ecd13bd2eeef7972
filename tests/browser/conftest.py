"""A stage for all tests, and a signed-in tab for each role."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest

from tests.browser.eyes import Eyes, browsing
from tests.browser.stage import Stage, opened


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with opened(tmp_path_factory.mktemp("browser")) as made:
        yield made


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    with browsing() as browser:
        yield browser


@pytest.fixture(scope="session")
def seen_by(stage: Stage, chromium: Any) -> Callable[[str], Eyes]:
    """The tab of an account; the same one each time. With `plain=True` it runs no script."""

    @cache
    def eyes(name: str, plain: bool = False) -> Eyes:
        context = chromium.new_context(java_script_enabled=not plain)
        context.set_default_timeout(120_000)
        made = Eyes(context.new_page(), stage.url)
        made.sign_in(name)
        return made

    return eyes
