"""Lines over a common axis, as SVG that needs nothing else: for what benchmarks found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final, TypeAlias

Points: TypeAlias = Sequence[tuple[float, float]]

COLOURS: Final = ("#0b6e4f", "#c8553d", "#3d5a80", "#8a6d3b", "#6b4c9a", "#444444")
WIDTH: Final = 460
HEIGHT: Final = 300
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 56, 48
_TICKS: Final = 4


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture: a line for each name. What is above `top` is drawn at the upper edge."""

    title: str
    unit: str
    lines: Mapping[str, Points]
    top: float | None = None


def svg(title: str, panels: Sequence[Panel], axis: str) -> str:
    """The panels side by side, with the names of the lines below."""
    width, height = WIDTH * len(panels), HEIGHT + 70
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        f' font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        _text(LEFT, 22, title, size=14, weight="bold"),
    ]
    for number, panel in enumerate(panels):
        parts.append(f'<g transform="translate({number * WIDTH} 24)">')
        parts += _panel(panel, axis)
        parts.append("</g>")
    names = list(dict.fromkeys(name for panel in panels for name in panel.lines))
    for number, name in enumerate(names):
        left = LEFT + number * 150
        parts.append(
            f'<rect x="{left}" y="{height - 26}" width="18" height="4"'
            f' fill="{COLOURS[number % len(COLOURS)]}"/>'
        )
        parts.append(_text(left + 24, height - 20, name))
    return "\n".join([*parts, "</svg>", ""])


def _panel(panel: Panel, axis: str) -> list[str]:
    every = [point for line in panel.lines.values() for point in line]
    xs, ys = [x for x, _ in every], [y for _, y in every]
    low, high, most = min(xs), max(xs), panel.top or max(ys) or 1.0

    def place(x: float, y: float) -> tuple[float, float]:
        along = (x - low) / ((high - low) or 1.0)
        return (
            LEFT + along * (WIDTH - LEFT - RIGHT),
            HEIGHT - BOTTOM - min(y / most, 1.0) * (HEIGHT - TOP - BOTTOM),
        )

    parts = [_text(LEFT, TOP - 16, f"{panel.title} ({panel.unit})")]
    for tick in range(_TICKS + 1):
        value = most * tick / _TICKS
        left, y = place(low, value)
        parts.append(
            f'<line x1="{left}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#dddddd"/>'
        )
        parts.append(_text(left - 6, y + 4, f"{value:.3g}", anchor="end"))
    for x in sorted(set(xs)):
        parts.append(_text(place(x, 0)[0], HEIGHT - BOTTOM + 18, f"{x:g}", anchor="middle"))
    parts.append(_text(WIDTH / 2, HEIGHT - BOTTOM + 36, axis, anchor="middle"))
    for number, line in enumerate(panel.lines.values()):
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in line))
        colour = COLOURS[number % len(COLOURS)]
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
        )
    return parts


def _text(
    x: float, y: float, text: str, *, anchor: str = "start", size: int = 12, weight: str = "normal"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"'
        f' font-weight="{weight}">{escape(text)}</text>'
    )
