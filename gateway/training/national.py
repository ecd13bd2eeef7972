"""National numbers of people and firms with valid check digits, per country.

Methods: Luhn (ISO/IEC 7812-1); MOD 11,10 (ISO/IEC 7064); MOD 97; and each country's published
weights. The digits themselves are random: nobody's number is meant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from gateway.training.draw import Draw


def luhn_digit(digits: str) -> str:
    """The digit that completes digits to a Luhn number."""
    total = 0
    for index, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 if index % 2 else 2)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def _weighted(digits: str, weights: tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))


def us_ssn(draw: Draw) -> str:
    """Area not 000, 666 or from 900; group and serial not zero."""
    area = draw.pick((draw.between(1, 665), draw.between(667, 899)))
    parts = f"{area:03}", f"{draw.between(1, 99):02}", f"{draw.between(1, 9999):04}"
    return draw.pick(("-", "-", "-", "-", " ", "")).join(parts)


def us_ein(draw: Draw) -> str:
    """Employer identification number."""
    return f"{draw.between(10, 98)}-{draw.digits(7)}"


def gb_nino(draw: Draw) -> str:
    """National Insurance number."""
    text = draw.letters(1, "ABCEGHJKLMNPRSTWXYZ") + draw.letters(1, "ABCEGHJKLMNPRSTWXYZ")
    if text in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ"):
        text = "AB"
    number = draw.digits(6)
    if draw.chance(0.5):
        return f"{text} {number[:2]} {number[2:4]} {number[4:]} {draw.letters(1, 'ABCD')}"
    return text + number + draw.letters(1, "ABCD")


def gb_nhs(draw: Draw) -> str:
    """NHS number: weights 10 to 2, modulus 11."""
    while True:
        digits = draw.digits(9)
        check = 11 - _weighted(digits, (10, 9, 8, 7, 6, 5, 4, 3, 2)) % 11
        if check != 10:
            digits += str(check % 11)
            return f"{digits[:3]} {digits[3:6]} {digits[6:]}"


def de_tax(draw: Draw) -> str:
    """Steuer-Identifikationsnummer: MOD 11,10; exactly one digit occurs twice, one is missing."""
    digits = draw.some("0123456789", 10)
    if digits[0] == "0":
        digits[0], digits[1] = digits[1], digits[0]
    digits[draw.between(1, 4)] = digits[draw.between(5, 9)]
    product = 10
    for digit in digits:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    text = "".join(digits) + str((11 - product) % 10)
    return f"{text[:2]} {text[2:5]} {text[5:8]} {text[8:]}" if draw.chance(0.5) else text


_CARD_LETTERS = "0123456789CFGHJKLMNPRTVWXYZ"


def de_card(draw: Draw) -> str:
    """Serial number of an identity card or passport: weights 7, 3, 1 (ICAO 9303)."""
    serial = draw.letters(1, "CFGHJKLMNPRTVWXYZ") + draw.letters(8, _CARD_LETTERS)
    total = sum(int(sign, 36) * (7, 3, 1)[at % 3] for at, sign in enumerate(serial))
    return serial + str(total % 10)


def de_social(draw: Draw) -> str:
    """Rentenversicherungsnummer: weighted cross sums, modulus 10."""
    letter, serial = draw.letters(1), draw.digits(2)
    birth = f"{draw.between(1, 28):02}{draw.between(1, 12):02}{draw.digits(2)}"
    area = f"{draw.between(2, 89):02}"
    signs = f"{area}{birth}{ord(letter) - 64:02}{serial}"
    total = 0
    for digit, weight in zip(signs, (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1), strict=True):
        value = int(digit) * weight
        total += value // 10 + value % 10
    return (" " if draw.chance(0.5) else "").join((area, birth, letter, f"{serial}{total % 10}"))


def fr_nir(draw: Draw) -> str:
    """Numéro de sécurité sociale: key = 97 - number mod 97."""
    parts = [
        draw.pick("12"), draw.digits(2), f"{draw.between(1, 12):02}", f"{draw.between(1, 95):02}",
        f"{draw.between(1, 989):03}", f"{draw.between(1, 999):03}",
    ]  # fmt: skip
    parts.append(f"{97 - int(''.join(parts)) % 97:02}")
    return (" " if draw.chance(0.6) else "").join(parts)


def fr_siren(draw: Draw) -> str:
    """SIREN or SIRET: Luhn."""
    digits = draw.digits(8)
    digits += luhn_digit(digits)
    if draw.chance(0.5):
        return f"{digits[:3]} {digits[3:6]} {digits[6:]}"
    if draw.chance(0.5):
        return f"FR{(12 + 3 * (int(digits) % 97)) % 97:02}{digits}"
    branch = digits + draw.digits(4)
    return branch + luhn_digit(branch)


_DNI = "TRWAGMYFPDXBNJZSQVHLCKE"


def es_dni(draw: Draw) -> str:
    """DNI or NIE: letter by modulus 23."""
    if draw.chance(0.25):
        prefix, digits = draw.below(3), draw.digits(7)
        letter = _DNI[int(f"{prefix}{digits}") % 23]
        return "XYZ"[prefix] + draw.pick(("", "-", "")) + digits + draw.pick(("", "-")) + letter
    digits = draw.digits(8)
    letter = _DNI[int(digits) % 23]
    if draw.chance(0.2):
        return f"{digits[:2]}.{digits[2:5]}.{digits[5:]}-{letter}"
    return digits + draw.pick(("", "", "-", " ")) + letter


def es_cif(draw: Draw) -> str:
    """CIF of a firm."""
    digits = draw.digits(7)
    total = sum(int(digit) for digit in digits[1::2])
    for digit in digits[::2]:
        value = int(digit) * 2
        total += value // 10 + value % 10
    return draw.pick("AB") + digits + str(-total % 10)


_ODD = MappingProxyType(
    dict(
        zip(
            "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20,
             11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
            strict=True,
        )
    )
)  # fmt: skip


def it_fiscal(draw: Draw) -> str:
    """Codice fiscale: letters for the name, birth, town; control letter by modulus 26."""
    consonants = "BCDFGLMNPRSTVZ"
    body = draw.letters(3, consonants) + draw.letters(2, consonants) + draw.letters(1, "AEIORN")
    day = draw.between(1, 28) + (40 if draw.chance(0.5) else 0)
    body += f"{draw.digits(2)}{draw.letters(1, 'ABCDEHLMPRST')}{day:02}"
    body += draw.letters(1, "ABCDEFGHIL") + f"{draw.between(1, 990):03}"
    total = sum(
        int(sign, 36) - (10 if sign.isalpha() else 0) if at % 2 else _ODD[sign]
        for at, sign in enumerate(body)
    )
    return body + chr(65 + total % 26)


def it_vat(draw: Draw) -> str:
    """Partita IVA: Luhn."""
    digits = draw.digits(10)
    return draw.pick(("", "IT")) + digits + luhn_digit(digits)


def nl_bsn(draw: Draw) -> str:
    """Burgerservicenummer: weights 9 to 2 and -1, modulus 11."""
    while True:
        digits = str(draw.between(1, 9)) + draw.digits(7)
        check = _weighted(digits, (9, 8, 7, 6, 5, 4, 3, 2)) % 11
        if check != 10:
            digits += str(check)
            if draw.chance(0.2):
                return f"{digits[:4]}.{digits[4:6]}.{digits[6:]}"
            return digits


def nl_vat(draw: Draw) -> str:
    """VAT number of a firm: a valid nine-digit number inside."""
    return f"NL{nl_bsn(draw).replace('.', '')}B{draw.between(1, 99):02}"


def be_rrn(draw: Draw) -> str:
    """Rijksregisternummer: 97 - number mod 97."""
    digits = f"{draw.digits(2)}{draw.between(1, 12):02}{draw.between(1, 28):02}{draw.digits(3)}"
    check = f"{97 - int(digits) % 97:02}"
    if draw.chance(0.7):
        return f"{digits[:2]}.{digits[2:4]}.{digits[4:6]}-{digits[6:]}.{check}"
    return digits + check


def ch_ahv(draw: Draw) -> str:
    """AHV number: EAN-13."""
    digits = "756" + draw.digits(9)
    total = _weighted(digits, (1, 3) * 6)
    digits += str(-total % 10)
    return f"{digits[:3]}.{digits[3:7]}.{digits[7:11]}.{digits[11:]}"


def pt_nif(draw: Draw) -> str:
    """NIF: weights 9 to 2, modulus 11."""
    digits = draw.pick("12356") + draw.digits(7)
    check = 11 - _weighted(digits, (9, 8, 7, 6, 5, 4, 3, 2)) % 11
    digits += str(check if check < 10 else 0)
    return f"{digits[:3]} {digits[3:6]} {digits[6:]}" if draw.chance(0.4) else digits


def br_cpf(draw: Draw) -> str:
    """CPF: two digits, modulus 11."""
    digits = draw.digits(9)
    for first in (10, 11):
        check = -_weighted(digits, tuple(range(first, 1, -1))) % 11
        digits += str(check if check < 10 else 0)
    if draw.chance(0.75):
        return f"{digits[:3]}.{digits[3:6]}.{digits[6:9]}-{digits[9:]}"
    return digits


def br_cnpj(draw: Draw) -> str:
    """CNPJ: two digits, modulus 11."""
    digits = draw.digits(8) + "0001"
    weights = (5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
    for used in (weights, (6, *weights)):
        check = -_weighted(digits, used) % 11
        digits += str(check if check < 10 else 0)
    return f"{digits[:2]}.{digits[2:5]}.{digits[5:8]}/{digits[8:12]}-{digits[12:]}"


PERSONAL: Final[Mapping[str, tuple[Callable[[Draw], str], ...]]] = MappingProxyType(
    {
        "en": (gb_nino, gb_nino, us_ssn, gb_nhs),
        "de": (de_tax, de_card, de_social, ch_ahv),
        "fr": (fr_nir, fr_nir, be_rrn, ch_ahv),
        "es": (es_dni,),
        "it": (it_fiscal,),
        "nl": (nl_bsn, nl_bsn, be_rrn),
        "pt": (pt_nif, br_cpf, br_cpf),
    }
)
"""Numbers of people by language."""

FIRMS: Final[Mapping[str, tuple[Callable[[Draw], str], ...]]] = MappingProxyType(
    {
        "en": (us_ein,),
        "de": (de_tax, lambda draw: "DE" + draw.digits(9)),
        "fr": (fr_siren,),
        "es": (es_cif, es_dni),
        "it": (it_vat,),
        "nl": (nl_vat, nl_bsn),
        "pt": (pt_nif, br_cnpj),
    }
)
"""Tax numbers by language."""
