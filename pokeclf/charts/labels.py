"""On which side of its mark a label stands, so that labels keep clear of marks and each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

ROOM = np.array([290.0, 250.0])
"""Pixels between the outermost marks on a phone, where they lie closest together."""
SIDES = {
    "top center": (0, 12),
    "bottom center": (0, -12),
    "middle right": (13, 0),
    "middle left": (-13, 0),
}
"""Plotly's names of the sides, and how far a label's middle lies from its mark's, in pixels."""
CLEAR = np.array([15.0, 13.0])
"""How far middles must be apart, across and up, for a short label to be readable."""


def sides(x: Sequence[float], y: Sequence[float]) -> list[str]:
    """A side for each mark's label, chosen from left to right; the clearest where none is clear.

    Parameters
    ----------
    x, y : places of the marks, on linear scales.
    """
    marks = np.column_stack([x, y]).astype(float).reshape(-1, 2)
    if not len(marks):
        return []
    span = np.ptp(marks, axis=0)
    marks = marks / np.where(span > 0, span, 1) * ROOM
    found, labels = [""] * len(marks), []
    for place in np.lexsort(marks.T[::-1]):
        taken = [*np.delete(marks, place, axis=0), *labels]
        room = {side: _clearance(marks[place] + move, taken) for side, move in SIDES.items()}
        found[place] = max(room, key=room.__getitem__)
        labels.append(marks[place] + SIDES[found[place]])
    return found


def _clearance(middle: np.ndarray, taken: Sequence[np.ndarray]) -> float:
    """How clear a place is of those that are taken; 1 is enough."""
    apart = [np.max(np.abs(each - middle) / CLEAR) for each in taken]
    return float(min(1.0, *apart)) if apart else 1.0
