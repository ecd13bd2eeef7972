"""Policy files on disk: read together, each with those it extends, swapped whole or not at all."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import pytest

from gateway.errors import ConfigError, Problem
from gateway.policy.files import MAX_FILES, PolicyStore, load_policies
from gateway.policy.model import Media, Policy
from gateway.policy.shipped import shipped_policies, shipped_policy
from gateway.strictyaml import Document
from gateway.strictyaml import loads as parse_yaml

GOOD = "version: 1\nid: {}\nrules: [{{name: {}, effect: mask}}]\n"


def write(path: Path, name: str) -> Path:
    path.write_text(GOOD.format(name, name))
    return path


def files(folder: Path, texts: Mapping[str, str]) -> Path:
    """Files `NAME.yaml` with these texts below their head; the first is returned."""
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(f"version: 1\nid: {name}\n{text}")
    return folder / f"{next(iter(texts))}.yaml"


def refused(*paths: Path) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as caught:
        load_policies(paths)
    return caught.value.problems


def names(policy: Policy) -> str:
    return " ".join(rule.name for rule in policy.rules)


def test_files_are_read_in_order(tmp_path: Path):
    one, two = write(tmp_path / "1.yaml", "one"), write(tmp_path / "2.yaml", "two")
    assert load_policies([one, two]).id == "one+two"
    assert names(load_policies([two, one])) == "two one"
    assert names(load_policies([one, one])) == "one"


def test_every_problem_is_told(tmp_path: Path):
    good = write(tmp_path / "good.yaml", "good")
    bad, odd = tmp_path / "bad.yaml", tmp_path / "odd.yaml"
    bad.write_text(
        "version: 1\nid: bad\nrules: [{name: x, effect: mask, when: {any_of: [c]}, y: 1}]\n"
    )
    odd.write_text("a: &b 1\n")
    found = {
        (Path(one.file).name, one.message)
        for one in refused(good, tmp_path / "none.yaml", bad, odd)
    }
    assert {name for name, _ in found} == {"none.yaml", "bad.yaml", "odd.yaml"}
    assert ("bad.yaml", "unknown key") in found


def test_a_class_may_stand_in_a_file_that_cannot_be_read(tmp_path: Path):
    user = files(tmp_path, {"u": "rules: [{name: x, effect: mask, when: {any_of: [c]}}]\n"})
    assert len(refused(user, tmp_path / "none.yaml")) == 1
    assert [one.message for one in refused(user)] == ["undefined class c"]
    base = files(tmp_path, {"b": "extends: none.yaml\nclasses: {d: [c]}\n"})
    assert [one.message for one in refused(base)] == ["there is no such policy"]


def test_user_operators_are_passed_on(tmp_path: Path):
    path = files(tmp_path, {"p": "rules: [{name: x, effect: mask, default_operator: own}]\n"})
    assert PolicyStore([path], operators=frozenset({"own"})).reload()
    with pytest.raises(ConfigError):
        PolicyStore([path])


# ---- extends -------------------------------------------------------------------------------------

MASK = "rules: [{name: %s, effect: mask}]\n"
BOTH = "rules: [{name: no-%s, effect: deny, reason: No.}, {name: %s, effect: mask}]\n"


def rules(name: str) -> str:
    return BOTH % (name, name)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({"a": "extends: b.yaml\n", "b": rules("b")}, "no-b b"),
        ({"a": "extends: [b.yaml]\n" + rules("a"), "b": rules("b")}, "no-a no-b a b"),
        (
            {"a": "extends: b.yaml\n" + rules("a"), "b": "extends: c.yaml\n" + rules("b"),
             "c": rules("c")},
            "no-a no-b no-c a b c",
        ),
        (
            {"a": "extends: [b.yaml, c.yaml]\n", "b": "extends: d.yaml\n" + rules("b"),
             "c": rules("c"), "d": rules("d")},
            "no-b no-d no-c b d c",
        ),
        # reached twice, read once, and after all that extend it
        (
            {"a": "extends: [b.yaml, c.yaml]\n", "b": "extends: d.yaml\n" + rules("b"),
             "c": "extends: d.yaml\n" + rules("c"), "d": rules("d")},
            "no-b no-c no-d b c d",
        ),
        (
            {"a": "extends: [c.yaml, b.yaml]\n", "b": "extends: c.yaml\n" + rules("b"),
             "c": rules("c")},
            "no-b no-c b c",
        ),
        ({"a": "extends: [b.yaml, ./b.yaml]\n", "b": rules("b")}, "no-b b"),
    ],
)  # fmt: skip
def test_what_is_extended_comes_after(tmp_path: Path, texts: dict[str, str], expected: str):
    policy = load_policies([files(tmp_path, texts)])
    assert names(policy) == expected
    assert policy.id == "a"


def test_only_what_comes_first_is_the_head(tmp_path: Path):
    """A denial behind another rule keeps its place: before it, it would deny more than it says."""
    own = (
        "rules: [{name: r, effect: route, to: on_prem}, {name: m, effect: mask,"
        " when: {tenants: [t]}}, {name: d, effect: deny, reason: No.}]\n"
    )
    path = files(tmp_path, {"a": "extends: b.yaml\n" + MASK % "a", "b": own})
    assert names(load_policies([path])) == "r a m d"


def test_no_file_masks_before_what_another_forbids(tmp_path: Path):
    """Of files side by side, too, all heads come first."""
    files(tmp_path, {"a": rules("a"), "b": rules("b"), "c": "extends: d.yaml\n", "d": rules("d")})
    paths = [tmp_path / f"{name}.yaml" for name in "abc"]
    assert names(load_policies(paths)) == "no-a no-b no-d a b d"
    assert names(load_policies(paths[::-1])) == "no-d no-b no-a d b a"


def test_the_nearest_file_holds(tmp_path: Path):
    texts = {
        "a": "extends: [b.yaml, c.yaml]\n",
        "b": "extends: d.yaml\nhandling: {logprobs: drop}\n",
        "c": "extends: d.yaml\nhandling: {media: deny}\nseverity: {A: low}\n",
        "d": "handling: {media: unsafe_pass, logprobs: refuse, unknown_fields: drop}\n"
        "severity: {A: high, B: high}\n" + MASK % "d",
    }
    policy = load_policies([files(tmp_path, texts)])
    # c says more than d, which it extends, although b extends d, too
    assert policy.handling.media is Media.DENY
    assert (policy.handling.logprobs, policy.handling.unknown_fields) == ("drop", "drop")
    assert policy.severities == {"A": "low", "B": "high"}


def test_a_file_may_stand_elsewhere(tmp_path: Path):
    (tmp_path / "sub").mkdir()
    write(tmp_path / "up.yaml", "up")
    beside = files(tmp_path / "sub", {"a": "extends: [./b.yaml, ../up.yaml]\n", "b": MASK % "b"})
    assert names(load_policies([beside])) == "b up"
    linked = tmp_path / "link.yaml"
    linked.symlink_to(tmp_path / "up.yaml")
    assert names(load_policies([linked, tmp_path / "up.yaml"])) == "up"


@pytest.mark.parametrize("name", shipped_policies())
def test_shipped_policies_go_by_name(tmp_path: Path, name: str):
    path = files(tmp_path, {"own-policy": f"extends: {name}\n"})
    found, shipped = load_policies([path]), load_policies([shipped_policy(name)])
    assert found.rules == shipped.rules
    assert found.id == "own-policy"
    assert found.digest != shipped.digest


@pytest.mark.parametrize(
    ("texts", "key", "file"),
    [
        ({"a": "extends: a.yaml\n"}, "extends", "a"),
        ({"a": "extends: b.yaml\n", "b": "extends: a.yaml\n"}, "extends", "b"),
        (
            {"a": "extends: b.yaml\n", "b": "extends: [d.yaml, c.yaml]\n",
             "c": "extends: b.yaml\n" + MASK % "c", "d": MASK % "d"},
            "extends", "c",
        ),
        ({"a": "extends: [b.yaml, a.yaml]\n", "b": MASK % "b"}, "extends[1]", "a"),
    ],
)  # fmt: skip
def test_no_file_extends_itself(tmp_path: Path, texts: dict[str, str], key: str, file: str):
    (found,) = refused(files(tmp_path, texts))
    assert (found.key, found.message) == (key, "this file extends itself")
    assert Path(found.file).name == f"{file}.yaml"


@pytest.mark.parametrize(
    ("extends", "key", "message", "hint"),
    [
        ("b.yaml", "extends", "there is no such policy", "name a file, or one of: "),
        ("[defalt]", "extends[0]", "there is no such policy", "did you mean default?"),
        ("default.yaml", "extends", "there is no such policy", "did you mean default?"),
        (".", "extends", "there is no such policy", ""),
        ("''", "extends", "there is no such policy", ""),
        ('"a\\0b"', "extends", "there is no such policy", ""),
    ],
)
def test_what_is_not_there(tmp_path: Path, extends: str, key: str, message: str, hint: str):
    path = files(tmp_path, {"a": f"extends: {extends}\n" + MASK % "a"})
    (found,) = refused(path)
    assert (found.key, found.message) == (key, message)
    assert found.hint.startswith(hint)
    assert (found.line, found.file) == (3, str(path))


@pytest.mark.parametrize(("named", "there"), [("b", "b.yaml"), ("./b", "./b.yaml"), ("b", "b.yml")])
def test_a_file_is_named_with_its_ending(tmp_path: Path, named: str, there: str):
    path = files(tmp_path, {"a": f"extends: {named}\n" + MASK % "a"})
    write(tmp_path / there, "b")
    (found,) = refused(path)
    assert found.hint == f"did you mean {there}?"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("rules: [{name: x, effect: mask, when: {models: [*]}}]\n", 3),
        ("rules:\n- {name: x, effect: mask, when: {roles: [a, *-b]}}\n", 4),
        ("rules:\n- name: x\n  effect: mask\n  when:\n    models:\n      - *gpt\n", 8),
        ("rules:\n- name: x\n  effect: mask\n  when:\n    models: *\n", 7),
    ],
)
def test_a_pattern_that_yaml_takes_for_something_else(tmp_path: Path, text: str, line: int):
    found = refused(files(tmp_path, {"a": text}))
    assert (found[0].line, found[0].hint) == (
        line, 'put a pattern that begins with * in quotes: "*"',
    )  # fmt: skip
    other = refused(files(tmp_path, {"a": "rules: [{name: 'a*', effect: mask}}]\n"}))
    assert all("pattern that" not in one.hint for one in other)


@pytest.mark.parametrize("extends", ["7", "[]", "{}", "[7]", "[[a]]", "true"])
def test_what_extends_must_be(tmp_path: Path, extends: str):
    path = files(tmp_path, {"a": f"extends: {extends}\n" + MASK % "a"})
    assert {one.line for one in refused(path)} == {3}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"version: 1\nid: \xff\n", "not UTF-8"),
        (b"a: &b [1]\nc: *b\n", "anchors are not allowed"),
        (b"#" * ((1 << 20) + 1), "larger than 1048576 bytes"),
        (b"[" * 40 + b"]" * 40, "nested deeper than 32"),
    ],
)
def test_what_is_extended_is_read_as_strictly(tmp_path: Path, content: bytes, message: str):
    path = files(tmp_path, {"a": "extends: b.yaml\n"})
    (tmp_path / "b.yaml").write_bytes(content)
    found = refused(path)
    assert any(message in one.message for one in found), found
    assert all(one.file.endswith("b.yaml") for one in found)


def chain(folder: Path, extended: int) -> Path:
    texts = {f"f{index}": f"extends: f{index + 1}.yaml\n" for index in range(extended)}
    return files(folder, {**texts, f"f{extended}": MASK % "last"})


def fan(folder: Path, extended: int) -> Path:
    beside = {f"f{index}": MASK % f"r{index}" for index in range(extended)}
    return files(
        folder, {"top": f"extends: [{', '.join(f'{one}.yaml' for one in beside)}]\n", **beside}
    )


@pytest.mark.parametrize("shape", [chain, fan])
def test_so_many_files_and_no_more(tmp_path: Path, shape: object):
    assert callable(shape)
    assert load_policies([shape(tmp_path, MAX_FILES)]).rules
    found = refused(shape(tmp_path, MAX_FILES + 1))
    assert f"extends more than {MAX_FILES} files" in [one.message for one in found]


def test_a_ladder_is_read_once(tmp_path: Path):
    """Each file names the next twice: read anew each time, it would be read 2 ** 30 times."""
    texts = {f"f{i}": f"extends: [f{i + 1}.yaml, ./f{i + 1}.yaml]\n" for i in range(30)}
    assert names(load_policies([files(tmp_path, {**texts, "f30": MASK % "last"})])) == "last"


def test_two_files_may_extend_one(tmp_path: Path):
    one = files(tmp_path, {"a": "extends: c.yaml\n" + rules("a"), "c": rules("c")})
    two = files(tmp_path, {"b": "extends: c.yaml\n" + rules("b")})
    policy = load_policies([one, two])
    assert (policy.id, names(policy)) == ("a+b", "no-a no-c no-b a c b")


def test_the_digest_is_over_all_files_in_order(tmp_path: Path):
    path = files(tmp_path, {"a": "extends: b.yaml\n", "b": rules("b")})
    read = [path.read_bytes(), (tmp_path / "b.yaml").read_bytes()]
    framed = b"".join(len(one).to_bytes(8, "big") + one for one in read)
    before = load_policies([path]).digest
    assert before == sha256(framed).hexdigest()
    (tmp_path / "b.yaml").write_bytes(read[1] + b"#\n")
    assert load_policies([path]).digest != before


# ---- the policy in force -------------------------------------------------------------------------


def test_a_reload_swaps_or_keeps(tmp_path: Path):
    path = write(tmp_path / "p.yaml", "one")
    store = PolicyStore([path])
    first = store.current
    assert first.id == "one"

    write(path, "two")
    assert store.current is first
    assert store.changed()
    assert store.reload() is True
    second = store.current
    assert (second.id, first.id) == ("two", "one")
    assert second.digest != first.digest
    assert not store.changed()

    path.write_text("version: 1\nid: three\nrules: []\n")
    assert store.changed()
    assert store.reload() is False
    assert store.current is second
    assert [one.line for one in store.problems] == [3]
    assert not store.changed()  # it is refused once

    path.unlink()
    assert store.changed()
    assert store.reload() is False
    assert "cannot be read" in store.problems[0].message
    assert not store.changed()

    write(path, "four")
    assert store.reload() is True
    assert (store.current.id, store.problems) == ("four", ())


def test_an_extended_file_is_looked_at_too(tmp_path: Path):
    path = files(tmp_path, {"a": "extends: b.yaml\n", "b": rules("b")})
    store = PolicyStore([path])
    assert not store.changed()
    files(tmp_path, {"b": rules("c")})
    assert store.changed()
    assert store.reload()
    assert names(store.current) == "no-c c"
    (tmp_path / "b.yaml").unlink()
    assert store.changed()
    assert not store.reload()
    assert names(store.current) == "no-c c"


def test_what_has_not_changed_is_not_parsed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The files are looked at every few seconds, and a long one takes long to parse."""
    path = files(tmp_path, {"a": "extends: b.yaml\n" + rules("a"), "b": rules("b")})
    store = PolicyStore([path])
    assert not store.changed()
    parsed: list[str] = []

    def loads(content: bytes, file: str) -> Document:
        parsed.append(Path(file).stem)
        return parse_yaml(content, file)

    monkeypatch.setattr("gateway.policy.files.strictyaml.loads", loads)
    assert not store.changed()
    assert parsed == []
    files(tmp_path, {"b": rules("c")})
    assert store.changed()
    assert parsed == ["b"]
    assert store.reload()
    assert names(store.current) == "no-a no-c a c"


def test_there_is_no_start_with_a_bad_file(tmp_path: Path):
    with pytest.raises(ConfigError):
        PolicyStore([tmp_path / "none.yaml"])
    with pytest.raises(ConfigError):
        PolicyStore([])


def test_readers_see_one_policy_or_the_other(tmp_path: Path):
    """Threads that read while files are swapped see each policy whole: digest, id and rules fit."""
    texts = [GOOD.format(name, name) for name in ("one", "two")]
    path = tmp_path / "p.yaml"
    path.write_text(texts[0])
    store = PolicyStore([path])
    expected = {
        sha256(len(text).to_bytes(8, "big") + text.encode()).hexdigest(): name
        for text, name in zip(texts, ("one", "two"), strict=True)
    }
    stop, seen = threading.Event(), set[tuple[str, str, str]]()

    def read() -> None:
        while not stop.is_set():
            policy = store.current
            seen.add((policy.digest, policy.id, names(policy)))

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for turn in range(20):
            (tmp_path / "new").write_text(texts[turn % 2])
            os.replace(tmp_path / "new", path)
            assert store.reload()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert seen
    assert seen <= {(digest, name, name) for digest, name in expected.items()}
