"""Headers, cookies, and marks that are written out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.console.security import HEADERS, cookie, from_elsewhere, visible


def test_the_policy_lets_only_our_files_run_and_nothing_be_framed():
    parts = [part.split(maxsplit=1) for part in HEADERS["content-security-policy"].split(";")]
    policy = dict(parts)
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["base-uri"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert policy["trusted-types"] == "default"
    assert "object-src" not in policy
    assert "unsafe" not in HEADERS["content-security-policy"]


def test_cookies_are_for_this_host_and_no_script():
    made = cookie("__Host-x", "v")
    assert made == "__Host-x=v; Path=/; Secure; HttpOnly; SameSite=Strict"
    assert cookie("__Host-x", "", 0).endswith("; Max-Age=0")


@pytest.mark.parametrize(
    ("site", "elsewhere"),
    [("same-origin", False), ("none", False), ("same-site", True), ("cross-site", True)],
)
def test_a_browser_tells_where_a_form_came_from(site: str, elsewhere: bool):
    assert from_elsewhere({"sec-fetch-site": site}) is elsewhere
    assert not from_elsewhere({})


@pytest.mark.parametrize(
    "code", [0x202E, 0x2066, 0x200F, 0x200B, 0xFEFF, 0x00AD, 0x1B, 0x00, 0x2028, 0xE0041]
)
def test_marks_that_are_not_seen_are_written_out(code: int):
    assert visible(f"a{chr(code)}b") == f"a\u27e8U+{code:04X}\u27e9b"


@given(st.text(st.characters(categories=["L", "N", "P", "S", "M", "Zs"]), max_size=50))
def test_what_can_be_seen_stays(text: str):
    assert visible(text) == text
    assert visible(f"{text}\n\tx") == f"{text}\n\tx"
