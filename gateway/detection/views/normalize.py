"""Copies of a text that undo disguises, with maps back to the original. Pure.

A value can be written so that people read it and patterns do not: full-width or Devanagari
digits, a zero-width space inside, percent-encoding, number words, letters apart. Recognizers
therefore also read *views*: copies without the disguise. A span found in a view is carried back
to the code points it came from, the junk inside included, so that what is masked is what the
sender wrote.

Each view builds on the ones before, so that disguises may be put one over another. Of a long text
a view holds only the surroundings of what it changes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from gateway.detection.views.atdot import address_edits
from gateway.detection.views.blobs import blob_edits
from gateway.detection.views.codes import code_edits, markup_edits
from gateway.detection.views.confusables import skeleton_edits
from gateway.detection.views.defanged import defanged_edits
from gateway.detection.views.escapes import escape_edits, hides_text
from gateway.detection.views.folding import (
    RIGHT_TO_LEFT,
    changes_letters,
    fold_edits,
    is_disguised,
    turned_around,
)
from gateway.detection.views.joined import joined_edits, lettered_edits, misread_edits
from gateway.detection.views.spoken import glued_edits, spoken_edits
from gateway.detection.views.triggers import Triggers
from gateway.detection.views.view import Edit, Kind, Piece, Range, View, cropped, edited

MAX_VIEWS = 8
MAX_GROWTH = 4
SLACK = 4_096

_DEPTH = 2  # encodings one over another
_ROT13 = re.compile(r"rot-?13", re.IGNORECASE)
_ROTATED = str.maketrans(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    "NOPQRSTUVWXYZABCDEFGHIJKLMnopqrstuvwxyzabcdefghijklm",
)


def views(text: str, between: Callable[[], object] = lambda: None) -> tuple[View, ...]:
    """The identity view, then those further views of the text that differ from it.

    `between` is called before each of them is made; it may raise to stop the work.

    In this order: folded (compatibility forms, digits of all scripts, unprintable signs, look-alike
    letters), turned (right-to-left override), decoded (escapes, blobs and codes, two deep; signs
    of addresses in brackets; markup inside words; rot13 where it is named), lettered (letters
    apart), spoken (numbers and addresses in words), joined (numbers with odd separators, or with
    letters that look like digits).

    There are at most `MAX_VIEWS`, and together they are at most `MAX_GROWTH` times as long as the
    longest, plus `SLACK`; where they would be more, only the last one, in which all is undone,
    stands beside those that are no step to it.
    """
    chain = _Chain(text, between)
    if not text.isascii():
        _fold(chain)
    aside = _turned(text) if RIGHT_TO_LEFT in text else []
    if "rot" in chain.base.reading.lower and _ROT13.search(text):
        rotated = Piece(0, len(text), 0, len(text), is_even=True)
        aside.append(
            edited(View(text.translate(_ROTATED), "decoded", (rotated,)), (), "decoded")[0]
        )
    for _ in range(_DEPTH):
        if not _decode(chain):
            break
    if chain.triggers.has_defanged():
        chain.edit(defanged_edits(chain.base.text), "decoded")
    if chain.triggers.has_markup():
        chain.edit(markup_edits(chain.base.text), "decoded")
    for is_there, find, kind in _WORDINGS:
        if is_there(chain.triggers):
            chain.edit(find(chain.base.text), kind)
    return chain.views(aside)


class _Chain:
    """Views that build on one another, the last of which is the base of the next."""

    def __init__(self, text: str, between: Callable[[], object]) -> None:
        self._between = between
        self._identity = View(text)
        self._steps: list[tuple[View, Sequence[Range]]] = []
        self.base = self._identity
        self.triggers = Triggers(self._identity.reading)

    def edit(self, edits: Iterable[Edit], kind: Kind) -> bool:
        """Add a view; False if the edits change nothing."""
        self._between()
        edits = tuple(edits)
        if not edits:
            return False
        view, touched = edited(self.base, edits, kind)
        if not touched or view.text == self.base.text:
            return False
        self.base = view
        self.triggers = Triggers(view.reading)
        self._steps.append((view, touched))
        return True

    def views(self, aside: Sequence[View]) -> tuple[View, ...]:
        """The identity, the steps without what they left alone, and views beside them."""
        if not self._steps:
            return (self._identity, *aside)
        steps = [cropped(*step) for step in self._steps]
        room = MAX_GROWTH * max(len(view.text) for view in (self._identity, self.base, *aside))
        room += SLACK - sum(len(view.text) for view in (self._identity, *steps, *aside))
        if room >= 0 and len(steps) + len(aside) < MAX_VIEWS:
            return (self._identity, *steps[:-1], *aside, steps[-1])
        return (self._identity, *aside, self.base)


def _fold(chain: _Chain) -> None:
    """Undo other guises of signs, then look-alikes in words that are not honest ones."""
    text = chain.base.text
    if is_disguised(text):
        edits = list(fold_edits(text))
        chain.edit(edits, "folded" if changes_letters(text, edits) else "retyped")
    chain.edit(skeleton_edits(chain.base.text), "folded")


def _turned(text: str) -> list[View]:
    turned = turned_around(View(text))
    return [edited(turned, fold_edits(turned.text), "turned")[0]]


def _decode(chain: _Chain) -> bool:
    """Undo one layer of encoding; False if there is none."""
    text = chain.base.text
    edits: list[Edit] = []
    if chain.triggers.has_escapes() and hides_text(text):
        edits = escape_edits(text)
    if chain.triggers.has_blobs():
        edits = sorted([*edits, *blob_edits(text)], key=lambda edit: (edit[0], -edit[1]))
    if chain.triggers.has_codes():
        codes = code_edits(text)
        read = {edit[0] for edit in codes}
        others = [edit for edit in edits if edit[0] not in read]
        edits = sorted([*others, *codes], key=lambda edit: (edit[0], -edit[1]))
    if not edits or not chain.edit(edits, "decoded"):
        return False
    if not chain.base.text.isascii():
        _fold(chain)
    return True


_WORDINGS: tuple[tuple[Callable[[Triggers], bool], Callable[[str], Iterable[Edit]], Kind], ...] = (
    (Triggers.has_letters_apart, lettered_edits, "lettered"),
    (Triggers.has_address_words, address_edits, "spoken"),
    (Triggers.has_number_words, spoken_edits, "spoken"),
    (Triggers.has_glued_words, glued_edits, "spoken"),
    (Triggers.has_numbers_apart, joined_edits, "joined"),
    (Triggers.has_misread_digits, misread_edits, "joined"),
)
