"""Bar charts: in the terminal, and as a small SVG that stands alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

_LABELS: Final = 170  # all in pixels
_BARS: Final = 400
_NUMBERS: Final = 90
_ROW: Final = 30
_TOP: Final = 64
_BOTTOM: Final = 48
_FILLED: Final = "█"


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its label, how many it stands for, and its colour as `#rrggbb`."""

    label: str
    count: int
    colour: str


def text_bar(count: int, most: int, width: int = 30) -> str:
    """A bar of blocks; what is not nothing has one block at least."""
    return _FILLED * max(round(width * count / max(most, 1)), 1) if count else ""


def svg_bars(title: str, bars: Sequence[Bar], *, counted: str, by: str) -> str:
    """A horizontal bar chart with its figures, readable without colours and by a screen reader.

    Args:
        title: what the chart is of.
        bars: from the top.
        counted: what the bars count, the label of the horizontal axis.
        by: what each bar stands for, the label of the vertical axis.
    """
    most = max((one.count for one in bars), default=0)
    width = _LABELS + _BARS + _NUMBERS
    height = _TOP + _ROW * len(bars) + _BOTTOM
    told = "; ".join(f"{one.label}: {one.count:,}" for one in bars) or "nothing"
    floor = height - _BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" aria-labelledby="title desc" '
        'font-family="sans-serif" font-size="14" fill="#1f1f1f">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="desc">{escape(f"{counted} by {by}. {told}.")}</desc>',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text x="16" y="26" font-size="17" font-weight="bold">{escape(title)}</text>',
        f'<text x="{_LABELS - 10}" y="{_TOP - 12}" text-anchor="end" fill="#595959">'
        f"{escape(by)}</text>",
        *(line for at, one in enumerate(bars) for line in _bar(one, most, _TOP + _ROW * at)),
        f'<path d="M{_LABELS} {_TOP - 6}V{floor}H{_LABELS + _BARS}" fill="none" stroke="#595959"/>',
        f'<text x="{_LABELS}" y="{floor + 18}" text-anchor="middle" fill="#595959">0</text>',
        f'<text x="{_LABELS + _BARS}" y="{floor + 18}" text-anchor="middle" fill="#595959">'
        f"{most:,}</text>",
        f'<text x="{_LABELS + _BARS // 2}" y="{floor + 36}" text-anchor="middle" '
        f'fill="#595959">{escape(counted)}</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _bar(one: Bar, most: int, top: int) -> tuple[str, str, str]:
    length = max(round(_BARS * one.count / max(most, 1)), 2 if one.count else 0)
    middle = top + 16
    return (
        f'<text x="{_LABELS - 10}" y="{middle}" text-anchor="end">{escape(one.label)}</text>',
        f'<rect x="{_LABELS}" y="{top}" width="{length}" height="22" fill="{escape(one.colour)}"/>',
        f'<text x="{_LABELS + length + 8}" y="{middle}">{one.count:,}</text>',
    )
