"""Figures of the data set itself, and of how a model's features arrange its images."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from pokeclf.charts.base import GRID, OURS, PALETTE, titled
from pokeclf.datasummary import Counts
from pokeclf.markup import percent
from pokeclf.results import Result
from pokeclf.species import of
from pokeclf.split import PARTS

PART_NAMES = dict(zip(PARTS, ("training", "validation", "test"), strict=True))
TYPE, SPECIES, FAMILY = "type", "species", "family"
COLOURINGS = (TYPE, SPECIES, FAMILY)
_TYPE_COLOURS = {
    "bug": "#90c12c", "dragon": "#0a6dc4", "electric": "#f3d23b", "fairy": "#ec8fe6",
    "fighting": "#ce4069", "fire": "#ff9c54", "flying": "#8fa8dd", "ghost": "#5269ac",
    "grass": "#63bb5b", "ground": "#d97746", "ice": "#74cec0", "normal": "#9099a1",
    "poison": "#ab6ac8", "psychic": "#f97176", "rock": "#c7b78b", "steel": "#5a8ea1",
    "water": "#4d90d5",
}  # fmt: skip
_GOLDEN = (5**0.5 - 1) / 2


def images_by_species(species: Counts) -> go.Figure:
    """Images of each species by part of the split, the species with the most first."""
    ranked = sorted(species.items(), key=lambda item: -sum(item[1]))
    names = [of(slug).name for slug, _ in ranked]
    figure = titled("Images of each species", names="species")
    for place, (part, colour) in enumerate(zip(PART_NAMES.values(), PALETTE, strict=False)):
        figure.add_bar(
            x=names, y=[counts[place] for _, counts in ranked], name=part,
            marker={"color": colour, "line": {"width": 0}},
            hovertemplate="%{x}: %{y} images<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    figure.update_layout(barmode="stack", bargap=0.1)
    figure.update_xaxes(title=f"{len(names)} species", showticklabels=False)
    figure.update_yaxes(title="images")
    return figure


def images_by_name(counts: Counts, kind: str) -> go.Figure:
    """Images by kind or source and part of the split, the most on top, with their numbers.

    Parameters
    ----------
    kind : what the names are: ``"kind"`` or ``"source"``.
    """
    ranked = sorted(counts.items(), key=lambda item: sum(item[1]))
    names = [f"{name or 'not known'} ({sum(row):,})" for name, row in ranked]
    figure = titled(f"Images by {kind}", 120 + 26 * len(ranked), names=kind)
    for place, (part, colour) in enumerate(zip(PART_NAMES.values(), PALETTE, strict=False)):
        figure.add_bar(
            x=[row[place] for _, row in ranked], y=names, orientation="h", name=part,
            marker={"color": colour},
            hovertemplate="%{y}: %{x:,} images<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    figure.update_layout(barmode="stack")
    figure.update_xaxes(title="images")
    return figure


def sizes(rows: Sequence[tuple[int, int, int]]) -> go.Figure:
    """Image sizes; the area of a mark grows with the number of images.

    Parameters
    ----------
    rows : width and height in pixels, and number of images.
    """
    width, height, images = np.array(rows).T
    figure = titled("Sizes of the images", text="size", customdata="images")
    figure.add_scatter(
        x=width, y=height, customdata=images, mode="markers",
        text=[f"{wide} × {high}" for wide, high, _ in rows],
        marker={
            "color": OURS, "opacity": 0.5, "sizemode": "area", "size": images, "sizemin": 2,
            "sizeref": images.max() / 60**2 * 2, "line": {"width": 0},
        },
        hovertemplate="%{text} pixels: %{customdata:,} images<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(title="width (pixels)", rangemode="tozero")
    figure.update_yaxes(title="height (pixels)", rangemode="tozero")
    return figure


def embedding(
    places: np.ndarray,
    result: Result,
    names: Sequence[str],
    colouring: str,
    species: str | None,
    title: str,
) -> go.Figure:
    """Test images by their features: right answers are dots, mistakes crosses.

    Each mark's ``customdata`` is the place of its image in the split's order.

    Parameters
    ----------
    places : N × 2.
    names : what each image is called.
    colouring : one of :data:`COLOURINGS`.
    species : slug of the one species that is coloured; all when None.
    """
    classes = result.card.classes
    labels = [classes[number] for number in result.labels]
    groups = np.array([_group(slug, colouring) for slug in labels])
    shown = np.array([species in (None, slug) for slug in labels])
    colours = _colours(sorted(set(groups)), colouring)
    guesses, shares = result.guesses, result.probabilities.max(1)
    text = np.array(
        [
            f"{name}<br>{of(right).name}, guessed {of(classes[guess]).name} ({percent(share)})"
            for name, right, guess, share in zip(names, labels, guesses, shares, strict=True)
        ]
    )
    figure = titled(title, 620)

    def add(chosen: np.ndarray, name: str, marker: Mapping[str, object], legend: bool) -> None:
        if chosen.any():
            figure.add_scatter(
                x=places[chosen, 0], y=places[chosen, 1], text=text[chosen],
                customdata=np.flatnonzero(chosen), mode="markers", name=name, marker=marker,
                showlegend=legend, hovertemplate="%{text}<extra></extra>",
            )  # fmt: skip

    add(~shown & result.right, "other species", {"color": GRID, "size": 5}, species is not None)
    add(~shown & ~result.right, "", {"color": GRID, "size": 8, "symbol": "x"}, False)
    legend = colouring == TYPE or species is not None
    for group, colour in colours.items():
        own = shown & (groups == group)
        add(own & result.right, group, {"color": colour, "size": 6}, legend)
    wrong = shown & ~result.right
    crosses = {
        "color": [colours[group] for group in groups[wrong]], "size": 10, "symbol": "x",
        "line": {"width": 1, "color": PALETTE[5]},
    }  # fmt: skip
    add(wrong, "mistake", crosses, True)
    figure.update_xaxes(title="first dimension (t-SNE, no unit)", showticklabels=False)
    figure.update_yaxes(title="second dimension (t-SNE, no unit)", showticklabels=False)
    figure.update_layout(hovermode="closest", legend={"itemsizing": "constant"})
    return figure


def _group(slug: str, colouring: str) -> str:
    """What decides on the colour of a species."""
    species = of(slug)
    if colouring == TYPE:
        return species.types[0] if species.types else "no type"
    return of(species.family).name if colouring == FAMILY else species.name


def _colours(groups: Sequence[str], colouring: str) -> dict[str, str]:
    """A colour for each group; hues a golden section apart, so that neighbours differ."""
    if colouring == TYPE:
        return {group: _TYPE_COLOURS.get(group, PALETTE[7]) for group in groups}
    found = {}
    for number, group in enumerate(groups):
        rgb = colorsys.hls_to_rgb(number * _GOLDEN % 1, (0.45, 0.55, 0.65)[number % 3], 0.65)
        found[group] = "rgb({:.0f}, {:.0f}, {:.0f})".format(*(255 * each for each in rgb))
    return found
