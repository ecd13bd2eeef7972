"""The reports: what they say, and that a text cannot break out of them."""

from __future__ import annotations

from html.parser import HTMLParser

from gateway.evaluation import html, report
from gateway.evaluation.latency import Latency
from gateway.evaluation.mistakes import mistakes
from gateway.evaluation.report import ALL, Result
from gateway.evaluation.score import Case, Found, Gold, score, scored_cases

EVIL = '<script>alert("x")</script>'
TEXT = f"{EVIL} Anna\n\x1b[2J & \u202eBerg"
START = TEXT.index("Anna")


def result(system: str = "ours", *, found: bool = False) -> Result:
    end = len(TEXT)
    gold = (Gold(START, end, "PERSON"),)
    of = [Found(START, end, "PERSON")] if found else [Found(0, 5, "PERSON", recognizer="<rule>")]
    cases = scored_cases(
        [
            Case("one", 1, TEXT, gold, tuple(of), "de"),
            Case("two", 7, TEXT, gold, tuple(of), "de"),
            Case("two", 8, "Rom", (Gold(0, 3, "LOCATION"),), (), "it"),
        ]
    )
    latency = Latency(3, 4_400, 0.5, 0.6, 1.0, 2.0)
    return Result(system, score(cases), {"one": 1, "two": 2}, latency, mistakes(cases, 60, 5))


class Reader(HTMLParser):
    """Collects tags, and checks that they close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        assert not {name for name, _ in attrs if name.startswith("on")}
        assert not {"src", "href"} & {name for name, _ in attrs}
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_rows_by_type_end_with_sums():
    rows = report.by_type(result().cells)
    assert [(row.corpus, row.key, row.tally.gold) for row in rows] == [
        ("one", "PERSON", 1),
        ("one", ALL, 1),
        ("two", "LOCATION", 1),
        ("two", "PERSON", 1),
        ("two", ALL, 2),
        (ALL, "LOCATION", 1),
        (ALL, "PERSON", 2),
        (ALL, ALL, 3),
    ]


def test_rows_by_language():
    rows = report.by_language(result().cells)
    assert [(row.corpus, row.key, row.tally.gold) for row in rows] == [
        ("one", "de", 1),
        ("two", "de", 1),
        (ALL, "de", 2),
        ("two", "it", 1),
    ]


def test_systems_stand_side_by_side():
    rows = report.beside([result("ours", found=True), result("peer")], report.by_type)
    assert [name for _, name in rows[:4]] == ["ours", "peer", "ours", "peer"]
    assert [row.tally.exact for row, _ in rows[:2]] == [1, 0]


def test_the_page_is_whole_and_harmless():
    page = html.page([result("ours"), result("peer & co")], "made <now>")
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    assert "script" not in reader.seen
    assert {"caption", "svg", "details", "mark", "bdi"} <= set(reader.seen)
    assert "http" not in page
    said = "".join(reader.text)
    assert report.WARNING in said
    assert EVIL in said  # as text
    assert "peer & co" in said
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert "prefers-color-scheme: dark" in page


def test_the_plain_report():
    text = report.text([result()])
    assert report.WARNING in text
    assert "500.00 CPU ms per 1,000 tokens" in text
    assert f"  1: {EVIL} [[Anna⏎\ufffd[2J & \ufffdBerg]]" in text
    assert "one, missed, PERSON" in text
    assert "one, false finding, PERSON" in text
    assert "\x1b" not in text


def test_intervals_and_empty_figures():
    (row, *_) = report.by_type(result(found=True).cells)
    figures = dict(zip(report.HEADINGS, report.figures(row.tally), strict=True))
    assert figures["gold"] == "1"
    assert figures["R exact"] == "1.000 [0.21-1.00]"
    assert figures["F2"] == "1.000"
    plain = dict(zip(report.HEADINGS, report.figures(row.tally, intervals=False), strict=True))
    assert plain["R exact"] == "1.000"
    assert report.figures(row.tally.__class__())[2:] == ["-"] * 8


def test_the_document_holds_counts_and_no_text():
    (system,) = report.document([result(found=True)])["systems"]  # type: ignore[misc]
    assert system["total"]["gold"] == 3
    assert system["total"]["exact"]["recall_counts"] == [2, 3]
    assert system["corpora"]["two"]["texts"] == 2
    assert system["corpora"]["two"]["types"]["PERSON"]["exact"]["f2"] == 1
    assert system["corpora"]["two"]["languages"]["it"]["exact"]["recall"] == 0
    assert system["latency"]["cpu_ms_per_1k_tokens"] == 500
    assert "Anna" not in str(system)
