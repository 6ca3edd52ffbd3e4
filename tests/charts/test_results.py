"""Figures show the numbers that they are given, with titles and units."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pokeclf import charts, hub, results, study
from pokeclf.evaluation import Bin
from pokeclf.latency import Latency
from pokeclf.split import SPLIT_FILE, read_split


@pytest.fixture(scope="module")
def tuned():
    return results.read_all(hub.BUNDLED, read_split(hub.BUNDLED / SPLIT_FILE))


def _named(figure):
    return {trace.name: trace for trace in figure.data}


def test_the_leaderboard_has_every_model_with_its_interval_and_the_studys_figure(tuned):
    figure = charts.leaderboard(tuned)
    ours, theirs = _named(figure)["ours"], _named(figure)["the study, on its own split"]
    assert len(ours.x) == len(theirs.x) == len(tuned)
    assert list(ours.x) == sorted(ours.x)
    for name, accuracy, above, studied in zip(
        ours.y, ours.x, ours.error_x.array, theirs.x, strict=True
    ):
        (result,) = [each for each in tuned.values() if study.find(each.card.model).name == name]
        assert accuracy == pytest.approx(100 * result.card.test.accuracy)
        assert accuracy + above == pytest.approx(100 * result.card.test.accuracy_high)
        assert studied == pytest.approx(100 * study.find(result.card.model).study_accuracy)
    assert "%" in figure.layout.xaxis.title.text


def test_sizes_are_grouped_by_stage(tuned):
    figure = charts.accuracy_against_size(tuned)
    assert sum(len(trace.x) for trace in figure.data) == len(tuned)
    assert set(_named(figure)) <= set(study.STAGES)


def test_marks_have_their_place_in_accuracy(tuned):
    placed = [
        (place, name)
        for trace in charts.accuracy_against_size(tuned).data
        for place, name in zip(trace.customdata, trace.text, strict=True)
    ]
    ranked = sorted(tuned.values(), key=lambda result: -result.card.test.accuracy)
    names = [study.find(result.card.model).name for result in ranked]
    assert sorted(placed) == list(enumerate(names, start=1))


def test_curves_are_drawn_of_networks_alone(tuned):
    runs = {name: tuned[name] for name in ("convmixer", "extra_trees_exp2")}
    figure = charts.curves(runs, "loss")
    assert set(_named(figure)) == {"convmixer, training", "convmixer, validation"}
    history = tuned["convmixer"].history
    drawn = _named(figure)["convmixer, validation"]
    assert list(drawn.y) == [float(row["validation_loss"]) for row in history]
    assert "nats" in figure.layout.yaxis.title.text


def test_curves_tell_where_further_runs_begin(tuned):
    ours = tuned["vit_finetuned"]
    lengths = [ours.card.settings["epochs"], ours.card.settings["further"]["epochs"]]
    figure = charts.curves({"ConvMixer": tuned["convmixer"], "ViT": ours}, "loss")
    assert [line.x0 for line in figure.layout.shapes] == [lengths[0] + 0.5, sum(lengths) + 0.5]
    assert {note.text for note in figure.layout.annotations} == {"further run"}
    # Accuracy ends at the top and loss at the bottom, and the words do not lie on the curves.
    assert {note.yanchor for note in figure.layout.annotations} == {"top"}
    # Of a run that ended by itself nobody knows where the next one began.
    ended = replace(ours, history=ours.history[:-1])
    assert not charts.curves({"ViT": ended}, "loss").layout.shapes


def test_curves_of_many_runs_leave_their_place_to_the_curves(tuned):
    few, many = (
        charts.curves({f"run {number}": tuned["convmixer"] for number in range(count)}, "accuracy")
        for count in (2, 14)
    )
    listed = [trace.name for trace in many.data if trace.showlegend]
    assert listed == [f"run {number}, validation" for number in range(14)]
    assert many.layout.height - few.layout.height >= 14 // 2 * 20


def test_times_are_drawn_of_the_models_that_were_timed(tuned):
    timed = {"convmixer": Latency("convmixer", 12.5, "a pass", 30, 9, 1, "a CPU", "2025-01-01")}
    (points,) = charts.accuracy_against_latency(tuned, timed).data
    assert (points.x, points.text) == ((12.5,), ("ConvMixer",))
    assert points.y[0] == pytest.approx(100 * tuned["convmixer"].card.test.accuracy)


def test_the_species_that_differ_most_are_shown_on_their_side():
    images = {"abra": 4, "mew": 5, "eevee": 6}
    differences = {"abra": 0.5, "mew": -0.2, "eevee": 0.0}
    found = _named(charts.species_difference(differences, images, "A", "B"))
    assert list(found["A is better"].y) == ["Abra"]
    assert list(found["A is better"].customdata) == [4]
    assert list(found["B is better"].x) == [pytest.approx(-20)]


def test_marks_of_few_images_are_small():
    bins = (Bin(10, 0.3, 0.4), Bin(400, 0.9, 0.8))
    before = _named(charts.reliability(bins, bins))["before"]
    assert list(before.marker.size) == [10, 400]
    assert before.marker.sizemode == "area"


def test_reliability_and_families_are_in_percent():
    bins = (Bin(10, 0.5, 0.4),)
    after = _named(charts.reliability(bins, bins))["after calibration"]
    assert (after.x[0], after.y[0]) == (50, 40)
    parts = _named(charts.families({"A": (0.7, 0.1, 0.2)}))
    assert [part.x[0] for part in parts.values()] == [pytest.approx(each) for each in (70, 10, 20)]


def test_importances_are_the_largest_first_from_the_top():
    values = np.array([0.1, 0.6, 0.05, 0.25])
    (bars,) = charts.importances(values, "A", count=3).data
    assert list(bars.y) == ["feature 1", "feature 4", "feature 2"]
    assert list(bars.x) == [pytest.approx(each) for each in (10, 25, 60)]
