"""A bar chart of lip-sync scores as SVG."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Final

import numpy as np

from bench.lip_scores import Scores

SHOWN: Final = {
    "pmb_auc": "lips shut at P, B, M (AUC)",
    "fv_auc": "lip tucked at F, V (AUC)",
    "open_auc": "open vowels open (AUC)",
    "round_auc": "round vowels round (AUC)",
    "jaw_r": "jaw with the phones (r)",
}
_COLOURS: Final = ("#2563eb", "#0f766e", "#9ca3af", "#d1a054", "#b45309", "#7c3aed")
_BAR, _GAP, _LABEL, _WIDTH = 13, 14, 210, 420
_MIDDLE: Final = 0.5
"""An area under the curve of chance."""


def draw_chart(table: Mapping[str, Scores]) -> str:
    """Bars of each model for each of :data:`SHOWN`, 0 to 1; a line at the areas' chance."""
    group = len(table) * _BAR + _GAP
    top = 24
    height = top + len(SHOWN) * group + 8
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_LABEL + _WIDTH + 60}" '
        f'height="{height}" font-family="sans-serif" font-size="11">',
        f'<rect width="100%" height="{height}" fill="#fff"/>',
    ]
    for index, name in enumerate(table):
        x = _LABEL + index * 80
        parts.append(f'<rect x="{x}" y="6" width="10" height="10" fill="{_colour(index)}"/>')
        parts.append(f'<text x="{x + 14}" y="15">{escape(name)}</text>')
    for row, (key, label) in enumerate(SHOWN.items()):
        y = top + row * group
        parts.append(f'<text x="{_LABEL - 8}" y="{y + group / 2}" text-anchor="end">{label}</text>')
        for index, scores in enumerate(table.values()):
            value = max(0.0, float(np.nan_to_num(getattr(scores, key))))
            bar = y + index * _BAR
            parts.append(
                f'<rect x="{_LABEL}" y="{bar}" width="{value * _WIDTH:.1f}" '
                f'height="{_BAR - 2}" fill="{_colour(index)}"/>'
            )
            end = _LABEL + value * _WIDTH + 4
            parts.append(f'<text x="{end:.1f}" y="{bar + 10}">{value:.2f}</text>')
    chance = _LABEL + _MIDDLE * _WIDTH
    areas = top + sum("auc" in key for key in SHOWN) * group - _GAP
    parts.append(
        f'<line x1="{chance}" x2="{chance}" y1="{top}" y2="{areas}" stroke="#666" '
        'stroke-dasharray="3 3"/></svg>'
    )
    return "\n".join(parts) + "\n"


def _colour(index: int) -> str:
    return _COLOURS[index % len(_COLOURS)]
