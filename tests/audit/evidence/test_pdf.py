"""The summary is a PDF that can be read: its objects, its pages and every word on them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.evidence.pdf import MARGIN, PAGE, Bar, render, text_width, wrapped
from gateway.audit.evidence.tables import Report, Section, Table
from tests.audit.evidence.packs import make, pack

_TEXT = re.compile(rb"BT /F([12]) ([\d.]+) Tf ([\d.-]+) ([\d.-]+) Td \(((?:[^()\\]|\\.)*)\) Tj ET")
_BOX = re.compile(rb"([\d.]+) g ([\d.-]+) ([\d.-]+) ([\d.-]+) ([\d.-]+) re f")


def objects(content: bytes) -> dict[int, bytes]:
    """A reader of its own: by the table of offsets at the end, as the standard has it."""
    start = int(re.search(rb"startxref\n(\d+)\n%%EOF\n$", content)[1])  # type: ignore[index]
    count = int(re.match(rb"xref\n0 (\d+)\n", content[start:])[1])  # type: ignore[index]
    entries = content[start:].split(b"\n")[2 : 2 + count]
    assert all(len(one) == 19 for one in entries)  # and the line end: 20 bytes
    found = {}
    for number, entry in enumerate(entries[1:], 1):
        body = content[int(entry[:10]) :]
        head = f"{number} 0 obj\n".encode()
        assert body.startswith(head)
        found[number] = body[len(head) : body.index(b"\nendobj\n")]
    return found


def pages(content: bytes) -> list[bytes]:
    found = objects(content)
    kids = re.search(rb"/Count (\d+) /Kids \[([^]]*)\]", found[2])
    assert kids is not None
    numbers = [int(one) for one in re.findall(rb"(\d+) 0 R", kids[2])]
    assert len(numbers) == int(kids[1])
    streams = []
    for number in numbers:
        inside = found[int(re.search(rb"/Contents (\d+) 0 R", found[number])[1])]  # type: ignore[index]
        length = re.match(rb"<< /Length (\d+) >>\nstream\n", inside)
        assert length is not None
        stream = inside[length.end() : length.end() + int(length[1])]
        assert inside[length.end() + int(length[1]) :] == b"\nendstream"
        streams.append(stream)
    return streams


def texts(content: bytes) -> list[str]:
    return [
        re.sub(rb"\\(.)", rb"\1", one[4]).decode("cp1252")
        for page in pages(content)
        for one in _TEXT.findall(page)
    ]


def table(rows: int) -> Table:
    cells = tuple((f"name-{number}", f"{number:,}") for number in range(rows))
    return Table("Numbers", ("name", "count"), cells, frozenset({1}))


def report(*tables: Table) -> Report:
    return Report("A report", (Section("A section", ("A sentence.",), tables),), {})


def test_the_summary_of_a_pack_can_be_read(tmp_path: Path):
    pack(make(tmp_path), tmp_path / "pack")
    found = " ".join(texts((tmp_path / "pack" / "summary.pdf").read_bytes()))
    for words in ("Audit evidence of example.org/log", "Recipients", "openai", "Outages and gaps"):
        assert words in found
    assert "page 1 of" in found


def test_every_cell_of_a_table_is_there_and_headings_come_again():
    content = render(
        "T", ["Lead."], ("Chart", [Bar("one", 3), Bar("none", 0)]), [report(table(60))]
    )
    found = texts(content)
    assert [one for one in found if one.startswith("name-")] == [f"name-{n}" for n in range(60)]
    assert len(pages(content)) == 2
    assert found.count("name") == 2
    assert {"T", "Lead.", "Chart", "A report", "A section", "A sentence.", "one", "3"} <= {*found}


def test_a_long_table_says_what_it_leaves_out():
    assert "1 more rows are in the files of the pack." in texts(
        render("T", [], ("Chart", []), [report(table(61))])
    )


def test_nothing_runs_off_the_page():
    wide = Table("Wide", ("a", "b", "c"), ((("x" * 300), "word " * 80, "(1\\2)"),) * 9)
    content = render("T", ["long " * 300], ("Chart", [Bar("label " * 40, 10**9)]), [report(wide)])
    for page in pages(content):
        for font, size, x, y, text in _TEXT.findall(page):
            shown = re.sub(rb"\\(.)", rb"\1", text).decode("cp1252")
            width = text_width(shown, float(size), bold=font == b"2")
            assert float(x) >= MARGIN
            assert float(x) + width <= PAGE[0] - MARGIN + 0.1
            assert MARGIN - 20 <= float(y) <= PAGE[1] - MARGIN
        for _, x, _, width, height in _BOX.findall(page):
            assert float(x) + float(width) <= PAGE[0] - MARGIN + 0.1
            assert float(height) > 0


def test_bars_are_as_long_as_their_counts():
    content = render("T", [], ("Chart", [Bar("a", 100), Bar("b", 25), Bar("c", 0)]), [])
    widths = [float(one[3]) for one in _BOX.findall(pages(content)[0])]
    assert widths == [250, 62.5, 0]


@pytest.mark.parametrize(
    ("text", "shown"),
    [("(a\\b)", "(a\\b)"), ("ü – €", "ü – €"), ("日本", "??"), ("tab\there", "tab here")],
)
def test_text_of_any_kind_is_a_string(text: str, shown: str):
    assert shown in texts(render(text, [], ("Chart", []), []))


def test_equal_input_gives_equal_bytes():
    made = [render("T", ["x"], ("C", [Bar("a", 1)]), [report(table(3))]) for _ in range(2)]
    assert made[0] == made[1]


@given(st.text(max_size=300), st.integers(20, 500))
def test_wrapping_loses_nothing(text: str, width: int):
    lines = wrapped(text, 9.0, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(text_width(line, 9.0) <= width for line in lines if len(line) > 1)
