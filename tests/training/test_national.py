from __future__ import annotations

import pytest

from gateway.detection.structured import checksums
from gateway.training import identifiers, national
from gateway.training.data import LANGUAGES
from gateway.training.draw import Draw

SEEDS = range(150)


@pytest.mark.parametrize("seed", SEEDS)
def test_cards_end_in_their_luhn_digit(seed):
    assert checksums.luhn("".join(filter(str.isdigit, identifiers.card(Draw(seed)))))


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("lang", LANGUAGES)
def test_ibans_are_valid(lang, seed):
    assert checksums.iban(identifiers.iban(Draw(seed), lang).replace(" ", ""))


@pytest.mark.parametrize("seed", SEEDS)
def test_crypto_addresses_are_valid(seed):
    address = identifiers.crypto(Draw(seed))
    if address.startswith("bc1"):
        assert checksums.bech32(address)
    elif not address.startswith("0x"):
        assert checksums.base58check(address)


@pytest.mark.parametrize("seed", SEEDS)
def test_italian_vat_numbers_are_luhn_numbers(seed):
    assert checksums.luhn(national.it_vat(Draw(seed)).removeprefix("IT"))


STDNUM = [
    ("us.ssn", lambda draw: national.us_ssn(draw).replace(" ", "")),
    ("gb.nhs", national.gb_nhs), ("de.idnr", national.de_tax),
    ("fr.nir", national.fr_nir),
    ("it.codicefiscale", national.it_fiscal), ("nl.bsn", national.nl_bsn),
    ("be.nn", national.be_rrn), ("ch.ssn", national.ch_ahv), ("pt.nif", national.pt_nif),
    ("br.cpf", national.br_cpf), ("br.cnpj", national.br_cnpj),
]  # fmt: skip


@pytest.mark.parametrize(("module", "make"), STDNUM, ids=[name for name, _ in STDNUM])
def test_national_numbers_satisfy_an_independent_validator(module, make):
    stdnum = pytest.importorskip(f"stdnum.{module}")
    check = getattr(stdnum, "is_valid")  # noqa: B009
    failed = [number for seed in SEEDS if not check(number := make(Draw(seed)))]
    assert not failed


def test_spanish_numbers_carry_their_letter():
    dni, nie = pytest.importorskip("stdnum.es.dni"), pytest.importorskip("stdnum.es.nie")
    for seed in SEEDS:
        number = national.es_dni(Draw(seed)).replace(".", "")
        assert (nie if number[0] in "XYZ" else dni).is_valid(number), number


def test_a_luhn_digit_completes_a_number():
    """The example of ISO/IEC 7812-1."""
    assert national.luhn_digit("7992739871") == "3"
