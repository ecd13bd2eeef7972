"""What a finding of the classifier must look like to count; brackets hold the finding."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detection.tagger.plausible import (
    COMMON_BITS,
    COUNTRY_BIT,
    EVERYDAY_BIT,
    NAME_BITS,
    STREET_BIT,
    USUAL_BITS,
    WORD_BIT,
    is_plausible,
)
from gateway.detection.tagger.tags import ENTITY_TYPES
from gateway.detection.tagger.tokens import Tokens, tokenize
from tests.detection.marked import unmarked

TOWN = 0b100
KNOWN = {
    "anna": NAME_BITS,
    "schneider": NAME_BITS,
    "mark": NAME_BITS | USUAL_BITS,
    "staub": NAME_BITS | WORD_BIT,
    "hefe": WORD_BIT,
    "leipzig": TOWN,
    "french": COUNTRY_BIT | COMMON_BITS,
    "elbchaussee": STREET_BIT,
    "will": NAME_BITS | USUAL_BITS | EVERYDAY_BIT,
}
COMMON = "a and budget call for house is moved order please report team the today we with".split()
KNOWN |= dict.fromkeys(COMMON, COMMON_BITS)

LITTLE, SOME, RATHER, MUCH, ALL = 0.55, 0.75, 0.92, 0.96, 1.0
LONG = " and the report is for the team" * 12
"""What makes a text too long to be a message."""


def bits_of(tokens: Tokens) -> Callable[[int], int]:
    return lambda at: KNOWN.get(tokens.words[at].lower(), 0)


def counts(entity_type: str, marked: str, score: float = ALL, after: str = "") -> bool:
    text, value = unmarked(marked)
    start = marked.index("[")
    text += after
    tokens = tokenize(text)
    part = tokens.starts.index(start), tokens.ends.index(start + len(value)) + 1
    return is_plausible(text, tokens, part, entity_type, score, bits_of(tokens))


@pytest.mark.parametrize(
    "marked",
    [
        "on [12 March 2024]",
        "am [24.11.] und",
        "am [5. März]",
        "le [3 août]",
        "el [lunes]",
        "am [Mi]",
        "am [Mittwoch]",
        "am [Dienstag]",
        "em [fevereiro]",
        "il [2 giugno 1946]",
        "op [27 mei]",
        "em [7 de setembro]",
        "by [Q3]",
        "on [Friday]",
        "at [Christmas]",
        "vom [16. 5. 2017]",
        "[2024-03-05]",
        "[05/03/2024]",
        "[03/24]",
        "at [14:30]",
        "um [14.30 Uhr]",
        "at [5 pm]",
        "à [14h30]",
        "[2019]",
        "the [1990s]",
        "in [’98]",
    ],
)
def test_dates_and_times(marked: str):
    """Months, days, seasons and numbers in the form of a date or a time."""
    assert counts("DATE_TIME", marked, ALL)


@pytest.mark.parametrize(
    "marked", ["[17]", "[3.5]", "[1,999.50]", "[4711]", "$[1999]", "[192.168.0.1]", "[12-34]"]
)
def test_numbers_are_no_dates(marked: str):
    assert not counts("DATE_TIME", marked)


@pytest.mark.parametrize(
    ("marked", "least"),
    [
        ("in [2019]", 0.8),
        ("[yesterday]", 0.98),
        ("[gisteren]", 0.98),
        ("[mai]", 0.98),
        ("[noon]", 0.98),
    ],
)
def test_what_could_be_something_else_must_be_surer(marked: str, least: float):
    """A bare year, a word that no list of days or months has."""
    assert counts("DATE_TIME", marked, least)
    assert not counts("DATE_TIME", marked, least - 0.01)


@pytest.mark.parametrize(
    "marked",
    [
        "aged [92]",
        "a [45-year-old] man",
        "is [7 months old]",
        "[58] yo",
        "[45] Jahre alt",
        "ein [45-jähriger]",
        "âgée de [82] ans",
        "[34] años",
        "edad: [52]",
        "di [67] anni",
        "[29]-jarige",
        "leeftijd [55]",
        "[41] anos",
        "idade: [41]",
    ],
)
def test_ages_have_a_number_and_a_word_of_age(marked: str):
    assert counts("AGE", marked, LITTLE)


@pytest.mark.parametrize(
    "marked",
    [
        "Anna Schmidt, [88], left",
        "gran is [91] and well",
        "bin [29] und",
        "mevrouw Jansen, [negentig],",
    ],
)
def test_without_such_a_word_it_must_be_rather_surely_an_age(marked: str):
    assert counts("AGE", marked, RATHER)
    assert not counts("AGE", marked, SOME)


@pytest.mark.parametrize(
    "marked",
    ['{"level": [45]}', "width=[45]", "load: [45]", "room [451]", "costs [45.99]"],
)
def test_what_no_age_can_be_is_none(marked: str):
    assert not counts("AGE", marked, ALL)


@pytest.mark.parametrize(
    "marked",
    [
        "chapter [45]",
        "[45] items in the basket",
        "aged" + " " * 20 + "[92]",
        "the average is [45]",
    ],
)
def test_other_numbers_are_no_ages(marked: str):
    assert not counts("AGE", marked, SOME)


@pytest.mark.parametrize(
    "marked",
    [
        "case no. [2024/1877]",
        "customer #[48213]",
        "Passport number: [X4477812]",
        "Application (no. [36760/06])",
        "Aktenzeichen [12 C 3456/23]",
        "Kundennummer: [K-482913]",
        "dossier n° [2024-7781]",
        "Nº de expediente: [88123-B]",
        "numero di polizza [7748213]",
        "matricola [448812]",
        "Versicherungsnummer [K448812]",
        "rekening [448812345]",
        "klantnummer: [448812]",
        "processo n.º [48213/22]",
        "cliente [48213]",
        "NHC: [448213]",
    ],
)
def test_something_says_that_it_is_an_identifier(marked: str):
    """In seven languages, before it and in its line."""
    assert counts("ID", marked)


@pytest.mark.parametrize(
    "marked",
    [
        "we sold [48213] of them",
        "the river [48213]",
        "case no.\n[48213]",
        "id: [d41d8cd98f00b204]",
        "id: [123e4567-e89b-42d3-a456-426614174000]",
        "file v[1.2.3]",
        "number: [1,234,567]",
        "no. [12]",
        "client: [4821.50]",
        "ref: [0x7ffe4821]",
        "ref " + "[" + "4" * 41 + "]",
        "id: [abc]",
    ],
)
def test_other_numbers_are_no_identifiers(marked: str):
    """Without a word for one; digests, versions, amounts; too short or too long."""
    assert not counts("ID", marked)


@pytest.mark.parametrize(
    "marked", ["while (k[0] = [1983]; f(k)) { g(); }", '{"n": [1984], "t": 3}', 'id="[p1905]"']
)
def test_a_number_in_a_program_is_no_year(marked: str):
    assert not counts("DATE_TIME", marked, ALL)


@pytest.mark.parametrize("marked", ['{"year": [1984], "t": 3}', '{"born": "[1984]", "t": 3}'])
def test_but_for_one_that_is_called_a_year(marked: str):
    assert counts("DATE_TIME", marked, MUCH)


def test_an_address_in_lower_case_must_be_rather_sure():
    assert counts("ADDRESS", "at [9 harbour view], whitby", RATHER)
    assert not counts("ADDRESS", "429 [tokens, burst 25]", SOME)


@pytest.mark.parametrize("marked", ["[14 Rue Lafayette]", "[Elbchaussee]", "[Hauptstr. 5]"])
def test_an_address_has_a_word_and_a_number_or_a_street(marked: str):
    assert counts("ADDRESS", marked)


@pytest.mark.parametrize("marked", ["[14]", "[Hamburg]", "[5 B]", "[--]", "[varchar(12)]"])
def test_what_has_not_is_no_address(marked: str):
    assert not counts("ADDRESS", marked)


@pytest.mark.parametrize(
    "marked", ["PLZ [20095]", "CP: [75009]", "zip code [94105]", "CAP [40121]", "[20095] Hamburg"]
)
def test_a_postal_code_stands_where_one_does(marked: str):
    assert counts("LOCATION", marked)


@pytest.mark.parametrize("marked", ["the total is [20095]", "[20095] units", "error [404 12]"])
def test_other_numbers_are_no_postal_codes(marked: str):
    assert not counts("LOCATION", marked)


NAMES = pytest.mark.parametrize("entity_type", ["PERSON", "LOCATION", "ORGANIZATION"])


@NAMES
@pytest.mark.parametrize(
    "marked",
    [
        "I met [Anna] today",
        "I met [Anna Schneider] today",
        "I met [Wojciechowska] today",
        "The train to [Leipzig]",
        "ask [O’Neill]",
        "ask [McDonald] (twice)",
        "well-known-[Anna]",
        "([Anna])",
        "[Anna]/Jim",
        "[The House Report]",
    ],
)
def test_names_in_prose(entity_type: str, marked: str):
    """With capitals, little is asked."""
    assert counts(entity_type, marked, LITTLE, LONG)


@NAMES
@pytest.mark.parametrize(
    "marked",
    [
        "self.[Anna]",
        "[anna].example",
        "[Anna](1)",
        "[anna]_id",
        "$[anna]",
        "src/[anna]",
        "[anna]/src",
        "C:\\[Anna]",
        "[anna]=1",
        "@[anna]",
        "my_[Anna]",
        "--[anna]",
    ],
)
def test_a_word_that_touches_code_is_no_name(entity_type: str, marked: str):
    assert not counts(entity_type, marked, ALL)


@pytest.mark.parametrize(
    "marked", ["new [HttpClientFactory]", "if (x == 1) { return [Frobnicator]; }"]
)
def test_an_unknown_word_in_a_program_must_be_almost_sure(marked: str):
    assert counts("PERSON", marked, 0.98)
    assert not counts("PERSON", marked, MUCH)


def test_a_known_name_counts_in_a_program_too():
    assert counts("PERSON", "{ return <[Anna]>; }", LITTLE)


@NAMES
@pytest.mark.parametrize("marked", ["[12]", "[12 34]", "[A1234]", "[- 4 -]"])
def test_names_are_mostly_letters(entity_type: str, marked: str):
    assert not counts(entity_type, marked, ALL)


@pytest.mark.parametrize(
    "marked", ["[NINO]: QQ 12", "your [RUT] is", "[BIC] and IBAN", "all [I] hear"]
)
def test_what_a_number_is_called_is_no_name_nor_is_i(marked: str):
    assert not counts("PERSON", marked, ALL)


@pytest.mark.parametrize("marked", ['"license": "[MIT]"', "license = [Apache]", "Licence: [BSD]"])
def test_the_licence_of_a_package_is_no_organisation(marked: str):
    assert not counts("ORGANIZATION", marked, ALL)


def test_a_name_with_a_digit_must_be_sure():
    assert counts("ORGANIZATION", "at [Studio 54]", MUCH)
    assert not counts("ORGANIZATION", "at [Studio 54]", RATHER)


@pytest.mark.parametrize(
    ("marked", "least"),
    [
        ("we met [Mark] there", 0.0),  # a name that is a word too
        ("[Mark] the date", 0.7),  # which opens a sentence
        ("Done. [Mark] the date", 0.7),
        ("we met [House] there", 0.9),  # a word that is no name
        ("[House] rules", 0.95),
        ("we met [Will] there", 0.0),  # a name, but nobody thinks of it where a sentence begins
        ("[Will] the date", 0.98),
        ("Done! [House] rules", 0.95),
        ("viel [Hefe] und", 0.6),  # a word that is rare, and may be a name that nobody knows
        ("[Hefe] und", 0.9),
        ("viel [Staub] und", 0.7),  # in a dictionary, and a name
        ("[Staub] und", 0.7),
        ("[House call] today", 0.9),
        ("the [House call] today", 0.0),
        ("[House Call] today", 0.0),
    ],
)
def test_a_common_word_with_a_capital(marked: str, least: float):
    assert counts("PERSON", marked, least)
    assert least == 0.0 or not counts("PERSON", marked, least - 0.01)


@pytest.mark.parametrize(
    ("marked", "after", "least"),
    [
        # a message, as one talks
        ("ok ask [anna] then", "", 0.7),
        ("ok ask [mark] then", "", 0.7),
        ("ok ask [wojciechowska] then", "", 0.7),
        ("ok ask [house] then", "", 0.95),
        ("ok ask [will] then", "", 0.98),
        # a long text without capitals
        ("ok ask [anna] then", LONG, 0.7),
        ("ok ask [wojciechowska] then", LONG, 0.9),
        ("ok ask [mark] then", LONG, 0.9),
        ("ok ask [house] then", LONG, 0.95),
        # a long text with capitals, where a name would have one
        ("Ok ask [anna] then", LONG, 0.95),
        ("Ok ask [wojciechowska] then", LONG, 0.99),
        ("Ok ask [mark] then", LONG, 0.99),
        # a message that is written as prose is
        ("Ok, ask [anna] then.", "", 0.95),
        ("Ok; now: ask [wojciechowska] then?", "", 0.99),
        ("Well. Ok, ask [mark] then!", "", 0.99),
        ("Ok, ask [anna] then!!", "", 0.7),
        ("Ok, ask [anna] then", "", 0.7),
        ("ok, ask [anna] then.", "", 0.7),
    ],
)
def test_names_in_lower_case(marked: str, after: str, least: float):
    """The more capitals around it and the more usual the word, the surer it must be."""
    assert counts("PERSON", marked, least, after)
    assert not counts("PERSON", marked, least - 0.01, after)


@pytest.mark.parametrize(
    ("marked", "after"),
    [
        ("Ok ask [house] then", LONG),
        ("Ok, ask [house] then.", ""),
        ("x = { ask [house]; }", ""),
        ("x = { ask [wojciechowska]; }", ""),
    ],
)
def test_a_usual_word_in_lower_case_is_no_name(marked: str, after: str):
    """Where a name would have a capital, and where a machine is spoken to."""
    assert not counts("PERSON", marked, ALL, after)


@pytest.mark.parametrize(
    "marked", ["a [french] citizen", "a [moldovan] citizen", "a [House] there"]
)
def test_nationalities_need_no_proof(marked: str):
    assert counts("NRP", marked, LITTLE, LONG)


def test_a_usual_word_must_be_rather_surely_a_nationality():
    assert counts("NRP", "a [house] there", 0.9)
    assert not counts("NRP", "a [house] there", 0.89)


TEXTS = st.text(alphabet=st.sampled_from("aAnN 1204.-/_(#\nélß’,:°"), min_size=1, max_size=60)


@given(text=TEXTS, data=st.data(), entity_type=st.sampled_from(ENTITY_TYPES))
def test_more_certainty_never_turns_a_finding_down(
    text: str, data: st.DataObject, entity_type: str
):
    tokens = tokenize(text)
    if not tokens.words:
        return
    first = data.draw(st.integers(0, len(tokens) - 1))
    last = data.draw(st.integers(first + 1, len(tokens)))
    less, more = sorted(data.draw(st.tuples(st.floats(0, 1), st.floats(0, 1))))

    def at(score: float) -> bool:
        return is_plausible(text, tokens, (first, last), entity_type, score, bits_of(tokens))

    assert at(more) or not at(less)


@pytest.mark.parametrize("sign", [*"1aA \n.,/_#:", "n.", "1/", "no "])
@pytest.mark.parametrize("entity_type", ENTITY_TYPES)
def test_what_is_far_away_does_not_matter(entity_type: str, sign: str):
    """So the work for a finding does not grow with the text around it."""
    near = (sign * 200)[:200]
    far = "Anna, aged 92, passport no. 48213. " * 20
    text, value = f"{near} \n Anna 48213 \n {near}", "Anna 48213"
    judged = set()
    for before, after in ((LONG, LONG), (far, ""), ("", far), (far * 9, far * 9)):
        whole = before + text + after
        start = len(before) + text.index(value)
        found = tokenize(value)
        tokens = Tokens(
            found.words,
            [start + at for at in found.starts],
            [start + at for at in found.ends],
            found.spaced,
        )
        judged.add(is_plausible(whole, tokens, (0, 2), entity_type, RATHER, bits_of(tokens)))
    assert len(judged) == 1


@pytest.mark.parametrize("marked", ["set -[euo pipefail]", "cmake --[Ninja]", "-[Anna]"])
def test_a_switch_of_a_command_is_no_name(marked: str):
    assert not counts("PERSON", marked)
    assert counts("PERSON", marked.replace("-", ""))


def test_a_single_letter_in_a_dump_is_no_name():
    assert not counts("PERSON", "4e ec c6 |[A]...?>.S.(.U2N..|")
    assert not counts("PERSON", "c6 |}..'[g.Y].,..GaT\\.|{}")
    assert counts("PERSON", "der Angeklagte [K]. hat")
