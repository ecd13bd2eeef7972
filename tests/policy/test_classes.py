"""Classes: nested, widened, and refused where they hold themselves or contradict each other."""

from __future__ import annotations

import pytest

from gateway.entity_types import CLASSES
from tests.policy.reading import REST, head, policy, problems


def own(*files: str) -> dict[str, str]:
    """The classes of a chain of files, given as the inside of their `classes`."""
    texts = [
        f"{head(f'p{index}')}classes: {{{text}}}\n"
        + REST.replace("rest", f"r{index}")
        + ("extends: x\n" if index < len(files) - 1 else "")
        for index, text in enumerate(files)
    ]
    return {name: " ".join(sorted(types)) for name, types in policy(texts).classes.items()}


PAYMENT = " ".join(sorted(CLASSES["payment"]))


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["c: [A]"], {"c": "A"}),
        (["c: [A, B, A]"], {"c": "A B"}),
        (["c: [d, A], d: [B]"], {"c": "A B", "d": "B"}),
        (["c: [d], d: [e], e: [f], f: [A]"], {"c": "A", "d": "A", "e": "A", "f": "A"}),
        # by two ways
        (["c: [d, e], d: [f], e: [f], f: [A]"], {"c": "A", "d": "A", "e": "A", "f": "A"}),
        # those that every policy knows
        (["c: [payment]"], {"c": PAYMENT}),
        (["c: [d], d: [payment, Z_LAST]"], {"c": f"{PAYMENT} Z_LAST", "d": f"{PAYMENT} Z_LAST"}),
        (["payment: [Z_LAST]"], {"payment": f"{PAYMENT} Z_LAST"}),
        (["payment: [Z_LAST], c: [payment]"],
         {"payment": f"{PAYMENT} Z_LAST", "c": f"{PAYMENT} Z_LAST"}),
        # a file that extends another widens its classes, for both
        (["c: [A]", "c: [B]"], {"c": "A B"}),
        (["c: [d]", "d: [B]"], {"c": "B", "d": "B"}),
        (["d: [A]", "c: [d], d: [B]"], {"c": "A B", "d": "A B"}),
        (["c: [A]", "c: [B]", "c: [C, A]"], {"c": "A B C"}),
    ],
)  # fmt: skip
def test_what_a_class_holds(files: list[str], expected: dict[str, str]):
    assert own(*files) == expected


def test_rules_see_the_widened_class():
    base = head("base") + (
        "classes: {c: [A]}\n"
        "rules: [{name: stop, effect: deny, reason: No., when: {any_of: [c, payment]}}]\n"
    )
    found = policy([head() + "extends: x\nclasses: {c: [B], payment: [C]}\n", base])
    (rule,) = found.rules
    assert rule.when.any_of == {
        "c": frozenset({"A", "B"}),
        "payment": CLASSES["payment"] | {"C"},
    }


@pytest.mark.parametrize(
    ("classes", "parts"),
    [
        ("c: [c]", ["classes.c: this class holds itself"]),
        ("c: [A, d], d: [c]", ["classes.c: this class holds itself", "classes.d: this class"]),
        ("c: [d], d: [e], e: [d]", ["classes.d: this class", "classes.e: this class"]),
        ("payment: [payment]", ["classes.payment: this class holds itself"]),
        ("c: [paymnt]", ["classes.c: undefined class paymnt", "did you mean payment?"]),
        (
            "organisations: [A], c: [organizatons]",
            ["undefined class organizatons", "did you mean organizations or organisations?"],
        ),
        ("c: [d], d: [nowhere-9]", ["undefined class nowhere-9", "define it under classes"]),
        ("c: []", ["classes.c: must not be empty"]),
        ("c: A", ["classes.c: must be a list"]),
        ("c: [7]", ["classes.c[0]: must be text"]),
        ("c: ['a b']", ["classes.c[0]: must be an entity type (capitals) or a class"]),
        ("C: [A]", ["classes.C: must be a name with a small letter"]),
        ("'c d': [A]", ["classes.c d: must be a name with a small letter"]),
        ("any: [A]", ["classes.any: must be another name"]),
        ("[c]", ["classes: must be a mapping"]),
    ],
)
def test_refusals(classes: str, parts: list[str]):
    brace = classes if classes.startswith("[") else f"{{{classes}}}"
    found = "\n".join(problems(f"{head()}classes: {brace}\n{REST}"))
    for part in parts:
        assert part in found


def test_files_side_by_side_must_agree():
    one = f"{head('a')}classes: {{c: [A], d: [B]}}\n{REST}"
    same = f"{head('b')}classes: {{c: [A]}}\nrules: [{{name: x, effect: mask}}]\n"
    other = same.replace("c: [A]", "c: [A, B]")
    assert policy(one, same).classes == {"c": frozenset({"A"}), "d": frozenset({"B"})}
    (found,) = problems(one, other)
    assert found == "1.yaml:3: classes.c: another file gives this class other members"


def test_whole_chains_must_agree():
    """What counts is what a chain says together."""
    extends = "extends: x\n"
    rule = "rules: [{name: %s, effect: mask}]\n"
    left = [f"{head('a')}{extends}classes: {{c: [A]}}\n", f"{head('b')}classes: {{c: [B]}}\n{REST}"]
    right = f"{head('c')}classes: {{c: [B, A]}}\n" + rule % "x"
    assert policy(left, right).classes == {"c": frozenset({"A", "B"})}
    (found,) = problems(left, right.replace("[B, A]", "[B]"))
    assert found.startswith("2.yaml:3: classes.c: another file")
    (found,) = problems(right.replace("[B, A]", "[B]"), left)
    assert found.startswith("1.yaml:4: classes.c: another file")


def test_each_file_may_use_the_classes_of_all():
    one = f"{head('a')}rules: [{{name: x, effect: mask, when: {{any_of: [e]}}}}]\n"
    two = f"{head('b')}classes: {{e: [C]}}\n{REST}"
    assert policy(one, two).rules[0].when.any_of == {"e": frozenset({"C"})}
    assert "undefined class" in problems(one)[0]


def test_a_class_may_stand_in_a_file_that_is_wrong():
    one = f"{head('a')}rules: [{{name: x, effect: mask, when: {{any_of: [c]}}}}]\n"
    two = f"{head('b')}classes: {{c: [A]}}\nrules: [{{name: y}}]\n"
    (found,) = problems(one, two)
    assert '"effect" is missing' in found
