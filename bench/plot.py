"""Draws curves as one SVG: a panel for each, both axes logarithmic, so that linear growth is a straight slope."""

import math
from collections.abc import Mapping, Sequence
from html import escape

from growth import Curve

_WIDTH, _HEIGHT, _MARGIN = 480, 280, 56
# What is left for the names of the lines, beside them.
_LEGEND = 90
_COLOURS = ("#888888", "#0b62a4", "#c0392b", "#2e8b57", "#8e44ad")
_HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {1}" width="{0}" height="{1}" '
    'font-family="sans-serif" font-size="11" fill="#222"><rect width="{0}" height="{1}" fill="#fff"/>'
)


def drawn(curves: Sequence[Curve]) -> str:
    """The SVG, two panels a row."""
    rows = math.ceil(len(curves) / 2)
    names = dict.fromkeys(name for curve in curves for name in curve.points)
    colours = {name: _COLOURS[number % len(_COLOURS)] for number, name in enumerate(names)}
    panels = [_panel(curve, colours, number % 2 * _WIDTH, number // 2 * _HEIGHT) for number, curve in enumerate(curves)]
    return "\n".join([_HEAD.format(2 * _WIDTH, rows * _HEIGHT), *panels, "</svg>", ""])


def _panel(curve: Curve, colours: Mapping[str, str], left: int, top: int) -> str:
    across = _Axis([x for line in curve.points.values() for x, _ in line], _MARGIN, _WIDTH - _LEGEND)
    up = _Axis([y for line in curve.points.values() for _, y in line], _HEIGHT - 44, 34)
    parts = [
        f'<g transform="translate({left} {top})">',
        _text(_MARGIN, 20, f"{curve.title} ({curve.unit})", weight="bold"),
    ]
    parts += [_text(across.at(value), _HEIGHT - 28, _figure(value), anchor="middle") for value in across.marks]
    parts += [_text(_MARGIN - 6, up.at(value) + 4, _figure(value), anchor="end") for value in up.marks]
    parts += [_rule(_MARGIN, up.at(value), _WIDTH - _LEGEND, up.at(value)) for value in up.marks]
    parts.append(_text((_MARGIN + _WIDTH - _LEGEND) / 2, _HEIGHT - 10, curve.steps, anchor="middle"))
    for number, (name, line) in enumerate(curve.points.items()):
        places = " ".join(f"{across.at(x):.1f},{up.at(y):.1f}" for x, y in line)
        parts.append(f'<polyline points="{places}" fill="none" stroke="{colours[name]}" stroke-width="2"/>')
        parts.append(_text(_WIDTH - _LEGEND + 8, 48 + 14 * number, name, colour=colours[name]))
    return "\n".join([*parts, "</g>"])


class _Axis:
    """From the smallest to the largest power of ten around the values, drawn from `first` to `last`."""

    def __init__(self, values: Sequence[float], first: float, last: float) -> None:
        low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
        self._low, self._high = low, max(high, low + 1)
        self._first, self._last = first, last
        self.marks = [10.0**power for power in range(self._low, self._high + 1)]

    def at(self, value: float) -> float:
        """Where a value above 0 is."""
        share = (math.log10(value) - self._low) / (self._high - self._low)
        return self._first + share * (self._last - self._first)


def _figure(value: float) -> str:
    return f"{value:g}"


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#ddd"/>'


def _text(x: float, y: float, text: str, *, anchor: str = "start", weight: str = "normal", colour: str = "#222") -> str:
    style = f'text-anchor="{anchor}" font-weight="{weight}" fill="{colour}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(text)}</text>'
