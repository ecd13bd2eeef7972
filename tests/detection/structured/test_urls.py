"""URLs with and without a scheme; not code, files or the names of standards."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detection.structured.context import Reading
from gateway.detection.structured.urls import urls
from tests.detection.marked import found, unmarked


@pytest.mark.parametrize(
    "marked",
    [
        "see <{https://www.acme-widgets.com/docs}>",
        "visit {www.example.com} today",
        "{example.co.uk/path} has it.",
        "my site {anna-schmidt.de}, look",
        "profile: {https://www.linkedin.com/in/anna-schmidt/}.",
        "{https://app.example.com/users/anna.schmidt?tab=1#x}",
        "({http://shop.de/a_(b)})",
        "[site]({https://shop.de/a})",
        "{ftp://files.example.org/pub/anna.zip}",
        "Check {http://192.168.1.20:8080/admin}",
        "{http://[2001:db8::7]:8080/}",
        "click {HTTPS://EXAMPLE.ORG/ABC}",
        "{twitter.com/annaschmidt}",
        "{https://host.com/reset?email=a%40b.com}",
        "{www.bücher.de/neu}",
        "{https://müller.example/über}!",
        "{https://bob@host.com/x}",
        "the host {srv-97.pepita.es}",
        '"homepage": "{https://anna.blog}",',
        "{custom-app://x.com/?user=anna}",
    ],
)
def test_finds(marked: str):
    text, value = unmarked(marked, "{}")
    assert found(text, urls) == [("URL", value)]


@pytest.mark.parametrize(
    "text",
    [
        'xmlns="http://www.w3.org/2000/svg"',
        "https://registry.npmjs.org/lodash/-/lodash-4.17.21.tgz",
        "https://opensource.org/licenses/MIT",
        "http://localhost:8080/health and http://127.0.0.1/",
        "http://{host}/path and ://x and https://",
        "import os.path; from foo.bar import baz; obj.com(); x.net[1]",
        "README.md, node.js, script.py, model.pt, tool.pl",
        "github.com/spf13/cobra and golang.org/x/net",
        "mail a@b.com",
        "self.assertEqual(a.b.c, d.e.f)",
        "e.g. this and i.e. that",
        "std::string",
    ],
)
def test_leaves_alone(text: str):
    assert found(text, urls) == []


def test_what_is_personal_is_surer():
    plain, personal = (
        next(iter(urls(Reading(text)))).score
        for text in ("https://shop.de/list", "https://shop.de/users/anna")
    )
    assert plain < personal


@given(st.text("ab./:@?#()[]%-", max_size=40).map("https://a.de/{}".format))
def test_spans_lie_within_the_text(text: str):
    for span in urls(Reading(text)):
        assert 0 <= span.start < span.end <= len(text)
        assert text[span.start : span.end].startswith(("https://", "a"))
