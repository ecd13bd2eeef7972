from __future__ import annotations

from pathlib import Path

import pytest

from gateway.training.data import LANGUAGES
from gateway.training.templates import FOLDER, SLOTS, Slot, TemplateError, load, parse


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("plain", ("plain",)),
        ("{person}", (Slot("person", 1),)),
        ("{last}s Büro in {city2}", (Slot("last", 1), "s Büro in ", Slot("city", 2))),
        ("{{{year}}}", ("{", Slot("year", 1), "}")),
        (r"a\nb\tc", ("a\nb\tc",)),
        ("{month_year} {person12}", (Slot("month_year", 1), " ", Slot("person", 12))),
    ],
)
def test_a_line_is_text_and_slots(line, parts):
    assert parse(line, "here").parts == parts


@pytest.mark.parametrize(
    "line", ["{", "}", "a {person", "person}", "{nobody}", "{}", "{Person}", "{person 2}", "{{a}"]
)
def test_a_wrong_line_is_named(line):
    with pytest.raises(TemplateError, match=r"^here: "):
        parse(line, "here")


def test_all_wrong_lines_are_named_with_file_and_line(tmp_path: Path):
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "news.txt").write_text("# a {comment}\n\nfine\n{oops}\n{also\n")
    with pytest.raises(TemplateError) as caught:
        load(tmp_path)
    assert "en/news.txt, line 4" in str(caught.value)
    assert "en/news.txt, line 5" in str(caught.value)
    assert "line 1" not in str(caught.value)


def test_doubles_count_once(tmp_path: Path):
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "news.txt").write_text("one {city}\ntwo\none {city}\n")
    assert len(load(tmp_path)["en"]["news"]) == 2


def test_the_shipped_templates_are_right():
    """Every file parses; every language has text of every genre."""
    templates = load(FOLDER)
    assert set(templates) == {*LANGUAGES, "any"}
    for lang in LANGUAGES:
        assert {"news", "web", "chat", "business", "records", "negatives"} <= set(templates[lang])


def test_negatives_have_no_slot_that_is_labelled():
    for lang, genres in load(FOLDER).items():
        for template in genres.get("negatives", ()):
            for part in template.parts:
                assert isinstance(part, str) or SLOTS[part.name] is None, (lang, template)
