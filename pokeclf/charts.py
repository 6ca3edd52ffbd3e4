"""Plotly figures of stored results; every one has a title, units and readable hover texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from pokeclf import study
from pokeclf.evaluation import Bin
from pokeclf.results import Result
from pokeclf.species import of

# Okabe & Ito (2008): told apart with every kind of colour blindness.
PALETTE = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8C6BB1", "#666666",
)  # fmt: skip
OURS, STUDY = PALETTE[0], PALETTE[1]
_INK = "#7a8699"
"""A grey that can be read on the light and on the dark page."""
_GRID = "rgba(128, 140, 160, 0.25)"


def _figure(title: str, height: int = 420) -> go.Figure:
    figure = go.Figure()
    axis = {"gridcolor": _GRID, "zerolinecolor": _GRID, "automargin": True}
    figure.update_layout(
        title={"text": title, "font": {"size": 15}, "x": 0.01, "y": 0.98, "yanchor": "top"},
        height=height, font={"color": _INK},
        paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)",
        margin={"l": 10, "r": 10, "t": 80, "b": 10}, xaxis=axis, yaxis=axis,
        legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"}, colorway=PALETTE,
    )  # fmt: skip
    return figure


def leaderboard(results: Mapping[str, Result]) -> go.Figure:
    """Test accuracy of each model with its interval, and the study's figure beside it."""
    ranked = sorted(results.values(), key=lambda result: result.card.test.accuracy)
    models = [study.find(result.card.model) for result in ranked]
    names = [model.name for model in models]
    tests = [result.card.test for result in ranked]
    figure = _figure("Test accuracy, with 95 % intervals", 120 + 26 * len(names))
    figure.add_scatter(
        x=[100 * model.study_accuracy for model in models], y=names, mode="markers",
        name="the study, on its own split", marker={"color": STUDY, "symbol": "diamond", "size": 9},
        hovertemplate="%{y}: %{x:.2f} %<extra>the study</extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=[100 * test.accuracy for test in tests], y=names, mode="markers", name="ours",
        marker={"color": OURS, "size": 9},
        error_x={
            "type": "data", "symmetric": False,
            "array": [100 * (test.accuracy_high - test.accuracy) for test in tests],
            "arrayminus": [100 * (test.accuracy - test.accuracy_low) for test in tests],
        },
        hovertemplate="%{y}: %{x:.2f} %<extra>ours</extra>",
    )  # fmt: skip
    figure.update_xaxes(title="test accuracy (%)", range=[0, 101])
    return figure


def accuracy_against_size(results: Mapping[str, Result]) -> go.Figure:
    """Test accuracy against the size of a model's own weights; trees need a network besides."""
    figure = _figure("Accuracy against size")
    for number, (stage, chosen) in enumerate(_by_stage(results).items()):
        figure.add_scatter(
            x=[result.card.weight_bytes / 1e6 for result in chosen],
            y=[100 * result.card.test.accuracy for result in chosen],
            text=[study.find(result.card.model).name for result in chosen],
            mode="markers", name=stage, marker={"size": 11, "symbol": number},
            hovertemplate="%{text}: %{y:.1f} %, %{x:.1f} MB<extra></extra>",
        )  # fmt: skip
    figure.update_xaxes(
        title="weights of its own (MB, logarithmic)", type="log", tickvals=[1, 2, 5, 10, 20, 50]
    )
    figure.update_yaxes(title="test accuracy (%)")
    return figure


def _by_stage(results: Mapping[str, Result]) -> dict[str, list[Result]]:
    found: dict[str, list[Result]] = {stage: [] for stage in study.STAGES}
    for result in results.values():
        found[study.find(result.card.model).stage].append(result)
    return {stage: chosen for stage, chosen in found.items() if chosen}


def curves(runs: Mapping[str, Result], quantity: str) -> go.Figure:
    """Training and validation by epoch, one colour a run.

    Parameters
    ----------
    runs : by the name that is shown; trees, which have no epochs, are left out.
    quantity : ``"accuracy"`` or ``"loss"``.
    """
    figure = _figure(f"{quantity.capitalize()} by epoch")
    scale = 100 if quantity == "accuracy" else 1
    networks = {
        name: run.history for name, run in runs.items() if f"train_{quantity}" in run.history[0]
    }
    for number, (name, rows) in enumerate(networks.items()):
        for part, dash in (("validation", "solid"), ("train", "dot")):
            figure.add_scatter(
                x=[int(row["epoch"]) + 1 for row in rows],
                y=[scale * float(row[f"{part}_{quantity}"]) for row in rows],
                name=f"{name}, {'training' if part == 'train' else part}", mode="lines",
                line={"color": PALETTE[number % len(PALETTE)], "dash": dash},
                hovertemplate="epoch %{x}: %{y:.3g}<extra>%{fullData.name}</extra>",
            )  # fmt: skip
    figure.update_xaxes(title="epoch")
    figure.update_yaxes(title=f"{quantity} ({'%' if quantity == 'accuracy' else 'nats'})")
    return figure


def reliability(before: Sequence[Bin], after: Sequence[Bin]) -> go.Figure:
    """Accuracy against confidence, before and after calibration."""
    figure = _figure("How often it is right when it is so sure")
    figure.add_scatter(
        x=[0, 100], y=[0, 100], mode="lines", name="as sure as right",
        line={"color": _INK, "dash": "dot"}, hoverinfo="skip",
    )  # fmt: skip
    for bins, name, colour in ((before, "before", STUDY), (after, "after calibration", OURS)):
        figure.add_scatter(
            x=[100 * each.confidence for each in bins], y=[100 * each.accuracy for each in bins],
            text=[f"{each.images} images" for each in bins], name=name, mode="lines+markers",
            line={"color": colour},
            hovertemplate="sure to %{x:.0f} %: right in %{y:.0f} %, %{text}<extra></extra>",
        )  # fmt: skip
    figure.update_xaxes(title="confidence of the first guess (%)", range=[0, 100])
    figure.update_yaxes(title="accuracy (%)", range=[0, 100])
    return figure


def confusion(matrix: np.ndarray, species: Sequence[str], title: str) -> go.Figure:
    """How often each species was taken for each other; right answers and zeros are left out.

    Parameters
    ----------
    matrix : counts, or differences of counts, species × species, rows the right ones.
    species : slugs in the order of the axes.
    """
    names = [of(slug).name for slug in species]
    shown = matrix.astype(float)
    np.fill_diagonal(shown, 0)
    largest = max(float(np.abs(shown).max(initial=0)), 1.0)
    shown[shown == 0] = np.nan
    differs = bool((matrix < 0).any())
    figure = _figure(title, 620)
    figure.add_heatmap(
        z=shown, x=names, y=names, xgap=1, ygap=1,
        zmin=-largest if differs else 0, zmax=largest,
        colorscale="PuOr_r" if differs else [PALETTE[4], PALETTE[5]], hoverongaps=False,
        hovertemplate="%{y} taken for %{x}: %{z} images<extra></extra>",
        colorbar={"title": "images", "thickness": 12},
    )  # fmt: skip
    figure.update_xaxes(title="guessed", tickangle=-60, dtick=1)
    figure.update_yaxes(title="right", autorange="reversed", dtick=1)
    return figure


def species_difference(
    differences: Mapping[str, float], first: str, second: str, count: int = 12
) -> go.Figure:
    """The species on which two models differ most.

    Parameters
    ----------
    differences : accuracy of the first less that of the second, -1…1, by slug.
    """
    ranked = sorted(differences.items(), key=lambda item: item[1])
    lowest = [item for item in ranked[:count] if item[1] < 0]
    highest = [item for item in ranked[-count:] if item[1] > 0]
    chosen = [*lowest, *highest]
    figure = _figure("Where they differ most", 120 + 22 * len(chosen))
    for part, name, colour in ((highest, first, OURS), (lowest, second, STUDY)):
        figure.add_bar(
            x=[100 * value for _, value in part], y=[of(slug).name for slug, _ in part],
            orientation="h", name=f"{name} is better", marker={"color": colour},
            hovertemplate="%{y}: %{x:+.0f} points<extra></extra>",
        )  # fmt: skip
    figure.update_xaxes(title="difference of accuracy (percentage points)")
    figure.update_layout(barmode="relative")
    return figure


def families(shares: Mapping[str, tuple[float, float, float]]) -> go.Figure:
    """Of each model: right, wrong within the evolution family, wrong outside (shares, 0…1)."""
    figure = _figure("Right, wrong within the family, wrong outside it", 120 + 26 * len(shares))
    parts = (("right", OURS), ("wrong, same family", STUDY), ("wrong, another family", PALETTE[7]))
    for place, (name, colour) in enumerate(parts):
        figure.add_bar(
            x=[100 * share[place] for share in shares.values()], y=list(shares), orientation="h",
            name=name, marker={"color": colour},
            hovertemplate="%{y}: %{x:.1f} %<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    figure.update_layout(barmode="stack")
    figure.update_xaxes(title="test images (%)", range=[0, 100])
    return figure


def importances(values: np.ndarray, name: str, count: int = 20) -> go.Figure:
    """The features that a tree ensemble uses most.

    Parameters
    ----------
    values : importance of each feature, summing to 1.
    """
    largest = np.argsort(-values, kind="stable")[:count][::-1]
    figure = _figure(f"Features that {name} uses most", 120 + 20 * len(largest))
    figure.add_bar(
        x=[100 * float(values[place]) for place in largest],
        y=[f"feature {place + 1}" for place in largest], orientation="h",
        marker={"color": OURS}, hovertemplate="%{y}: %{x:.2f} %<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(title="share of the importance (%)")
    return figure
