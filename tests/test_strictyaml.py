"""Strict YAML: what is read, what is refused, and where."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import ConfigError
from gateway.strictyaml import MAX_BYTES, MAX_DEPTH, dotted, load, loads


def problems(text: str | bytes) -> list[tuple[int, str, str]]:
    content = text.encode() if isinstance(text, str) else text
    with pytest.raises(ConfigError) as caught:
        loads(content, "f.yaml")
    assert all(one.file == "f.yaml" for one in caught.value.problems)
    return [(one.line, one.key, one.message) for one in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True), ("False", False), ("null", None), ("~", None), ("", None),
        ("0", 0), ("-17", -17), ("+3", 3), ("2.5", 2.5), ("1.0e+3", 1000.0), (".5", 0.5),
        ("2024-01-01", "2024-01-01"), ("'010'", "010"), ('"yes"', "yes"), ("y", "y"),
        ("203.0.113.77", "203.0.113.77"), ("on_prem", "on_prem"), ("1a", "1a"), ("=", "="),
    ],
)  # fmt: skip
def test_scalars(text: str, value: object):
    found = loads(f"a: {text}\n".encode(), "f").data["a"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("text", ["yes", "No", "ON", "off"])
def test_words_that_were_booleans_once(text: str):
    assert problems(f"a:\n  b: {text}\n") == [(2, "a.b", "ambiguous word")]


@pytest.mark.parametrize(
    "text",
    [
        "010",
        "0x1f",
        "0o17",
        "0b11",
        "1_000",
        "1:30",
        ".inf",
        "-.INF",
        ".nan",
        "1e999",
        "030123456",
        "1e3",
        "0E0",
        "1.5e3",
        ".5e3",
        "1.0e+999",
    ],
)
def test_numbers_that_readers_disagree_on(text: str):
    assert problems(f"a: [1, {text}]\n") == [(1, "a[1]", "ambiguous number")]


def test_keys_are_always_text():
    assert loads(b"on: 1\n010: 2\ntrue: 3\n", "f").data == {"on": 1, "010": 2, "true": 3}


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "duplicate key, first on line 1"),
        ("a: &x 1\n", 1, "anchors are not allowed"),
        ("a: 1\nb: *x\n", 2, "aliases are not allowed"),
        ("a: 1\n<<: {b: 1}\n", 2, "merge keys are not allowed"),
        ("a: !secret 1\n", 1, "tags are not allowed"),
        ("a: !!python/object:os.system 1\n", 1, "tags are not allowed"),
        ("a: !!str 1\n", 1, "tags are not allowed"),
        ("a: 1\n---\nb: 1\n", 2, "more than one document"),
        ("? [a]\n: 1\n", 1, "a key must be text"),
        ("'': 1\n", 1, "a key must be text"),
        ("a: 1\nb: [1,\n", 3, "not well-formed YAML"),
        ("a: 1\n\tb: 2\n", 2, "not well-formed YAML"),
        ("a: 1\nb: \x07\n", 2, "a control character that YAML does not allow"),
        ("a: 1\nb: x\u2028y\n", 2, "a line separator that is no line feed"),
        ("", 0, "the file is empty"),
        ("# nothing\n", 0, "the file is empty"),
        (b"a: 1\nb: \xff\n", 2, "not UTF-8"),
        ("[" * (MAX_DEPTH + 1), 1, f"nested deeper than {MAX_DEPTH}"),
        ("#" * (MAX_BYTES + 1), 0, f"larger than {MAX_BYTES} bytes"),
    ],
    ids=range(19),
)
def test_refusals(text: str | bytes, line: int, message: str):
    found = problems(text)
    assert (line, message) in [(one[0], one[2]) for one in found]


def test_every_problem_is_told_in_order():
    found = problems("a: yes\nb: &x 1\nc: *x\nd: 010\na: 1\n")
    assert [one[0] for one in found] == [1, 2, 3, 4, 5]


def test_a_recursive_alias_and_a_bomb_end():
    assert problems("a: &a [*a, *a]\n")
    assert problems("\n".join(["a: &a [x, x]", *("b: [*a, *a, *a]",) * 3]))


def test_deep_nesting_never_overflows_the_stack():
    assert problems("[" * 50_000)
    assert problems("\n".join(" " * depth + "a:" for depth in range(400)))


def test_lines():
    document = loads(b"a:\n  - x\n  - y: 1\n    z: 2\nb: {c: 3}\n", "f")
    assert document.line_of(("a",)) == 1
    assert document.line_of(("a", 0)) == 2
    assert document.line_of(("a", 1, "z")) == 4
    assert document.line_of(("b", "c")) == 5
    assert document.line_of(("a", 1, "missing", "deeper")) == 3
    assert document.line_of(("missing",)) == 1


def test_dotted():
    assert dotted(()) == ""
    assert dotted(("a", 0, "b", 1, 2)) == "a[0].b[1][2]"
    assert dotted((0, "a")) == "[0].a"


def test_a_byte_order_mark_is_no_content():
    assert loads(b"\xef\xbb\xbfa: 1\n", "f").data == {"a": 1}


def test_secrets_do_not_show():
    secret = "sk-very-secret"
    assert secret not in repr(loads(f"key: {secret}\n".encode(), "f"))
    for text in (f"key: {secret}: x", f"key: [{secret}", f"key: !{secret} a", f"a: &{secret} 1"):
        with pytest.raises(ConfigError) as caught:
            loads(text.encode(), "f")
        assert secret not in str(caught.value)


def test_files(tmp_path: Path):
    (tmp_path / "a.yaml").write_text("a: 1\n")
    document = load(tmp_path / "a.yaml")
    assert (document.data, document.content) == ({"a": 1}, b"a: 1\n")
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(ConfigError, match="cannot be read") as caught:
            load(path)
        assert caught.value.problems[0].file == str(path)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(min_size=1, max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(PLAIN)
def test_what_an_emitter_writes_comes_back_or_is_refused(data: object):
    """A YAML 1.1 writer's output is read as what was meant, or not at all."""
    text = yaml.safe_dump(data, allow_unicode=True)
    try:
        found = loads(text.encode("utf-8", "surrogatepass"), "f").data
    except ConfigError:
        return
    assert found == data


@given(st.text(max_size=60) | st.binary(max_size=60))
def test_reading_is_total(text: str | bytes):
    content = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    with suppress(ConfigError):  # anything else fails the test
        assert loads(content, "f").content == content
