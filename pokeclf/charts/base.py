"""What all figures have in common."""

from __future__ import annotations

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

# Okabe & Ito (2008): told apart with every kind of colour blindness.
PALETTE = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8C6BB1", "#666666",
)  # fmt: skip
OURS, STUDY = PALETTE[0], PALETTE[1]
RIGHT, RELATED, UNRELATED = PALETTE[0], PALETTE[1], PALETTE[3]
INK = "#7a8699"
"""A grey between those that the style sheets of the page and the report put in its place."""
GRID = "rgba(128, 140, 160, 0.25)"


def script() -> str:
    """The library that draws the figures in a browser, of the version that is installed."""
    return get_plotlyjs()


def titled(title: str, height: int = 420, **meta: str) -> go.Figure:
    """An empty figure in the look of all.

    Parameters
    ----------
    height : in pixels.
    meta : what the axes will not say; see the package's own words.
    """
    figure = go.Figure()
    axis = {
        "gridcolor": GRID, "zerolinecolor": GRID, "automargin": True, "title": {"standoff": 12}
    }  # fmt: skip
    figure.update_layout(
        title={
            "text": title, "font": {"size": 15}, "automargin": True, "yref": "container",
            "x": 0.01, "y": 1, "yanchor": "top", "pad": {"t": 10, "b": 10},
        },
        height=height, font={"color": INK}, meta=meta, template="none",
        paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)",
        margin={"l": 10, "r": 16, "t": 10, "b": 10}, xaxis=axis, yaxis=axis, colorway=PALETTE,
        legend={"orientation": "h", "x": 0, "yref": "container", "y": 0, "yanchor": "bottom"},
        # A finger that moves over a chart scrolls the page; zooming is a button.
        dragmode=False,
        modebar={
            "bgcolor": "rgba(0,0,0,0)", "color": INK, "activecolor": OURS,
            "remove": [
                "select2d", "lasso2d", "pan2d", "zoomIn2d", "zoomOut2d", "autoScale2d",
                "sendChartToCloud", "sendDataToCloud",  # nothing leaves the page
            ],
        },
    )  # fmt: skip
    return figure
