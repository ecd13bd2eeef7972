"""The blind index: ways to write one value are equal, and other values, types, tenants are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.content.index import blind, index_key, normalised

KEY = index_key(b"m" * 32, "acme")


@pytest.mark.parametrize(
    ("entity_type", "one", "other"),
    [
        ("EMAIL_ADDRESS", "Anna.Schmidt@Example.com", " anna.schmidt@example.com "),
        ("EMAIL_ADDRESS", "mailto:a@b.de", "a@b.de"),
        ("PHONE_NUMBER", "+49 (30) 2345-678", "0049302345678"),
        ("IBAN", "DE89 3704 0044 0532 0130 00", "de89370400440532013000"),
        ("CREDIT_CARD", "4111-1111-1111-1111", "4111 1111 1111 1111"),
        ("PERSON", "Anna  Schmidt", "ANNA SCHMIDT"),
        ("PERSON", "O’Brien", "O'Brien"),
        ("PERSON", "Zoë", "Zoe\u0308"),
        ("PERSON", "Groß", "GROSS"),
    ],
)
def test_what_is_equal(entity_type: str, one: str, other: str):
    assert blind(KEY, entity_type, one) == blind(KEY, entity_type, other)


@pytest.mark.parametrize(
    ("entity_type", "one", "other"),
    [
        ("EMAIL_ADDRESS", "a.b@c.de", "ab@c.de"),
        ("PERSON", "Anna Schmidt", "Anna"),
        ("PERSON", "कि", "की"),
        ("PHONE_NUMBER", "+49 30 1", "+49 30 2"),
        ("PASSWORD", "!!!", "???"),
    ],
)
def test_what_is_not(entity_type: str, one: str, other: str):
    assert blind(KEY, entity_type, one) != blind(KEY, entity_type, other)


def test_types_and_tenants_are_apart():
    found = {
        blind(index_key(b"m" * 32, tenant), entity_type, "1234567")
        for tenant in ("a", "b")
        for entity_type in ("ID", "CARD")
    }
    assert len(found) == 4


@given(st.sampled_from(["PERSON", "PHONE_NUMBER", "EMAIL_ADDRESS"]), st.text(max_size=40))
def test_the_normal_form_is_one(entity_type: str, value: str):
    once = normalised(entity_type, value)
    assert normalised(entity_type, once) == once


def test_half_a_character_has_an_index():
    assert len(blind(KEY, "PERSON", "\ud800")) == 32
