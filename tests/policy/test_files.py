"""Policy files on disk: read together, and swapped as a whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.errors import ConfigError
from gateway.policy.files import PolicyStore, load_policies

GOOD = "version: 1\nid: {}\nrules: [{{name: {}, effect: mask}}]\n"


def write(path: Path, name: str) -> Path:
    path.write_text(GOOD.format(name, name))
    return path


def test_files_are_read_in_order(tmp_path: Path):
    one, two = write(tmp_path / "1.yaml", "one"), write(tmp_path / "2.yaml", "two")
    assert load_policies([one, two]).id == "one+two"
    assert [rule.name for rule in load_policies([two, one]).rules] == ["two", "one"]


def test_every_problem_is_told(tmp_path: Path):
    good = write(tmp_path / "good.yaml", "good")
    bad, odd = tmp_path / "bad.yaml", tmp_path / "odd.yaml"
    bad.write_text(
        "version: 1\nid: bad\nrules: [{name: x, effect: mask, when: {classes: [c]}, y: 1}]\n"
    )
    odd.write_text("a: &b 1\n")
    with pytest.raises(ConfigError) as caught:
        load_policies([good, tmp_path / "none.yaml", bad, odd])
    found = {(Path(one.file).name, one.message) for one in caught.value.problems}
    assert {name for name, _ in found} == {"none.yaml", "bad.yaml", "odd.yaml"}
    assert ("bad.yaml", "unknown key") in found


def test_a_class_may_stand_in_a_file_that_cannot_be_read(tmp_path: Path):
    user = tmp_path / "user.yaml"
    user.write_text("version: 1\nid: u\nrules: [{name: x, effect: mask, when: {classes: [c]}}]\n")
    with pytest.raises(ConfigError) as caught:
        load_policies([user, tmp_path / "none.yaml"])
    assert len(caught.value.problems) == 1
    with pytest.raises(ConfigError, match="undefined class"):
        load_policies([user])


def test_user_operators_are_passed_on(tmp_path: Path):
    path = tmp_path / "p.yaml"
    path.write_text("version: 1\nid: p\nrules: [{name: x, effect: mask, default_operator: own}]\n")
    assert PolicyStore([path], operators=frozenset({"own"})).reload()
    with pytest.raises(ConfigError):
        PolicyStore([path])


def test_a_reload_swaps_or_keeps(tmp_path: Path):
    path = write(tmp_path / "p.yaml", "one")
    store = PolicyStore([path])
    first = store.current
    assert first.id == "one"

    write(path, "two")
    assert store.current is first
    assert store.reload() is True
    second = store.current
    assert (second.id, first.id) == ("two", "one")
    assert second.digest != first.digest

    path.write_text("version: 1\nid: three\nrules: []\n")
    assert store.reload() is False
    assert store.current is second
    assert [one.line for one in store.problems] == [3]

    path.unlink()
    assert store.reload() is False
    assert "cannot be read" in store.problems[0].message

    write(path, "four")
    assert store.reload() is True
    assert (store.current.id, store.problems) == ("four", ())


def test_there_is_no_start_with_a_bad_file(tmp_path: Path):
    with pytest.raises(ConfigError):
        PolicyStore([tmp_path / "none.yaml"])
    with pytest.raises(ConfigError):
        PolicyStore([])
