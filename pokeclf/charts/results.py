"""Figures of what models achieve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from pokeclf import study
from pokeclf.charts.base import INK, OURS, PALETTE, RELATED, RIGHT, STUDY, UNRELATED, titled
from pokeclf.charts.labels import sides
from pokeclf.evaluation import Bin
from pokeclf.latency import Latency
from pokeclf.results import Result, further_starts
from pokeclf.species import of


def leaderboard(results: Mapping[str, Result]) -> go.Figure:
    """Test accuracy of each model with its interval, and the study's figure beside it."""
    ranked = sorted(results.values(), key=lambda result: result.card.test.accuracy)
    models = [study.find(result.card.model) for result in ranked]
    names = [model.name for model in models]
    tests = [result.card.test for result in ranked]
    figure = titled("Test accuracy, with 95 % intervals", 120 + 26 * len(names), names="model")
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
    sizes = {model: result.card.weight_bytes / 1e6 for model, result in results.items()}
    figure = _against("Accuracy against size", results, sizes, "MB")
    figure.update_xaxes(title="weights of its own (MB, logarithmic)")
    return figure


def accuracy_against_latency(
    results: Mapping[str, Result], latencies: Mapping[str, Latency]
) -> go.Figure:
    """Test accuracy against the time that one image takes, of the models that were timed."""
    times = {model: each.milliseconds for model, each in latencies.items()}
    figure = _against("Accuracy against time", results, times, "ms")
    figure.update_xaxes(title="one image (ms, logarithmic)")
    return figure


def _against(
    title: str, results: Mapping[str, Result], values: Mapping[str, float], unit: str
) -> go.Figure:
    """Each mark has its model's place in accuracy beside it: names would cover each other."""
    figure = titled(title, text="model", series="stage", customdata="place in accuracy")
    ranked = sorted(results, key=lambda model: -results[model].card.test.accuracy)
    places = {model: place for place, model in enumerate(ranked, start=1)}
    shown = {model: result for model, result in results.items() if model in values}
    accuracies = [100 * result.card.test.accuracy for result in shown.values()]
    found = sides(np.log([values[model] for model in shown]), accuracies)
    side = dict(zip(shown, found, strict=True))
    for number, (stage, chosen) in enumerate(_by_stage(shown).items()):
        figure.add_scatter(
            x=[values[result.card.model] for result in chosen],
            y=[100 * result.card.test.accuracy for result in chosen],
            text=[study.find(result.card.model).name for result in chosen],
            customdata=[places[result.card.model] for result in chosen],
            texttemplate="%{customdata}", cliponaxis=False,
            textposition=[side[result.card.model] for result in chosen],
            mode="markers+text", name=stage, marker={"size": 9, "symbol": number},
            hovertemplate=f"%{{text}}: %{{y:.1f}} %, %{{x:.3g}} {unit}<extra></extra>",
        )  # fmt: skip
    ticks = [step * 10**power for power in range(4) for step in (1, 2, 5)]
    figure.update_xaxes(type="log", tickvals=ticks)
    figure.update_yaxes(title="test accuracy (%)")
    return figure


def _by_stage(results: Mapping[str, Result]) -> dict[str, list[Result]]:
    found: dict[str, list[Result]] = {stage: [] for stage in study.STAGES}
    for result in results.values():
        found[study.find(result.card.model).stage].append(result)
    return {stage: chosen for stage, chosen in found.items() if chosen}


def curves(runs: Mapping[str, Result], quantity: str) -> go.Figure:
    """Training and validation by epoch, one colour a run; with more runs than colours, dots.

    An upright line stands where a further run of a network with other settings begins.

    Parameters
    ----------
    runs : by the name that is shown; trees, which have no epochs, are left out.
    quantity : ``"accuracy"`` or ``"loss"``.
    """
    networks = {name: run for name, run in runs.items() if f"train_{quantity}" in run.history[0]}
    title = f"{quantity.capitalize()} by epoch (dotted: in training)"
    figure = titled(title, 420 + 30 * max(0, len(networks) - 3))
    scale = 100 if quantity == "accuracy" else 1
    starts = sorted({start for run in networks.values() for start in further_starts(run)})
    for start in starts:
        figure.add_vline(
            start - 0.5, line={"color": INK, "dash": "dot", "width": 1},
            annotation={"text": "further run", "textangle": -90, "font": {"size": 10}},
            annotation_position="top left" if quantity == "loss" else "bottom left",
        )  # fmt: skip
    for number, (name, run) in enumerate(networks.items()):
        for part, dash in (("validation", "solid"), ("train", "dot")):
            figure.add_scatter(
                x=[int(row["epoch"]) + 1 for row in run.history],
                y=[scale * float(row[f"{part}_{quantity}"]) for row in run.history],
                name=f"{name}, {'training' if part == 'train' else part}",
                legendgroup=name, showlegend=part == "validation",
                mode="lines" if number < len(PALETTE) else "lines+markers",
                line={"color": PALETTE[number % len(PALETTE)], "dash": dash},
                hovertemplate="epoch %{x}: %{y:.3g}<extra>%{fullData.name}</extra>",
            )  # fmt: skip
    figure.update_xaxes(title="epoch")
    figure.update_yaxes(title=f"{quantity} ({'%' if quantity == 'accuracy' else 'nats'})")
    figure.update_layout(legend={"font": {"size": 10}})  # long names must fit on a phone
    return figure


def reliability(before: Sequence[Bin], after: Sequence[Bin]) -> go.Figure:
    """Accuracy against confidence, before and after calibration."""
    figure = titled(
        "How often it is right when it is so sure", series="figures", customdata="images"
    )
    figure.add_scatter(
        x=[0, 100], y=[0, 100], mode="lines", name="as sure as right",
        line={"color": INK, "dash": "dot"}, hoverinfo="skip",
    )  # fmt: skip
    for bins, name, colour in ((before, "before", STUDY), (after, "after calibration", OURS)):
        figure.add_scatter(
            x=[100 * each.confidence for each in bins], y=[100 * each.accuracy for each in bins],
            customdata=[each.images for each in bins], name=name, mode="lines+markers",
            line={"color": colour},
            # The fewer images a mark stands for, the smaller it is: chance moves it more.
            marker={
                "size": [each.images for each in bins], "sizemode": "area", "sizemin": 3,
                "sizeref": 2 * max((each.images for each in bins), default=1) / 18**2,
            },
            hovertemplate="sure to %{x:.0f} %: right in %{y:.0f} % of %{customdata} images"
            "<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    figure.update_xaxes(title="confidence of the first guess (%)", range=[-3, 103])
    figure.update_yaxes(title="accuracy (%)", range=[-3, 103])
    return figure


def species_difference(
    differences: Mapping[str, float],
    images: Mapping[str, int],
    first: str,
    second: str,
    count: int = 12,
) -> go.Figure:
    """The species on which two models differ most.

    Parameters
    ----------
    differences : accuracy of the first less that of the second, -1…1, by slug.
    images : how many test images there are of each, by slug.
    """
    ranked = sorted(differences.items(), key=lambda item: item[1])
    lowest = [item for item in ranked[:count] if item[1] < 0]
    highest = [item for item in ranked[-count:] if item[1] > 0]
    chosen = [*lowest, *highest]
    figure = titled(
        "Where they differ most", 120 + 22 * len(chosen), names="species", series="better",
        customdata="test images",
    )  # fmt: skip
    for part, name, colour in ((lowest, second, STUDY), (highest, first, OURS)):
        figure.add_bar(
            x=[100 * value for _, value in part], y=[of(slug).name for slug, _ in part],
            customdata=[images[slug] for slug, _ in part],
            orientation="h", name=f"{name} is better", marker={"color": colour},
            hovertemplate="%{y}: %{x:+.0f} points of %{customdata} images<extra></extra>",
        )  # fmt: skip
    figure.update_xaxes(title="difference (percentage points)")
    figure.update_layout(
        barmode="relative", legend={"traceorder": "reversed"}, showlegend=True
    )  # fmt: skip
    return figure


def families(shares: Mapping[str, tuple[float, float, float]]) -> go.Figure:
    """Of each model: right, wrong within the evolution family, wrong outside (shares, 0…1)."""
    title = "Mistakes within the family and outside it"
    figure = titled(title, 120 + 26 * len(shares), names="model")
    parts = (
        ("right", RIGHT), ("wrong, same family", RELATED), ("wrong, another family", UNRELATED)
    )  # fmt: skip
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
    figure = titled(f"Features of {name}", 120 + 20 * len(largest), names="feature")
    figure.add_bar(
        x=[100 * float(values[place]) for place in largest],
        y=[f"feature {place + 1}" for place in largest], orientation="h",
        marker={"color": OURS}, hovertemplate="%{y}: %{x:.2f} %<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(title="share of the importance (%)")
    return figure
