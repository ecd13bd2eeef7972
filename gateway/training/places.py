"""Places: towns, countries, regions, squares, streets, and postal addresses of each country."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from gateway.training.data import words
from gateway.training.draw import Draw, filled
from gateway.training.people import person
from gateway.training.pools import COUNTRIES, listed_countries, towns

_INVENTED: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = MappingProxyType(
    {
        "en": (("Ash", "Wood", "Green", "Black", "Stan", "Hart", "North", "South", "Kirk", "Whit", "Brad",
                "Mill", "Clay", "Thorn", "Hazel", "Dun", "Old", "New", "Spring", "Red", "Sal", "Win", "Farn"),
               ("ton", "ham", "ford", "ley", "field", "bury", "wick", "worth", "ville", "dale", "mouth",
                "borough", "bridge", "stead", "burg", " Springs", " Falls", "port", " Heights", "by")),
        "de": (("Hohen", "Nieder", "Ober", "Unter", "Alten", "Neuen", "Groß", "Klein", "Wald", "Stein",
                "Eber", "Rosen", "Linden", "Mühl", "Königs", "Bad ", "Kirch", "Frieden", "Herz", "Grün"),
               ("berg", "dorf", "hausen", "heim", "stadt", "bach", "feld", "burg", "kirchen", "au", "tal",
                "rode", "ingen", "stetten", "brück", "wald", "born", "see", "weiler", "walde")),
        "fr": (("Saint-", "Sainte-", "Ville", "Mont", "Châteauneuf-", "Bourg-", "La ", "Le ", "Les ", "Beau",
                "Champ", "Roche", "Pont-", "Haute", "Neuv", "Clair", "Fontaine-", "Val"),
               ("martin", "ville", "mont", "fort", "court", "lieu", "pré", "vault", "bois", "clair", "rive",
                "-sur-Loire", "ency", "igny", "illac", "ac", "ières", "elle")),
        "es": (("Villa", "San ", "Santa ", "Torre", "Monte", "Fuente", "Alcalá de ", "Puerto ", "Casa",
                "Cañada", "Val", "Nueva ", "El ", "La ", "Los ", "Mira", "Rio", "Agua"),
               ("nueva", "franca", "lba", "mayor", "real", "del Río", "verde", "hermosa", "rey", "del Campo",
                "flores", "blanca", "sierra", "ceda", "rrubia", "mar", "linda", "lén")),
        "it": (("Monte", "Castel", "San ", "Santa ", "Borgo", "Villa", "Rocca", "Campo", "Val", "Ponte",
                "Acqua", "Torre", "Civita", "Pietra", "Fonte", "Bel", "Serra", "Casal"),
               ("vecchio", "nuovo", "fiore", "franco", "santa", "rosso", "monte", "chiara", "forte", "grande",
                "ggio", "bella", "lago", "verde", "rino", "pulciano", "zzano", "gnano")),
        "nl": (("Oud", "Nieuw", "Noord", "Zuid", "Ooster", "Wester", "Hoog", "Laag", "Zand", "Wou", "Hilver",
                "Bever", "Roe", "Zoeter", "Kerk", "Sint-", "Door", "Heems", "Vlaar"),
               ("dam", "burg", "wijk", "dijk", "hoven", "kerk", "meer", "veen", "drecht", "berg", "bosch",
                "huizen", "woude", "sluis", "gem", "rode", "stede", "beek", "brugge")),
        "pt": (("Vila ", "São ", "Santa ", "Monte", "Porto ", "Campo ", "Rio ", "Nova ", "Póvoa de ", "Ribeira ",
                "Vale de ", "Alto ", "Bela ", "Castelo ", "Águas ", "Ita", "Para", "Cama"),
               ("Real", "Novo", "Verde", "Alegre", "Grande", "Claro", "Branco", "Belo", "do Sul", "Velho",
                "Formoso", "Lindo", "çu", "tinga", "pira", "guara", "da Serra", "do Norte")),
    }
)  # fmt: skip


def city(draw: Draw, lang: str) -> str:
    """A town: of the language's countries, of the world, or one that does not exist."""
    point = draw.below(100)
    if point < 10:
        return draw.pick(words(lang, "cities"))
    if point < 22:
        heads, tails = _INVENTED[lang]
        head, tail = draw.pick(heads), draw.pick(tails)
        return head + (tail[:1].upper() + tail[1:] if head[-1] in " -" else tail)
    country = draw.pick(COUNTRIES[lang]) if point < 65 else ""
    large, every = towns()[country]
    return draw.pick(large if draw.chance(0.4) else every)


def country(draw: Draw, lang: str) -> str:
    """A country in the language; "before:name" where an article belongs before it."""
    if draw.chance(0.75):
        return draw.pick(words(lang, "countries"))
    return draw.pick(listed_countries(lang))


def region(draw: Draw, lang: str) -> str:
    """A region, state or continent."""
    return named(draw, lang, draw.pick(words(lang, "regions")))


def named(draw: Draw, lang: str, pattern: str) -> str:
    """A pattern of the language's lists filled: {last}, {first}, {city}, {word}, {n} and so on."""
    return filled(pattern, lambda name: _value(draw, lang, name))


_LOWER_WORDS = frozenset({"fr", "it"})


def _value(draw: Draw, lang: str, name: str) -> str:
    match name:
        case "last":
            return person(draw, lang).last
        case "first":
            return person(draw, lang).first.split("-")[0]
        case "city":
            return city(draw, lang)
        case "word" | "wordm":
            word = draw.pick(words(lang, name))
            return word.lower() if lang in _LOWER_WORDS and draw.chance(0.25) else word
        case "brand":
            return draw.pick(words("world", "brand_start")) + draw.pick(words("world", "brand_end"))
        case "n":
            return str(draw.between(1, 99))
        case "nth":
            number = draw.between(4, 90)
            last = number % 10 if number // 10 != 1 else 0
            return f"{number}{('th', 'st', 'nd', 'rd')[last] if last < 4 else 'th'}"
        case "month":
            return draw.pick(words(lang, "months")[:12])
    raise KeyError(name)


def place(draw: Draw, lang: str) -> str:
    """A square, park, river, stadium."""
    text = named(draw, lang, draw.pick(words(lang, "place")))
    return _compound(text)


def street(draw: Draw, lang: str) -> str:
    """The name of a street."""
    return _compound(named(draw, lang, draw.pick(words(lang, "street"))))


def _compound(text: str) -> str:
    """German and Dutch join words: a name of two words takes hyphens before its last part."""
    return text.replace("s straße", "sstraße").replace(" straße", "straße")


def _house(draw: Draw) -> str:
    number = str(draw.between(1, 250))
    if draw.chance(0.12):
        number += draw.pick(("a", "b", "c", "A", "B", " a", "/2", "-3", " bis"))
    return number


_ZIPS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "US": ("#####", "#####", "#####", "#####-####"),
        "GB": ("??# #??", "??## #??", "?# #??", "?## #??", "??#? #??"),
        "IE": ("?## ??##",), "CA": ("?#? #?#",), "AU": ("%###",), "NZ": ("%###",),
        "DE": ("%####", "%####", "0####", "D-%####"), "AT": ("%###", "%###", "A-%###"),
        "CH": ("%###", "%###", "CH-%###"),
        "FR": ("%####", "%####", "0####"), "BE": ("%###", "%###", "B-%###"),
        "ES": ("%####", "0####", "28###"), "MX": ("%####", "C.P. %####"), "AR": ("C####???", "%###"),
        "CL": ("%######",), "CO": ("######",), "PE": ("%####",),
        "IT": ("%####", "0####", "%####"), "NL": ("%### ??", "%###??", "%### ??"),
        "PT": ("%###-###", "%###-###"), "BR": ("#####-###", "########", "#####-###"),
    }
)  # fmt: skip


def zip_code(draw: Draw, lang: str, country_code: str = "") -> str:
    """A postal code."""
    return draw.mask(draw.pick(_ZIPS[country_code or draw.pick(COUNTRIES[lang])]))


_STREET_FIRST = frozenset({"de", "es", "it", "nl", "pt"})


def street_address(draw: Draw, lang: str) -> str:
    """Street and house number, in the order of the language."""
    name, number = street(draw, lang), _house(draw)
    if lang in _STREET_FIRST:
        text = f"{name}{', ' if lang in ('es', 'it', 'pt') and draw.chance(0.7) else ' '}"
        text += (
            f"{draw.pick(('nº ', 'n. ', 'n.º ', 'n° '))}{number}"
            if (lang in ("es", "it", "pt") and draw.chance(0.15))
            else number
        )
    else:
        text = f"{number}{', ' if lang == 'fr' and draw.chance(0.35) else ' '}{name}"
    if draw.chance(0.12):
        text += _flat(draw, lang)
    return text


_FLATS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "en": (", Apt %", ", Apt. #?", " Apt %#", ", Flat %", ", Suite %##", " Unit %", " #%##", ", Floor %"),
        "de": (", Whg. %", ", %. Stock", ", Hinterhaus", "/%", ", c/o ???", ", Top %"),
        "fr": (", appt %", ", bât. ?", ", %e étage", ", escalier ?", " boîte %"),
        "es": (", %º ?", ", %.º izda.", ", piso %", ", bajo ?", ", esc. ?, %º", ", depto. %##"),
        "it": (", int. %", ", scala ?", ", piano %", "/?"),
        "nl": ("-%", " bus %", "-hs", " %hoog", "-II"),
        "pt": (", %º Dto", ", %.º Esq.", ", apto %##", ", apto. %#", ", bloco ?", ", r/c", ", casa %"),
    }
)  # fmt: skip


def _flat(draw: Draw, lang: str) -> str:
    return draw.mask(draw.pick(_FLATS[lang]))


def _us(draw: Draw, town: str, code: str) -> str:
    return f"{town}, {draw.pick(words('en', 'states'))} {code}"


_LINES: Final[Mapping[str, Callable[[Draw, str, str], str]]] = MappingProxyType(
    {
        "US": _us,
        "CA": lambda draw, town, code: f"{town}, {draw.pick(('ON', 'QC', 'BC', 'AB'))} {code}",
        "GB": lambda draw, town, code: f"{town}{draw.pick((' ', ', '))}{code}",
        "IE": lambda _, town, code: f"{town}, {code}",
        "AU": lambda draw, town, code: f"{town} {draw.pick(('NSW', 'VIC', 'QLD', 'WA'))} {code}",
        "NZ": lambda _, town, code: f"{town} {code}",
        "IT": lambda draw, town, code: f"{code} {town}" + (
            f" ({draw.pick(words('it', 'states'))})" if draw.chance(0.6) else ""
        ),
        "MX": lambda _, town, code: f"{code} {town}",
        "BR": lambda draw, town, code: draw.pick(
            (f"{town}/", f"{town} - ", f"{town}, ")
        ) + f"{draw.pick(words('pt', 'states'))}, {draw.pick(('CEP ', '', ''))}{code}",
        "BE": lambda _, town, code: f"{code} {town}",
    }
)  # fmt: skip


def _town_line(draw: Draw, lang: str, code: str) -> str:
    large, every = towns()[code]
    town = (
        draw.pick(large if draw.chance(0.4) else every) if draw.chance(0.75) else city(draw, lang)
    )
    number = zip_code(draw, lang, code)
    if code == "NL":
        return f"{number}{draw.pick((' ', '  ', ' '))}{town}"
    maker = _LINES.get(code)
    return maker(draw, town, number) if maker else f"{number} {town}"


def address(draw: Draw, lang: str) -> str:
    """A postal address in one line."""
    code = draw.pick(COUNTRIES[lang])
    parts = [street_address(draw, lang), _town_line(draw, lang, code)]
    if draw.chance(0.1):
        parts.append(country(draw, lang).rpartition(":")[2])
    return draw.pick((", ", ", ", ", ", ", ", " - " if lang in ("it", "pt", "es") else ", ")).join(
        parts
    )


def address_block(draw: Draw, lang: str) -> str:
    """A postal address in several lines."""
    code = draw.pick(COUNTRIES[lang])
    parts = [street_address(draw, lang), _town_line(draw, lang, code)]
    if draw.chance(0.2):
        parts.append(country(draw, lang).rpartition(":")[2])
    return "\n".join(parts)
