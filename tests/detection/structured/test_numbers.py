"""Phone and card numbers among other digits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detection.spans import disjoint
from gateway.detection.structured import numbers
from gateway.detection.structured.checksums import luhn
from gateway.detection.structured.context import Reading
from gateway.detection.structured.numbers import cards, phones


def texts(text: str, finder) -> list[str]:
    return [text[span.start : span.end] for span in disjoint(finder(Reading(text)))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("4111 1111 1111 1111 123", ["4111 1111 1111 1111"]),
        ("4111 1111 1111 1111 5500 0000 0000 0004", ["4111 1111 1111 1111", "5500 0000 0000 0004"]),
        ("12 4111111111111111", ["4111111111111111"]),
        ("4111 1111 1111 1112", []),
        ("+4111111111111111", []),
        ("4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", ["4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1"]),
        ("visa 0000000000000", ["0000000000000"]),
        ("%B4111111111111111^DOE/J^2512", ["4111111111111111"]),
        ("xB4111111111111111", []),
    ],
)
def test_cards(text: str, expected: list[str]):
    assert texts(text, cards) == expected


@given(st.text("0123456789", min_size=14, max_size=14), st.sampled_from(["", " ", "-", ".", " - "]))
def test_every_card_in_groups_of_four(body: str, separator: str):
    number = next(f"4{body}{digit}" for digit in "0123456789" if luhn(f"4{body}{digit}"))
    written = separator.join(number[at : at + 4] for at in range(0, 16, 4))
    assert any(written in found for found in texts(f"pay {written} now", cards))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+49 30 901820 and +33 1 82 39 23 54", ["+49 30 901820", "+33 1 82 39 23 54"]),
        ("2024-03-05 12:30", []),
        ("tel 10.0.0.1", []),
        ("(030) 901820-55", ["(030) 901820-55"]),
        ("+57 300 123 4567 300 123 4568", ["+57 300 123 4567", "300 123 4568"]),
        ("+61 2 9374 4000 1300 975 707", ["+61 2 9374 4000", "1300 975 707"]),
        ("+49 30 901820 / 030 901821", ["+49 30 901820", "030 901821"]),
        ("0.123456789", []),
        ("phone: 415 555 2671 x12.", ["415 555 2671 x12"]),
        ("+1 1", []),
    ],
)
def test_phones(text: str, expected: list[str]):
    assert texts(text, phones) == expected


@pytest.mark.parametrize(
    "marked",
    [
        "Tel. [030/901820]",
        "Phone: [(555) 123-4567 x89]",
        '"phoneNumber": "[5551234567]"',
        "x,[+1 (885) 240-3683],747",
        "call me at [08 9123 4567] tomorrow",
        "tel:[+4930901820]",
        "Bel [0612345678] of app",
        "reach her on [070.123.71.93] after six",
        "nota: [08-12 67 54]",
        "c'est le [12 345 96 92] je crois",
        "- [222 123 5919]",
        "[612 34 56 78] en España",
        "[(11) 91234-5678]",
        "[(11)912345678]",
        "meu zap: [11912345678]",
        "cel [55 1234 5678]",
        "[8 (912) 345-67-89]",
        "[98765 43210]",
        "[138 1234 5678]",
        "mein Handy: [0151 23456789]",
        "Tfno. [670.97.10.26]",
        "llámame al [91 123 45 67]",
        "reach me on [601 234 567]",
        "[+886 2 2345 6789] and",
        "[011 44 20 7946 0958] from the US",
        "je suis là, [0612345678] à bientôt",
        "ok, [07700900123] then",
        "schreib an [015123456789]",
        "[21 234 5678] em Lisboa",
        "[91 234 5678] em Lisboa",
        "móvil [612-345-678] vale",
        "je suis là, [06.47.39.64.60] à bientôt",
        "[06-12-34-56-78]",
        "ciao, [347/1234567]",
        "bel me op [347.1234567]",
        "[55 1234 5678] en la ciudad",
        "[+52 1 55 1234 5678]",
        "fone [11 912345678]",
        "Tel [95635-2928]",
        "my number is [04131 5242310]",
        "[9 6123 4567] en Chile",
        "電話 [03-1234-5678]",
        "τηλ [210 1234567]",
        "الهاتف: [0501234567]",
        "c'est mon num: [0612345678]",
        "số điện thoại [0912345678]",
        "[0482199351]",
    ],
)
def test_phones_of_many_countries(marked: str):
    before, _, rest = marked.partition("[")
    value, _, after = rest.partition("]")
    assert texts(before + value + after, phones) == [value]


@pytest.mark.parametrize(
    "text",
    [
        "order 123456789 and 1234567890",
        "reading 004512.7, previous 004388.2",
        "mobile data 10 000 000 bytes used",
        "reach 192.168.10.24",
        "ISBN 978-3-16-148410-0 and 0-306-40615-2",
        "12.03.2024, 05/03/2024, 2019-2024",
        "40.7128, -74.0060 and 0.05 0.10 0.25",
        "9400 1000 0000 0000 0000 00",
        "1 000 000 and 12 345 678 kg",
        "2147483647, 1700000000, 4294967295",
        "order no. 415-555-2671 shipped",
        "0.2.0 (2016-09-18)",
        "123-45-6789",
        "run-006-2340223, INV-2024-001234",
        "0 1 2 3 4 5 6 7 8 9",
        "x + 907133923 and Decimal('+35236450.6')",
        "expected 50331648 bytes, calls 12345678",
        "POSIX 1003.1-1988",
        "612-345-678 and 912-345-678",
        "0045 0308 and 00:32:00.999999 and 252.227-7013",
        "MA 02110-1301, CA 94105-1234",
        "order 0612345678, id_0612345678, 0612345678.5, 06123456789",
        "06-12-34, 06.12.34, 01.02.03.04 and 12-11-10-09-08",
        "00000000000, 1111111111",
    ],
)
def test_not_phones(text: str):
    assert texts(text, phones) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id 630471163232 of Maestro", ["630471163232"]),
        ("4477502353004290740", ["4477502353004290740"]),
        ("trace_id 4477502353004290740", []),
        ("15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30", []),
        ("47.52583_31754_92896_71629", []),
        ("Card: 4000-0000-0101-8980\n", ["4000-0000-0101-8980"]),
        ("9111111111111111", []),
    ],
)
def test_cards_among_numbers(text: str, expected: list[str]):
    assert texts(text, cards) == expected


@given(st.text("0123456789", min_size=1, max_size=40))
def test_running_sums_are_luhns(digits: str):
    sums = numbers._luhn_sums(digits)
    for begin in range(len(digits)):
        assert numbers._passes(sums, begin, len(digits)) == luhn(digits[begin:])
