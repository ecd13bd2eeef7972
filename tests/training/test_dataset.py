import pytest

from gateway.detection.tagger import tags
from gateway.training.dataset import ANY, Vocabulary, chunks, sentence

OUTSIDE = 1 << tags.OUTSIDE


def bits(entity_type, *wanted):
    kind = tags.ENTITY_TYPES.index(entity_type)
    return [1 << tags.tag(kind, part) for part in wanted]


def labelled(text, spans, source="generated"):
    rows = [
        {"start": text.index(value), "end": text.index(value) + len(value), "label": label}
        for value, label in spans
    ]
    return [int(one) for one in sentence(text, rows, source, Vocabulary()).allowed]


def test_an_entity_is_begin_inside_end():
    found = labelled("Ask Anna Maria Schmidt now", [("Anna Maria Schmidt", "PERSON")])

    assert found == [OUTSIDE, *bits("PERSON", 0, 1, 2), OUTSIDE]


def test_a_single_token_is_single():
    assert labelled("in Rome", [("Rome", "LOCATION")]) == [OUTSIDE, *bits("LOCATION", 3)]


def test_a_span_inside_a_token_is_the_token():
    assert labelled("Merkels Plan", [("Merkel", "PERSON")])[0] == bits("PERSON", 3)[0]


def test_a_title_stands_outside():
    found = labelled("Ms Anna Bah spoke", [("Ms Anna Bah", "PERSON")])

    assert found[:3] == [OUTSIDE, *bits("PERSON", 0, 2)]


@pytest.mark.parametrize(
    ("value", "label", "source"),
    [
        ("Borrower", "PERSON", "sec_filings"),
        ("the soldiers", "PERSON", "re3d"),
        ("@nick", "PERSON", "btc"),
        (",", "LOCATION", "europeana"),
        ("Treaty of Rome", "MISC", "wikigold"),
    ],
)
def test_what_another_convention_labels_is_in_doubt(value, label, source):
    found = labelled(f"so {value} went", [(value, label)], source)

    assert set(found[1:-1]) == {ANY}


def test_a_handle_without_its_sign_is_in_doubt():
    assert labelled("by @nick now", [("nick", "PERSON")], "btc")[2] == ANY


def test_a_job_is_outside():
    assert labelled("a nurse", [("nurse", "JOB")]) == [OUTSIDE, OUTSIDE]


def test_where_a_corpus_is_silent_a_number_may_be_a_date_and_a_word_may_not():
    text = "it took place in the old town hall of the city on 3 March"
    words = sentence(text, [], "wnut17", Vocabulary()).allowed
    date = bits("DATE_TIME", 0)[0]

    assert not int(words[0]) & date
    assert int(words[-1]) & date
    assert labelled(text, [], "generated") == [OUTSIDE] * len(words)


def test_chunks_cut_no_entity_and_lose_nothing():
    text = "w " * 7 + "Anna Maria Schmidt " + "w " * 9
    start = text.index("Anna")
    span = {"start": start, "end": start + len("Anna Maria Schmidt"), "label": "PERSON"}
    whole = sentence(text, [span], "generated", Vocabulary())
    pieces = list(chunks(whole, 8))

    assert [one for piece in pieces for one in piece.allowed] == list(whole.allowed)
    assert max(map(len, pieces)) <= 8
    assert all(int(piece.allowed[0]) & ~bits("PERSON", 1, 2)[0] for piece in pieces)
    assert int(pieces[1].allowed[0]) == bits("PERSON", 0)[0]
