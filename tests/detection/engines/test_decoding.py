"""Probabilities per token become spans, under each labelling scheme."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detection.engines.decoding import Matrix, compile_labels, decode
from gateway.detection.engines.labels import MEANINGS, meaning
from gateway.detection.tokenclassifier import IncompleteRead, ModelProblem

BIO = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
BIOES = ["O", *(f"{p}-{t}" for t in ("private_person", "secret") for p in "BIES")]
BILOU = ["O", *(f"{p}-PER" for p in "BILU")]
PLAIN = ["O", "PER", "LOC"]

TEXT = "Anna Maria met Bo in Rome."
OFFSETS = [match.span() for match in re.finditer(r"\w+|\S", TEXT)]


def rows(names: list[str], path: list[str], sure: float = 0.9) -> Matrix:
    out = np.full((len(path), len(names)), (1 - sure) / (len(names) - 1))
    for at, label in enumerate(path):
        out[at, names.index(label)] = sure
    return out


def read(names: list[str], path: list[str], threshold: float = 0.5) -> list[tuple[str, str]]:
    labels = compile_labels(names, {})
    found = decode(TEXT, OFFSETS, rows(names, path), labels, threshold, "r")
    return [(one.entity_type, TEXT[one.start : one.end]) for one in found]


ALL = [("PERSON", "Anna Maria"), ("PERSON", "Bo"), ("LOCATION", "Rome")]


@pytest.mark.parametrize(
    ("names", "path", "expected"),
    [
        (BIO, ["B-PER", "I-PER", "O", "B-PER", "O", "B-LOC", "O"], ALL),
        (BIO, ["I-PER", "I-PER", "O", "I-PER", "O", "I-LOC", "O"], ALL),  # IOB1
        (BIO, ["B-PER", "B-PER", "O", "O", "O", "O", "O"],
         [("PERSON", "Anna"), ("PERSON", "Maria")]),
        (BIO, ["B-PER", "I-LOC", "O", "O", "O", "O", "O"],
         [("PERSON", "Anna"), ("LOCATION", "Maria")]),
        (PLAIN, ["PER", "PER", "O", "PER", "O", "LOC", "O"], ALL),
        (BILOU, ["B-PER", "L-PER", "O", "U-PER", "O", "O", "O"], ALL[:2]),
        (BIOES, ["B-private_person", "E-private_person", "O", "S-secret", "O", "O", "O"],
         [("PERSON", "Anna Maria"), ("SECRET", "Bo")]),
        (BIOES, ["O"] * 7, []),
    ],
)  # fmt: skip
def test_schemes(names: list[str], path: list[str], expected: list[tuple[str, str]]):
    assert read(names, path) == expected


def test_an_impossible_sequence_gives_way_to_the_best_possible_one():
    labels = compile_labels(BIOES, {})
    some = rows(BIOES, ["O", "E-private_person", "O"], 0.6)
    some[0, BIOES.index("O")], some[0, BIOES.index("B-private_person")] = 0.5, 0.15
    [one] = decode("Anna Maria met", OFFSETS[:3], some, labels, 0.2, "r")
    assert (one.start, one.end, one.entity_type) == (0, 10, "PERSON")


def test_the_threshold_counts_the_probability_of_the_type():
    names = ["O", "B-PER", "I-PER"]
    labels = compile_labels(names, {})
    split = np.array([[0.2, 0.4, 0.4]])
    assert decode("Anna", [(0, 4)], split, labels, 0.8, "r")[0].score == 0.8
    assert decode("Anna", [(0, 4)], split, labels, 0.81, "r") == []


def test_spans_take_whole_words_and_no_space():
    labels = compile_labels(PLAIN, {})
    text = " Schneider, x"
    found = decode(text, [(0, 5)], rows(PLAIN, ["PER"]), labels, 0.5, "r")
    assert [text[one.start : one.end] for one in found] == ["Schneider"]
    assert decode("   ", [(0, 3)], rows(PLAIN, ["PER"]), labels, 0.5, "r") == []


def test_special_tokens_have_no_say():
    labels = compile_labels(PLAIN, {})
    sure = rows(PLAIN, ["PER", "O", "PER"])
    assert decode("Anna", [(0, 0), (0, 4), (0, 0)], sure, labels, 0.5, "r") == []


@pytest.mark.parametrize(
    "bad",
    [np.zeros((1, 3)), np.zeros((2, 2)), np.full((2, 3), np.nan), np.full((2, 3), np.inf)],
)
def test_an_answer_that_does_not_fit(bad: Matrix):
    with pytest.raises(IncompleteRead):
        decode("ab cd", [(0, 2), (3, 5)], bad, compile_labels(PLAIN, {}), 0.5, "r")


def test_own_labels_go_first():
    assert meaning("PER", {"PER": "CUSTOMER"}) == "CUSTOMER"
    assert meaning("PER", {"PER": ""}) == ""
    assert meaning("private_person", {}) == "PERSON"
    assert meaning("LABEL_0", {}) == ""
    with pytest.raises(ModelProblem, match="labels"):
        compile_labels(["LABEL_0", "LABEL_1"], {})
    assert compile_labels(["LABEL_0", "LABEL_1"], {"LABEL_1": "PERSON"}).entity_types == {"PERSON"}


def test_the_privacy_filter_is_known():
    kinds = (
        "account_number private_address private_date private_email private_person private_phone "
        "private_url secret"
    ).split()
    names = ["O", *(f"{prefix}-{kind}" for kind in kinds for prefix in "BIES")]
    assert compile_labels(names, {}).entity_types == {
        "ID", "ADDRESS", "DATE_TIME", "EMAIL_ADDRESS", "PERSON", "PHONE_NUMBER", "URL", "SECRET",
    }  # fmt: skip
    assert all(re.fullmatch(r"[A-Z][A-Z0-9_]*", kind) for kind in MEANINGS.values())


@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_a_decoded_sequence_obeys_its_scheme(seed: int, length: int):
    labels = compile_labels(BIOES, {})
    text = "ab " * length
    offsets = [(3 * at, 3 * at + 2) for at in range(length)]
    some = np.random.default_rng(seed).dirichlet(np.ones(len(BIOES)), size=length)
    found = decode(text, offsets, some, labels, 0.0, "r")
    assert all(0 <= one.start < one.end <= len(text) for one in found)
    assert all(a.end <= b.start for a, b in pairwise(found))
