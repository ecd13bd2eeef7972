"""Charts: well-formed, readable without eyes or colours, in proportion."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from gateway.cli.chart import Bar, svg_bars, text_bar

SPACE = "{http://www.w3.org/2000/svg}"
BARS = [Bar("many", 1200, "#b3261e"), Bar("few", 3, "#1b6e3c"), Bar("none", 0, "#4a5a8a")]


def drawn(*bars: Bar, title: str = "What changes") -> ET.Element:
    return ET.fromstring(svg_bars(title, bars, counted="requests", by="change"))


def texts(root: ET.Element) -> list[str]:
    return [one.text or "" for one in root.iter(f"{SPACE}text")]


def widths(root: ET.Element) -> list[int]:
    return [int(one.attrib["width"]) for one in list(root.iter(f"{SPACE}rect"))[1:]]


def test_a_chart_says_everything_in_words():
    root = drawn(*BARS)
    for word in ("What changes", "requests", "change", "many", "few", "none", "1,200", "3", "0"):
        assert word in texts(root)
    assert root.attrib["role"] == "img"
    named = {one.attrib.get("id") for one in root}
    assert set(root.attrib["aria-labelledby"].split()) <= named
    assert root.findtext(f"{SPACE}title") == "What changes"
    assert root.findtext(f"{SPACE}desc") == "requests by change. many: 1,200; few: 3; none: 0."


def test_bars_are_in_proportion_and_what_is_little_is_seen():
    assert widths(drawn(*BARS)) == [400, 2, 0]
    assert widths(drawn(Bar("a", 4, "#000000"), Bar("b", 1, "#000000"))) == [400, 100]


def test_a_chart_fits_its_frame():
    root = drawn(*BARS)
    assert int(root.attrib["height"]) > 3 * 30
    assert root.attrib["viewBox"] == f"0 0 {root.attrib['width']} {root.attrib['height']}"


def test_a_chart_of_nothing():
    assert widths(drawn(Bar("a", 0, "#000000"))) == [0]
    assert drawn().findtext(f"{SPACE}desc") == "requests by change. nothing."


def test_names_are_no_markup():
    root = drawn(Bar('<b>&"', 1, "#000000"), title="</title>")
    assert '<b>&"' in texts(root)
    assert root.findtext(f"{SPACE}title") == "</title>"


def test_a_chart_needs_nothing_from_elsewhere():
    source = svg_bars("t", BARS, counted="c", by="b")
    assert source.count("http") == 1  # the name of the format
    assert "script" not in source


@pytest.mark.parametrize(
    ("count", "most", "length"), [(0, 10, 0), (10, 10, 30), (5, 10, 15), (1, 1000, 1), (0, 0, 0)]
)
def test_bars_in_the_terminal(count: int, most: int, length: int):
    assert text_bar(count, most) == "█" * length
