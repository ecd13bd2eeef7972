"""Numbers and letters as people say them, in seven languages. Data. Pure.

A word of digits stands for the digits it is written with ("forty" for 40); the spelling alphabets
are those of ICAO (Annex 10) and of DIN 5009 in its forms before and after 1983.
"""

from __future__ import annotations

_UNITS = {
    "en": "zero one two three four five six seven eight nine",
    "de": "null eins zwei drei vier fünf sechs sieben acht neun",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve",
    "it": "zero uno due tre quattro cinque sei sette otto nove",
    "nl": "nul een twee drie vier vijf zes zeven acht negen",
    "pt": "zero um dois três quatro cinco seis sete oito nove",
}
_TEENS = {
    "en": "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen",
    "de": "zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn",
    "fr": "dix onze douze treize quatorze quinze seize dix-sept dix-huit dix-neuf",
    "es": "diez once doce trece catorce quince dieciséis diecisiete dieciocho diecinueve",
    "it": "dieci undici dodici tredici quattordici quindici sedici diciassette diciotto diciannove",
    "nl": "tien elf twaalf dertien veertien vijftien zestien zeventien achttien negentien",
    "pt": "dez onze doze treze catorze quinze dezesseis dezessete dezoito dezenove",
}
_TENS = {
    "en": "twenty thirty forty fifty sixty seventy eighty ninety",
    "de": "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig",
    "fr": "vingt trente quarante cinquante soixante septante huitante nonante",
    "es": "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa",
    "it": "venti trenta quaranta cinquanta sessanta settanta ottanta novanta",
    "nl": "twintig dertig veertig vijftig zestig zeventig tachtig negentig",
    "pt": "vinte trinta quarenta cinquenta sessenta setenta oitenta noventa",
}
_MORE = {
    "en": {"oh": 0, "o": 0, "nought": 0, "naught": 0, "nil": 0, "niner": 9, "fourty": 40},
    "de": {
        "zwo": 2,
        "ein": 1,
        "fuenf": 5,
        "zwoelf": 12,
        "fuenfzehn": 15,
        "fuenfzig": 50,
        "dreissig": 30,
    },
    "fr": {"zero": 0, "une": 1, "octante": 80},
    "es": {"un": 1, "una": 1, "dieciseis": 16},
    "it": {"un": 1, "una": 1},
    "nl": {"één": 1},
    "pt": {
        "uma": 1,
        "duas": 2,
        "tres": 3,
        "meia": 6,
        "quatorze": 14,
        "dezasseis": 16,
        "dezassete": 17,
        "dezanove": 19,
    },
}
_HUNDREDS = {
    "en": "hundred",
    "de": "hundert",
    "fr": "cent cents",
    "es": "cien ciento",
    "it": "cento",
    "nl": "honderd",
    "pt": "cem cento",
}
_REPEATS = {
    "en": {"double": 2, "triple": 3, "treble": 3, "quadruple": 4},
    "de": {"doppel": 2, "doppelt": 2, "zweimal": 2, "dreimal": 3, "dreifach": 3, "viermal": 4},
    "fr": {"double": 2, "triple": 3, "quadruple": 4},
    "es": {"doble": 2, "triple": 3},
    "it": {"doppio": 2, "doppia": 2, "triplo": 3, "triplice": 3},
    "nl": {"dubbel": 2, "dubbele": 2, "tweemaal": 2, "driemaal": 3, "driedubbel": 3},
    "pt": {"duplo": 2, "dobro": 2, "triplo": 3},
}
AND: dict[str, frozenset[str]] = {
    "en": frozenset({"and"}),
    "de": frozenset({"und"}),
    "fr": frozenset({"et"}),
    "es": frozenset({"y"}),
    "it": frozenset({"e"}),
    "nl": frozenset({"en"}),
    "pt": frozenset({"e"}),
}
"""What may stand between tens and units."""

SIGNS: dict[str, str] = {
    "plus": "+", "più": "+", "piu": "+", "más": "+", "mas": "+", "mais": "+",
    "dash": "-", "hyphen": "-", "minus": "-", "strich": "-", "bindestrich": "-", "tiret": "-",
    "guion": "-", "guión": "-", "trattino": "-", "streepje": "-", "hífen": "-", "hifen": "-",
    "traço": "-", "slash": "/", "schrägstrich": "/", "barra": "/", "dot": ".", "point": ".",
    "punkt": ".", "punto": ".", "ponto": ".", "punt": ".", "space": " ", "leerzeichen": " ",
    "pause": " ", "comma": " ", "komma": " ", "virgule": " ", "coma": " ",
}  # fmt: skip
"""Signs that are said between the digits of a number, in any language."""

_NATO = (
    "alfa alpha bravo charlie delta echo foxtrot golf hotel india juliett juliet kilo lima mike "
    "november oscar papa quebec romeo sierra tango uniform victor whiskey whisky x-ray xray "
    "yankee zulu"
)
_DIN = (
    "anton berta cäsar caesar dora emil friedrich gustav heinrich ida julius kaufmann konrad "
    "ludwig martha nordpol otto paula quelle richard samuel siegfried theodor ulrich viktor "
    "wilhelm xanthippe ypsilon zacharias zeppelin"
)

ALPHABET: dict[str, str] = {word: word[0].upper() for word in f"{_NATO} {_DIN}".split()}
"""Words that spell a letter: its first."""

NATO: frozenset[str] = frozenset(_NATO.split())
"""Those that are hardly anything else in a row."""


def _compounds(language: str, units: list[str], tens: list[str]) -> dict[str, int]:
    """Tens and units in one word, or with hyphens, where a language writes them so."""
    out: dict[str, int] = {}
    for row, ten in enumerate(tens, 2):
        for unit in range(1, 10):
            word, value = units[unit], row * 10 + unit
            if language == "de":
                out[f"{'ein' if unit == 1 else word}und{ten}"] = value
            elif language == "nl":
                out[f"{word}{'ën' if word.endswith('e') else 'en'}{ten}"] = value
            elif language == "it":
                stem = ten[:-1] if unit in (1, 8) else ten
                out[stem + word] = value
                if unit == 3:
                    out[stem + "tré"] = value
    if language == "es":
        for unit, word in enumerate("uno dós trés cuatro cinco séis siete ocho nueve".split(), 1):
            out["veinti" + word] = out["veinti" + units[unit]] = 20 + unit
    return out


def _french() -> dict[str, int]:
    """Sixty and what is counted on from it, four times twenty likewise."""
    units, teens = _UNITS["fr"].split(), _TEENS["fr"].split()
    out = {"quatre-vingt": 80, "quatre-vingts": 80, "soixante-et-onze": 71}
    for low, name in enumerate([*units, *teens]):
        if low >= 10:
            out[f"soixante-{name}"] = 60 + low
        if low >= 1:
            out[f"quatre-vingt-{name}"] = 80 + low
    return out


def _numbers(language: str) -> dict[str, int]:
    units, teens = _UNITS[language].split(), _TEENS[language].split()
    tens = _TENS[language].split()
    out = {word: value for value, word in enumerate([*units, *teens])}
    out.update({word: 10 * value for value, word in enumerate(tens, 2)})
    out.update(_compounds(language, units, tens))
    out.update(_MORE[language])
    return out | (_french() if language == "fr" else {})


LANGUAGES: tuple[str, ...] = tuple(_UNITS)
NUMBERS: dict[str, dict[str, int]] = {language: _numbers(language) for language in LANGUAGES}
"""Number words below 100, per language."""

HUNDREDS: dict[str, frozenset[str]] = {
    language: frozenset(words.split()) for language, words in _HUNDREDS.items()
}
REPEATS: dict[str, dict[str, int]] = _REPEATS
"""How often the next digit is meant."""

ANY_NUMBER: frozenset[str] = frozenset(
    part for words in NUMBERS.values() for word in words for part in (word, *word.split("-"))
) | frozenset(ALPHABET)
"""Every word that may stand in a run, and the parts of those with hyphens."""
