"""Figures of what covering or showing the places of a map does to the answer."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from pokeclf.charts.base import INK, OURS, titled

MIDDLE, OUTER = 50, (5, 95)
"""Percentiles of the random maps' curves that are drawn."""


def deletion(own: np.ndarray, random: np.ndarray, species: str) -> go.Figure:
    """How the probability falls while the strongest places of a map are covered.

    Parameters
    ----------
    own : float32 S, the map's curve, 0…1, at equal steps from nothing to the whole picture.
    random : float32 K × S, those of random maps.
    species : name of the species that the map is for.
    """
    return _curves("Covered, the strongest places first", "covered", own, random, species)


def insertion(own: np.ndarray, random: np.ndarray, species: str) -> go.Figure:
    """How the probability rises while the strongest places are shown; see :func:`deletion`."""
    return _curves("Shown, the strongest places first", "shown", own, random, species)


def _curves(title: str, what: str, own: np.ndarray, random: np.ndarray, species: str) -> go.Figure:
    figure = titled(title, 340)
    shares = np.linspace(0, 100, len(own))
    low, middle, high = np.percentile(random, (OUTER[0], MIDDLE, OUTER[1]), axis=0)
    lines: Mapping[str, tuple[np.ndarray, dict]] = {
        f"{OUTER[1]} of 100 random maps are below": (high, {"color": INK, "dash": "dot"}),
        "random maps, the median": (middle, {"color": INK}),
        f"{OUTER[0]} of 100 random maps are below": (low, {"color": INK, "dash": "dot"}),
        "this map": (own, {"color": OURS, "width": 3}),
    }
    for name, (values, line) in lines.items():
        figure.add_scatter(
            x=shares, y=100 * values, mode="lines", name=name, line=line,
            hovertemplate=f"%{{x:.0f}} % {what}: %{{y:.1f}} %<extra>%{{fullData.name}}</extra>",
        )  # fmt: skip
    figure.update_xaxes(title=f"{what} (% of the picture)", range=[0, 100])
    figure.update_yaxes(title=f"probability of {species} (%)", range=[0, 102])
    return figure
