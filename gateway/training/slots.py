"""What fills the slots of one text: one human, one firm, one date a number, kept for its length."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from gateway.training import identifiers, national, organisations, people, places, times
from gateway.training.data import words
from gateway.training.draw import Draw
from gateway.training.people import Person
from gateway.training.templates import SLOTS

_CODE_WORDS = "get set load parse find make send user item list file page index cache retry".split()
_ERRORS = (
    "TypeError", "ValueError", "KeyError", "NullPointerException", "404", "E1042", "0x80070057",
    "ECONNREFUSED", "500 Internal Server Error", "segmentation fault", "timeout", "ORA-00942",
)  # fmt: skip
_UNITS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "en": (
            "${}",
            "${}",
            "£{}",
            "€{}",
            "{} dollars",
            "{} USD",
            "${} million",
            "£{}k",
            "{} euros",
        ),
        "de": ("{} Euro", "{} €", "{} EUR", "{} Franken", "{} Millionen Euro", "CHF {}"),
        "fr": ("{} euros", "{} €", "{} EUR", "{} millions d'euros", "{} CHF", "{} $"),
        "es": ("{} euros", "{} €", "{} pesos", "{} millones de euros", "${}", "{} dólares"),
        "it": ("{} euro", "{} €", "€ {}", "{} milioni di euro", "{} EUR"),
        "nl": ("{} euro", "€ {}", "€{}", "{} miljoen euro", "EUR {}"),
        "pt": ("{} euros", "R$ {}", "{} €", "{} reais", "{} milhões de euros", "US$ {}"),
    }
)


class Filler:
    """The values of one text. The same slot and number always give the same value."""

    __slots__ = ("_people", "_values", "draw", "lang")

    def __init__(self, draw: Draw, lang: str) -> None:
        self.draw, self.lang = draw, lang
        self._people: dict[int, Person] = {}
        self._values: dict[tuple[str, int], str] = {}

    def person(self, number: int) -> Person:
        """The human of a number."""
        found = self._people.get(number)
        if found is None:
            found = self._people[number] = people.person(self.draw, self.lang)
        return found

    def value(self, name: str, number: int = 1) -> str:
        """What fills a slot; "article:value" where an article belongs before it.

        Raises:
            KeyError: no such slot.
        """
        key = (name, number)
        found = self._values.get(key)
        if found is None:
            found = self._values[key] = _MAKERS[name](self, number)
        return found


_ARTICLE = re.compile(r"([^\W\d_]+'?):(?=\S)")
_WITH_ARTICLE: Final = frozenset({"LOCATION", "ORGANIZATION", "DATE_TIME"})


def split_article(slot: str, value: str) -> tuple[str, str]:
    """The article with its space, and the value: ("the ", "US") of "the:US"."""
    found = _ARTICLE.match(value) if SLOTS[slot] in _WITH_ARTICLE else None
    if found is None:
        return "", value
    article = found[1] if found[1].endswith("'") else f"{found[1]} "
    return article, value[found.end() :]


def label_of(slot: str, lang: str) -> str | None:
    """The label of a slot: a social security number is American in English text only."""
    return "NATIONAL_ID" if slot == "ssn" and lang != "en" else SLOTS[slot]


_Maker = Callable[[Filler, int], str]


def _human(make: Callable[[Draw, Person], str]) -> _Maker:
    return lambda filler, number: make(filler.draw, filler.person(number))


def _local(make: Callable[[Draw, str], str]) -> _Maker:
    return lambda filler, _: make(filler.draw, filler.lang)


def _free(make: Callable[[Draw], str]) -> _Maker:
    return lambda filler, _: make(filler.draw)


def _listed(section: str) -> _Maker:
    return lambda filler, _: filler.draw.pick(words(filler.lang, section))


def _organisation(kind: str) -> _Maker:
    return lambda filler, _: organisations.organisation(filler.draw, filler.lang, kind)


def _time(section: str) -> _Maker:
    return lambda filler, _: times.written(filler.draw, filler.lang, section)


def _patterned(name: str) -> _Maker:
    return lambda filler, _: identifiers.patterned(filler.draw, name, filler.lang)


def _last(filler: Filler, number: int) -> str:
    last = filler.person(number).last
    if " " in last and filler.lang in ("es", "pt") and filler.draw.chance(0.7):
        parts = last.split(" ")
        return parts[0] if filler.lang == "es" and parts[0][0].isupper() else parts[-1]
    return last


def _national(filler: Filler, _: int) -> str:
    return filler.draw.pick(national.PERSONAL[filler.lang])(filler.draw)


def _tax(filler: Filler, _: int) -> str:
    return filler.draw.pick(national.FIRMS[filler.lang])(filler.draw)


def _number(draw: Draw) -> str:
    number = draw.between(2, 9 if draw.chance(0.3) else 99 if draw.chance(0.5) else 5000)
    return str(number) if draw.chance(0.85) else f"{number / 10:.1f}"


def _amount(draw: Draw, lang: str) -> str:
    number = draw.between(3, 999)
    text = str(number)
    if draw.chance(0.4):
        text += draw.pick((".", ",")) + f"{draw.below(100):02}"
    elif draw.chance(0.3):
        text += draw.pick((".", ",", " ")) + "000"
    return draw.pick(_UNITS[lang]).format(text)


def _order(draw: Draw) -> str:
    return draw.mask(
        draw.pick(("########", "ORD-######", "#######", "#####-###", "RE-20##-####", "B##########",
                   "PO-####", "20##/####", "F-#####", "##-####-##"))
    )  # fmt: skip


def _version(draw: Draw) -> str:
    text = f"{draw.below(20)}.{draw.below(30)}"
    return (
        text
        + (f".{draw.below(40)}" if draw.chance(0.6) else "")
        + draw.pick(("", "", "", "-rc1", "b2"))
    )


def _percent(draw: Draw, lang: str) -> str:
    text = f"{draw.below(100)}{draw.pick(('', '', '.', ','))}"
    text = text + str(draw.below(10)) if text[-1] in ".," else text
    word = {"en": " percent", "de": " Prozent", "fr": " %", "es": " por ciento", "it": " per cento",
            "nl": " procent", "pt": " por cento"}[lang]  # fmt: skip
    return text + draw.pick(("%", "%", " %", word))


def _score(draw: Draw) -> str:
    return f"{draw.below(8)}{draw.pick(('-', '-', ':', ':', '–', ' - '))}{draw.below(6)}"


def _filename(draw: Draw) -> str:
    name = draw.pick(_CODE_WORDS) + draw.pick(("", "_" + draw.pick(_CODE_WORDS), draw.digits(2)))
    return name + draw.pick(
        (".pdf", ".py", ".docx", ".jpg", ".csv", ".js", ".txt", ".xlsx", ".png", ".zip")
    )


def _code(draw: Draw) -> str:
    one, other = draw.pick(_CODE_WORDS), draw.pick(_CODE_WORDS)
    return draw.pick(
        (f"{one}_{other}()", draw.mask("??##"), one + other.title(), draw.mask("####"))
    )


_MAKERS: Final[Mapping[str, _Maker]] = MappingProxyType(
    {
        "person": _human(people.full),
        "first": lambda filler, number: filler.person(number).first,
        "last": _last,
        "last_first": _human(people.last_first),
        "initial_last": _human(people.initial_last),
        "honorific": lambda filler, number: people.honorific(
            filler.draw, filler.person(number), filler.lang
        ),
        "nick": lambda filler, number: people.nick(filler.draw, filler.person(number), filler.lang),
        "city": _local(places.city),
        "country": _local(places.country),
        "region": _local(places.region),
        "place": _local(places.place),
        "street": _local(places.street),
        "address": _local(places.address),
        "address_block": _local(places.address_block),
        "street_address": _local(places.street_address),
        "zip": _local(places.zip_code),
        **{kind: _organisation(kind) for kind in
           ("company", "bank", "agency", "school", "hospital", "club", "media", "party")},
        "nationality": _listed("nationality"),
        "religion": _listed("religion"),
        "event": _listed("event"),
        "product": _listed("product"),
        "job": _listed("job"),
        "date": _time("date"),
        "time": _time("time"),
        "datetime": _time("datetime"),
        "month_year": _time("month_year"),
        "period": _time("period"),
        "dob": _time("dob"),
        "year": _local(times.written_year),
        "month": lambda filler, _: filler.draw.pick(words(filler.lang, "months")),
        "weekday": lambda filler, _: filler.draw.pick(words(filler.lang, "weekdays")),
        "age": _local(times.age),
        "email": lambda filler, number: identifiers.email(
            filler.draw, filler.person(number), filler.lang
        ),
        "phone": _local(identifiers.phone),
        "card": _free(identifiers.card),
        "iban": _local(identifiers.iban),
        "ssn": lambda filler, number: (
            national.us_ssn(filler.draw) if filler.lang == "en" else _national(filler, number)
        ),
        "national_id": _national,
        "tax_id": _tax,
        **{name: _patterned(name) for name in
           ("passport", "license", "plate", "id", "mrn", "policy_no")},
        "ip": _free(identifiers.ip),
        "mac": _free(identifiers.mac),
        "url": lambda filler, number: identifiers.url(
            filler.draw, filler.person(number), filler.lang
        ),
        "username": _human(identifiers.username),
        "handle": lambda filler, number: "@" + identifiers.username(
            filler.draw, filler.person(number)
        ),
        "password": _free(identifiers.password),
        "api_key": _free(identifiers.api_key),
        "crypto": _free(identifiers.crypto),
        "amount": _local(_amount),
        "number": _free(_number),
        "order": _free(_order),
        "version": _free(_version),
        "percent": _local(_percent),
        "score": _free(_score),
        "filename": _free(_filename),
        "code": _free(_code),
        "error": lambda filler, _: filler.draw.pick(_ERRORS),
    }
)  # fmt: skip
