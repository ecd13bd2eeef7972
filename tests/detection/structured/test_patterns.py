"""E-mail addresses, bank accounts and social security numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detection.structured.checksums import IBAN_LENGTHS, iban
from gateway.detection.structured.patterns import FINDERS
from tests.detection.marked import found, unmarked


@pytest.mark.parametrize(
    ("kind", "marked"),
    [
        ("EMAIL_ADDRESS", "mail [JOHN.DOE@EXAMPLE.COM] now"),
        ("EMAIL_ADDRESS", "<[anna@münchen.de]>"),
        ("EMAIL_ADDRESS", "[用户@例子.广告]"),
        ("EMAIL_ADDRESS", "mailto:[u+tag@xn--mnchen-3ya.de]?subject=x"),
        ("EMAIL_ADDRESS", "?user=[a.b@c.org]&x=1"),
        ("IBAN", "[de89370400440532013000] is ours"),
        ("IBAN", "to [DE89 3704 0044 0532 0130 00] was stopped"),
        ("IBAN", "IBAN:[GB82WEST12345698765432]."),
        ("IBAN", "IBAN [DE88 3704 0044 0532 0130 00]"),
        ("IBAN", "IBAN transfer to [GB34ABCD60316074] — ref"),
        ("IBAN", "to [DE 89 3704 0044 0532 0130 00] was stopped"),
        ("IBAN", "on [NL 91 ABNA 0417 1643 00]"),
        ("IBAN", "IBAN: [DE 88 3704 0044 0532 0130 00]"),
        ("IBAN", "x/[DE89 3704 0044 0532 0130 00]"),
        ("IBAN", "IBAN-[DE89370400440532013000]"),
        ("US_SSN", "SSN-[536-90-4399]"),
        ("US_SSN", "SSN/[536-90-4399], x"),
        ("EMAIL_ADDRESS", "ask [git@anna.de], or"),
        ("US_SSN", "his [078-05-1120], he"),
        ("US_SSN", "in a list,[976-88-1234],x"),
        ("US_SSN", "SSN [900 12 3456]"),
        ("US_SSN", "her social security number is [123456789]"),
    ],
)
def test_finds(kind: str, marked: str):
    text, value = unmarked(marked)
    assert found(text, *FINDERS) == [(kind, value)]


@pytest.mark.parametrize(
    "text",
    [
        "icon@2x.png and @property and a@b",
        "DE1 and GB12 and IBAN is a standard",
        "123-45-67890, 1123-45-6789, 123-45-6789-0",
        "order 123456789",
        "v2-123-45-6789 and 12/34-123-45-6789-0",
        "BA54 73A2 B058 7B07 FB27 CF2D 2160 94E5",
        "git@github.com:org/repo.git and ssh://git@host.example.com/org/repo",
        "in DE 88 3704 0044 0532 0130 00 and at 10 1234 5678",
    ],
)
def test_leaves_alone(text: str):
    assert found(text, *FINDERS) == []


@given(
    st.sampled_from(sorted(IBAN_LENGTHS)),
    st.text("0123456789", min_size=31, max_size=31),
    st.sampled_from(["", " ", "-"]),
)
def test_every_iban_of_every_country(country: str, body: str, separator: str):
    account = body[: IBAN_LENGTHS[country] - 4]
    check = next(f"{n:02d}" for n in range(2, 99) if iban(f"{country}{n:02d}{account}"))
    value = f"{country}{check}{account}"
    written = separator.join(value[at : at + 4] for at in range(0, len(value), 4))
    assert found(f"pay {written} now", *FINDERS) == [("IBAN", written)]


def test_two_accounts_with_a_slash_between():
    one, other = "GB29 NWBK 6016 1331 9268 19", "DE89 3704 0044 0532 0130 00"
    assert found(f"{one}/{other}", *FINDERS) == [("IBAN", one), ("IBAN", other)]
