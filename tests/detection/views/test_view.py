"""A span in a view leads back to the code points it came from, however views are stacked."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.detection.views.view import Builder, Edit, View, cropped, edited

TEXT = "0123456789"


def test_identity_maps_to_itself():
    assert View(TEXT).original(2, 5) == (2, 5)


def test_an_edit_stands_for_what_it_replaced():
    view, touched = edited(View(TEXT), [(2, 5, "ab")], "decoded")
    assert view.text == "01ab56789"
    assert touched == [(2, 4)]
    assert view.original(2, 3) == (2, 5)
    assert view.original(1, 3) == (1, 5)
    assert view.original(4, 6) == (5, 7)
    assert view.original(0, 9) == (0, 10)


def test_what_is_dropped_counts_to_the_range_around_it_only():
    view, _ = edited(View(TEXT), [(3, 6, "")], "folded")
    assert view.text == "0126789"
    assert view.original(2, 4) == (2, 7)
    assert view.original(0, 3) == (0, 3)
    assert view.original(3, 5) == (6, 8)


def test_a_dropped_mark_counts_to_the_sign_that_it_marks():
    view, _ = edited(View("ab\u0301c"), [(2, 3, "")], "folded")
    assert view.text == "abc"
    assert [view.original(at, at + 1) for at in range(3)] == [(0, 1), (1, 3), (3, 4)]


def test_an_edit_over_another_one_reaches_back_through_both():
    first, _ = edited(View(TEXT), [(2, 5, "x"), (7, 9, "yz")], "decoded")
    second, _ = edited(first, [(1, 3, "A"), (4, 5, "")], "spoken")
    assert first.text == "01x56yz9"
    assert second.text == "0A5yz9"
    assert second.original(1, 2) == (1, 5)
    assert second.original(2, 4) == (5, 9)


def test_overlapping_edits_are_left_out():
    view, _ = edited(View(TEXT), [(2, 5, "x"), (4, 6, "y")], "decoded")
    assert view.text == "01x56789"


def test_no_sign_of_text_is_in_the_repr():
    view, _ = edited(View("secret"), [(0, 1, "x")], "decoded")
    assert "ecret" not in repr(view)


edits = st.lists(
    st.tuples(st.integers(0, 29), st.integers(1, 4), st.text("xyz", max_size=3)), max_size=6
)


def sorted_edits(drawn: list[tuple[int, int, str]], length: int) -> list[Edit]:
    out = [(at, min(at + size, length), signs) for at, size, signs in sorted(drawn)]
    return [edit for edit in out if edit[0] < edit[1]]


@given(st.text("abc", min_size=1, max_size=30), edits, edits)
def test_maps_are_monotone_in_bounds_and_true_of_what_is_unchanged(text: str, one, two):
    first, _ = edited(View(text), sorted_edits(one, len(text)), "decoded")
    second, _ = edited(first, sorted_edits(two, len(first.text)), "spoken")
    for view in (first, second):
        ranges = [view.original(at, at + 1) for at in range(len(view.text))]
        assert ranges == sorted(ranges)
        assert all(0 <= start < end <= len(text) for start, end in ranges)
        for sign, (start, end) in zip(view.text, ranges, strict=True):
            if sign in "abc":
                assert sign in text[start:end]
        if ranges:
            assert view.original(0, len(ranges)) == (ranges[0][0], ranges[-1][1])


def test_turned_pieces_cover_all_between_them():
    builder = Builder(View(TEXT))
    for at in range(9, -1, -1):
        builder.put(TEXT[at], at, at + 1)
    view = builder.view("turned")
    assert view.text == TEXT[::-1]
    assert view.original(2, 5) == (5, 8)


def test_a_long_view_keeps_only_what_is_near_a_change():
    text = "alpha beta gamma. " * 200 + "x1y" + " delta epsilon zeta." * 200
    at = text.index("x1y")
    view, touched = edited(View(text), [(at + 1, at + 2, "2")], "joined")
    short = cropped(view, touched)
    assert 400 < len(short.text) < 1_000
    found = short.text.index("x2y")
    assert short.original(found, found + 3) == (at, at + 3)
    assert view.text.count(short.text) == 1


def test_windows_of_a_cropped_view_stand_apart_and_each_leads_back():
    text = "word " * 300 + "A" + " word" * 600 + " B " + "word " * 300
    places = [text.index("A"), text.index("B")]
    view, touched = edited(View(text), [(at, at + 1, "*") for at in places], "joined")
    short = cropped(view, touched)
    assert short.text.count("\n\n\n") == 1
    stars = [at for at, sign in enumerate(short.text) if sign == "*"]
    assert [short.original(at, at + 1) for at in stars] == [(at, at + 1) for at in places]


def test_a_crop_does_not_cut_a_number():
    text = "12 " * 2_000
    view, touched = edited(View(text + "x" + text), [(len(text), len(text) + 1, "y")], "joined")
    short = cropped(view, touched)
    assert len(short.text) < 1_000
    assert set(short.text.split()) == {"12", "y12"}
