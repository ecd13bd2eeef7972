"""Stand-ins for firms, places and postal addresses: coined words in the form of the value. Pure."""

from __future__ import annotations

import re
from typing import Final

from gateway.masking.surrogates import names
from gateway.masking.surrogates.draw import Draw, cased
from gateway.masking.surrogates.numbers import zip_code

_ONSETS: Final = "b br d dr f fl g gr h k kl l m n p pl qu r s st t tr v w z".split()
_VOWELS: Final = "a e i o u".split()
_CODAS: Final = "l ld lm ln m n nd ns r rd rk rm rn rs rt s sk st x nt".split()
_ENDINGS: Final = {
    "de": "au bach feld hausen heim ingen rode stedt weiler".split(),
    "en": "bury combe field ford ham ley mere stead ton wick".split(),
    "es": "alba ejo ena era illo ona osa uela".split(),
    "fr": "ac ans court eux ieres igny oux ville".split(),
    "it": "ago allo ano ate ello enza ona usco".split(),
    "nl": "burg dam drecht horst loo veen voorde wijk".split(),
    "pt": "ais ede eira elo oa osa oso ul".split(),
}
_SECTORS: Final = {
    "de": "Beratung Handel Logistik Systeme Technik Vertrieb Werke".split(),
    "en": "Analytics Consulting Engineering Holdings Logistics Partners Systems Trading".split(),
    "es": "Asesores Consultores Ingenieria Logistica Servicios Sistemas".split(),
    "fr": "Conseil Distribution Industries Ingenierie Logistique Systemes".split(),
    "it": "Consulenza Impianti Industrie Ingegneria Logistica Sistemi".split(),
    "nl": "Advies Groep Handel Logistiek Systemen Techniek".split(),
    "pt": "Consultoria Engenharia Industrias Logistica Servicos Sistemas".split(),
}
_FORMS: Final = {
    "de": "GmbH", "en": "Ltd", "es": "S.L.", "fr": "SARL", "it": "S.r.l.", "nl": "B.V.",
    "pt": "Lda",
}  # fmt: skip
_LEGAL: Final = frozenset(
    "gmbh ag kg ohg ug se mbh e.v ev eg gbr co inc llc ltd plc corp corporation company limited "
    "llp lp s.a sa s.l sl s.l.u slu sarl sas sasu s.a.s s.a.r.l sci spa s.p.a srl s.r.l snc bv b.v "
    "nv n.v vof lda ltda s/a unipessoal & and und et y e".split()
)
_BEFORE: Final = {"de": "Bad", "en": "North", "es": "Villa", "fr": "Mont", "it": "Borgo",
                  "nl": "Nieuw", "pt": "Vila"}  # fmt: skip
_STREETS: Final = {
    "de": "{word}weg {number}", "en": "{number} {word} Lane", "es": "Calle {word}, {number}",
    "fr": "{number} rue {word}", "it": "Via {word} {number}", "nl": "{word}laan {number}",
    "pt": "Rua {word}, {number}",
}  # fmt: skip

# Words of addresses that say nothing about where: kinds of streets, and small words.
_KEPT: Final = frozenset(
    """
    street st road rd avenue ave av lane ln drive dr way court ct boulevard blvd square sq
    terrace parkway pkwy highway hwy close crescent unit apt apartment suite ste floor fl
    room box po p.o straße strasse str platz allee weg gasse ring ufer damm chaussee
    hinterhaus postfach etage og rue place chemin impasse quai allée bis ter cedex bp
    bâtiment étage appartement route calle c plaza paseo avenida avda camino carretera piso
    puerta bajo izq dcha n nº no nr num via viale piazza corso largo vicolo strada interno
    scala int straat laan plein gracht kade singel postbus rua travessa praça praca estrada
    alameda andar esq apto lote bloco rés do chão de la le les du des del della delle dei da
    das dos der den dem die am im an auf in of the van von zum zur l d s e y und et bei
    """.split()
)
_GLUED: Final = re.compile(
    "(straße|strasse|str|weg|platz|allee|gasse|ring|damm|ufer|straat|laan|plein|gracht|kade)\\Z"
)
_STATES: Final = (
    "AL AZ CO CT GA IA KS KY MD MN MO MT NC NE NH NM NV OH SC TN UT VA VT WA WI".split()
)
_SIGNS: Final = frozenset(",.;/-()#&")
_TOKEN = re.compile(r"[^\W\d_]+(?:[.'’-][^\W\d_]+)*|\d+[A-Za-z]?(?![^\W_])|\w+|\s+|.", re.DOTALL)
_POSTCODE = re.compile(r"(?<![\w-])(?:\d{5}(?:-\d{4})?|\d{4}-\d{3}|\d{4} ?[A-Z]{2}|\d{4})(?![\w-])")


def coined(draw: Draw, ending: str = "") -> str:
    """A word that is none: two syllables, or one and an ending, in lower case."""
    word = draw.pick(_ONSETS) + draw.pick(_VOWELS) + draw.pick(_CODAS)
    if ending:
        second = draw.pick(("", "", draw.pick(_VOWELS[:3]) + draw.pick(("l", "n", "r"))))
        return word + second + ending
    return (
        word
        + draw.pick(_VOWELS)
        + draw.pick(("dex", "lin", "mar", "nor", "ra", "ris", "tek", "via"))
    )


def _drawn_language(draw: Draw, keep: frozenset[str], language: str) -> str:
    known = "locale" in keep and language[:2] in names.LANGUAGES
    return language[:2] if known else draw.pick(names.LANGUAGES)


def organization(draw: Draw, surface: str, keep: frozenset[str], language: str) -> str | None:
    """A coined firm; with `format` its legal form and its number of words stay."""
    words = surface.split()
    if not 1 <= len(words) <= 8 or not any(sign.isalpha() for sign in surface):
        return None
    source = _drawn_language(draw, keep, language)
    sectors = list(_SECTORS[source])
    if "format" not in keep:
        return f"{coined(draw).capitalize()} {draw.pick(sectors)} {_FORMS[source]}"
    out: list[str] = []
    first = True
    for word in words:
        bare = word.strip(",()")
        if bare.lower().rstrip(".") in _LEGAL and not first:
            out.append(re.sub("[^\\w.&/,]", "", word))
            continue
        new = coined(draw) if first or not sectors else sectors.pop(draw.below(len(sectors)))
        out.append(cased(new, bare) + ("," if word.endswith(",") else ""))
        first = False
    return " ".join(out).rstrip(",")


def _town(draw: Draw, source: str) -> str:
    return coined(draw, draw.pick(_ENDINGS[source])).capitalize()


def location(draw: Draw, surface: str, keep: frozenset[str], language: str) -> str | None:
    """A coined town; with `format` in as many words (up to two) and parts between commas."""
    if any(sign.isdigit() for sign in surface):
        return address(draw, surface, keep, language)
    if len(surface) > 80 or not any(sign.isalpha() for sign in surface):
        return None
    source = _drawn_language(draw, keep, language)
    if "format" not in keep:
        return _town(draw, source)
    parts = []
    for part in surface.split(",")[:4]:
        town = cased(_town(draw, source), part.strip())
        if len(re.split(r"[\s-]+", part.strip())) > 1:
            joint = "-" if "-" in part else " "
            town = cased(_BEFORE[source], part.strip()) + joint + town
        parts.append(town)
    return ", ".join(parts)


def address(draw: Draw, surface: str, keep: frozenset[str], language: str) -> str | None:
    """A street that is nowhere: coined names, other numbers, postal codes that nobody has.

    With `format` every name and number is exchanged where it stands and kinds of streets stay;
    without, it is a street and a number, and a town where the value has a postal code.
    """
    flat = " ".join(surface.split())
    if not 3 <= len(flat) <= 200 or not any(sign.isalpha() for sign in flat):
        return None
    source = _drawn_language(draw, keep, language)
    if "format" not in keep:
        street = _STREETS[source].format(word=coined(draw).capitalize(), number=1 + draw.below(98))
        code = _POSTCODE.search(flat)
        drawn = zip_code(draw, code[0], keep, language) if code else None
        return f"{street}, {drawn} {_town(draw, source)}" if drawn else street
    out, at = [], 0
    for code in _POSTCODE.finditer(flat):
        if len(code[0]) == 4 and code.start() == 0:
            continue  # a house number
        drawn = zip_code(draw, code[0], keep, language)
        if drawn is not None:
            out += [_exchanged(draw, flat[at : code.start()], source), drawn]
            at = code.end()
    out.append(_exchanged(draw, flat[at:], source))
    return "".join(out)


def _exchanged(draw: Draw, text: str, source: str) -> str:
    """A stretch of an address with every name and number exchanged."""
    return "".join(_token(draw, token, source) for token in _TOKEN.findall(text))


def _token(draw: Draw, token: str, source: str) -> str:
    """Another word for a word, another number for a number; small words and signs stay."""
    if token[0].isdigit():
        return _house_number(draw, token)
    if not token[0].isalpha():
        return token if token in _SIGNS else " "
    lower = token.lower()
    if lower in _KEPT:
        return token
    if len(token) <= 2 and token.isupper():
        return draw.pick(_STATES) if len(token) == 2 else draw.pick("ABCDEF")
    glued = _GLUED.search(lower)
    if glued is not None and glued.start() >= 3:
        return cased(coined(draw), token[: glued.start()] + "x") + token[glued.start() :]
    return cased(coined(draw, draw.pick(_ENDINGS[source])), token)


def _house_number(draw: Draw, token: str) -> str:
    """A number of as many digits, with another letter where it has one."""
    digits = re.sub(r"[^0-9].*", "", token)
    number = str(1 + draw.below(9)) + draw.digits(len(digits) - 1)
    if not token[-1].isascii() or digits == token:
        return number
    letter = draw.pick("abcdef")
    return number + (letter.upper() if token[-1].isupper() else letter)
