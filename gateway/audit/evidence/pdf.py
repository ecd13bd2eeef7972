"""A small PDF writer: headings, sentences, tables and bars on A4, in the standard fonts.

Made for the summary of an evidence pack. Equal input gives equal bytes: there is no clock, no
random id and no compression, whose output differs between library versions. The format is ISO
32000-1: text in WinAnsiEncoding, widths of Helvetica from Adobe's font metrics. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from gateway.audit.evidence.tables import Report, Table

PAGE: Final = (595, 842)  # points; A4
MARGIN: Final = 48
BODY: Final = 9.0
LEADING: Final = 1.35
PAD: Final = 3.0
MOST_ROWS: Final = 60  # of a table; the other files have all

_WIDTHS: Final = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
    611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
    667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500,
    222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
)  # fmt: skip
"""Of Helvetica's characters from space on, in thousandths of the size."""

_BOLD: Final = 1.1  # no line is wider in Helvetica-Bold by more than this


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of the chart."""

    label: str
    count: int


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """The width of a line in points; characters outside ASCII count as wide ones."""
    units = sum(_WIDTHS[ord(one) - 32] if 32 <= ord(one) < 127 else 667 for one in text)
    return units * size * (_BOLD if bold else 1.0) / 1000


def wrapped(text: str, size: float, width: float, *, bold: bool = False) -> list[str]:
    """The lines of a text; a word that is wider than a line is broken."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        joined = f"{line} {word}" if line else word
        if text_width(joined, size, bold=bold) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        while text_width(word, size, bold=bold) > width and len(word) > 1:
            cut = len(word) - 1
            while cut > 1 and text_width(word[:cut], size, bold=bold) > width:
                cut -= 1
            lines.append(word[:cut])
            word = word[cut:]  # noqa: PLW2901
        line = word
    return [*lines, line] if line or not lines else lines


@dataclass(slots=True)
class _Paper:
    """Pages that fill from the top."""

    pages: list[list[str]] = field(default_factory=lambda: [[]])
    top: float = PAGE[1] - MARGIN

    @property
    def width(self) -> float:
        return PAGE[0] - 2 * MARGIN

    def room(self, height: float) -> bool:
        """Make sure that so much fits; whether a page had to be begun."""
        if self.top - height >= MARGIN + 20:
            return False
        self.pages.append([])
        self.top = PAGE[1] - MARGIN
        return True

    def text(self, x: float, y: float, text: str, size: float, *, bold: bool = False) -> None:
        font = "F2" if bold else "F1"
        self.pages[-1].append(f"BT /{font} {size:g} Tf {x:.2f} {y:.2f} Td ({_escaped(text)}) Tj ET")

    def box(self, x: float, y: float, width: float, height: float, grey: float) -> None:
        self.pages[-1].append(f"{grey:g} g {x:.2f} {y:.2f} {width:.2f} {height:.2f} re f 0 g")

    def paragraph(self, text: str, size: float = BODY, *, bold: bool = False) -> None:
        for line in wrapped(text, size, self.width, bold=bold):
            self.room(size * LEADING)
            self.top -= size * LEADING
            self.text(MARGIN, self.top, line, size, bold=bold)
        self.top -= size * 0.5

    def table(self, table: Table) -> None:
        self.paragraph(table.title if table.rows else f"{table.title}: none.", bold=True)
        if not table.rows:
            return
        shares = table.widths or (1,) * len(table.headings)
        widths = [self.width * share / sum(shares) for share in shares]
        self._row(table.headings, widths, table.figures, heading=True)
        for row in table.rows[:MOST_ROWS]:
            self._row(row, widths, table.figures, above=table.headings)
        left = len(table.rows) - MOST_ROWS
        self.top -= BODY
        if left > 0:
            self.paragraph(f"{left:,} more rows are in the files of the pack.")

    def _row(
        self,
        cells: Sequence[str],
        widths: Sequence[float],
        figures: frozenset[int],
        *,
        heading: bool = False,
        above: Sequence[str] = (),
    ) -> None:
        columns = [
            wrapped(cell, BODY, width - 2 * PAD, bold=heading)
            for cell, width in zip(cells, widths, strict=True)
        ]
        height = max(map(len, columns)) * BODY * LEADING + PAD
        if self.room(height) and above:
            self._row(above, widths, figures, heading=True)
        if heading:
            self.box(MARGIN, self.top - height, self.width, height, 0.9)
        left = float(MARGIN)
        for at, (lines, width) in enumerate(zip(columns, widths, strict=True)):
            for number, line in enumerate(lines, 1):
                x = left + PAD
                if at in figures:
                    x = left + width - PAD - text_width(line, BODY, bold=heading)
                self.text(x, self.top - number * BODY * LEADING, line, BODY, bold=heading)
            left += width
        self.top -= height
        self.box(MARGIN, self.top - 1, self.width, 0.4, 0.7)

    def bars(self, title: str, bars: Sequence[Bar]) -> None:
        self.room(BODY * 4)
        self.paragraph(title if bars else f"{title}: none.", bold=True)
        most = max((bar.count for bar in bars), default=0)
        for bar in bars[:MOST_ROWS]:
            self.room(16)
            self.top -= 16
            label = wrapped(bar.label, BODY, 150)[0]
            self.text(MARGIN, self.top + 3, label, BODY)
            length = max(250 * bar.count / max(most, 1), 1.0 if bar.count else 0.0)
            self.box(MARGIN + 160, self.top, length, 11, 0.35)
            self.text(MARGIN + 166 + length, self.top + 3, f"{bar.count:,}", BODY)
        self.top -= BODY


def render(
    title: str, lead: Iterable[str], chart: tuple[str, Sequence[Bar]], reports: Iterable[Report]
) -> bytes:
    """The bytes of a PDF: a title, sentences, a bar chart, then reports with their tables."""
    paper = _Paper()
    paper.paragraph(title, 18, bold=True)
    for sentence in lead:
        paper.paragraph(sentence)
    paper.bars(*chart)
    for report in reports:
        paper.room(90)
        paper.top -= 6
        paper.paragraph(report.title, 14, bold=True)
        for section in report.sections:
            paper.room(60)
            paper.paragraph(section.title, 11, bold=True)
            for sentence in section.sentences:
                paper.paragraph(sentence)
            for table in section.tables:
                paper.table(table)
    for number, page in enumerate(paper.pages, 1):
        text = f"{title} - page {number} of {len(paper.pages)}"
        page.append(f"BT /F1 8 Tf {MARGIN} {MARGIN - 14} Td ({_escaped(text)}) Tj ET")
    return _file(title, ["\n".join(page) for page in paper.pages])


def _escaped(text: str) -> str:
    """A string of the content stream, as the characters of its bytes."""
    content = text.encode("cp1252", "replace").decode("latin-1")
    content = "".join(one if " " <= one != "\x7f" else " " for one in content)
    return content.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def _file(title: str, pages: Sequence[str]) -> bytes:
    """Objects, their offsets, and where those stand (ISO 32000-1, section 7.5)."""
    first = 5  # the first page's object; each has one of content after it
    kids = " ".join(f"{first + 2 * at} 0 R" for at in range(len(pages)))
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /{} /Encoding /WinAnsiEncoding >>"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R /Lang (en-GB) /ViewerPreferences << /DisplayDocTitle true "
        ">> >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>",
        font.format("Helvetica"),
        font.format("Helvetica-Bold"),
    ]
    for at, page in enumerate(pages):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {PAGE[0]} {PAGE[1]}] /Contents "
            f"{first + 2 * at + 1} 0 R /Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>"
        )
        length = len(page.encode("latin-1"))
        objects.append(f"<< /Length {length} >>\nstream\n{page}\nendstream")
    objects.append(f"<< /Title ({_escaped(title)}) /Producer (Cloakroom) >>")
    content = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets: list[int] = []
    for number, one in enumerate(objects, 1):
        offsets.append(len(content))
        content += f"{number} 0 obj\n{one}\nendobj\n".encode("latin-1")
    start = len(content)
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    count = len(objects) + 1
    content += (
        f"xref\n0 {count}\n0000000000 65535 f \n{table}trailer\n"
        f"<< /Size {count} /Root 1 0 R /Info {len(objects)} 0 R >>\nstartxref\n{start}\n%%EOF\n"
    ).encode("latin-1")
    return bytes(content)
