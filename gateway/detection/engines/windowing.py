"""Long texts in windows that overlap, for models that read so much and no more. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from gateway.detection.coverage import reach
from gateway.detection.spans import disjoint
from gateway.detection.tokenclassifier import IncompleteRead
from gateway.types import Span

_MARGIN = 32  # how far back a window is cut to end between words


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of one of the texts."""

    index: int
    start: int
    text: str = field(repr=False)

    @property
    def end(self) -> int:
        """One past its last code point."""
        return self.start + len(self.text)


def windows(
    texts: Sequence[str], size: int, overlap: int, fits: Callable[[str], bool] | None = None
) -> list[Window]:
    """Windows of at most `size` code points, each reaching `overlap` back into the one before.

    One that does not fit, as `fits` tells, is read in halves that overlap as well.

    Raises:
        ValueError: the sizes leave no way forward.
        IncompleteRead: a single code point does not fit.
    """
    if not 0 <= overlap < size - _MARGIN:
        raise ValueError("the overlap must be smaller than the window")
    return [
        window
        for index, text in enumerate(texts)
        for start, end in _cuts(text, size, overlap)
        for window in _fitting(Window(index, start, text[start:end]), overlap, fits)
    ]


def _cuts(text: str, size: int, overlap: int) -> Iterator[tuple[int, int]]:
    start = 0
    while len(text) - start > size:
        end = _between_words(text, start + size)
        yield start, end
        start = _between_words(text, end - overlap)
    yield start, len(text)


def _between_words(text: str, at: int) -> int:
    """The last place at or shortly before `at` where no word is cut."""
    for place in range(at, max(at - _MARGIN, 0), -1):
        if text[place - 1].isspace() or text[place : place + 1].isspace():
            return place
    return at


def _fitting(window: Window, overlap: int, fits: Callable[[str], bool] | None) -> Iterator[Window]:
    if fits is None or fits(window.text):
        yield window
        return
    length = len(window.text)
    if length < 2:
        raise IncompleteRead("a single character is more than a model can read")
    half = (length + 1) // 2
    back = min(overlap, half // 2)
    yield from _fitting(Window(window.index, window.start, window.text[:half]), overlap, fits)
    rest = window.text[half - back :]
    yield from _fitting(Window(window.index, window.start + half - back, rest), overlap, fits)


def read_in_windows(
    texts: Sequence[str],
    cut: tuple[int, int],
    fits: Callable[[str], bool],
    batch: Callable[[list[str]], Sequence[Sequence[Span]]],
    size: int,
) -> list[list[Span]]:
    """The spans of each text, read in windows of `cut` (size, overlap), `size` at a time.

    Raises:
        ValueError, IncompleteRead: as `windows` and `joined`.
    """
    read = windows(texts, *cut, fits)
    found: list[Sequence[Span]] = []
    for at in range(0, len(read), size):
        found.extend(batch([one.text for one in read[at : at + size]]))
    return joined(texts, read, found)


def joined(
    texts: Sequence[str], read: Sequence[Window], spans: Sequence[Sequence[Span]]
) -> list[list[Span]]:
    """The spans of each text from those of its windows; where they overlap, their union.

    Raises:
        IncompleteRead: there are not as many answers as windows, or windows leave a gap.
    """
    if len(read) != len(spans):
        raise IncompleteRead("a model did not answer for every window")
    raw: list[list[Span]] = [[] for _ in texts]
    seen: list[list[tuple[int, int]]] = [[] for _ in texts]
    for window, found in zip(read, spans, strict=True):
        seen[window.index].append((window.start, window.end))
        raw[window.index].extend(
            Span(
                window.start + one.start,
                window.start + one.end,
                one.entity_type,
                one.score,
                one.recognizer,
            )
            for one in found
        )
    for text, places in zip(texts, seen, strict=True):
        if reach(places, text) != len(text):
            raise IncompleteRead("the windows of a text leave a gap")
    return [list(disjoint(found)) for found in raw]
