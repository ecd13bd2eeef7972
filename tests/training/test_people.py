from __future__ import annotations

from collections import Counter

import pytest

from gateway.training import people
from gateway.training.data import LANGUAGES
from gateway.training.draw import Draw
from gateway.training.people import Person

pytest.importorskip("faker")

from gateway.training.pools import EUROPE, HOME, WORLD, names

ANNA = Person("Anna", "Maria", "Schneider", female=True)
JEAN = Person("Jean-Luc", "", "de Vries", female=False)


@pytest.mark.parametrize(
    ("make", "one", "allowed"),
    [
        (people.last_first, ANNA, {"Schneider, Anna", "Schneider, A.", "SCHNEIDER, Anna",
         "SCHNEIDER, A.", "Schneider, Anna Maria", "Schneider, Anna M.", "SCHNEIDER, Anna Maria",
         "SCHNEIDER, Anna M."}),
        (people.initial_last, ANNA, {"A. Schneider", "A.M. Schneider", "A Schneider"}),
        (people.initial_last, JEAN, {"J.-L. de Vries", "J de Vries"}),
    ],
)  # fmt: skip
def test_the_forms_of_a_name(make, one, allowed):
    assert {make(Draw(seed), one) for seed in range(400)} == allowed


def test_a_full_name_has_a_part_of_each_name_or_its_initial():
    found = Counter(people.full(Draw(seed), ANNA) for seed in range(3000))
    assert found.most_common(1)[0][0] == "Anna Schneider"
    assert {"Schneider Anna", "SCHNEIDER Anna", "Anna M. Schneider", "A. Schneider"} < set(found)
    assert all(name.upper().startswith(("A", "SCHNEIDER")) for name in found)


def test_some_full_names_end_in_a_suffix():
    assert any(people.full(Draw(seed), JEAN).endswith("Jr.") for seed in range(3000))


@pytest.mark.parametrize(
    "locale", sorted({*EUROPE, *WORLD, *(x for y in HOME.values() for x in y)})
)
def test_every_pool_has_names(locale):
    pool = names(locale)
    assert min(len(pool.female), len(pool.male), len(pool.surnames)) > 5
    for name in (*pool.female, *pool.male, *pool.surnames):
        assert name == name.strip()
        assert not any("Ѐ" <= sign <= "ӿ" for sign in name)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_third_of_surnames_are_in_no_pool(lang):
    pools = {name for locale in {*EUROPE, *WORLD, *HOME[lang]} for name in names(locale).surnames}
    draw = Draw(4)
    made = [people.person(draw, lang).last for _ in range(2000)]
    new = sum(1 for name in made if not any(part in pools for part in (name, *name.split(" "))))
    assert 0.2 < new / len(made) < 0.6


def test_an_honorific_fits_the_person():
    women = {people.honorific(Draw(seed), ANNA, "de") for seed in range(200)}
    men = {people.honorific(Draw(seed), JEAN, "de") for seed in range(200)}
    assert "Frau" in women - men
    assert "Herr" in men - women
