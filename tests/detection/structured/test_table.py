"""All recognizers together: hostile text costs in proportion, look-alikes stay alone."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.detection.structured.context import Reading
from gateway.detection.structured.table import ENTITY_TYPES, FINDERS, SHORT, read
from tests.detection.marked import found

PIECES = [
    "1", "a@", "://", "a://", "a.", " 1-", "1 ", "1.", "1,", "::", ":ab", ":ab:", "-ab-", '"', "'",
    "-----BEGIN", "-----BEGIN PRIVATE KEY-----", "a", "Aa ", "00 ", "+1 ", "(", "4111 ", "DE12 ",
    "iban DE12 ", "password=", "password: x1 ", "token=a1B2 ", "mrn a-a-a-", "user: a1 ", "@a1",
    "http://a.b/", "a:b@", "12 Aa Bb ", "Calle A ", "lives in Aa ", "address: 1 a ", "no. 12/34, ",
    "nos. 1234/56, ", "sk-", "eyJ.", "a1B2", "é", "<", "{", "_", "=", "a=1&", "1.1.1.1 ", "fe80:",
    "2024-01-01 ", "May 2024 ", "born 1.1.2001 ", "45 years old ", "aged 45 ", "\n", "\t1",
    "12345678Z ", "AB 12 34 56 C ", "40.1234, 50.1234 ", "40°", "curl -u a:b ", "grant to 'a' ",
    "Server=a;Password=", "Mr. Aa ", "card 4111 ", "phone 1 ", "0x", "www.a", "ab.com/",
    "pin: 1234 ", "PIN code is 1 ", "password a1#b2c ", "recovery phrase: abandon ", "ability ",
    "<password>a", "</", "ip:a:", "mac:aa:", "tcp 1.1.1.1.", "SSN-1-", "DE12/",
    "phone,dob,ssn\n\nx\n", "phone,dob,x\n1,2,3\n",
]  # fmt: skip


def calls(work: Callable[[], object]) -> int:
    """How many functions, of Python and of C, a piece of work calls."""
    count = 0

    def note(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("piece", PIECES)
def test_twice_the_hostile_text_is_twice_the_work(piece: str):
    once, twice = (
        calls(lambda size=size: read(Reading(piece * size), lambda: None)) for size in (300, 600)
    )
    assert twice <= 2.4 * once + 200


@pytest.mark.parametrize("piece", PIECES)
def test_long_hostile_text_is_read_to_its_end(piece: str):
    text = piece * (50_000 // len(piece))
    assert all(span.end <= len(text) for span in read(Reading(text), lambda: None))


@given(st.lists(st.sampled_from([*PIECES, " ", "x ", "12", "Anna "]), max_size=30).map("".join))
@settings(max_examples=150, deadline=None)
def test_spans_are_whole_and_of_known_types(text: str):
    spans = read(Reading(text), lambda: None)
    assert {span.entity_type for span in spans} <= ENTITY_TYPES
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert all(0 < span.score <= 1 for span in spans)


@pytest.mark.parametrize(("text", "finders"), [("1" * (SHORT + 1), FINDERS), ("1", [])])
def test_reading_may_be_stopped_before_it_begins_and_in_a_long_text_before_each_recognizer(
    text: str, finders: Sequence[object]
):
    asked: list[None] = []
    read(Reading(text), lambda: asked.append(None))
    assert len(asked) == 1 + len(finders)


WITHOUT_DIGITS = [piece for piece in [*PIECES, " ", "Anna "] if not re.search(r"\d", piece)]


@given(st.lists(st.sampled_from(WITHOUT_DIGITS), max_size=20).map("".join))
@settings(deadline=None)
def test_what_is_not_asked_of_a_text_without_digits_would_find_nothing(text: str):
    spans = [span for finder in FINDERS for span in finder(Reading(text))]
    assert Counter(read(Reading(text), lambda: None)) == Counter(spans)


@pytest.mark.parametrize(
    "text",
    """
RFC 2822 and ISBN 978-0-13-110362-7
git clone at 9fceb02d0ae598e95dc970b74767f19372d61af8
sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
"integrity": "sha512-oxVKWgYbLzqZ2b3fNT4m1zBkLmr5zC0hM3xiJm1w2v9b0Xn4yq5Y7kq9cW1m2n3bA9S0D==",
uuid 123e4567-e89b-12d3-a456-426614174000
article 12345678 of the list, section 123456789
order no. 415-555-2671 was sent
the password must not be empty; password: str = None
def test(api_key=None, secret="changeme")
for i in range(10): print(f"{i}: {x[i]}")
1,234,567 rows in set (0.05 sec)
price: $1,299.00 (incl. 19% VAT), total 1 234 567,89 EUR
flight LH 1234 at 10:45, gate B22, seat 14C
int32 2147483647, 4294967295, 0xDEADBEEF, 1e10, 3.14159265358979
0123456789 9876543210
color #ff5733 and rgba(255, 87, 51, 0.5)
ISO 9001:2015, DIN 12345, EN 60950-1
Windows 10.0.19045.3803 update KB5034441
CVE-2021-44228 and GHSA-jfh8-c2jp-5v3q
EAN 4006381333931 UPC 036000291452
tracking number 1Z999AA10123456784
the pin is in the grenade; pin: 13 of the header
docker run -p 8080:80 nginx:1.25.3 && ssh -p 2222 host
chmod 755 file; PID 12345; exit code 137
15 16   17 18   19 20   21 22   23 24   25 26   27 28   29 30
trace_id 4532015112830366000
""".strip().splitlines(),
)
def test_look_alikes_stay_alone(text: str):
    assert found(text, *FINDERS) == []
