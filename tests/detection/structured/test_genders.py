"""A sex or gender counts where it is said of one person."""

import pytest

from gateway.detection.structured.genders import genders
from tests.detection.marked import found, unmarked


@pytest.mark.parametrize(
    "marked",
    [
        "Sexo: [H]",
        "Sexo: [Mujer].",
        "Sex: [F]\nAge: 44",
        '"gender": "[female]"',
        "gender=[male]&x=1",
        "Geschlecht: [weiblich]",
        "Sexe : [masculin]",
        "Sesso: [M]",
        "Geslacht: [vrouw]",
        "Género: [femenino]",
        "[Varón] de 64 años que consulta",
        "une [femme] de 45 ans",
        "ein [Mann] von 45 Jahren",
        "a 45-year-old [woman]",
        "a 45-year-old white [man]",
        "die 62-jährige [Frau]",
        "[uomo] di 54 anni",
    ],
)
def test_finds(marked: str):
    text, value = unmarked(marked)
    assert found(text, genders) == [("GENDER", value)]


@pytest.mark.parametrize(
    "text",
    [
        "The man from the shop said that the girl had left.",
        "gender: string",
        "sex: m.group(1)",
        "essex: male voice choir",
        "gender = models.CharField(max_length=1)",
        "Mann und Frau sind gleich.",
        "a woman of 45 words",
        "sexo: M-12",
        "manual of 45 years",
    ],
)
def test_leaves(text: str):
    assert found(text, genders) == []
