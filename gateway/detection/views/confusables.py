"""Letters of other scripts that look like Latin ones, and words that mix them. Pure.

Source: Unicode Technical Standard #39, section 4 (confusable detection); the pairs are those of
its data file whose target is a basic Latin letter or digit, and some that people use though the
file has them not (Greek omega for w). A word is rewritten only where it mixes scripts or stands
in an identifier: an honest word of another script is left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.detection.views.view import Edit

# The letter, then its look-alikes.
_LETTERS = """
a аαɑꭺӑ  A АΑᎪᗅꓮ  b ЬƄᏏᖯьъв  B ВΒᏴᗷꓐꞴ  c сϲⲥꮯ  C СϹᏟꓚⲤ  d ԁᏧᑯ  D Ꭰᗞꓓᗪ
e еҽεєэё  E ЕΕᎬⴹꓰЁ  f ք  F Ϝᖴꓝ  g ɡցᶃƍ  G ԌᏀᏳꓖ  h һհᏂн  H НΗᎻᕼⲎꓧ
i іιɩꙇᎥї  I ІΙꓲЇ  j јϳյ  J ЈͿᎫᒍꓙ  k κкⲕҝ  K КΚᏦⲔꓗᛕ  l ӏǀӀ  L ᏞᒪꓡԼ
m мⲙ  M МΜϺᎷᗰꓟⲘ  n ոռпη  N ΝꓠⲚ  o оοσօⲟჿဝഠ  O ОΟՕⲞꓳⵔ  p рρⲣϱ  P РΡᏢᑭꓑⲢ
q ԛգզ  Q Ԛⵕ  r гᴦⲅꮁ  R ᎡᏒᖇꓣ  s ѕƽꮪ  S ЅՏᏕᏚꓢ  t тτ  T ТΤᎢⲦꓔͲ  u υսʋи  U ՍᑌꓴሀɄ
v νѵט  V ѴᏙᐯꓦ  w ѡԝաωшɯ  W ԜᏔᎳꓪ  x хχᕁⲭ  X ХΧⲬꓫ  y уγүყў  Y УΥҮᎩᎽꓬⲨϒ  z ꮓ  Z ΖᏃꓜ
3 ЗӠȜзƷ  4 ᏎЧ  5 Ƽ  6 бᏮ  8 Ȣȣ  2 Ƨ
"""
_NUMERALS = """
0 ОоΟοՕօ  1 ІіΙӀӏǀ  3 ЗзӠȜƷ  4 ᏎЧ  5 ƼЅѕ  6 бᏮ  8 ВȢȣ
"""


# Not so like that beside digits they would be taken for Latin ones.
_WEAK = frozenset("ьъвнпигмткшзбєэёїЁЇҝκτηωЧ")


def _table(rows: str) -> dict[str, str]:
    parts = rows.split()
    return {sign: to for to, signs in zip(parts[::2], parts[1::2], strict=True) for sign in signs}


LATIN: dict[str, str] = _table(_LETTERS)
"""What a look-alike looks like."""

NUMERALS: dict[str, str] = _table(_NUMERALS)
"""What it looks like among digits."""

_CLASS = "".join(sorted(LATIN))
_LOOK_ALIKE = re.compile(f"[{_CLASS}]")
_TRIGGER = re.compile(rf"[A-Za-z0-9@_][.+\-]?[{_CLASS}]|[{_CLASS}][.+\-]?[A-Za-z0-9@_]")
_TOKEN = re.compile(r"[\w.@+'’-]+")
_WORD = re.compile(r"[^\W_]+")
_ASCII_LETTER = re.compile(r"[A-Za-z]")
_DIGIT = re.compile(r"[0-9]")
_TO_LATIN = str.maketrans(LATIN)
_TO_NUMERALS = str.maketrans(NUMERALS)


def skeleton_edits(text: str) -> Iterator[Edit]:
    """Look-alikes to be read as Latin: in mixed words, and in identifiers that hold only such."""
    if not (_LOOK_ALIKE.search(text) and _TRIGGER.search(text)):
        return
    for token in _TOKEN.finditer(text):
        if token[0].isascii():
            continue
        is_identifier = _is_identifier(token[0])
        for word in _WORD.finditer(text, token.start(), token.end()):
            yield from _word_edits(word, is_identifier)


def _is_identifier(token: str) -> bool:
    """An e-mail address or a domain, some of which is Latin or all of which looks so."""
    if "@" not in token and "." not in token.strip("."):
        return False
    if _ASCII_LETTER.search(token):
        return True
    return "@" in token and token.translate(_TO_LATIN).isascii()


def _word_edits(word: re.Match[str], is_identifier: bool) -> Iterator[Edit]:
    signs = word[0]
    if signs.isascii():
        return
    digits = len(_DIGIT.findall(signs))
    looks_latin = signs.translate(_TO_LATIN).isascii()
    if digits * 2 >= len(signs) and signs.translate(_TO_NUMERALS).isdecimal():
        to = NUMERALS
    elif _ASCII_LETTER.search(signs) or (
        looks_latin and (is_identifier or (digits and _WEAK.isdisjoint(signs)))
    ):
        to = LATIN
    else:
        return
    for at, sign in enumerate(signs, word.start()):
        if sign in to:
            yield at, at + 1, to[sign]
