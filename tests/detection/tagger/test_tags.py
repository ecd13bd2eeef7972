from itertools import pairwise, product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gateway.detection.tagger import tags
from gateway.detection.tagger.tags import ALLOWED, OUTSIDE, TAGS, best_tags, entities, parts, tag


def is_valid(best):
    padded = [OUTSIDE, *best, OUTSIDE]
    return all(ALLOWED[a, b] for a, b in pairwise(padded))


SCORES = arrays.arrays(
    np.float32,
    st.tuples(st.integers(0, 12), st.just(TAGS)),
    elements=st.floats(-8, 8, width=16),
)


@given(SCORES)
def test_the_best_tags_are_a_valid_sequence(scores):
    assert is_valid(best_tags(scores))


def test_no_valid_sequence_of_a_stretch_scores_higher():
    rng = np.random.default_rng(1)
    few = [OUTSIDE, *(tag(0, part) for part in range(4)), *(tag(1, part) for part in range(4))]
    for _ in range(20):
        scores = np.full((4, TAGS), -50, np.float32)
        scores[:, few] = rng.normal(size=(4, len(few)))
        scores[:, OUTSIDE] -= 3
        found = best_tags(scores)
        best = max(
            (run for run in product(few, repeat=4) if is_valid(run)),
            key=lambda run: sum(scores[at, one] for at, one in enumerate(run)),
        )
        total = sum(scores[at, one] for at, one in enumerate(found))
        assert total >= sum(scores[at, one] for at, one in enumerate(best)) - 1e-4


def test_parts_and_entities_are_inverse():
    for count in range(1, 6):
        kind = 2
        best = [OUTSIDE, *(tag(kind, part) for part in parts(count)), OUTSIDE, tag(0, 3)]
        assert list(entities(best)) == [(1, 1 + count, kind), (2 + count, 3 + count, 0)]


@given(SCORES)
def test_entities_are_disjoint_and_in_order(scores):
    last = 0
    for start, end, kind in entities(best_tags(scores)):
        assert last <= start < end
        assert 0 <= kind < len(tags.ENTITY_TYPES)
        last = end
