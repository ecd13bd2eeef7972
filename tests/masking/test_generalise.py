from __future__ import annotations

import ipaddress
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.entity_types import MEANINGS
from gateway.masking.generalise import GENERALISE_TYPES, generalised
from gateway.operator_kinds import OPERATOR_KINDS

TABLE = [
    ("AGE", "43", None, "40-49"),
    ("AGE", "43 years old", "5_years", "40-44"),
    ("AGE", "43-year-old", "20_years", "40-59"),
    ("AGE", "edad 43", "10_years", "40-49"),
    ("AGE", "43jährig", None, "40-49"),
    ("AGE", "7", None, "0-9"),
    ("AGE", "89", None, "80-89"),
    ("AGE", "89", "20_years", "80-89"),
    ("AGE", "90", "5_years", "90+"),
    ("AGE", "104 años de edad", "20_years", "90+"),
    ("AGE", "18 months", None, "0-9"),
    ("AGE", "43 years and 4 months", None, "40-49"),
    ("AGE", "200", None, None),
    ("AGE", "43-45", None, None),
    ("AGE", "forty", None, None),
    ("AGE", "43", "month", None),
    ("DATE_TIME", "12.04.2024", None, "2024"),
    ("DATE_TIME", "12.04.2024", "month", "2024-04"),
    ("DATE_TIME", "12 de abril de 2024", "quarter", "2024-Q2"),
    ("DATE_TIME", "2024-12-31T23:59:00Z", "quarter", "2024-Q4"),
    ("DATE_TIME", "March 2024", "month", "2024-03"),
    ("DATE_TIME", "2024", "decade", "2020s"),
    ("DATE_TIME", "2024", "month", None),
    ("DATE_TIME", "03/04/2024", "month", None),  # March or April
    ("DATE_TIME", "03/04/2024", "year", "2024"),
    ("DATE_TIME", "04/04/2024", "month", "2024-04"),
    ("DATE_TIME", "tomorrow", "year", None),
    ("DATE_OF_BIRTH", "12.03.45", "decade", "1940s"),
    ("DATE_OF_BIRTH", "12 March 1980", None, "1980"),
    ("COORDINATES", "48.137154, 11.576124", None, "48.1,11.6 (±10 km)"),
    ("COORDINATES", "48.137154, 11.576124", "1_km", "48.14,11.58 (±1 km)"),
    ("COORDINATES", "48.137154, 11.576124", "100_km", "48,12 (±100 km)"),
    ("COORDINATES", "48°08'14\"N 11°34'35\"W", None, "48.1,-11.6 (±10 km)"),
    ("COORDINATES", "33.8688° S, 151.2093° E", None, "-33.9,151.2 (±10 km)"),
    ("COORDINATES", "-0.01, -0.01", None, "0.0,0.0 (±10 km)"),
    ("COORDINATES", "89.99, 11.5", "100_km", "90,0 (±100 km)"),
    ("COORDINATES", "48.137", None, "48.1 (±10 km)"),
    ("COORDINATES", "98.1, 11.5", None, None),
    ("ZIP_CODE", "80331", None, "803**"),
    ("ZIP_CODE", "80331", "2_digits", "80***"),
    ("ZIP_CODE", "D-80331", None, "D-803**"),
    ("ZIP_CODE", "62704-1234", None, "627**-****"),
    ("ZIP_CODE", "03601-1234", None, "000"),
    ("ZIP_CODE", "89301", "3_digits", "000"),
    ("ZIP_CODE", "89301", "2_digits", "89***"),
    ("ZIP_CODE", "1012 AB", None, "10** **"),
    ("ZIP_CODE", "1200-195", None, "12**-***"),
    ("ZIP_CODE", "SW1A 1AA", None, None),
    ("IP_ADDRESS", "10.1.2.3", None, "10.1.2.0/24"),
    ("IP_ADDRESS", "10.1.2.3", "month", "10.1.2.0/24"),
    ("IP_ADDRESS", "2001:db8:1:2::3", None, "2001:db8:1::/48"),
    ("IP_ADDRESS", "10.0.0.0/8", None, None),
    ("IP_ADDRESS", "10.1.2.300", None, None),
    ("PHONE_NUMBER", "+49 30 12345678", None, "+49 …"),
    ("PHONE_NUMBER", "0044 20 7946 0123", None, "+44 …"),
    ("PHONE_NUMBER", "030 12345678", None, None),
    ("LOCATION", "Berlin", None, None),
    ("ADDRESS", "Unter den Linden 1", None, None),
    ("PERSON", "Anna Schmidt", None, None),
]


@pytest.mark.parametrize(("entity_type", "surface", "to", "expected"), TABLE)
def test_values_become_coarser(entity_type, surface, to, expected):
    assert generalised(entity_type, surface, to) == expected


def test_the_options_are_those_of_the_operator():
    known = set(OPERATOR_KINDS["generalise"].options["to"])
    assert set(GENERALISE_TYPES) <= set(MEANINGS)
    assert {word for words in GENERALISE_TYPES.values() for word in words} == known


@given(st.integers(0, 129), st.sampled_from(GENERALISE_TYPES["AGE"]))
def test_an_age_lies_in_its_band(age, to):
    band = generalised("AGE", f"{age} years", to)
    if age >= 90:
        assert band == "90+"
    else:
        low, high = map(int, band.split("-"))
        assert low <= age <= high < 90
        assert high - low < int(to.removesuffix("_years"))


@given(st.floats(-80, 80), st.floats(-180, 180), st.sampled_from(GENERALISE_TYPES["COORDINATES"]))
def test_a_point_lies_near_the_centre_of_its_square(lat, lon, to):
    text = generalised("COORDINATES", f"{lat:.5f}, {lon:.5f}", to)
    place, _, bound = text.partition(" ")
    kilometres = int(to.removesuffix("_km"))
    assert bound == f"(±{kilometres} km)"
    north, east = map(float, place.split(","))
    assert -180 <= east <= 180
    assert abs(north - lat) * 111.2 <= kilometres
    between = abs(east - lon) % 360
    across = min(between, 360 - between) * math.cos(math.radians(lat))
    assert across * 111.2 <= kilometres * 1.02


@given(st.integers(0, 2**32 - 1))
def test_an_address_lies_in_its_network(number):
    address = ipaddress.IPv4Address(number)
    assert address in ipaddress.ip_network(generalised("IP_ADDRESS", str(address), None))


@given(st.sampled_from(sorted(MEANINGS)), st.text(max_size=60), st.none() | st.just("year"))
def test_no_text_breaks_it(entity_type, surface, to):
    result = generalised(entity_type, surface, to)
    assert result is None or entity_type in GENERALISE_TYPES
