"""Nationalities, faiths and camps count beside people, and only there."""

from __future__ import annotations

import pytest

from gateway.detection.structured.demonyms import DEMONYMS
from gateway.detection.structured.inflection import forms
from gateway.detection.structured.nationalities import nationalities
from tests.detection.marked import found, unmarked


@pytest.mark.parametrize(
    "marked",
    [
        "The [Lebanese] chef, whose book",
        "by a [Turkish national], Mr Demirci",
        "two [Swedish citizens] were",
        "my [muslim] housemate is",
        "an [Anglo-Irish] poet",
        "Der [österreichische] Bergführer warnte",
        "die [polnische] Pflegekraft",
        "ein Mann [türkischer] Herkunft",
        "De [Surinaamse] kok kreeg",
        "een [Zuid-Afrikaanse] schrijver",
        "Le navigateur [breton] a franchi",
        "Une touriste [japonaise] a oublié",
        "un homme d'origine [marocaine] a",
        "une étudiante [néo-zélandaise]",
        "Les [socialistes] ont voté",
        "Una pianista [georgiana] tocó",
        "una mujer de nacionalidad [Alemana], que",
        "Tanto los [peronistas] como",
        "La [leghista] Ornella Piovan",
        "Il turista [svedese] ha chiesto",
        "due ragazze [tedesche] in gita",
        "Um casal [neozelandês] trocou",
        "O ginasta [cabo-verdiano] escorregou",
        "o senador [trabalhista] Ademar",
        "LA TURISTA [JAPONESA] OLVIDÓ",
    ],
)
def test_finds(marked: str):
    text, value = unmarked(marked)
    assert found(text, nationalities) == [("NRP", value)]


@pytest.mark.parametrize(
    "text",
    [
        "a Dutch oven, French toast, Danish pastry and Turkish coffee",
        "polnische Wurst, die englische Sprache, ein spanischer Wein",
        "Nederlandse kaas en Belgische frieten",
        "un café turc, la cuisine japonaise, une vue suisse",
        "cocina georgiana, queso holandés y el motor alemán",
        "il caffè turco, la tecnologia tedesca",
        "vinho português e queijo suíço",
        "Dr. Héctor Pastor Navarro, colegiado",
        "los turistas y los analistas; les artistes; gli autisti",
        "the polish on the finish",
    ],
)
def test_leaves_things_and_surnames_alone(text: str):
    assert found(text, nationalities) == []


def test_all_forms_of_a_word_are_known():
    expected = "tedesca tedeschi tedesche japonaises marroquíes alemanas grecque deutscher alemães"
    assert set(expected.split()) <= DEMONYMS


@pytest.mark.parametrize(
    ("language", "word", "form"),
    [("en", "boy", "boys"), ("fr", "acteur", "acteurs"), ("nl", "kok", "koks"), ("it", "ù", "ù")],
)
def test_words_without_a_rule_keep_their_forms(language: str, word: str, form: str):
    assert {word, form} <= forms(language, [word])
