"""Policies that were in force, what changed between them, and values that would like to run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.evidence.policies import keep_policy
from gateway.audit.facts import EventType
from gateway.audit.reading import PolicyFile
from gateway.console.accounts import Role
from gateway.console.differing import MOST_LINES, compared
from gateway.exchange import origin
from gateway.recording import Recorder
from tests.console.browser import Browser
from tests.console.conftest import World

OLD, NEW = "a" * 64, "b" * 64
EVIL = "</pre><script>alert(1)</script>\u202e<img src=x onerror=alert(2)>"


async def with_policies(world: World) -> Browser:
    keep_policy(world.url, OLD, [PolicyFile("base.yaml", "rules: [one]\n")])
    keep_policy(world.url, NEW, [PolicyFile("base.yaml", f"rules: [two]\n# {EVIL}\n")])
    recorder = Recorder(world.log)
    for kind, digest in (
        (EventType.POLICY_LOADED, OLD),
        (EventType.POLICY_LOADED, OLD),
        (EventType.POLICY_CHANGED, NEW),
        (EventType.POLICY_LOADED, NEW),
    ):
        await recorder.event(kind, origin(""), digest)
    world.account("anna", Role.OPERATOR)
    return await world.browser("anna")


async def test_the_history_names_changes_and_not_every_start(world: World):
    browser = await with_policies(world)
    answer = await browser.get("/console/policies")
    assert answer.text.count(f'href="/console/policies/{NEW}"') == 1
    assert answer.text.count(f'href="/console/policies/{OLD}"') == 1
    assert f"/console/policies/{NEW}?against={OLD}" in answer.text


async def test_a_policy_is_shown_as_it_was_and_nothing_in_it_runs(world: World):
    browser = await with_policies(world)
    answer = await browser.get(f"/console/policies/{NEW}")
    assert "rules: [two]" in answer.words
    assert "<script" not in answer.main
    assert "<img" not in answer.text
    assert "\u202e" not in answer.text
    assert "\u27e8U+202E\u27e9" in answer.text
    assert (await world.events())[-1] == ("audit.viewed", "anna", f"policy/{NEW[:16]}")


async def test_what_changed_is_shown_line_by_line_and_nothing_in_it_runs(world: World):
    browser = await with_policies(world)
    answer = await browser.get(f"/console/policies/{NEW}?against={OLD}")
    assert "- rules: [one]" in answer.words
    assert "+ rules: [two]" in answer.words
    assert "<script" not in answer.main
    assert "\u202e" not in answer.text


@pytest.mark.parametrize("path", ["c" * 64, "x", f"{NEW}?against=x", f"{NEW}?against={'c' * 64}"])
async def test_a_policy_that_is_not_kept_is_not_there(world: World, path: str):
    browser = await with_policies(world)
    assert (await browser.get(f"/console/policies/{path}")).status == 404


TEXTS = st.lists(st.sampled_from(["a", "b", "c", "- d", "+ e", "@ f"]), max_size=12)


@given(TEXTS, TEXTS)
def test_a_comparison_has_every_line_that_went_and_came(old: list[str], new: list[str]):
    [change] = compared([_file("f", old)], [_file("f", new)])
    assert (change.what == "the same") is (old == new)
    gone = [one.text for one in change.lines if one.mark == "-"]
    came = [one.text for one in change.lines if one.mark == "+"]
    for line in set(old) | set(new):
        assert came.count(line) - gone.count(line) == new.count(line) - old.count(line)


def _file(name: str, lines: list[str]) -> PolicyFile:
    return PolicyFile(name, "".join(f"{one}\n" for one in lines))


def test_files_that_come_go_or_have_one_name_are_told_apart():
    old = [_file("gone", ["x"]), _file("same", ["x"]), _file("same", ["y"])]
    new = [_file("same", ["x"]), _file("same", ["z"]), _file("new", ["x"])]
    assert [(one.name, one.what) for one in compared(old, new)] == [
        ("same", "the same"), ("same (2)", "changed"), ("new", "added"), ("gone", "removed"),
    ]  # fmt: skip


def test_files_without_end_are_not_compared_line_by_line():
    [change] = compared([_file("f", ["x"] * (MOST_LINES + 1))], [_file("f", ["y"])])
    assert (change.what, change.lines) == ("changed", ())
