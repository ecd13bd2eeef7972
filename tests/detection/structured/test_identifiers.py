"""National identifiers: made with their check digits, found alone or beside their label."""

from __future__ import annotations

import importlib
import pkgutil

import pytest
import stdnum
from hypothesis import given
from hypothesis import strategies as st

from gateway.detection.spans import DEFAULT_THRESHOLD
from gateway.detection.structured import identifiers
from gateway.detection.structured.context import Reading
from gateway.detection.structured.identifiers import ROWS
from tests.detection.marked import found, unmarked


def find(text: str) -> list[tuple[str, str]]:
    return found(text, identifiers.identifiers)


@pytest.mark.parametrize(
    ("kind", "marked"),
    [
        ("PL_PESEL", "[44051401359]"),
        ("ES_NIF", "el [12345678Z] de"),
        ("ES_NIE", "[X1234567L]"),
        ("IT_FISCAL_CODE", "[RSSMRA85T10A562S]"),
        ("FI_PERSONAL_IDENTITY_CODE", "[131052-308T]"),
        ("SE_PERSONNUMMER", "[811218-9876]"),
        ("SG_NRIC_FIN", "[S1234567D]"),
        ("UK_NINO", "[AB 12 34 56 C]"),
        ("US_MBI", "[1EG4-TE5-MK73]"),
        ("DE_TAX_ID", "[86 095 742 719]"),
        ("DE_VAT_ID", "USt: [DE136695976]"),
        ("AU_ABN", "[51 824 753 556]"),
        ("IN_PAN", "[ABCPE1234F]"),
        ("NATIONAL_ID", "[756.9217.0769.85]"),
        ("NATIONAL_ID", "[529.982.247-25] no Brasil"),
        ("NATIONAL_ID", "[2 55 08 14 168 025 38]"),
        ("NATIONAL_ID", "[BOXW310820HNERXN09]"),
        ("NATIONAL_ID", "[12.531.909-2]"),
        ("TAX_ID", "[GB 980 7806 84]"),
        ("TAX_ID", "[11.222.333/0001-81]"),
        ("UK_NHS", "NHS number [943 476 5919]"),
        ("CA_SIN", "SIN [130 692 544]"),
        ("AU_TFN", "TFN: [123 456 782]"),
        ("IN_AADHAAR", "aadhaar [2341 2341 2346]"),
        ("NATIONAL_ID", "BSN [111222333]"),
        ("NATIONAL_ID", "CPR [211062-5629]"),
        ("NATIONAL_ID", "身份证: [11010519491231002X]"),
        ("NATIONAL_ID", "oib [94577403194]"),
        ("US_NPI", "NPI [1245319599]"),
        ("DE_SOCIAL_SECURITY", "Rentenversicherungsnummer [15070649C103]"),
        ("NATIONAL_ID", "rijksregisternummer [98.47.28-997.65]"),
        ("NATIONAL_ID", "carte d'identité [591-1917064-58]"),
        ("NATIONAL_ID", "ЛНЧ [7111042925]"),
        ("NATIONAL_ID", "DIMEX [155812994816]"),
        ("NATIONAL_ID", "veronumero [123456789123]"),
        ("NATIONAL_ID", "PEID [1234567]"),
        ("TAX_ID", "Firmenbuchnummer [FN 122119m]"),
        ("TAX_ID", "cédula jurídica [3-101-999999]"),
        ("TAX_ID", "NIF [416001000000007]"),
        ("ES_NIF", "[ESB58378431] en factura"),
        ("ID", "CUPS [ES 1234-123456789012-JY 1T]"),
        ("ID", "Gläubiger-ID: [DE98ZZZ09999999999]"),
        ("TAX_ID", "[EU372022452]"),
        ("TAX_ID", "TIN [C0000803561]"),
        ("TAX_ID", "NIFp [693770885]"),
        ("TAX_ID", "company number [516179157]"),
        ("TAX_ID", "VSK [IS 00621]"),
        ("TAX_ID", "n° TVA [53 0000 04605]"),
        ("TAX_ID", "[J52/750/2012]"),
        ("TAX_ID", "matična številka [9331310000]"),
        ("TAX_ID", "COE [SM24165]"),
        ("TAX_ID", "NINEA [30672212G2]"),
        ("TAX_ID", "juristic person [0105536112014]"),
        ("TAX_ID", "vinnutal [623857]"),
        ("DE_SOCIAL_SECURITY", "Sozialversicherungsnummer [65 170839 J 008]"),
        ("DE_HANDELSREGISTER", "Amtsgericht Köln, [HRB 12345]"),
    ],
)
def test_finds(kind: str, marked: str):
    text, value = unmarked(marked)
    assert find(text) == [(kind, value)]


@pytest.mark.parametrize(
    "text",
    [
        "order 123456789 and 1234567890",
        "44051401358 has a wrong check digit",
        "12345678A and 1234567Z",
        "+44051401359",
        "1711230000006 and 1700000000000",
        "9fceb02d0ae598e95dc970b74767f19372d61af8",
        "item A1234567, 123-456-789",
        "x_44051401359, a/44051401359/b, 1,44051401359",
        "",
    ],
)
def test_leaves_alone(text: str):
    assert find(text) == []


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("44051401359", identifiers.CHECKED),
        ("PESEL 44051401359", identifiers.CHECKED_LABELLED),
        ("PESEL: 44051401358", identifiers.NOT_CHECKED),
        ("PESEL of the man 44051401358", None),
        ("NINO AB123456C", identifiers.FORM_LABELLED),
    ],
)
def test_scores(text: str, score: float | None):
    scores = [span.score for span in identifiers.identifiers(Reading(text))]
    assert scores == ([] if score is None else [score])


def test_a_wrong_check_digit_still_counts_beside_its_label():
    assert identifiers.NOT_CHECKED >= DEFAULT_THRESHOLD


def test_every_row_has_a_check():
    assert len(ROWS) > 150
    assert len({row.name for row in ROWS}) == len(ROWS)
    for row in ROWS:
        check = identifiers._check(row.name)
        assert check("") in (True, False, None) if row.name not in identifiers._OWN else True


# Of python-stdnum's modules, those that name nobody, and those that others here read.
NOBODYS = frozenset(
    "at.postleitzahl be.ogm_vcs ch.esr de.leitweg de.wkn do.ncf es.cae es.postal_code eu.banknote "
    "eu.ecnumber eu.eic eu.excise eu.nace fi.associationid fr.accise fr.rcs gb.sedol it.aic "
    "nl.brin nl.postcode se.postnummer".split()
)
READ_ELSEWHERE = {
    "iban": "be.iban es.iban me.iban no.iban",
    "us_ssn": "us.ssn us.tin",
    "another row": "be.ssn cz.bankaccount eu.vat ro.cui sk.rc th.tin de.handelsregisternummer",
}


def test_every_number_of_a_person_or_firm_that_stdnum_knows_is_in_the_table():
    known = {
        f"{country.name}.{one.name}"
        for country in pkgutil.iter_modules(stdnum.__path__)
        if country.ispkg and country.name != "iso7064"
        for one in pkgutil.iter_modules([f"{stdnum.__path__[0]}/{country.name}"])
    }
    elsewhere = {name for names in READ_ELSEWHERE.values() for name in names.split()}
    assert known - {row.name for row in ROWS} == NOBODYS | elsewhere


NINES = st.text("0123456789", min_size=9, max_size=9)


@pytest.mark.parametrize(
    ("module", "label", "length"),
    [
        ("nl.bsn", "BSN", 9),
        ("pl.pesel", "PESEL", 11),
        ("hr.oib", "OIB", 11),
        ("no.fodselsnummer", "fødselsnummer", 11),
    ],
)
@given(data=st.data())
def test_what_the_algorithm_accepts_is_found_beside_its_label(module, label, length, data):
    body = data.draw(st.text("0123456789", min_size=length - 2, max_size=length - 2))
    check = importlib.import_module(f"stdnum.{module}").is_valid
    valid = [f"{body}{tail:02d}" for tail in range(100) if check(f"{body}{tail:02d}")]
    for number in valid[:1]:
        assert (f"{label}: {number}", number) == (
            f"{label}: {number}",
            find(f"{label}: {number}")[0][1],
        )


@given(st.text("0123456789ABXYZ -./", max_size=60))
def test_any_text_is_read(text: str):
    for span in identifiers.identifiers(Reading(f"dni nif bsn pesel {text}")):
        assert span.start < span.end
