"""Maps of confusions: what is taken for what, as squares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go

from pokeclf.charts.base import GRID, OURS, RELATED, STUDY, UNRELATED, titled

Cells = Callable[[int, int], str]
"""Id of the square of a row and a column in a map of confusions."""
_LABELLED = 30
"""So many names fit beside each axis of a map that fits on a phone."""
_WIDE = 960
"""Side of a larger map in pixels; where there is less room, it scrolls."""


def confusions(
    wrong: np.ndarray,
    names: Sequence[str],
    groups: np.ndarray,
    model: str,
    cells: Cells,
    total: int,
) -> go.Figure:
    """What a model takes for what; the area of a square is the number of images.

    Parameters
    ----------
    wrong : counts of mistakes, N × N, rows the right ones.
    names : N, in the order of the axes.
    groups : N numbers; mistakes between members of one group have a colour of their own.
    cells : gives the square of a row and a column its id.
    total : the model's mistakes, of which ``wrong`` may hold a part.
    """
    related = np.equal.outer(groups, groups)
    parts = (
        ("another family", np.where(related, 0, wrong), UNRELATED, cells),
        ("same family", np.where(related, wrong, 0), RELATED, cells),
    )
    shown = int(wrong.sum())
    title = f"Confusions of {model}" + (f", {shown} of {total}" if shown < total else "")
    return _matrix(parts, names, groups, title, "mistakes", "images")


def confusion_differences(
    difference: np.ndarray,
    names: Sequence[str],
    groups: np.ndarray,
    models: tuple[str, str],
    cells: Sequence[Cells],
) -> go.Figure:
    """Mistakes that one of two models makes more often; see :func:`confusions`.

    Parameters
    ----------
    difference : mistakes of the first model less those of the second, N × N.
    cells : of either model.
    """
    first, second = models
    parts = (
        (f"more often by {first}", np.maximum(difference, 0), OURS, cells[0]),
        (f"more often by {second}", np.maximum(-difference, 0), STUDY, cells[1]),
    )
    title = "Confusions that differ"
    return _matrix(parts, names, groups, title, "made", "more images")


def _matrix(
    parts: Sequence[tuple[str, np.ndarray, str, Cells]],
    names: Sequence[str],
    groups: np.ndarray,
    title: str,
    series: str,
    counted: str,
) -> go.Figure:
    count = len(names)
    height, largest = (640, 14) if count <= _LABELLED else (_WIDE, 12)
    figure = titled(title, height, series=series, customdata=counted)
    if count > _LABELLED:
        figure.update_layout(width=_WIDE)
    most = max([int(counts.max(initial=0)) for _, counts, *_ in parts] + [1])
    for name, counts, colour, cell in parts:
        rows, columns = np.nonzero(counts)
        images = counts[rows, columns]
        order = np.argsort(-images, kind="stable")
        figure.add_scatter(
            x=[names[columns[place]] for place in order],
            y=[names[rows[place]] for place in order],
            customdata=images[order].tolist(), name=name, mode="markers",
            ids=[cell(int(rows[place]), int(columns[place])) for place in order],
            marker={
                "color": colour, "symbol": "square", "size": images[order].tolist(),
                "sizemode": "area", "sizeref": most / largest**2, "sizemin": 4,
                "line": {"width": 0}, "opacity": 0.85,
            },
            cliponaxis=False,  # The outermost have half a place beside them.
            hovertemplate=f"%{{y}} taken for %{{x}}; {counted}: %{{customdata}}"
            "<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    figure.add_scatter(
        x=[None], y=[None], name="a family", mode="markers", hoverinfo="skip",
        marker={"color": GRID, "symbol": "square", "size": 12},
    )  # fmt: skip
    # Blocks along the diagonal: neighbours of one group.
    edges = [0, *(np.flatnonzero(np.diff(groups)) + 1).tolist(), count]
    blocks = [
        {
            "type": "rect", "layer": "below", "line": {"width": 0}, "fillcolor": GRID,
            "x0": start - 0.5, "x1": end - 0.5, "y0": start - 0.5, "y1": end - 0.5,
        }
        for start, end in pairwise(edges)
    ]  # fmt: skip
    axis = {"type": "category", "categoryorder": "array", "categoryarray": list(names)}
    # Of many names some are left out; they come back when a part of the map is enlarged.
    axis |= {"nticks": 50, "tickfont": {"size": 10}, "showgrid": count <= _LABELLED}
    figure.update_xaxes(**axis, title="guessed", range=[-0.5, count - 0.5], tickangle=-90)
    figure.update_yaxes(**axis, title={"text": "right", "standoff": 28}, range=[count - 0.5, -0.5])
    figure.update_layout(legend={"itemsizing": "constant"}, shapes=blocks)
    return figure
