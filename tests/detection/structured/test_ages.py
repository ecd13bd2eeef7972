"""Ages in figures and in words, in seven languages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detection.structured.ages import ages
from gateway.detection.views.spoken_words import NUMBERS
from tests.detection.marked import found, unmarked


@pytest.mark.parametrize(
    "marked",
    [
        "elle a [91 ans]",
        "a [45-year-old] man",
        "she is [92 years old]",
        "aged [92]",
        "Age: [37]",
        "Tengo [45 años]",
        "Varón de [64 años] que consulta",
        "a los [35 años] sin clínica",
        "une femme de [45 ans]",
        "er ist [45 Jahre alt]",
        "der [89-jährige] Mann",
        "uomo di [54 anni]",
        "een man van [45 jaar]",
        "tem [45 anos]",
        "[93 y/o] male",
        "Firmin Lacassagne, [74 ans], se plaint",
        "di Ermenegildo Zuin, [79 anni], vive solo",
        "E. Monteverde, [31 anos], acusado",
        "Un cachorro de Tijl, [11 jaar].",
        "Itziar, de [7 años], lleva gafas",
        "an [18-month-old] girl",
    ],
)
def test_finds_ages_in_figures(marked: str):
    text, value = unmarked(marked)
    assert found(text, ages) == [("AGE", value)]


@pytest.mark.parametrize(
    "marked",
    [
        "A [nineteen-year-old] apprentice",
        "she is [ninety-two years old] now",
        "boys [twelve years of age]",
        "Der [neunzehn Jahre alte] Torwart",
        "Sie ist [fünfundvierzig Jahre alt].",
        "Die [Neunzehnjährige] gewann",
        "ein [Achtzigjähriger] aus Köln",
        "doña Obdulia Feijóo cumple [noventa y un años] y quiere",
        "una mujer de [treinta y cinco años]",
        "a los [diecisiete años de edad]",
        "Yvonne Le Goff, [quatre-vingt-douze ans], résidente",
        "elle a [cinquante ans]",
        "Il piccolo Elia, di [tre anni], si è chiuso",
        "ha [ventitré anni] e",
        "hij is [vijfennegentig jaar oud]",
        "Filomena Canavarro, [noventa e três anos], carta",
        "tem [quarenta e dois anos]",
        "[SIXTY YEARS OLD] AND",
    ],
)
def test_finds_ages_in_words(marked: str):
    text, value = unmarked(marked)
    assert found(text, ages) == [("AGE", value)]


@pytest.mark.parametrize(
    "marked",
    [
        "the [octogenarian] from Bath",
        "two [nonagenarians] and",
        "un [trentenaire] d'origine",
        "une [quinquagénaire] discrète",
        "Una [quarantaduenne] di Cuneo",
        "due [ventenni] in moto",
        "un [sexagenario] de León",
        "una [cuarentona] alegre",
        "uma [octogenária] do Porto",
        "a [thirty-something] in a hat",
    ],
)
def test_a_word_may_be_an_age_by_itself(marked: str):
    text, value = unmarked(marked)
    assert found(text, ages) == [("AGE", value)]


@pytest.mark.parametrize(
    "text",
    [
        "a 10-year plan, 20 years ago, 5 years older",
        "hace 12 años; desde hace 3 años; de 7 años de evolución",
        "pendant 10 ans, il y a 20 ans",
        "age: 3.5 and pages: 40 and aged 14 days",
        "a ten-year plan, twenty years ago, five years older",
        "vor zehn Jahren, eine dreijährige Lehre, zweijährig",
        "durante diez años; hace doce años; los años veinte",
        "pendant dix ans, il y a vingt ans, deux ou trois ans plus tard",
        "per dieci anni, due anni fa, ogni tre anni",
        "tien jaar geleden, een driejarige opleiding",
        "durante dez anos, há dois anos, os anos noventa",
        "the centenary, a perennial, cent ans de solitude, il ventennio",
        "une centaine, un millénaire, decenni e biennio",
    ],
)
def test_leaves_spans_of_time_alone(text: str):
    assert found(text, ages) == []


@given(st.sampled_from(sorted(NUMBERS["en"])).filter(lambda word: len(word) > 2))
def test_every_number_below_a_hundred_can_be_an_age(word: str):
    assert found(f"He was {word} years old.", ages) == [("AGE", f"{word} years old")]
